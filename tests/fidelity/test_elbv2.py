# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network Load Balancers, target groups, listeners, target health."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from fidelity.chain import REGION, Chain, refused


def test_balancer_is_described(chain: Chain) -> None:
    found = chain.elb.describe_load_balancers(Names=["balancer-1"])["LoadBalancers"][0]
    assert ":loadbalancer/net/balancer-1/" in found["LoadBalancerArn"]
    assert found["State"]["Code"] == "active"
    assert [zone["ZoneName"] for zone in found["AvailabilityZones"]] == [f"{REGION}a", f"{REGION}b"]
    attributes = chain.elb.describe_load_balancer_attributes(LoadBalancerArn=chain.balancer)["Attributes"]
    assert {"Key": "deletion_protection.enabled", "Value": "false"} in attributes


Change = Callable[[Chain], dict[str, Any]]
BALANCERS: list[tuple[str, Change, str]] = [
    ("other settings", lambda chain: {"Name": "balancer-1", "Scheme": "internet-facing"}, "DuplicateLoadBalancerName"),
    ("name", lambda chain: {"Name": "-x"}, "ValidationError"),
    ("reserved name", lambda chain: {"Name": "internal-x"}, "ValidationError"),
    ("type", lambda chain: {"Type": "application"}, "InvalidConfigurationRequest"),
    ("no subnet", lambda chain: {"Subnets": []}, "ValidationError"),
    ("unknown subnet", lambda chain: {"Subnets": ["subnet-0"]}, "SubnetNotFound"),
    (
        "zone twice",
        lambda chain: {"Subnets": [*chain.subnets, small(chain, "10.0.8.0/24")]},
        "InvalidConfigurationRequest",
    ),
    ("small subnet", lambda chain: {"Subnets": [small(chain, "10.0.8.0/28", fill=4)]}, "InvalidSubnet"),
    ("unknown group", lambda chain: {"SecurityGroups": ["sg-0"]}, "InvalidSecurityGroup"),
    ("tag twice", lambda chain: {"Tags": [{"Key": "a", "Value": "b"}] * 2}, "DuplicateTagKeys"),
]


def small(chain: Chain, block: str, fill: int = 0) -> str:
    made: str = chain.ec2.create_subnet(VpcId=chain.vpc, CidrBlock=block, AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]
    for dummy in range(fill):
        chain.ec2.create_network_interface(SubnetId=made)
    return made


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in BALANCERS], ids=[row[0] for row in BALANCERS])
def test_balancer_refusals(chain: Chain, change: Change, code: str) -> None:
    params = {"Name": "other", "Type": "network", "Scheme": "internal", "Subnets": chain.subnets, **change(chain)}
    refused(code, chain.elb.create_load_balancer, **params)


def test_creating_again_with_the_same_settings(chain: Chain) -> None:
    again = chain.elb.create_load_balancer(
        Name="balancer-1", Type="network", Scheme="internal", Subnets=chain.subnets[::-1]
    )
    assert again["LoadBalancers"][0]["LoadBalancerArn"] == chain.balancer
    group = {"Name": "group-1", "Protocol": "TCP", "Port": 443, "VpcId": chain.vpc, "TargetType": "ip"}
    assert chain.elb.create_target_group(**group)["TargetGroups"][0]["TargetGroupArn"] == chain.group
    refused("DuplicateTargetGroupName", chain.elb.create_target_group, **{**group, "Port": 444})
    listener = {"LoadBalancerArn": chain.balancer, "Protocol": "TCP", "Port": 443, "DefaultActions": [chain.forward()]}
    assert chain.elb.create_listener(**listener)["Listeners"][0]["ListenerArn"] == chain.listener
    refused(
        "DuplicateListener",
        chain.elb.create_listener,
        **{**listener, "Protocol": "TCP_UDP"} | {"Protocol": "TCP", "DefaultActions": [other_group(chain)]},
    )


def other_group(chain: Chain, name: str = "other", **others: Any) -> dict[str, str]:
    params = {"Name": name, "Protocol": "TCP", "Port": 443, "VpcId": chain.vpc, "TargetType": "ip", **others}
    arn = chain.elb.create_target_group(**params)["TargetGroups"][0]["TargetGroupArn"]
    return {"Type": "forward", "TargetGroupArn": arn}


def test_nothing_in_use_is_deleted(chain: Chain) -> None:
    refused("ResourceInUse", chain.elb.delete_load_balancer, LoadBalancerArn=chain.balancer)
    refused("ResourceInUse", chain.elb.delete_target_group, TargetGroupArn=chain.group)
    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    chain.elb.modify_load_balancer_attributes(LoadBalancerArn=chain.balancer, Attributes=[protect])
    chain.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[chain.service])
    refused("OperationNotPermitted", chain.elb.delete_load_balancer, LoadBalancerArn=chain.balancer)
    chain.elb.modify_load_balancer_attributes(
        LoadBalancerArn=chain.balancer, Attributes=[{**protect, "Value": "false"}]
    )
    chain.elb.delete_load_balancer(LoadBalancerArn=chain.balancer)
    refused("LoadBalancerNotFound", chain.elb.describe_load_balancers, Names=["balancer-1"])
    chain.elb.delete_target_group(TargetGroupArn=chain.group)
    for subnet in chain.subnets:
        chain.ec2.delete_subnet(SubnetId=subnet)
    chain.ec2.delete_vpc(VpcId=chain.vpc)


def test_security_groups_only_if_there_were_some(chain: Chain) -> None:
    group = chain.ec2.create_security_group(GroupName="g", Description="g", VpcId=chain.vpc)["GroupId"]
    change = chain.elb.set_security_groups
    refused("InvalidConfigurationRequest", change, LoadBalancerArn=chain.balancer, SecurityGroups=[group])
    made = chain.elb.create_load_balancer(
        Name="with", Type="network", Scheme="internal", Subnets=chain.subnets, SecurityGroups=[group]
    )["LoadBalancers"][0]
    assert made["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    arn = made["LoadBalancerArn"]
    key = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    assert change(LoadBalancerArn=arn, SecurityGroups=[group], **{key: "off"})[key] == "off"
    assert chain.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0][key] == "off"
    refused("DependencyViolation", chain.ec2.delete_security_group, GroupId=group)
    refused("InvalidConfigurationRequest", change, LoadBalancerArn=arn, SecurityGroups=[])


def test_zones_are_added_in_place(chain: Chain) -> None:
    third = chain.ec2.create_subnet(VpcId=chain.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}c")
    wanted = [*chain.subnets, third["Subnet"]["SubnetId"]]
    zones = chain.elb.set_subnets(LoadBalancerArn=chain.balancer, Subnets=wanted)["AvailabilityZones"]
    assert len(zones) == 3


GROUPS: list[tuple[str, dict[str, Any], str]] = [
    ("protocol", {"Protocol": "HTTP"}, "InvalidConfigurationRequest"),
    ("no protocol", {"Protocol": None}, "ValidationError"),
    ("unknown vpc", {"VpcId": "vpc-0"}, "ValidationError"),
    ("name", {"Name": "a_b"}, "ValidationError"),
    ("check protocol", {"HealthCheckProtocol": "UDP"}, "ValidationError"),
    ("check port", {"HealthCheckPort": "x"}, "ValidationError"),
    ("path with TCP", {"HealthCheckPath": "/"}, "InvalidConfigurationRequest"),
    ("path", {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "x"}, "ValidationError"),
    ("codes", {"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "x"}}, "ValidationError"),
    ("interval", {"HealthCheckIntervalSeconds": 4}, "ValidationError"),
    ("timeout above interval", {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 6}, "ValidationError"),
    ("switched off", {"HealthCheckEnabled": False}, "InvalidConfigurationRequest"),
]


@pytest.mark.parametrize(("params", "code"), [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS])
def test_target_group_refusals(chain: Chain, params: dict[str, Any], code: str) -> None:
    base = {"Name": "other", "Protocol": "TCP", "Port": 443, "VpcId": chain.vpc, "TargetType": "ip"}
    wanted = {name: value for name, value in {**base, **params}.items() if value is not None}
    refused(code, chain.elb.create_target_group, **wanted)


def test_health_check_and_attributes_change_in_place(chain: Chain) -> None:
    chain.elb.modify_target_group(
        TargetGroupArn=chain.group, HealthCheckProtocol="HTTP", HealthCheckPort="80", HealthCheckPath="/ping"
    )
    found = chain.elb.describe_target_groups(TargetGroupArns=[chain.group])["TargetGroups"][0]
    assert (found["HealthCheckProtocol"], found["HealthCheckPort"], found["HealthCheckPath"]) == ("HTTP", "80", "/ping")
    change = chain.elb.modify_target_group_attributes
    change(TargetGroupArn=chain.group, Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true"}])
    for bad in ({"Key": "nonsense", "Value": "1"}, {"Key": "proxy_protocol_v2.enabled", "Value": "maybe"}):
        refused("ValidationError", change, TargetGroupArn=chain.group, Attributes=[bad])


TARGETS: list[tuple[str, dict[str, Any], str]] = [
    ("public address", {"Id": "8.8.8.8", "AvailabilityZone": "all"}, "InvalidTarget"),
    ("outside without all", {"Id": "192.168.1.1"}, "ValidationError"),
    ("no address", {"Id": "host.example.com"}, "ValidationError"),
    ("port", {"Id": "10.0.0.10", "Port": 70000}, "ValidationError"),
]


@pytest.mark.parametrize(("target", "code"), [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS])
def test_target_refusals(chain: Chain, target: dict[str, Any], code: str) -> None:
    refused(code, chain.elb.register_targets, TargetGroupArn=chain.group, Targets=[target])


def health(chain: Chain, **params: Any) -> dict[tuple[str, int], tuple[str, str | None]]:
    found = chain.elb.describe_target_health(TargetGroupArn=chain.group, **params)["TargetHealthDescriptions"]
    return {
        (item["Target"]["Id"], item["Target"]["Port"]): (
            item["TargetHealth"]["State"],
            item["TargetHealth"].get("Reason"),
        )
        for item in found
    }


def test_targets_are_address_and_port(chain: Chain) -> None:
    outside = {"Id": "192.168.1.1", "AvailabilityZone": "all"}
    chain.elb.register_targets(TargetGroupArn=chain.group, Targets=[{"Id": "10.0.0.10", "Port": 8443}, outside])
    assert set(health(chain)) == {("10.0.0.10", 443), ("10.0.0.10", 8443), ("10.0.0.11", 443), ("192.168.1.1", 443)}
    gone = health(chain, Targets=[{"Id": "10.0.0.99", "Port": 443}])
    assert gone["10.0.0.99", 443] == ("unused", "Target.NotRegistered")
    chain.elb.deregister_targets(TargetGroupArn=chain.group, Targets=[{"Id": "10.0.0.10", "Port": 8443}])
    assert len(health(chain)) == 3


def test_health_is_a_real_connection(chain: Chain) -> None:
    chain.emulator.configure(unmapped_targets="unhealthy")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        chain.emulator.configure(address_map={"10.0.0.10": f"127.0.0.1:{port}"})
        assert health(chain) == {
            ("10.0.0.10", 443): ("healthy", None),
            ("10.0.0.11", 443): ("unhealthy", "Target.Timeout"),
        }
    assert health(chain)["10.0.0.10", 443] == ("unhealthy", "Target.FailedHealthChecks")


def test_states_of_a_target(chain: Chain) -> None:
    chain.emulator.configure(time_scale=1.0)
    group = other_group(chain)["TargetGroupArn"]
    chain.group = group
    chain.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.20"}])
    assert health(chain) == {("10.0.0.20", 443): ("unused", "Target.NotInUse")}
    chain.elb.create_listener(
        LoadBalancerArn=chain.balancer, Protocol="TCP", Port=8443, DefaultActions=[chain.forward()]
    )
    assert health(chain) == {("10.0.0.20", 443): ("initial", "Elb.InitialHealthChecking")}
    chain.emulator.advance(100)
    assert health(chain) == {("10.0.0.20", 443): ("healthy", None)}
    chain.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.20"}])
    assert health(chain) == {("10.0.0.20", 443): ("draining", "Target.DeregistrationInProgress")}
    chain.emulator.advance(301)
    assert health(chain) == {}


def listener_of(chain: Chain, **others: Any) -> dict[str, Any]:
    return {
        "LoadBalancerArn": chain.balancer,
        "Protocol": "TCP",
        "Port": 8443,
        "DefaultActions": [chain.forward()],
        **others,
    }


LISTENERS: list[tuple[str, dict[str, Any], str]] = [
    ("protocol", {"Protocol": "HTTP"}, "UnsupportedProtocol"),
    ("no certificate", {"Protocol": "TLS"}, "CertificateNotFound"),
    ("incompatible", {"Protocol": "UDP"}, "IncompatibleProtocols"),
    ("unknown balancer", {"LoadBalancerArn": "arn:aws:x"}, "LoadBalancerNotFound"),
    ("no action", {"DefaultActions": []}, "ValidationError"),
    ("redirect", {"DefaultActions": [{"Type": "redirect"}]}, "InvalidLoadBalancerAction"),
    ("unknown group", {"DefaultActions": [{"Type": "forward", "TargetGroupArn": "arn:aws:x"}]}, "TargetGroupNotFound"),
]


@pytest.mark.parametrize(("params", "code"), [row[1:] for row in LISTENERS], ids=[row[0] for row in LISTENERS])
def test_listener_refusals(chain: Chain, params: dict[str, Any], code: str) -> None:
    refused(code, chain.elb.create_listener, **listener_of(chain, **params))


def test_a_target_group_serves_one_balancer(chain: Chain) -> None:
    second = chain.elb.create_load_balancer(Name="second", Type="network", Scheme="internal", Subnets=chain.subnets)
    arn = second["LoadBalancers"][0]["LoadBalancerArn"]
    refused("TargetGroupAssociationLimit", chain.elb.create_listener, **listener_of(chain, LoadBalancerArn=arn))


def test_pages_and_tags(chain: Chain) -> None:
    other_group(chain)
    first = chain.elb.describe_target_groups(PageSize=1)
    second = chain.elb.describe_target_groups(PageSize=1, Marker=first["NextMarker"])
    assert "NextMarker" not in second
    refused("ValidationError", chain.elb.describe_target_groups, Marker="?")
    arns = [chain.balancer, chain.group, chain.listener]
    chain.elb.add_tags(ResourceArns=arns, Tags=[{"Key": "k", "Value": "v"}])
    found = chain.elb.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert [item["Tags"] for item in found] == [[{"Key": "k", "Value": "v"}]] * 3
    chain.elb.remove_tags(ResourceArns=arns, TagKeys=["k"])
    refused("LoadBalancerNotFound", chain.elb.describe_tags, ResourceArns=["arn:aws:x"])
