# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS keys: those in a custom key store depend on its state; moto has their material and the rest of their life."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from .. import cloudhsm, connect, moto_base
from ..errors import AwsError
from ..registry import Call, operation
from . import external, hsm, policies, reach
from .connection import forced_outcome
from .state import CLOUDHSM, EXTERNAL, KeyStore, KeyStores, StoredKey, invalid_state, key_store
from .tags import check_tags

_DAY = 86_400
_SHORTEST_WINDOW, _LONGEST_WINDOW = 7, 30
_ORIGIN_OF = {CLOUDHSM: "AWS_CLOUDHSM", EXTERNAL: "EXTERNAL_KEY_STORE"}
_NEEDS_XKS_KEY = "XksKeyId must be specified with Origin EXTERNAL_KEY_STORE, and only then."


class Pending:
    """Keys that wait for their deletion: id -> which of its requests counts."""

    def __init__(self) -> None:
        self.rounds: dict[str, int] = {}


class Usage:
    """The last operation with each key, and when it was."""

    def __init__(self) -> None:
        self.last: dict[str, tuple[str, datetime]] = {}


def _key_id(call: Call, name: str) -> str:
    backend = moto_base.backend("kms", call.account, call.region)
    return str(backend.any_id_to_key_id(name))


def _stored(call: Call, key_id: str) -> tuple[StoredKey, KeyStore] | None:
    state = call.store(KeyStores)
    found = state.keys.get(key_id)
    return None if found is None else (found, state.by_id[found.store_id])


def _complete(call: Call, metadata: dict[str, Any]) -> dict[str, Any]:
    """What moto leaves out, and what a custom key store changes."""
    metadata["KeyUsage"] = metadata.get("KeyUsage") or "ENCRYPT_DECRYPT"
    metadata["MultiRegion"] = bool(metadata.get("MultiRegion"))
    metadata["KeyManager"] = metadata.get("KeyManager") or "CUSTOMER"
    if metadata.get("KeyState") != "PendingDeletion":
        metadata.pop("DeletionDate", None)
    pair = _stored(call, metadata["KeyId"])
    if pair is not None:
        key, store = pair
        metadata |= {"CustomKeyStoreId": store.id, "Origin": _ORIGIN_OF[store.kind]}
        if store.hsm is not None:
            metadata["CloudHsmClusterId"] = store.hsm.cluster_id
        if key.external_id is not None:
            metadata["XksKeyConfiguration"] = {"Id": key.external_id}
        if store.state != "CONNECTED" and metadata.get("KeyState") != "PendingDeletion":
            metadata |= {"KeyState": "Unavailable", "Enabled": False}
    return metadata


def key_metadata(call: Call, name: str) -> dict[str, Any]:
    """A key as DescribeKey shows it."""
    return _complete(call, call.moto("DescribeKey", {"KeyId": name})["KeyMetadata"])


def _check_external_key(call: Call, store: KeyStore, external_id: str) -> None:
    if store.proxy is None:
        return
    state = call.store(KeyStores)
    for key in state.keys.values():
        other = state.by_id[key.store_id].proxy
        same = other is not None and other.uri == store.proxy.uri
        if same and key.external_id == external_id:
            text = f"The external key {external_id} is already associated with the KMS key {key.key_id}."
            raise AwsError("XksKeyAlreadyInUseException", text)
    if call.world.outcomes.get(store.id) == "CONNECTED" or call.world.outcomes.get(store.name) == "CONNECTED":
        return
    try:
        way = external.endpoint(call, store)
    except reach.Obstacle as obstacle:
        raise AwsError("CustomKeyStoreInvalidStateException", obstacle.detail) from obstacle
    found = connect.describe_key_at(way, external_id)
    if found.error is not None:
        raise AwsError(found.error, found.detail)


def _check_store_key(call: Call) -> KeyStore:
    """The refusals of CreateKey in a custom key store."""
    params = call.params
    origin = params.get("Origin", "AWS_KMS")
    if origin not in _ORIGIN_OF.values():
        raise AwsError("ValidationException", f"CustomKeyStoreId cannot be specified with Origin {origin}.")
    if (origin == "EXTERNAL_KEY_STORE") != ("XksKeyId" in params):
        raise AwsError("ValidationException", _NEEDS_XKS_KEY)
    store = key_store(call, params["CustomKeyStoreId"])
    if _ORIGIN_OF[store.kind] != origin:
        raise AwsError("ValidationException", f"The custom key store {store.id} does not hold keys of Origin {origin}.")
    spec = params.get("KeySpec") or params.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = params.get("KeyUsage", "ENCRYPT_DECRYPT")
    if spec != "SYMMETRIC_DEFAULT" or usage != "ENCRYPT_DECRYPT" or params.get("MultiRegion"):
        text = "Custom key stores hold symmetric encryption keys of a single Region only."
        raise AwsError("UnsupportedOperationException", text)
    if store.state != "CONNECTED":
        raise invalid_state(store, "create keys in it")
    if store.hsm is not None:
        cluster = cloudhsm.find(call.world, call.account, call.region, store.hsm.cluster_id)
        if cluster is None or len(set(cluster.active_zones)) < 2:
            text = f"The cluster {store.hsm.cluster_id} needs two active HSMs in different Availability Zones."
            raise AwsError("CloudHsmClusterInvalidConfigurationException", text)
    if "XksKeyId" in params:
        _check_external_key(call, store, params["XksKeyId"])
    return store


@operation("kms", "CreateKey")
def create_key(call: Call) -> dict[str, Any]:
    params = call.params
    check_tags(params.get("Tags", []))
    if "Policy" in params:
        policies.check(call, params["Policy"], "*", bool(params.get("BypassPolicyLockoutSafetyCheck")))
    if "CustomKeyStoreId" not in params:
        if params.get("Origin") in _ORIGIN_OF.values():
            raise AwsError("ValidationException", f"CustomKeyStoreId must be specified with Origin {params['Origin']}.")
        if "XksKeyId" in params:
            raise AwsError("ValidationException", _NEEDS_XKS_KEY)
        return {"KeyMetadata": _complete(call, call.by_moto()["KeyMetadata"])}
    store = _check_store_key(call)
    own = ("CustomKeyStoreId", "XksKeyId", "Origin")
    made = call.moto("CreateKey", {name: value for name, value in params.items() if name not in own})["KeyMetadata"]
    call.store(KeyStores).keys[made["KeyId"]] = StoredKey(made["KeyId"], store.id, params.get("XksKeyId"))
    return {"KeyMetadata": _complete(call, made)}


@operation("kms", "DescribeKey")
def describe_key(call: Call) -> dict[str, Any]:
    return {"KeyMetadata": _complete(call, call.by_moto()["KeyMetadata"])}


@operation("kms", "ScheduleKeyDeletion")
def schedule_key_deletion(call: Call) -> dict[str, Any]:
    metadata = key_metadata(call, call.params["KeyId"])
    if metadata["KeyState"] == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{metadata['Arn']} is pending deletion.")
    days = call.params.get("PendingWindowInDays", 30)
    if not _SHORTEST_WINDOW <= days <= _LONGEST_WINDOW:
        raise AwsError("ValidationException", f"PendingWindowInDays is {_SHORTEST_WINDOW} to {_LONGEST_WINDOW}.")
    result = call.by_moto()
    key_id = _key_id(call, call.params["KeyId"])
    rounds = call.store(Pending).rounds
    rounds[key_id] = rounds.get(key_id, 0) + 1
    # Days are never scaled: only a pushed clock ends them.
    call.world.clock.after(days * _DAY, partial(_delete, call, key_id, rounds[key_id]))
    return {**result, "KeyState": "PendingDeletion", "PendingWindowInDays": days}


def _delete(call: Call, key_id: str, started: int) -> None:
    if call.store(Pending).rounds.get(key_id) == started:
        moto_base.backend("kms", call.account, call.region).keys.pop(key_id, None)
        call.store(KeyStores).keys.pop(key_id, None)


@operation("kms", "CancelKeyDeletion")
def cancel_key_deletion(call: Call) -> dict[str, Any]:
    metadata = key_metadata(call, call.params["KeyId"])
    if metadata["KeyState"] != "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{metadata['Arn']} is not pending deletion.")
    result = call.by_moto()
    rounds = call.store(Pending).rounds
    key_id = _key_id(call, call.params["KeyId"])
    rounds[key_id] = rounds.get(key_id, 0) + 1
    return result


@operation("kms", "EnableKey", "DisableKey", "UpdateKeyDescription")
def change_key(call: Call) -> dict[str, Any]:
    described = call.moto("DescribeKey", {"KeyId": call.params["KeyId"]})["KeyMetadata"]
    if described.get("KeyState") == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{described['Arn']} is pending deletion.")
    return call.by_moto()


@operation("kms", "GetKeyLastUsage")
def get_key_last_usage(call: Call) -> dict[str, Any]:
    metadata = key_metadata(call, call.params["KeyId"])
    last = call.store(Usage).last.get(metadata["KeyId"])
    shown = {"KeyLastUsage": {"Operation": last[0], "Timestamp": last[1]}} if last else {}
    created = metadata["CreationDate"]
    return {**shown, "KeyId": metadata["KeyId"], "TrackingStartDate": created, "KeyCreationDate": created}


def _usable(call: Call, name: str) -> tuple[StoredKey, KeyStore] | None:
    """The key of a store that is to be used, and its store; None for any other key."""
    pair = _stored(call, _key_id(call, name))
    if pair is not None and pair[1].state != "CONNECTED":
        text = f"The key {pair[0].key_id} is unavailable: its custom key store {pair[1].id} is {pair[1].state}."
        raise AwsError("KMSInvalidStateException", text)
    return pair


def _beyond(call: Call, name: str) -> tuple[StoredKey, KeyStore] | None:
    """The same where the proxy takes part; a connection that was forced has none."""
    pair = _usable(call, name)
    if pair is None or pair[0].external_id is None or forced_outcome(call.world, pair[1]) == "CONNECTED":
        return None
    return pair


def _key_of(blob: bytes) -> str:
    return blob[:external.KEY_ID_LENGTH].decode("ascii", "replace")


def _note_use(call: Call, *names: str) -> None:
    used = (call.operation.removesuffix("WithoutPlaintext"), call.world.clock.datetime())
    call.store(Usage).last |= {_key_id(call, name): used for name in names}


@operation("kms", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
def encrypt(call: Call) -> dict[str, Any]:
    pair = _beyond(call, call.params["KeyId"])
    result = call.by_moto()
    if pair is not None:
        result["CiphertextBlob"] = external.wrap(
            call, *pair, result["CiphertextBlob"], call.params.get("EncryptionContext")
        )
    _note_use(call, call.params["KeyId"])
    return result


@operation("kms", "Decrypt")
def decrypt(call: Call) -> dict[str, Any]:
    params = call.params
    blob = params["CiphertextBlob"]
    if "KeyId" in params:
        _usable(call, params["KeyId"])
    pair = _beyond(call, _key_of(blob))
    if pair is not None:
        blob = external.unwrap(call, *pair, blob, params.get("EncryptionContext"))
    result = call.moto("Decrypt", {**params, "CiphertextBlob": blob})
    _note_use(call, _key_of(params["CiphertextBlob"]))
    return result


@operation("kms", "ReEncrypt")
def re_encrypt(call: Call) -> dict[str, Any]:
    params = call.params
    blob, context = params["CiphertextBlob"], params.get("SourceEncryptionContext")
    source = _beyond(call, _key_of(blob))
    destination = _beyond(call, params["DestinationKeyId"])
    if source is not None:
        blob = external.unwrap(call, *source, blob, context)
    result = call.moto("ReEncrypt", {**params, "CiphertextBlob": blob})
    if destination is not None:
        result["CiphertextBlob"] = external.wrap(
            call, *destination, result["CiphertextBlob"], params.get("DestinationEncryptionContext")
        )
    _note_use(call, _key_of(params["CiphertextBlob"]), params["DestinationKeyId"])
    return result


@operation(
    "kms", "EnableKeyRotation", "RotateKeyOnDemand", "ImportKeyMaterial", "GenerateDataKeyPair", "ReplicateKey"
)
def never_in_a_store(call: Call) -> dict[str, Any]:
    if _stored(call, _key_id(call, call.params["KeyId"])) is not None:
        text = f"{call.operation} does not work with keys in custom key stores."
        raise AwsError("UnsupportedOperationException", text)
    return call.by_moto()


@operation("kms", "GenerateRandom")
def generate_random(call: Call) -> dict[str, Any]:
    store_id = call.params.get("CustomKeyStoreId")
    if store_id is not None:
        store = key_store(call, store_id)
        if store.kind != CLOUDHSM:
            raise AwsError("UnsupportedOperationException", "External key stores do not generate random bytes.")
        if store.state != "CONNECTED":
            raise invalid_state(store, "generate random bytes in it")
        if not hsm.answers(call, store):
            raise AwsError("KMSInternalException", f"No HSM of the custom key store {store.id} answers.", 500)
    return call.moto("GenerateRandom", {"NumberOfBytes": call.params.get("NumberOfBytes", 32)})
