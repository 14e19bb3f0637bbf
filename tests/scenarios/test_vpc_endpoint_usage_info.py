# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vpc_endpoint_usage_info against the embedded AWS: who used an endpoint, and what nobody can tell (R86, R108-R110)."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scenarios import prerequisites as before
from scenarios.endpoint_audit import (
    DENIED,
    MANAGEMENT,
    NETWORK,
    NO_LISTING,
    OTHER_ACCOUNT,
    ROLE,
    SESSION2_KEY,
    SESSION_KEY,
    STRANGER_KEY,
    USER,
    Place,
    selector,
)

KMS = "kms.amazonaws.com"
READS = {"DescribeVpcEndpoints", "LookupEvents", "DescribeTrails"}


@pytest.fixture
def place(emulator: Any) -> Place:
    return Place(emulator)


@pytest.fixture
def guarded(emulator: Any) -> Place:
    """An endpoint whose policy denies listing keys."""
    return Place(emulator, NO_LISTING)


def list_keys(place: Place, *access_keys: str) -> None:
    """Calls that may be refused."""
    for key in access_keys:
        with contextlib.suppress(ClientError):
            place.inside(key).list_keys()


def rows(found: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(row["principal"], row["operation"], row["count"]) for row in found]


def missing(result: dict[str, Any]) -> str:
    return "\n".join(f"{item['number']} {item['what']} {item['instead']}" for item in result["not_shown"])


def test_r86_r108_who_used_the_endpoint_with_which_keys(place: Place) -> None:
    key = place.kms.create_key()["KeyMetadata"]
    place.kms.create_alias(AliasName="alias/payments", TargetKeyId=key["KeyId"])
    for access_key in (SESSION_KEY, SESSION2_KEY):
        sealed = place.inside(access_key).encrypt(KeyId="alias/payments", Plaintext=b"x")["CiphertextBlob"]
        place.inside(access_key).decrypt(CiphertextBlob=sealed)
    place.inside().describe_key(KeyId=key["KeyId"])
    place.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"not through the endpoint")
    mark = place.mark()
    result = place.usage()
    assert rows(result["usage"]) == [(ROLE, "Decrypt", 2), (ROLE, "Encrypt", 2), (USER, "DescribeKey", 1)]
    assert {tuple(row["keys"]) for row in result["usage"]} == {(key["Arn"],)}
    assert result["usage"][0]["sessions"] == ["worker-1", "worker-2"]
    (endpoint,) = result["endpoints"]
    assert (endpoint["calls"], endpoint["vpc_id"], endpoint["keys"]) == (5, place.vpc_id, [key["Arn"]])
    assert endpoint["event_source"] == KMS
    assert (result["changed"], result["complete"], result["denied"]) == (False, True, [])
    assert result["lines"][0].endswith("5 calls by 2 principals with 1 key")
    assert set(place.actions(mark)) <= READS
    assert place.actions(mark, mutating=True) == []


def test_an_empty_range(place: Place) -> None:
    place.inside().list_keys()
    result = place.usage(start_time="2026-01-01", end_time=_ago(days=80))
    assert (result["usage"], result["denied"], result["complete"]) == ([], [], True)
    assert result["lines"][0].endswith("0 calls by 0 principals with 0 keys")
    assert result["event_history"] == [{"event_source": KMS, "read": 0, "oldest": None, "complete": True}]
    over = place.usage(start_time="2020-01-01", end_time="2020-01-02")
    assert (over["usage"], over.get("failed")) == ([], None)


def _ago(**delta: float) -> str:
    return (datetime.now(UTC) - timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_120_events_are_read_in_pages_at_two_lookups_a_second(place: Place) -> None:
    place.emulator.configure(lookup_rate=2)
    inside, outside = place.inside(SESSION_KEY), place.kms
    for number in range(120):
        (inside if number % 2 else outside).list_aliases()
    mark = place.mark()
    result = place.usage()
    assert rows(result["usage"]) == [(ROLE, "ListAliases", 60)]
    assert (result["event_history"][0]["read"], result["complete"]) == (120, True)
    assert place.actions(mark).count("LookupEvents") == 3
    assert {call["error"] for call in place.emulator.calls(since=mark)} == {None}


def test_max_events_stops_the_reading_and_says_so(place: Place) -> None:
    for dummy in range(60):
        place.inside().list_aliases()
    result = place.usage(max_events=50)
    assert (result["endpoints"][0]["calls"], result["complete"]) == (50, False)
    assert "stopped after max_events, at 50 events" in missing(result)
    assert "NOT ALL" in "\n".join(result["lines"])


def test_throttled_lookups_are_repeated(place: Place) -> None:
    place.inside().list_keys()
    place.emulator.fault("throttle", service="cloudtrail", action="LookupEvents", times=1)
    assert rows(place.usage()["usage"]) == [(USER, "ListKeys", 1)]


@pytest.mark.parametrize("action", ["cloudtrail:LookupEvents", "ec2:DescribeVpcEndpoints"])
def test_a_permission_that_is_missing_is_named(place: Place, action: str) -> None:
    place.emulator.configure(denied=[action])
    result = place.usage()
    assert result["failed"]
    assert f"needs the permission {action}" in result["msg"]
    assert result["iam_action"] == action


@pytest.mark.parametrize(
    "action", ["cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus",
               "logs:FilterLogEvents"]
)
def test_without_a_permission_on_trails_the_rest_is_shown(place: Place, action: str) -> None:
    place.trail(MANAGEMENT, NETWORK)
    place.inside().list_keys()
    place.emulator.configure(denied=[action])
    result = place.usage()
    assert rows(result["usage"]) == [(USER, "ListKeys", 1)]
    assert f"{action}: AccessDeniedException" in missing(result)


def test_r110_denied_calls_are_not_seen_unless_a_trail_logs_them(guarded: Place) -> None:
    """D14."""
    list_keys(guarded, SESSION_KEY)
    guarded.inside().list_aliases()
    result = guarded.usage()
    assert rows(result["usage"]) == [(USER, "ListAliases", 1)]
    assert result["denied"] == []
    assert f"R110 Calls that the endpoint policy denied: no trail logged network activity of {guarded.endpoint_id}" in (
        missing(result)
    )
    guarded.trail(MANAGEMENT, DENIED)
    list_keys(guarded, SESSION_KEY, SESSION2_KEY)
    result = guarded.usage()
    assert rows(result["denied"]) == [(ROLE, "ListKeys", 2)]
    assert result["endpoints"][0]["denied_calls"] == 2
    assert f"{guarded.endpoint_id}: 2 calls denied by its policy" in result["lines"]
    assert "no trail logged" not in missing(result)
    (watching,) = result["network_activity"]
    assert watching["vpc_endpoints"] == {guarded.endpoint_id: "denied calls"}


def test_r110_what_a_trail_delivers_to_s3_only_is_not_read_and_said(guarded: Place) -> None:
    guarded.trail(DENIED, log_group="")
    list_keys(guarded, SESSION_KEY)
    result = guarded.usage()
    assert result["denied"] == []
    assert "delivers to S3 only Look into the bucket audit-trails" in missing(result)


def test_r110_a_trail_that_does_not_log_is_said(guarded: Place) -> None:
    guarded.trail(DENIED, runs=False)
    list_keys(guarded, SESSION_KEY)
    assert "since trail audit was stopped" in missing(guarded.usage())


def test_r109_principals_of_other_accounts(place: Place) -> None:
    place.inside(STRANGER_KEY).list_keys()
    hidden = "Principals of other accounts that came through the endpoint"
    result = place.usage()
    assert result["usage"] == []
    assert f"R109 {hidden}" in missing(result)
    place.trail(NETWORK)
    place.inside(STRANGER_KEY).list_keys()
    place.inside().list_keys()
    result = place.usage()
    assert rows(result["usage"]) == [
        (f"{STRANGER_KEY} of account {OTHER_ACCOUNT}", "ListKeys", 1), (USER, "ListKeys", 1),
    ]
    assert hidden not in missing(result)


def test_a_trail_whose_home_is_another_region(guarded: Place) -> None:
    """Its log group lies there too."""
    home = "us-east-1"
    cloudtrail, logs = (before.client(guarded.url, service, region=home) for service in ("cloudtrail", "logs"))
    logs.create_log_group(logGroupName="central")
    cloudtrail.create_trail(
        Name="central", S3BucketName="audit-trails", IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=logs.describe_log_groups()["logGroups"][0]["arn"],
        CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/trail",
    )
    cloudtrail.put_event_selectors(TrailName="central", AdvancedEventSelectors=[DENIED])
    cloudtrail.start_logging(Name="central")
    list_keys(guarded, SESSION_KEY)
    assert rows(guarded.usage()["denied"]) == [(ROLE, "ListKeys", 1)]


def test_the_endpoints_of_a_vpc(place: Place) -> None:
    second, host = place.endpoint()
    place.inside().list_keys()
    place.inside(SESSION_KEY, host).list_aliases()
    mark = place.mark()
    result = place.usage(vpc_id=place.vpc_id)
    assert {item["vpc_endpoint_id"]: item["calls"] for item in result["endpoints"]} == {place.endpoint_id: 1, second: 1}
    assert place.actions(mark).count("LookupEvents") == 1
    refused = place.usage(vpc_id=place.vpc_id, services=["ssm"])
    assert refused["failed"]
    assert f"no interface endpoint for ssm in {place.vpc_id}" in refused["msg"]


def test_an_endpoint_that_was_deleted(place: Place) -> None:
    place.inside().list_keys()
    place.ec2.delete_vpc_endpoints(VpcEndpointIds=[place.endpoint_id])
    place.emulator.advance(1)
    result = place.usage()
    assert (result["endpoints"][0]["state"], rows(result["usage"])) == (None, [(USER, "ListKeys", 1)])


def test_private_dns_needs_no_host_name(emulator: Any) -> None:
    place = Place(emulator)
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        place.ec2.modify_vpc_attribute(VpcId=place.vpc_id, **{attribute: {"Value": True}})
    place.ec2.modify_vpc_endpoint(VpcEndpointId=place.endpoint_id, PrivateDnsEnabled=True)
    user = before.client(place.url, "kms", "AKIAUSER000000000001")
    user.list_keys()
    emulator.configure(callers_in_vpc={"AKIAUSER000000000001": place.vpc_id})
    user.list_keys()
    assert rows(place.usage()["usage"]) == [(USER, "ListKeys", 1)]


def test_check_mode_reads_and_a_planned_endpoint_is_empty(place: Place) -> None:
    place.inside().list_keys()
    result, planned = place.usage(), place.usage(check=True)
    assert set(result) == set(planned)
    assert rows(planned["usage"]) == rows(result["usage"])
    mark = place.mark()
    pending = "(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"
    empty = place.usage(check=True, vpc_endpoint_ids=[pending])
    assert (empty["endpoints"], empty["usage"], empty["changed"]) == ([], [], False)
    assert place.actions(mark) == []
    assert pending in place.usage(vpc_endpoint_ids=[pending])["msg"]


def test_bad_options_make_no_call(place: Place) -> None:
    mark = place.mark()
    result = place.usage(start_time="yesterday", hours=0)
    assert result["failed"]
    assert [item["what"] for item in result["unmet_requirements"]] == ["start_time", "hours"]
    assert "start_time: yesterday. R86:" in result["msg"]
    assert place.actions(mark) == []


def test_errors_of_calls_are_counted(place: Place) -> None:
    with pytest.raises(ClientError):
        place.inside().describe_key(KeyId="12345678-1234-1234-1234-123456789012")
    (row,) = place.usage()["usage"]
    assert (row["errors"], row["keys"]) == ({"NotFoundException": 1}, ["12345678-1234-1234-1234-123456789012"])


def test_events_that_cloudtrail_does_not_show_yet(place: Place) -> None:
    place.emulator.configure(time_scale=1.0)
    place.inside().list_keys()
    result = place.usage()
    assert result["usage"] == []
    assert "R86 Calls of the last minutes" in missing(result)
    place.ticks.sleep(301)
    assert rows(place.usage()["usage"]) == [(USER, "ListKeys", 1)]


def test_other_trails_and_selectors_are_left_out(guarded: Place) -> None:
    other = selector(
        "other", eventCategory=["NetworkActivity"], eventSource=[KMS], vpcEndpointId=["vpce-00000000000000000"]
    )
    guarded.trail(MANAGEMENT, other)
    list_keys(guarded, SESSION_KEY)
    result = guarded.usage()
    assert (result["network_activity"], result["denied"]) == ([], [])
    assert "no trail logged network activity" in missing(result)
    without = guarded.usage(network_activity=False)
    assert without["network_activity"] == []
    assert "trails were not read (network_activity is false)" in missing(without)


def test_nothing_secret_comes_back(place: Place) -> None:
    key = place.kms.create_key()["KeyMetadata"]["KeyId"]
    place.inside().encrypt(KeyId=key, Plaintext=b"a very secret text")
    assert "a very secret text" not in json.dumps(place.usage(), default=str)
