# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxy credentials in the configuration file format that the KMS console accepts."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from emulator.proxy.api import BASE

# AWS accepts A to Z and 2 to 7, 20 to 30 of them, and at least 256 bits in the secret.
ACCESS_KEY_ID_BYTES = 15
SECRET_BYTES = 32


class CredentialError(Exception):
    """Says which source is at fault, and never what is in it."""


def new_pair() -> tuple[str, str]:
    access_key_id = base64.b32encode(secrets.token_bytes(ACCESS_KEY_ID_BYTES)).decode("ascii")
    return access_key_id, base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def credential_from_file(path: Path, uri_path_prefix: str) -> tuple[str, str]:
    """The pair in the file; a missing file is made first, readable by its owner only."""
    if not path.exists():
        _write(path, uri_path_prefix, *new_pair())
    try:
        pair = json.loads(path.read_text(encoding="utf-8"))["XksProxyAuthenticationCredential"]
        return str(pair["AccessKeyId"]), stripped_secret(str(pair["RawSecretAccessKey"]), str(path))
    except (ValueError, KeyError, TypeError):
        raise CredentialError(f"{path} is not an XKS proxy configuration file") from None


def stripped_secret(text: str, source: str) -> str:
    secret = text.strip()
    if not secret:
        raise CredentialError(f"{source} holds no secret access key")
    return secret


def _write(path: Path, uri_path_prefix: str, access_key_id: str, secret: str) -> None:
    pair = {"AccessKeyId": access_key_id, "RawSecretAccessKey": secret}
    document = {
        "XksProxyUriPath": uri_path_prefix.rstrip("/") + BASE,
        "XksProxyAuthenticationCredential": pair,
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=2)
        stream.write("\n")
