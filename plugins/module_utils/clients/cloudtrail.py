# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading CloudTrail's event history, its trails, and what trails deliver to CloudWatch Logs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import REPORT_FIRST, Clock

Record = dict[str, Any]

# "The rate of lookup requests is limited to two per second, per account, per Region."
LOOKUPS_A_SECOND = 2.0
_PAGE = 50
_LOG_GROUP = re.compile(r"(arn:[^:]+:logs:([^:]+):\d+:log-group:[^:]+)")


class Pace:
    """Calls no closer together than AWS takes them. The gap begins with the answer: measured from the request, one that
    was slow on its way would meet the next within AWS's second."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._gap = 1 / per_second
        self._clock = clock
        self._free_at = clock.now()

    def call(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        early = self._free_at - self._clock.now()
        if early > 0:
            self._clock.sleep(early)
        try:
            return request()
        finally:
            self._free_at = self._clock.now() + self._gap


class Voice:
    """Says now and then how a long read is going."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._began = aws.clock.now()
        self._next = self._began + REPORT_FIRST

    def say(self, text: str) -> None:
        now = self._aws.clock.now()
        if now >= self._next:
            self._next = now + REPORT_FIRST
            self._aws.say(f"{text}, {now - self._began:.0f} s")


def now(aws: Aws) -> datetime:
    return datetime.fromtimestamp(aws.clock.wall(), UTC)


def endpoints(aws: Aws, ids: Sequence[str] | None, vpc_id: str | None) -> list[dict[str, Any]]:
    """The endpoints of the ids, or all of a VPC. One that is gone is missing without an error."""
    wanted = {"Name": "vpc-endpoint-id", "Values": list(ids)} if ids else {"Name": "vpc-id", "Values": [vpc_id]}
    return aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=[wanted])


def history(
    aws: Aws, sources: Sequence[str], start: datetime, end: datetime, most: int, keep: Callable[[Record], bool]
) -> list[dict[str, Any]]:
    """One answer per event source: the records that KEEP wants, newest first, and how far the reading came."""
    pace = Pace(LOOKUPS_A_SECOND, aws.clock)
    return [_history(aws, pace, source, start, end, most, keep) for source in sources]


def _history(
    aws: Aws, pace: Pace, source: str, start: datetime, end: datetime, most: int, keep: Callable[[Record], bool]
) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventSource", "AttributeValue": source}],
        "StartTime": start,
        "EndTime": end,
        # A token belongs to the parameters of its first request, this one among them.
        "MaxResults": min(_PAGE, most),
    }
    found: dict[str, Any] = {"event_source": source, "read": 0, "oldest": None, "records": [], "complete": False}
    voice = Voice(aws)
    while found["read"] < most:
        answer = pace.call(lambda: aws.call("cloudtrail", "lookup_events", **arguments))
        _take(found, answer.get("Events", []), keep)
        if not answer.get("NextToken"):
            return {**found, "complete": True}
        arguments["NextToken"] = answer["NextToken"]
        voice.say(_progress(found, start))
    return found


def _take(found: dict[str, Any], events: Sequence[Mapping[str, Any]], keep: Callable[[Record], bool]) -> None:
    found["read"] += len(events)
    if events:
        found["oldest"] = min(event["EventTime"] for event in events)
    records = (json.loads(event["CloudTrailEvent"]) for event in events)
    found["records"] += [record for record in records if keep(record)]


def _progress(found: Mapping[str, Any], start: datetime) -> str:
    back = f"back to {found['oldest'].astimezone(UTC):%Y-%m-%d %H:%M}" if found["oldest"] else "on the way back"
    return (
        f"CloudTrail {found['event_source']}: {found['read']} events read, {back} of "
        f"{start.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {len(found['records'])} through the endpoint"
    )


def trails(aws: Aws) -> dict[str, Any]:
    """Every trail that the Region sees with its event selectors; error: why they cannot be read."""
    try:
        found = aws.call("cloudtrail", "describe_trails")["trailList"]
    except AwsError as error:
        return {"trails": [], "error": _reason(error)}
    selectors = aws.together(**{item["TrailARN"]: lambda arn=item["TrailARN"]: _selectors(aws, arn) for item in found})
    return {"trails": [{**item, **selectors[item["TrailARN"]]} for item in found], "error": ""}


def _selectors(aws: Aws, arn: str) -> dict[str, Any]:
    try:
        return aws.call("cloudtrail", "get_event_selectors", TrailName=arn)
    except AwsError as error:
        return {"error": _reason(error)}


def trail(aws: Aws, name: str) -> tuple[dict[str, Any] | None, dict[str, Any], bool]:
    """The trail of a name or an ARN, its event selectors, and whether it logs."""
    # By name AWS finds no trail of another Region, not even one that logs here.
    found = aws.call("cloudtrail", "describe_trails")["trailList"]
    match = next((item for item in found if name in (item["Name"], item["TrailARN"])), None)
    if match is None:
        return None, {}, False
    arn = match["TrailARN"]
    answers = aws.together(
        selectors=lambda: aws.call("cloudtrail", "get_event_selectors", TrailName=arn),
        status=lambda: aws.call("cloudtrail", "get_trail_status", Name=arn),
    )
    return match, answers["selectors"], answers["status"].get("IsLogging", False)


def delivered(
    aws: Aws, trails: Sequence[Mapping[str, Any]], pattern: str, start: datetime, end: datetime, most: int
) -> list[dict[str, Any]]:
    """What matches PATTERN in the log group of each of TRAILS, and whether the trail logs."""
    arns = [item["trail_arn"] for item in trails]
    found = aws.together(
        **{item["trail_arn"]: lambda item=item: _delivered(aws, item, pattern, start, end, most) for item in trails}
    )
    return [found[arn] for arn in arns]


def _delivered(
    aws: Aws, trail: Mapping[str, Any], pattern: str, start: datetime, end: datetime, most: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trail_arn": trail["trail_arn"], "is_logging": None, "records": [], "complete": True, "error": ""
    }
    try:
        status = aws.call("cloudtrail", "get_trail_status", Name=trail["trail_arn"])
        found["is_logging"] = status.get("IsLogging", False)
        group = _LOG_GROUP.match(trail["log_group_arn"] or "")
        if group:
            arn, region = group.groups()
            found["records"], found["complete"] = _log_events(aws.elsewhere(region), arn, pattern, start, end, most)
    except AwsError as error:
        found["error"] = _reason(error)
    return found


def _log_events(
    aws: Aws, arn: str, pattern: str, start: datetime, end: datetime, most: int
) -> tuple[list[Record], bool]:
    arguments: dict[str, Any] = {
        # By its name it could be taken for one of this account; an organization's trail has its own in another.
        "logGroupIdentifier": arn,
        "filterPattern": pattern,
        "startTime": int(start.timestamp() * 1000),
        "endTime": int(end.timestamp() * 1000),
    }
    records: list[Record] = []
    voice, name = Voice(aws), arn.rpartition(":")[2]
    while len(records) < most:
        answer = aws.call("logs", "filter_log_events", **arguments)
        records += [json.loads(event["message"]) for event in answer.get("events", [])]
        # A page can be empty although there are more.
        if not answer.get("nextToken"):
            return records, True
        arguments["nextToken"] = answer["nextToken"]
        voice.say(f"CloudWatch Logs {name}: {len(records)} network activity events read")
    return records, False


def _reason(error: AwsError) -> str:
    """What keeps a trail from being read is told, and no reason to give up the rest."""
    return f"{error.action}: {error.code}"
