# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every exception that botocore documents for the operations on custom key stores, made to happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from estate import CREDENTIAL, PATH, Estate, code_of, error_of

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


def _call(aws: Estate, operation: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(aws.kms, METHODS[operation])
    return found


@pytest.mark.parametrize("key", ROWS, ids=lambda key: "-".join(part for part in key if part))
def test_exception(key: tuple[str, str, str], aws: Estate, proxy: XksProxy) -> None:
    call, params = ROWS[key](aws, proxy)
    before = aws.kms.describe_custom_key_stores()["CustomKeyStores"]
    assert code_of(call, **params) == key[1]
    aws.emulator.clear_faults()
    assert aws.kms.describe_custom_key_stores()["CustomKeyStores"] == before


def test_every_documented_exception_is_raised(aws: Estate) -> None:
    model = aws.kms.meta.service_model
    documented = {
        (name, shape.name) for name in OPERATIONS for shape in model.operation_model(name).error_shapes
    }
    raised = {(operation, exception) for operation, exception, _ in ROWS}
    assert documented - raised == set(NOT_RAISED)
    assert raised <= documented


def _internal(operation: str) -> None:
    @row(operation, "KMSInternalException")
    def prepare(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        aws.emulator.fault("error", action=operation, code="KMSInternalException", status=500, times=1)
        if operation == "DescribeCustomKeyStores":
            # The reads of the test itself come first.
            aws.emulator.clear_faults()
            aws.emulator.fault("error", action=operation, code="KMSInternalException", status=500, skip=1)
            return _call(aws, operation), {}
        if operation == "CreateCustomKeyStore":
            return _call(aws, operation), aws.public_params()
        return _call(aws, operation), {"CustomKeyStoreId": UNKNOWN}


def _unknown(operation: str) -> None:
    @row(operation, "CustomKeyStoreNotFoundException")
    def prepare(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        more = {"NewCustomKeyStoreName": "new"} if operation == "UpdateCustomKeyStore" else {}
        return _call(aws, operation), {"CustomKeyStoreId": UNKNOWN, **more}


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
    def create(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        return aws.kms.create_custom_key_store, aws.hsm_params(aws.cluster(**flaw))

    @row("UpdateCustomKeyStore", exception)
    def update(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        store_id = aws.create(aws.hsm_params(aws.cluster(lineage="one")))
        restored = aws.cluster(lineage="one", **flaw)
        return aws.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "CloudHsmClusterId": restored}


for _exception, _flaw in CLUSTERS.items():
    _cluster_rows(_exception, _flaw)


@row("CreateCustomKeyStore", "CloudHsmClusterInvalidConfigurationException", "no rules for 2223-2225")
def _no_rules(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return aws.kms.create_custom_key_store, aws.hsm_params(aws.cluster(rules=False))


@row("CreateCustomKeyStore", "CloudHsmClusterNotFoundException")
def _no_cluster(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return aws.kms.create_custom_key_store, aws.hsm_params("cluster-aaaaaaaaaaa")


@row("CreateCustomKeyStore", "CloudHsmClusterInUseException")
def _cluster_in_use(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    aws.create(aws.hsm_params(aws.cluster(lineage="one")))
    return aws.kms.create_custom_key_store, aws.hsm_params(aws.cluster(lineage="one"), CustomKeyStoreName="second")


@row("CreateCustomKeyStore", "IncorrectTrustAnchorException")
def _wrong_anchor(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return aws.kms.create_custom_key_store, aws.hsm_params(aws.cluster(), TrustAnchorCertificate="another")


@row("UpdateCustomKeyStore", "CloudHsmClusterNotFoundException")
def _update_to_nowhere(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = aws.create(aws.hsm_params(aws.cluster()))
    wanted = {"CustomKeyStoreId": store_id, "CloudHsmClusterId": "cluster-aaaaaaaaaaa"}
    return aws.kms.update_custom_key_store, wanted


@row("UpdateCustomKeyStore", "CloudHsmClusterNotRelatedException")
def _unrelated(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = aws.create(aws.hsm_params(aws.cluster()))
    return aws.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "CloudHsmClusterId": aws.cluster()}


@row("ConnectCustomKeyStore", "CloudHsmClusterNotActiveException")
def _connect_inactive(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    cluster_id = aws.cluster()
    store_id = aws.create(aws.hsm_params(cluster_id))
    aws.emulator.cloudhsm(id=cluster_id, state="DEGRADED")
    return aws.kms.connect_custom_key_store, {"CustomKeyStoreId": store_id}


@row("ConnectCustomKeyStore", "CloudHsmClusterInvalidConfigurationException")
def _connect_without_rules(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    cluster_id = aws.cluster()
    store_id = aws.create(aws.hsm_params(cluster_id))
    aws.emulator.cloudhsm(id=cluster_id, rules=False)
    return aws.kms.connect_custom_key_store, {"CustomKeyStoreId": store_id}


@row("CreateCustomKeyStore", "CustomKeyStoreNameInUseException")
def _name_taken(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    aws.create(aws.public_params())
    return aws.kms.create_custom_key_store, aws.public_params()


@row("UpdateCustomKeyStore", "CustomKeyStoreNameInUseException")
def _new_name_taken(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    aws.create(aws.public_params())
    store_id = aws.create(aws.hsm_params(aws.cluster()))
    return aws.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, "NewCustomKeyStoreName": "public"}


@row("CreateCustomKeyStore", "LimitExceededException")
def _quota(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    for number in range(10):
        aws.create(aws.hsm_params(aws.cluster(), CustomKeyStoreName=f"store-{number}"))
    return aws.kms.create_custom_key_store, aws.public_params()


@row("CreateCustomKeyStore", "XksProxyUriInUseException")
def _uri_taken(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    aws.create(aws.public_params())
    return aws.kms.create_custom_key_store, aws.public_params(CustomKeyStoreName="second")


@row("CreateCustomKeyStore", "XksProxyUriEndpointInUseException")
def _endpoint_taken(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    aws.create(aws.store_params(chain))
    # A public store cannot take the name of a VPC store, whatever the path.
    return aws.kms.create_custom_key_store, aws.public_params(chain.dns_name, XksProxyUriPath="/kms/xks/v1")


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceInUseException")
def _service_taken(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    aws.create(aws.store_params(chain))
    wanted = {"CustomKeyStoreName": "second", "XksProxyUriEndpoint": "https://other.xks.example.com"}
    return aws.kms.create_custom_key_store, aws.store_params(chain, **wanted)


@row("UpdateCustomKeyStore", "XksProxyUriInUseException")
def _update_to_taken_uri(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    aws.create(aws.public_params())
    # The proxy serves one path only, so the second store starts at another name.
    other = aws.create(aws.public_params("myproxy-private.xks.example.com", CustomKeyStoreName="second"))
    wanted = {"CustomKeyStoreId": other, "XksProxyUriEndpoint": "https://public.example.com"}
    return aws.kms.update_custom_key_store, wanted


@row("UpdateCustomKeyStore", "XksProxyUriEndpointInUseException")
def _update_to_taken_endpoint(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    aws.create(aws.store_params(chain))
    other = aws.create(aws.public_params())
    wanted = {"XksProxyUriEndpoint": f"https://{chain.dns_name}", "XksProxyUriPath": "/kms/xks/v1"}
    return aws.kms.update_custom_key_store, {"CustomKeyStoreId": other, **wanted}


@row("UpdateCustomKeyStore", "XksProxyVpcEndpointServiceInUseException")
def _update_to_taken_service(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    aws.create(aws.store_params(chain))
    other = aws.create(aws.public_params())
    wanted = {
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyVpcEndpointServiceName": chain.service_name,
        "XksProxyUriEndpoint": "https://other.xks.example.com",
    }
    return aws.kms.update_custom_key_store, {"CustomKeyStoreId": other, **wanted}


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException", "unknown name")
def _no_service(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    name = "com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000000"
    return aws.kms.create_custom_key_store, aws.store_params(chain, XksProxyVpcEndpointServiceName=name)


@row("CreateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException", "KMS is not allowed")
def _service_hidden(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    chain = aws.chain()
    aws.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=chain.service_id, RemoveAllowedPrincipals=["cks.kms.us-east-1.amazonaws.com"]
    )
    return aws.kms.create_custom_key_store, aws.store_params(chain)


@row("UpdateCustomKeyStore", "XksProxyVpcEndpointServiceNotFoundException")
def _update_to_no_service(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = aws.create(aws.store_params(aws.chain()))
    name = "com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000000"
    wanted = {"CustomKeyStoreId": store_id, "XksProxyVpcEndpointServiceName": name}
    return aws.kms.update_custom_key_store, wanted


MISCONFIGURED = "XksProxyVpcEndpointServiceInvalidConfigurationException"


@row("CreateCustomKeyStore", MISCONFIGURED, "one zone")
def _one_zone(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return aws.kms.create_custom_key_store, aws.store_params(aws.chain(zones="a"))


def _modified(cause: str, **change: Any) -> None:
    @row("CreateCustomKeyStore", MISCONFIGURED, cause)
    def create(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        chain = aws.chain()
        aws.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service_id, **change)
        return aws.kms.create_custom_key_store, aws.store_params(chain)


_modified("acceptance required", AcceptanceRequired=True)
_modified("no private DNS name", RemovePrivateDnsName=True)
_modified("unverified", PrivateDnsName="another.xks.example.com")


@row("CreateCustomKeyStore", MISCONFIGURED, "another name")
def _other_name(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    wanted = aws.store_params(aws.chain(), XksProxyUriEndpoint="https://other.xks.example.com")
    return aws.kms.create_custom_key_store, wanted


@row("UpdateCustomKeyStore", MISCONFIGURED)
def _update_to_other_name(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = aws.create(aws.store_params(aws.chain()))
    wanted = {"CustomKeyStoreId": store_id, "XksProxyUriEndpoint": "https://other.xks.example.com"}
    return aws.kms.update_custom_key_store, wanted


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
    def create(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        vars(proxy.behaviour).update(switches)
        return aws.kms.create_custom_key_store, aws.public_params(**params)

    @row("UpdateCustomKeyStore", exception, cause)
    def update(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        # In a connected store over VPC connectivity, KMS tries the new values before they count.
        store_id = aws.create(aws.store_params(aws.chain()))
        assert aws.connect(store_id) == ("CONNECTED", None)
        vars(proxy.behaviour).update(switches)
        wanted = params or {"XksProxyAuthenticationCredential": CREDENTIAL}
        return aws.kms.update_custom_key_store, {"CustomKeyStoreId": store_id, **wanted}


for (_exception, _cause), (_switches, _params) in PUBLIC.items():
    _public_rows(_exception, _cause, _switches, _params)


@row("DescribeCustomKeyStores", "InvalidMarkerException")
def _marker(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    return aws.kms.describe_custom_key_stores, {"Marker": "nonsense"}


def _wrong_state(operation: str, connected: bool) -> None:
    @row(operation, "CustomKeyStoreInvalidStateException")
    def prepare(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
        store_id = aws.create(aws.hsm_params(aws.cluster()))
        aws.emulator.outcome("*", "CONNECTED" if connected else "INTERNAL_ERROR")
        if operation != "DisconnectCustomKeyStore":
            aws.connect(store_id)
        more = {"KeyStorePassword": "another1"} if operation == "UpdateCustomKeyStore" else {}
        return _call(aws, operation), {"CustomKeyStoreId": store_id, **more}


_wrong_state("ConnectCustomKeyStore", False)
_wrong_state("DisconnectCustomKeyStore", False)
_wrong_state("UpdateCustomKeyStore", True)
_wrong_state("DeleteCustomKeyStore", True)


@row("DeleteCustomKeyStore", "CustomKeyStoreHasCMKsException")
def _keys(aws: Estate, proxy: XksProxy) -> tuple[Callable[..., Any], dict[str, Any]]:
    store_id = aws.create(aws.store_params(aws.chain()))
    assert aws.connect(store_id) == ("CONNECTED", None)
    aws.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store_id, XksKeyId="good")
    aws.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    return aws.kms.delete_custom_key_store, {"CustomKeyStoreId": store_id}


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
def test_parameters_that_do_not_fit(change: dict[str, Any], aws: Estate) -> None:
    client = aws.client("kms", validated=False)
    params = {name: value for name, value in {**aws.public_params(), **change}.items() if value is not None}
    error = error_of(client.create_custom_key_store, **params)
    assert error["Code"] == "ValidationException"
    assert "short" not in error["Message"].replace("shorter", "")


def test_a_repeated_create_of_a_disconnected_cluster_store_answers_its_id(aws: Estate) -> None:
    params = aws.hsm_params(aws.cluster())
    assert aws.create(params) == aws.create(params)


def test_describe_pages_and_hides_secrets(aws: Estate, proxy: XksProxy) -> None:
    first = aws.create(aws.public_params())
    second = aws.create(aws.hsm_params(aws.cluster()))
    page = aws.kms.describe_custom_key_stores(Limit=1)
    assert page["Truncated"] is True
    rest = aws.kms.describe_custom_key_stores(Limit=1, Marker=page["NextMarker"])
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
    assert len(list(aws.kms.get_paginator("describe_custom_key_stores").paginate(PaginationConfig={"PageSize": 1}))) == 2
    both = {"CustomKeyStoreId": first, "CustomKeyStoreName": "public"}
    assert code_of(aws.kms.describe_custom_key_stores, **both) == "ValidationException"
