# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cloudhsm_key_store against the embedded AWS: made, changed where AWS allows it, and ended with the truth told."""

from __future__ import annotations

from typing import Any

import pytest

from emulator import pki
from scenarios import clusters
from scenarios.cloudhsm import (
    CREATE,
    DELETE,
    DISCONNECT,
    NAME,
    UPDATE,
    connect,
    enabled_key,
    kms,
    last,
    make,
    manage,
    numbers,
    put,
    stores,
    writes,
)


def options(estate: clusters.Estate, **others: Any) -> dict[str, Any]:
    return {
        "cloud_hsm_cluster_id": estate.cluster_id,
        "trust_anchor_certificate": clusters.anchor(),
        "key_store_password": clusters.PASSWORD,
        **others,
    }


def test_creation(world: Any, estate: clusters.Estate) -> None:
    mark = last(world)
    planned = manage(world, check=True, **options(estate))
    assert writes(world, mark) == []
    done = manage(world, **options(estate))
    assert set(planned) == set(done)
    assert writes(world, mark) == [CREATE]
    assert planned["custom_key_store_id"].startswith("(known after apply")
    assert (done["connection_state"], done["active_hsm_count"]) == ("DISCONNECTED", 2)
    assert done["custom_key_store_id"] == stores(world)[0]["CustomKeyStoreId"]
    assert done["custom_key_store"]["cloud_hsm_cluster_id"] == estate.cluster_id
    mark = last(world)
    for given in (options(estate), {}, options(estate, trust_anchor_certificate=clusters.anchor().strip())):
        again = manage(world, **given)
        assert (again["changed"], again["custom_key_store"]) == (False, done["custom_key_store"])
    assert writes(world, mark) == []


def test_a_creation_whose_answer_was_lost_makes_one_store(world: Any, estate: clusters.Estate) -> None:
    world.fault("reset_after", service="kms", action=CREATE, times=1)
    assert manage(world, **options(estate))["changed"] is True
    assert len(stores(world)) == 1


FLAWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "one HSM": ({"hsms": [clusters.ZONES[0]]}, ["N11"]),
    "two HSMs in one zone": ({"hsms": [clusters.ZONES[0]] * 2}, ["N11"]),
    "a second HSM that is not active": (
        {"hsms": [clusters.ZONES[0], {"zone": clusters.ZONES[1], "state": "DEGRADED"}]}, ["N11"]
    ),
    "no HSM, not active, closed": ({"hsms": [], "state": "INITIALIZED", "rules": False}, ["R128", "R128", "N11"]),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_a_new_store_needs_of_its_cluster(world: Any, estate: clusters.Estate, flaw: str) -> None:
    """N11."""
    members, expected = FLAWS[flaw]
    estate.change(**members)
    mark = last(world)
    refused = manage(world, **options(estate))
    assert [item["number"] for item in refused["unmet_requirements"]] == expected
    assert writes(world, mark) == []


def test_all_that_is_missing_is_told_at_once(world: Any, estate: clusters.Estate) -> None:
    make(world, estate, "first")
    refused = manage(world, cloud_hsm_cluster_id=estate.cluster_id)
    assert [item["what"] for item in refused["unmet_requirements"]] == [
        "trust_anchor_certificate", "key_store_password", "cloud_hsm_cluster_id"
    ]
    assert "which key store first (cks-" in refused["msg"]
    assert numbers(manage(world, **options(estate, cloud_hsm_cluster_id="cluster-234567abcde"))) == {"R145"}


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("key_store_password", "short1", "6 characters"),
        ("key_store_password", "a" * 33, "33 characters"),
        ("key_store_password", "with-hyphen", "neither a letter nor a digit"),
        ("trust_anchor_certificate", "customerCA.crt", "not one well-formed PEM certificate"),
        ("trust_anchor_certificate", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n", "well-formed"),
        ("cloud_hsm_cluster_id", "cluster-89", "cluster-89"),
        ("name", "", "0 characters"),
    ],
)
def test_the_form_of_the_options(world: Any, estate: clusters.Estate, option: str, value: str, says: str) -> None:
    """N3: before the first call."""
    mark = last(world)
    refused = manage(world, **options(estate, **{option: value}))
    assert numbers(refused) == {"N3"}
    assert says in refused["msg"]
    assert option != "key_store_password" or value not in str(refused)
    assert world.calls(since=mark) == []


@pytest.mark.parametrize("start", ["CONNECTED", "DISCONNECTED"])
def test_a_new_name(world: Any, estate: clusters.Estate, start: str) -> None:
    store_id = make(world, estate)
    put(world, store_id, start)
    mark = last(world)
    planned = manage(world, check=True, new_name="payments-eu")
    done = manage(world, new_name="payments-eu")
    assert planned["diff"] == done["diff"]
    assert done["custom_key_store"]["custom_key_store_name"] == "payments-eu"
    assert writes(world, mark) == [UPDATE]
    mark = last(world)
    for given in ({"new_name": "payments-eu"}, {"key_store_id": store_id, "new_name": "payments-eu"}):
        assert manage(world, **given)["changed"] is False
    assert numbers(manage(world, name="nobody", new_name="somebody")) == {"R139"}
    assert writes(world, mark) == []


def test_another_cluster(world: Any, estate: clusters.Estate) -> None:
    store_id = make(world, estate)
    second = clusters.restored(estate)
    connect(world)
    mark = last(world)
    refused = manage(world, cloud_hsm_cluster_id=second.cluster_id)
    assert numbers(refused) == {"N17"}
    assert "keylink.aws.cloudhsm_key_store_connect" in refused["msg"]
    assert manage(world, cloud_hsm_cluster_id=second.cluster_id, change_existing=False)["changed"] is False
    assert writes(world, mark) == []
    connect(world, state="disconnected")
    mark = last(world)
    done = manage(world, key_store_id=store_id, cloud_hsm_cluster_id=second.cluster_id)
    assert done["custom_key_store"]["cloud_hsm_cluster_id"] == second.cluster_id
    assert writes(world, mark) == [UPDATE]
    other = clusters.estate(world, lineage="cluster-234567abcde", password=clusters.PASSWORD)
    stranger = manage(world, cloud_hsm_cluster_id=other.cluster_id)
    assert stranger["error"]["code"] == "CloudHsmClusterNotRelatedException"
    assert "made from a backup of the original" in stranger["msg"]


def test_what_never_changes_or_not_in_this_state(world: Any, estate: clusters.Estate) -> None:
    store_id = make(world, estate)
    other = pki.new_root("another").chain_pem().decode()
    assert numbers(manage(world, trust_anchor_certificate=other)) == {"N11"}
    put(world, store_id, "FAILED")
    assert numbers(manage(world, new_name="new")) == {"N10"}
    assert numbers(manage(world, name="nobody")) == {"R120"}
    assert numbers(manage(world, key_store_id="cks-0")) == {"R139"}


@pytest.mark.parametrize("start", ["DISCONNECTED", "CONNECTING", "CONNECTED", "FAILED", "DISCONNECTING"])
def test_absent_really_ends_it(world: Any, estate: clusters.Estate, start: str) -> None:
    """What other tools call destroyed is still there, connected; here AWS KMS has the last word."""
    put(world, make(world, estate), start)
    world.configure(delays={"cloudhsm_disconnect": 0.1})
    world.advance(1500 if start == "DISCONNECTING" else 0)
    mark = last(world)
    planned = manage(world, check=True, state="absent")
    assert (planned["actions"][0]["action"], writes(world, mark)) == ("delete", [])
    done = manage(world, state="absent", wait=False)
    assert (done["custom_key_store"], done["connection_state"]) == (None, None)
    assert done["diff"] == planned["diff"]
    assert stores(world) == []
    needed = [] if start in ("DISCONNECTED", "DISCONNECTING") else [DISCONNECT]
    assert writes(world, mark) == [*needed, DELETE]
    mark = last(world)
    assert manage(world, state="absent")["changed"] is False
    assert [call["action"] for call in world.calls(since=mark)] == ["DescribeCustomKeyStores"]
    found = estate.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert found == []


@pytest.mark.parametrize("doomed", [False, True])
def test_absent_never_touches_keys(world: Any, estate: clusters.Estate, doomed: bool) -> None:
    """N18."""
    store_id = make(world, estate)
    connect(world)
    key = enabled_key(world, store_id)
    if doomed:
        kms(world).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    mark = last(world)
    for force in (False, True):
        refused = manage(world, state="absent", force=force)
        assert numbers(refused) == {"N18"}
        assert key in refused["msg"]
    assert writes(world, mark) == []
    if doomed:
        world.advance(7 * 86_400)
        assert manage(world, state="absent")["changed"] is True


def test_a_deletion_that_aws_refuses_is_no_success(world: Any, estate: clusters.Estate) -> None:
    put(world, make(world, estate), "DISCONNECTED")
    world.fault("error", service="kms", action=DELETE, code="CustomKeyStoreHasCMKsException", status=400)
    refused = manage(world, state="absent")
    assert (refused["failed"], refused["changed"]) == (True, False)
    assert "N18" in refused["msg"]
    assert [store["CustomKeyStoreName"] for store in stores(world)] == [NAME]
