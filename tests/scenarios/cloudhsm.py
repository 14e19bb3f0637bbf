# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running the modules for CloudHSM key stores, and looking at what they did."""

from __future__ import annotations

import json
from typing import Any

from scenarios import clusters
from scenarios.harness import run_module
from scenarios.key_stores import kms, last, numbers, stores, writes

NAME = "payments"
CREATE, UPDATE, DELETE = "CreateCustomKeyStore", "UpdateCustomKeyStore", "DeleteCustomKeyStore"
CONNECT, DISCONNECT = "ConnectCustomKeyStore", "DisconnectCustomKeyStore"

__all__ = [
    "connect", "enabled_key", "fail", "kms", "last", "make", "manage", "numbers", "put", "state", "stores", "writes"
]


def connect(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    """cloudhsm_key_store_connect, which waits for no transient failure here."""
    given = {"name": NAME, "transient_retry_delay": 0, **options}
    if "key_store_id" in given:
        given.pop("name")
    return _told(run_module(world.url, "cloudhsm_key_store_connect", check=check, **given))


def manage(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    """cloudhsm_key_store."""
    given = {"name": NAME, **options}
    if "key_store_id" in given:
        given.pop("name")
    return _told(run_module(world.url, "cloudhsm_key_store", check=check, **given))


def _told(result: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(result, default=str)
    assert clusters.PASSWORD not in text
    assert clusters.OTHER_PASSWORD not in text
    return result


def make(world: Any, estate: clusters.Estate, name: str = NAME) -> str:
    """A key store that somebody made by hand, disconnected."""
    made = kms(world).create_custom_key_store(
        CustomKeyStoreName=name, CloudHsmClusterId=estate.cluster_id, TrustAnchorCertificate=clusters.anchor(),
        KeyStorePassword=clusters.PASSWORD,
    )
    return str(made["CustomKeyStoreId"])


def put(world: Any, store_id: str, state: str) -> None:
    """Bring a disconnected store into a state, and stop the clock there."""
    world.configure(time_scale=0.0)
    if state == "FAILED":
        world.outcome(store_id, "USER_LOCKED_OUT")
    if state in ("CONNECTED", "FAILED", "DISCONNECTING"):
        kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
        assert stores(world)
    world.clear_outcomes()
    world.configure(time_scale=1.0)
    if state == "CONNECTING":
        kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    if state == "DISCONNECTING":
        kms(world).disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert stores(world)[0]["ConnectionState"] == state


def fail(world: Any, store_id: str, estate: clusters.Estate, code: str) -> None:
    """Somebody connects the store although something is wrong."""
    clusters.FLAWS[code].make(estate, store_id)
    kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    assert stores(world)[0].get("ConnectionErrorCode") == code


def state(world: Any) -> str:
    return str(stores(world)[0]["ConnectionState"])


def enabled_key(world: Any, store_id: str) -> str:
    made = kms(world).create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)
    return str(made["KeyMetadata"]["KeyId"])
