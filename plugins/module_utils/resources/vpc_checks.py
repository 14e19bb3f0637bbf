# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the arguments of step 1, and what is found, must meet (R1-R4, R16-R25)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

DEFAULT_CIDR = "10.0.0.0/16"
# AWS's limits for the prefix of a VPC and of a subnet.
_LARGEST, SMALLEST = 16, 28
# An internal NLB takes an address per subnet, and AWS wants 8 free to pick from.
_FREE_ADDRESSES = 8

Params = Mapping[str, Any]
View = Mapping[str, Any]
Networks = Mapping[str, Sequence[ipaddress.IPv4Network]]


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    if params["state"] == "absent":
        return []
    found = _check_places(params, region)
    networks, unreadable = _networks(params)
    found += unreadable
    if not found:
        found += _check_ranges(params, networks)
        if networks["cidr_block"]:
            found += _overlaps("cidr_block", [params["cidr_block"]], params)
    return found


def _check_places(params: Params, region: str) -> list[Unmet]:
    found: list[Unmet] = []
    if region.startswith("cn-"):
        found.append(unmet("R17", "region", region, "Use a Region outside China."))
    zones, subnets = params["availability_zones"], params["subnet_ids"]
    if zones is not None and len(set(zones)) < 2:
        found.append(unmet("R21", "availability_zones", listing(zones) or "none", "Name two or more zones."))
    for zone in zones or ():
        if not zone.startswith(region):
            found.append(unmet("R17", "availability_zones", zone, f"Name zones of {region}."))
    if subnets is not None and len(set(subnets)) < 2:
        text = listing(subnets) or "none"
        found.append(unmet("R3", "subnet_ids", text, "Give private subnets in two or more Availability Zones."))
    return found


def _networks(params: Params) -> tuple[Networks, list[Unmet]]:
    networks: dict[str, list[ipaddress.IPv4Network]] = {}
    found = []
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
    return networks, found


def _check_ranges(params: Params, networks: Networks) -> list[Unmet]:
    found = [
        unmet("R3", option, str(network), f"Use a prefix from /{_LARGEST} to /{SMALLEST}.")
        for option in ("cidr_block", "subnet_cidrs")
        for network in networks[option]
        if not _LARGEST <= network.prefixlen <= SMALLEST
    ]
    subnets, zones = networks["subnet_cidrs"], params["availability_zones"]
    if subnets and (len(subnets) < 2 or (zones and len(set(zones)) != len(subnets))):
        text = listing([str(item) for item in subnets])
        found.append(unmet("R23", "subnet_cidrs", text, "Give one range per zone."))
    found += [
        unmet("R3", "subnet_cidrs", f"{first} and {second}", "Give ranges that do not overlap.")
        for position, first in enumerate(subnets)
        for second in subnets[position + 1:]
        if first.overlaps(second)
    ]
    if networks["cidr_block"]:
        found += misplaced([str(item) for item in subnets], [params["cidr_block"]], [])
    return found


def misplaced(ranges: Iterable[str], blocks: Sequence[str], subnets: Iterable[View]) -> list[Unmet]:
    """What is wrong with RANGES for new subnets of a VPC that has BLOCKS and SUBNETS."""
    found = []
    own = [ipaddress.IPv4Network(block) for block in blocks]
    for item in ranges:
        network = ipaddress.IPv4Network(item)
        if own and not any(network.subnet_of(block) for block in own):
            found.append(unmet("R3", "subnet_cidrs", item, f"Give ranges inside the VPC's {listing(blocks)}."))
        found += [
            unmet("R3", "subnet_cidrs", item, f"{other['subnet_id']} has {other['cidr_block']}: give a free range.")
            for other in subnets
            if other["cidr_block"] and network.overlaps(ipaddress.IPv4Network(other["cidr_block"]))
        ]
    return found


def _overlaps(option: str, own: Iterable[str], params: Params) -> list[Unmet]:
    return [
        unmet("R18", option, f"{mine}, which overlaps {theirs} of data_center_cidrs", "Use another range for the VPC.")
        for mine in own
        for theirs in params["data_center_cidrs"] or ()
        if ipaddress.IPv4Network(mine).overlaps(ipaddress.IPv4Network(theirs))
    ]


def identity_problems(params: Params, current: View) -> list[Unmet]:
    """Whether there is exactly the VPC that the options name."""
    matches, vpc, wanted = current["matches"], current["vpc"], params["cidr_block"]
    if len(matches) > 1:
        text = f"{len(matches)} VPCs with the Name tag {params['name']}: {listing(matches)}"
        return [unmet("R4", "name", text, "Name one of them with vpc_id.")]
    if params["vpc_id"] and not vpc and not is_pending(params["vpc_id"]):
        return [unmet("R4", "vpc_id", f"no VPC {params['vpc_id']} in this Region", "Give the id of an existing VPC.")]
    if wanted and vpc and params["state"] == "present" and wanted not in vpc["cidr_blocks"]:
        text = f"{wanted}, but {vpc['vpc_id']}, which has this name, has {listing(vpc['cidr_blocks'])}"
        return [unmet("R4", "cidr_block", text, "AWS cannot change the range of a VPC: give its range, or a new name.")]
    return []


def state_problems(params: Params, vpc: View, subnets: Sequence[View]) -> list[Unmet]:
    """What the VPC and the subnets that will be used do not meet."""
    found = _overlaps("vpc_id" if params["vpc_id"] else "cidr_block", vpc["cidr_blocks"], params)
    option = "subnet_ids" if params["subnet_ids"] else "name"
    zones = [subnet["availability_zone"] for subnet in subnets]
    names = listing([subnet["subnet_id"] for subnet in subnets])
    if len(set(zones)) < 2:
        text = f"{names or 'no subnets'} in {listing(sorted(set(zones))) or 'no zone'}"
        found.append(unmet("R3", option, text, "Give private subnets in two or more Availability Zones."))
    elif len(set(zones)) != len(zones):
        found.append(unmet("R23", option, f"{names} in {listing(zones)}", "Give one subnet per zone."))
    for subnet in subnets:
        found += _subnet_problems(option, subnet)
    return found


def _subnet_problems(option: str, subnet: View) -> list[Unmet]:
    found = []
    if not subnet["private"]:
        text = f"{subnet['subnet_id']} with a route to an internet gateway"
        found.append(unmet("R3", option, text, "Give subnets whose route table has no internet gateway."))
    if not subnet["cidr_block"]:
        text = f"{subnet['subnet_id']} without an IPv4 range"
        found.append(unmet("R19", option, text, "Give subnets that have IPv4 addresses."))
    free = subnet["available_ip_address_count"]
    if free is not None and free < _FREE_ADDRESSES:
        fix = f"A new load balancer needs {_FREE_ADDRESSES}."
        found.append(unmet("R42", subnet["subnet_id"], f"{free} free addresses", fix, blocking=False))
    return found
