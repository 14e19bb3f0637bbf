# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Using keys of an external store: every plaintext goes through the proxy, with the credential that is in effect."""

from __future__ import annotations

from typing import Any

import pytest
from fidelity.estate import KEY_ID, SECRET, Chain, Estate, code_of

from emulator.proxy import XksProxy

NEW = {"AccessKeyId": "CCCCCCCCCCCCCCCCCCCC", "RawSecretAccessKey": SECRET[::-1].replace("=", "A")}
UNUSABLE = "KMSInvalidStateException"


@pytest.fixture
def chain(estate: Estate) -> Chain:
    return estate.chain()


@pytest.fixture
def store_id(estate: Estate, proxy: XksProxy, chain: Chain) -> str:
    made = estate.create(estate.store_params(chain))
    assert estate.connect(made) == ("CONNECTED", None)
    return made


@pytest.fixture
def key_id(estate: Estate, store_id: str) -> str:
    wanted = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store_id, "XksKeyId": "good"}
    return str(estate.kms.create_key(**wanted)["KeyMetadata"]["KeyId"])


def served(proxy: XksProxy) -> list[tuple[str, str]]:
    return [(item.operation, item.kms_operation) for item in proxy.served if item.operation in ("encrypt", "decrypt")]


def test_what_is_encrypted_went_through_the_proxy(estate: Estate, proxy: XksProxy, key_id: str) -> None:
    proxy.served.clear()
    context = {"purpose": "test"}
    blob = estate.kms.encrypt(KeyId=key_id, Plaintext=b"text", EncryptionContext=context)["CiphertextBlob"]
    assert estate.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"text"
    assert served(proxy) == [("encrypt", "Encrypt"), ("decrypt", "Decrypt")]
    made = estate.kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    assert estate.kms.decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=key_id)["Plaintext"] == made["Plaintext"]
    assert served(proxy)[2:] == [("encrypt", "GenerateDataKey"), ("decrypt", "Decrypt")]
    assert code_of(estate.kms.decrypt, CiphertextBlob=blob) == "InvalidCiphertextException"
    assert code_of(estate.kms.decrypt, CiphertextBlob=blob[:-9]) == "InvalidCiphertextException"


def test_from_key_to_key(estate: Estate, proxy: XksProxy, key_id: str) -> None:
    own = estate.kms.create_key()["KeyMetadata"]["KeyId"]
    blob = estate.kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    proxy.served.clear()
    there = estate.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=own)["CiphertextBlob"]
    back = estate.kms.re_encrypt(CiphertextBlob=there, DestinationKeyId=key_id)["CiphertextBlob"]
    assert served(proxy) == [("decrypt", "ReEncrypt"), ("encrypt", "ReEncrypt")]
    assert estate.kms.decrypt(CiphertextBlob=there)["Plaintext"] == b"text"
    assert estate.kms.decrypt(CiphertextBlob=back)["Plaintext"] == b"text"


def test_trouble_with_the_proxy_makes_a_key_unusable(
    estate: Estate, proxy: XksProxy, chain: Chain, store_id: str, key_id: str
) -> None:
    encrypt = {"KeyId": key_id, "Plaintext": b"text"}
    blob = estate.kms.encrypt(**encrypt)["CiphertextBlob"]
    secret = proxy.credentials.pop(KEY_ID)
    assert code_of(estate.kms.encrypt, **encrypt) == UNUSABLE
    assert code_of(estate.kms.decrypt, CiphertextBlob=blob) == UNUSABLE
    # The store stays connected: only a connect looks.
    assert estate.store(store_id)["ConnectionState"] == "CONNECTED"
    proxy.credentials[KEY_ID] = secret
    # An unverified name keeps nobody from using what is connected; a rejected endpoint does.
    estate.ec2.modify_vpc_endpoint_service_configuration(
        ServiceId=chain.service_id, PrivateDnsName="other.xks.example.com"
    )
    assert estate.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"
    wanted = {"Filters": [{"Name": "service-id", "Values": [chain.service_id]}]}
    (connection,) = estate.ec2.describe_vpc_endpoint_connections(**wanted)["VpcEndpointConnections"]
    estate.ec2.reject_vpc_endpoint_connections(
        ServiceId=chain.service_id, VpcEndpointIds=[connection["VpcEndpointId"]]
    )
    assert code_of(estate.kms.encrypt, **encrypt) == UNUSABLE


def test_a_public_endpoint_is_used_too(estate: Estate, proxy: XksProxy) -> None:
    store_id = estate.create(estate.public_params())
    assert estate.connect(store_id) == ("CONNECTED", None)
    wanted = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store_id, "XksKeyId": "good"}
    key_id = estate.kms.create_key(**wanted)["KeyMetadata"]["KeyId"]
    blob = estate.kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    proxy.served.clear()
    assert estate.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"
    assert served(proxy) == [("decrypt", "Decrypt")]


def test_both_credentials_are_used_until_an_update_is_in_effect(
    estate: Estate, proxy: XksProxy, store_id: str, key_id: str
) -> None:
    proxy.credentials[NEW["AccessKeyId"]] = NEW["RawSecretAccessKey"]
    estate.emulator.configure(time_scale=1.0)
    estate.kms.update_custom_key_store(CustomKeyStoreId=store_id, XksProxyAuthenticationCredential=NEW)

    def who() -> set[str]:
        proxy.served.clear()
        for _time in range(4):
            estate.kms.encrypt(KeyId=key_id, Plaintext=b"text")
        return {item.access_key_id for item in proxy.served if item.operation == "encrypt"}

    assert who() == {KEY_ID, NEW["AccessKeyId"]}
    estate.emulator.advance(299)
    assert who() == {KEY_ID, NEW["AccessKeyId"]}
    estate.emulator.advance(2)
    assert who() == {NEW["AccessKeyId"]}
    del proxy.credentials[KEY_ID]
    assert who() == {NEW["AccessKeyId"]}


@pytest.mark.parametrize(
    "change",
    [{"XksProxyUriPath": "/other/kms/xks/v1"}, {"XksProxyAuthenticationCredential": NEW}],
    ids=lambda change: next(iter(change)),
)
def test_aws_may_refuse_a_live_update(estate: Estate, store_id: str, change: dict[str, Any]) -> None:
    """One page of AWS's says that only the name may change while a store is connected."""
    estate.emulator.configure(live_updates=False)
    refused = code_of(estate.kms.update_custom_key_store, CustomKeyStoreId=store_id, **change)
    assert refused == "CustomKeyStoreInvalidStateException"
    estate.kms.update_custom_key_store(CustomKeyStoreId=store_id, NewCustomKeyStoreName="renamed")
    assert estate.store(store_id)["CustomKeyStoreName"] == "renamed"
