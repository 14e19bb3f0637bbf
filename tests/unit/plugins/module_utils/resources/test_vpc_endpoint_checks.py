# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    DEFAULT_POLICY,
    GATEWAY,
    Wanted,
    after,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import (
    find_service,
    normalise_services,
    normalise_subnets,
    places,
)

REGION, VPC = "eu-central-1", "vpc-0123456789abcdef0"
KMS, S3 = f"com.amazonaws.{REGION}.kms", f"com.amazonaws.{REGION}.s3"
PENDING = "(known after apply: subnet.a.subnet_id)"


def detail(name: str, kind: str = "Interface", **others: Any) -> dict[str, Any]:
    return {
        "ServiceName": name, "ServiceType": [{"ServiceType": kind}], "Owner": "amazon",
        "AvailabilityZones": [f"{REGION}a", f"{REGION}b"], "VpcEndpointPolicySupported": True, **others,
    }


CATALOGUE = normalise_services(
    [
        detail(f"{KMS}x"), detail(f"com.amazonaws.{REGION}.x-kms"), detail(f"{KMS}-fips"),
        detail(KMS, PrivateDnsNames=[{"PrivateDnsName": f"kms.{REGION}.amazonaws.com"}]),
        detail(S3), detail(S3, "Gateway"), detail(f"com.amazonaws.{REGION}.ecr.api"),
        detail(f"com.amazonaws.vpce.{REGION}.vpce-svc-0", Owner="123456789012"),
    ]
)


@pytest.mark.parametrize(
    ("wanted", "kind", "name"),
    [
        ("kms", "Interface", KMS),
        (KMS, "Interface", KMS),
        ("kms-fips", "Interface", f"{KMS}-fips"),
        ("ecr.api", "Interface", f"com.amazonaws.{REGION}.ecr.api"),
        ("s3", "Gateway", S3),
        ("kms", "Gateway", None),
        ("api", "Interface", None),
        ("vpce-svc-0", "Interface", None),
    ],
)
def test_r87_a_service_is_found_by_its_whole_name(wanted: str, kind: str, name: str | None) -> None:
    found = find_service(CATALOGUE, REGION, wanted, kind)
    assert (found and found["service_name"], found and found["kind"]) == (name, kind if name else None)


def test_r87_names_of_other_partitions_are_aws_own() -> None:
    china = normalise_services([detail("cn.com.amazonaws.cn-north-1.kms")])
    found = find_service(china, "cn-north-1", "kms")
    assert found is not None
    assert found["service_name"] == "cn.com.amazonaws.cn-north-1.kms"


SUBNETS = normalise_subnets(
    [
        {"SubnetId": f"subnet-{name}", "AvailabilityZone": REGION + name[0], "CidrBlock": "10.0.0.0/24"}
        for name in ("a", "a2", "b", "c")
    ]
)


@pytest.mark.parametrize(
    ("given", "used", "skipped", "wrong"),
    [
        (["subnet-a", "subnet-b"], ["subnet-a", "subnet-b"], [], []),
        (["subnet-a", "subnet-a"], ["subnet-a"], [], []),
        (["subnet-a", "subnet-c"], ["subnet-a"], ["subnet-c"], []),
        (["subnet-c"], [], ["subnet-c"], ["none of which can be used"]),
        (["subnet-a", "subnet-a2"], ["subnet-a", "subnet-a2"], [], ["subnet-a and subnet-a2, all in eu-central-1a"]),
        (["subnet-z"], [], [], ["no subnet subnet-z in the VPC"]),
        ([PENDING, "subnet-b"], [PENDING, "subnet-b"], [], []),
    ],
)
def test_where_an_endpoint_goes(given: list[str], used: list[str], skipped: list[str], wrong: list[str]) -> None:
    service = find_service(CATALOGUE, REGION, "kms")
    assert service is not None
    found = places(given, SUBNETS, service)
    assert (list(found.subnet_ids), [item["subnet_id"] for item in found.skipped]) == (used, skipped)
    assert [text for text in wrong if text not in str(found.unmet[0])] == []
    assert len(found.unmet) == len(wrong)


def gateway(endpoint_id: str, tables: list[str], **others: Any) -> dict[str, Any]:
    return {
        "vpc_endpoint_id": endpoint_id, "vpc_endpoint_type": "Gateway", "service_name": S3, "state": "available",
        "route_table_ids": tables, **others,
    }


def test_a_route_table_takes_one_gateway_endpoint_of_a_service() -> None:
    want = Wanted("s3", VPC, S3, GATEWAY, route_table_ids=["rtb-1", "rtb-2"])
    wanted = after(want, None)
    others = [
        gateway("vpce-1", ["rtb-2"]), gateway("vpce-2", ["rtb-3"]), gateway("vpce-3", ["rtb-1"], state="deleted"),
        gateway("vpce-4", ["rtb-1"], service_name="com.amazonaws.eu-central-1.dynamodb"),
    ]
    (found,) = checks.route_tables(want, wanted, others)
    assert found.found == "rtb-2, which has vpce-1 of this service"


@pytest.mark.parametrize(
    ("types", "ranges", "words"),
    [
        ({}, {}, []),
        ({"ip_address_type": "dualstack"}, {"ipv6": True}, []),
        ({"ip_address_type": "dualstack", "dns_record_ip_type": "service-defined"}, {"ipv6": True}, []),
        ({"ip_address_type": "dualstack"}, {}, ["without an IPv6 range"]),
        ({"ip_address_type": "ipv6"}, {"ipv6": True}, ["with an IPv4 range"]),
        ({"ip_address_type": "ipv6"}, {"ipv4": False, "ipv6": True}, []),
        ({"dns_record_ip_type": "dualstack"}, {}, ["dualstack with ip_address_type ipv4"]),
    ],
)
def test_types_of_addresses_fit_each_other_and_the_subnets(
    types: dict[str, str], ranges: dict[str, bool], words: list[str]
) -> None:
    want = Wanted("kms", VPC, KMS, subnet_ids=["subnet-a"], **types)
    subnets = {"subnet-a": {**SUBNETS["subnet-a"], **ranges}}
    service = {"service_name": KMS, "ip_address_types": ["ipv4", "ipv6"]}
    found = checks.ip_types(want, after(want, None), subnets, service)
    assert len(found) == len(words)
    assert [text for text, item in zip(words, found) if text not in item.found] == []


def test_a_service_without_ipv6_or_policies_is_told() -> None:
    want = Wanted("x", VPC, "x", ip_address_type="dualstack", policy=DEFAULT_POLICY)
    service = {"service_name": "x", "ip_address_types": ["ipv4"], "policy_supported": False}
    assert len(checks.ip_types(want, after(want, None), {}, service)) == 1
    assert [item.what for item in checks.policy_support(want, service)] == ["policy"]
