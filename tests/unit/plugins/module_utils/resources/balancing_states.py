# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of xks_load_balancer, and answers of Elastic Load Balancing, to vary."""

from __future__ import annotations

from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import load_balancing

VPC = "vpc-0a1"
GROUP_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/payments/0123456789abcdef"
BALANCER_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/payments/0123456789abcdef"
LISTENER_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/payments/0123456789abcdef/fed"
PENDING_VPC = "(known after apply: vpc.payments.vpc_id)"
PENDING_SUBNETS = [f"(known after apply: subnet.payments-{zone}.subnet_id)" for zone in "ab"]


def options(**given: Any) -> dict[str, Any]:
    defaults = dict.fromkeys(
        (
            "load_balancer_name", "target_group_name", "health_check_protocol", "health_check_port",
            "health_check_path", "health_check_interval", "health_check_timeout", "healthy_threshold_count",
            "unhealthy_threshold_count", "successful_response_codes", "security_group_ids", "deletion_protection",
            "cross_zone_load_balancing", "tags",
        )
    )
    return {
        **defaults, "state": "present", "name": "payments", "vpc_id": VPC, "subnet_ids": ["subnet-a", "subnet-b"],
        "targets": ["10.0.1.10", "192.168.7.7"], "purge_targets": False, "purge_tags": True, "wait": True,
        "wait_for_active": False, "wait_for_targets": False, "wait_timeout": 900,
        "enforce_security_group_inbound_rules_on_private_link_traffic": "off", **given,
    }


def group(**changes: Any) -> dict[str, Any]:
    return {
        "TargetGroupArn": GROUP_ARN, "TargetGroupName": "payments", "TargetType": "ip", "Protocol": "TCP", "Port": 443,
        "IpAddressType": "ipv4", "VpcId": VPC, "LoadBalancerArns": [BALANCER_ARN], "HealthCheckProtocol": "TCP",
        "HealthCheckPort": "traffic-port", "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2, **changes,
    }


def balancer(**changes: Any) -> dict[str, Any]:
    return {
        "LoadBalancerArn": BALANCER_ARN, "LoadBalancerName": "payments", "Type": "network", "Scheme": "internal",
        "IpAddressType": "ipv4", "VpcId": VPC, "State": {"Code": "active"}, "DNSName": "internal-payments.example.com",
        "CanonicalHostedZoneId": "Z1", "AvailabilityZones": zones("a", "b"), **changes,
    }


def zones(*names: str) -> list[dict[str, Any]]:
    return [{"ZoneName": f"eu-central-1{name}", "SubnetId": f"subnet-{name}"} for name in names]


def listener(**changes: Any) -> dict[str, Any]:
    return {
        "ListenerArn": LISTENER_ARN, "LoadBalancerArn": BALANCER_ARN, "Protocol": "TCP", "Port": 443,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP_ARN}], **changes,
    }


def target(address: str, port: int = 443, state: str = "healthy", zone: str | None = "all") -> dict[str, Any]:
    return {
        "Target": {"Id": address, "Port": port, "AvailabilityZone": zone},
        "TargetHealth": {"State": state},
    }


TARGETS = (target("10.0.1.10", zone="eu-central-1a"), target("192.168.7.7"))


def state(
    groups: Any = None, balancers: Any = None, listeners: Any = None, health: Any = TARGETS,
    group_attributes: Any = (), balancer_attributes: Any = None, tags: Any = (), network: Any = None,
) -> dict[str, Any]:
    """A view of what is there; by default all of it, as it should be."""
    found = {
        "target_groups": [group()] if groups is None else groups,
        "load_balancers": [balancer()] if balancers is None else balancers,
    }
    details = {
        "health": list(health), "group_attributes": list(group_attributes), "tags": list(tags),
        "listeners": [listener()] if listeners is None else listeners, "balancer_attributes": balancer_attributes,
    }
    return load_balancing.with_network(load_balancing.normalise(found, details), *(network or (None, {})))


def network(*subnets: str, vpc: str = VPC, free: int = 100, cidr: str = "10.0.0.0/16") -> tuple[str, dict[str, Any]]:
    return VPC, {
        "vpcs": [{"VpcId": VPC, "CidrBlock": cidr}],
        "subnets": [
            {
                "SubnetId": f"subnet-{name}", "AvailabilityZone": f"eu-central-1{name}", "VpcId": vpc,
                "AvailableIpAddressCount": free,
            }
            for name in subnets
        ],
    }


def nothing(**changes: Any) -> dict[str, Any]:
    return state(groups=[], balancers=[], listeners=[], network=network("a", "b", "c"), **changes)


def attribute(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


def verbs(plan: Plan) -> list[str]:
    return [step.verb.removeprefix("elbv2.") for step in plan.steps]


def numbers(plan: Plan) -> list[str]:
    return [item.number for item in plan.unmet]
