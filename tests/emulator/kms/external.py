# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of an external store in use: what KMS encrypts goes through the proxy, and back through it."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

from .. import connect
from ..ec2.service_state import service_by_name
from ..errors import AwsError
from ..registry import Call
from . import reach
from .state import VPC_CONNECTIVITY, KeyStore, StoredKey, XksProxy

# moto's ciphertexts begin with the id of their key; then comes this, where the proxy has encrypted them once more.
KEY_ID_LENGTH = 36
_MARK = b"\0xks"
_SEALED = ("ciphertext", "ciphertextMetadata", "initializationVector", "authenticationTag")


def replace_proxy(call: Call, store: KeyStore, proxy: XksProxy) -> None:
    """The hosts of KMS learn of an update of a connected store one after another, within minutes."""
    if store.proxy is not None and store.state == "CONNECTED":
        store.former.append(store.proxy)
        store.updates += 1
        call.later("xks_update", partial(_in_effect, store, store.updates))
    store.proxy = proxy


def _in_effect(store: KeyStore, update: int) -> None:
    if store.updates == update:
        store.former.clear()


def proxy_in_use(store: KeyStore) -> XksProxy:
    """The configuration with which the next host of KMS asks: in turns, while an update spreads."""
    if store.proxy is None:
        raise ValueError(f"{store.id} is no external key store")
    choices = [*store.former, store.proxy]
    store.uses += 1
    return choices[store.uses % len(choices)]


def endpoint(call: Call, store: KeyStore) -> connect.Endpoint:
    """The way to the proxy of a connected store; raises an Obstacle where it is interrupted."""
    proxy = proxy_in_use(store)
    return connect.Endpoint(
        _places(call, store, proxy),
        proxy.server_name,
        proxy.uri_path,
        proxy.access_key_id,
        proxy.secret,
        call.settings.ca_file,
        call.region,
        call.settings.proxy_timeout,
    )


def _places(call: Call, store: KeyStore, proxy: XksProxy) -> Any:
    if proxy.connectivity != VPC_CONNECTIVITY:
        return reach.places_of(call.world, store.account, store.region, proxy)
    found = service_by_name(call.world, proxy.service_name or "")
    connection = None if found is None else found.by_endpoint.get(store.endpoint_id or "")
    if found is None or connection is None or connection.state != "available":
        raise reach.Obstacle(reach.NOT_REACHABLE, f"The endpoint of {store.id} is not connected to its service.")
    # What was verified when it connected is not asked for again.
    return reach.targets_of(call.world, found)


def wrap(call: Call, key: StoredKey, store: KeyStore, blob: bytes, context: dict[str, str] | None) -> bytes:
    """A ciphertext of KMS's, encrypted once more by the external key."""
    asked = {
        "plaintext": _encoded(blob),
        "additionalAuthenticatedData": _encoded(_aad(context)),
        "ciphertextDataIntegrityValueAlgorithm": "SHA_256",
    }
    sealed = _ask(call, key, store, "encrypt", asked)
    kept = {name: sealed[name] for name in _SEALED if name in sealed}
    return key.key_id.encode() + _MARK + json.dumps(kept).encode()


def unwrap(call: Call, key: StoredKey, store: KeyStore, blob: bytes, context: dict[str, str] | None) -> bytes:
    """What wrap() was given; a ciphertext that never went through a proxy is that already."""
    start = KEY_ID_LENGTH + len(_MARK)
    if blob[KEY_ID_LENGTH:start] != _MARK:
        return blob
    try:
        sealed = json.loads(blob[start:])
    except ValueError as error:
        raise AwsError(connect.INVALID_CIPHERTEXT, "") from error
    asked = {**sealed, "additionalAuthenticatedData": _encoded(_aad(context))}
    return base64.b64decode(_ask(call, key, store, "decrypt", asked)["plaintext"])


def _ask(call: Call, key: StoredKey, store: KeyStore, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    metadata = {
        "kmsOperation": call.operation,
        "awsPrincipalArn": f"arn:{call.partition}:iam::{call.account}:user/emulated",
        "kmsKeyArn": call.arn("kms", f"key/{key.key_id}"),
    }
    try:
        way = endpoint(call, store)
    except reach.Obstacle as obstacle:
        raise AwsError(connect.KEY_UNUSABLE, obstacle.detail) from obstacle
    result = connect.use_external_key(way, str(key.external_id), operation, metadata, payload)
    if result.error is not None:
        raise AwsError(result.error, f"The external key store proxy of {store.id}: {result.detail}")
    return dict(result.document)


def _aad(context: dict[str, str] | None) -> bytes:
    return json.dumps(context or {}, sort_keys=True).encode()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
