# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC whose nodes have no way out, and what an outsider sees and does in it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from scenarios.harness import CONNECTION, run_module
from scenarios.prerequisites import client, network

REGION = CONNECTION["region"]
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@dataclass
class Estate:
    """The account as the user of the module, and as others see it."""

    emulator: Any
    vpc_id: str
    subnet_ids: list[str]

    @property
    def ec2(self) -> Any:
        return client(self.emulator.url, "ec2")

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        """The module with the least that it needs, and what is given."""
        options: dict[str, Any] = {"vpc_id": self.vpc_id, "wait_timeout": 20, **given}
        if options.get("state") != "absent":
            options.setdefault("subnet_ids", self.subnet_ids)
        return run_module(self.emulator.url, "ssm_vpc_endpoints", check=check, **options)

    def done(self, **given: Any) -> dict[str, Any]:
        """The result of a run that must not fail."""
        result = self.run(**given)
        assert not result.get("failed"), result["msg"]
        return result

    def watched(self, **given: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A run, and the calls that it made."""
        before = len(self.emulator.calls())
        result = self.run(**given)
        return result, self.emulator.calls()[before:]

    def writes(self, **given: Any) -> tuple[dict[str, Any], list[str]]:
        """A run, and the calls of it that changed something."""
        result, calls = self.watched(**given)
        return result, [call["action"] for call in calls if call["mutating"]]

    def endpoints(self) -> dict[str, dict[str, Any]]:
        """The endpoints of the VPC by service, the gateway of S3 as s3-gateway."""
        here = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        found = self.ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
        return {
            item["ServiceName"].rpartition(".")[2] + ("-gateway" if item["VpcEndpointType"] == "Gateway" else ""): item
            for item in found
        }

    def group(self, name: str = "systems-manager-endpoints") -> dict[str, Any]:
        """A security group of the VPC by its name."""
        found = self.groups()
        return next(item for item in found if item["GroupName"] == name)

    def groups(self) -> list[dict[str, Any]]:
        here = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        found: list[dict[str, Any]] = self.ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        return found

    def new_group(self, name: str, closed: bool = False) -> str:
        """A security group of somebody's. closed: it lets nothing out."""
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)["GroupId"]
        if closed:
            everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
        return made

    def new_endpoint(self, code: str, **given: Any) -> str:
        """An endpoint of somebody's; a gateway one for s3 without subnets."""
        kind = {"VpcEndpointType": "Interface", "SubnetIds": self.subnet_ids[:1], "PrivateDnsEnabled": False}
        made: str = self.ec2.create_vpc_endpoint(
            **{**(kind if code != "s3" else {}), "VpcId": self.vpc_id, "ServiceName": f"com.amazonaws.{REGION}.{code}",
               **given}
        )["VpcEndpoint"]["VpcEndpointId"]
        return made

    def new_node(self, group: str | None = None, subnet: int = 0, profile: bool = True, **node: Any) -> str:
        """An instance with SSM Agent; Online as soon as its agent gets through."""
        given: dict[str, Any] = {"SecurityGroupIds": [group]} if group else {}
        if profile:
            iam, name = client(self.emulator.url, "iam"), f"node-{uuid.uuid4()}"
            iam.create_instance_profile(InstanceProfileName=name)
            given["IamInstanceProfile"] = {"Name": name}
        tags = [{"Key": key, "Value": value} for key, value in node.get("tags", {}).items()]
        if tags:
            given["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
        made: str = self.ec2.run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=self.subnet_ids[subnet], **given
        )["Instances"][0]["InstanceId"]
        self.emulator.managed_node(region=REGION, id=made, **node)
        return made

    def main_table(self) -> str:
        here = [{"Name": "vpc-id", "Values": [self.vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
        found: str = self.ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"]
        return found


def estate(emulator: Any, zones: tuple[str, ...] = ("a", "b"), dns: bool = True) -> Estate:
    vpc_id, subnet_ids = network(emulator.url, zones=zones)
    made = Estate(emulator, vpc_id, subnet_ids)
    if dns:
        made.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    return made


def verbs(result: dict[str, Any]) -> dict[str, str]:
    """What happened to each resource, by kind and name."""
    return {f"{item['resource']} {item['name']}": item["action"] for item in result["actions"]}


def changed(result: dict[str, Any]) -> list[str]:
    """The resources that changed."""
    return sorted(name.rpartition(" ")[2] for name, action in verbs(result).items() if action != "keep")


def requirements(result: dict[str, Any]) -> list[str]:
    return [item["number"] for item in result["unmet_requirements"]]


def policy(endpoint: dict[str, Any]) -> Any:
    return json.loads(endpoint["PolicyDocument"])
