# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: the refusals, canonical ranges and descriptions that moto leaves out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import AwsError
from ..registry import Call, operation
from . import graph
from .generic import paged

_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
# Member of an IpPermission -> the name of the source in it.
_SOURCES = {
    "IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "UserIdGroupPairs": "GroupId", "PrefixListIds": "PrefixListId",
}


class Rule(NamedTuple):
    """What makes a rule the same as another one. Ports are None where the protocol has none."""

    protocol: str
    first: int | None
    last: int | None
    source: str


class Descriptions:
    """What rules are described as, by group, direction and rule."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, bool, Rule], str] = {}


def rules(group: Any, egress: bool) -> list[Rule]:
    """The rules of a group of moto's."""
    return [
        Rule(
            item.ip_protocol, item.from_port, item.to_port,
            item.cidr_ipv4 or item.cidr_ipv6 or item.source_group.get("GroupId") or item.prefix_list_id,
        )
        for item in (group.egress_rules if egress else group.ingress_rules)
    ]


def refers(group: Any, group_id: str) -> bool:
    """Whether a rule of a group names another group."""
    return any(rule.source == group_id for egress in (True, False) for rule in rules(group, egress))


def _asked(permissions: list[dict[str, Any]]) -> Iterator[tuple[Rule, dict[str, Any]]]:
    """Every rule that permissions stand for, with the part that names its source."""
    for permission in permissions:
        protocol = {"6": "tcp", "17": "udp"}.get(permission.get("IpProtocol", "-1"), permission.get("IpProtocol", "-1"))
        ports = (None, None) if protocol == "-1" else (permission.get("FromPort"), permission.get("ToPort"))
        for member, name in _SOURCES.items():
            for part in permission.get(member) or []:
                yield Rule(protocol, *ports, part.get(name, "")), part


def _canonical(part: dict[str, Any]) -> None:
    for name in ("CidrIp", "CidrIpv6"):
        if name in part:
            try:
                part[name] = str(ipaddress.ip_network(part[name], strict=False))
            except ValueError as error:
                raise AwsError("InvalidParameterValue", f"CIDR block {part[name]} is malformed") from error


def _check_part(call: Call, group: Any, part: dict[str, Any]) -> None:
    if not _DESCRIPTION.fullmatch(part.get("Description", "")):
        text = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following"
        raise AwsError("InvalidParameterValue", f"{text} set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*")
    backend = graph.backend(call.account, call.region)
    prefix_list = part.get("PrefixListId")
    if prefix_list and prefix_list not in backend.managed_prefix_lists:
        raise AwsError("InvalidPrefixListId.NotFound", f"The prefix list ID '{prefix_list}' does not exist")
    if "GroupId" in part:
        other = graph.group(call.account, call.region, part["GroupId"])
        if other is None:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{part['GroupId']}' does not exist")
        if other.vpc_id != group.vpc_id and not _peered(backend, {other.vpc_id, group.vpc_id}):
            text = "You have specified two resources that belong to different networks."
            raise AwsError("InvalidGroup.NotFound", text)


def _peered(backend: Any, vpcs: set[str]) -> bool:
    return any(
        {found.vpc.id, found.peer_vpc.id} == vpcs and found._status.code == "active"
        for found in backend.vpc_pcxs.values()
    )


@operation("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(call: Call) -> dict[str, Any]:
    """All of the rules, or none: moto would have made those before the one that it refuses."""
    egress = call.operation.endswith("Egress")
    group_id, permissions = call.params.get("GroupId"), call.params.get("IpPermissions") or []
    group = graph.group(call.account, call.region, group_id) if group_id else None
    if group_id and group is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    if group is None or not permissions:
        return call.by_moto()
    for _rule, part in _asked(permissions):
        _canonical(part)
        _check_part(call, group, part)
    have, asked = rules(group, egress), list(_asked(permissions))
    for number, (rule, _part) in enumerate(asked):
        if rule in [earlier for earlier, _other in asked[:number]]:
            raise AwsError("InvalidParameterValue", "The same permission must not appear multiple times")
        if rule in have:
            ports = f"from port: {rule.first}, to port: {rule.last}"
            text = f'the specified rule "peer: {rule.source}, {rule.protocol.upper()}, {ports}, ALLOW" already exists'
            raise AwsError("InvalidPermission.Duplicate", text)
    # moto would take a description for a part of the rule.
    texts = [part.pop("Description", "") for _rule, part in asked]
    result = call.by_moto()
    known = call.store(Descriptions).of
    for (rule, _part), text in zip(asked, texts):
        known.pop((str(group_id), egress, rule), None)
        if text:
            known[str(group_id), egress, rule] = text
    for shown in result.get("SecurityGroupRules", []):
        _described(shown, known.get(_key(shown)))
    return result


@operation("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
def revoke(call: Call) -> dict[str, Any]:
    for _rule, part in _asked(call.params.get("IpPermissions") or []):
        _canonical(part)
        part.pop("Description", None)
    return call.by_moto()


@operation("ec2", "DescribeSecurityGroups")
def describe_groups(call: Call) -> dict[str, Any]:
    result = paged(call)
    known = call.store(Descriptions).of
    for group in result["SecurityGroups"]:
        for member, egress in (("IpPermissions", False), ("IpPermissionsEgress", True)):
            for rule, part in _asked(group[member]):
                _described(part, known.get((group["GroupId"], egress, rule)))
    return result


@operation("ec2", "DescribeSecurityGroupRules")
def describe_rules(call: Call) -> dict[str, Any]:
    result = paged(call)
    known = call.store(Descriptions).of
    for shown in result["SecurityGroupRules"]:
        _described(shown, known.get(_key(shown)))
    return result


def _key(shown: dict[str, Any]) -> tuple[str, bool, Rule]:
    """What a rule is described under, from the rule as AWS shows it."""
    source = next((shown[name] for name in ("CidrIpv4", "CidrIpv6", "PrefixListId") if name in shown), None)
    source = source or shown.get("ReferencedGroupInfo", {}).get("GroupId", "")
    everything = shown["IpProtocol"] == "-1"
    first, last = (None, None) if everything else (shown["FromPort"], shown["ToPort"])
    return shown["GroupId"], shown["IsEgress"], Rule(shown["IpProtocol"], first, last, source)


def _described(part: dict[str, Any], text: str | None) -> None:
    part.pop("Description", None)
    if text:
        part["Description"] = text
