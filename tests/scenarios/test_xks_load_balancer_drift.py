# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.balancing import (
    TARGETS,
    Client,
    Options,
    Run,
    make_network,
    module_run,
    outside_client,
    plain_options,
    verbs,
    writes,
)

FULL: Options = {
    "health_check_protocol": "HTTP", "health_check_port": "80", "health_check_path": "/ping",
    "health_check_interval": 10, "health_check_timeout": 5, "healthy_threshold_count": 3,
    "unhealthy_threshold_count": 3, "successful_response_codes": "200", "deletion_protection": True,
    "cross_zone_load_balancing": True, "purge_targets": True, "tags": {"Team": "pay"},
}


def outside(operation: str, of: str, **arguments: Any) -> Callable[[Any, dict[str, Any]], None]:
    """A call behind the module's back, on the target group, the load balancer or the listener."""
    parameter = {"target_group_arn": "TargetGroupArn", "load_balancer_arn": "LoadBalancerArn",
                 "listener_arn": "ListenerArn"}[of]

    def drift(elb: Any, made: dict[str, Any]) -> None:
        getattr(elb, operation)(**{parameter: made[of]}, **arguments)

    return drift


def tagged(of: str) -> Callable[[Any, dict[str, Any]], None]:
    return lambda elb, made: elb.add_tags(ResourceArns=[made[of]], Tags=[{"Key": "Team", "Value": "x"}])


def attributed(operation: str, of: str, key: str, value: str) -> Callable[[Any, dict[str, Any]], None]:
    return outside(operation, of, Attributes=[{"Key": key, "Value": value}])


def lost_zone(elb: Any, made: dict[str, Any]) -> None:
    first = made["load_balancer"]["availability_zones"][0]["subnet_id"]
    elb.set_subnets(LoadBalancerArn=made["load_balancer_arn"], Subnets=[first])


def other_groups(elb: Any, made: dict[str, Any]) -> None:
    elb.set_security_groups(
        LoadBalancerArn=made["load_balancer_arn"], SecurityGroups=made["load_balancer"]["security_groups"][:1]
    )


def enforced(elb: Any, made: dict[str, Any]) -> None:
    elb.set_security_groups(
        LoadBalancerArn=made["load_balancer_arn"], SecurityGroups=made["load_balancer"]["security_groups"],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="on",
    )


def elsewhere(elb: Any, made: dict[str, Any]) -> None:
    group = elb.create_target_group(
        Name="other", TargetType="ip", Protocol="TCP", Port=443, VpcId=made["target_group"]["vpc_id"]
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_listener(
        ListenerArn=made["listener_arn"], DefaultActions=[{"Type": "forward", "TargetGroupArn": group}]
    )


def one_key(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


GROUP, BALANCER, FRONT = "target_group_arn", "load_balancer_arn", "listener_arn"
GROUP_NAME, BALANCER_NAME, FRONT_NAME = "target group", "Network Load Balancer", "listener"
ENFORCE = "enforce_security_group_inbound_rules_on_private_link_traffic"
MODIFY_GROUP = "modify_target_group"
DRIFTS: dict[str, tuple[Any, str, str, str]] = {
    "health check port": (
        outside(MODIFY_GROUP, GROUP, HealthCheckPort="81"), GROUP_NAME, "health_check_port", "ModifyTargetGroup"
    ),
    "health check path": (
        outside(MODIFY_GROUP, GROUP, HealthCheckPath="/"), GROUP_NAME, "health_check_path", "ModifyTargetGroup"
    ),
    "interval": (
        outside(MODIFY_GROUP, GROUP, HealthCheckIntervalSeconds=60), GROUP_NAME, "health_check_interval_seconds",
        "ModifyTargetGroup",
    ),
    "timeout": (
        outside(MODIFY_GROUP, GROUP, HealthCheckTimeoutSeconds=9), GROUP_NAME, "health_check_timeout_seconds",
        "ModifyTargetGroup",
    ),
    "healthy threshold": (
        outside(MODIFY_GROUP, GROUP, HealthyThresholdCount=9), GROUP_NAME, "healthy_threshold_count",
        "ModifyTargetGroup",
    ),
    "unhealthy threshold": (
        outside(MODIFY_GROUP, GROUP, UnhealthyThresholdCount=9), GROUP_NAME, "unhealthy_threshold_count",
        "ModifyTargetGroup",
    ),
    "codes": (
        outside(MODIFY_GROUP, GROUP, Matcher={"HttpCode": "200-499"}), GROUP_NAME, "matcher", "ModifyTargetGroup"
    ),
    "protocol": (
        outside(MODIFY_GROUP, GROUP, HealthCheckProtocol="HTTPS"), GROUP_NAME, "health_check_protocol",
        "ModifyTargetGroup",
    ),
    "proxy protocol": (
        attributed("modify_target_group_attributes", GROUP, "proxy_protocol_v2.enabled", "true"), GROUP_NAME,
        "proxy_protocol_v2_enabled", "ModifyTargetGroupAttributes",
    ),
    "target lost": (
        outside("deregister_targets", GROUP, Targets=[{"Id": TARGETS[1], "Port": 443}]), GROUP_NAME, "targets",
        "RegisterTargets",
    ),
    "target too many": (
        outside("register_targets", GROUP, Targets=[{"Id": "10.0.1.99", "Port": 443}]), GROUP_NAME, "targets",
        "DeregisterTargets",
    ),
    "target group tag": (tagged(GROUP), GROUP_NAME, "tags", "AddTags"),
    "zone": (lost_zone, BALANCER_NAME, "subnet_ids", "SetSubnets"),
    "security groups": (other_groups, BALANCER_NAME, "security_groups", "SetSecurityGroups"),
    "inbound rules": (enforced, BALANCER_NAME, ENFORCE, "SetSecurityGroups"),
    "deletion protection": (
        attributed("modify_load_balancer_attributes", BALANCER, "deletion_protection.enabled", "false"),
        BALANCER_NAME, "deletion_protection_enabled", "ModifyLoadBalancerAttributes",
    ),
    "cross zone": (
        attributed("modify_load_balancer_attributes", BALANCER, "load_balancing.cross_zone.enabled", "false"),
        BALANCER_NAME, "load_balancing_cross_zone_enabled", "ModifyLoadBalancerAttributes",
    ),
    "load balancer tag": (tagged(BALANCER), BALANCER_NAME, "tags", "AddTags"),
    "listener protocol": (outside("modify_listener", FRONT, Protocol="TLS"), FRONT_NAME, "protocol", "ModifyListener"),
    "listener target": (elsewhere, FRONT_NAME, "default_actions", "ModifyListener"),
    "listener tag": (tagged(FRONT), FRONT_NAME, "tags", "AddTags"),
}


@pytest.fixture
def client(emulator: Any) -> Client:
    return outside_client(emulator)


@pytest.fixture
def network(client: Client) -> Options:
    return make_network(client)


@pytest.fixture
def options(network: Options) -> Options:
    return plain_options(network)


@pytest.fixture
def run(emulator: Any) -> Run:
    return module_run(emulator)


@pytest.mark.parametrize(("drift", "resource", "key", "write"), DRIFTS.values(), ids=list(DRIFTS))
def test_a_drift_is_shown_and_repaired_alone(
    emulator: Any, client: Client, run: Run, options: Options, network: Options,
    drift: Any, resource: str, key: str, write: str,
) -> None:
    given = {**options, **FULL, "security_group_ids": network["security_group_ids"]}
    drift(client("elbv2"), run(**given))
    since = len(emulator.calls(mutating=True))

    shown = run(check=True, **given)
    assert [item["resource"] for item in shown["actions"] if item["action"] == "update"] == [resource]
    (diff,) = shown["diff"]
    assert one_key(diff["before"], diff["after"]) == {key}
    assert writes(emulator, since) == []

    repaired = run(**given)
    assert verbs(repaired) == verbs(shown)
    assert writes(emulator, since) == [write]
    assert run(**given)["changed"] is False
