# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LookupEvents: the event history of 90 days, newest first, 50 events a page, two requests a second."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from .history import DAYS, Event, History, record

_DAY = 86_400
_PAGE = 50
_ATTRIBUTES: dict[str, Callable[[Event, str], bool]] = {
    "EventId": lambda event, value: event.id == value,
    "EventName": lambda event, value: event.entry["action"] == value,
    "EventSource": lambda event, value: event.source == value,
    "ReadOnly": lambda event, value: event.read_only == (value.lower() == "true"),
    "Username": lambda event, value: event.username == value,
    "AccessKeyId": lambda event, value: event.entry["access_key"] == value,
    "ResourceType": lambda event, value: bool(event.keys) and value == "AWS::KMS::Key",
    "ResourceName": lambda event, value: any(value in (arn, arn.rpartition("/")[2]) for arn in event.keys),
}


@operation("cloudtrail", "LookupEvents")
def lookup_events(call: Call) -> dict[str, Any]:
    params, history, now = call.params, call.store(History), call.world.clock.now()
    _check_rate(call, history, now)
    if not 1 <= params.get("MaxResults", _PAGE) <= _PAGE:
        raise AwsError("InvalidMaxResultsException", f"MaxResults is from 1 to {_PAGE}.")
    attributes = params.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    if params.get("EventCategory"):
        # Insights are not emulated: no trail has any.
        return {"Events": []}
    asked = json.dumps({key: value for key, value in params.items() if key != "NextToken"}, default=str, sort_keys=True)
    start, end = _moment(params.get("StartTime"), now - DAYS * _DAY), _moment(params.get("EndTime"), now)
    if start > end:
        raise AwsError("InvalidTimeRangeException", "The start time is after the end time.")
    before = _before(params.get("NextToken"), asked)
    shown_until = now - call.settings.delay("cloudtrail_event")
    oldest = max(start, now - DAYS * _DAY)
    found = [
        event
        for event in reversed(history.events)
        # The time of an event has no fractions.
        if int(oldest) <= int(event.at) <= end
        and event.at <= shown_until
        and (before is None or event.seq < before)
        and all(_ATTRIBUTES[item["AttributeKey"]](event, item["AttributeValue"]) for item in attributes)
    ]
    size = params.get("MaxResults", _PAGE)
    result: dict[str, Any] = {"Events": [_shown(event) for event in found[:size]]}
    if len(found) > size:
        result["NextToken"] = base64.b64encode(json.dumps([found[size - 1].seq, asked]).encode()).decode()
    return result


def _check_rate(call: Call, history: History, now: float) -> None:
    if not call.settings.lookup_rate:
        return
    recent = sum(now - at < 1 for at in history.lookups)
    history.lookups.append(now)
    if recent >= call.settings.lookup_rate:
        raise AwsError("ThrottlingException", "Rate exceeded")


def _moment(value: Any, otherwise: float) -> float:
    if value is None:
        return otherwise
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
    return float(value)


def _before(token: str | None, asked: str) -> int | None:
    if not token:
        return None
    try:
        seq, first = json.loads(base64.b64decode(token, validate=True))
    except ValueError as error:
        raise AwsError("InvalidNextTokenException", "The token is not valid.") from error
    if first != asked:
        raise AwsError("InvalidNextTokenException", "The token belongs to a request with other parameters.")
    return int(seq)


def _shown(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.entry["action"],
        "ReadOnly": str(event.read_only).lower(),
        "AccessKeyId": event.entry["access_key"],
        "EventTime": datetime.fromtimestamp(int(event.at), UTC),
        "EventSource": event.source,
        "Username": event.username,
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": arn} for arn in event.keys],
        "CloudTrailEvent": json.dumps(record(event), default=str),
    }
