# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The security group of an endpoint: made or adopted by its name, open on 443 to the endpoint's clients."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    list_after,
    missing,
    plain_tags,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.resources.tagging import tag_steps

View = dict[str, Any]

KIND = "security group"
PORT = 443
_ALL = "-1"
_PORTS = re.compile(r"(-?\d+)-(-?\d+)")
# Kind of source in a rule -> where EC2 has it, and under which name.
_SOURCES: Mapping[str, tuple[str, str]] = {
    "ipv4": ("IpRanges", "CidrIp"),
    "ipv6": ("Ipv6Ranges", "CidrIpv6"),
    "group": ("UserIdGroupPairs", "GroupId"),
    "prefix list": ("PrefixListIds", "PrefixListId"),
}


@dataclass(frozen=True)
class WantedGroup:
    """A security group that lets clients in. cidrs and group_ids: who they are. purge: whether other rules go."""

    name: str
    vpc_id: str
    description: str
    cidrs: Sequence[str] = ()
    group_ids: Sequence[str] = ()
    purge: bool = True
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True


def normalise(raw: Mapping[str, Any]) -> View:
    """A group of DescribeSecurityGroups. rules: its inbound rules, one per source."""
    return {
        "group_id": raw["GroupId"],
        "group_name": raw["GroupName"],
        "vpc_id": raw.get("VpcId"),
        "description": raw.get("Description", ""),
        "rules": _sorted(rule for item in raw.get("IpPermissions", []) for rule in _rules(item)),
        "tags": plain_tags(raw.get("Tags")),
    }


def _rules(raw: Mapping[str, Any]) -> list[str]:
    """Rules as text, "tcp 443-443 ipv4 10.0.0.0/16": easy to compare, and to read in a diff."""
    ports = "all" if raw["IpProtocol"] == _ALL else f"{raw.get('FromPort', -1)}-{raw.get('ToPort', -1)}"
    return [
        f"{raw['IpProtocol']} {ports} {kind} {item[name]}"
        for kind, (key, name) in _SOURCES.items()
        for item in raw.get(key, [])
    ]


def _sorted(rules: Iterable[str]) -> list[str]:
    return sorted(set(rules))


def cidr_rule(cidr: str) -> str:
    """The rule that lets a range in, spelled as AWS does."""
    if is_pending(cidr):
        return f"tcp {PORT}-{PORT} ipv4 {cidr}"
    network = ipaddress.ip_network(cidr, strict=False)
    return f"tcp {PORT}-{PORT} ipv{network.version} {network}"


def group_rule(group_id: str) -> str:
    """The rule that lets the members of a security group in."""
    return f"tcp {PORT}-{PORT} group {group_id}"


@dataclass(frozen=True)
class Admitted:
    """Who reaches port 443: ranges, and security groups and prefix lists, whose members are not known here."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    others: tuple[str, ...]

    def covers(self, cidr: str) -> bool:
        """Whether every address of a range is let in by range."""
        wanted = ipaddress.ip_network(cidr, strict=False)
        same: list[Any] = [item for item in self.networks if item.version == wanted.version]
        found: Iterable[Any] = ipaddress.collapse_addresses(same)
        return any(item.supernet_of(wanted) for item in found)


def admitted(groups: Iterable[View]) -> Admitted:
    """Who reaches port 443 through any of GROUPS."""
    networks, others = [], []
    for text in (text for group in groups for text in group["rules"]):
        protocol, ports, kind, source = _parts(text)
        if not _reaches(protocol, ports):
            continue
        if kind in ("ipv4", "ipv6"):
            networks.append(ipaddress.ip_network(source, strict=False))
        else:
            others.append(source)
    return Admitted(tuple(networks), tuple(dict.fromkeys(others)))


def _parts(text: str) -> tuple[str, str, str, str]:
    protocol, ports, rest = text.split(" ", 2)
    kind = next(item for item in _SOURCES if rest.startswith(item + " "))
    return protocol, ports, kind, rest[len(kind) + 1:]


def _reaches(protocol: str, ports: str) -> bool:
    if protocol == _ALL:
        return True
    first, last = _range(ports)
    return protocol in ("tcp", "6") and first <= PORT <= last


def _range(ports: str) -> tuple[int, int]:
    """The first and last port of a rule; ICMP has types and codes there, and -1 for all of them."""
    found = _PORTS.fullmatch(ports)
    return (int(found.group(1)), int(found.group(2))) if found else (-1, -1)


def find(name: str, groups: Iterable[View]) -> View | None:
    """The group of a name: AWS lets a VPC have one only."""
    return next((item for item in groups if item["group_name"] == name), None)


def after(want: WantedGroup, before: View | None) -> View:
    """The group that WANT leads to."""
    base = before or {
        "group_id": placeholder("security_group", want.name, "group_id"),
        "group_name": want.name,
        "vpc_id": want.vpc_id,
        "description": want.description,
        "rules": [],
        "tags": {},
    }
    wanted = [*(cidr_rule(item) for item in want.cidrs), *(group_rule(item) for item in want.group_ids)]
    return {
        **base,
        "rules": list_after(base["rules"], wanted, want.purge),
        "tags": tags_after(base["tags"], want.tags, want.purge_tags),
    }


def plan_present(want: WantedGroup, before: View | None) -> tuple[Change, View]:
    """The group made, or its rules and tags changed; what is new is let in before others are shut out."""
    wanted = after(want, before)
    group_id, what = wanted["group_id"], f"{KIND} {want.name}"
    steps: list[Step] = []
    if before is None:
        arguments: dict[str, Any] = {
            "GroupName": want.name, "Description": want.description, "VpcId": want.vpc_id,
        }
        if wanted["tags"]:
            arguments["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": aws_tags(wanted["tags"])}]
        steps.append(Step("create_group", arguments, {group_id: "GroupId"}, say=f"create {what}"))
    have = before["rules"] if before else []
    new, surplus = missing(wanted["rules"], have), missing(have, wanted["rules"])
    if new:
        arguments = {"GroupId": group_id, "IpPermissions": _permissions(new)}
        steps.append(Step("authorize_group", arguments, say=f"let clients into {what}"))
    if surplus:
        arguments = {"GroupId": group_id, "IpPermissions": _permissions(surplus)}
        steps.append(Step("ec2.revoke_security_group_ingress", arguments, say=f"take rules off {what}"))
    if before:
        steps += tag_steps(before["tags"], want.tags, want.purge_tags, group_id, what)
    return Change(KIND, want.name, _shown(before) if before else None, _shown(wanted), tuple(steps), group_id), wanted


def referring(group_id: str, groups: Iterable[Mapping[str, Any]]) -> list[str]:
    """The other groups, as AWS tells of them, whose rules name a group: AWS does not delete it before they are gone."""
    return sorted(
        item["GroupId"]
        for item in groups
        if item["GroupId"] != group_id
        and any(
            pair.get("GroupId") == group_id
            for permission in (*item.get("IpPermissions", []), *item.get("IpPermissionsEgress", []))
            for pair in permission.get("UserIdGroupPairs", [])
        )
    )


def plan_absent(name: str, before: View | None, needs: Sequence[Wait] = ()) -> Change:
    """The group deleted, after what used it is gone (NEEDS)."""
    if before is None:
        return Change(KIND, name, None, None)
    step = Step(
        "ec2.delete_security_group", {"GroupId": before["group_id"]}, needs=tuple(needs),
        retry=("DependencyViolation",), say=f"delete {KIND} {name}", stage=1,
    )
    return Change(KIND, name, _shown(before), None, (step,), before["group_id"])


def kept(name: str, view: View) -> Change:
    """A group that stays as it is."""
    return Change(KIND, name, _shown(view), _shown(view), id=view["group_id"], adopted=True)


def _permissions(rules: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for text in rules:
        protocol, ports, kind, source = _parts(text)
        key, name = _SOURCES[kind]
        item: dict[str, Any] = {"IpProtocol": protocol, key: [{name: source}]}
        if protocol != _ALL:
            item["FromPort"], item["ToPort"] = _range(ports)
        found.append(item)
    return found


def _shown(view: View) -> View:
    return {key: view[key] for key in ("group_id", "group_name", "rules", "tags")}
