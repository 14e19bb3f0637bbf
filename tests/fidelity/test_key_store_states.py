# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of custom key stores: which operation is allowed in which, and what the states do to keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fidelity.estate import CREDENTIAL, Estate, code_of

from emulator.proxy import XksProxy

REFUSED = "CustomKeyStoreInvalidStateException"
STATES = ("DISCONNECTED", "CONNECTING", "CONNECTED", "FAILED", "DISCONNECTING")
# Long enough for either kind of store to connect or disconnect.
HALF_AN_HOUR = 1800


@dataclass(frozen=True)
class Operation:
    """An operation on a store, and the states that it is allowed in."""

    allowed: tuple[str, ...]
    perform: Callable[[Any, str], Any]


def _update(**change: Any) -> Callable[[Any, str], Any]:
    return lambda kms, store_id: kms.update_custom_key_store(CustomKeyStoreId=store_id, **change)


COMMON = {
    "connect": Operation(
        ("DISCONNECTED", "CONNECTING", "CONNECTED"),
        lambda kms, store_id: kms.connect_custom_key_store(CustomKeyStoreId=store_id),
    ),
    "disconnect": Operation(
        ("CONNECTED", "CONNECTING", "FAILED"),
        lambda kms, store_id: kms.disconnect_custom_key_store(CustomKeyStoreId=store_id),
    ),
    "delete": Operation(
        ("DISCONNECTED",), lambda kms, store_id: kms.delete_custom_key_store(CustomKeyStoreId=store_id)
    ),
    "describe": Operation(STATES, lambda kms, store_id: kms.describe_custom_key_stores(CustomKeyStoreId=store_id)),
    "rename": Operation(("CONNECTED", "DISCONNECTED"), _update(NewCustomKeyStoreName="renamed")),
}
EXTERNAL = {
    **COMMON,
    "credential": Operation(("CONNECTED", "DISCONNECTED"), _update(XksProxyAuthenticationCredential=CREDENTIAL)),
    "path": Operation(("CONNECTED", "DISCONNECTED"), _update(XksProxyUriPath="/example/kms/xks/v1")),
    "endpoint": Operation(
        ("DISCONNECTED",),
        _update(XksProxyUriEndpoint="https://public.example.com", XksProxyConnectivity="PUBLIC_ENDPOINT"),
    ),
    "create key": Operation(
        ("CONNECTED",),
        lambda kms, store_id: kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store_id, XksKeyId="good"),
    ),
}
CLOUDHSM = {
    **COMMON,
    "password": Operation(("DISCONNECTED",), _update(KeyStorePassword="another1")),
    "create key": Operation(
        ("CONNECTED",), lambda kms, store_id: kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)
    ),
    "random": Operation(
        ("CONNECTED",), lambda kms, store_id: kms.generate_random(NumberOfBytes=8, CustomKeyStoreId=store_id)
    ),
}
TABLES = {"EXTERNAL_KEY_STORE": EXTERNAL, "AWS_CLOUDHSM": CLOUDHSM}
KINDS = tuple(TABLES)


def _store(estate: Estate, kind: str) -> str:
    if kind == "AWS_CLOUDHSM":
        return estate.create(estate.hsm_params(estate.cluster()))
    return estate.create(estate.store_params(estate.chain()))


def _bring(estate: Estate, store_id: str, state: str) -> None:
    """Move a disconnected store to a state, and stop the clock there."""
    estate.emulator.configure(time_scale=1.0)
    if state != "DISCONNECTED":
        if state == "FAILED":
            estate.emulator.outcome(store_id, "NETWORK_ERRORS")
        estate.kms.connect_custom_key_store(CustomKeyStoreId=store_id)
        if state != "CONNECTING":
            estate.emulator.advance(HALF_AN_HOUR)
        if state == "DISCONNECTING":
            estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert estate.store(store_id)["ConnectionState"] == state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", KINDS)
def test_refused(kind: str, state: str, estate: Estate, proxy: XksProxy) -> None:
    store_id = _store(estate, kind)
    _bring(estate, store_id, state)
    before = estate.store(store_id)
    for name, operation in TABLES[kind].items():
        if state not in operation.allowed:
            assert code_of(operation.perform, kms=estate.kms, store_id=store_id) == REFUSED, name
            assert estate.store(store_id) == before, name


ALLOWED = [
    (kind, name, state)
    for kind, operations in TABLES.items()
    for name, operation in operations.items()
    for state in operation.allowed
    if name != "describe"
]


@pytest.mark.parametrize(("kind", "name", "state"), ALLOWED)
def test_allowed(kind: str, name: str, state: str, estate: Estate, proxy: XksProxy) -> None:
    store_id = _store(estate, kind)
    _bring(estate, store_id, state)
    TABLES[kind][name].perform(estate.kms, store_id)


@pytest.mark.parametrize("kind", KINDS)
def test_error_code_only_while_failed(kind: str, estate: Estate, proxy: XksProxy) -> None:
    store_id = _store(estate, kind)
    seen = []
    estate.emulator.configure(time_scale=1.0)

    def look() -> None:
        found = estate.store(store_id)
        seen.append((found["ConnectionState"], found.get("ConnectionErrorCode")))

    estate.emulator.outcome(store_id, "NETWORK_ERRORS")
    estate.kms.connect_custom_key_store(CustomKeyStoreId=store_id)
    look()
    estate.emulator.advance(HALF_AN_HOUR)
    look()
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    look()
    estate.emulator.advance(HALF_AN_HOUR)
    look()
    estate.emulator.clear_outcomes()
    estate.kms.connect_custom_key_store(CustomKeyStoreId=store_id)
    look()
    estate.emulator.advance(HALF_AN_HOUR)
    look()
    assert seen == [
        ("CONNECTING", None),
        ("FAILED", "NETWORK_ERRORS"),
        ("DISCONNECTING", None),
        ("DISCONNECTED", None),
        ("CONNECTING", None),
        ("CONNECTED", None),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_disconnect_while_connecting_wins(kind: str, estate: Estate, proxy: XksProxy) -> None:
    store_id = _store(estate, kind)
    _bring(estate, store_id, "CONNECTING")
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    estate.emulator.advance(HALF_AN_HOUR)
    assert estate.store(store_id)["ConnectionState"] == "DISCONNECTED"


def test_every_connection_error_code_can_be_forced(estate: Estate) -> None:
    shape = estate.kms.meta.service_model.shape_for("ConnectionErrorCodeType")
    store_id = estate.create(estate.hsm_params(estate.cluster()))
    for code in shape.enum:
        estate.emulator.outcome("hsm-store", code)
        assert estate.connect(store_id) == ("FAILED", code)
        estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)


# What is wrong with the cluster at connect -> the code.
CLUSTER_CODES: dict[str, dict[str, Any]] = {
    "INVALID_CREDENTIALS": {"password": "changed1"},
    "USER_NOT_FOUND": {"user": "missing"},
    "USER_LOCKED_OUT": {"user": "locked"},
    "USER_LOGGED_IN": {"user": "logged_in"},
    "INSUFFICIENT_CLOUDHSM_HSMS": {"hsms": []},
    "SUBNET_NOT_FOUND": {"subnet_ids": ["subnet-00000000000000000"]},
}


@pytest.mark.parametrize(("code", "flaw"), CLUSTER_CODES.items())
def test_cluster_flaws(code: str, flaw: dict[str, Any], estate: Estate) -> None:
    cluster_id = estate.cluster()
    store_id = estate.create(estate.hsm_params(cluster_id))
    estate.emulator.cloudhsm(id=cluster_id, **flaw)
    assert estate.connect(store_id) == ("FAILED", code)


def test_cluster_gone(estate: Estate) -> None:
    cluster_id = estate.cluster()
    store_id = estate.create(estate.hsm_params(cluster_id))
    estate.emulator.cloudhsm(forget=cluster_id)
    assert estate.connect(store_id) == ("FAILED", "CLUSTER_NOT_FOUND")


def test_a_connected_cluster_has_interfaces_that_keep_the_subnets(estate: Estate) -> None:
    dummy, subnet_ids = estate.network()
    cluster_id = estate.cluster(subnet_ids=subnet_ids)
    store_id = estate.create(estate.hsm_params(cluster_id))
    assert estate.connect(store_id) == ("CONNECTED", None)
    assert code_of(estate.ec2.delete_subnet, SubnetId=subnet_ids[0]) == "DependencyViolation"
    found = estate.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert {item["Description"] for item in found} == {f"KMS managed ENI for cluster {cluster_id}"}
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    estate.ec2.delete_subnet(SubnetId=subnet_ids[0])


@pytest.mark.parametrize("kind", KINDS)
def test_keys_follow_their_store(kind: str, estate: Estate, proxy: XksProxy) -> None:
    store_id = _store(estate, kind)
    assert estate.connect(store_id) == ("CONNECTED", None)
    asked = {"XksKeyId": "good"} if kind == "EXTERNAL_KEY_STORE" else {}
    made = estate.kms.create_key(Origin=kind, CustomKeyStoreId=store_id, **asked)["KeyMetadata"]
    key_id = made["KeyId"]
    blob = estate.kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    assert estate.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"

    def state() -> str:
        return str(estate.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"])

    assert state() == "Enabled"
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert state() == "Unavailable"
    for call, params in (
        (estate.kms.encrypt, {"KeyId": key_id, "Plaintext": b"text"}),
        (estate.kms.decrypt, {"CiphertextBlob": blob}),
        (estate.kms.generate_data_key, {"KeyId": key_id, "KeySpec": "AES_256"}),
    ):
        assert code_of(call, **params) == "KMSInvalidStateException"
    assert estate.connect(store_id) == ("CONNECTED", None)
    assert state() == "Enabled"
    assert estate.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"


def test_a_store_with_keys_is_deleted_after_their_window(estate: Estate) -> None:
    store_id = estate.create(estate.hsm_params(estate.cluster()))
    assert estate.connect(store_id) == ("CONNECTED", None)
    key_id = estate.kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)["KeyMetadata"]["KeyId"]
    estate.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert estate.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert code_of(estate.kms.delete_custom_key_store, CustomKeyStoreId=store_id) == "CustomKeyStoreHasCMKsException"
    estate.emulator.advance(7 * 86_400)
    estate.kms.delete_custom_key_store(CustomKeyStoreId=store_id)
    gone = code_of(estate.kms.describe_custom_key_stores, CustomKeyStoreId=store_id)
    assert gone == "CustomKeyStoreNotFoundException"
    assert estate.kms.describe_custom_key_stores()["CustomKeyStores"] == []
