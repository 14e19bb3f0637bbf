# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form of what a CloudHSM key store is made of, checked before the first call (N3)."""

from __future__ import annotations

import base64
import binascii
import re

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

_CLUSTER = re.compile(r"cluster-[2-7a-zA-Z]{11,16}")
_PASSWORD_LENGTH = (7, 32)
_NAME_LENGTH = 256
_ANCHOR_LENGTH = 5000
_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----\s+(.+?)\s+-----END CERTIFICATE-----\s*", re.DOTALL)
# How every certificate begins in DER: a sequence with a length of two bytes.
_DER = b"\x30\x82"


def name(option: str, value: str | None) -> list[Unmet]:
    if value is None or 1 <= len(value) <= _NAME_LENGTH:
        return []
    return [unmet("N3", option, f"{len(value)} characters", "Give a name of 1 to 256 characters.")]


def cluster_id(value: str | None) -> list[Unmet]:
    if value is None or is_pending(value) or _CLUSTER.fullmatch(value):
        return []
    fix = "Give the id of a CloudHSM cluster, such as cluster-234567abcde."
    return [unmet("N3", "cloud_hsm_cluster_id", value or "an empty text", fix)]


def password(value: str | None) -> list[Unmet]:
    """The password itself must never be part of a message."""
    option = "key_store_password"
    if value is None or is_pending(value):
        return []
    shortest, longest = _PASSWORD_LENGTH
    fix = f"Give the password of kmsuser: {shortest} to {longest} letters and digits."
    if not shortest <= len(value) <= longest:
        return [unmet("N3", option, f"{len(value)} characters", fix)]
    if not (value.isascii() and value.isalnum()):
        return [unmet("N3", option, "a character that is neither a letter nor a digit", fix)]
    return []


def trust_anchor(value: str | None) -> list[Unmet]:
    if value is None or is_pending(value):
        return []
    option, fix = "trust_anchor_certificate", "Give the content of customerCA.crt, one certificate in PEM."
    if len(value) > _ANCHOR_LENGTH:
        return [unmet("N3", option, f"{len(value)} characters", f"{fix} AWS KMS takes {_ANCHOR_LENGTH}.")]
    if der(value) is None:
        return [unmet("N3", option, "not one well-formed PEM certificate", fix)]
    return []


def der(certificate: str | None) -> bytes | None:
    """The bytes of a PEM certificate, by which two spellings of it are the same; None where it is none."""
    match = _PEM.fullmatch(certificate or "")
    if not match:
        return None
    try:
        content = base64.b64decode("".join(match.group(1).split()), validate=True)
    except binascii.Error:
        return None
    complete = content[:2] == _DER and int.from_bytes(content[2:4], "big") + 4 == len(content)
    return content if complete else None
