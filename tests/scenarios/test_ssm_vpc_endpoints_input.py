# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is changed, and what people are told to see to."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.harness import run_module
from scenarios.ssm_endpoints import Estate, estate, requirements

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


# options, number, what the message says
BEFORE_ANY_CALL: list[tuple[str, dict[str, Any], str, str]] = [
    ("name", {"name": "sg-x"}, "R169", "name: sg-x"),
    ("no subnets", {"subnet_ids": []}, "R83", "subnet_ids: none"),
    ("range", {"node_cidrs": ["10.0.0.0/33"]}, "R169", "node_cidrs: 10.0.0.0/33"),
    ("account", {"node_accounts": ["12345"], "policy_preset": "agent"}, "R186", "node_accounts: 12345"),
    ("bucket", {"buckets": ["arn:aws:s3:::x"]}, "R171", "buckets: arn:aws:s3:::x"),
    ("wildcard", {"managed_buckets": ["aws-ssm-*"]}, "R171", "managed_buckets: aws-ssm-*"),
    ("node", {"wait_for_nodes": {"instance_ids": ["web-1"]}}, "R176", "wait_for_nodes: web-1"),
    ("tables", {"s3": "interface", "route_table_ids": ["rtb-1"]}, "R180", "route_table_ids: rtb-1 with s3: interface"),
    ("service", {"policies": {"sqs": {}}}, "R186", "policies.sqs: sqs"),
    ("no endpoint", {"policies": {"kms": {"Statement": [ALLOW]}}}, "R186", "session_encryption: false leaves out"),
    ("no JSON", {"policies": {"ssm": "{"}}, "R97", "policies.ssm: it is not valid JSON"),
    ("address", {"policies": {"ssm": {"Statement": [
        {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    ]}}}, "R104", "aws:SourceIp"),
    ("gateway", {"policies": {"s3": {"Statement": [{**ALLOW, "Principal": {"AWS": "210987654321"}}]}}}, "R97",
     'A gateway endpoint needs "Principal": "*"'),
]


@pytest.mark.parametrize(
    ("options", "number", "text"), [row[1:] for row in BEFORE_ANY_CALL], ids=[row[0] for row in BEFORE_ANY_CALL]
)
def test_options_are_refused_before_any_call(place: Estate, options: dict[str, Any], number: str, text: str) -> None:
    result, calls = place.watched(**options)
    assert result["failed"]
    assert calls == []
    assert number in requirements(result)
    assert text in result["msg"]


def test_r171_buckets_of_an_unknown_region_are_asked_for_and_never_guessed(place: Estate) -> None:
    options: dict[str, Any] = {
        "vpc_id": place.vpc_id, "subnet_ids": place.subnet_ids, "region": "ap-southeast-7", "policy_preset": "agent",
    }
    refused, given = (
        run_module(place.emulator.url, "ssm_vpc_endpoints", **options, managed_buckets=buckets)
        for buckets in ([], ["aws-ssm-ap-southeast-7"])
    )
    assert "policy_preset: agent in ap-southeast-7, whose buckets are not known here. R171" in refused["msg"]
    assert "They cannot be guessed" in refused["msg"]
    assert "R171" not in given["msg"]
    assert "no VPC" in given["msg"]


# options, number, what the message says
BEFORE_ANY_WRITE: list[tuple[str, dict[str, Any], str, str]] = [
    ("VPC", {"vpc_id": "vpc-0123456789abcdef0"}, "R83", "vpc_id: no VPC vpc-0123456789abcdef0"),
    ("subnet", {"subnet_ids": ["subnet-0123456789abcdef0"]}, "R83", "no subnet subnet-0123456789abcdef0 in the VPC"),
    ("nodes", {"node_subnet_ids": ["subnet-0123456789abcdef0"]}, "R169", "node_subnet_ids: no subnet"),
    ("group", {"security_group_ids": ["sg-0123456789abcdef0"]}, "R169", "no security group sg-0123456789abcdef0"),
    ("node group", {"node_security_group_ids": ["sg-0123456789abcdef0"]}, "R169", "no security group"),
]


@pytest.mark.parametrize(
    ("options", "number", "text"), [row[1:] for row in BEFORE_ANY_WRITE], ids=[row[0] for row in BEFORE_ANY_WRITE]
)
def test_what_is_not_there_is_named_before_any_write(
    place: Estate, options: dict[str, Any], number: str, text: str
) -> None:
    result, writes = place.writes(**options)
    assert result["failed"]
    assert writes == []
    assert number in requirements(result)
    assert text in result["msg"]


def test_all_that_is_wrong_is_said_at_once(place: Estate) -> None:
    result = place.run(node_cidrs=["x"], buckets=["X"], policies={"ssm": "["})
    assert {"R169", "R171", "R97"} <= set(requirements(result))


def test_two_subnets_of_one_zone_are_named_once(place: Estate) -> None:
    second = place.ec2.create_subnet(VpcId=place.vpc_id, CidrBlock="10.0.64.0/20", AvailabilityZone="eu-central-1a")
    twice = [*place.subnet_ids, second["Subnet"]["SubnetId"]]
    result, writes = place.writes(subnet_ids=twice)
    assert writes == []
    assert requirements(result) == ["R83"]
    assert "all in eu-central-1a" in result["msg"]


def test_r175_a_region_without_systems_manager(place: Estate) -> None:
    every = [f"eu-central-1{zone}" for zone in "abc"]
    place.emulator.configure(zones_without={"ssm": every, "logs": every})
    result = place.run(cloudwatch_logs=True)
    assert set(requirements(result)) == {"R175", "R184"}
    assert "Use a Region that Systems Manager supports" in result["msg"]


def test_a_policy_that_aws_refuses_changes_nothing_else(place: Estate) -> None:
    place.done()
    place.emulator.fault("error", service="ec2", action="ModifyVpcEndpoint", times=1, status=400,
                         code="InvalidPolicyDocument", message="Invalid policy document")
    before = place.endpoints()
    own = {"Statement": [{**ALLOW, "Action": "ssm:*"}]}
    result = place.run(policies={"ssm": own})
    assert "change VPC endpoint ssm: AWS refused ec2:ModifyVpcEndpoint with InvalidPolicyDocument" in result["msg"]
    assert not result["changed"]
    assert place.endpoints() == before


def test_r170_dns_servers_of_ones_own_are_warned_of(place: Estate) -> None:
    servers = [{"Key": "domain-name-servers", "Values": ["10.0.5.5", "AmazonProvidedDNS"]}]
    own = place.ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
    assert place.run(check=True)["unmet_requirements"] == []
    place.ec2.associate_dhcp_options(DhcpOptionsId=own, VpcId=place.vpc_id)
    result = place.done()
    assert requirements(result) == ["R170"]
    (warning,) = result["warnings"]
    assert "DHCP options with DNS servers 10.0.5.5. R170" in warning
    assert "forward amazonaws.com, and api.aws for IPv6, to 10.0.0.2 or 169.254.169.253" in warning


def test_r168_r172_r174_nodes_outside_the_vpc_need_people(place: Estate) -> None:
    inside = place.done(node_cidrs=["10.0.128.0/20"])
    assert inside["unmet_requirements"] == []
    outside = place.done(node_cidrs=["192.168.0.0/16"])
    assert requirements(outside) == ["R168", "R172", "R174"]
    assert all(not item["blocking"] for item in outside["unmet_requirements"])
    assert len(outside["warnings"]) == 3
    assert requirements(place.done(node_cidrs=["192.168.0.0/16"], s3="both")) == ["R172", "R174"]


def test_r181_closed_groups_of_nodes_are_told_of_or_opened(place: Estate) -> None:
    closed, free = place.new_group("closed", closed=True), place.new_group("free")
    told = place.done(node_security_group_ids=[closed, free])
    assert requirements(told) == ["R181"]
    assert f"{closed} lets no HTTPS out to the endpoints and S3's prefix list pl-" in told["warnings"][0]
    opened = place.done(node_security_group_ids=[closed, free], node_egress_rules=True)
    assert opened["unmet_requirements"] == []
    rules = place.group("closed")["IpPermissionsEgress"]
    prefix_list = place.ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.eu-central-1.s3"]}]
    )["PrefixLists"][0]["PrefixListId"]
    assert [item["PrefixListId"] for rule in rules for item in rule["PrefixListIds"]] == [prefix_list]
    pairs = [item["GroupId"] for rule in rules for item in rule["UserIdGroupPairs"]]
    assert pairs == [place.group()["GroupId"]]
    assert len(place.group("free")["IpPermissionsEgress"]) == 1
    back = place.done(node_security_group_ids=[closed, free])
    assert [item["name"] for item in back["actions"] if item["action"] == "update"] == ["closed"]
    assert place.group("closed")["IpPermissionsEgress"] == []


def test_r167_groups_of_a_peered_vpc_are_let_in(place: Estate) -> None:
    other = estate(place.emulator)
    peer = other.new_group("peer")
    place.done()
    refused = place.run(node_security_group_ids=[peer])
    assert "two resources that belong to different networks" in refused["msg"]
    made = place.ec2.create_vpc_peering_connection(VpcId=place.vpc_id, PeerVpcId=other.vpc_id)["VpcPeeringConnection"]
    place.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    place.done(node_security_group_ids=[peer])
    pairs = [item["GroupId"] for rule in place.group()["IpPermissions"] for item in rule["UserIdGroupPairs"]]
    assert pairs == [peer]


def test_r186_a_policy_that_keeps_hybrid_nodes_out_is_told_of(place: Estate) -> None:
    perimeter = {**ALLOW, "Action": "ssm:*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}}
    given: dict[str, Any] = {"policies": {"ssm": {"Statement": [perimeter]}}, "s3": "both"}
    assert "R186" not in requirements(place.done(**given))
    result = place.done(**given, node_cidrs=["192.168.0.0/16"])
    assert "R186" in requirements(result)
    assert "ssm:RegisterManagedInstance" in str(result["warnings"])
    both = {"Statement": [perimeter, {**ALLOW, "Action": "ssm:*", "Condition": {
        "StringEquals": {"ssm:NodeAccountId": "123456789012"}
    }}]}
    assert "R186" not in requirements(place.done(policies={"ssm": both}, s3="both", node_cidrs=["192.168.0.0/16"]))
