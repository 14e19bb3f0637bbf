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
def test_each_number_of_a_job_is_judged_or_left_to_a_module_or_to_people(job: str) -> None:
    table, held = preflight_table.TABLES[job], preflight_table.BY_DESIGN[job]
    numbers = {item.number for item in CATALOGUE.values() if item.job == job}
    people = {number for number in numbers if CATALOGUE[number].kind == HUMAN}
    own = {number for number in table if number in numbers}
    elsewhere = set(preflight_table.ELSEWHERE)
    assert sorted(numbers - own - set(held) - elsewhere - people) == []
    assert [number for number in held if number in table or number in people or number in elsewhere] == []
    assert elsewhere & (set(table) | people) == set()
    assert [number for number, judge in table.items() if judge.shown and judge.shown not in EVIDENCE] == []
    assert [number for number, primary in preflight_table.SAID_BY.items() if primary not in CATALOGUE] == []


def test_a_key_store_over_the_internet_has_no_vpc_to_judge() -> None:
    """R20"""
    public = {
        "CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "payments", "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "ConnectionState": "DISCONNECTED",
        "XksProxyConfiguration": {"Connectivity": "PUBLIC_ENDPOINT", "UriEndpoint": f"https://{NAME}"},
    }
    nothing = dict.fromkeys(("services", "balancers", "groups", "vpcs", "subnets", "listeners", "health"), [])
    result = judged(lambda answers: answers.update(stores=[public], **nothing), private_dns_name=None)
    rows = {row["number"]: row for row in result["requirements"]}
    assert {rows[number]["status"] for number in ("R3", "R8", "R9", "R31", "R39", "R57")} == {"unknown"}
    assert "R20" in rows["R8"]["found"]
    assert (listed(result), rows["N4"]["status"]) == (set(), "met")


def endpoint(code: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "VpcEndpointId": f"vpce-{code}{number}", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
        "ServiceName": f"com.amazonaws.{REGION}.{code}", "SubnetIds": ["subnet-a"], "NetworkInterfaceIds": ["eni-1"],
        "Groups": [{"GroupId": "sg-1", "GroupName": "endpoints"}], "PrivateDnsEnabled": True, **changes,
    }


def service(code: str) -> dict[str, Any]:
    return {"ServiceName": f"com.amazonaws.{REGION}.{code}", "ServiceType": [{"ServiceType": "Interface"}],
            "AvailabilityZones": [f"{REGION}a"], "Owner": "amazon", "PrivateDnsNames": []}


ENDPOINTS: dict[str, Any] = {
    **{name: ANSWERS[name] for name in ("vpcs", "dns_support", "dns_hostnames")},
    "stores": [], "services": [], "balancers": [], "groups": [], "endpoint_quota": 50,
    "aws_services": [service(code) for code in ("kms", "ssm")],
    "security_groups": [{
        "GroupId": "sg-1", "GroupName": "endpoints", "VpcId": "vpc-1",
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                           "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}],
    }],
}
KMS = {**ENDPOINTS, "endpoints": [endpoint("kms")]}
SSM = {**ENDPOINTS, "endpoints": [endpoint("ssm"), endpoint("ssmmessages"), endpoint("s3", PrivateDnsEnabled=False)]}
BAD_POLICY = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def first(**values: Any) -> Change:
    return changed("endpoints", **values)


def without(number: int) -> Change:
    return lambda answers: answers["endpoints"].pop(number)


@pytest.mark.parametrize(
    ("job", "number", "change"),
    [
        ("kms_endpoint", "R80", lambda answers: answers.update(aws_services=[])),
        ("kms_endpoint", "R81", first(NetworkInterfaceIds=[])),
        ("kms_endpoint", "R83", first(State="failed")),
        ("kms_endpoint", "R88", lambda answers: answers["security_groups"][0].update(IpPermissions=[])),
        ("kms_endpoint", "R91", lambda answers: answers.update(dns_support=False)),
        ("kms_endpoint", "R97", first(PolicyDocument=BAD_POLICY)),
        ("kms_endpoint", "N14", lambda answers: answers["endpoints"].append(endpoint("kms", 2))),
        ("ssm", "R169", lambda answers: answers["security_groups"][0].update(IpPermissions=[])),
        ("ssm", "R175", lambda answers: answers.update(aws_services=[])),
        ("ssm", "R176", without(0)),
        ("ssm", "R180", without(2)),
        ("ssm", "R182", without(1)),
        ("ssm", "R186", first(PolicyDocument=BAD_POLICY)),
        ("ssm", "R91", lambda answers: answers.update(dns_hostnames=False)),
        ("ssm", "N14", lambda answers: answers["endpoints"].append(endpoint("ssm", 2))),
        ("ssm", "N20", lambda answers: [answers.update(endpoint_quota=2), answers["endpoints"].pop(1)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_breaks_a_requirement_on_endpoints(job: str, number: str, change: Change) -> None:
    """R87 is R80 in other words."""
    answers = copy.deepcopy(KMS if job == "kms_endpoint" else SSM)

    def look() -> dict[str, Any]:
        readings = {name: Reading(value) for name, value in answers.items()}
        return preflight.judge({**PARAMS, "job": job, "vpc_id": "vpc-1"}, REGION, readings)

    assert listed(look()) == set()
    assert {row["number"] for row in look()["requirements"] if row["status"] == "unknown"} <= set(
        preflight_table.ELSEWHERE
    )
    change(answers)
    assert listed(look()) - ({"R182"} if number == "N20" else set()) == {number}


def test_what_is_only_planned_does_not_exist() -> None:
    """Check mode hands placeholders on: they break nothing, and nothing is known of them."""
    pending = "(known after apply: {}.payments.id)"
    result = judged(
        lambda answers: answers.update(services=[], balancers=[], groups=[], vpcs=[], subnets=[], listeners=[]),
        vpc_id=pending.format("vpc"), subnet_ids=[pending.format("a"), pending.format("b")],
        service_name=pending.format("service"), load_balancer_arn=pending.format("load_balancer"),
        custom_key_store_id=pending.format("store"), private_dns_name=NAME,
    )
    assert (listed(result), result["ready"], result["chain"]["endpoint_service"]) == (set(), True, {"exists": False})
