# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_usage as usage

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ENDPOINT, OTHER = "vpce-0123456789abcdef0", "vpce-0123456789abcdef1"
ROLE = "arn:aws:iam::123456789012:role/Payments"
USER = "arn:aws:iam::123456789012:user/alice"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TRAIL = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit"


def params(**given: Any) -> dict[str, Any]:
    return {
        "vpc_endpoint_ids": [ENDPOINT], "vpc_id": None, "services": ["kms"], "event_source": None, "hours": 24,
        "start_time": None, "end_time": None, "max_events": 10000, "network_activity": True, **given,
    }


def session(name: str) -> dict[str, Any]:
    arn = f"arn:aws:sts::123456789012:assumed-role/Payments/{name}"
    issuer = {"type": "Role", "arn": ROLE}
    return {"type": "AssumedRole", "arn": arn, "accountId": "123456789012", "sessionContext": {"sessionIssuer": issuer}}


ALICE = {"type": "IAMUser", "arn": USER, "accountId": "123456789012", "userName": "alice"}
STRANGER = {"type": "AWSAccount", "principalId": "AKIAX", "accountId": "777788889999"}
SERVICE = {"type": "AWSService", "invokedBy": "s3.amazonaws.com"}


def call(name: str = "Decrypt", who: dict[str, Any] | None = None, at: str = "07:00:00", **more: Any) -> dict[str, Any]:
    return {
        "eventName": name, "eventSource": "kms.amazonaws.com", "eventTime": f"2026-11-25T{at}Z",
        "userIdentity": who or ALICE, "vpcEndpointId": ENDPOINT, "requestID": f"{name}-{at}", "eventID": f"{name}{at}",
        "sourceIPAddress": "10.0.1.9", "resources": [{"ARN": KEY, "type": "AWS::KMS::Key"}],
        "requestParameters": {"keyId": "alias/x"}, **more,
    }


def denied(name: str = "ListKeys", who: dict[str, Any] | None = None, at: str = "07:00:00") -> dict[str, Any]:
    found = call(name, who, at, errorCode="VpceAccessDenied", eventCategory="NetworkActivity")
    return {key: value for key, value in found.items() if key not in ("resources", "requestParameters")}


def found(endpoint_id: str = ENDPOINT, service: str = "kms", **more: Any) -> dict[str, Any]:
    name = f"com.amazonaws.eu-central-1.{service}"
    return {
        "VpcEndpointId": endpoint_id, "VpcId": "vpc-1", "ServiceName": name, "State": "available",
        "VpcEndpointType": "Interface", "OwnerId": "123456789012", "PrivateDnsEnabled": True, **more,
    }


def trail(**more: Any) -> dict[str, Any]:
    return {
        "trail_arn": TRAIL, "log_group_arn": "arn:aws:logs:eu-central-1:1:log-group:audit:*",
        "s3_bucket_name": "trails", "vpc_endpoints": {ENDPOINT: "denied calls"}, **more,
    }


EVERYTHING = {"vpc_endpoints": {ENDPOINT: "all calls"}}


def answer(
    *records: dict[str, Any],
    complete: bool = True,
    network: tuple[dict[str, Any], ...] = (),
    trails: tuple[dict[str, Any], ...] = (),
    delivery: dict[str, Any] | None = None,
    end: datetime = NOW - timedelta(hours=1),
    errors: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The module's result keys for what was read."""
    reads = [{"event_source": "kms.amazonaws.com", "read": 120, "oldest": NOW - timedelta(hours=2),
              "complete": complete, "records": list(records)}]
    delivered = {"records": list(network), "is_logging": True, "complete": True, "error": "", **(delivery or {})}
    endpoints = usage.wanted(params(), [found()])
    seen = {"watching": list(trails), "errors": list(errors)}
    state = usage.normalise(endpoints, (end - timedelta(hours=24), end), NOW, reads, seen, [delivered] * len(trails))
    return usage.returns(params(), state)


def test_calls_are_counted_per_principal_and_operation() -> None:
    result = answer(
        call("Decrypt", session("a"), "07:30:00"), call("Decrypt", ALICE, "07:10:00"),
        call("Decrypt", session("b"), "07:00:00", errorCode="AccessDenied"), call("Encrypt", session("a"), "06:00:00"),
    )
    rows = [(row["principal"], row["operation"], row["count"]) for row in result["usage"]]
    assert rows == [(ROLE, "Decrypt", 2), (ROLE, "Encrypt", 1), (USER, "Decrypt", 1)]
    first = result["usage"][0]
    assert (first["first"], first["last"]) == ("2026-11-25T07:00:00Z", "2026-11-25T07:30:00Z")
    assert (first["keys"], first["errors"], first["sessions"]) == ([KEY], {"AccessDenied": 1}, ["a", "b"])
    (endpoint,) = result["endpoints"]
    assert (endpoint["calls"], endpoint["denied_calls"], endpoint["principals"]) == (4, 0, [ROLE, USER])
    assert endpoint["keys"] == [KEY]


@pytest.mark.parametrize(
    ("who", "principal"),
    [
        (ALICE, USER),
        (session("a"), ROLE),
        (STRANGER, "AKIAX of account 777788889999"),
        (SERVICE, "s3.amazonaws.com"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "arn:aws:iam::1:root"),
        ({"type": "Unknown"}, "Unknown"),
    ],
)
def test_who_it_was(who: dict[str, Any], principal: str) -> None:
    assert answer(call(who=who))["usage"][0]["principal"] == principal


def test_a_key_that_aws_does_not_name_is_as_the_caller_named_it() -> None:
    result = answer(call("DescribeKey", resources=[], errorCode="NotFoundException"))
    assert result["usage"][0]["keys"] == ["alias/x"]


def test_many_sessions_are_counted_and_some_are_named() -> None:
    row = answer(*(call(who=session(f"s{number:02}"), at=f"07:00:{number:02}") for number in range(30)))["usage"][0]
    assert (row["count"], row["session_count"], len(row["sessions"])) == (30, 30, 20)


def test_r110_denied_calls_come_from_network_activity_only() -> None:
    result = answer(call(), network=(denied(), denied(at="07:05:00")), trails=(trail(),))
    assert [(row["operation"], row["count"]) for row in result["denied"]] == [("ListKeys", 2)]
    assert [row["operation"] for row in result["usage"]] == ["Decrypt"]


def test_r109_other_accounts_are_added_and_own_calls_are_not_counted_twice() -> None:
    own, stranger = call(), call("ListAliases", STRANGER)
    result = answer(own, network=(own, stranger, stranger), trails=(trail(**EVERYTHING),))
    assert [(row["operation"], row["count"]) for row in result["usage"]] == [("ListAliases", 1), ("Decrypt", 1)]


def test_events_of_other_endpoints_in_the_log_group_do_not_count() -> None:
    result = answer(network=({**denied(), "vpcEndpointId": OTHER},), trails=(trail(),))
    assert result["denied"] == []


OTHERS, THEIR_KEYS, SERVICES = "Principals of other accounts", "keys and aliases of other accounts", "AWS services make"
# case, what is not shown, what is not said to be missing
GAPS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("nothing logged", {}, [OTHERS, THEIR_KEYS, SERVICES, "90 days", "data events", "no trail logged"], ["minutes"]),
    ("until now", {"end": NOW}, ["last minutes"], []),
    ("stopped", {"complete": False}, ["Calls before 2026-11-25 06:00:00 UTC", "after max_events, at 120 events"], []),
    ("denied logged", {"trails": (trail(),)}, [OTHERS, "before trail audit logged them"], ["no trail logged"]),
    ("all logged", {"trails": (trail(**EVERYTHING),)}, [THEIR_KEYS], [OTHERS, "no trail logged"]),
    ("some logged", {"trails": (trail(vpc_endpoints={ENDPOINT: "some calls"}),)},
     ["other than the operations or callers that the trail selects", OTHERS], ["no trail logged"]),
    ("S3 only", {"trails": (trail(log_group_arn=None),)}, ["delivers to S3 only", "bucket trails", OTHERS], []),
    ("stopped trail", {"trails": (trail(**EVERYTHING),), "delivery": {"is_logging": False}},
     ["since trail audit was stopped", OTHERS], []),
    ("no permission", {"trails": (trail(),), "delivery": {"error": "logs:FilterLogEvents: AccessDeniedException"}},
     ["logs:FilterLogEvents: AccessDeniedException"], []),
    ("part of a log group", {"trails": (trail(),), "delivery": {"complete": False}}, ["after the first ones"], []),
    ("trails unreadable", {"errors": ("cloudtrail:DescribeTrails: AccessDeniedException",)},
     ["not read (cloudtrail:DescribeTrails: AccessDeniedException)"], ["no trail logged"]),
]


@pytest.mark.parametrize(("case", "said", "unsaid"), [row[1:] for row in GAPS], ids=[row[0] for row in GAPS])
def test_what_cannot_be_shown_is_said(case: dict[str, Any], said: list[str], unsaid: list[str]) -> None:
    result = answer(call(), **case)
    text = "\n".join(f"{item['what']}. {item['instead']}" for item in result["not_shown"])
    assert [part for part in said if part not in text] == []
    assert [part for part in unsaid if part in text] == []
    assert {item["number"] for item in result["not_shown"]} <= {"R86", "R108", "R109", "R110"}
    assert all(item["what"] in "\n".join(result["lines"]) for item in result["not_shown"])


def test_complete_is_said_only_of_what_was_read_to_the_end() -> None:
    assert answer()["complete"]
    assert not answer(complete=False)["complete"]
    assert not answer(trails=(trail(),), delivery={"complete": False})["complete"]


def test_the_lines_of_a_terminal() -> None:
    result = answer(
        call("GenerateDataKey", session("a")), call("Decrypt", errorCode="AccessDenied"), network=(denied(),),
        trails=(trail(),),
    )
    assert result["lines"][:7] == [
        f"{ENDPOINT} (com.amazonaws.eu-central-1.kms, vpc-1): 2 calls by 2 principals with 1 key",
        "  1  GenerateDataKey  role/Payments  last 2026-11-25T07:00:00Z  key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "  1  Decrypt          user/alice     last 2026-11-25T07:00:00Z  key/1234abcd-12ab-34cd-56ef-1234567890ab"
        "  AccessDenied 1",
        f"{ENDPOINT}: 1 call denied by its policy",
        "  1  ListKeys  user/alice  last 2026-11-25T07:00:00Z    VpceAccessDenied 1",
        "Read of kms.amazonaws.com: 120 events of 2026-11-24 07:00 to 2026-11-25 07:00 UTC, all",
        "Not shown:",
    ]
    assert answer()["lines"][0].endswith("0 calls by 0 principals with 0 keys")


TIMES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "2026-11-24 08:00", "2026-11-25 08:00"),
    ({"hours": 2}, "2026-11-25 06:00", "2026-11-25 08:00"),
    ({"start_time": "2026-11-25T07:00:00Z"}, "2026-11-25 07:00", "2026-11-25 08:00"),
    ({"start_time": "2026-11-24", "end_time": "2026-11-25"}, "2026-11-24 00:00", "2026-11-25 00:00"),
    ({"start_time": "2026-11-25T08:00:00+02:00"}, "2026-11-25 06:00", "2026-11-25 08:00"),
    ({"end_time": "2026-11-20 12:00"}, "2026-11-19 12:00", "2026-11-20 12:00"),
    ({"start_time": "2026-01-01"}, "2026-08-27 08:00", "2026-11-25 08:00"),
    ({"end_time": "2026-01-01"}, "2026-01-01 00:00", "2026-01-01 00:00"),
    ({"start_time": "2027-01-01"}, "2026-11-25 08:00", "2026-11-25 08:00"),
]


@pytest.mark.parametrize(("given", "start", "end"), TIMES)
def test_the_time_range(given: dict[str, Any], start: str, end: str) -> None:
    assert usage.check(params(**given), "eu-central-1") == []
    shown = [moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") for moment in usage.window(params(**given), NOW)]
    assert shown == [start, end]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"start_time": "yesterday"}, ["start_time"]),
        ({"start_time": "2026-11-25", "end_time": "x"}, ["end_time"]),
        ({"start_time": "2026-11-25", "end_time": "2026-11-25"}, ["start_time"]),
        ({"hours": 0, "max_events": 0}, ["hours", "max_events"]),
        ({"hours": 2161}, ["hours"]),
    ],
)
def test_options_that_cannot_be_right(given: dict[str, Any], options: list[str]) -> None:
    problems = usage.check(params(**given), "eu-central-1")
    assert [(item.what, item.number) for item in problems] == [(option, "R86") for option in options]
    assert [item.number for item in usage.check(params(vpc_endpoint_ids=[]), "eu-central-1")] == ["R108"]


def test_endpoints_by_vpc_and_service() -> None:
    answers = [
        found(), found(OTHER, "kms-fips"), found("vpce-2", "ssm"), found("vpce-3", "s3", VpcEndpointType="Gateway"),
        found("vpce-4", "elasticloadbalancing"),
    ]
    by_service = {
        service: [item["vpc_endpoint_id"] for item in usage.wanted(_vpc(service), answers)]
        for service in ("kms", "kms-fips", "s3", "com.amazonaws.eu-central-1.ssm")
    }
    assert by_service == {
        "kms": [ENDPOINT], "kms-fips": [OTHER], "s3": [], "com.amazonaws.eu-central-1.ssm": ["vpce-2"],
    }
    made = usage.wanted(_vpc("kms", "kms-fips", "elasticloadbalancing"), answers)
    assert usage.sources(made) == ["elasticloadbalancing.amazonaws.com", "kms.amazonaws.com"]


def _vpc(*services: str) -> dict[str, Any]:
    return params(vpc_endpoint_ids=None, vpc_id="vpc-1", services=list(services))


def test_an_endpoint_that_is_gone_can_still_be_audited() -> None:
    (gone,) = usage.wanted(params(), [])
    assert (gone["state"], gone["event_source"]) == (None, "kms.amazonaws.com")
    (other,) = usage.wanted(params(event_source="ssm.amazonaws.com"), [])
    assert other["event_source"] == "ssm.amazonaws.com"
    assert usage.pattern([gone]) == f'{{ ($.eventCategory = "NetworkActivity") && ($.vpcEndpointId = "{ENDPOINT}") }}'
    assert usage.pattern([gone, other]) == '{ ($.eventCategory = "NetworkActivity") }'


def test_a_service_without_network_activity_events_says_so() -> None:
    (endpoint,) = usage.wanted(_vpc("ssmmessages"), [found(service="ssmmessages")])
    assert endpoint["network_activity_offered"] is False
    state = usage.normalise([endpoint], (NOW, NOW), NOW, [], {"watching": [], "errors": []}, [])
    text = [item["what"] for item in usage.returns(params(), state)["not_shown"]]
    assert text[-1].endswith("CloudTrail has no network activity events of ssmmessages.amazonaws.com")


def test_a_vpc_without_such_an_endpoint_is_an_error_and_one_that_is_planned_is_not() -> None:
    state = usage.normalise([], (NOW, NOW), NOW, [], {"watching": [], "errors": []}, [])
    (problem,) = usage.plan(_vpc("kms"), state).unmet
    assert (problem.number, problem.found) == ("R108", "no interface endpoint for kms in vpc-1")
    pending = "(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"
    assert usage.plan(params(vpc_endpoint_ids=[pending]), state).unmet == ()


def selector(**fields: list[str]) -> dict[str, Any]:
    return {"FieldSelectors": [{"Field": name, "Equals": value} for name, value in fields.items()]}


def test_which_trails_log_the_endpoint() -> None:
    network = {"eventCategory": ["NetworkActivity"], "eventSource": ["kms.amazonaws.com"]}
    raws = [
        {"TrailARN": "basic", "EventSelectors": [{"ReadWriteType": "All"}]},
        {"TrailARN": "management", "AdvancedEventSelectors": [selector(eventCategory=["Management"])]},
        {"TrailARN": "other", "AdvancedEventSelectors": [selector(**network, vpcEndpointId=[OTHER])]},
        {"TrailARN": "denied", "AdvancedEventSelectors": [selector(**network, errorCode=["VpceAccessDenied"])]},
        {"TrailARN": "all", "S3BucketName": "b", "AdvancedEventSelectors": [selector(**network)]},
        {"TrailARN": "some", "AdvancedEventSelectors": [selector(**network, eventName=["ListKeys"])]},
        {"TrailARN": "secret", "error": "cloudtrail:GetEventSelectors: AccessDeniedException"},
    ]
    seen = usage.watching(usage.wanted(params(), [found()]), {"trails": raws, "error": ""})
    assert [(one["trail_arn"], one["vpc_endpoints"][ENDPOINT]) for one in seen["watching"]] == [
        ("denied", "denied calls"), ("all", "all calls"), ("some", "some calls"),
    ]
    assert seen["errors"] == ["cloudtrail:GetEventSelectors: AccessDeniedException"]
