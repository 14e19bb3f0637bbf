# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External key stores against a real proxy: connecting through the whole chain, and creating keys."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fidelity.estate import CREDENTIAL, KEY_ID, NAME, SECRET, TARGETS, Chain, Estate, code_of

from emulator import pki
from emulator.proxy import UNAVAILABLE, XksProxy

TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
MISCONFIGURED = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"


def _connected(estate: Estate, chain: Chain, **more: Any) -> str:
    store_id = estate.create(estate.store_params(chain, **more))
    assert estate.connect(store_id) == ("CONNECTED", None)
    return store_id


def test_connect_asks_the_proxy_and_connects_an_endpoint(estate: Estate, proxy: XksProxy) -> None:
    chain = estate.chain()
    before = len(proxy.served)
    store_id = _connected(estate, chain)
    assert len(proxy.served) > before
    wanted = {"Filters": [{"Name": "service-id", "Values": [chain.service_id]}]}
    connections = estate.ec2.describe_vpc_endpoint_connections(**wanted)["VpcEndpointConnections"]
    assert [item["VpcEndpointState"] for item in connections] == ["available"]
    assert connections[0]["VpcEndpointOwner"] != "123456789012"
    refused = estate.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[chain.service_id])["Unsuccessful"]
    assert [item["Error"]["Code"] for item in refused] == ["ExistingVpcEndpointConnections"]
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert estate.ec2.describe_vpc_endpoint_connections(**wanted)["VpcEndpointConnections"] == []


def test_connect_takes_its_time(estate: Estate, proxy: XksProxy) -> None:
    store_id = estate.create(estate.store_params(estate.chain()))
    estate.emulator.configure(time_scale=1.0)
    estate.kms.connect_custom_key_store(CustomKeyStoreId=store_id)
    estate.emulator.advance(250)
    assert estate.store(store_id)["ConnectionState"] == "CONNECTING"
    estate.emulator.advance(51)
    assert estate.store(store_id)["ConnectionState"] == "CONNECTED"


@pytest.mark.parametrize("name", ["untrusted", "expired", "misnamed", "wildcard"])
def test_certificates(name: str, estate: Estate, proxy: XksProxy, authority: tuple[pki.Issued, Path]) -> None:
    root, directory = authority
    leaf = {
        "untrusted": lambda: pki.issue_leaf(pki.new_root("stranger"), NAME),
        "expired": lambda: pki.expired_leaf(root, NAME),
        "misnamed": lambda: pki.issue_leaf(root, "other.xks.example.com"),
        "wildcard": lambda: pki.issue_leaf(root, "*.xks.example.com"),
    }[name]()
    files = pki.write_leaf(directory, root, leaf, name)
    with XksProxy(
        certificate=files.chain, private_key=files.key, credentials={KEY_ID: SECRET}, uri_path_prefix="/example"
    ) as other:
        estate.serve(other)
        store_id = estate.create(estate.store_params(estate.chain()))
        assert estate.connect(store_id) == (("CONNECTED", None) if name == "wildcard" else ("FAILED", TLS))


# Code -> what is wrong with the proxy, or with what KMS was told about it.
PROXY_FLAWS: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("INVALID_CREDENTIALS", "key id"): (
        {},
        {"XksProxyAuthenticationCredential": {**CREDENTIAL, "AccessKeyId": "BBBBBBBBBBBBBBBBBBBB"}},
    ),
    ("INVALID_CREDENTIALS", "secret"): (
        {},
        {"XksProxyAuthenticationCredential": {**CREDENTIAL, "RawSecretAccessKey": SECRET[::-1].replace("=", "a")}},
    ),
    ("XKS_PROXY_INVALID_CONFIGURATION", "path"): ({}, {"XksProxyUriPath": "/wrong/kms/xks/v1"}),
    ("XKS_PROXY_ACCESS_DENIED", ""): ({"denied": frozenset({"health"})}, {}),
    ("XKS_PROXY_INVALID_RESPONSE", ""): ({"body": b"[]"}, {}),
    (NOT_REACHABLE, "managers"): ({"health": [UNAVAILABLE, UNAVAILABLE]}, {}),
    (TLS, "no TLS"): ({"plain_http": True}, {}),
}


@pytest.mark.parametrize(("code", "cause"), PROXY_FLAWS)
def test_proxy_flaws(code: str, cause: str, estate: Estate, proxy: XksProxy) -> None:
    switches, told = PROXY_FLAWS[code, cause]
    vars(proxy.behaviour).update(switches)
    store_id = estate.create(estate.store_params(estate.chain(), **told))
    assert estate.connect(store_id) == ("FAILED", code)


def test_one_manager_is_enough(estate: Estate, proxy: XksProxy) -> None:
    proxy.behaviour.health = ["ACTIVE", UNAVAILABLE]
    _connected(estate, estate.chain())


def test_slow_answer(estate: Estate, proxy: XksProxy) -> None:
    store_id = estate.create(estate.store_params(estate.chain()))
    proxy.behaviour.delay = 1.0
    estate.emulator.configure(proxy_timeout=0.25)
    assert estate.connect(store_id) == ("FAILED", "XKS_PROXY_TIMED_OUT")


def test_nothing_listens(estate: Estate) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    estate.emulator.configure(address_map=dict.fromkeys(TARGETS, f"127.0.0.1:{port}"))
    store_id = estate.create(estate.store_params(estate.chain()))
    assert estate.connect(store_id) == ("FAILED", NOT_REACHABLE)


def test_nowhere_to_go(estate: Estate) -> None:
    store_id = estate.create(estate.store_params(estate.chain()))
    assert estate.connect(store_id) == ("FAILED", NOT_REACHABLE)


def _no_listener(estate: Estate, chain: Chain) -> None:
    estate.elbv2.delete_listener(ListenerArn=chain.listener_arn)


def _no_targets(estate: Estate, chain: Chain) -> None:
    estate.elbv2.deregister_targets(TargetGroupArn=chain.group_arn, Targets=[{"Id": address} for address in TARGETS])


def _not_allowed(estate: Estate, chain: Chain) -> None:
    principal = "cks.kms.us-east-1.amazonaws.com"
    estate.ec2.modify_vpc_endpoint_service_permissions(ServiceId=chain.service_id, RemoveAllowedPrincipals=[principal])


def _deleted(estate: Estate, chain: Chain) -> None:
    estate.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[chain.service_id])


def _acceptance(estate: Estate, chain: Chain) -> None:
    estate.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service_id, AcceptanceRequired=True)


def _renamed(estate: Estate, chain: Chain) -> None:
    estate.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service_id, PrivateDnsName="b.xks.example.com")


# What happens to the chain between the creation of the store and its connect.
CHAIN_FLAWS: list[tuple[str, Callable[[Estate, Chain], None]]] = [
    (NOT_REACHABLE, _no_listener),
    (NOT_REACHABLE, _no_targets),
    (NOT_FOUND, _not_allowed),
    (NOT_FOUND, _deleted),
    (MISCONFIGURED, _acceptance),
    (MISCONFIGURED, _renamed),
]


@pytest.mark.parametrize(("code", "spoil"), CHAIN_FLAWS)
def test_chain_flaws(code: str, spoil: Callable[[Estate, Chain], None], estate: Estate, proxy: XksProxy) -> None:
    chain = estate.chain()
    store_id = estate.create(estate.store_params(chain))
    spoil(estate, chain)
    assert estate.connect(store_id) == ("FAILED", code)


def test_failed_store_is_repaired(estate: Estate, proxy: XksProxy) -> None:
    store_id = estate.create(estate.store_params(estate.chain(), XksProxyUriPath="/wrong/kms/xks/v1"))
    assert estate.connect(store_id) == ("FAILED", "XKS_PROXY_INVALID_CONFIGURATION")
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    estate.kms.update_custom_key_store(CustomKeyStoreId=store_id, XksProxyUriPath="/example/kms/xks/v1")
    assert estate.connect(store_id) == ("CONNECTED", None)


def test_live_rotation_of_the_credential(estate: Estate, proxy: XksProxy) -> None:
    store_id = _connected(estate, estate.chain())
    new = {"AccessKeyId": "CCCCCCCCCCCCCCCCCCCC", "RawSecretAccessKey": SECRET}
    update = {"CustomKeyStoreId": store_id, "XksProxyAuthenticationCredential": new}
    wrong = "XksProxyIncorrectAuthenticationCredentialException"
    assert code_of(estate.kms.update_custom_key_store, **update) == wrong
    assert estate.store(store_id)["XksProxyConfiguration"]["AccessKeyId"] == KEY_ID
    proxy.credentials[new["AccessKeyId"]] = SECRET
    estate.kms.update_custom_key_store(**update)
    del proxy.credentials[new["AccessKeyId"]]
    assert estate.store(store_id)["XksProxyConfiguration"]["AccessKeyId"] == new["AccessKeyId"]
    assert estate.store(store_id)["ConnectionState"] == "CONNECTED"


@pytest.mark.parametrize("allowed", [True, False])
def test_service_of_another_account(allowed: bool, estate: Estate, proxy: XksProxy) -> None:
    estate.emulator.configure(accounts={"OTHER": "210987654321"})
    chain = estate.chain()
    if allowed:
        estate.allow(chain.service_id, "arn:aws:iam::210987654321:root")
    call = estate.client("kms", "OTHER").create_custom_key_store
    params = estate.store_params(chain, XksProxyVpcEndpointServiceOwner="123456789012")
    if allowed:
        assert call(**params)["CustomKeyStoreId"].startswith("cks-")
    else:
        assert code_of(call, **params) == "XksProxyVpcEndpointServiceNotFoundException"


# Parameters of CreateKey -> AWS's refusal.
KEY_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"XksKeyId": "nowhere"}, "XksKeyNotFoundException"),
    "disabled": ({"XksKeyId": "disabled"}, "XksKeyInvalidConfigurationException"),
    "AES 128": ({"XksKeyId": "short"}, "XksKeyInvalidConfigurationException"),
    "encrypts only": ({"XksKeyId": "encrypt-only"}, "XksKeyInvalidConfigurationException"),
    "taken": ({"XksKeyId": "taken"}, "XksKeyAlreadyInUseException"),
    "no external key": ({"XksKeyId": None}, "ValidationException"),
    "other origin": ({"Origin": "AWS_CLOUDHSM", "XksKeyId": None}, "ValidationException"),
    "origin of KMS": ({"Origin": "AWS_KMS", "XksKeyId": None}, "ValidationException"),
    "no store": ({"CustomKeyStoreId": None}, "ValidationException"),
    "unknown store": ({"CustomKeyStoreId": "cks-00000000000000000"}, "CustomKeyStoreNotFoundException"),
    "RSA": ({"KeySpec": "RSA_2048"}, "UnsupportedOperationException"),
    "signing": ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
    "many Regions": ({"MultiRegion": True}, "UnsupportedOperationException"),
    "policy": ({"Policy": "{"}, "MalformedPolicyDocumentException"),
}


def test_create_key_refusals(estate: Estate, proxy: XksProxy) -> None:
    # One store for all the rows: a refusal changes nothing, which the count at the end proves.
    proxy.keys["taken"] = proxy.keys["good"]
    store_id = _connected(estate, estate.chain())
    wanted = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store_id, "XksKeyId": "taken"}
    estate.kms.create_key(**wanted)
    for name, (change, code) in KEY_REFUSALS.items():
        asked = {**wanted, "XksKeyId": "good", **change}
        params = {member: value for member, value in asked.items() if value is not None}
        assert code_of(estate.kms.create_key, **params) == code, name
    assert len(estate.kms.list_keys()["Keys"]) == 1


def test_create_key_when_the_proxy_is_gone(estate: Estate, proxy: XksProxy) -> None:
    store_id = _connected(estate, estate.chain())
    estate.emulator.configure(address_map={})
    wanted = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store_id, "XksKeyId": "good"}
    assert code_of(estate.kms.create_key, **wanted) == "CustomKeyStoreInvalidStateException"


def test_key_metadata(estate: Estate, proxy: XksProxy) -> None:
    store_id = _connected(estate, estate.chain())
    asked = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store_id, "XksKeyId": "good"}
    made = estate.kms.create_key(**asked, Description="text", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]
    assert {name: made[name] for name in ("Origin", "CustomKeyStoreId", "XksKeyConfiguration", "KeyState")} == {
        "Origin": "EXTERNAL_KEY_STORE",
        "CustomKeyStoreId": store_id,
        "XksKeyConfiguration": {"Id": "good"},
        "KeyState": "Enabled",
    }
    found = estate.kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    assert found == made
    assert estate.kms.list_resource_tags(KeyId=made["KeyId"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert code_of(estate.kms.enable_key_rotation, KeyId=made["KeyId"]) == "UnsupportedOperationException"
