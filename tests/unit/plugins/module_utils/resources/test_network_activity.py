# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import network_activity
from ansible_collections.keylink.aws.plugins.module_utils.resources.event_selectors import Selector, network_selector

REGION, KMS = "eu-central-1", "kms.amazonaws.com"
ONE, TWO = "vpce-0123456789abcdef0", "vpce-0123456789abcdef1"
NAME = f"keylink.aws: {KMS} through VPC endpoints"
ARN = f"arn:aws:cloudtrail:{REGION}:123456789012:trail/audit"
TRAIL = {
    "Name": "audit", "TrailARN": ARN, "HomeRegion": REGION, "S3BucketName": "trails",
    "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{REGION}:123456789012:log-group:audit:*",
}
MANAGEMENT = {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
BASIC = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}


def params(**given: Any) -> dict[str, Any]:
    return {
        "state": "present", "trail": "audit", "event_source": KMS, "vpc_endpoint_ids": [ONE],
        "purge_vpc_endpoint_ids": False, "denied_only": None, "name": None, "convert_basic_selectors": False, **given,
    }


def own(*ids: str, denied_only: bool = True) -> Selector:
    return network_selector(NAME, KMS, ids or None, denied_only)


def view(*advanced: Selector | dict[str, Any], basic: tuple[dict[str, Any], ...] = (), **trail: Any) -> dict[str, Any]:
    selectors = [one.api if isinstance(one, Selector) else one for one in advanced]
    answer = {"EventSelectors": list(basic), "AdvancedEventSelectors": selectors}
    return network_activity.normalise(REGION, {**TRAIL, **trail}, answer, True)


STATES = {
    "management events only": view(MANAGEMENT),
    "ours for one": view(MANAGEMENT, own(ONE)),
    "ours for two": view(MANAGEMENT, own(ONE, TWO)),
    "ours for all": view(own(), MANAGEMENT),
    "everything of one": view(MANAGEMENT, own(ONE, denied_only=False)),
    "another's for all": view(MANAGEMENT, network_selector("theirs", KMS, None, False)),
    "basic": view(basic=(BASIC,)),
}
WANTED = {
    "one": params(),
    "two": params(vpc_endpoint_ids=[ONE, TWO]),
    "all": params(vpc_endpoint_ids=None),
    "purged": params(purge_vpc_endpoint_ids=True),
    "everything": params(denied_only=False),
    "denied": params(denied_only=True),
    "named": params(name="mine"),
    "converted": params(convert_basic_selectors=True),
    "gone": params(state="absent"),
    "all gone": params(state="absent", vpc_endpoint_ids=None),
}


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_fixed_point(wanted: dict[str, Any], state: dict[str, Any]) -> None:
    plan = network_activity.plan(wanted, state)
    if blocking(plan.unmet):
        return
    again = network_activity.plan(wanted, plan.after)
    assert (again.steps, again.after) == ((), plan.after)


# state, options, the selectors afterwards (None: nothing to do)
ROWS: list[tuple[str, str, dict[str, Any], list[Any] | None]] = [
    ("new", "management events only", WANTED["one"], [MANAGEMENT, own(ONE)]),
    ("new for all", "management events only", WANTED["all"], [MANAGEMENT, own()]),
    ("new with everything", "management events only", WANTED["everything"], [MANAGEMENT, own(ONE, denied_only=False)]),
    ("there", "ours for one", WANTED["one"], None),
    ("a second endpoint", "ours for one", WANTED["two"], [MANAGEMENT, own(ONE, TWO)]),
    ("others stay", "ours for two", WANTED["one"], None),
    ("others go when asked", "ours for two", WANTED["purged"], [MANAGEMENT, own(ONE)]),
    ("one of all", "ours for all", WANTED["one"], None),
    ("one instead of all", "ours for all", WANTED["purged"], [own(ONE), MANAGEMENT]),
    ("not asked for denied calls", "everything of one", WANTED["one"], None),
    ("asked for denied calls", "everything of one", WANTED["denied"], [MANAGEMENT, own(ONE)]),
    ("asked for everything", "ours for one", WANTED["everything"], [MANAGEMENT, own(ONE, denied_only=False)]),
    ("covered", "another's for all", WANTED["everything"], None),
    ("converted", "basic", WANTED["converted"], [{**MANAGEMENT, "Name": "Management events"}, own(ONE)]),
    ("one out of two", "ours for two", WANTED["gone"], [MANAGEMENT, own(TWO)]),
    ("the last one out", "ours for one", WANTED["gone"], [MANAGEMENT]),
    ("all out", "ours for two", WANTED["all gone"], [MANAGEMENT]),
    ("gone already", "management events only", WANTED["gone"], None),
    ("gone from a basic one", "basic", WANTED["gone"], None),
]


@pytest.mark.parametrize(("state", "wanted", "after"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_put(state: str, wanted: dict[str, Any], after: list[Any] | None) -> None:
    plan = network_activity.plan(wanted, STATES[state])
    assert blocking(plan.unmet) == []
    if after is None:
        assert plan.steps == ()
        return
    (step,) = plan.steps
    assert step.verb == "cloudtrail.put_event_selectors"
    expected = [one.api if isinstance(one, Selector) else one for one in after]
    assert step.args == {"TrailName": ARN, "AdvancedEventSelectors": expected}
    assert plan.changes[0].action == "update"


# state, options, a part of the message
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("basic selectors", view(basic=(BASIC,)), params(), "convert_basic_selectors: true"),
    ("another home", view(MANAGEMENT, HomeRegion="us-east-1"), params(), "region: us-east-1"),
    ("no trail", network_activity.normalise(REGION, None, {}, False), params(), "makes no trails"),
    ("nothing left", view(own(ONE)), params(state="absent"), "needs one selector at least"),
    ("one out of all", view(MANAGEMENT, own()), params(state="absent"), "logs all endpoints"),
    ("too many", view(MANAGEMENT), params(vpc_endpoint_ids=[f"vpce-{n:017x}" for n in range(500)]), "at most 500"),
]


@pytest.mark.parametrize(("state", "wanted", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_before_the_call(state: dict[str, Any], wanted: dict[str, Any], text: str) -> None:
    (problem,) = blocking(network_activity.plan(wanted, state).unmet)
    assert problem.number == "R110"
    assert text in problem.fix


ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"event_source": "kms"}, "R110"),
    ({"event_source": "ssmmessages.amazonaws.com"}, "R110"),
    ({"vpc_endpoint_ids": ["vpc-0123456789abcdef0"]}, "R108"),
    ({"vpc_endpoint_ids": []}, "R108"),
]


@pytest.mark.parametrize(("given", "number"), ARGUMENTS)
def test_options_that_cannot_be_right(given: dict[str, Any], number: str) -> None:
    assert [item.number for item in network_activity.arguments(params(**given), REGION)] == [number]
    pending = params(vpc_endpoint_ids=["(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"])
    assert network_activity.arguments(pending, REGION) == []


def test_a_trail_that_cannot_be_read_is_told_and_stops_nothing() -> None:
    plan = network_activity.plan(params(), view(MANAGEMENT, CloudWatchLogsLogGroupArn=None))
    assert plan.changed
    (problem,) = plan.unmet
    assert (problem.blocking, problem.found) == (False, "audit delivers to the bucket trails only")
    still = network_activity.normalise(REGION, TRAIL, {"AdvancedEventSelectors": [MANAGEMENT]}, False)
    assert [item.found for item in network_activity.plan(params(), still).unmet] == ["audit does not log"]


def test_what_else_logs_the_same_is_told() -> None:
    other = STATES["another's for all"]
    assert network_activity.plan(params(), other).facts == {"covered_by": "theirs"}
    (warning,) = network_activity.plan(params(state="absent"), other).warnings
    assert "theirs" in warning


def test_a_diff_shows_the_selectors_that_stay() -> None:
    (shown,) = network_activity.plan(WANTED["two"], STATES["ours for one"]).diff
    assert shown["before_header"] == "event selectors audit (update)"
    assert shown["before"]["selectors"] == ["all: eventCategory Equals Management", own(ONE).text]
    assert shown["after"]["selectors"] == ["all: eventCategory Equals Management", own(ONE, TWO).text]
