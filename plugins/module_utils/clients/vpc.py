# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a VPC and what its requirements depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending


def vpcs(aws: Aws, vpc_id: str | None, name: str | None) -> list[dict[str, Any]]:
    """The VPC of an id, or the VPCs of a Name tag. An id that is unknown, or pending, gives an empty list."""
    if is_pending(vpc_id):
        return []
    if vpc_id:
        return missing_is(
            [], ("InvalidVpcID.NotFound",), lambda: aws.pages("ec2", "describe_vpcs", "Vpcs", VpcIds=[vpc_id])
        )
    return aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=[{"Name": "tag:Name", "Values": [name]}])


def surroundings(aws: Aws, vpc_id: str) -> dict[str, Any]:
    """DNS attributes, subnets and route tables of a VPC, read side by side."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return aws.together(
        dns_support=lambda: attribute(aws, vpc_id, "EnableDnsSupport"),
        dns_hostnames=lambda: attribute(aws, vpc_id, "EnableDnsHostnames"),
        subnets=lambda: aws.pages("ec2", "describe_subnets", "Subnets", Filters=filters),
        route_tables=lambda: aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=filters),
    )


def attribute(aws: Aws, vpc_id: str, name: str) -> bool:
    """An attribute of a VPC, such as EnableDnsSupport."""
    answer = aws.call("ec2", "describe_vpc_attribute", VpcId=vpc_id, Attribute=name[0].lower() + name[1:])
    return bool(answer[name]["Value"])


def held_by(aws: Aws, refused: Mapping[str, Any]) -> str:
    """What is left in the subnet or VPC that a REFUSED call should have deleted: AWS says only that something is."""
    place = next(iter(refused.values()))
    in_subnet = "SubnetId" in refused
    inside = [{"Name": "subnet-id" if in_subnet else "vpc-id", "Values": [place]}]
    attached = [{"Name": "attachment.vpc-id", "Values": [place]}]
    reads = {
        "interfaces": lambda: aws.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=inside),
    }
    if not in_subnet:
        reads |= {
            "subnets": lambda: aws.pages("ec2", "describe_subnets", "Subnets", Filters=inside),
            "groups": lambda: aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=inside),
            "gateways": lambda: aws.pages("ec2", "describe_internet_gateways", "InternetGateways", Filters=attached),
            "endpoints": lambda: aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=inside),
        }
    found = aws.together(**reads)
    held = [
        *(f"network interface {item['NetworkInterfaceId']} ({item.get('Description') or item['Status']})"
          for item in found["interfaces"]),
        *(f"subnet {item['SubnetId']}" for item in found.get("subnets", ())),
        *(f"security group {item['GroupId']} ({item['GroupName']})" for item in found.get("groups", ())
          if item["GroupName"] != "default"),
        *(f"internet gateway {item['InternetGatewayId']}" for item in found.get("gateways", ())),
        *(f"VPC endpoint {item['VpcEndpointId']} ({item['ServiceName']})" for item in found.get("endpoints", ())
          if item["State"] not in ("deleted", "failed")),
    ]
    return f"{place} still holds {listing(held)}." if held else ""


def zones(aws: Aws) -> list[str]:
    """Names of the Region's Availability Zones that can be used, sorted."""
    answer = aws.call(
        "ec2",
        "describe_availability_zones",
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}],
    )
    return sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])
