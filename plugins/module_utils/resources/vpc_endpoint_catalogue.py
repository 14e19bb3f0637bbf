# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which services can have an endpoint in a Region, and in which subnets (R80, R87)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import INTERFACE

View = dict[str, Any]


def normalise_services(raw: Sequence[Mapping[str, Any]]) -> list[View]:
    """The answer of DescribeVpcEndpointServices: one entry per name and type."""
    return [
        {
            "service_name": item["ServiceName"],
            "kind": kind["ServiceType"],
            "availability_zones": sorted(item.get("AvailabilityZones", [])),
            "private_dns_names": [name["PrivateDnsName"] for name in item.get("PrivateDnsNames", [])],
            "policy_supported": bool(item.get("VpcEndpointPolicySupported")),
            "ip_address_types": sorted(item.get("SupportedIpAddressTypes", [])) or ["ipv4"],
        }
        for item in raw
        if item.get("Owner") == "amazon"
        for kind in item.get("ServiceType", [])
    ]


def find_service(services: Iterable[View], region: str, service: str, kind: str = INTERFACE) -> View | None:
    """The service of a full name, or of what stands behind the Region in it, such as "kms-fips". Names differ from
    partition to partition, and a shorter part would fit several: only AWS's list says."""
    for item in services:
        if item["kind"] == kind and service in (item["service_name"], short_name(item["service_name"], region)):
            return item
    return None


def short_name(service_name: str, region: str) -> str:
    """What stands behind the Region: "com.amazonaws.eu-central-1.kms" -> "kms"."""
    return service_name.partition(f".{region}.")[2] or service_name


def normalise_subnets(raw: Sequence[Mapping[str, Any]]) -> dict[str, View]:
    """Subnets of a VPC by id."""
    return {
        item["SubnetId"]: {
            "subnet_id": item["SubnetId"],
            "availability_zone": item["AvailabilityZone"],
            "ipv4": bool(item.get("CidrBlock")),
            "ipv6": any(
                block.get("Ipv6CidrBlockState", {}).get("State") == "associated"
                for block in item.get("Ipv6CidrBlockAssociationSet", [])
            ),
        }
        for item in raw
    }


@dataclass(frozen=True)
class Places:
    """The subnets that an endpoint takes, those that it cannot take with the reason, and what is wrong."""

    subnet_ids: tuple[str, ...]
    skipped: tuple[View, ...] = ()
    unmet: tuple[Unmet, ...] = ()


def places(subnet_ids: Sequence[str], subnets: Mapping[str, View], service: View, option: str = "subnet_ids") -> Places:
    """Where an endpoint of SERVICE goes. Subnets whose id is not known yet are taken as they are."""
    used, skipped, problems = [], [], []
    for item in dict.fromkeys(subnet_ids):
        zone = subnets[item]["availability_zone"] if item in subnets else None
        if zone is None and not is_pending(item):
            problems.append(unmet("R83", option, f"no subnet {item} in the VPC", "Give subnets of the VPC."))
        elif zone is not None and zone not in service["availability_zones"]:
            reason = f"{service['service_name']} is not offered in {zone}"
            skipped.append({"subnet_id": item, "availability_zone": zone, "reason": reason})
        else:
            used.append(item)
    problems += _crowded(used, subnets, option)
    if skipped and not used and not problems:
        text = f"{listing([item['subnet_id'] for item in skipped])}, none of which can be used"
        advice = f"Give subnets in {listing(service['availability_zones'])}, where the service is offered."
        problems.append(unmet("R83", option, text, advice))
    return Places(tuple(used), tuple(skipped), tuple(problems))


def _crowded(used: Sequence[str], subnets: Mapping[str, View], option: str) -> list[Unmet]:
    by_zone: dict[str, list[str]] = {}
    for item in used:
        if item in subnets:
            by_zone.setdefault(subnets[item]["availability_zone"], []).append(item)
    return [
        unmet("R83", option, f"{listing(items)}, all in {zone}", f"Keep one of them: {zone} takes one subnet.")
        for zone, items in by_zone.items()
        if len(items) > 1
    ]
