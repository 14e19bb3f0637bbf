# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, target groups, listeners and targets, and how to find them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import AwsError
from ..registry import Call

# Names of load balancers and target groups.
NAME = re.compile(r"^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$")


@dataclass
class LoadBalancer:
    """A Network Load Balancer."""

    arn: str
    name: str
    suffix: str
    scheme: str
    vpc_id: str
    # Subnet id -> the private address that was asked for, if any.
    subnets: dict[str, str | None]
    security_groups: list[str]
    ip_address_type: str
    created: datetime
    asked: dict[str, Any]
    state: str = "provisioning"
    enforce_inbound: str = "on"
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    # Subnet id -> id of the interface there.
    interfaces: dict[str, str] = field(default_factory=dict)


@dataclass
class Target:
    """One registered (Id, Port)."""

    id: str
    port: int
    zone: str | None
    registered: float
    draining_until: float | None = None
    # The first checks come when the target group is in use.
    checked_from: float | None = None


@dataclass
class TargetGroup:
    """A target group with its health check and targets."""

    arn: str
    name: str
    protocol: str
    port: int
    vpc_id: str
    target_type: str
    ip_address_type: str
    check: dict[str, Any]
    asked: dict[str, Any]
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[tuple[str, int], Target] = field(default_factory=dict)


@dataclass
class Listener:
    """A listener that forwards to one target group."""

    arn: str
    load_balancer_arn: str
    protocol: str
    port: int
    actions: list[dict[str, Any]]
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def target_group_arns(self) -> list[str]:
        found = [action["TargetGroupArn"] for action in self.actions if action.get("TargetGroupArn")]
        for action in self.actions:
            found += [entry["TargetGroupArn"] for entry in action.get("ForwardConfig", {}).get("TargetGroups", [])]
        return list(dict.fromkeys(found))


class Elb:
    """Everything of one account and region, by ARN."""

    def __init__(self) -> None:
        self.load_balancers: dict[str, LoadBalancer] = {}
        self.target_groups: dict[str, TargetGroup] = {}
        self.listeners: dict[str, Listener] = {}

    def listeners_of(self, arn: str) -> list[Listener]:
        return [listener for listener in self.listeners.values() if listener.load_balancer_arn == arn]

    def load_balancers_of(self, group_arn: str) -> list[str]:
        found = [item.load_balancer_arn for item in self.listeners.values() if group_arn in item.target_group_arns]
        return list(dict.fromkeys(found))

    def tagged(self, arn: str) -> LoadBalancer | TargetGroup | Listener:
        found = self.load_balancers.get(arn) or self.target_groups.get(arn) or self.listeners.get(arn)
        if found is not None:
            return found
        kind = "TargetGroup" if ":targetgroup/" in arn else "Listener" if ":listener/" in arn else "LoadBalancer"
        raise AwsError(f"{kind}NotFound", f"{kind} '{arn}' not found")


def elb(call: Call) -> Elb:
    return call.store(Elb)


def load_balancer(call: Call, arn: str) -> LoadBalancer:
    found = elb(call).load_balancers.get(arn)
    if found is None:
        if not arn.startswith("arn:"):
            raise AwsError("ValidationError", f"'{arn}' is not a valid load balancer ARN")
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found


def target_group(call: Call, arn: str) -> TargetGroup:
    found = elb(call).target_groups.get(arn)
    if found is None:
        if not arn.startswith("arn:"):
            raise AwsError("ValidationError", f"'{arn}' is not a valid target group ARN")
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    return found


def listener(call: Call, arn: str) -> Listener:
    found = elb(call).listeners.get(arn)
    if found is None:
        raise AwsError("ListenerNotFound", f"Listener '{arn}' not found")
    return found


def read_tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags or []:
        if tag["Key"] in found:
            raise AwsError("DuplicateTagKeys", f"Tag key '{tag['Key']}' is specified more than once")
        if tag["Key"].startswith("aws:"):
            raise AwsError("ValidationError", "Tag keys starting with 'aws:' are reserved for system use")
        found[tag["Key"]] = tag.get("Value", "")
    if len(found) > 50:
        raise AwsError("TooManyTags", "The maximum number of tags is 50")
    return found


def read_name(name: str, kind: str) -> str:
    if not NAME.match(name):
        rule = "alphanumeric characters and hyphens, no more than 32 of them, not starting or ending with a hyphen"
        raise AwsError("ValidationError", f"The {kind} name '{name}' is not valid: it must consist of {rule}")
    return name


def page(call: Call, items: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """One page of a list, in the manner of Marker and PageSize."""
    marker, size = call.params.get("Marker"), call.params.get("PageSize") or 400
    start = 0
    if marker:
        try:
            start = int(base64.b64decode(marker, validate=True).decode())
        except ValueError as error:
            raise AwsError("ValidationError", "The marker is not valid") from error
    result: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        result["NextMarker"] = base64.b64encode(str(start + size).encode()).decode()
    return result
