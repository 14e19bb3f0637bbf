# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager's managed nodes: seeded through the control API, Online when their agent gets through.

A node without internet access gets through when its VPC has available endpoints with private DNS for what its version
of SSM Agent talks to, and when the security groups on both sides let it. One that never got through is not listed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from .ec2 import graph
from .ec2.endpoint_state import Endpoint, Endpoints
from .ec2.query import page
from .ec2.security_groups import rules
from .errors import AwsError, ClientFault
from .registry import Call, operation
from .world import World

# From this version on SSM Agent does without ec2messages.
_ONE_CHANNEL = (3, 3, 40, 0)
_DEFAULT_PAGE = 10


@dataclass
class Node:
    """A node, and where it is. ping_status: what AWS says whatever the network is like."""

    id: str
    account: str
    region: str
    subnet_id: str = ""
    ip_address: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    agent_version: str = "3.3.987.0"
    platform: str = "Linux"
    ping_status: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    last_ping: datetime | None = None


class Nodes:
    """Nodes of one account and region, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Node] = {}


def seed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """Make a node, change one (`id`), or forget one (`forget`). One that is an EC2 instance is where that is."""
    document = dict(document)
    account = document.pop("account", world.settings.account)
    region = document.pop("region", world.settings.region)
    nodes = world.store(Nodes, account, region).by_id
    if "forget" in document:
        nodes.pop(document["forget"], None)
        return {}
    unknown = set(document) - {item.name for item in fields(Node)}
    if unknown or "id" not in document:
        raise ClientFault(f"a node needs an id; unknown members: {', '.join(sorted(unknown)) or 'none'}")
    node = nodes.setdefault(document["id"], Node(document["id"], account, region))
    instance = graph.instance(account, region, node.id)
    if instance is not None:
        (interface,) = instance.nics.values()
        node.subnet_id, node.ip_address = interface.subnet.id, interface.private_ip_address
        node.security_group_ids = [group.id for group in interface.group_set]
    for name, value in document.items():
        setattr(node, name, value)
    if node.subnet_id and not node.ip_address:
        node.ip_address = graph.free_address(account, region, node.subnet_id)
    return {"id": node.id}


def _status(world: World, node: Node) -> str | None:
    """Online, ConnectionLost, or None for a node that AWS does not know."""
    if node.ping_status is None and node.subnet_id:
        status = "Online" if _gets_through(world, node) else "ConnectionLost"
    else:
        status = node.ping_status or "Online"
    known = node.last_ping is not None or node.ping_status is not None
    if status == "Online" or (known and node.last_ping is None):
        node.last_ping = world.clock.datetime()
    return status if node.last_ping is not None else None


def _gets_through(world: World, node: Node) -> bool:
    subnet = graph.subnet(node.account, node.region, node.subnet_id)
    instance = graph.instance(node.account, node.region, node.id)
    if subnet is None or (instance is not None and instance.state != "running"):
        return False
    version = tuple(int(part) for part in node.agent_version.split("."))
    codes = ("ssm", "ssmmessages" if version >= _ONE_CHANNEL else "ec2messages")
    here = [
        found
        for found in world.store(Endpoints, node.account, node.region).by_id.values()
        if found.vpc_id == subnet.vpc_id and found.state == "available" and found.private_dns
    ]
    return all(
        any(found.service_name.rpartition(".")[2] == code and _admitted(node, found) for found in here)
        for code in codes
    )


def _admitted(node: Node, endpoint: Endpoint) -> bool:
    own = endpoint.interfaces.values()
    interfaces = [found for found in graph.interfaces(node.account, node.region) if found.id in own]
    out = any(
        _lets(node, node.security_group_ids, True, found.private_ip_address, endpoint.groups) for found in interfaces
    )
    return (out or not node.security_group_ids) and _lets(
        node, endpoint.groups, False, node.ip_address, node.security_group_ids
    )


def _lets(node: Node, groups: list[str], egress: bool, address: str, others: list[str]) -> bool:
    """Whether a rule of GROUPS lets HTTPS to or from an address, or a member of OTHERS."""
    found = [graph.group(node.account, node.region, group_id) for group_id in groups]
    for rule in (rule for group in found if group is not None for rule in rules(group, egress)):
        fits = rule.protocol == "-1" or (rule.protocol == "tcp" and (rule.first or 0) <= 443 <= (rule.last or 0))
        if fits and (rule.source in others or _holds(rule.source, address)):
            return True
    return False


def _holds(block: str, address: str) -> bool:
    return "." in block and ipaddress.ip_address(address) in ipaddress.ip_network(block)


def _shown(node: Node, status: str) -> dict[str, Any]:
    hybrid = node.id.startswith("mi-")
    return {
        "InstanceId": node.id,
        "PingStatus": status,
        "LastPingDateTime": node.last_ping,
        "AgentVersion": node.agent_version,
        "IsLatestVersion": False,
        "PlatformType": node.platform,
        "ResourceType": "ManagedInstance" if hybrid else "EC2Instance",
        "IPAddress": node.ip_address,
        "SourceId": node.id,
        "SourceType": "AWS::SSM::ManagedInstance" if hybrid else "AWS::EC2::Instance",
    }


_FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "PlatformType": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
}


def _fits(node: Node, shown: dict[str, Any], key: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        return any(fnmatchcase(node.tags.get(key[4:], ""), value) for value in values if key[4:] in node.tags)
    if key == "tag-key":
        return any(value in node.tags for value in values)
    if key not in _FILTERS:
        raise AwsError("InvalidInstanceInformationFilterValue", f"The filter {key} is not valid.")
    if key == "InstanceIds" and any(not value.startswith(("i-", "mi-")) for value in values):
        raise AwsError("InvalidInstanceId", "An instance ID is not valid.")
    return shown[_FILTERS[key]] in values


@operation("ssm", "DescribeInstanceInformation")
def describe(call: Call) -> dict[str, Any]:
    wanted = [(item["Key"], item["Values"]) for item in call.params.get("Filters") or []]
    wanted += [(item["key"], item["valueSet"]) for item in call.params.get("InstanceInformationFilterList") or []]
    found = []
    for node in call.store(Nodes).by_id.values():
        status = _status(call.world, node)
        if status is not None:
            shown = _shown(node, status)
            if all(_fits(node, shown, key, values) for key, values in wanted):
                found.append(shown)
    call.params.setdefault("MaxResults", _DEFAULT_PAGE)
    return page(call, {"InstanceInformationList": found}, "InstanceInformationList")


@operation("ssm", "*")
def not_emulated(call: Call) -> dict[str, Any]:
    raise AwsError("UnknownOperationException", f"The emulator does not answer {call.operation}.")
