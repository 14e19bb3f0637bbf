# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CloudHSM key store that a task names, its cluster and its keys, as one state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, name_in
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import hsm_cluster
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTED,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_view import described, with_keys
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

KIND = "CloudHSM key store"
Params = Mapping[str, Any]
View = dict[str, Any]


def normalise(params: Params, region: str, raw: Iterable[Mapping[str, Any]]) -> View:
    """The stores of the Region as one state: the one that PARAMS name, and the others."""
    raw = list(raw)
    stores = [described(item) for item in raw]
    wanted = params["custom_key_store_id"]
    found = [store for store in stores if store["custom_key_store_id"] == wanted]
    if not wanted:
        # A store that was renamed by an earlier run is found by its new name.
        names = (params["custom_key_store_name"], params.get("new_custom_key_store_name"))
        by_name = {store["custom_key_store_name"]: store for store in stores}
        found = [by_name[name] for name in names if name in by_name][:1]
    if is_pending(wanted):
        found = [_announced(params)]
    anchors = {item["CustomKeyStoreId"]: item.get("TrustAnchorCertificate") for item in raw}
    return {
        "region": region,
        "store": found[0] if found else None,
        "trust_anchor": anchors.get(found[0]["custom_key_store_id"]) if found else None,
        "others": [store for store in stores if store not in found],
        "cluster": None,
        "keys": None,
        "unreadable_keys": 0,
    }


def _announced(params: Params) -> View:
    """The store that an earlier task would make: disconnected like every new one."""
    return {
        "custom_key_store_id": params["custom_key_store_id"],
        "custom_key_store_name": name_in(params["custom_key_store_id"]),
        "custom_key_store_type": CLOUDHSM,
        "cloud_hsm_cluster_id": params["cloud_hsm_cluster_id"],
        "connection_state": DISCONNECTED,
        "connection_error_code": None,
        "creation_date": None,
        "xks_proxy_configuration": None,
    }


def cluster_to_read(params: Params, view: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """The cluster that matters, the wanted one or else the store's: AWS KMS looks at it to connect and to change.
    With it the one that it replaces."""
    store = view["store"]
    changes = (store and cluster_changes(params, store)) or params.get("force_update_password")
    needless = params["state"] == "absent" or (params["state"] == "disconnected" and not changes)
    if needless or (store and store["custom_key_store_type"] != CLOUDHSM):
        return None
    current = store and store["cloud_hsm_cluster_id"]
    cluster_id = params["cloud_hsm_cluster_id"] or current
    if not cluster_id or is_pending(cluster_id):
        return None
    return cluster_id, current if current != cluster_id else None


def keys_to_read(params: Params, view: Mapping[str, Any]) -> str | None:
    """The id of the store whose keys matter: a disconnect makes them unusable, and a deletion needs them gone."""
    store = view["store"]
    if store is None or store["custom_key_store_type"] != CLOUDHSM:
        return None
    if params["state"] == "absent":
        return str(store["custom_key_store_id"])
    leaves = params["state"] == "disconnected" or cluster_changes(params, store) or params.get("force_update_password")
    return str(store["custom_key_store_id"]) if leaves and store["connection_state"] == CONNECTED else None


def cluster_changes(params: Params, store: Mapping[str, Any]) -> bool:
    wanted = params["cloud_hsm_cluster_id"]
    return bool(wanted) and wanted != store["cloud_hsm_cluster_id"]


def complete(view: View, raw: Mapping[str, Any]) -> View:
    """The state with the cluster and the keys that were read for it."""
    cluster = hsm_cluster.normalise(raw["cluster"]) if raw["cluster"] else None
    return {**with_keys(view, raw["keys"]), "cluster": cluster}


def wrong_type(option: str, store: Mapping[str, Any]) -> list[Unmet]:
    """R143: an external key store has nothing that these modules manage."""
    if store["custom_key_store_type"] == CLOUDHSM:
        return []
    name = f"{store['custom_key_store_name']} ({store['custom_key_store_id']})"
    fix = "Use keylink.aws.xks_key_store, which connects and disconnects external key stores."
    return [unmet("R143", option, f"{name} is an external key store", fix)]


def identity(params: Params) -> str:
    """The option that names the store."""
    return "custom_key_store_id" if params["custom_key_store_id"] else "custom_key_store_name"


def shown(store: Mapping[str, Any]) -> View:
    """What a diff shows of a store."""
    return {key: store[key] for key in ("custom_key_store_id", "custom_key_store_name", "cloud_hsm_cluster_id")}


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The modules' return values."""
    store = view["store"] or {}
    return {
        "custom_key_store": view["store"],
        "custom_key_store_id": store.get("custom_key_store_id"),
        "connection_state": store.get("connection_state"),
    }
