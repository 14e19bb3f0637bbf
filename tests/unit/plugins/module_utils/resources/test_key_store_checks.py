# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is demanded before AWS KMS is asked: by the arguments, the neighbours and the endpoint service."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_checks as checks

REGION = "eu-central-1"
PENDING = "(known after apply: endpoint_service.payments.service_name)"
SECRET = "c2VjcmV0LW9mLXRoZS1wcm94eS1uZXZlci1wcmludGVkIQ=="
GOOD: dict[str, Any] = {
    "state": "connected",
    "custom_key_store_name": "payments",
    "new_custom_key_store_name": None,
    "xks_proxy_connectivity": None,
    "xks_proxy_uri_endpoint": "https://xks-proxy.example.com",
    "xks_proxy_uri_path": "/kms/xks/v1",
    "xks_proxy_vpc_endpoint_service_name": "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0",
    "xks_proxy_vpc_endpoint_service_owner": "123456789012",
    "xks_proxy_authentication_credential": {
        "access_key_id": "ABCDEFGHIJKLMNOPQRST",
        "raw_secret_access_key": SECRET,
    },
}
SERVICE: dict[str, Any] = {
    "service_name": GOOD["xks_proxy_vpc_endpoint_service_name"],
    "source": "own",
    "denied": "",
    "service_state": "Available",
    "network": True,
    "load_balancer": "missing",
    "acceptance_required": False,
    "supported_ip_address_types": ["ipv4"],
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "private_dns_name": "xks-proxy.example.com",
    "private_dns_state": "verified",
    "allowed_principals": ["cks.kms.eu-central-1.amazonaws.com"],
}
WANTED = {"uri_endpoint": GOOD["xks_proxy_uri_endpoint"], "vpc_endpoint_service_name": SERVICE["service_name"]}


def credential(**parts: str) -> dict[str, Any]:
    return {"xks_proxy_authentication_credential": {**GOOD["xks_proxy_authentication_credential"], **parts}}


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"xks_proxy_uri_path": "/a-b_c/d/kms/xks/v12"},
        {"xks_proxy_vpc_endpoint_service_name": PENDING},
        {"xks_proxy_uri_endpoint": PENDING},
        credential(access_key_id=PENDING, raw_secret_access_key=PENDING),
        credential(access_key_id="A" * 30, raw_secret_access_key="/" * 43),
        credential(raw_secret_access_key="a" * 64),
        {key: None for key in GOOD if key.startswith("xks")},
        # Any name may be a public endpoint.
        {
            "xks_proxy_connectivity": "PUBLIC_ENDPOINT", "xks_proxy_uri_endpoint": "https://Example.com",
            "xks_proxy_vpc_endpoint_service_name": None, "xks_proxy_vpc_endpoint_service_owner": None,
        },
        {"state": "absent", "xks_proxy_uri_path": "/left/over/from/another/version"},
    ],
)
def test_options_that_fit(others: dict[str, Any]) -> None:
    assert checks.check({**GOOD, **others}, REGION) == []


def test_other_partitions() -> None:
    name = "com.amazonaws.vpce.us-gov-west-1.vpce-svc-0123456789abcdef0"
    assert checks.check({**GOOD, "xks_proxy_vpc_endpoint_service_name": name}, "us-gov-west-1") == []
    name = "eu.amazonaws.vpce.eusc-de-east-1.vpce-svc-0123456789abcdef0"
    assert checks.check({**GOOD, "xks_proxy_vpc_endpoint_service_name": name}, "eusc-de-east-1") == []


@pytest.mark.parametrize(
    ("others", "number", "said"),
    [
        ({"custom_key_store_name": ""}, "N3", "1 to 256"),
        ({"new_custom_key_store_name": "a" * 257}, "N3", "1 to 256"),
        ({"xks_proxy_uri_endpoint": "http://xks-proxy.example.com"}, "N3", "http://"),
        ({"xks_proxy_uri_endpoint": "https://xks-proxy.example.com/kms"}, "N3", "no path"),
        ({"xks_proxy_uri_endpoint": "https://*.example.com"}, "N3", "*"),
        ({"xks_proxy_uri_endpoint": f"https://{'a.' * 60}example.com"}, "N3", "120"),
        ({"xks_proxy_uri_endpoint": ""}, "N3", "empty"),
        ({"xks_proxy_uri_path": "/kms/xks/v"}, "N3", "/kms/xks/v1"),
        ({"xks_proxy_uri_path": "kms/xks/v1"}, "N3", "kms/xks/v1"),
        ({"xks_proxy_uri_path": "/a b/kms/xks/v1"}, "N3", "prefix"),
        ({"xks_proxy_uri_path": f"/{'a' * 120}/kms/xks/v1"}, "N3", "128"),
        ({"xks_proxy_uri_path": "/kms/xks/v1\n"}, "N3", "/kms/xks/v1"),
        ({"xks_proxy_vpc_endpoint_service_name": "cn.com.amazonaws.vpce.cn-north-1.vpce-svc-0"}, "N3", "vpce-svc"),
        ({"xks_proxy_vpc_endpoint_service_owner": "123456789O12"}, "N3", "12 digits"),
        (credential(access_key_id="ABCDEFGHIJKLMNOPQRS1"), "N3", "A-Z and 2-7, yours has 20"),
        (credential(access_key_id="A" * 31), "N3", "yours has 31"),
        (credential(raw_secret_access_key="a" * 42), "N3", "yours has 42"),
        (credential(raw_secret_access_key="a" * 65), "N3", "yours has 65"),
        (credential(raw_secret_access_key="a-" * 25), "N3", "yours has 50"),
    ],
)
def test_options_that_do_not_fit(others: dict[str, Any], number: str, said: str) -> None:
    found = checks.check({**GOOD, **others}, REGION)
    assert number in {item.number for item in found}
    assert any(said in str(item) for item in found)
    (option,) = others
    assert all(item.what.startswith(option) for item in found)


def test_a_public_endpoint_has_no_service() -> None:
    found = checks.check({**GOOD, "xks_proxy_connectivity": "PUBLIC_ENDPOINT"}, REGION)
    assert [(item.number, item.what) for item in found] == [
        ("R20", "xks_proxy_vpc_endpoint_service_name"), ("R20", "xks_proxy_vpc_endpoint_service_owner"),
    ]


@pytest.mark.parametrize("secret", [SECRET[:12], SECRET + "!", SECRET * 2])
def test_the_secret_is_in_no_message(secret: str) -> None:
    found = checks.check({**GOOD, **credential(raw_secret_access_key=secret)}, REGION)
    assert found
    assert all(SECRET[:6] not in str(item) + str(item.as_dict()) for item in found)


def test_all_bad_options_are_told_at_once() -> None:
    bad = {"xks_proxy_uri_path": "/", "xks_proxy_uri_endpoint": "x", **credential(access_key_id="0")}
    assert len(checks.check({**GOOD, **bad}, "cn-north-1")) == 5


@pytest.mark.parametrize(
    ("flaw", "number", "said"),
    [
        ({"acceptance_required": True}, "R8", "acceptance"),
        ({"network": False, "load_balancer": "a Gateway Load Balancer"}, "R7", "Gateway"),
        ({"supported_ip_address_types": ["ipv6"]}, "R55", "ipv6"),
        ({"availability_zones": ["eu-central-1a"]}, "R42", "eu-central-1a"),
        ({"availability_zones": []}, "R42", "no zone"),
        ({"allowed_principals": []}, "R9", "nobody"),
        ({"allowed_principals": ["cks.kms.us-east-1.amazonaws.com"]}, "R9", "cks.kms.eu-central-1.amazonaws.com"),
        ({"private_dns_name": None, "private_dns_state": None}, "R52", "private DNS name"),
        ({"private_dns_state": "pendingVerification"}, "R57", "pendingVerification"),
        ({"private_dns_state": "failed"}, "R57", "failed"),
        ({"private_dns_name": "other.example.com"}, "R6", "https://other.example.com"),
        ({"service_state": "Deleting"}, "R73", "Deleting"),
        ({"source": "missing"}, "R48", "not found"),
    ],
)
def test_what_aws_would_refuse_about_the_service(flaw: dict[str, Any], number: str, said: str) -> None:
    (found,) = checks.gate({**SERVICE, **flaw}, WANTED, REGION)
    assert (found.number, found.blocking) == (number, True)
    assert said in str(found)


def test_a_service_that_fits() -> None:
    assert checks.gate(SERVICE, WANTED, REGION) == []
    assert checks.gate(SERVICE, {**WANTED, "uri_endpoint": "https://XKS-proxy.example.com"}, REGION) == []
    assert checks.gate(None, WANTED, REGION) == []
    assert checks.gate({**SERVICE, "allowed_principals": ["a", *SERVICE["allowed_principals"]]}, WANTED, REGION) == []


@pytest.mark.parametrize("source", ["consumer", "denied"])
def test_a_service_of_another_account_is_no_obstacle(source: str) -> None:
    service = {**SERVICE, "source": source, "allowed_principals": [], "denied": "ec2:DescribeVpcEndpointServices"}
    (found,) = checks.gate(service, WANTED, REGION)
    assert (found.number, found.blocking) == ("N16", False)


def test_neighbours() -> None:
    store = {"custom_key_store_id": "cks-1", "custom_key_store_name": "other", "xks_proxy_configuration": dict(WANTED)}
    found = checks.neighbours([store], WANTED, None)
    assert [item.number for item in found] == ["R5", "R6"]
    assert all("other (cks-1)" in str(item) for item in found)
    cloudhsm = {**store, "xks_proxy_configuration": None}
    assert checks.neighbours([cloudhsm] * 9, WANTED, 9) == []
    (quota,) = checks.neighbours([cloudhsm] * 10, WANTED, 10)
    assert (quota.number, quota.blocking) == ("N4", False)
