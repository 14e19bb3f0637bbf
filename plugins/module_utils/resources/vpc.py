# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 1: a VPC and its private subnets, made or adopted (R1-R4, R16-R25)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    listing,
    plain_tags,
    tag_changes,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
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

DEFAULT_CIDR = "10.0.0.0/16"
# AWS's limits for a VPC and a subnet; its console makes /20 private subnets in a /16.
_LARGEST, _SMALLEST, _STEP = 16, 28, 4
# An internal NLB takes an address per subnet, and AWS wants 8 free to pick from.
_FREE_ADDRESSES = 8

# What AWS changes by itself is no part of a diff.
_VOLATILE = ("available_ip_address_count", "cidr_blocks", "private", "state")

Params = Mapping[str, Any]
View = dict[str, Any]


def _shown(view: Mapping[str, Any]) -> View:
    return {key: value for key, value in view.items() if key not in _VOLATILE}


def normalise(vpcs: Sequence[Mapping[str, Any]], around: Mapping[str, Any] | None, zones: Sequence[str]) -> View:
    """The answers of EC2 as one state. around: DNS attributes, subnets, route tables of the only VPC."""
    view: View = {"matches": [vpc["VpcId"] for vpc in vpcs], "vpc": None, "subnets": [], "zones": list(zones)}
    if len(vpcs) != 1 or around is None:
        return view
    raw = vpcs[0]
    blocks = [
        item["CidrBlock"]
        for item in raw.get("CidrBlockAssociationSet", [])
        if item.get("CidrBlockState", {}).get("State") == "associated"
    ]
    view["vpc"] = {
        "vpc_id": raw["VpcId"],
        "cidr_block": raw["CidrBlock"],
        "cidr_blocks": blocks or [raw["CidrBlock"]],
        "state": raw.get("State", "available"),
        "enable_dns_support": around["dns_support"],
        "enable_dns_hostnames": around["dns_hostnames"],
        "tags": plain_tags(raw.get("Tags")),
    }
    view["subnets"] = sorted(
        (_subnet(item, around["route_tables"]) for item in around["subnets"]),
        key=lambda subnet: (subnet["availability_zone"], subnet["cidr_block"]),
    )
    return view


def _subnet(raw: Mapping[str, Any], route_tables: Iterable[Mapping[str, Any]]) -> View:
    return {
        "subnet_id": raw["SubnetId"],
        "cidr_block": raw["CidrBlock"],
        "availability_zone": raw["AvailabilityZone"],
        "available_ip_address_count": raw.get("AvailableIpAddressCount"),
        "private": not _reaches_internet(raw["SubnetId"], route_tables),
        "tags": plain_tags(raw.get("Tags")),
    }


def _reaches_internet(subnet_id: str, route_tables: Iterable[Mapping[str, Any]]) -> bool:
    main: Mapping[str, Any] = {}
    table: Mapping[str, Any] | None = None
    for candidate in route_tables:
        for association in candidate.get("Associations", []):
            if association.get("SubnetId") == subnet_id:
                table = candidate
            if association.get("Main"):
                main = candidate
    routes = (main if table is None else table).get("Routes", [])
    return any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    if params["state"] == "absent":
        return []
    found: list[Unmet] = []
    if region.startswith("cn-"):
        found.append(unmet("R17", "region", region, "Use a Region outside China."))
    zones = params["availability_zones"]
    if zones is not None and len(set(zones)) < 2:
        found.append(unmet("R21", "availability_zones", listing(zones) or "none", "Name two or more zones."))
    for zone in zones or ():
        if not zone.startswith(region):
            found.append(unmet("R17", "availability_zones", zone, f"Name zones of {region}."))
    networks: dict[str, list[ipaddress.IPv4Network]] = {}
    options = {
        "cidr_block": [params["cidr_block"]] if params["cidr_block"] else [],
        "subnet_cidrs": params["subnet_cidrs"] or [],
        "data_center_cidrs": params["data_center_cidrs"] or [],
    }
    for option, values in options.items():
        networks[option] = []
        for value in values:
            try:
                networks[option].append(ipaddress.IPv4Network(value))
            except ValueError as error:
                found.append(unmet("R19", option, value, f"Give an IPv4 range such as {DEFAULT_CIDR} ({error})."))
    if not found:
        found += _check_ranges(params, networks)
    return found


def _check_ranges(params: Params, networks: Mapping[str, Sequence[ipaddress.IPv4Network]]) -> list[Unmet]:
    found = []
    for option in ("cidr_block", "subnet_cidrs"):
        for network in networks[option]:
            if not _LARGEST <= network.prefixlen <= _SMALLEST:
                found.append(unmet("R3", option, str(network), f"Use a prefix from /{_LARGEST} to /{_SMALLEST}."))
    subnets = networks["subnet_cidrs"]
    if subnets:
        zones = params["availability_zones"]
        if len(subnets) < 2 or (zones and len(zones) != len(subnets)):
            found.append(
                unmet("R23", "subnet_cidrs", listing([str(item) for item in subnets]), "Give one range per zone.")
            )
        found += [
            unmet("R3", "subnet_cidrs", f"{first} and {second}", "Give ranges that do not overlap.")
            for position, first in enumerate(subnets)
            for second in subnets[position + 1:]
            if first.overlaps(second)
        ]
        if not params["vpc_id"]:
            own = ipaddress.IPv4Network(params["cidr_block"] or DEFAULT_CIDR)
            found += [
                unmet("R3", "subnet_cidrs", str(item), f"Give ranges inside the VPC's {own}.")
                for item in subnets
                if not item.subnet_of(own)
            ]
    if not params["vpc_id"] and not params["subnet_ids"]:
        found += _overlaps("cidr_block", [params["cidr_block"] or DEFAULT_CIDR], params)
    return found


def _overlaps(option: str, own: Iterable[str], params: Params) -> list[Unmet]:
    return [
        unmet("R18", option, f"{mine}, which overlaps {theirs} of data_center_cidrs", "Use another range for the VPC.")
        for mine in own
        for theirs in params["data_center_cidrs"] or ()
        if ipaddress.IPv4Network(mine).overlaps(ipaddress.IPv4Network(theirs))
    ]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the VPC and its subnets as PARAMS want them."""
    if params["state"] == "absent":
        return _plan_absent(params, current)
    problems = _identity_problems(params, current)
    if problems:
        return Plan((), current, tuple(problems))
    vpc_change, vpc = _plan_vpc(params, current["vpc"])
    subnets, subnet_changes, problems = _plan_subnets(params, current, vpc)
    after = {**current, "vpc": vpc, "matches": [vpc["vpc_id"]], "subnets": subnets}
    chosen = chosen_subnets(params, after)
    if not problems:
        problems = _state_problems(params, vpc, chosen)
    return Plan((vpc_change, *subnet_changes), after, tuple(problems), _settle(vpc_change, vpc))


def _settle(change: Change, vpc: Mapping[str, Any]) -> tuple[Wait, ...]:
    if vpc["state"] == "available" and change.action != "create":
        return ()
    return (Wait(f"VPC {change.name}", "ec2.describe_vpcs", {"VpcIds": [vpc["vpc_id"]]}, judge, "a few seconds"),)


def judge(raw: Mapping[str, Any]) -> Verdict:
    """Whether a VPC is available."""
    state = raw["Vpcs"][0].get("State", "pending")
    return Verdict(DONE if state == "available" else WAITING, state)


def _identity_problems(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    matches = current["matches"]
    if len(matches) > 1:
        text = f"{len(matches)} VPCs with the Name tag {params['name']}: {listing(matches)}"
        return [unmet("R4", "name", text, "Name one of them with vpc_id.")]
    if params["vpc_id"] and not current["vpc"] and not is_pending(params["vpc_id"]):
        return [unmet("R4", "vpc_id", f"no VPC {params['vpc_id']} in this Region", "Give the id of an existing VPC.")]
    return []


def _plan_vpc(params: Params, before: View | None) -> tuple[Change, View]:
    name = params["name"] or params["vpc_id"]
    pinned = bool(params["vpc_id"])
    # A VPC that is pinned by id keeps its own Name.
    wanted = _wanted_tags(params, None if pinned else name)
    if before is None:
        vpc_id = params["vpc_id"] or placeholder("vpc", name, "vpc_id")
        cidr = params["cidr_block"] or DEFAULT_CIDR
        after = {
            "vpc_id": vpc_id, "cidr_block": cidr, "cidr_blocks": [cidr], "state": "available",
            "enable_dns_support": True, "enable_dns_hostnames": True, "tags": wanted or {},
        }
        if pinned:
            return Change("VPC", name, _shown(after), _shown(after), id=vpc_id, adopted=True), after
        steps: tuple[Step, ...] = (
            Step(
                "ec2.create_vpc",
                {
                    "CidrBlock": cidr,
                    "TagSpecifications": [{"ResourceType": "vpc", "Tags": aws_tags(wanted or {})}],
                },
                {vpc_id: "Vpc.VpcId"},
                say=f"create VPC {name}",
            ),
            _dns_step(vpc_id, name, "EnableDnsHostnames"),
        )
        return Change("VPC", name, None, _shown(after), steps, vpc_id), after
    # R25 before R24: AWS enables host names only where resolution is on.
    options = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}
    steps = tuple(_dns_step(before["vpc_id"], name, api) for key, api in options.items() if not before[key])
    steps += _tag_steps(before["vpc_id"], f"VPC {name}", before["tags"], wanted, params)
    after = {**before, **dict.fromkeys(options, True), "tags": tags_after(before["tags"], wanted, _purge(params))}
    return Change("VPC", name, _shown(before), _shown(after), steps, before["vpc_id"], pinned), after


def _dns_step(vpc_id: str, name: str, attribute: str) -> Step:
    arguments = {"VpcId": vpc_id, attribute: {"Value": True}}
    return Step("ec2.modify_vpc_attribute", arguments, say=f"set {attribute} of VPC {name}")


def _wanted_tags(params: Params, name: str | None) -> dict[str, str] | None:
    if params["tags"] is None:
        return {"Name": name} if name else None
    return {**params["tags"], **({"Name": name} if name else {})}


def _purge(params: Params) -> bool:
    return bool(params["purge_tags"]) and params["tags"] is not None


def _tag_steps(
    resource: str, what: str, current: Mapping[str, str], wanted: Mapping[str, str] | None, params: Params
) -> tuple[Step, ...]:
    to_set, surplus = tag_changes(current, wanted, _purge(params))
    steps = []
    if to_set:
        steps.append(
            Step("ec2.create_tags", {"Resources": [resource], "Tags": aws_tags(to_set)}, say=f"tag {what}")
        )
    if surplus:
        keys = [{"Key": key} for key in surplus]
        steps.append(Step("ec2.delete_tags", {"Resources": [resource], "Tags": keys}, say=f"untag {what}"))
    return tuple(steps)


def managed(params: Params, subnet: Mapping[str, Any]) -> bool:
    """Whether a subnet is one that this module made: by its Name tag, "<name>-<zone>"."""
    name = params["name"]
    return bool(name) and subnet["tags"].get("Name") == f"{name}-{subnet['availability_zone']}"


def chosen_subnets(params: Params, view: Mapping[str, Any]) -> list[View]:
    """The subnets that the load balancer will use."""
    if params["subnet_ids"]:
        return [subnet for subnet in view["subnets"] if subnet["subnet_id"] in params["subnet_ids"]]
    return [subnet for subnet in view["subnets"] if managed(params, subnet)]


def _plan_subnets(
    params: Params, current: Mapping[str, Any], vpc: View
) -> tuple[list[View], list[Change], list[Unmet]]:
    if params["subnet_ids"]:
        return _adopt_subnets(params, current)
    have = {subnet["availability_zone"]: subnet for subnet in current["subnets"] if managed(params, subnet)}
    zones = params["availability_zones"] or sorted(have) or current["zones"][:2]
    if len(zones) < 2:
        return [], [], [unmet("R21", "availability_zones", listing(zones) or "none", "Name two or more zones.")]
    given = dict(zip(zones, params["subnet_cidrs"] or []))
    taken = [ipaddress.IPv4Network(subnet["cidr_block"]) for subnet in current["subnets"]]
    taken += [ipaddress.IPv4Network(cidr) for cidr in given.values()]
    subnets: list[View] = list(current["subnets"])
    changes: list[Change] = []
    problems: list[Unmet] = []
    for zone in dict.fromkeys(zones):
        before = have.get(zone)
        if before:
            if given.get(zone, before["cidr_block"]) != before["cidr_block"]:
                found = f"{before['cidr_block']} in {zone}"
                problems.append(unmet("R23", "subnet_cidrs", found, f"{given[zone]} needs a new subnet."))
            changes.append(_update_subnet(params, before, subnets))
            continue
        cidr = given.get(zone) or _free_range(vpc["cidr_block"], taken)
        if cidr is None:
            problems.append(unmet("R3", "cidr_block", vpc["cidr_block"], f"It has no room for a subnet in {zone}."))
            continue
        taken.append(ipaddress.IPv4Network(cidr))
        changes.append(_create_subnet(params, zone, cidr, vpc["vpc_id"], subnets))
    return subnets, changes, problems


def _update_subnet(params: Params, before: View, subnets: list[View]) -> Change:
    name = before["tags"]["Name"]
    wanted = _wanted_tags(params, name)
    after = {**before, "tags": tags_after(before["tags"], wanted, _purge(params))}
    subnets[subnets.index(before)] = after
    steps = _tag_steps(before["subnet_id"], f"subnet {name}", before["tags"], wanted, params)
    return Change("subnet", name, _shown(before), _shown(after), steps, before["subnet_id"])


def _create_subnet(params: Params, zone: str, cidr: str, vpc_id: str, subnets: list[View]) -> Change:
    name = f"{params['name'] or vpc_id}-{zone}"
    subnet_id = placeholder("subnet", name, "subnet_id")
    tags = _wanted_tags(params, name) or {}
    after = {
        "subnet_id": subnet_id, "cidr_block": cidr, "availability_zone": zone,
        "available_ip_address_count": ipaddress.IPv4Network(cidr).num_addresses - 5, "private": True, "tags": tags,
    }
    subnets.append(after)
    arguments = {
        "VpcId": vpc_id, "CidrBlock": cidr, "AvailabilityZone": zone,
        "TagSpecifications": [{"ResourceType": "subnet", "Tags": aws_tags(tags)}],
    }
    step = Step("ec2.create_subnet", arguments, {subnet_id: "Subnet.SubnetId"}, say=f"create subnet {name}")
    return Change("subnet", name, None, _shown(after), (step,), subnet_id)


def _free_range(vpc_cidr: str, taken: Sequence[ipaddress.IPv4Network]) -> str | None:
    network = ipaddress.IPv4Network(vpc_cidr)
    for candidate in network.subnets(new_prefix=min(network.prefixlen + _STEP, _SMALLEST)):
        if not any(candidate.overlaps(other) for other in taken):
            return str(candidate)
    return None


def _adopt_subnets(
    params: Params, current: Mapping[str, Any]
) -> tuple[list[View], list[Change], list[Unmet]]:
    have = {subnet["subnet_id"]: subnet for subnet in current["subnets"]}
    problems = [
        unmet("R4", "subnet_ids", f"no subnet {subnet_id} in the VPC", "Give subnets of the VPC that vpc_id names.")
        for subnet_id in params["subnet_ids"]
        if subnet_id not in have and not is_pending(subnet_id)
    ]
    changes = [
        _kept("subnet", have[item]["tags"].get("Name", item), have[item], "subnet_id")
        for item in params["subnet_ids"]
        if item in have
    ]
    return list(current["subnets"]), changes, problems


def _state_problems(params: Params, vpc: View, subnets: Sequence[View]) -> list[Unmet]:
    found = _overlaps("vpc_id", vpc["cidr_blocks"], params)
    zones = [subnet["availability_zone"] for subnet in subnets]
    names = listing([subnet["subnet_id"] for subnet in subnets])
    if len(set(zones)) < 2 and not any(is_pending(item) for item in params["subnet_ids"] or ()):
        text = f"{names or 'no subnets'} in {listing(sorted(set(zones))) or 'no zone'}"
        found.append(unmet("R3", "subnet_ids", text, "Give private subnets in two or more Availability Zones."))
    if len(set(zones)) != len(zones):
        found.append(unmet("R23", "subnet_ids", f"{names} in {listing(zones)}", "Give one subnet per zone."))
    for subnet in subnets:
        if not subnet["private"]:
            found.append(
                unmet("R3", "subnet_ids", f"{subnet['subnet_id']} with a route to an internet gateway",
                      "Give subnets whose route table has no internet gateway.")
            )
        free = subnet["available_ip_address_count"]
        if free is not None and free < _FREE_ADDRESSES:
            found.append(
                unmet("R42", subnet["subnet_id"], f"{free} free addresses",
                      f"A new load balancer needs {_FREE_ADDRESSES}.", blocking=False)
            )
    return found


def _plan_absent(params: Params, current: Mapping[str, Any]) -> Plan:
    vpc = current["vpc"]
    if vpc is None:
        return Plan((), current, tuple(_identity_problems(params, current)) if len(current["matches"]) > 1 else ())
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


def needs_zones(params: Params, vpcs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the plan depends on the Region's zones: only where it would choose among them."""
    return params["state"] == "present" and not (params["availability_zones"] or params["subnet_ids"] or vpcs)


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
