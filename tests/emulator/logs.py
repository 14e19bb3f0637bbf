# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs, as far as it takes what trails deliver: log groups, and FilterLogEvents over them."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from .errors import AwsError
from .registry import Call, operation
from .world import World

_ARN = re.compile(r"arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([^:]+)(?::\*)?")
_COMPARISON = re.compile(r'\(?\s*\$\.([A-Za-z.]+)\s*=\s*"([^"]*)"\s*\)?')
_PAGE = 10_000


@dataclass
class LogGroup:
    """A log group, with (time, ingestion time, stream, id, message) of what is in it."""

    name: str
    arn: str
    created: float
    events: list[tuple[float, float, str, str, str]] = field(default_factory=list)


class LogGroups:
    """Log groups of one account and region, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, LogGroup] = {}


def group_of_arn(world: World, arn: str) -> LogGroup | None:
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    region, account, name = found.groups()
    return world.store(LogGroups, account, region).by_name.get(name)


def put(world: World, arn: str, stream: str, at: float, message: str) -> None:
    """What a trail delivers comes later than it happened."""
    group = group_of_arn(world, arn)
    if group is not None:
        arrival = at + world.settings.delay("cloudtrail_event")
        group.events.append((at, arrival, stream, uuid.uuid4().hex, message))


def _group(call: Call, name: str) -> LogGroup:
    """By name, or by ARN, which can be of no other account or region."""
    arn = _ARN.fullmatch(name)
    if arn and arn.groups()[:2] != (call.region, call.account):
        found = None
    else:
        found = call.store(LogGroups).by_name.get(arn.group(3) if arn else name)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


@operation("logs", "CreateLogGroup")
def create_log_group(call: Call) -> dict[str, Any]:
    name, own = call.params["logGroupName"], call.store(LogGroups).by_name
    if name in own:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    own[name] = LogGroup(name, call.arn("logs", f"log-group:{name}:*"), call.world.clock.now())
    return {}


@operation("logs", "DeleteLogGroup")
def delete_log_group(call: Call) -> dict[str, Any]:
    call.store(LogGroups).by_name.pop(_group(call, call.params["logGroupName"]).name)
    return {}


@operation("logs", "DescribeLogGroups")
def describe_log_groups(call: Call) -> dict[str, Any]:
    prefix = call.params.get("logGroupNamePrefix", "")
    return {
        "logGroups": [
            {
                "logGroupName": group.name, "arn": group.arn, "logGroupArn": group.arn.removesuffix(":*"),
                "creationTime": int(group.created * 1000),
            }
            for name, group in sorted(call.store(LogGroups).by_name.items())
            if name.startswith(prefix)
        ]
    }


@operation("logs", "FilterLogEvents")
def filter_log_events(call: Call) -> dict[str, Any]:
    """Oldest first. A page can be empty although there is more, as AWS says of its own."""
    params = call.params
    if ("logGroupName" in params) == ("logGroupIdentifier" in params):
        text = "Exactly one of logGroupName and logGroupIdentifier must be specified."
        raise AwsError("InvalidParameterException", text)
    group = _group(call, params.get("logGroupIdentifier") or params["logGroupName"])
    wanted = _pattern(params.get("filterPattern", ""))
    start, end = params.get("startTime", 0) / 1000, params.get("endTime", 2**53) / 1000
    now, size = call.world.clock.now(), min(params.get("limit", _PAGE), _PAGE)
    seen = sorted(event for event in group.events if start <= event[0] <= end and event[1] <= now)
    offset = _offset(params.get("nextToken"))
    page = seen[offset : offset + size]
    result: dict[str, Any] = {
        "events": [
            {
                "logStreamName": stream, "timestamp": int(at * 1000), "message": message,
                "ingestionTime": int(arrival * 1000), "eventId": event_id,
            }
            for at, arrival, stream, event_id, message in page
            if _matches(json.loads(message), wanted)
        ],
        "searchedLogStreams": [],
    }
    if offset + size < len(seen):
        result["nextToken"] = f"f/{offset + size}"
    return result


def _offset(token: str | None) -> int:
    if not token:
        return 0
    if not re.fullmatch(r"f/\d+", token):
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(token[2:])


def _pattern(text: str) -> list[tuple[str, str]]:
    """The comparisons of a JSON pattern; of all that AWS knows, only equality joined by && is served here."""
    if not text.strip():
        return []
    inner = re.fullmatch(r"\s*\{(.*)\}\s*", text)
    parts = [_COMPARISON.fullmatch(part.strip()) for part in inner.group(1).split("&&")] if inner else [None]
    found = [(part.group(1), part.group(2)) for part in parts if part is not None]
    if len(found) < len(parts):
        raise AwsError("InvalidParameterException", f"Invalid filter pattern, or one that is not emulated: {text}")
    return found


def _matches(document: Any, wanted: list[tuple[str, str]]) -> bool:
    for path, value in wanted:
        found = document
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found != value:
            return False
    return True
