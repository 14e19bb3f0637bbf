# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cloudhsm_key_store_connect against the embedded AWS: every way between two states, and what is checked before."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios import clusters
from scenarios import prerequisites as before
from scenarios.cloudhsm import (
    CONNECT,
    DISCONNECT,
    UPDATE,
    connect,
    enabled_key,
    kms,
    last,
    make,
    numbers,
    put,
    state,
    writes,
)

# What a real run and a prediction have in common.
KEYS = {
    "custom_key_store", "custom_key_store_id", "connection_state", "previous_connection_state",
    "connection_error_code", "remedy", "active_hsm_count", "kms_keys", "waited_seconds", "actions", "changed",
    "unmet_requirements",
}


# (goal, state) -> the calls that write. FAILED is left only with force here: nothing else tells that it is repaired.
WAYS: dict[tuple[str, str], list[str]] = {
    ("connected", "DISCONNECTED"): [CONNECT],
    ("connected", "CONNECTING"): [],
    ("connected", "CONNECTED"): [],
    ("connected", "FAILED"): [DISCONNECT, CONNECT],
    ("connected", "DISCONNECTING"): [CONNECT],
    ("disconnected", "DISCONNECTED"): [],
    ("disconnected", "CONNECTING"): [DISCONNECT],
    ("disconnected", "CONNECTED"): [DISCONNECT],
    ("disconnected", "FAILED"): [DISCONNECT],
    ("disconnected", "DISCONNECTING"): [],
}


@pytest.mark.parametrize(("goal", "start"), WAYS)
def test_from_every_state_to_either_goal(world: Any, store_id: str, goal: str, start: str) -> None:
    """R122, R134, R136 and R142: the states, and what leads from one to another."""
    put(world, store_id, start)
    mark = last(world)
    options = {"state": goal, "force": True}
    planned = connect(world, check=True, **options)
    assert writes(world, mark) == []
    world.configure(delays={"cloudhsm_connect": 0.2, "cloudhsm_disconnect": 0.2})
    # Whatever is on its way ends in time.
    world.advance(1500 if start.endswith("ING") else 0)
    reached = {"CONNECTING": "CONNECTED", "DISCONNECTING": "DISCONNECTED"}.get(start, start)
    done = connect(world, **options)
    assert done["connection_state"] == planned["connection_state"] == goal.upper() == state(world)
    assert (set(done) & KEYS, set(planned) & KEYS) == (KEYS, KEYS)
    assert set(done) == set(planned)
    assert (planned["previous_connection_state"], done["previous_connection_state"]) == (start, reached)
    expected = WAYS[goal, reached]
    assert writes(world, mark) == expected
    assert done["changed"] is bool(expected)
    assert planned["changed"] is bool(WAYS[goal, start])
    if start == reached:
        assert done.get("diff") == planned.get("diff")
        assert planned["actions"] == done["actions"]
    mark = last(world)
    again = connect(world, **options)
    assert (again["changed"], writes(world, mark)) == (False, [])


@pytest.mark.parametrize("goal", ["connected", "disconnected"])
def test_a_store_half_way_is_waited_for(world: Any, store_id: str, goal: str) -> None:
    """R132: AWS refuses a connect while it is DISCONNECTING; the run waits, and writes nothing that is needless."""
    put(world, store_id, "CONNECTED")
    world.configure(delays={"cloudhsm_connect": 0.2, "cloudhsm_disconnect": 0.4})
    kms(world).disconnect_custom_key_store(CustomKeyStoreId=store_id)
    mark = last(world)
    done = connect(world, state=goal)
    assert (done["previous_connection_state"], done["connection_state"]) == ("DISCONNECTING", goal.upper())
    assert writes(world, mark) == ([CONNECT] if goal == "connected" else [])


def test_a_wait_that_runs_out_is_gone_on_with(world: Any, store_id: str) -> None:
    """R127, R137: the answer 200 of a connect is no connection."""
    put(world, store_id, "DISCONNECTED")
    late = connect(world, wait_timeout=1)
    assert late["failed"]
    assert (late["changed"], late["previous_connection_state"]) == (True, "DISCONNECTED")
    assert "connection of key store payments is still: CONNECTING. AWS documents up to 20 minutes" in late["msg"]
    hasty = connect(world, wait=False)
    assert (hasty["changed"], hasty["connection_state"]) == (False, "CONNECTING")
    world.advance(1500)
    mark = last(world)
    assert connect(world)["connection_state"] == "CONNECTED"
    assert writes(world, mark) == []


def test_by_id_and_by_name(world: Any, store_id: str) -> None:
    """R139, R141."""
    assert connect(world, key_store_id=store_id)["custom_key_store_id"] == store_id
    assert connect(world)["custom_key_store_id"] == store_id
    both = connect(world, custom_key_store_name="payments", key_store_id=store_id)
    assert "mutually exclusive" in both["msg"]
    for missing in ({"key_store_id": "cks-0"}, {"name": "nobody"}):
        for goal in ("connected", "disconnected"):
            refused = connect(world, state=goal, **missing)
            assert numbers(refused) == {"R139"}
            assert "keylink.aws.cloudhsm_key_store makes one" in refused["msg"]


def test_a_store_that_an_earlier_task_would_make(world: Any, estate: clusters.Estate) -> None:
    pending = "(known after apply: key_store.payments.custom_key_store_id)"
    planned = connect(world, check=True, key_store_id=pending, cloud_hsm_cluster_id=estate.cluster_id)
    assert (planned["changed"], planned["connection_state"]) == (True, "CONNECTED")
    assert planned["actions"] == [{"resource": "connection", "name": "payments", "action": "update", "id": pending}]


def test_an_external_store_is_another_modules(world: Any) -> None:
    """R143."""
    service = before.endpoint_service(world.url)
    kms(world).create_custom_key_store(
        CustomKeyStoreName="payments", CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyConnectivity="VPC_ENDPOINT_SERVICE", XksProxyVpcEndpointServiceName=service.service_name,
        XksProxyUriEndpoint=f"https://{service.private_dns_name}", XksProxyUriPath=before.URI_PATH,
        XksProxyAuthenticationCredential={
            "AccessKeyId": before.CREDENTIAL["access_key_id"],
            "RawSecretAccessKey": before.CREDENTIAL["raw_secret_access_key"],
        },
    )
    for goal in ("connected", "disconnected"):
        refused = connect(world, state=goal, force=True)
        assert numbers(refused) == {"R143"}
        assert "keylink.aws.xks_key_store" in refused["msg"]


FLAWS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "not active": ({"state": "DEGRADED"}, {"R128"}),
    "no HSM": ({"hsms": []}, {"R128"}),
    "no active HSM": ({"hsms": [{"zone": clusters.ZONES[0], "state": "CREATE_IN_PROGRESS"}]}, {"R128"}),
    "no rules": ({"rules": False}, {"N11"}),
    "all of it": ({"state": "UNINITIALIZED", "hsms": [], "rules": False}, {"R128", "N11"}),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_aws_would_refuse_is_told_at_once(
    world: Any, estate: clusters.Estate, store_id: str, flaw: str
) -> None:
    """R128, R129, N11: before the first write, all of it, and in check mode as well."""
    members, expected = FLAWS[flaw]
    estate.change(**members)
    mark = last(world)
    for check in (True, False):
        refused = connect(world, check=check)
        assert (refused["failed"], refused["changed"], numbers(refused)) == (True, False, expected)
        assert estate.cluster_id in refused["msg"]
    assert writes(world, mark) == []
    assert len(refused["unmet_requirements"]) == (3 if flaw == "all of it" else 1)


def test_a_cluster_that_is_gone(world: Any, estate: clusters.Estate, store_id: str) -> None:
    """R145."""
    estate.forget()
    refused = connect(world)
    assert numbers(refused) == {"R145"}
    assert "cloud_hsm_cluster_id" in refused["msg"]


def test_subnets_that_are_gone_or_full(world: Any) -> None:
    """R126: one address in each subnet, better two."""
    estate = clusters.estate(world, size=28)
    make(world, estate)
    for dummy in range(10):
        estate.ec2.create_network_interface(SubnetId=estate.subnet_ids[0])
    tight = connect(world, check=True)
    assert [(item["number"], item["blocking"]) for item in tight["unmet_requirements"]] == [("R126", False)]
    estate.ec2.create_network_interface(SubnetId=estate.subnet_ids[0])
    estate.ec2.delete_subnet(SubnetId=estate.subnet_ids[1])
    refused = connect(world)
    assert len(refused["unmet_requirements"]) == 2
    assert f"subnet {estate.subnet_ids[0]} has no free address" in refused["msg"]
    assert f"subnet {estate.subnet_ids[1]} was deleted" in refused["msg"]


def test_one_hsm_is_enough_to_connect(world: Any, estate: clusters.Estate, store_id: str) -> None:
    """R128: two in two zones are wanted for anything else, so one is told and stops nothing."""
    estate.change(hsms=[clusters.ZONES[0]], network_type="DUALSTACK")
    done = connect(world)
    assert (done["connection_state"], done["active_hsm_count"]) == ("CONNECTED", 1)
    assert [(item["number"], item["blocking"]) for item in done["unmet_requirements"]] == [("N11", False)] * 2


def test_the_cluster_of_a_connected_store_is_looked_at(world: Any, estate: clusters.Estate, store_id: str) -> None:
    """R123: CONNECTED is no proof that it works."""
    connect(world)
    estate.change(hsms=[])
    done = connect(world)
    assert (done["changed"], done["connection_state"], done["active_hsm_count"]) == (False, "CONNECTED", 0)
    assert [(item["number"], item["blocking"]) for item in done["unmet_requirements"]] == [("R128", False)]


def test_whether_the_hsms_answer(world: Any, estate: clusters.Estate, store_id: str) -> None:
    """R123: verified by what only they can give, after a connect and of a store that is connected."""
    world.configure(time_scale=1.0, delays={"cloudhsm_connect": 0.2})
    for changed in (True, False):
        assert connect(world, verify=True)["changed"] is changed
    asked = [call["action"] for call in world.calls() if call["action"] == "GenerateRandom"]
    assert len(asked) == 2
    estate.change(hsms=[])
    failed = connect(world, verify=True)
    assert (failed["failed"], failed["changed"], failed["connection_state"]) == (True, False, "CONNECTED")
    assert "HSMs of key store payments: the key store is CONNECTED, but they do not answer" in failed["msg"]
    assert connect(world, check=True, verify=True).get("failed") is None
    world.configure(denied=["kms:GenerateRandom"])
    assert "needs the permission kms:GenerateRandom" in connect(world, verify=True)["msg"]


@pytest.mark.parametrize(
    "action", ["cloudhsm:DescribeClusters", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"]
)
def test_a_missing_permission_for_a_check_is_a_warning(world: Any, store_id: str, action: str) -> None:
    world.configure(denied=[action])
    done = connect(world)
    assert done["connection_state"] == "CONNECTED"
    (item,) = done["unmet_requirements"]
    assert (item["blocking"], action in item["fix"]) == (False, True)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"mtls": True}, "CloudHsmClusterInvalidConfigurationException"),
        ({"state": "DEGRADED"}, "CloudHsmClusterNotActiveException"),
    ],
)
def test_a_quick_failure_is_told_as_one(
    world: Any, estate: clusters.Estate, store_id: str, members: dict[str, Any], code: str
) -> None:
    """R138: the state stays DISCONNECTED, and there is no error code."""
    estate.change(**members)
    world.configure(denied=["cloudhsm:DescribeClusters"])
    refused = connect(world)
    assert (refused["failed"], refused["changed"], refused["error"]["code"]) == (True, False, code)
    assert "connect CloudHSM key store payments: AWS refused kms:ConnectCustomKeyStore" in refused["msg"]
    assert "the connection did not begin, and there is no error code (R138)" in refused["msg"]
    assert (refused["previous_connection_state"], refused["connection_error_code"]) == ("DISCONNECTED", None)
    assert state(world) == "DISCONNECTED"


def test_keys_are_not_made_unusable_by_accident(world: Any, store_id: str) -> None:
    """N17."""
    connect(world)
    key = enabled_key(world, store_id)
    mark = last(world)
    for check in (True, False):
        refused = connect(world, check=check, state="disconnected")
        assert numbers(refused) == {"N17"}
        assert f"1 KMS key would become unusable: {key} (Enabled)" in refused["msg"]
        assert [item["key_id"] for item in refused["kms_keys"]] == [key]
    assert writes(world, mark) == []
    done = connect(world, state="disconnected", force=True)
    assert (done["connection_state"], [item["key_id"] for item in done["kms_keys"]]) == ("DISCONNECTED", [key])
    assert kms(world).describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    connect(world)
    assert kms(world).describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("option", ["password", "cluster"])
def test_a_change_that_needs_a_disconnect_needs_force_too(
    world: Any, estate: clusters.Estate, store_id: str, option: str
) -> None:
    connect(world)
    key = enabled_key(world, store_id)
    options: dict[str, Any] = {"cloud_hsm_cluster_id": clusters.restored(estate).cluster_id}
    if option == "password":
        options = {"key_store_password": clusters.OTHER_PASSWORD, "force_update_password": True}
        estate.change(password=clusters.OTHER_PASSWORD)
    mark = last(world)
    refused = connect(world, **options)
    assert numbers(refused) == {"N17"}
    assert key in refused["msg"]
    assert writes(world, mark) == []
    planned = connect(world, check=True, force=True, **options)
    done = connect(world, force=True, **options)
    assert planned["diff"] == done["diff"]
    assert [(item["resource"], item["action"]) for item in done["actions"]] == [
        ("connection", "update"), ("CloudHSM key store", "update"), ("connection", "update")
    ]
    assert writes(world, mark) == [DISCONNECT, UPDATE, CONNECT]
    assert (done["connection_state"], state(world)) == ("CONNECTED", "CONNECTED")
    mark = last(world)
    again = connect(world, force=True, **{**options, "force_update_password": False})
    assert (again["changed"], writes(world, mark)) == (False, [])


def test_a_password_is_never_drift(world: Any, store_id: str) -> None:
    """R124, N13: AWS KMS has changed it at the first connect, so sending it again would break the store."""
    for dummy in range(2):
        connect(world, key_store_password=clusters.PASSWORD)
        connect(world, key_store_password=clusters.PASSWORD, state="disconnected")
    assert UPDATE not in writes(world)


def test_a_cluster_that_cannot_be_related_is_refused_before_the_disconnect(
    world: Any, estate: clusters.Estate, store_id: str
) -> None:
    """R145: neither of two original clusters has the other's backup history."""
    connect(world)
    stranger = clusters.estate(world)
    mark = last(world)
    refused = connect(world, cloud_hsm_cluster_id=stranger.cluster_id, force=True)
    assert numbers(refused) == {"R145"}
    assert writes(world, mark) == []


@pytest.mark.parametrize("broken", [False, True])
def test_a_store_whose_change_is_refused_is_left_as_it_was(
    world: Any, estate: clusters.Estate, store_id: str, broken: bool
) -> None:
    """A cluster from somebody else's backup: AWS KMS refuses it, and only once the store is disconnected."""
    connect(world)
    enabled_key(world, store_id)
    stranger = clusters.estate(world, lineage="cluster-234567abcde", password=clusters.PASSWORD)
    if broken:
        estate.change(user="missing")
    mark = last(world)
    refused = connect(world, cloud_hsm_cluster_id=stranger.cluster_id, force=True)
    assert (refused["failed"], refused["changed"]) == (True, True)
    assert refused["error"]["code"] == "CloudHsmClusterNotRelatedException"
    assert writes(world, mark) == [DISCONNECT, UPDATE, CONNECT]
    assert state(world) == ("FAILED" if broken else "CONNECTED")
    assert ("what was there before could not be brought back: connection of key store payments: FAILED with "
            "USER_NOT_FOUND" in refused["msg"]) is broken


def test_the_options_are_checked_before_any_call(world: Any) -> None:
    """N3."""
    refused = connect(world, key_store_password="kms-Pswd", cloud_hsm_cluster_id="cluster-1")
    assert numbers(refused) == {"N3"}
    assert len(refused["unmet_requirements"]) == 2
    assert "kms-Pswd" not in str(refused)
    assert "key_store_password" in connect(world, force_update_password=True)["msg"]
    assert world.calls() == []
