# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_hosts, key_store_report

SERVICE_NAME = "com.amazonaws.vpce.eu-central-1.vpce-svc-1"
EXTERNAL: dict[str, Any] = {
    "CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "payments", "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "ConnectionState": "CONNECTED",
    "XksProxyConfiguration": {
        "Connectivity": "VPC_ENDPOINT_SERVICE", "UriEndpoint": "https://p.example.com",
        "VpcEndpointServiceName": SERVICE_NAME,
    },
}
HSM: dict[str, Any] = {
    "CustomKeyStoreId": "cks-2", "CustomKeyStoreName": "hsm", "ConnectionState": "FAILED",
    "ConnectionErrorCode": "USER_LOCKED_OUT", "CloudHsmClusterId": "cluster-1",
}
OWN: dict[str, Any] = {
    "ServiceState": "Available", "NetworkLoadBalancerArns": ["arn"], "AcceptanceRequired": False,
    "SupportedIpAddressTypes": ["ipv4"], "AvailabilityZones": ["a", "b"], "PrivateDnsName": "p.example.com",
    "PrivateDnsNameConfiguration": {"State": "failed"},
}
PRINCIPAL = {"Principal": "cks.kms.eu-central-1.amazonaws.com"}


def value(found: Any, denied: str = "") -> dict[str, Any]:
    return {"value": found, "denied": denied}


def service(own: Any = None, seen: Any = None, denied: str = "") -> dict[str, Any]:
    return value({"name": SERVICE_NAME, "own": own, "principals": [PRINCIPAL], "seen": seen, "denied": denied})


def report(*stores: dict[str, Any], **looks: Any) -> dict[str, dict[str, Any]]:
    raw = {"region": "eu-central-1", "stores": list(stores), "error": None, **looks}
    return {item["custom_key_store_id"]: item for item in key_store_report.normalise([raw])["key_stores"]}


# what was read of the service, numbers of unmet requirements, exists, seen_by, what is unknown
SERVICES: dict[str, tuple[dict[str, Any], list[str], bool | None, str | None, list[str]]] = {
    "verification failed": (service(OWN), ["R57"], True, "owner", []),
    "gone": (service(), ["R48"], False, None, []),
    "denied": (service(denied="ec2:DescribeVpcEndpointServices"), ["N16"], None, None, ["endpoint_service"]),
    "denied at once": (value(None, "ec2:DescribeVpcEndpointServiceConfigurations"), [], None, None,
                       ["endpoint_service"]),
    "of another account": (
        service(seen={**OWN, "PrivateDnsNameVerificationState": "verified"}), ["N16"], True, "consumer", [],
    ),
}


@pytest.mark.parametrize("name", SERVICES)
def test_an_endpoint_service_is_judged_as_the_next_connect_would(name: str) -> None:
    raw, numbers, exists, seen_by, unknown = SERVICES[name]
    store = report(EXTERNAL, **{"service cks-1": raw})["cks-1"]
    assert [item["number"] for item in store["unmet_requirements"]] == numbers
    shown = store["endpoint_service"]
    assert (shown and shown["exists"], shown and shown["seen_by"]) == (exists, seen_by)
    assert [item["what"] for item in store["unknown"]] == unknown


def test_the_certificate_that_ends_first_counts() -> None:
    metrics = [
        {"store_id": "cks-1", "name": "XksProxyCertificateDaysToExpire", "certificate": "new", "value": 90.0},
        {"store_id": "cks-1", "name": "XksProxyCertificateDaysToExpire", "certificate": "old", "value": 3.9},
        {"store_id": "cks-9", "name": "XksProxyCertificateDaysToExpire", "certificate": "other", "value": 1.0},
        {"store_id": "cks-1", "name": "XksProxyCredentialAge", "certificate": None, "value": 10.0},
    ]
    store = report(EXTERNAL, metrics=value(metrics))["cks-1"]
    assert (store["certificate_days_to_expire"], store["certificate_name"]) == (3, "old")
    assert store["credential_age_days"] == 10


def test_keys_are_counted_by_store_and_state() -> None:
    keys = [{"CustomKeyStoreId": "cks-1", "KeyState": state} for state in ("Enabled", "Enabled", "PendingDeletion")]
    found = report(EXTERNAL, HSM, keys=value({"keys": keys, "unreadable": ["k"]}))
    assert found["cks-1"]["kms_keys"] == {
        "total": 3, "by_state": {"Enabled": 2, "PendingDeletion": 1}, "unreadable": 1,
    }
    assert found["cks-2"]["kms_keys"]["total"] == 0
    assert found["cks-2"]["remedy"]["applies"] == "cloudhsm"
    assert report(EXTERNAL)["cks-1"]["kms_keys"] is None


@pytest.mark.parametrize(
    ("clusters", "shown"),
    [
        ([], {"state": "missing", "active_hsms": 0, "availability_zones": []}),
        (
            [{"ClusterId": "cluster-1", "State": "ACTIVE", "Hsms": [
                {"AvailabilityZone": "b", "State": "ACTIVE"}, {"AvailabilityZone": "a", "State": "DEGRADED"},
            ]}],
            {"state": "ACTIVE", "active_hsms": 1, "availability_zones": ["b"]},
        ),
        (None, None),
    ],
)
def test_a_cluster_is_told_by_its_active_hsms(clusters: Any, shown: Any) -> None:
    assert report(HSM, clusters=value(clusters))["cks-2"]["cluster"] == shown


def test_gaps_are_named_once_with_all_permissions() -> None:
    denied = {"metrics": value(None, "cloudwatch:ListMetrics"), "clusters": value(None, "cloudhsm:DescribeClusters")}
    raw = {"region": "r", "stores": [EXTERNAL, HSM], "error": None, **denied}
    lost = {"region": "x", "stores": [], "error": {"code": "", "message": "no answer", "denied": ""}}
    plan = key_store_report.plan({}, key_store_report.normalise([raw, lost]))
    assert plan.steps == ()
    assert plan.warnings == (
        "x was not read: no answer",
        "The report has gaps: this identity needs cloudhsm:DescribeClusters and cloudwatch:ListMetrics.",
    )


def test_lines_say_what_needs_somebody() -> None:
    clusters = [{"ClusterId": "cluster-1", "State": "ACTIVE", "Hsms": []}]
    raw = {
        "region": "eu-central-1", "stores": [EXTERNAL, HSM], "error": None, "service cks-1": service(OWN),
        "clusters": value(clusters), "keys": value(None, "kms:ListKeys"),
    }
    lost = {"region": "x", "stores": [], "error": {"code": "", "message": "no answer", "denied": ""}}
    lines = key_store_report.returns({}, key_store_report.normalise([raw, lost]))["lines"]
    assert lines[0] == "2 key stores in eu-central-1: 1 CONNECTED and 1 FAILED"
    assert lines[1] == "! eu-central-1  hsm       CloudHSM  FAILED     cluster ACTIVE, 0 active HSMs"
    assert lines[2].strip() == "USER_LOCKED_OUT: kmsuser is locked after too many logins with a wrong password."
    assert "fewer than two active HSMs" in lines[7]
    assert lines[8] == "! eu-central-1  payments  external  CONNECTED"
    assert "At its next connect: endpoint service" in lines[9]
    assert lines[10:] == ["Not shown:", "  * x: no answer", "  * kms_keys of hsm and payments: needs kms:ListKeys"]
    nothing = {"region": "eu-central-1", "stores": [], "error": None}
    assert key_store_report.returns({}, key_store_report.normalise([nothing]))["lines"] == [
        "No key stores in eu-central-1"
    ]


ACCOUNT = {"name": None, "profile": None, "assume_role_arn": None}


def hosts(*stores: dict[str, Any], **account: Any) -> dict[str, Any]:
    raw = {"region": "eu-central-1", "stores": list(stores), "error": None}
    answer = {"error": "", "id": "123456789012", "regions": [raw]}
    return key_store_hosts.normalise([{**ACCOUNT, **account}], [answer])


def test_hosts_have_names_that_an_inventory_can_take() -> None:
    store = {**EXTERNAL, "CustomKeyStoreName": "card data, [1:3]!"}
    parts = ["custom_key_store_name", "region", "account"]
    assert list(key_store_hosts.named(hosts(store)["stores"], parts)) == ["card_data_1_3_.eu-central-1"]
    found = hosts(store, HSM, name="prod")["stores"]
    assert list(key_store_hosts.named(found, parts))[1] == "hsm.eu-central-1.prod"
    assert set(key_store_hosts.named(found, ["region"])) == {"eu-central-1.cks-1", "eu-central-1.cks-2"}


def test_groups_tell_state_type_error_region_and_account() -> None:
    external, hsm = sorted(hosts(EXTERNAL, HSM)["stores"], key=lambda store: str(store["custom_key_store_id"]))
    assert key_store_hosts.groups(external) == [
        "state_connected", "type_external_key_store", "region_eu_central_1", "account_123456789012",
    ]
    assert key_store_hosts.groups(hsm)[:3] == ["state_failed", "type_aws_cloudhsm", "error_user_locked_out"]
    store = report(EXTERNAL, **{"service cks-1": service()})["cks-1"]
    assert key_store_hosts.groups({**external, **store})[-1] == "unmet"


def test_an_account_that_cannot_be_read_is_a_problem() -> None:
    answer = {"error": "sts:AssumeRole: AccessDenied: no", "id": None, "regions": []}
    found = key_store_hosts.normalise([{**ACCOUNT, "name": "prod"}], [answer])
    assert found == {"stores": [], "problems": ["account prod: sts:AssumeRole: AccessDenied: no"]}
