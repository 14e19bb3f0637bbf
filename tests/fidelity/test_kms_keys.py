# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in custom key stores, and the life of keys as such."""

from __future__ import annotations

from typing import Any

import pytest
from fidelity.chain import Chain, refused

XKS: dict[str, Any] = {"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "key"}

# parameters on top of a connected store's id, code
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown store", {**XKS, "CustomKeyStoreId": "cks-1"}, "CustomKeyStoreNotFoundException"),
    ("no store", {**XKS, "CustomKeyStoreId": None}, "ValidationException"),
    ("no external key", {**XKS, "XksKeyId": None}, "ValidationException"),
    ("origin of KMS", {**XKS, "Origin": "AWS_KMS"}, "ValidationException"),
    ("origin of CloudHSM", {"Origin": "AWS_CLOUDHSM"}, "ValidationException"),
    ("asymmetric", {**XKS, "KeySpec": "RSA_2048"}, "UnsupportedOperationException"),
    ("other usage", {**XKS, "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
    ("multi-Region", {**XKS, "MultiRegion": True}, "UnsupportedOperationException"),
    ("policy", {**XKS, "Policy": "{"}, "MalformedPolicyDocumentException"),
    ("external key id", {**XKS, "XksKeyId": "a b"}, "ValidationException"),
]


@pytest.mark.parametrize(("params", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_create_key_refusals(chain: Chain, params: dict[str, Any], code: str) -> None:
    wanted = {"CustomKeyStoreId": chain.connected(), **params}
    refused(code, chain.kms.create_key, **{name: value for name, value in wanted.items() if value is not None})


def test_a_key_follows_its_store(chain: Chain) -> None:
    kms, store = chain.kms, chain.connected()
    made = kms.create_key(CustomKeyStoreId=store, **XKS)["KeyMetadata"]
    assert made["CustomKeyStoreId"] == store
    assert made["XksKeyConfiguration"] == {"Id": "key"}
    assert (made["Origin"], made["KeyState"]) == ("EXTERNAL_KEY_STORE", "Enabled")
    refused("XksKeyAlreadyInUseException", kms.create_key, CustomKeyStoreId=store, **XKS)
    key = made["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    for operation in ("enable_key_rotation", "generate_data_key_pair"):
        others = {"KeyPairSpec": "RSA_2048"} if operation == "generate_data_key_pair" else {}
        refused("UnsupportedOperationException", getattr(kms, operation), KeyId=key, **others)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    refused("KMSInvalidStateException", kms.encrypt, KeyId=made["Arn"], Plaintext=b"x")
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    refused("KMSInvalidStateException", kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    refused("CustomKeyStoreInvalidStateException", kms.create_key, CustomKeyStoreId=store, **{**XKS, "XksKeyId": "b"})
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_store_is_deleted_when_its_keys_are_gone(chain: Chain) -> None:
    kms, store = chain.kms, chain.connected()
    key = kms.create_key(CustomKeyStoreId=store, **XKS)["KeyMetadata"]["KeyId"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingDeletion", 7)
    refused("KMSInvalidStateException", kms.enable_key, KeyId=key)
    refused("CustomKeyStoreHasCMKsException", kms.delete_custom_key_store, CustomKeyStoreId=store)
    chain.emulator.advance(6 * 86_400)
    kms.cancel_key_deletion(KeyId=key)
    chain.emulator.advance(2 * 86_400)
    kms.describe_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    chain.emulator.advance(8 * 86_400)
    refused("NotFoundException", kms.describe_key, KeyId=key)
    kms.delete_custom_key_store(CustomKeyStoreId=store)


def test_a_key_of_kms_has_what_aws_shows(chain: Chain) -> None:
    made = chain.kms.create_key()["KeyMetadata"]
    assert (made["KeyUsage"], made["MultiRegion"], made["Origin"]) == ("ENCRYPT_DECRYPT", False, "AWS_KMS")
    assert "CustomKeyStoreId" not in made
    refused("MalformedPolicyDocumentException", chain.kms.put_key_policy, KeyId=made["KeyId"], Policy="{}")
