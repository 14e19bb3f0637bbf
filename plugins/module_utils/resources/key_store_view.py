# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The external key store that a task names, its neighbours, endpoint service and keys, as one state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTED,
    DISCONNECTING,
    FAILED,
    UP,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, EXTERNAL

VPC_CONNECTIVITY, PUBLIC_CONNECTIVITY = "VPC_ENDPOINT_SERVICE", "PUBLIC_ENDPOINT"

# Property of a store -> (option, AWS's parameter). AWS KMS changes the second kind only while it is disconnected.
LIVE = {
    "custom_key_store_name": ("new_custom_key_store_name", "NewCustomKeyStoreName"),
    "uri_path": ("xks_proxy_uri_path", "XksProxyUriPath"),
}
AT_REST = {
    "connectivity": ("xks_proxy_connectivity", "XksProxyConnectivity"),
    "uri_endpoint": ("xks_proxy_uri_endpoint", "XksProxyUriEndpoint"),
    "vpc_endpoint_service_name": ("xks_proxy_vpc_endpoint_service_name", "XksProxyVpcEndpointServiceName"),
    "vpc_endpoint_service_owner": ("xks_proxy_vpc_endpoint_service_owner", "XksProxyVpcEndpointServiceOwner"),
}
PROPERTIES = {**LIVE, **AT_REST}
# What only a store over an endpoint service has.
SERVICE = ("vpc_endpoint_service_name", "vpc_endpoint_service_owner")
_PROXY = ("connectivity", "uri_endpoint", "uri_path", *SERVICE)

Params = Mapping[str, Any]
View = dict[str, Any]


def normalise(params: Params, region: str, raw: Iterable[Mapping[str, Any]]) -> View:
    """The stores of the Region as one state: the one that PARAMS name, and the others."""
    stores = [described(item) for item in raw]
    key = "custom_key_store_id" if params["custom_key_store_id"] else "custom_key_store_name"
    found = [store for store in stores if store[key] == params[key]]
    if not found and key == "custom_key_store_name" and params["new_custom_key_store_name"]:
        # An earlier run has renamed it.
        found = [store for store in stores if store[key] == params["new_custom_key_store_name"]]
    if is_pending(params["custom_key_store_id"]) and params["state"] != "absent":
        found = [_announced(params)]
    return {
        "region": region,
        "store": found[0] if found else None,
        "others": [store for store in stores if store not in found],
        "service": None,
        "keys": None,
        "unreadable_keys": 0,
        "verify_key": None,
    }


def described(raw: Mapping[str, Any]) -> View:
    """A key store of either type as the modules return it."""
    state = raw.get("ConnectionState")
    created = raw.get("CreationDate")
    return {
        "custom_key_store_id": raw["CustomKeyStoreId"],
        "custom_key_store_name": raw["CustomKeyStoreName"],
        # Without a type it is the one that came first.
        "custom_key_store_type": raw.get("CustomKeyStoreType", CLOUDHSM),
        "cloud_hsm_cluster_id": raw.get("CloudHsmClusterId"),
        "connection_state": state,
        "connection_error_code": raw.get("ConnectionErrorCode") if state == FAILED else None,
        "creation_date": created.isoformat() if isinstance(created, datetime) else created,
        "xks_proxy_configuration": _proxy(raw.get("XksProxyConfiguration")),
    }


def _proxy(raw: Mapping[str, Any] | None) -> View | None:
    if not raw:
        return None
    return {
        "connectivity": raw.get("Connectivity"),
        "access_key_id": raw.get("AccessKeyId"),
        "uri_endpoint": raw.get("UriEndpoint"),
        "uri_path": raw.get("UriPath"),
        "vpc_endpoint_service_name": raw.get("VpcEndpointServiceName"),
        "vpc_endpoint_service_owner": raw.get("VpcEndpointServiceOwner"),
    }


def _announced(params: Params) -> View:
    """The store that an earlier task would make: as it is asked for here, and disconnected like every new one."""
    return {
        "custom_key_store_id": params["custom_key_store_id"],
        "custom_key_store_name": params["custom_key_store_id"],
        "custom_key_store_type": EXTERNAL,
        "cloud_hsm_cluster_id": None,
        "connection_state": DISCONNECTED,
        "connection_error_code": None,
        "creation_date": None,
        "xks_proxy_configuration": wanted_proxy(params, {}),
    }


def wanted_proxy(params: Params, current: Mapping[str, Any]) -> View:
    """The proxy configuration as PARAMS want it; what they leave out stays as it is."""
    credential = params["xks_proxy_authentication_credential"] or {}
    wanted = {key: params[PROPERTIES[key][0]] or current.get(key) for key in _PROXY}
    wanted["connectivity"] = wanted["connectivity"] or VPC_CONNECTIVITY
    wanted["access_key_id"] = credential.get("access_key_id") or current.get("access_key_id")
    if wanted["connectivity"] == PUBLIC_CONNECTIVITY:
        wanted |= dict.fromkeys(SERVICE)
    return wanted


def wanted_store(params: Params, store: Mapping[str, Any]) -> View:
    """An existing store with the properties that PARAMS want."""
    return {
        **store,
        "custom_key_store_name": params["new_custom_key_store_name"] or store["custom_key_store_name"],
        "xks_proxy_configuration": wanted_proxy(params, store["xks_proxy_configuration"]),
    }


def differences(params: Params, store: Mapping[str, Any]) -> list[str]:
    """The properties that are not as PARAMS want them. The secret is none: AWS KMS never shows it (N13)."""
    current, wanted = properties(store), properties(wanted_store(params, store))
    found = [key for key in wanted if _plain(key, wanted[key]) != _plain(key, current[key])]
    # A service has one owner for ever, and a store that does not tell it has nothing to compare.
    untold = current["vpc_endpoint_service_owner"] is None and "connectivity" not in found
    return [key for key in found if not (untold and key == "vpc_endpoint_service_owner")]


def properties(store: Mapping[str, Any]) -> View:
    """Everything about a store that can change, by name."""
    return {"custom_key_store_name": store["custom_key_store_name"], **store["xks_proxy_configuration"]}


def _plain(key: str, value: str | None) -> str | None:
    return value.lower() if value and key == "uri_endpoint" else value


def goes_through(params: Params, store: Mapping[str, Any]) -> bool:
    """Whether a store that is to be connected is disconnected first: to leave FAILED, or for a change that AWS KMS
    makes at rest only."""
    state = store["connection_state"]
    if params["state"] != "connected":
        return False
    if state == FAILED:
        return bool(params["recover_failed"])
    return state in UP and bool(params["force"]) and bool(set(differences(params, store)) & set(AT_REST))


def state_for_changes(params: Params, store: Mapping[str, Any]) -> str:
    """The connection state in which properties will be changed, after what comes first."""
    state = store["connection_state"]
    if state in (DISCONNECTED, DISCONNECTING) or params["state"] == "disconnected" or goes_through(params, store):
        return DISCONNECTED
    return FAILED if state == FAILED else CONNECTED


def external(store: Mapping[str, Any]) -> bool:
    """Whether it is an external key store, as AWS KMS describes one."""
    return store["custom_key_store_type"] == EXTERNAL and bool(store["xks_proxy_configuration"])


def service_to_read(params: Params, view: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """Name and owner of the endpoint service, where AWS KMS is going to check it."""
    store, goal = view["store"], params["state"]
    if goal == "absent" or (store and not external(store)):
        return None
    proxy: Mapping[str, Any] = {}
    if store:
        proxy = store["xks_proxy_configuration"]
        at_rest = state_for_changes(params, store) == DISCONNECTED
        if not (at_rest and (goal == "connected" or differences(params, store))):
            return None
    wanted = wanted_proxy(params, proxy)
    name = wanted["vpc_endpoint_service_name"]
    return None if not name or is_pending(name) else (name, wanted["vpc_endpoint_service_owner"])


def keys_to_read(params: Params, view: Mapping[str, Any]) -> str | None:
    """The id of the store whose keys matter: a disconnect makes them unusable, and a deletion needs them gone."""
    store, goal = view["store"], params["state"]
    if store is None or not external(store):
        return None
    matters = goal == "absent"
    if store["connection_state"] == CONNECTED:
        changed = differences(params, store)
        # With force even a live change may need a disconnect, if AWS KMS refuses it.
        breaks = bool(changed) and goal == "connected" and (params["force"] or bool(set(changed) & set(AT_REST)))
        matters = matters or breaks or goal == "disconnected"
    return str(store["custom_key_store_id"]) if matters else None


def key_to_read(params: Params) -> str | None:
    """The KMS key that is to prove that the store works, where there can be one."""
    key_id = params["verify_key_id"]
    return None if params["state"] == "absent" or not key_id or is_pending(key_id) else str(key_id)


def with_service(view: View, raw: Mapping[str, Any] | None) -> View:
    """The state with the endpoint service that was read for it."""
    return {**view, "service": _service(raw)} if raw else view


def _service(raw: Mapping[str, Any]) -> View:
    own, seen = raw["own"], raw["seen"]
    source = "own" if own else "consumer" if seen else "denied" if raw["denied"] else "missing"
    facts = own or seen or {}
    kind = (facts.get("ServiceType") or [{}])[0].get("ServiceType")
    gateway = bool(facts.get("GatewayLoadBalancerArns")) or kind == "GatewayLoadBalancer"
    dns = facts.get("PrivateDnsNameConfiguration", {})
    return {
        "service_name": raw["name"],
        "source": source,
        "denied": raw["denied"],
        # Only the owner sees the state and the load balancers.
        "service_state": facts.get("ServiceState"),
        "network": bool(facts.get("NetworkLoadBalancerArns")) if own else not gateway,
        "load_balancer": "a Gateway Load Balancer" if gateway else "missing",
        "acceptance_required": bool(facts.get("AcceptanceRequired")),
        "supported_ip_address_types": facts.get("SupportedIpAddressTypes") or (["ipv4"] if seen else []),
        "availability_zones": sorted(facts.get("AvailabilityZones") or ()),
        "private_dns_name": facts.get("PrivateDnsName"),
        "private_dns_state": dns.get("State") if own else facts.get("PrivateDnsNameVerificationState"),
        "allowed_principals": [item["Principal"] for item in raw["principals"]],
    }


def with_keys(view: View, raw: Mapping[str, Any] | None) -> View:
    """The state with the KMS keys that were found in the store."""
    if raw is None:
        return view
    keys = [
        {
            "key_id": key["KeyId"],
            "arn": key.get("Arn"),
            "key_state": key.get("KeyState"),
            "xks_key_id": (key.get("XksKeyConfiguration") or {}).get("Id"),
        }
        for key in raw["keys"]
    ]
    keys.sort(key=lambda key: str(key["key_id"]))
    return {**view, "keys": keys, "unreadable_keys": len(raw["unreadable"])}


def with_verify_key(view: View, raw: Mapping[str, Any] | None) -> View:
    """The state with the KMS key that is to prove that the store works."""
    if raw is None:
        return view
    key = {"key_id": raw["KeyId"], "key_state": raw.get("KeyState"), "store_id": raw.get("CustomKeyStoreId")}
    return {**view, "verify_key": key}


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    store = view["store"] or {}
    return {
        "custom_key_store": view["store"],
        "custom_key_store_id": store.get("custom_key_store_id"),
        "connection_state": store.get("connection_state"),
    }


def service(raw: Mapping[str, Any]) -> View:
    """An endpoint service as it was read for a key store."""
    return _service(raw)
