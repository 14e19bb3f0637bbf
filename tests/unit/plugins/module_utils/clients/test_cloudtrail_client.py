# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import cloudtrail as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock
from botocore.stub import ANY, Stubber

START, END = datetime(2026, 11, 24, 8, 0, tzinfo=UTC), datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
KMS = "kms.amazonaws.com"
ARN = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit"


class Ticks:
    """Time that passes by sleeping, and by a cost per look at it."""

    def __init__(self, cost: float = 0.0) -> None:
        self.at, self.cost = 100.0, cost
        self.slept: list[float] = []

    def now(self) -> float:
        self.at += self.cost
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.at += seconds


@pytest.fixture
def aws() -> Aws:
    keys = {"aws_access_key_id": "AKIASTUBBEDSTUBBED02", "aws_secret_access_key": "stubbed"}
    return Aws(("eu-central-1", None, keys))


@pytest.fixture
def trail(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.client("cloudtrail")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def page(count: int, token: str | None, minutes: int) -> dict[str, Any]:
    at = END - timedelta(minutes=minutes)
    event = {"EventId": "a", "EventTime": at, "CloudTrailEvent": json.dumps({"vpcEndpointId": "vpce-1"})}
    return {"Events": [event] * count, **({"NextToken": token} if token else {})}


def asked(size: int = 50, **more: Any) -> dict[str, Any]:
    attribute = {"AttributeKey": "EventSource", "AttributeValue": KMS}
    return {"LookupAttributes": [attribute], "StartTime": START, "EndTime": END, "MaxResults": size, **more}


def read(aws: Aws, most: int = 1000, sources: tuple[str, ...] = (KMS,)) -> list[dict[str, Any]]:
    return client.history(aws, sources, START, END, most, lambda record: record.get("vpcEndpointId") == "vpce-1")


def test_two_lookups_a_second_and_no_more() -> None:
    ticks = Ticks()
    pace = client.Pace(2.0, Clock(ticks.now, ticks.sleep))

    def slow() -> dict[str, Any]:
        ticks.at += 3
        return {}

    for dummy in range(3):
        pace.call(dict)
    assert ticks.slept == [0.5, 0.5]
    ticks.at += 0.3
    pace.call(slow)
    assert ticks.slept == [0.5, 0.5, 0.2]
    pace.call(dict)
    assert ticks.slept == [0.5, 0.5, 0.2, 0.5]
    ticks.at += 5
    pace.call(dict)
    assert len(ticks.slept) == 4


def test_pages_until_there_are_no_more(aws: Aws, trail: Stubber) -> None:
    ticks = Ticks()
    aws.clock = Clock(ticks.now, ticks.sleep)
    trail.add_response("lookup_events", page(50, "t1", 10), asked())
    trail.add_response("lookup_events", page(0, "t2", 0), asked(NextToken="t1"))
    trail.add_response("lookup_events", page(7, None, 20), asked(NextToken="t2"))
    (found,) = read(aws)
    assert (found["read"], len(found["records"]), found["complete"]) == (57, 57, True)
    assert found["oldest"] == END - timedelta(minutes=20)
    assert ticks.slept == [0.5, 0.5]


def test_max_events_stops_the_reading_and_is_told(aws: Aws, trail: Stubber) -> None:
    ticks = Ticks()
    aws.clock = Clock(ticks.now, ticks.sleep)
    trail.add_response("lookup_events", page(50, "t1", 10), asked())
    trail.add_response("lookup_events", page(50, "t2", 20), asked(NextToken="t1"))
    (found,) = read(aws, most=60)
    assert (found["read"], found["complete"]) == (100, False)
    trail.add_response("lookup_events", page(5, "t1", 10), asked(size=5))
    assert read(aws, most=5)[0]["complete"] is False


def test_the_pace_is_one_for_all_services(aws: Aws, trail: Stubber) -> None:
    ticks = Ticks()
    aws.clock = Clock(ticks.now, ticks.sleep)
    for dummy in range(2):
        trail.add_response("lookup_events", page(1, None, 1), {**asked(), "LookupAttributes": ANY})
    both = (KMS, "ssm.amazonaws.com")
    assert tuple(found["event_source"] for found in read(aws, sources=both)) == both
    assert ticks.slept == [0.5]


def test_a_long_search_says_how_it_is_going(aws: Aws, trail: Stubber) -> None:
    ticks = Ticks(cost=2.0)
    aws.clock = Clock(ticks.now, ticks.sleep)
    said: list[str] = []
    aws.say = said.append
    for number in range(1, 8):
        more = {"NextToken": f"t{number - 1}"} if number > 1 else {}
        trail.add_response("lookup_events", page(50, f"t{number}" if number < 7 else None, number * 60), asked(**more))
    read(aws)
    assert len(said) == 2
    assert said[0].startswith(f"CloudTrail {KMS}: 150 events read, back to 2026-11-25 05:00 of 2026-11-24 08:00 UTC, ")


def test_trails_that_cannot_be_read_are_told(aws: Aws, trail: Stubber) -> None:
    trail.add_response("describe_trails", {"trailList": [{"Name": "audit", "TrailARN": ARN}]}, {})
    trail.add_client_error("get_event_selectors", "TrailNotFoundException")
    (found,) = client.trails(aws)["trails"]
    assert found["error"] == "cloudtrail:GetEventSelectors: TrailNotFoundException"
    trail.add_client_error("describe_trails", "AccessDeniedException")
    assert client.trails(aws) == {"trails": [], "error": "cloudtrail:DescribeTrails: AccessDeniedException"}


def test_log_events_are_read_where_the_group_is(aws: Aws, trail: Stubber) -> None:
    """A page can be empty although there are more; the group of a trail of all Regions lies in its home."""
    home = aws.elsewhere("us-east-1")
    watched = {"trail_arn": ARN, "log_group_arn": "arn:aws:logs:us-east-1:123456789012:log-group:audit:*"}
    trail.add_response("get_trail_status", {"IsLogging": True}, {"Name": ARN})
    wanted = {
        "logGroupIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:audit",
        "filterPattern": "{ x }",
        "startTime": int(START.timestamp() * 1000),
        "endTime": int(END.timestamp() * 1000),
    }
    with Stubber(home.client("logs")) as logs:
        logs.add_response("filter_log_events", {"events": [], "nextToken": "t"}, wanted)
        event = {"message": json.dumps({"eventName": "ListKeys"})}
        logs.add_response("filter_log_events", {"events": [event]}, {**wanted, "nextToken": "t"})
        (found,) = client.delivered(aws, [watched], "{ x }", START, END, 10)
    assert (found["records"], found["complete"], found["is_logging"]) == ([{"eventName": "ListKeys"}], True, True)
    trail.add_response("get_trail_status", {"IsLogging": True}, {"Name": ARN})
    (found,) = client.delivered(aws, [{"trail_arn": ARN, "log_group_arn": None}], "{ x }", START, END, 10)
    assert (found["records"], found["error"]) == ([], "")
