# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which endpoints Systems Manager needs in a VPC (R175-R184), and which of those that are there stand for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import ENDING, GATEWAY, INTERFACE
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import (
    find_service,
    short_name,
)

Params = Mapping[str, Any]
View = dict[str, Any]

# Service -> the requirement that it stands for, and the option that asks for it.
SERVICES: Mapping[str, tuple[str, str]] = {
    "ssm": ("R176", "vpc_id"),
    "ssmmessages": ("R182", "vpc_id"),
    "ec2messages": ("R177", "ec2messages"),
    "ec2": ("R179", "vss_snapshots"),
    "kms": ("R183", "session_encryption"),
    "logs": ("R184", "cloudwatch_logs"),
    "s3": ("R180", "s3"),
}
_OPTIONAL = ("vss_snapshots", "session_encryption", "cloudwatch_logs")


@dataclass(frozen=True)
class Member:
    """One endpoint of the set. label: what it is called in results and in its Name tag. service: AWS's entry."""

    code: str
    kind: str
    service: View

    @property
    def label(self) -> str:
        return label(self.code, self.kind)


def label(code: str, kind: str) -> str:
    """A VPC can have both kinds for S3."""
    return f"{code}-gateway" if kind == GATEWAY else code


def name_tag(params: Params, found: str) -> str:
    """The Name tag of an endpoint that this module makes, by which it knows its own."""
    return f"{params['name']}-{found}"


def asked(
    params: Params, offered: bool, old_agents: Sequence[View], existing: Collection[str]
) -> list[tuple[str, str]]:
    """Service and kind of each endpoint that the options ask for.

    offered, old_agents, existing: whether the Region has ec2messages, which nodes still talk to it, and what the VPC
    has. SSM Agent does without ec2messages from 3.3.40.0 on (R178), and Regions since 2024 lack it (N15).
    """
    found = [("ssm", INTERFACE), ("ssmmessages", INTERFACE)]
    wanted = params["ec2messages"]
    if wanted == "always" or (wanted == "auto" and offered and (old_agents or "ec2messages" in existing)):
        found.append(("ec2messages", INTERFACE))
    found += [(code, INTERFACE) for code, (dummy, option) in SERVICES.items() if option in _OPTIONAL and params[option]]
    if params["s3"] in ("gateway", "both"):
        found.append(("s3", GATEWAY))
    if params["s3"] in ("interface", "both"):
        found.append(("s3", INTERFACE))
    return found


def members(params: Params, current: Mapping[str, Any]) -> tuple[list[Member], list[Unmet]]:
    """The set, and what the Region lacks for it."""
    region, services = current["region"], current["services"]
    offered = find_service(services, region, "ec2messages") is not None
    existing = [short_name(item["service_name"], region) for item in current["endpoints"]]
    found, problems = [], []
    for code, kind in asked(params, offered, current["old_agents"], existing):
        service = find_service(services, region, code, kind)
        if service is None:
            problems.append(_not_offered(params, region, code, kind))
        else:
            found.append(Member(code, kind, service))
    if offered and not current["agents_known"] and "ec2messages" not in existing:
        text = "auto, but this identity may not list the managed nodes, so old agents are not known"
        fix = "Grant ssm:DescribeInstanceInformation, or set ec2messages to always or never."
        problems.append(unmet("R178", "ec2messages", text, fix, blocking=False))
    if current["old_agents"] and params["ec2messages"] == "auto" and not offered:
        problems.append(_old_agents(region, current["old_agents"]))
    return found, problems


def _not_offered(params: Params, region: str, code: str, kind: str) -> Unmet:
    number, option = SERVICES[code]
    if code in ("ssm", "ssmmessages"):
        fix = "Use a Region that Systems Manager supports."
        return unmet("R175", "region", f"{region}, where AWS lists no endpoint service {code}", fix)
    text = f"{params[option]}, but AWS lists no {kind.lower()} endpoint service {code} in {region}"
    if code == "ec2messages":
        fix = "Set ec2messages: auto, and update SSM Agent to 3.3.40.0 or later, which does without."
        return unmet("N15", option, text, fix)
    return unmet(number, option, text, f"Set {option} to {'none' if option == 's3' else 'false'}.")


def _old_agents(region: str, nodes: Sequence[View]) -> Unmet:
    text = f"SSM Agent older than 3.3.40.0 on {listing([item['instance_id'] for item in nodes])}, and no ec2messages"
    return unmet("R178", "ec2messages", f"{text} in {region}", "Update SSM Agent on these nodes.", blocking=False)


def candidates(member: Member, endpoints: Sequence[View]) -> list[View]:
    """The endpoints of the VPC that could stand for a member."""
    return [
        item
        for item in endpoints
        if item["service_name"] == member.service["service_name"]
        and item["vpc_endpoint_type"] == member.kind
        and item["state"] not in ENDING
    ]


def is_ours(params: Params, endpoint: Mapping[str, Any], region: str) -> bool:
    """Whether this module made an endpoint, under the same name."""
    code = short_name(endpoint["service_name"], region)
    return code in SERVICES and bool(
        endpoint["tags"].get("Name") == name_tag(params, label(code, endpoint["vpc_endpoint_type"]))
    )


def pick(
    params: Params, member: Member, current: Mapping[str, Any], tables: Sequence[str]
) -> tuple[View | None, list[Unmet]]:
    """The endpoint that stands for a member: our own, or else the only one, or else the one that is in use - with
    private DNS on, or with most of the route TABLES."""
    found = candidates(member, current["endpoints"])
    own = [item for item in found if is_ours(params, item, current["region"])]
    found = own or found
    if len(found) > 1 and member.kind == INTERFACE:
        found = [item for item in found if item["private_dns_enabled"]] or found
    if len(found) > 1 and member.kind == GATEWAY:
        found = [max(found, key=lambda item: len(set(item["route_table_ids"]).intersection(tables)))]
    if len(found) <= 1:
        return (found[0] if found else None), []
    number, option = SERVICES[member.code]
    text = f"{len(found)} endpoints of {member.code} in the VPC: {listing([item['vpc_endpoint_id'] for item in found])}"
    fix = f"Give the one to use the Name tag {name_tag(params, member.label)}, or delete the others."
    return None, [unmet(number, option, text, fix)]
