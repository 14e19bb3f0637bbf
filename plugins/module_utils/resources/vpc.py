# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 1: a VPC and its private subnets, made or adopted (R1-R4, R16-R25)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    listing,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder, sibling
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    WAITING,
    Change,
    Plan,
    Step,
    Verdict,
    Wait,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.tagging import tag_steps
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_checks import (
    DEFAULT_CIDR,
    SMALLEST,
    check,
    identity_problems,
    misplaced,
    state_problems,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_view import (
    chosen_subnets,
    managed,
    normalise,
    place,
)

# AWS's console makes /20 private subnets in a /16.
_STEP = 4

# What AWS changes by itself is no part of a diff.
_VOLATILE = ("available_ip_address_count", "cidr_blocks", "private", "state")

Params = Mapping[str, Any]
View = dict[str, Any]


def _shown(view: Mapping[str, Any]) -> View:
    return {key: value for key, value in view.items() if key not in _VOLATILE}


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the VPC and its subnets as PARAMS want them."""
    if params["state"] == "absent":
        return _plan_absent(params, current)
    problems = identity_problems(params, current)
    if problems:
        return Plan((), current, tuple(problems))
    vpc_change, vpc = _plan_vpc(params, current["vpc"])
    subnets, subnet_changes, problems = _plan_subnets(params, current, vpc)
    after = {**current, "vpc": vpc, "matches": [vpc["vpc_id"]], "subnets": sorted(subnets, key=place)}
    chosen = chosen_subnets(params, after)
    if not problems:
        problems = state_problems(params, vpc, chosen)
    return Plan((vpc_change, *subnet_changes), after, tuple(problems), _settle(vpc_change, vpc))


def _settle(change: Change, vpc: Mapping[str, Any]) -> tuple[Wait, ...]:
    if vpc["state"] == "available" and change.action != "create":
        return ()
    return (Wait(f"VPC {change.name}", "ec2.describe_vpcs", {"VpcIds": [vpc["vpc_id"]]}, judge, "a few seconds"),)


def judge(raw: Mapping[str, Any]) -> Verdict:
    """Whether a VPC is available."""
    state = raw["Vpcs"][0].get("State", "pending")
    return Verdict(DONE if state == "available" else WAITING, state)


def _plan_vpc(params: Params, before: View | None) -> tuple[Change, View]:
    name = params["name"] or params["vpc_id"]
    pinned = bool(params["vpc_id"])
    if before is None:
        if pinned:
            return _adopt_unknown_vpc(params, name)
        vpc_id = placeholder("vpc", name, "vpc_id")
        cidr = params["cidr_block"] or DEFAULT_CIDR
        wanted = _wanted_tags(params, name)
        after = {
            "vpc_id": vpc_id, "cidr_block": cidr, "cidr_blocks": [cidr], "state": "available",
            "enable_dns_support": True, "enable_dns_hostnames": True, "tags": wanted or {},
        }
        steps: tuple[Step, ...] = (
            Step(
                "ec2.create_vpc",
                {
                    "CidrBlock": cidr,
                    "TagSpecifications": [{"ResourceType": "vpc", "Tags": aws_tags(wanted or {})}],
                },
                {vpc_id: "Vpc.VpcId"},
                retry=("RequestLimitExceeded",),
                say=f"create VPC {name}",
            ),
            _dns_step(vpc_id, name, "EnableDnsHostnames"),
        )
        return Change("VPC", name, None, _shown(after), steps, vpc_id), after
    # A VPC that is pinned by id keeps its own Name.
    wanted = _wanted_tags(params, before["tags"].get("Name") if pinned else name, pinned)
    # R25 before R24: AWS enables host names only where resolution is on.
    options = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}
    steps = tuple(_dns_step(before["vpc_id"], name, api) for key, api in options.items() if not before[key])
    steps += tag_steps(before["tags"], wanted, _purge(params), before["vpc_id"], f"VPC {name}")
    after = {**before, **dict.fromkeys(options, True), "tags": tags_after(before["tags"], wanted, _purge(params))}
    return Change("VPC", name, _shown(before), _shown(after), steps, before["vpc_id"], pinned), after


def _adopt_unknown_vpc(params: Params, name: str) -> tuple[Change, View]:
    """A VPC that another task of this play would make."""
    after = {
        "vpc_id": params["vpc_id"], "cidr_block": sibling(params["vpc_id"], "cidr_block"), "cidr_blocks": [],
        "state": "available", "enable_dns_support": True, "enable_dns_hostnames": True,
        "tags": params["tags"] or {},
    }
    return Change("VPC", name, _shown(after), _shown(after), id=params["vpc_id"], adopted=True), after


def _dns_step(vpc_id: str, name: str, attribute: str) -> Step:
    arguments = {"VpcId": vpc_id, attribute: {"Value": True}}
    return Step("ec2.modify_vpc_attribute", arguments, say=f"set {attribute} of VPC {name}")


def _wanted_tags(params: Params, name: str | None, pinned: bool = False) -> dict[str, str] | None:
    named = {"Name": name} if name else {}
    if params["tags"] is None:
        return None if pinned else named
    return {**named, **params["tags"]} if pinned else {**params["tags"], **named}


def _purge(params: Params) -> bool:
    return bool(params["purge_tags"]) and params["tags"] is not None


def _plan_subnets(
    params: Params, current: Mapping[str, Any], vpc: View
) -> tuple[list[View], list[Change], list[Unmet]]:
    if params["subnet_ids"]:
        return _adopt_subnets(params, current)
    have = _managed_by_zone(params, current)
    zones = _zones(params, current, have)
    if len(zones) < _count(params):
        return [], [], [unmet("R21", "availability_zones", listing(zones) or "none", "Name two or more zones.")]
    given = dict(zip(zones, params["subnet_cidrs"] or []))
    new = [cidr for zone, cidr in given.items() if zone not in have]
    problems = misplaced(new, vpc["cidr_blocks"], current["subnets"])
    known = [subnet["cidr_block"] for subnet in current["subnets"] if subnet["cidr_block"]] + new
    taken = [ipaddress.IPv4Network(cidr) for cidr in known if not is_pending(cidr)]
    subnets: list[View] = list(current["subnets"])
    changes: list[Change] = []
    for zone in zones:
        before = have.get(zone)
        if before:
            if given.get(zone, before["cidr_block"]) != before["cidr_block"]:
                found = f"{before['cidr_block']} in {zone}"
                problems.append(unmet("R23", "subnet_cidrs", found, f"{given[zone]} needs a new subnet."))
            changes.append(_update_subnet(params, before, subnets))
            continue
        cidr = given.get(zone) or _free_range(vpc, zone, taken)
        if cidr is None:
            option = "vpc_id" if params["vpc_id"] else "cidr_block"
            text = listing(vpc["cidr_blocks"])
            problems.append(unmet("R3", option, text, f"There is no room for a subnet in {zone}."))
            continue
        if not is_pending(cidr):
            taken.append(ipaddress.IPv4Network(cidr))
        changes.append(_create_subnet(params, zone, cidr, vpc["vpc_id"], subnets))
    return subnets, changes, problems


def _managed_by_zone(params: Params, view: Mapping[str, Any]) -> dict[str, View]:
    return {subnet["availability_zone"]: subnet for subnet in view["subnets"] if managed(params, subnet)}


def _count(params: Params) -> int:
    return max(2, len(params["subnet_cidrs"] or ()))


def _zones(params: Params, current: Mapping[str, Any], have: Mapping[str, View]) -> list[str]:
    """The zones to have a subnet in: as named, or those of the subnets that are there and the Region's next."""
    if params["availability_zones"]:
        return list(dict.fromkeys(params["availability_zones"]))
    spare = [zone for zone in current["zones"] if zone not in have]
    return sorted([*have, *spare[: max(0, _count(params) - len(have))]])


def _update_subnet(params: Params, before: View, subnets: list[View]) -> Change:
    name = before["tags"]["Name"]
    wanted = _wanted_tags(params, name)
    after = {**before, "tags": tags_after(before["tags"], wanted, _purge(params))}
    subnets[subnets.index(before)] = after
    steps = tag_steps(before["tags"], wanted, _purge(params), before["subnet_id"], f"subnet {name}")
    return Change("subnet", name, _shown(before), _shown(after), steps, before["subnet_id"])


def _create_subnet(params: Params, zone: str, cidr: str, vpc_id: str, subnets: list[View]) -> Change:
    name = f"{params['name']}-{zone}"
    subnet_id = placeholder("subnet", name, "subnet_id")
    tags = _wanted_tags(params, name) or {}
    after = {
        "subnet_id": subnet_id, "cidr_block": cidr, "availability_zone": zone,
        # AWS keeps five addresses of each subnet.
        "available_ip_address_count": None if is_pending(cidr) else ipaddress.IPv4Network(cidr).num_addresses - 5,
        "private": True, "tags": tags,
    }
    subnets.append(after)
    arguments = {
        "VpcId": vpc_id, "CidrBlock": cidr, "AvailabilityZone": zone,
        "TagSpecifications": [{"ResourceType": "subnet", "Tags": aws_tags(tags)}],
    }
    step = Step("ec2.create_subnet", arguments, {subnet_id: "Subnet.SubnetId"}, say=f"create subnet {name}")
    return Change("subnet", name, None, _shown(after), (step,), subnet_id)


def _free_range(vpc: View, zone: str, taken: Sequence[ipaddress.IPv4Network]) -> str | None:
    if is_pending(vpc["cidr_block"]):
        return sibling(vpc["cidr_block"], f"subnet_in_{zone}")
    for block in vpc["cidr_blocks"]:
        network = ipaddress.IPv4Network(block)
        for candidate in network.subnets(new_prefix=min(network.prefixlen + _STEP, SMALLEST)):
            if not any(candidate.overlaps(other) for other in taken):
                return str(candidate)
    return None


def _adopt_subnets(
    params: Params, current: Mapping[str, Any]
) -> tuple[list[View], list[Change], list[Unmet]]:
    have = {subnet["subnet_id"]: subnet for subnet in current["subnets"]}
    wanted = list(dict.fromkeys(params["subnet_ids"]))
    unknown = [_unknown_subnet(item) for item in wanted if item not in have and is_pending(item)]
    have |= {subnet["subnet_id"]: subnet for subnet in unknown}
    problems = [
        unmet("R4", "subnet_ids", f"no subnet {item} in the VPC", "Give subnets of the VPC that vpc_id names.")
        for item in wanted
        if item not in have
    ]
    changes = [
        _kept("subnet", have[item]["tags"].get("Name", item), have[item], "subnet_id")
        for item in wanted
        if item in have
    ]
    return [*current["subnets"], *unknown], changes, problems


def _unknown_subnet(pending: str) -> View:
    """A subnet that another task of this play would make."""
    return {
        "subnet_id": pending, "cidr_block": sibling(pending, "cidr_block"),
        "availability_zone": sibling(pending, "availability_zone"), "available_ip_address_count": None,
        "private": True, "tags": {},
    }


def _plan_absent(params: Params, current: Mapping[str, Any]) -> Plan:
    vpc = current["vpc"]
    if vpc is None:
        return Plan((), current, tuple(identity_problems(params, current)) if len(current["matches"]) > 1 else ())
    name = params["name"] or vpc["vpc_id"]
    ours = [] if params["subnet_ids"] else [item for item in current["subnets"] if managed(params, item)]
    others = [item for item in current["subnets"] if item not in ours]
    changes = [_gone("subnet", item["tags"]["Name"], item, "subnet_id") for item in ours]
    if params["vpc_id"]:
        changes += [
            _kept("subnet", item["tags"].get("Name", item["subnet_id"]), item, "subnet_id")
            for item in others
            if item["subnet_id"] in (params["subnet_ids"] or ())
        ]
        changes.append(_kept("VPC", name, vpc, "vpc_id"))
        return Plan(tuple(changes), {**current, "subnets": others})
    if others:
        held = listing([f"{item['subnet_id']} ({item['tags'].get('Name', 'no name')})" for item in others])
        text = f"{vpc['vpc_id']} holds subnets that were not made under this name: {held}"
        advice = "Delete them first, or keep the VPC by naming it with vpc_id."
        return Plan((), current, (unmet("R4", "name", text, advice),))
    changes.append(_gone("VPC", name, vpc, "vpc_id"))
    return Plan(tuple(changes), {**current, "vpc": None, "subnets": [], "matches": []})


def _gone(kind: str, name: str, view: Mapping[str, Any], key: str) -> Change:
    parameter = {"vpc_id": "VpcId", "subnet_id": "SubnetId"}[key]
    # The network interfaces of a deleted load balancer hold their subnet for a while.
    step = Step(
        f"ec2.delete_{kind.lower()}",
        {parameter: view[key]},
        retry=("DependencyViolation",),
        say=f"delete {kind} {name}",
    )
    return Change(kind, name, _shown(view), None, (step,), view[key])


def _kept(kind: str, name: str, view: Mapping[str, Any], key: str) -> Change:
    return Change(kind, name, _shown(view), _shown(view), id=view[key], adopted=True)


def needs_zones(params: Params, view: Mapping[str, Any]) -> bool:
    """Whether the plan depends on the Region's zones: only where it would choose among them."""
    if params["state"] == "absent" or params["availability_zones"] or params["subnet_ids"]:
        return False
    return len(_managed_by_zone(params, view)) < _count(params)


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    subnets = chosen_subnets(params, view)
    vpc = view["vpc"]
    return {
        "vpc": vpc,
        "vpc_id": vpc["vpc_id"] if vpc else None,
        "subnets": subnets,
        "subnet_ids": [subnet["subnet_id"] for subnet in subnets],
        "availability_zones": [subnet["availability_zone"] for subnet in subnets],
    }


__all__ = ["check", "chosen_subnets", "judge", "managed", "needs_zones", "normalise", "plan", "returns"]
