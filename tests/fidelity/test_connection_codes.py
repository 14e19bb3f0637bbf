# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ConnectionErrorCode that botocore lists, each from a real cause in the emulated world, and what AWS says of the
kmsuser: its password, its lock-out, its sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity.estate import CREDENTIAL, PATH, Chain, Estate, code_of

from emulator.proxy import UNAVAILABLE, XksProxy
from scenarios import clusters
from scenarios.prerequisites import client

PARAMS = {
    "CustomKeyStoreName": "payments",
    "TrustAnchorCertificate": clusters.anchor(),
    "KeyStorePassword": clusters.PASSWORD,
}


def _behave(**wanted: Any) -> Callable[[Estate, Chain, XksProxy], None]:
    return lambda estate, chain, proxy: vars(proxy.behaviour).update(wanted)


def _accept(estate: Estate, chain: Chain, proxy: XksProxy) -> None:
    estate.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service_id, AcceptanceRequired=True)


def _forbid(estate: Estate, chain: Chain, proxy: XksProxy) -> None:
    principal = "cks.kms.us-east-1.amazonaws.com"
    estate.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=chain.service_id, RemoveAllowedPrincipals=[principal]
    )


def _wall(estate: Estate, chain: Chain, proxy: XksProxy) -> None:
    acls = estate.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [chain.vpc_id]}])["NetworkAcls"]
    estate.ec2.create_network_acl_entry(
        NetworkAclId=acls[0]["NetworkAclId"], RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=False,
        CidrBlock="0.0.0.0/0",
    )


# Code -> what the store is made with, and what happens before it connects.
EXTERNAL: dict[str, tuple[dict[str, Any], Callable[[Estate, Chain, XksProxy], None]]] = {
    "INVALID_CREDENTIALS": (
        {"XksProxyAuthenticationCredential": {**CREDENTIAL, "AccessKeyId": "BBBBBBBBBBBBBBBBBBBB"}}, _behave()
    ),
    "NETWORK_ERRORS": ({}, _wall),
    "XKS_PROXY_ACCESS_DENIED": ({}, _behave(denied=frozenset({"health"}))),
    "XKS_PROXY_INVALID_CONFIGURATION": ({"XksProxyUriPath": "/other" + PATH}, _behave()),
    "XKS_PROXY_INVALID_RESPONSE": ({}, _behave(body=b"<html>It works!</html>")),
    "XKS_PROXY_INVALID_TLS_CONFIGURATION": ({}, _behave(plain_http=True)),
    "XKS_PROXY_NOT_REACHABLE": ({}, _behave(health=[UNAVAILABLE])),
    "XKS_PROXY_TIMED_OUT": ({}, _behave(error="DependencyTimeoutException")),
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION": ({}, _accept),
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND": ({}, _forbid),
}


@pytest.mark.parametrize("code", EXTERNAL)
def test_external(code: str, estate: Estate, proxy: XksProxy) -> None:
    params, spoil = EXTERNAL[code]
    chain = estate.chain()
    store_id = estate.create(estate.store_params(chain, **params))
    spoil(estate, chain, proxy)
    assert estate.connect(store_id) == ("FAILED", code)


def connect(kms: Any, store_id: str) -> tuple[str, str | None]:
    kms.connect_custom_key_store(CustomKeyStoreId=store_id)
    found = kms.describe_custom_key_stores(CustomKeyStoreId=store_id)["CustomKeyStores"][0]
    return found["ConnectionState"], found.get("ConnectionErrorCode")


@pytest.fixture
def kms(estate: Estate) -> Any:
    return client(estate.emulator.url, "kms")


def create(kms: Any, found: clusters.Estate) -> str:
    return str(kms.create_custom_key_store(CloudHsmClusterId=found.cluster_id, **PARAMS)["CustomKeyStoreId"])


@pytest.mark.parametrize("code", clusters.FLAWS)
def test_cloudhsm(code: str, estate: Estate, kms: Any) -> None:
    found = clusters.estate(estate.emulator, size=28)
    store_id = create(kms, found)
    clusters.FLAWS[code].make(found, store_id)
    assert connect(kms, store_id) == ("FAILED", code)


def test_no_code_is_left_out(estate: Estate) -> None:
    known = set(estate.kms.meta.service_model.shape_for("ConnectionErrorCodeType").enum)
    assert set(EXTERNAL) | set(clusters.FLAWS) == known


def test_a_connect_takes_the_password_over(estate: Estate, kms: Any) -> None:
    """R124, N13: what was given as the key store password is good for the first connect only."""
    found = clusters.estate(estate.emulator)
    store_id = create(kms, found)
    assert connect(kms, store_id) == ("CONNECTED", None)
    looked = found.change(login=clusters.PASSWORD)
    assert (looked["login"], looked["session"]) == ("INVALID_CREDENTIALS", store_id)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert found.change()["session"] == ""
    assert connect(kms, store_id) == ("CONNECTED", None)
    # Whoever sends the first password again breaks the store.
    kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    kms.update_custom_key_store(CustomKeyStoreId=store_id, KeyStorePassword=clusters.PASSWORD)
    assert connect(kms, store_id) == ("FAILED", "INVALID_CREDENTIALS")


def test_wrong_connects_lock_the_kmsuser(estate: Estate, kms: Any) -> None:
    found = clusters.estate(estate.emulator)
    store_id = create(kms, found)
    found.change(password=clusters.OTHER_PASSWORD)
    codes = []
    for dummy in range(6):
        codes.append(connect(kms, store_id)[1])
        kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert codes == ["INVALID_CREDENTIALS"] * 5 + ["USER_LOCKED_OUT"]


def test_what_a_connect_puts_into_the_network(estate: Estate, kms: Any) -> None:
    """R125, R126: one group with one rule, one interface in each subnet, all gone after a disconnect."""
    found = clusters.estate(estate.emulator)
    store_id = create(kms, found)
    free = found.ec2.describe_subnets(SubnetIds=list(found.subnet_ids))["Subnets"]
    assert connect(kms, store_id) == ("CONNECTED", None)
    named = [{"Name": "group-name", "Values": [f"kms-{store_id}"]}]
    (group,) = found.ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    (rule,) = group["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (2223, 2225)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [found.group_id]
    interfaces = found.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert {item["SubnetId"] for item in interfaces} == set(found.subnet_ids)
    assert {item["Description"] for item in interfaces} == {f"KMS managed ENI for cluster {found.cluster_id}"}
    for item in interfaces:
        assert {each["GroupId"] for each in item["Groups"]} == {group["GroupId"], found.group_id}
    kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    assert found.ec2.describe_security_groups(Filters=named)["SecurityGroups"] == []
    assert found.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert found.ec2.describe_subnets(SubnetIds=list(found.subnet_ids))["Subnets"] == free


@pytest.mark.parametrize("flaw", ["mtls", "rules", "revoked"])
def test_a_cluster_that_kms_cannot_talk_to(estate: Estate, kms: Any, flaw: str) -> None:
    found = clusters.estate(estate.emulator)
    store_id = create(kms, found)
    if flaw == "revoked":
        group = found.ec2.describe_security_groups(GroupIds=[found.group_id])["SecurityGroups"][0]
        found.ec2.revoke_security_group_ingress(GroupId=found.group_id, IpPermissions=group["IpPermissions"])
    else:
        found.change(**{flaw: flaw == "mtls"})
    refused = code_of(kms.connect_custom_key_store, CustomKeyStoreId=store_id)
    assert refused == "CloudHsmClusterInvalidConfigurationException"
    found.change(mtls=False, rules=True)
    assert connect(kms, store_id) == ("CONNECTED", None)
