# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trails: they log once they were told to, and deliver to a log group. Buckets are taken to exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import logs
from ..errors import AwsError
from ..registry import Call, operation
from ..world import World
from . import selectors
from .history import Event, record

_NAME = re.compile(r"[a-zA-Z0-9](?:[._-]?[a-zA-Z0-9])+")
_ARN = re.compile(r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:trail/.+")
_MOST = 5


@dataclass
class Trail:
    """A trail in its home region."""

    arn: str
    account: str
    region: str
    bucket: str
    prefix: str | None
    multi_region: bool
    log_group: str | None
    role: str | None
    logging: bool = False
    basic: list[dict[str, Any]] = field(default_factory=lambda: list(selectors.DEFAULT))
    advanced: list[dict[str, Any]] = field(default_factory=list)
    custom: bool = False

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


class Trails:
    """The trails whose home one account and region is, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Trail] = {}


def _visible(world: World, account: str, region: str) -> Iterator[Trail]:
    """The trails of the region, and the shadows of those of all regions."""
    for owner, home, trails in world.stores(Trails):
        if owner == account:
            yield from (trail for trail in trails.by_name.values() if home == region or trail.multi_region)


def _trail(call: Call, name: str) -> Trail:
    """By name or ARN."""
    if name.startswith("arn:") and not _ARN.fullmatch(name):
        raise AwsError("CloudTrailARNInvalidException", f"{name} is not the ARN of a trail.")
    if not name.startswith("arn:") and not (3 <= len(name) <= 128 and _NAME.fullmatch(name)):
        raise AwsError("InvalidTrailNameException", f"{name} is not a valid name of a trail.")
    for trail in _visible(call.world, call.account, call.region):
        if name in (trail.name, trail.arn):
            return trail
    text = f"Unknown trail: {name} for the user: {call.account}"
    raise AwsError("TrailNotFoundException", text)


def _at_home(call: Call, name: str) -> Trail:
    trail = _trail(call, name)
    if trail.region != call.region:
        raise AwsError("InvalidHomeRegionException", f"{trail.arn} was created in {trail.region}: call it there.")
    return trail


def _described(trail: Trail) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Name": trail.name,
        "TrailARN": trail.arn,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": trail.multi_region,
        "HomeRegion": trail.region,
        "LogFileValidationEnabled": False,
        "HasCustomEventSelectors": trail.custom,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }
    optional = {
        "S3KeyPrefix": trail.prefix, "CloudWatchLogsLogGroupArn": trail.log_group, "CloudWatchLogsRoleArn": trail.role
    }
    return {**shown, **{name: value for name, value in optional.items() if value}}


@operation("cloudtrail", "CreateTrail")
def create_trail(call: Call) -> dict[str, Any]:
    params, own = call.params, call.store(Trails).by_name
    name = params["Name"]
    if not (3 <= len(name) <= 128 and _NAME.fullmatch(name)):
        raise AwsError("InvalidTrailNameException", f"{name} is not a valid name of a trail.")
    if name in own:
        raise AwsError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {call.account}")
    if len(own) >= _MOST:
        raise AwsError("MaximumNumberOfTrailsExceededException", f"User: {call.account} already has {_MOST} trails.")
    group, role = params.get("CloudWatchLogsLogGroupArn"), params.get("CloudWatchLogsRoleArn")
    if group and logs.group_of_arn(call.world, group) is None:
        raise AwsError("InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the log group ARN.")
    if bool(group) != bool(role):
        raise AwsError("InvalidCloudWatchLogsRoleArnException", "You must specify both a log group and a role ARN.")
    made = Trail(
        call.arn("cloudtrail", f"trail/{name}"), call.account, call.region, params["S3BucketName"],
        params.get("S3KeyPrefix"), params.get("IsMultiRegionTrail", False), group, role,
    )
    own[name] = made
    shown = _described(made)
    return {key: shown[key] for key in shown if not key.startswith(("Home", "Has"))}


@operation("cloudtrail", "DeleteTrail")
def delete_trail(call: Call) -> dict[str, Any]:
    call.store(Trails).by_name.pop(_at_home(call, call.params["Name"]).name)
    return {}


@operation("cloudtrail", "DescribeTrails")
def describe_trails(call: Call) -> dict[str, Any]:
    wanted, shadows = call.params.get("trailNameList") or [], call.params.get("includeShadowTrails", True)
    return {
        "trailList": [
            _described(trail)
            for trail in _visible(call.world, call.account, call.region)
            if (not wanted or trail.name in wanted or trail.arn in wanted) and (shadows or trail.region == call.region)
        ]
    }


@operation("cloudtrail", "GetTrail")
def get_trail(call: Call) -> dict[str, Any]:
    return {"Trail": _described(_trail(call, call.params["Name"]))}


@operation("cloudtrail", "GetTrailStatus")
def get_trail_status(call: Call) -> dict[str, Any]:
    return {"IsLogging": _trail(call, call.params["Name"]).logging}


@operation("cloudtrail", "StartLogging", "StopLogging")
def switch_logging(call: Call) -> dict[str, Any]:
    _at_home(call, call.params["Name"]).logging = call.operation == "StartLogging"
    return {}


@operation("cloudtrail", "GetEventSelectors")
def get_event_selectors(call: Call) -> dict[str, Any]:
    trail = _trail(call, call.params["TrailName"])
    if trail.advanced:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.advanced}
    return {"TrailARN": trail.arn, "EventSelectors": trail.basic}


@operation("cloudtrail", "PutEventSelectors")
def put_event_selectors(call: Call) -> dict[str, Any]:
    """One kind replaces the other."""
    trail = _at_home(call, call.params["TrailName"])
    basic, advanced = call.params.get("EventSelectors") or [], call.params.get("AdvancedEventSelectors") or []
    selectors.check(basic, advanced)
    trail.basic = [{**selectors.DEFAULT[0], **selector} for selector in basic]
    trail.advanced, trail.custom = advanced, True
    return get_event_selectors(call)


def deliver(world: World, region: str, event: Event) -> None:
    """Give an event to the log groups of the trails that select it: a network activity event to the endpoint's owner,
    a management event to the caller, which has none of what the endpoint's policy denied."""
    kinds = [] if event.denied else [("Management", event.account)]
    if event.endpoint is not None:
        kinds.append(("NetworkActivity", event.endpoint.account))
    for category, account in kinds:
        made: dict[str, Any] | None = None
        for trail in _visible(world, account, region):
            if not (trail.logging and trail.log_group):
                continue
            made = made or record(event, category)
            if selectors.selects(trail.basic, trail.advanced, made):
                message = json.dumps(made, default=str)
                stream = f"{account}_CloudTrail_{trail.region}"
                logs.put(world, trail.log_group, stream, event.at, message)
