# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPCs and subnets as EC2 tells of them, and options of xks_vpc."""

from __future__ import annotations

from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc

REGION = "eu-central-1"
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
VPC = "vpc-0a1"
PENDING_VPC = "(known after apply: vpc.network.vpc_id)"
PENDING_SUBNETS = [f"(known after apply: subnet.network-{zone}.subnet_id)" for zone in "ab"]

Raw = dict[str, Any]


def options(**given: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("vpc_id", "subnet_ids", "cidr_block", "availability_zones", "subnet_cidrs", "data_center_cidrs", "tags")
    )
    return {
        **nothing, "state": "present", "name": "payments", "purge_tags": True, "wait": True, "wait_timeout": 300,
        **given,
    }


def adopting(**given: Any) -> dict[str, Any]:
    return options(**{"name": None, "vpc_id": VPC, "subnet_ids": ["subnet-a", "subnet-b"], **given})


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def raw_vpc(**changes: Any) -> Raw:
    return {
        "VpcId": VPC, "CidrBlock": "10.0.0.0/16", "State": "available", "Tags": tags(Name="payments"),
        "CidrBlockAssociationSet": [{"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}],
        **changes,
    }


def raw_subnet(zone: str, cidr: str, **changes: Any) -> Raw:
    return {
        "SubnetId": f"subnet-{zone}", "CidrBlock": cidr, "AvailabilityZone": f"{REGION}{zone}",
        "AvailableIpAddressCount": 4091, "Tags": tags(Name=f"payments-{REGION}{zone}"), **changes,
    }


A, B = raw_subnet("a", "10.0.0.0/20"), raw_subnet("b", "10.0.16.0/20")
FOREIGN = raw_subnet("x", "10.0.128.0/20", SubnetId="subnet-foreign", Tags=tags(Name="web"))
MAIN = {"Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]}


def state(
    vpcs: Any = None, subnets: Any = (A, B), support: bool = True, hostnames: bool = True, tables: Any = (MAIN,)
) -> dict[str, Any]:
    """A view of what is there; by default all of it, as it should be."""
    around = {
        "dns_support": support, "dns_hostnames": hostnames, "subnets": list(subnets), "route_tables": list(tables),
    }
    return vpc.normalise([raw_vpc()] if vpcs is None else vpcs, around, ZONES)


NOTHING = vpc.normalise([], None, ZONES)


def plan(params: dict[str, Any], view: dict[str, Any]) -> Plan:
    return vpc.plan(params, view)


def verbs(found: Plan) -> list[str]:
    return [step.verb.removeprefix("ec2.") for step in found.steps]


def numbers(found: Any) -> list[str]:
    return [item.number for item in getattr(found, "unmet", found)]


def made(found: Plan) -> dict[str, str]:
    """Zone -> range of the subnets that a plan would make."""
    return {
        step.args["AvailabilityZone"]: step.args["CidrBlock"]
        for step in found.steps
        if step.verb == "ec2.create_subnet"
    }
