# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom key stores: create, describe, connect, disconnect, delete."""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from . import connection, hsm, reach
from .state import (
    CLOUDHSM,
    EXTERNAL,
    PUBLIC_CONNECTIVITY,
    VPC_CONNECTIVITY,
    HsmSide,
    KeyStore,
    KeyStores,
    XksProxy,
    invalid_state,
    key_store,
)

_ACCESS_KEY_ID = re.compile(r"^[A-Z2-7]{20,30}$")
_SECRET = re.compile(r"^[a-zA-Z0-9/+=]{43,64}$")
_HSM_ONLY = ("CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword")
_XKS_ONLY = (
    "XksProxyUriEndpoint",
    "XksProxyUriPath",
    "XksProxyVpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner",
    "XksProxyAuthenticationCredential",
    "XksProxyConnectivity",
)
_XKS_REQUIRED = ("XksProxyConnectivity", "XksProxyUriEndpoint", "XksProxyUriPath", "XksProxyAuthenticationCredential")


def _required(params: dict[str, Any], wanted: tuple[str, ...], foreign: tuple[str, ...], kind: str) -> None:
    missing = [name for name in wanted if name not in params]
    if missing:
        raise AwsError("ValidationException", f"{', '.join(missing)} must be specified for key stores of type {kind}.")
    surplus = [name for name in foreign if name in params]
    if surplus:
        raise AwsError("ValidationException", f"{', '.join(surplus)} cannot be specified for type {kind}.")


def check_credential(credential: dict[str, str]) -> None:
    # The models of some versions bound these only in length.
    if not _ACCESS_KEY_ID.match(credential["AccessKeyId"]):
        raise AwsError("ValidationException", "The access key ID must have 20 to 30 characters of A-Z and 2-7.")
    if not _SECRET.match(credential["RawSecretAccessKey"]):
        text = "The secret access key must have 43 to 64 characters of a-z A-Z 0-9 / + =."
        raise AwsError("ValidationException", text)


def check_name(call: Call, name: str, own: KeyStore | None = None) -> None:
    for store in call.store(KeyStores).by_id.values():
        if store.name == name and store is not own:
            raise AwsError("CustomKeyStoreNameInUseException", f"The custom key store name {name} is in use.")


def check_unique(call: Call, proxy: XksProxy, own: KeyStore | None = None) -> None:
    """No two stores share a URI, and a VPC store shares neither its endpoint nor its service with anybody."""
    for dummy, region, stores in call.world.stores(KeyStores):
        for store in stores.by_id.values():
            other = store.proxy
            if store is own or other is None or region != call.region:
                continue
            mine = store.account == call.account
            # A public endpoint may be shared by accounts and paths; one of a VPC store by nobody.
            exclusive = VPC_CONNECTIVITY in (other.connectivity, proxy.connectivity)
            same_endpoint = other.uri_endpoint == proxy.uri_endpoint
            if mine and other.uri == proxy.uri:
                text = f"The URI {proxy.uri} is used by {store.id}."
                raise AwsError("XksProxyUriInUseException", text)
            if same_endpoint and exclusive:
                text = f"The proxy URI endpoint {proxy.uri_endpoint} is used by another custom key store."
                raise AwsError("XksProxyUriEndpointInUseException", text)
            if proxy.service_name and other.service_name == proxy.service_name:
                text = f"The VPC endpoint service {proxy.service_name} is used by another custom key store."
                raise AwsError("XksProxyVpcEndpointServiceInUseException", text)


def check_connectivity(proxy: XksProxy) -> None:
    if proxy.connectivity == VPC_CONNECTIVITY and not proxy.service_name:
        text = "XksProxyVpcEndpointServiceName must be specified for connectivity VPC_ENDPOINT_SERVICE."
        raise AwsError("ValidationException", text)
    if proxy.connectivity == PUBLIC_CONNECTIVITY and proxy.service_name:
        text = "XksProxyVpcEndpointServiceName cannot be specified for connectivity PUBLIC_ENDPOINT."
        raise AwsError("ValidationException", text)


def check_way(call: Call, proxy: XksProxy) -> None:
    """What KMS looks at before it stores a proxy: a service's properties, or a public proxy itself."""
    try:
        if proxy.connectivity == PUBLIC_CONNECTIVITY:
            reach.check_proxy(call.world, call.account, call.region, proxy, call.operation)
        else:
            found = reach.find_service(call.world, call.account, call.region, proxy)
            reach.check_service(call.world, found, proxy)
    except reach.Obstacle as obstacle:
        raise obstacle.as_error() from obstacle


def _new_proxy(params: dict[str, Any]) -> XksProxy:
    credential = params["XksProxyAuthenticationCredential"]
    check_credential(credential)
    return XksProxy(
        connectivity=params["XksProxyConnectivity"],
        uri_endpoint=params["XksProxyUriEndpoint"],
        uri_path=params["XksProxyUriPath"],
        access_key_id=credential["AccessKeyId"],
        secret=credential["RawSecretAccessKey"],
        service_name=params.get("XksProxyVpcEndpointServiceName"),
        service_owner=params.get("XksProxyVpcEndpointServiceOwner"),
    )


@operation("kms", "CreateCustomKeyStore")
def create_custom_key_store(call: Call) -> dict[str, Any]:
    params = call.params
    kind = params.get("CustomKeyStoreType", CLOUDHSM)
    stores = call.store(KeyStores).by_id
    proxy, side = None, None
    if kind == EXTERNAL:
        _required(params, _XKS_REQUIRED, _HSM_ONLY, kind)
        proxy = _new_proxy(params)
        check_connectivity(proxy)
    else:
        _required(params, _HSM_ONLY, _XKS_ONLY, kind)
        side = HsmSide(params["CloudHsmClusterId"], params["TrustAnchorCertificate"], params["KeyStorePassword"])
        for store in stores.values():
            # A repeated call with the values of a disconnected store answers its id.
            if store.hsm == side and store.name == params["CustomKeyStoreName"] and store.state == "DISCONNECTED":
                return {"CustomKeyStoreId": store.id}
    check_name(call, params["CustomKeyStoreName"])
    if len(stores) >= call.settings.key_store_quota:
        raise AwsError("LimitExceededException", "The quota of custom key stores in this Region is reached.")
    if proxy is not None:
        check_unique(call, proxy)
        check_way(call, proxy)
    if side is not None:
        hsm.check_for_store(call, side)
    made = KeyStore(
        id=hex_id("cks-"),
        name=params["CustomKeyStoreName"],
        kind=kind,
        account=call.account,
        region=call.region,
        created=call.world.clock.datetime(),
        proxy=proxy,
        hsm=side,
    )
    stores[made.id] = made
    return {"CustomKeyStoreId": made.id}


def _shown(store: KeyStore) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "CustomKeyStoreId": store.id,
        "CustomKeyStoreName": store.name,
        "CustomKeyStoreType": store.kind,
        "ConnectionState": store.state,
        "CreationDate": store.created,
    }
    if store.state == "FAILED":
        shown["ConnectionErrorCode"] = store.error_code
    if store.hsm is not None:
        shown |= {"CloudHsmClusterId": store.hsm.cluster_id, "TrustAnchorCertificate": store.hsm.trust_anchor}
    if store.proxy is not None:
        shown["XksProxyConfiguration"] = {
            "Connectivity": store.proxy.connectivity,
            "AccessKeyId": store.proxy.access_key_id,
            "UriEndpoint": store.proxy.uri_endpoint,
            "UriPath": store.proxy.uri_path,
        }
        if store.proxy.service_name:
            owner = store.proxy.service_owner or store.account
            shown["XksProxyConfiguration"] |= {
                "VpcEndpointServiceName": store.proxy.service_name,
                "VpcEndpointServiceOwner": owner,
            }
    return shown


@operation("kms", "DescribeCustomKeyStores")
def describe_custom_key_stores(call: Call) -> dict[str, Any]:
    store_id, name = call.params.get("CustomKeyStoreId"), call.params.get("CustomKeyStoreName")
    if store_id and name:
        raise AwsError("ValidationException", "Specify CustomKeyStoreId or CustomKeyStoreName, not both.")
    found = list(call.store(KeyStores).by_id.values())
    if store_id:
        found = [key_store(call, store_id)]
    if name:
        found = [store for store in found if store.name == name]
        if not found:
            raise AwsError("CustomKeyStoreNotFoundException", f"The custom key store {name} was not found.")
    start, size = _offset(call.params.get("Marker")), call.params.get("Limit") or 100
    result: dict[str, Any] = {"CustomKeyStores": [_shown(store) for store in found[start : start + size]]}
    result["Truncated"] = start + size < len(found)
    if result["Truncated"]:
        result["NextMarker"] = base64.b64encode(f"cks:{start + size}".encode()).decode()
    return result


def _offset(marker: str | None) -> int:
    if marker is None:
        return 0
    try:
        prefix, dummy, number = base64.b64decode(marker, validate=True).decode().partition(":")
        if prefix == "cks":
            return int(number)
    except ValueError:
        pass
    raise AwsError("InvalidMarkerException", f"The marker {marker} is not valid.")


@operation("kms", "ConnectCustomKeyStore")
def connect_custom_key_store(call: Call) -> dict[str, Any]:
    store = key_store(call, call.params["CustomKeyStoreId"])
    if store.state in ("FAILED", "DISCONNECTING"):
        raise invalid_state(store, "connect it")
    if store.state != "DISCONNECTED":
        return {}
    if store.hsm is not None and connection.forced_outcome(call.world, store) is None:
        hsm.check_at_once(call, store.hsm)
    store.state, store.error_code = "CONNECTING", None
    store.round += 1
    delay = "cloudhsm_connect" if store.kind == CLOUDHSM else "xks_connect"
    call.later(delay, partial(connection.finish_connect, call.world, store, store.round))
    return {}


@operation("kms", "DisconnectCustomKeyStore")
def disconnect_custom_key_store(call: Call) -> dict[str, Any]:
    store = key_store(call, call.params["CustomKeyStoreId"])
    if store.state in ("DISCONNECTED", "DISCONNECTING"):
        raise invalid_state(store, "disconnect it")
    store.state, store.error_code = "DISCONNECTING", None
    store.round += 1
    delay = "cloudhsm_disconnect" if store.kind == CLOUDHSM else "xks_disconnect"
    call.later(delay, partial(connection.finish_disconnect, call.world, store, store.round))
    return {}


@operation("kms", "DeleteCustomKeyStore")
def delete_custom_key_store(call: Call) -> dict[str, Any]:
    store = key_store(call, call.params["CustomKeyStoreId"])
    if store.state != "DISCONNECTED":
        raise invalid_state(store, "delete it")
    state = call.store(KeyStores)
    if any(key.store_id == store.id for key in state.keys.values()):
        text = f"The custom key store {store.id} contains KMS keys."
        raise AwsError("CustomKeyStoreHasCMKsException", text)
    del state.by_id[store.id]
    return {}
