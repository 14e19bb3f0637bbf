# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a load balancer stands on, made behind the module's back, and what is asked about a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from scenarios.harness import CONNECTION, run_module

TARGETS = ["10.0.0.10", "192.168.10.11"]

Options = dict[str, Any]
Run = Callable[..., dict[str, Any]]
Client = Callable[[str], Any]


def outside_client(emulator: Any) -> Client:
    """Outside hands: a plain boto3 client of a service."""
    emulator.configure(unmapped_targets="healthy", time_scale=0.0)
    return lambda service: boto3.client(
        service,
        endpoint_url=emulator.url,
        region_name=CONNECTION["region"],
        aws_access_key_id=CONNECTION["access_key"],
        aws_secret_access_key=CONNECTION["secret_key"],
    )


def make_network(client: Client) -> Options:
    """A VPC with subnets in three zones, and two security groups."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")["Subnet"]
        for number, zone in enumerate("abc")
    ]
    groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in "xy"]
    return {"vpc_id": vpc, "subnet_ids": [item["SubnetId"] for item in subnets], "security_group_ids": groups}


def plain_options(network: Options) -> Options:
    """The least that the module needs."""
    return {
        "name": "payments", "vpc_id": network["vpc_id"], "subnet_ids": network["subnet_ids"][:2], "targets": TARGETS,
    }


def module_run(emulator: Any) -> Run:
    return lambda **given: run_module(emulator.url, "xks_load_balancer", **given)


def writes(emulator: Any, since: int) -> list[str]:
    """The write calls from number SINCE on."""
    return [call["action"] for call in emulator.calls(mutating=True)[since:]]


def verbs(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item["resource"], item["name"], item["action"]) for item in result["actions"]]
