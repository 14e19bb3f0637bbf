# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the embedded AWS cannot be made to show, or not quickly: raw answers in, the status of a requirement out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.reading import Reading
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import HUMAN
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight, preflight_table
from ansible_collections.keylink.aws.plugins.module_utils.resources.preflight_evidence import EVIDENCE
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE

REGION = "eu-central-1"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/net/payments/0123456789abcdef"
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/payments/0123456789abcdef"
SERVICE = "vpce-svc-0123456789abcdef0"
NAME = "xks-proxy.example.com"
PARAMS: dict[str, Any] = {
    "job": "xks", "name": "payments", "custom_key_store_name": "payments", "custom_key_store_id": None,
    "service_id": None, "service_name": None, "service_owner": None, "private_dns_name": NAME,
    "load_balancer_arn": None, "target_group_arn": None, "vpc_id": None, "subnet_ids": None, "cidr_block": None,
    "availability_zones": None, "data_center_cidrs": None, "targets": None, "uri_path": None, "credential": None,
    "cluster_id": None, "include_keys": False, "look_up_dns": False, "resolvers": None, "dns_port": 53,
    "query_timeout": 5, "probe": False, "probe_addresses": None,
}
ANSWERS: dict[str, Any] = {
    "stores": [],
    "services": [{
        "ServiceId": SERVICE, "ServiceName": f"com.amazonaws.vpce.{REGION}.{SERVICE}", "ServiceState": "Available",
        "ServiceType": [{"ServiceType": "Interface"}], "AvailabilityZones": [f"{REGION}a", f"{REGION}b"],
        "AcceptanceRequired": False, "NetworkLoadBalancerArns": [BALANCER], "PrivateDnsName": NAME,
        "SupportedIpAddressTypes": ["ipv4"], "PrivateDnsNameConfiguration": {"State": "verified"},
        "Tags": [{"Key": "Name", "Value": "payments"}],
    }],
    "balancers": [{
        "LoadBalancerArn": BALANCER, "LoadBalancerName": "payments", "Type": "network", "Scheme": "internal",
        "IpAddressType": "ipv4", "VpcId": "vpc-1", "State": {"Code": "active"}, "SecurityGroups": [],
        "AvailabilityZones": [{"ZoneName": f"{REGION}{zone}", "SubnetId": f"subnet-{zone}"} for zone in "ab"],
    }],
    "groups": [{
        "TargetGroupArn": GROUP, "TargetGroupName": "payments", "TargetType": "ip", "Protocol": "TCP", "Port": 443,
        "IpAddressType": "ipv4", "VpcId": "vpc-1", "LoadBalancerArns": [BALANCER], "HealthCheckProtocol": "TCP",
        "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 10,
    }],
    "principals": [{"Principal": f"cks.kms.{REGION}.amazonaws.com"}],
    "connections": [],
    "listeners": [{
        "ListenerArn": "arn:listener", "LoadBalancerArn": BALANCER, "Protocol": "TCP", "Port": 443,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP}],
    }],
    "health": [{"Target": {"Id": f"10.0.{number}.1", "Port": 443}, "TargetHealth": {"State": "healthy"}}
               for number in (0, 16)],
    "group_attributes": [],
    "vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
    "dns_support": True, "dns_hostnames": True, "route_tables": [],
    "subnets": [{"SubnetId": f"subnet-{zone}", "CidrBlock": f"10.0.{16 * place}.0/20", "VpcId": "vpc-1",
                 "AvailabilityZone": f"{REGION}{zone}"} for place, zone in enumerate("ab")],
}

Change = Callable[[dict[str, Any]], Any]


def judged(change: Change = lambda answers: None, **params: Any) -> dict[str, Any]:
    answers = copy.deepcopy(ANSWERS)
    change(answers)
    readings = {name: Reading(value) for name, value in answers.items() if value is not None}
    return preflight.judge({**PARAMS, **params}, REGION, readings)


def listed(result: dict[str, Any]) -> set[str]:
    return {item["number"] for item in result["unmet_requirements"]}


def store(number: int) -> dict[str, Any]:
    return {"CustomKeyStoreId": f"cks-{number}", "CustomKeyStoreName": f"store-{number}",
            "ConnectionState": "CONNECTED", "CustomKeyStoreType": "AWS_CLOUDHSM"}


def other_service(answers: dict[str, Any]) -> None:
    answers["services"].append({
        **answers["services"][0], "ServiceId": "vpce-svc-other", "ServiceName": "other", "PrivateDnsName": None,
        "Tags": [],
    })


def without_balancer(answers: dict[str, Any]) -> None:
    answers["services"][0].update(NetworkLoadBalancerArns=[], GatewayLoadBalancerArns=["arn:gateway"])


def changed(name: str, **values: Any) -> Change:
    return lambda answers: answers[name][0].update(values)


@pytest.mark.parametrize(
    ("number", "change", "also"),
    [
        ("R7", without_balancer, set()),
        ("R29", lambda answers: answers.update(balancers=[]), set()),
        ("R35", changed("groups", VpcId="vpc-2"), set()),
        ("R40", changed("balancers", IpAddressType="dualstack"), set()),
        ("R43", changed("listeners", Protocol="TLS"), set()),
        ("R49", changed("balancers", Type="application"), set()),
        ("R50", changed("balancers", State={"Code": "failed", "Reason": "no room"}), set()),
        ("R55", changed("services", SupportedIpAddressTypes=["ipv6"]), set()),
        ("R73", changed("services", ServiceState="Pending"), set()),
        ("N4", lambda answers: answers.update(stores=[store(number) for number in range(10)]), set()),
        ("N7", other_service, set()),
        ("R19", lambda answers: answers["subnets"][0].pop("CidrBlock"), set()),
        ("R36", changed("groups", HealthCheckProtocol="UDP"), set()),
        ("R42", changed("services", AvailabilityZones=[f"{REGION}a"]), set()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_breaks_a_requirement(number: str, change: Change, also: set[str]) -> None:
    assert listed(judged()) == set()
    assert listed(judged(change)) == {number, *also}


def test_a_part_that_was_not_seen_leaves_the_others_as_they_are() -> None:
    """R30 and R38 need the targets; R31 does not."""
    result = judged(lambda answers: answers.update(health=None))
    status = {row["number"]: row["status"] for row in result["requirements"]}
    assert [status[number] for number in ("R30", "R38", "R31")] == ["unknown", "unknown", "met"]


@pytest.mark.parametrize("job", preflight_table.TABLES)
def test_each_number_of_a_job_is_judged_or_held_by_the_modules_or_for_people(job: str) -> None:
    table, held = preflight_table.TABLES[job], preflight_table.BY_DESIGN[job]
    numbers = {item.number for item in CATALOGUE.values() if item.job == job}
    people = {number for number in numbers if CATALOGUE[number].kind == HUMAN}
    own = {number for number in table if number in numbers}
    assert sorted(numbers - own - set(held) - people) == []
    assert [number for number in held if number in table or number in people] == []
    assert [number for number, judge in table.items() if judge.shown and judge.shown not in EVIDENCE] == []
    assert [number for number, primary in preflight_table.SAID_BY.items() if primary not in CATALOGUE] == []
