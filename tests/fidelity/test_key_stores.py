# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every exception that botocore documents for the operations on custom key stores, made to happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity.estate import CREDENTIAL, PATH, Estate, code_of, error_of

from emulator.proxy import UNAVAILABLE, XksProxy

Row = Callable[[Estate, XksProxy], tuple[Callable[..., Any], dict[str, Any]]]
# (operation, exception, cause) -> what prepares the call that raises it.
ROWS: dict[tuple[str, str, str], Row] = {}
# Documented exceptions that no row raises, each with its reason.
NOT_RAISED: dict[tuple[str, str], str] = {}

OPERATIONS = (
    "CreateCustomKeyStore",
    "ConnectCustomKeyStore",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DescribeCustomKeyStores",
)
METHODS = {
    "CreateCustomKeyStore": "create_custom_key_store",
    "ConnectCustomKeyStore": "connect_custom_key_store",
    "DisconnectCustomKeyStore": "disconnect_custom_key_store",
    "UpdateCustomKeyStore": "update_custom_key_store",
    "DeleteCustomKeyStore": "delete_custom_key_store",
    "DescribeCustomKeyStores": "describe_custom_key_stores",
}
UNKNOWN = "cks-00000000000000000"
OTHER_CREDENTIAL = {**CREDENTIAL, "AccessKeyId": "BBBBBBBBBBBBBBBBBBBB"}


def row(operation: str, exception: str, cause: str = "") -> Callable[[Row], Row]:
    def register(prepare: Row) -> Row:
        ROWS[operation, exception, cause] = prepare
        return prepare

    return register


def _call(estate: Estate, operation: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(estate.kms, METHODS[operation])
    return found


@pytest.mark.parametrize("key", ROWS, ids=lambda key: "-".join(part for part in key if part))
def test_exception(key: tuple[str, str, str], estate: Estate, proxy: XksProxy) -> None:
    call, params = ROWS[key](estate, proxy)
    before = estate.kms.describe_custom_key_stores()["CustomKeyStores"]
    assert code_of(call, **params) == key[1]
    estate.emulator.clear_faults()
    assert estate.kms.describe_custom_key_stores()["CustomKeyStores"] == before


def test_every_documented_exception_is_raised(estate: Estate) -> None:
    model = estate.kms.meta.service_model
    documented = {(name, shape.name) for name in OPERATIONS for shape in model.operation_model(name).error_shapes}
    raised = {(operation, exception) for operation, exception, dummy in ROWS}
    assert documented - raised == set(NOT_RAISED)
    assert raised <= documented


def _internal(operation: str) -> None:
    @row(operation, "KMSInternalException")
    def prepare(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        estate.emulator.fault("error", action=operation, code="KMSInternalException", status=500, times=1)
        if operation == "DescribeCustomKeyStores":
            # The reads of the test itself come first.
            estate.emulator.clear_faults()
            estate.emulator.fault("error", action=operation, code="KMSInternalException", status=500, skip=1)
            return _call(estate, operation), {}
        if operation == "CreateCustomKeyStore":
            return _call(estate, operation), estate.public_params()
        return _call(estate, operation), {"CustomKeyStoreId": UNKNOWN}


def _unknown(operation: str) -> None:
    @row(operation, "CustomKeyStoreNotFoundException")
    def prepare(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        more = {"NewCustomKeyStoreName": "new"} if operation == "UpdateCustomKeyStore" else {}
        return _call(estate, operation), {"CustomKeyStoreId": UNKNOWN, **more}


for _operation in OPERATIONS:
    _internal(_operation)
    if _operation != "CreateCustomKeyStore":
        _unknown(_operation)


# What is wrong with a cluster -> exception of create, and of an update to that cluster.
CLUSTERS: dict[str, dict[str, Any]] = {
    "CloudHsmClusterNotActiveException": {"state": "DEGRADED"},
    "CloudHsmClusterInvalidConfigurationException": {"hsms": ["us-east-1a", "us-east-1a"]},
}


def _cluster_rows(exception: str, flaw: dict[str, Any]) -> None:
    @row("CreateCustomKeyStore", exception)
    def create(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        return estate.kms.create_custom_key_store, estate.hsm_params(estate.cluster(**flaw))

    @row("UpdateCustomKeyStore", exception)
    def update(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        store_id = estate.create(estate.hsm_params(estate.cluster(lineage="one")))
        restored = estate.cluster(lineage="one", **flaw)
        return estate.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "CloudHsmClusterId": restored}


for _exception, _flaw in CLUSTERS.items():
    _cluster_rows(_exception, _flaw)


@row("CreateCustomKeyStore", "CloudHsmClusterInvalidConfigurationException", "no rules for 2223-2225")
def _no_rules(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return estate.kms.create_custom_key_store, estate.hsm_params(estate.cluster(rules=False))


@row("CreateCustomKeyStore", "CloudHsmClusterNotFoundException")
def _no_cluster(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return estate.kms.create_custom_key_store, estate.hsm_params("cluster-aaaaaaaaaaa")


@row("CreateCustomKeyStore", "CloudHsmClusterInUseException")
def _cluster_in_use(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    estate.create(estate.hsm_params(estate.cluster(lineage="one")))
    return estate.kms.create_custom_key_store, estate.hsm_params(
        estate.cluster(lineage="one"), CustomKeyStoreName="second"
    )


@row("CreateCustomKeyStore", "IncorrectTrustAnchorException")
def _wrong_anchor(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return estate.kms.create_custom_key_store, estate.hsm_params(estate.cluster(), TrustAnchorCertificate="another")


@row("UpdateCustomKeyStore", "CloudHsmClusterNotFoundException")
def _update_to_nowhere(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = estate.create(estate.hsm_params(estate.cluster()))
    wanted = {"CustomKeyStoreId": store_id, "CloudHsmClusterId": "cluster-aaaaaaaaaaa"}
    return estate.kms.update_custom_key_store, wanted


@row("UpdateCustomKeyStore", "CloudHsmClusterNotRelatedException")
def _unrelated(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = estate.create(estate.hsm_params(estate.cluster()))
    return estate.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "CloudHsmClusterId": estate.cluster()}


@row("ConnectCustomKeyStore", "CloudHsmClusterNotActiveException")
def _connect_inactive(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    cluster_id = estate.cluster()
    store_id = estate.create(estate.hsm_params(cluster_id))
    estate.emulator.cloudhsm(id=cluster_id, state="DEGRADED")
    return estate.kms.connect_custom_key_store, {"CustomKeyStoreId": store_id}


@row("ConnectCustomKeyStore", "CloudHsmClusterInvalidConfigurationException")
def _connect_without_rules(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    cluster_id = estate.cluster()
    store_id = estate.create(estate.hsm_params(cluster_id))
    estate.emulator.cloudhsm(id=cluster_id, rules=False)
    return estate.kms.connect_custom_key_store, {"CustomKeyStoreId": store_id}


@row("CreateCustomKeyStore", "CustomKeyStoreNameInUseException")
def _name_taken(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    estate.create(estate.public_params())
    return estate.kms.create_custom_key_store, estate.public_params()


@row("UpdateCustomKeyStore", "CustomKeyStoreNameInUseException")
def _new_name_taken(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    estate.create(estate.public_params())
    store_id = estate.create(estate.hsm_params(estate.cluster()))
    return estate.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "NewCustomKeyStoreName": "public"}


@row("CreateCustomKeyStore", "LimitExceededException")
def _quota(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    for number in range(10):
        estate.create(estate.hsm_params(estate.cluster(), CustomKeyStoreName=f"store-{number}"))
    return estate.kms.create_custom_key_store, estate.public_params()


@row("CreateCustomKeyStore", "XksProxyUriInUseException")
def _uri_taken(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    estate.create(estate.public_params())
    return estate.kms.create_custom_key_store, estate.public_params(CustomKeyStoreName="second")


@row("CreateCustomKeyStore", "XksProxyUriEndpointInUseException")
def _endpoint_taken(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    estate.create(estate.store_params(chain))
    # A public store cannot take the name of a VPC store, whatever the path.
    return estate.kms.create_custom_key_store, estate.public_params(chain.dns_name, XksProxyUriPath="/kms/xks/v1")


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceInUseException")
def _service_taken(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    estate.create(estate.store_params(chain))
    wanted = {"CustomKeyStoreName": "second", "XksProxyUriEndpoint": "https://other.xks.example.com"}
    return estate.kms.create_custom_key_store, estate.store_params(chain, **wanted)


@row("UpdateCustomKeyStore", "XksProxyUriInUseException")
def _update_to_taken_uri(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    estate.create(estate.public_params())
    # The proxy serves one path only, so the second store starts at another name.
    other = estate.create(estate.public_params("myproxy-private.xks.example.com", CustomKeyStoreName="second"))
    wanted = {"CustomKeyStoreId": other, "XksProxyUriEndpoint": "https://public.example.com"}
    return estate.kms.update_custom_key_store, wanted


@row("UpdateCustomKeyStore", "XksProxyUriEndpointInUseException")
def _update_to_taken_endpoint(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    estate.create(estate.store_params(chain))
    other = estate.create(estate.public_params())
    wanted = {"XksProxyUriEndpoint": f"https://{chain.dns_name}", "XksProxyUriPath": "/kms/xks/v1"}
    return estate.kms.update_custom_key_store, {"CustomKeyStoreId": other, **wanted}


@row("UpdateCustomKeyStore", "XksProxyVpcEndpointServiceInUseException")
def _update_to_taken_service(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    estate.create(estate.store_params(chain))
    other = estate.create(estate.public_params())
    wanted = {
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyVpcEndpointServiceName": chain.service_name,
        "XksProxyUriEndpoint": "https://other.xks.example.com",
    }
    return estate.kms.update_custom_key_store, {"CustomKeyStoreId": other, **wanted}


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException", "unknown name")
def _no_service(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    name = "com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000000"
    return estate.kms.create_custom_key_store, estate.store_params(chain, XksProxyVpcEndpointServiceName=name)


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException", "KMS is not allowed")
def _service_hidden(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = estate.chain()
    estate.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=chain.service_id, RemoveAllowedPrincipals=["cks.kms.us-east-1.amazonaws.com"]
    )
    return estate.kms.create_custom_key_store, estate.store_params(chain)


@row("UpdateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException")
def _update_to_no_service(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = estate.create(estate.store_params(estate.chain()))
    name = "com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000000"
    wanted = {"CustomKeyStoreId": store_id, "XksProxyVpcEndpointServiceName": name}
    return estate.kms.update_custom_key_store, wanted


MISCONFIGURED = "XksProxyVpcEndpointServiceInvalidConfigurationException"


@row("CreateCustomKeyStore", MISCONFIGURED, "one zone")
def _one_zone(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return estate.kms.create_custom_key_store, estate.store_params(estate.chain(zones="a"))


def _modified(cause: str, **change: Any) -> None:
    @row("CreateCustomKeyStore", MISCONFIGURED, cause)
    def create(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        chain = estate.chain()
        estate.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service_id, **change)
        return estate.kms.create_custom_key_store, estate.store_params(chain)


_modified("acceptance required", AcceptanceRequired=True)
_modified("no private DNS name", RemovePrivateDnsName=True)
_modified("unverified", PrivateDnsName="another.xks.example.com")


@row("CreateCustomKeyStore", MISCONFIGURED, "another name")
def _other_name(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    wanted = estate.store_params(estate.chain(), XksProxyUriEndpoint="https://other.xks.example.com")
    return estate.kms.create_custom_key_store, wanted


@row("UpdateCustomKeyStore", MISCONFIGURED)
def _update_to_other_name(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = estate.create(estate.store_params(estate.chain()))
    wanted = {"CustomKeyStoreId": store_id, "XksProxyUriEndpoint": "https://other.xks.example.com"}
    return estate.kms.update_custom_key_store, wanted


# Exception -> what is wrong with a public proxy: its switches, or parameters of the call.
PUBLIC: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("XksProxyUriUnreachableException", "managers"): ({"health": [UNAVAILABLE]}, {}),
    ("XksProxyUriUnreachableException", "no TLS"): ({"plain_http": True}, {}),
    ("XksProxyInvalidResponseException", ""): ({"body": b"{}"}, {}),
    ("XksProxyInvalidConfigurationException", "path"): ({}, {"XksProxyUriPath": "/wrong/kms/xks/v1"}),
    ("XksProxyInvalidConfigurationException", "denied"): ({"denied": frozenset({"health"})}, {}),
    ("XksProxyIncorrectAuthenticationCredentialException", ""): (
        {},
        {"XksProxyAuthenticationCredential": OTHER_CREDENTIAL},
    ),
}


def _public_rows(exception: str, cause: str, switches: dict[str, Any], params: dict[str, Any]) -> None:
    @row("CreateCustomKeyStore", exception, cause)
    def create(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        vars(proxy.behaviour).update(switches)
        return estate.kms.create_custom_key_store, estate.public_params(**params)

    @row("UpdateCustomKeyStore", exception, cause)
    def update(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        # In a connected store over VPC connectivity, KMS tries the new values before they count.
        store_id = estate.create(estate.store_params(estate.chain()))
        assert estate.connect(store_id) == ("CONNECTED", None)
        vars(proxy.behaviour).update(switches)
        wanted = params or {"XksProxyAuthenticationCredential": CREDENTIAL}
        return estate.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, **wanted}


for (_exception, _cause), (_switches, _params) in PUBLIC.items():
    _public_rows(_exception, _cause, _switches, _params)


@row("DescribeCustomKeyStores", "InvalidMarkerException")
def _marker(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return estate.kms.describe_custom_key_stores, {"Marker": "nonsense"}


def _wrong_state(operation: str, connected: bool) -> None:
    @row(operation, "CustomKeyStoreInvalidStateException")
    def prepare(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        store_id = estate.create(estate.hsm_params(estate.cluster()))
        estate.emulator.outcome("*", "CONNECTED" if connected else "INTERNAL_ERROR")
        if operation != "DisconnectCustomKeyStore":
            estate.connect(store_id)
        more = {"KeyStorePassword": "another1"} if operation == "UpdateCustomKeyStore" else {}
        return _call(estate, operation), {"CustomKeyStoreId": store_id, **more}


_wrong_state("ConnectCustomKeyStore", False)
_wrong_state("DisconnectCustomKeyStore", False)
_wrong_state("UpdateCustomKeyStore", True)
_wrong_state("DeleteCustomKeyStore", True)


@row("DeleteCustomKeyStore", "CustomKeyStoreHasCMKsException")
def _keys(estate: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = estate.create(estate.store_params(estate.chain()))
    assert estate.connect(store_id) == ("CONNECTED", None)
    estate.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store_id, XksKeyId="good")
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    return estate.kms.delete_custom_key_store, {"CustomKeyStoreId": store_id}


# Parameters that do not go together: AWS's ValidationException, which the model does not list by operation.
COMBINATIONS: dict[str, dict[str, Any]] = {
    "no path": {"XksProxyUriPath": None},
    "no credential": {"XksProxyAuthenticationCredential": None},
    "no connectivity": {"XksProxyConnectivity": None},
    "a cluster": {"CloudHsmClusterId": "cluster-aaaaaaaaaaa"},
    "a service for a public endpoint": {
        "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000000"
    },
    "no service for a VPC": {"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"},
    "short secret": {"XksProxyAuthenticationCredential": {**CREDENTIAL, "RawSecretAccessKey": "short"}},
    "lower-case id": {"XksProxyAuthenticationCredential": {**CREDENTIAL, "AccessKeyId": "a" * 20}},
    "endpoint with a port": {"XksProxyUriEndpoint": "https://public.example.com:443"},
    "path without version": {"XksProxyUriPath": "/example/kms/xks"},
}


@pytest.mark.parametrize("change", COMBINATIONS.values(), ids=list(COMBINATIONS))
def test_parameters_that_do_not_fit(change: dict[str, Any], estate: Estate) -> None:
    client = estate.client("kms", validated=False)
    params = {name: value for name, value in {**estate.public_params(), **change}.items() if value is not None}
    error = error_of(client.create_custom_key_store, **params)
    assert error["Code"] == "ValidationException"
    assert "short" not in error["Message"].replace("shorter", "")


def test_a_repeated_create_of_a_disconnected_cluster_store_answers_its_id(estate: Estate) -> None:
    params = estate.hsm_params(estate.cluster())
    assert estate.create(params) == estate.create(params)


def test_describe_pages_and_hides_secrets(estate: Estate, proxy: XksProxy) -> None:
    first = estate.create(estate.public_params())
    second = estate.create(estate.hsm_params(estate.cluster()))
    page = estate.kms.describe_custom_key_stores(Limit=1)
    assert page["Truncated"] is True
    rest = estate.kms.describe_custom_key_stores(Limit=1, Marker=page["NextMarker"])
    assert rest["Truncated"] is False
    found = page["CustomKeyStores"] + rest["CustomKeyStores"]
    assert [store["CustomKeyStoreId"] for store in found] == [first, second]
    assert CREDENTIAL["RawSecretAccessKey"] not in str(found)
    assert found[0]["XksProxyConfiguration"] == {
        "Connectivity": "PUBLIC_ENDPOINT",
        "AccessKeyId": CREDENTIAL["AccessKeyId"],
        "UriEndpoint": "https://public.example.com",
        "UriPath": PATH,
    }
    assert {"CloudHsmClusterId", "TrustAnchorCertificate"} <= set(found[1])
    assert "XksProxyConfiguration" not in found[1]
    assert (
        len(list(estate.kms.get_paginator("describe_custom_key_stores").paginate(PaginationConfig={"PageSize": 1})))
        == 2
    )
    both = {"CustomKeyStoreId": first, "CustomKeyStoreName": "public"}
    assert code_of(estate.kms.describe_custom_key_stores, **both) == "ValidationException"
