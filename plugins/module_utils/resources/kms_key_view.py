# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KMS key that a task names, its key store and its aliases, as one state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.markers import KEY_ALIAS
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import CONNECTED
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, EXTERNAL
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_proxy_api import key_error, key_in_words

PREFIX = "alias/"
PENDING_DELETION, UNAVAILABLE = "PendingDeletion", "Unavailable"
ENABLED, DISABLED = "Enabled", "Disabled"

Params = Mapping[str, Any]
Raw = Mapping[str, Any]
View = dict[str, Any]


def aliases_of(params: Params) -> list[str] | None:
    """The wanted aliases with AWS's prefix; None leaves them as they are."""
    given = params["alias"]
    return None if given is None else [name if name.startswith(PREFIX) else PREFIX + name for name in given]


def normalise(params: Params, region: str, stores: Iterable[Raw], aliases: Iterable[Raw]) -> View:
    """What surrounds the key."""
    wanted = aliases_of(params) or []
    targets = {item["AliasName"]: item.get("TargetKeyId") for item in aliases if item["AliasName"] in wanted}
    return {
        "region": region,
        "store": _store(params, stores),
        "key": None,
        "alias_targets": {name: target for name, target in targets.items() if target},
        "conflicts": [],
        "unreadable_keys": 0,
        "active_zones": None,
        "external_key": None,
        "last_usage": None,
    }


def names_store(params: Params) -> bool:
    return bool(params["custom_key_store_id"] or params["custom_key_store_name"])


def _store(params: Params, stores: Iterable[Raw]) -> View | None:
    if is_pending(params["custom_key_store_id"]):
        return _announced(params)
    key = "CustomKeyStoreId" if params["custom_key_store_id"] else "CustomKeyStoreName"
    wanted = params["custom_key_store_id"] or params["custom_key_store_name"]
    for item in stores:
        if wanted and item[key] == wanted:
            return {
                "custom_key_store_id": item["CustomKeyStoreId"],
                "custom_key_store_name": item["CustomKeyStoreName"],
                "custom_key_store_type": item.get("CustomKeyStoreType", CLOUDHSM),
                "connection_state": params["expected_connection_state"] or item.get("ConnectionState"),
                "cloud_hsm_cluster_id": item.get("CloudHsmClusterId"),
                "xks_proxy": item.get("XksProxyConfiguration"),
            }
    return None


def _announced(params: Params) -> View:
    """The store that an earlier task would make, and connect before a key is made in it."""
    return {
        "custom_key_store_id": params["custom_key_store_id"],
        "custom_key_store_name": params["custom_key_store_id"],
        "custom_key_store_type": EXTERNAL if params["xks_key_id"] else CLOUDHSM,
        "connection_state": params["expected_connection_state"] or CONNECTED,
        "cloud_hsm_cluster_id": None,
        "xks_proxy": None,
    }


def ids_to_describe(params: Params, view: Mapping[str, Any]) -> list[str]:
    """Keys that are known by name: no list has to be searched when the right one is among them."""
    if params["key_id"]:
        return [params["key_id"], *_other_targets(view, params["key_id"])]
    return sorted(set(view["alias_targets"].values()))


def _other_targets(view: Mapping[str, Any], key_id: str) -> list[str]:
    return sorted({target for target in view["alias_targets"].values() if not key_id.endswith(target)})


def with_candidates(params: Params, view: View, candidates: Sequence[Raw], unreadable: int = 0) -> View:
    """The state with the one key of the candidates that PARAMS name."""
    found = [item for item in candidates if _fits(params, view, item)]
    by_id = {item["KeyId"]: item for item in found}
    names = sorted(by_id)
    key = by_id[names[0]] if len(names) == 1 else None
    return {
        **view,
        "key": _key(key) if key else None,
        "conflicts": names if len(names) > 1 else [],
        "unreadable_keys": unreadable,
    }


def _fits(params: Params, view: View, item: Raw) -> bool:
    if params["key_id"]:
        return params["key_id"] in (item["KeyId"], item.get("Arn"))
    store = view["store"]
    if store is None or item.get("CustomKeyStoreId") != store["custom_key_store_id"]:
        return False
    if params["xks_key_id"]:
        return bool(_external(item) == params["xks_key_id"])
    return True


def _external(item: Raw) -> str | None:
    return (item.get("XksKeyConfiguration") or {}).get("Id")


def must_search(params: Params, view: Mapping[str, Any]) -> bool:
    """Whether all keys of the Region have to be looked at: CreateKey takes no token against a second key."""
    store = view["store"]
    if view["key"] or view["conflicts"] or params["key_id"] or not store or is_pending(store["custom_key_store_id"]):
        return False
    # A key of an external key store that is not found by its alias, and whose external key is not named, is not meant.
    return bool(params["xks_key_id"]) or store["custom_key_store_type"] == CLOUDHSM


def unnamed(params: Params, keys: Iterable[Raw], aliases: Iterable[Raw]) -> list[Raw]:
    """Of the keys of a CloudHSM key store those without an alias: a run may have made one, and ended before that."""
    if params["xks_key_id"]:
        return []
    named = {item.get("TargetKeyId") for item in aliases}
    return [item for item in keys if item["KeyId"] not in named]


def _key(raw: Raw) -> View:
    return {
        "key_id": raw["KeyId"],
        "key_arn": raw.get("Arn"),
        "key_state": raw.get("KeyState"),
        "description": raw.get("Description", ""),
        "custom_key_store_id": raw.get("CustomKeyStoreId"),
        "cloud_hsm_cluster_id": raw.get("CloudHsmClusterId"),
        "xks_key_id": _external(raw),
        "origin": raw.get("Origin"),
        "key_spec": raw.get("KeySpec"),
        "key_usage": raw.get("KeyUsage"),
        "creation_date": _text(raw.get("CreationDate")),
        "deletion_date": _text(raw.get("DeletionDate")),
        "aliases": [],
        "tags": {},
        "policy": None,
    }


def _text(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def with_details(view: View, details: Raw | None) -> View:
    """The state with aliases, tags and policy of the key. tags: None where they cannot be seen."""
    if details is None or view["key"] is None:
        return view
    tags = details["tags"]
    shown = None if tags is None else {name: value for name, value in tags.items() if name != KEY_ALIAS}
    key = {**view["key"], "aliases": sorted(details["aliases"]), "tags": shown, "policy": details["policy"]}
    return {**view, "key": key, "last_usage": _usage(details["usage"])}


def _usage(raw: Raw | None) -> View | None:
    """The last use of a key that AWS KMS has on record; None where this identity may not see it."""
    if raw is None:
        return None
    last = raw.get("KeyLastUsage") or {}
    return {
        "operation": last.get("Operation"),
        "timestamp": _text(last.get("Timestamp")),
        "tracked_since": _text(raw.get("TrackingStartDate")),
    }


def uses_count(params: Params, view: Mapping[str, Any]) -> bool:
    """Whether somebody has to know when the key was used last."""
    return params["state"] == "absent" and view["key"] is not None and view["key"]["key_state"] != PENDING_DELETION


def needs_cluster(params: Params, view: Mapping[str, Any]) -> str | None:
    """The CloudHSM cluster whose HSMs count, since a key is going to be made (N11)."""
    store = view["store"]
    if params["state"] != "present" or view["key"] or not store or params["key_id"]:
        return None
    cluster: str | None = store["cloud_hsm_cluster_id"]
    return cluster


def proxy_to_ask(params: Params, view: Mapping[str, Any]) -> View | None:
    """Where and how to ask for the external key of a key that is going to be made."""
    store = view["store"]
    asks = params["xks_proxy_address"] and params["xks_key_id"] and params["state"] == "present"
    if not asks or view["key"] or not store or not store["xks_proxy"]:
        return None
    return {
        "address": params["xks_proxy_address"],
        "credential": dict(params["xks_proxy_authentication_credential"]),
        "server_name": store["xks_proxy"]["UriEndpoint"].removeprefix("https://"),
        "uri_path": store["xks_proxy"]["UriPath"],
    }


def with_external_key(view: View, answer: Raw | None) -> View:
    """The state with what the proxy says about the external key: the exception that CreateKey would end with."""
    if answer is None:
        return view
    return {**view, "external_key": {"error": key_error(answer), "found": key_in_words(answer)}}


def with_zones(view: View, zones: Sequence[str] | None) -> View:
    """The state with the zones of the active HSMs; None where nobody looked, or could."""
    return {**view, "active_zones": None if zones is None else sorted(zones)}


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    key = view["key"] or {}
    return {
        "kms_key": view["key"],
        "key_id": key.get("key_id"),
        "key_arn": key.get("key_arn"),
        "key_state": key.get("key_state"),
        "deletion_date": key.get("deletion_date"),
    }
