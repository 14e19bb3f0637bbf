# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network activity events of VPC endpoints, switched on and off on a trail that exists (R110)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.event_selectors import (
    MOST_VALUES,
    NOT_OFFERED,
    Selector,
    basic_text,
    count_values,
    from_basic,
    network_selector,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

Params = Mapping[str, Any]
View = dict[str, Any]

EXPLAIN = {
    "InvalidEventSelectorsException": "CloudTrail does not log network activity events of every service: check "
    "event_source. A trail has advanced event selectors with at most 500 values.",
    "NotOrganizationMasterAccountException": "The trail belongs to the organization: change it in the management "
    "account, or use a trail of this account.",
    "ConflictException": "Somebody else changes the trail at this moment: run again.",
}

_KIND = "event selectors"
_ENDPOINT = re.compile(r"vpce-[0-9a-f]{8,17}")
_SOURCE = re.compile(r"[a-z0-9-]+\.amazonaws\.com")


def arguments(params: Params, region: str) -> list[Unmet]:
    """What is wrong with the options alone."""
    found, source = [], params["event_source"]
    if not _SOURCE.fullmatch(source):
        fix = "Give the service as CloudTrail names it, such as kms.amazonaws.com."
        found.append(unmet("R110", "event_source", source, fix))
    elif source in NOT_OFFERED:
        fix = f"CloudTrail does not offer network activity events of {source}: leave it out."
        found.append(unmet("R110", "event_source", source, fix))
    wrong = [one for one in params["vpc_endpoint_ids"] or () if not is_pending(one) and not _ENDPOINT.fullmatch(one)]
    if wrong:
        fix = "Give ids of VPC endpoints, such as vpce-0123456789abcdef0."
        found.append(unmet("R108", "vpc_endpoint_ids", ", ".join(wrong), fix))
    if params["vpc_endpoint_ids"] == []:
        fix = "Name one or more endpoints, or leave the option out for all endpoints."
        found.append(unmet("R108", "vpc_endpoint_ids", "an empty list", fix))
    return found


def normalise(region: str, trail: Mapping[str, Any] | None, selectors: Mapping[str, Any], logging: bool) -> View:
    """The answers of CloudTrail as one state. selectors: of GetEventSelectors."""
    return {
        "region": region,
        "trail": trail and {
            "trail_arn": trail["TrailARN"],
            "name": trail["Name"],
            "home_region": trail.get("HomeRegion", region),
            "is_logging": logging,
            "s3_bucket_name": trail.get("S3BucketName"),
            "cloud_watch_logs_log_group_arn": trail.get("CloudWatchLogsLogGroupArn"),
        },
        "basic": list(selectors.get("EventSelectors") or []),
        "advanced": [Selector.of(item) for item in selectors.get("AdvancedEventSelectors") or []],
    }


def selector_name(params: Params) -> str:
    return params["name"] or f"keylink.aws: {params['event_source']} through VPC endpoints"


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the trail log, or no longer log, the network activity that PARAMS name."""
    problems = _trail_problems(params, current)
    if problems:
        return Plan((), current, tuple(problems))
    kept = from_basic(current["basic"]) + list(current["advanced"])
    own = next((one for one in kept if one.name == selector_name(params)), None)
    others = [one for one in kept if one is not own]
    if params["state"] == "absent":
        after, problems = _without(params, own)
    else:
        after, problems = _with(params, own, others), []
    wanted = [after if one is own else one for one in kept] if own else [*kept, after]
    selectors = [one for one in wanted if one is not None]
    problems += _delivery(params, current)
    facts = {"covered_by": _covering(params, others) or None}
    said: dict[str, Any] = {"warnings": _warnings(params, others), "facts": facts}
    if selectors == kept:
        return Plan((), current, tuple(problems), **said)
    problems += _refusals(params, current, selectors)
    state = {**current, "basic": [], "advanced": selectors}
    return Plan((_change(current, selectors),), state, tuple(problems), **said)


def _with(params: Params, own: Selector | None, others: Sequence[Selector]) -> Selector | None:
    source, ids = params["event_source"], params["vpc_endpoint_ids"]
    denied_only = True if params["denied_only"] is None else params["denied_only"]
    if own is None:
        if _covering(params, others):
            return None
        return network_selector(selector_name(params), source, ids, denied_only)
    if params["denied_only"] is None:
        denied_only = own.denied_only
    have = own.equals("vpcEndpointId")
    if not params["purge_vpc_endpoint_ids"] and (ids is not None or have is None):
        # Other tasks may have put their endpoints into it; one for all endpoints has those of this task too.
        ids = None if have is None else {*have, *(ids or ())}
    return network_selector(own.name, source, ids, denied_only)


def _without(params: Params, own: Selector | None) -> tuple[Selector | None, list[Unmet]]:
    ids = params["vpc_endpoint_ids"]
    if own is None or ids is None:
        return None, []
    have = own.equals("vpcEndpointId")
    if have is None:
        fix = f"It logs all endpoints. Leave vpc_endpoint_ids out to take the selector {own.name} away as a whole."
        return own, [unmet("R110", "vpc_endpoint_ids", listing(ids), fix)]
    left = [one for one in have if one not in ids]
    return (network_selector(own.name, params["event_source"], left, own.denied_only) if left else None), []


def _covering(params: Params, others: Sequence[Selector]) -> str:
    """The name of another selector of the trail that has all that is wanted."""
    denied_only = params["denied_only"] is not False
    wanted = (params["event_source"], params["vpc_endpoint_ids"], denied_only)
    return next((one.name or "a selector without a name" for one in others if one.covers(*wanted)), "")


def _warnings(params: Params, others: Sequence[Selector]) -> tuple[str, ...]:
    other = _covering(params, others)
    if params["state"] == "absent" and other:
        return (f"The trail goes on logging these events: its selector {other} has them too.",)
    return ()


def _trail_problems(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    trail = current["trail"]
    if trail is None:
        fix = "Give the name of a trail of this account in its Region, or its ARN. This module makes no trails."
        return [unmet("R110", "trail", f"no trail {params['trail']} in {current['region']}", fix)]
    if trail["home_region"] != current["region"]:
        found = f"{trail['name']} has its home in {trail['home_region']}, and this is {current['region']}"
        return [unmet("R110", "trail", found, f"Set region: {trail['home_region']}.")]
    if current["basic"] and params["state"] == "present" and not params["convert_basic_selectors"]:
        shown = "; ".join(basic_text(item) for item in current["basic"])
        fix = (
            "Basic and advanced event selectors cannot both be on one trail. Set convert_basic_selectors: true to have "
            "advanced ones that select the same, or use a trail with advanced event selectors."
        )
        return [unmet("R110", "trail", f"{trail['name']} has basic event selectors ({shown})", fix)]
    return []


def _refusals(params: Params, current: Mapping[str, Any], selectors: Sequence[Selector]) -> list[Unmet]:
    found = []
    if not selectors:
        fix = "A trail needs one selector at least: delete the trail, or give it another selector first."
        found.append(unmet("R110", "trail", f"{current['trail']['name']} has no other event selector", fix))
    count = count_values(selectors)
    if count > MOST_VALUES:
        fix = f"A trail has at most {MOST_VALUES} values. Leave vpc_endpoint_ids out to log all endpoints."
        found.append(unmet("R110", "vpc_endpoint_ids", f"{count} values in all selectors of the trail", fix))
    return found


def _delivery(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """What keeps the events from being read; it stops nothing."""
    trail = current["trail"]
    if params["state"] == "absent":
        return []
    found = []
    if not trail["is_logging"]:
        found.append(unmet("R110", "trail", f"{trail['name']} does not log", "Start its logging.", blocking=False))
    if not trail["cloud_watch_logs_log_group_arn"]:
        where = f"{trail['name']} delivers to the bucket {trail['s3_bucket_name']} only"
        fix = "Give it a CloudWatch Logs log group: keylink.aws.vpc_endpoint_usage_info reads denied calls there."
        found.append(unmet("R110", "trail", where, fix, blocking=False))
    return found


def _change(current: Mapping[str, Any], selectors: Sequence[Selector]) -> Change:
    trail = current["trail"]
    before = [basic_text(item) for item in current["basic"]] + [one.text for one in current["advanced"]]
    step = Step(
        "cloudtrail.put_event_selectors",
        {"TrailName": trail["trail_arn"], "AdvancedEventSelectors": [one.api for one in selectors]},
        say=f"put the {_KIND} of the trail {trail['name']}",
    )
    after = [one.text for one in selectors]
    return Change(_KIND, trail["name"], {"selectors": before}, {"selectors": after}, (step,), trail["trail_arn"])


def returns(params: Params, state: Mapping[str, Any]) -> View:
    """The result's keys."""
    own = next((one for one in state["advanced"] if one.name == selector_name(params)), None)
    return {
        "trail": state["trail"],
        "selector": own.api if own else None,
        "event_selectors": state["basic"],
        "advanced_event_selectors": [one.api for one in state["advanced"]],
    }
