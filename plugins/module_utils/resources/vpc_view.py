# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a VPC and its subnets, from EC2's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import plain_tags

Params = Mapping[str, Any]
View = dict[str, Any]


def normalise(
    vpcs: Sequence[Mapping[str, Any]], around: Mapping[str, Any] | None, zones: Sequence[str] = ()
) -> View:
    """The answers of EC2 as one state. around: DNS attributes, subnets, route tables of the only VPC. zones: the
    Region's, where needs_zones() asks for them."""
    view: View = {"matches": [vpc["VpcId"] for vpc in vpcs], "vpc": None, "subnets": [], "zones": list(zones)}
    if len(vpcs) != 1 or around is None:
        return view
    raw = vpcs[0]
    view["vpc"] = {
        "vpc_id": raw["VpcId"],
        "cidr_block": raw["CidrBlock"],
        "cidr_blocks": ranges(raw),
        "state": raw.get("State", "available"),
        "enable_dns_support": around["dns_support"],
        "enable_dns_hostnames": around["dns_hostnames"],
        "tags": plain_tags(raw.get("Tags")),
    }
    view["subnets"] = sorted(
        (_subnet(item, around["route_tables"]) for item in around["subnets"]),
        key=place,
    )
    return view


def ranges(raw: Mapping[str, Any]) -> list[str]:
    """The IPv4 ranges of a VPC of DescribeVpcs."""
    blocks = [
        item["CidrBlock"]
        for item in raw.get("CidrBlockAssociationSet", [])
        if item.get("CidrBlockState", {}).get("State") == "associated"
    ]
    return blocks or [raw["CidrBlock"]]


def place(subnet: Mapping[str, Any]) -> tuple[str, str]:
    """What subnets are sorted by."""
    return subnet["availability_zone"], subnet["cidr_block"]


def _subnet(raw: Mapping[str, Any], route_tables: Iterable[Mapping[str, Any]]) -> View:
    return {
        "subnet_id": raw["SubnetId"],
        # Empty for a subnet that has IPv6 only.
        "cidr_block": raw.get("CidrBlock") or "",
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


def managed(params: Params, subnet: Mapping[str, Any]) -> bool:
    """Whether a subnet is one that this module made: by its Name tag, "<name>-<zone>"."""
    name = params["name"]
    return bool(name) and subnet["tags"].get("Name") == f"{name}-{subnet['availability_zone']}"


def chosen_subnets(params: Params, view: Mapping[str, Any]) -> list[View]:
    """The subnets that the load balancer will use."""
    if params["subnet_ids"]:
        return [subnet for subnet in view["subnets"] if subnet["subnet_id"] in params["subnet_ids"]]
    return [subnet for subnet in view["subnets"] if managed(params, subnet)]
