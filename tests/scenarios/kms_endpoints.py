# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC that wants AWS KMS, as its user and as an outsider sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.harness import CONNECTION, run_module
from scenarios.prerequisites import client

REGION = CONNECTION["region"]
KMS = f"com.amazonaws.{REGION}.kms"
CALLER = "arn:aws:iam::123456789012:user/emulated"
NAME = f"kms.{REGION}.amazonaws.com"
DEFAULT = {"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}


def allow(principal: str = CALLER, **others: Any) -> dict[str, Any]:
    """A policy for one principal."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*", **others}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass
class Place:
    """A VPC with a subnet per zone, and a security group that lets the VPC in on 443."""

    emulator: Any
    vpc_id: str
    subnet_ids: list[str]
    group_id: str

    @property
    def ec2(self) -> Any:
        return client(self.emulator.url, "ec2")

    @property
    def route53(self) -> Any:
        return client(self.emulator.url, "route53")

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        """The module with what it needs, private DNS, and what is given; None takes an option away."""
        options: dict[str, Any] = {"wait_timeout": 20, "vpc_id": self.vpc_id}
        if given.get("state") != "absent":
            options |= {"vpc_endpoint_subnets": self.subnet_ids, "vpc_endpoint_security_groups": [self.group_id]}
            options["private_dns_enabled"] = True
        options |= given
        options = {name: value for name, value in options.items() if value is not None}
        return run_module(self.emulator.url, "kms_vpc_endpoint", check=check, **options)

    def made(self, **given: Any) -> dict[str, Any]:
        """A run that must succeed."""
        result = self.run(**given)
        assert not result.get("failed"), result["msg"]
        return result

    def again(self, check: bool = False, **given: Any) -> tuple[dict[str, Any], list[str], int]:
        """A run, with the write calls that it made, and the number of all its calls."""
        writes, calls = len(self.emulator.calls(mutating=True)), len(self.emulator.calls())
        result = self.run(check=check, **given)
        return (
            result,
            [call["action"] for call in self.emulator.calls(mutating=True)[writes:]],
            len(self.emulator.calls()) - calls,
        )

    def look(self, endpoint_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
        return found

    def endpoints(self) -> list[str]:
        return [item["VpcEndpointId"] for item in self.ec2.describe_vpc_endpoints()["VpcEndpoints"]]

    def group(self, name: str, *cidrs: str, port: int = 443) -> str:
        """Another security group of the VPC."""
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)["GroupId"]
        for cidr in cidrs:
            self.ec2.authorize_security_group_ingress(
                GroupId=made,
                IpPermissions=[
                    {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
                ],
            )
        return made

    def foreign(self, **others: Any) -> str:
        """An endpoint that somebody else made."""
        chosen = {"VpcEndpointType": "Interface", "VpcId": self.vpc_id, "ServiceName": KMS,
                  "SubnetIds": self.subnet_ids, "PrivateDnsEnabled": False, **others}
        made: str = self.ec2.create_vpc_endpoint(**chosen)["VpcEndpoint"]["VpcEndpointId"]
        self.endpoints()
        return made


def place(emulator: Any, zones: str = "ab", dns: bool = True) -> Place:
    """A VPC of its own."""
    ec2 = client(emulator.url, "ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if dns:
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{16 * number}.0/20", AvailabilityZone=REGION + zone)[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    made = Place(emulator, vpc_id, subnets, "")
    made.group_id = made.group("clients", "10.0.0.0/16")
    return made
