# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateCustomKeyStore: what may change in which state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from . import external, hsm, reach
from .state import CLOUDHSM, PUBLIC_CONNECTIVITY, KeyStore, XksProxy, invalid_state, key_store
from .stores import check_connectivity, check_credential, check_name, check_unique, check_way

_HSM = {"KeyStorePassword", "CloudHsmClusterId"}
_XKS_LIVE = {"XksProxyAuthenticationCredential", "XksProxyUriPath"}
_XKS = _XKS_LIVE | {
    "XksProxyUriEndpoint",
    "XksProxyVpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner",
    "XksProxyConnectivity",
}


@operation("kms", "UpdateCustomKeyStore")
def update_custom_key_store(call: Call) -> dict[str, Any]:
    params = call.params
    store = key_store(call, params["CustomKeyStoreId"])
    given = set(params) - {"CustomKeyStoreId"}
    if not given:
        raise AwsError("ValidationException", "At least one property to change must be specified.")
    foreign = given & (_XKS if store.kind == CLOUDHSM else _HSM)
    if foreign:
        text = f"{', '.join(sorted(foreign))} cannot be specified for key stores of type {store.kind}."
        raise AwsError("ValidationException", text)
    _check_state(store, given, call.settings.live_updates)
    if "NewCustomKeyStoreName" in params:
        check_name(call, params["NewCustomKeyStoreName"], store)
    proxy, side = store.proxy, store.hsm
    if proxy is not None and given & _XKS:
        proxy = _changed_proxy(params, proxy)
        check_connectivity(proxy)
        check_unique(call, proxy, store)
        if store.state == "CONNECTED":
            _check_live(call, proxy)
        else:
            check_way(call, proxy)
    if side is not None and given & _HSM:
        side = replace(
            side,
            cluster_id=params.get("CloudHsmClusterId", side.cluster_id),
            password=params.get("KeyStorePassword", side.password),
        )
        hsm.check_for_store(call, side, store)
    store.name = params.get("NewCustomKeyStoreName", store.name)
    store.hsm = side
    if proxy is not None and proxy is not store.proxy:
        external.replace_proxy(call, store, proxy)
    return {}


def _check_state(store: KeyStore, given: set[str], live_updates: bool) -> None:
    if store.state == "DISCONNECTED":
        return
    live = {"NewCustomKeyStoreName"} | (_XKS_LIVE if store.kind != CLOUDHSM and live_updates else set())
    if store.state != "CONNECTED" or given - live:
        raise invalid_state(store, f"change {', '.join(sorted(given))}")


def _changed_proxy(params: dict[str, Any], proxy: XksProxy) -> XksProxy:
    credential = params.get("XksProxyAuthenticationCredential")
    if credential:
        check_credential(credential)
        proxy = replace(proxy, access_key_id=credential["AccessKeyId"], secret=credential["RawSecretAccessKey"])
    connectivity = params.get("XksProxyConnectivity", proxy.connectivity)
    endpoint = params.get("XksProxyUriEndpoint", proxy.uri_endpoint)
    if connectivity != proxy.connectivity and endpoint == proxy.uri_endpoint:
        raise AwsError("ValidationException", "A change of XksProxyConnectivity needs a new XksProxyUriEndpoint.")
    service_name = params.get("XksProxyVpcEndpointServiceName", proxy.service_name) or None
    if connectivity == PUBLIC_CONNECTIVITY and "XksProxyVpcEndpointServiceName" not in params:
        service_name = None
    return replace(
        proxy,
        connectivity=connectivity,
        uri_endpoint=endpoint,
        uri_path=params.get("XksProxyUriPath", proxy.uri_path),
        service_name=service_name,
        service_owner=params.get("XksProxyVpcEndpointServiceOwner", proxy.service_owner) if service_name else None,
    )


def _check_live(call: Call, proxy: XksProxy) -> None:
    """A connected store is asked for its health with the new values before they count."""
    try:
        reach.check_proxy(call.world, call.account, call.region, proxy, call.operation)
    except reach.Obstacle as obstacle:
        raise obstacle.as_error() from obstacle
