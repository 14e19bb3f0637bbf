# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""key_store_key in a CloudHSM key store, where an alias is all that a key is found by."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios import prerequisites as before
from scenarios.harness import run_module
from scenarios.key_stores import kms, last, numbers, writes

ANCHOR = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----"
MARKER = {"TagKey": "keylink:alias", "TagValue": "alias/ledger"}
OPTIONS: dict[str, Any] = {"key_store_name": "hsm", "alias": ["ledger"], "tags": {"team": "ledger"}}


@pytest.fixture
def cluster(world: Any) -> str:
    _vpc, subnets = before.network(world.url)
    zones = [f"{before.REGION}a", f"{before.REGION}b"]
    return str(world.cloudhsm(region=before.REGION, subnet_ids=subnets, hsms=zones)["id"])


@pytest.fixture
def store_id(world: Any, cluster: str) -> str:
    made = kms(world).create_custom_key_store(
        CustomKeyStoreName="hsm", CloudHsmClusterId=cluster, TrustAnchorCertificate=ANCHOR, KeyStorePassword="kmsPswd"
    )["CustomKeyStoreId"]
    kms(world).connect_custom_key_store(CustomKeyStoreId=made)
    # It is connected at the next request.
    assert kms(world).describe_custom_key_stores()["CustomKeyStores"][0]["ConnectionState"] == "CONNECTED"
    return str(made)


def run(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module(world.url, "key_store_key", check=check, **{**OPTIONS, **options})


def keys(world: Any) -> list[str]:
    return [key["KeyId"] for key in kms(world).list_keys()["Keys"]]


def test_a_key_is_made_once_and_its_marker_stays(world: Any, store_id: str, cluster: str) -> None:
    plan = run(world, check=True)
    done = run(world)
    assert not done.get("failed"), done
    assert set(plan["kms_key"]) == set(done["kms_key"])
    assert (done["kms_key"]["origin"], done["kms_key"]["cloud_hsm_cluster_id"]) == ("AWS_CLOUDHSM", cluster)
    assert done["kms_key"]["tags"] == {"team": "ledger"}
    assert MARKER in kms(world).list_resource_tags(KeyId=done["key_id"])["Tags"]
    mark = last(world)
    assert run(world)["changed"] is False
    assert writes(world, mark) == []


def test_a_lost_answer_makes_one_key_only(world: Any, store_id: str) -> None:
    kms(world).create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)
    world.fault("reset_after", service="kms", action="CreateKey", times=1)
    done = run(world)
    assert len(keys(world)) == 2
    assert run(world)["key_id"] == done["key_id"]


def test_a_call_that_never_arrived_adopts_no_other_key(world: Any, store_id: str) -> None:
    """The first key was made for the alias too, and lives under another one since."""
    first = run(world)["key_id"]
    kms(world).create_alias(AliasName="alias/old", TargetKeyId=first)
    kms(world).delete_alias(AliasName="alias/ledger")
    world.fault("reset_before", service="kms", action="CreateKey", times=1)
    failed = run(world)
    assert "got no answer from AWS" in failed["msg"]
    done = run(world)
    assert (done["key_id"] != first, len(keys(world))) == (True, 2)


def test_a_key_without_its_alias_is_found_again(world: Any, store_id: str) -> None:
    world.configure(denied=["kms:CreateAlias"])
    assert run(world)["changed"] is True
    (key,) = keys(world)
    world.configure(denied=[])
    done = run(world)
    assert (done["key_id"], keys(world)) == (key, [key])
    assert done["kms_key"]["aliases"] == ["alias/ledger"]


@pytest.mark.parametrize("zones", [[], ["a"]])
def test_too_few_active_hsms_are_told_before_the_first_write(
    world: Any, store_id: str, cluster: str, zones: list[str]
) -> None:
    world.cloudhsm(id=cluster, region=before.REGION, hsms=[before.REGION + zone for zone in zones])
    mark = last(world)
    refused = run(world)
    assert numbers(refused) == {"N11"}
    assert writes(world, mark) == []
    world.configure(denied=["cloudhsm:*"])
    refused = run(world)
    assert refused["error"]["code"] == "CloudHsmClusterInvalidConfigurationException"
    assert "N11" in refused["msg"]


def test_what_a_cloudhsm_key_store_cannot_hold(world: Any, store_id: str) -> None:
    mark = last(world)
    refused = run(world, xks_key_id="key-1", alias=None)
    assert numbers(refused) == {"R143", "N32"}
    assert writes(world, mark) == []


def test_deletion_says_what_happens_to_the_material(world: Any, store_id: str) -> None:
    run(world)
    refused = run(world, state="absent")
    assert numbers(refused) == {"N18"}
    assert "key material in the CloudHSM cluster too" in refused["msg"]
    gone = run(world, state="absent", pending_window_in_days=30)
    assert gone["key_state"] == "PendingDeletion"
