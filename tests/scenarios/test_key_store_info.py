# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""key_store_info against the embedded AWS: several Regions, what is wrong in them, and what cannot be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scenarios import fleet
from scenarios import prerequisites as before
from scenarios.fleet import REGIONS, Fleet
from scenarios.harness import run_module
from scenarios.key_stores import kms, last, writes


@pytest.fixture
def stores(world: Any) -> Fleet:
    return fleet.build(world)


def run(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    result = run_module(world.url, "key_store_info", check=check, **options)
    assert before.CREDENTIAL["raw_secret_access_key"] not in json.dumps(result, default=str)
    return result


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert not result.get("failed"), result["msg"]
    return {store["custom_key_store_name"]: store for store in result["key_stores"]}


def test_a_fleet_is_read_without_a_write(world: Any, stores: Fleet) -> None:
    for name, value in (("payments", 12), ("other", 3)):
        world.metric(
            name="XksProxyCertificateDaysToExpire", value=value, region=REGIONS[0],
            dimensions={
                "CustomKeyStoreId": getattr(stores, name, "cks-of-yesterday"), "CertificateName": f"{name}.example.com",
            },
        )
    world.metric(
        name="XksProxyCredentialAge", value=88, region=REGIONS[0], dimensions={"CustomKeyStoreId": stores.payments}
    )
    mark = last(world)
    result = run(world, regions=REGIONS)
    found = by_name(result)
    assert (result["changed"], writes(world, mark)) == (False, [])
    assert [store["custom_key_store_id"] for store in result["key_stores"]] == [
        stores.broken, stores.payments, stores.ledger, stores.vault,
    ]
    payments = found["payments"]
    assert (payments["region"], payments["connection_state"], payments["remedy"]) == (REGIONS[0], "CONNECTED", None)
    assert payments["kms_keys"] == {"total": 3, "by_state": {"Disabled": 1, "Enabled": 2}, "unreadable": 0}
    assert (payments["certificate_days_to_expire"], payments["certificate_name"]) == (12, "payments.example.com")
    assert payments["credential_age_days"] == 88
    assert payments["endpoint_service"]["private_dns_state"] == "verified"
    assert (payments["unmet_requirements"], payments["unknown"]) == ([], [])
    broken = found["broken"]
    assert (broken["connection_state"], broken["connection_error_code"]) == ("FAILED", fleet.BROKEN)
    assert broken["remedy"]["steps"][0] == "Disconnect the key store (state: disconnected)."
    assert broken["certificate_days_to_expire"] is None
    assert found["ledger"]["cluster"] == {
        "state": "ACTIVE", "active_hsms": 2, "availability_zones": ["eu-west-1a", "eu-west-1b"],
    }
    vault = found["vault"]
    assert (vault["custom_key_store_type"], vault["connection_error_code"]) == (
        "AWS_CLOUDHSM", "INSUFFICIENT_CLOUDHSM_HSMS",
    )
    assert (vault["cluster"]["active_hsms"], vault["xks_proxy_configuration"]) == (0, None)
    assert [item["status"] for item in result["regions"]] == ["ok", "ok", "ok"]
    checked = run(world, check=True, regions=REGIONS)
    assert checked["key_stores"] == result["key_stores"]


def test_one_region_of_three_is_denied_and_one_is_broken(world: Any, stores: Fleet) -> None:
    world.configure(denied=["kms:DescribeCustomKeyStores@eu-west-1"])
    world.fault("reset_before", service="kms", region="us-east-1", times=0)
    result = run(world, regions=REGIONS)
    assert set(by_name(result)) == {"payments", "broken"}
    ok, denied, failed = result["regions"]
    assert (ok["status"], ok["key_stores"], ok["message"]) == ("ok", 2, None)
    assert (denied["status"], denied["iam_action"]) == ("denied", "kms:DescribeCustomKeyStores")
    assert (failed["status"], failed["iam_action"]) == ("failed", None)
    assert [text.split(":")[0] for text in result["warnings"]] == [
        "eu-west-1 was not read", "us-east-1 was not read",
    ]


def test_no_region_at_all_is_a_failure(world: Any) -> None:
    world.configure(denied=["kms:*"])
    result = run(world, regions=REGIONS)
    assert result["failed"] is True
    assert [region for region in REGIONS if f"- {region}: " not in result["msg"]] == []
    result = run(world)
    assert "needs the permission kms:DescribeCustomKeyStores" in result["msg"]


def test_what_may_not_be_read_is_unknown_and_named(world: Any, stores: Fleet) -> None:
    world.configure(denied=["cloudwatch:*", "kms:ListKeys", "cloudhsm:*"])
    result = run(world, regions=REGIONS)
    found = by_name(result)
    assert found["payments"]["unknown"] == [
        {"what": "kms_keys", "iam_action": "kms:ListKeys"},
        {"what": "certificate_days_to_expire", "iam_action": "cloudwatch:ListMetrics"},
    ]
    assert (found["payments"]["kms_keys"], found["payments"]["certificate_days_to_expire"]) == (None, None)
    assert {"what": "cluster", "iam_action": "cloudhsm:DescribeClusters"} in found["vault"]["unknown"]
    assert result["warnings"] == [
        "The report has gaps: this identity needs cloudhsm:DescribeClusters, cloudwatch:ListMetrics and kms:ListKeys."
    ]
    world.configure(denied=["kms:DescribeKey", "cloudwatch:GetMetricData"])
    world.metric(
        name="XksProxyCertificateDaysToExpire", value=1, region=REGIONS[0],
        dimensions={"CustomKeyStoreId": stores.payments, "CertificateName": "payments.example.com"},
    )
    found = by_name(run(world))
    assert found["payments"]["kms_keys"] == {"total": 0, "by_state": {}, "unreadable": 3}
    assert found["payments"]["unknown"] == [
        {"what": "certificate_days_to_expire", "iam_action": "cloudwatch:GetMetricData"}
    ]


def test_what_the_next_connect_would_be_refused_for_is_told(world: Any, stores: Fleet) -> None:
    """A connected store goes on working when its domain is no longer verified (R57), until it has to connect."""
    ec2 = before.client(world.url, "ec2")
    for service in ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]:
        ec2.modify_vpc_endpoint_service_configuration(ServiceId=service["ServiceId"], AcceptanceRequired=True)
    payments = by_name(run(world, name="payments"))["payments"]
    assert payments["connection_state"] == "CONNECTED"
    assert [item["number"] for item in payments["unmet_requirements"]] == ["R8"]


def test_one_key_store_by_id_or_by_name(world: Any, stores: Fleet) -> None:
    assert list(by_name(run(world, key_store_id=stores.broken))) == ["broken"]
    assert list(by_name(run(world, regions=REGIONS, name="vault", count_keys=False))) == ["vault"]
    assert run(world, name="nothing")["key_stores"] == []
    mark = last(world)
    run(world, name="payments", count_keys=False)
    assert "ListKeys" not in [call["action"] for call in world.calls(since=mark)]


def test_regions_are_enough(world: Any, stores: Fleet) -> None:
    for regions in (["us-east-1"], ["us-east-1", "us-east-1"]):
        result = run(world, region=None, regions=regions, check=True)
        assert [store["custom_key_store_id"] for store in result["key_stores"]] == [stores.vault]


def test_many_keys_are_counted_and_throttling_is_waited_out(world: Any, stores: Fleet) -> None:
    for dummy in range(120):
        kms(world).create_key()
    world.fault("throttle", service="kms", action="DescribeKey", times=2)
    found = by_name(run(world))
    assert found["payments"]["kms_keys"]["total"] == 3
