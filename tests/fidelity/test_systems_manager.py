# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the endpoints of Systems Manager stand on: rules, DHCP options, prefix lists, managed nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from fidelity.chain import REGION, refused

from emulator import server

Aws = Callable[[str], Any]
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    return made


@pytest.fixture
def group(ec2: Any, vpc: str) -> str:
    made: str = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    return made


def of(ec2: Any, group: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return found


def test_rules_are_kept_with_their_canonical_range_and_description(ec2: Any, group: str) -> None:
    source = [{"CidrIp": "10.0.5.9/20", "Description": "nodes"}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**HTTPS, "IpRanges": source}])
    pair = [{"GroupId": group, "Description": "themselves"}]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{**HTTPS, "UserIdGroupPairs": pair}])
    found = of(ec2, group)
    assert found["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/20", "Description": "nodes"}]
    assert found["IpPermissionsEgress"][0]["IpProtocol"] == "-1"
    assert found["IpPermissionsEgress"][1]["UserIdGroupPairs"][0]["Description"] == "themselves"
    listed = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert sorted(item.get("Description", "") for item in listed) == ["", "nodes", "themselves"]
    ec2.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[{**HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/20"}]}]
    )
    assert of(ec2, group)["IpPermissions"] == []


# permissions; code
RULE_REFUSALS: list[tuple[str, list[dict[str, Any]], str]] = [
    ("there already", [{"IpRanges": [{"CidrIp": "10.0.0.0/20", "Description": "x"}]}], "InvalidPermission.Duplicate"),
    ("not canonical", [{"IpRanges": [{"CidrIp": "10.0.5.0/20"}]}], "InvalidPermission.Duplicate"),
    ("twice", [{"IpRanges": [{"CidrIp": "10.1.0.0/20"}] * 2}], "InvalidParameterValue"),
    ("no range", [{"IpRanges": [{"CidrIp": "10.0.0.0/33"}]}], "InvalidParameterValue"),
    ("bad description", [{"IpRanges": [{"CidrIp": "10.1.0.0/20", "Description": "a|b"}]}], "InvalidParameterValue"),
    ("no group", [{"UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}], "InvalidGroup.NotFound"),
    ("no list", [{"PrefixListIds": [{"PrefixListId": "pl-01234567"}]}], "InvalidPrefixListId.NotFound"),
]


@pytest.mark.parametrize(
    ("permissions", "code"), [row[1:] for row in RULE_REFUSALS], ids=[row[0] for row in RULE_REFUSALS]
)
def test_refused_rules_leave_the_others_out_too(ec2: Any, group: str, permissions: list[Any], code: str) -> None:
    authorize = ec2.authorize_security_group_ingress
    authorize(GroupId=group, IpPermissions=[{**HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/20"}]}])
    good = {**HTTPS, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}
    asked = [good, *({**HTTPS, **item} for item in permissions)]
    refused(code, authorize, GroupId=group, IpPermissions=asked)
    assert [item["IpRanges"] for item in of(ec2, group)["IpPermissions"]] == [[{"CidrIp": "10.0.0.0/20"}]]


def test_a_group_of_another_vpc_is_named_only_over_a_peering(ec2: Any, group: str, vpc: str) -> None:
    other = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    peer = ec2.create_security_group(GroupName="peer", Description="peer", VpcId=other)["GroupId"]
    asked = [{**HTTPS, "UserIdGroupPairs": [{"GroupId": peer}]}]
    refused("InvalidGroup.NotFound", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=asked)
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=asked)
    assert of(ec2, group)["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == peer


def test_groups_are_held_by_rules_that_name_them(ec2: Any, group: str, vpc: str) -> None:
    other = ec2.create_security_group(GroupName="endpoints", Description="x", VpcId=vpc)["GroupId"]
    rule = [{**HTTPS, "UserIdGroupPairs": [{"GroupId": other}]}]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rule)
    refused("DependencyViolation", ec2.delete_security_group, GroupId=other)
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rule)
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_egress, GroupId=group, IpPermissions=rule)
    ec2.delete_security_group(GroupId=other)
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    default = next(item["GroupId"] for item in groups if item["GroupName"] == "default")
    refused("CannotDelete", ec2.delete_security_group, GroupId=default)


def test_a_vpc_has_the_dhcp_options_of_the_region_until_it_is_given_others(ec2: Any, vpc: str) -> None:
    def options() -> dict[str, list[str]]:
        known = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
        (found,) = ec2.describe_dhcp_options(DhcpOptionsIds=[known])["DhcpOptions"]
        return {item["Key"]: [one["Value"] for one in item["Values"]] for item in found["DhcpConfigurations"]}

    assert options() == {
        "domain-name": [f"{REGION}.compute.internal"], "domain-name-servers": ["AmazonProvidedDNS"]
    }
    servers = [{"Key": "domain-name-servers", "Values": ["10.0.5.5", "10.0.21.5"]}]
    own = ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=own, VpcId=vpc)
    assert options() == {"domain-name-servers": ["10.0.5.5", "10.0.21.5"]}
    assert len(ec2.describe_dhcp_options()["DhcpOptions"]) == 2
    refused("InvalidDhcpOptionID.NotFound", ec2.describe_dhcp_options, DhcpOptionsIds=["dopt-0123456789abcdef0"])


def test_a_gateway_endpoint_is_a_route_to_the_prefix_list_of_its_service(ec2: Any, vpc: str) -> None:
    name = f"com.amazonaws.{REGION}.s3"
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, RouteTableIds=[table["RouteTableId"]])["VpcEndpoint"]
    (shown,) = ec2.describe_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])["PrefixLists"]
    managed = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
    assert [item["PrefixListId"] for item in managed["PrefixLists"]] == [shown["PrefixListId"]]
    assert shown["Cidrs"]
    (table,) = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"]
    assert table["Routes"][-1]["DestinationPrefixListId"] == shown["PrefixListId"]
    assert table["Routes"][-1]["GatewayId"] == made["VpcEndpointId"]


class Estate:
    """A node in a private subnet, and the endpoints that it may get."""

    def __init__(self, emulator: server.Emulator, ec2: Any, ssm: Any, vpc: str, group: str) -> None:
        self.emulator, self.ec2, self.ssm, self.vpc = emulator, ec2, ssm, vpc
        self.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"][
            "SubnetId"
        ]
        self.nodes = group
        self.front = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
        self.node = ec2.run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=self.subnet, SecurityGroupIds=[group]
        )["Instances"][0]["InstanceId"]

    def endpoint(self, code: str) -> None:
        self.ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{code}",
            SubnetIds=[self.subnet], SecurityGroupIds=[self.front], PrivateDnsEnabled=True,
        )

    def status(self) -> list[str]:
        found = self.ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [self.node]}])
        return [item["PingStatus"] for item in found["InstanceInformationList"]]

    def admit(self, call: Any) -> None:
        call(GroupId=self.front, IpPermissions=[{**HTTPS, "UserIdGroupPairs": [{"GroupId": self.nodes}]}])


@pytest.fixture
def estate(emulator: server.Emulator, aws: Aws, ec2: Any, vpc: str, group: str) -> Estate:
    return Estate(emulator, ec2, aws("ssm"), vpc, group)


def test_a_node_is_online_once_its_agent_gets_through(estate: Estate) -> None:
    estate.emulator.managed_node(region=REGION, id=estate.node)
    assert estate.status() == []
    estate.endpoint("ssm")
    estate.endpoint("ssmmessages")
    assert estate.status() == [], "the security group admits nobody"
    estate.admit(estate.ec2.authorize_security_group_ingress)
    assert estate.status() == ["Online"]
    estate.admit(estate.ec2.revoke_security_group_ingress)
    assert estate.status() == ["ConnectionLost"]
    estate.admit(estate.ec2.authorize_security_group_ingress)
    everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    estate.ec2.revoke_security_group_egress(GroupId=estate.nodes, IpPermissions=everywhere)
    assert estate.status() == ["ConnectionLost"], "the node's group lets nothing out"


def test_an_old_agent_needs_ec2messages(estate: Estate) -> None:
    estate.emulator.managed_node(region=REGION, id=estate.node, agent_version="3.2.582.0")
    estate.admit(estate.ec2.authorize_security_group_ingress)
    estate.endpoint("ssm")
    estate.endpoint("ssmmessages")
    assert estate.status() == []
    estate.endpoint("ec2messages")
    assert estate.status() == ["Online"]


def test_managed_nodes_are_filtered_and_come_in_pages(emulator: server.Emulator, aws: Aws) -> None:
    ssm = aws("ssm")
    for number in range(12):
        emulator.managed_node(
            region=REGION, id=f"mi-{number:017x}", ip_address="10.9.0.1",
            ping_status="Online" if number % 2 else "ConnectionLost",
            tags={"Role": f"r{number % 3}"},
        )
    assert len(ssm.describe_instance_information()["InstanceInformationList"]) == 10
    pages = ssm.get_paginator("describe_instance_information").paginate(MaxResults=5)
    assert [len(page["InstanceInformationList"]) for page in pages] == [5, 5, 2]

    def count(key: str, *values: str) -> int:
        found = ssm.describe_instance_information(Filters=[{"Key": key, "Values": values}], MaxResults=50)
        return len(found["InstanceInformationList"])

    assert count("PingStatus", "Online") == 6
    assert count("tag:Role", "r1", "r2") == 8
    assert count("ResourceType", "ManagedInstance") == 12
    describe = ssm.describe_instance_information
    refused("InvalidInstanceInformationFilterValue", describe, Filters=[{"Key": "Colour", "Values": ["red"]}])
    refused("InvalidInstanceId", describe, Filters=[{"Key": "InstanceIds", "Values": ["x"]}])
    emulator.managed_node(region=REGION, forget=f"mi-{0:017x}")
    assert count("ResourceType", "ManagedInstance") == 11
    refused("ValidationException", describe, MaxResults=1)


def test_regions_since_2024_have_no_ec2messages(emulator: server.Emulator) -> None:
    def offered(region: str) -> dict[str, dict[str, Any]]:
        names = {"service-name": [f"com.amazonaws.{region}.{code}" for code in ("ssm", "ssmmessages", "ec2messages")]}
        filters = [{"Name": name, "Values": values} for name, values in names.items()]
        ec2 = boto3.client(
            "ec2", endpoint_url=emulator.url, region_name=region, aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
        )
        found = ec2.describe_vpc_endpoint_services(Filters=filters)["ServiceDetails"]
        return {item["ServiceName"].rpartition(".")[2]: item for item in found}

    assert sorted(offered(REGION)) == ["ec2messages", "ssm", "ssmmessages"]
    assert sorted(offered("ap-southeast-7")) == ["ssm", "ssmmessages"]
    assert "ec2messages" in offered("ca-west-1")
    ssm = offered(REGION)["ssm"]
    assert (ssm["Owner"], len(ssm["AvailabilityZones"])) == ("amazon", 3)
    emulator.configure(zones_without={"ssm": [f"{REGION}{zone}" for zone in "abc"]})
    assert "ssm" not in offered(REGION)
