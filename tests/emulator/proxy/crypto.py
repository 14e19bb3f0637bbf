# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External keys and what can be done with them: AES-256-GCM as the XKS proxy API frames it."""

from __future__ import annotations

import dataclasses
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG_LENGTH = 16
IV_LENGTHS = (12, 16)
METADATA_LIMIT = 20


class CiphertextError(Exception):
    """The ciphertext, its metadata, IV, AAD or tag is not what encrypt gave."""


@dataclasses.dataclass(frozen=True)
class ExternalKey:
    """One key of the external key manager. Status and usage are what GetKeyMetadata reports."""

    material: bytes = dataclasses.field(default_factory=lambda: os.urandom(32), repr=False)
    spec: str = "AES_256"
    usage: tuple[str, ...] = ("ENCRYPT", "DECRYPT")
    status: str = "ENABLED"
    ciphertext_metadata: bytes = b"version=1"


@dataclasses.dataclass(frozen=True)
class Sealed:
    ciphertext: bytes
    metadata: bytes
    iv: bytes
    tag: bytes

    def integrity_value(self, aad: bytes) -> bytes:
        return hashlib.sha256(aad + self.metadata + self.iv + self.ciphertext + self.tag).digest()


def seal(key: ExternalKey, plaintext: bytes, aad: bytes) -> Sealed:
    iv = os.urandom(IV_LENGTHS[0])
    output = AESGCM(key.material).encrypt(iv, plaintext, bound_data(aad, key.ciphertext_metadata))
    return Sealed(output[:-TAG_LENGTH], key.ciphertext_metadata, iv, output[-TAG_LENGTH:])


def unseal(key: ExternalKey, sealed: Sealed, aad: bytes) -> bytes:
    if len(sealed.iv) not in IV_LENGTHS or len(sealed.tag) != TAG_LENGTH or len(sealed.metadata) > METADATA_LIMIT:
        raise CiphertextError
    try:
        return AESGCM(key.material).decrypt(sealed.iv, sealed.ciphertext + sealed.tag, bound_data(aad, sealed.metadata))
    except InvalidTag:
        raise CiphertextError from None


def bound_data(aad: bytes, metadata: bytes) -> bytes:
    """AAD and metadata with their lengths, so that no byte of one can pass for a byte of the other."""
    return len(aad).to_bytes(2, "big") + aad + len(metadata).to_bytes(1, "big") + metadata
