# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of an external key store proxy, as AWS KMS calls them: one function each, signed by botocore.

Each gives its answer as a dict: status, document (the JSON object, or None), error_name, ms, and where no answer came
trouble and detail in place of them. The certificate is not checked here; xks_probe.py does that. Neither the secret
nor a message of the proxy is part of an answer.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ansible_collections.keylink.aws.plugins.module_utils.clients import xks_tls

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    HAS_BOTOCORE = True
except ImportError:
    HAS_BOTOCORE = False

SERVICE = "kms-xks-proxy"
UNREADABLE = "unreadable"
UNSIGNED = "unsigned"
_LIMIT = 64 * 1024
# Anything else in its place is no error name of the API, and may be anything.
_ERROR_NAME = re.compile(r"[A-Za-z]{1,64}")

Answer = dict[str, Any]


@dataclass(frozen=True)
class Proxy:
    """A proxy as a key store knows it, and how to reach it.

    principal_arn and kms_key_arn: whom requests for a key say that they are for; the proxy may have rules on them.
    """

    place: xks_tls.Place
    uri_path: str
    region: str = ""
    access_key_id: str = ""
    raw_secret_access_key: str = field(default="", repr=False)
    principal_arn: str = ""
    kms_key_arn: str = ""


def get_health_status(proxy: Proxy, kms_operation: str = "ConnectCustomKeyStore") -> Answer:
    """GetHealthStatus, with which AWS KMS begins each connection."""
    return _call(proxy, "health", {"requestMetadata": _metadata(kms_operation)})


def get_key_metadata(proxy: Proxy, key_id: str, kms_operation: str = "CreateKey") -> Answer:
    """GetKeyMetadata of the external key KEY_ID."""
    metadata = _metadata(kms_operation, awsPrincipalArn=proxy.principal_arn)
    return _call(proxy, f"keys/{key_id}/metadata", {"requestMetadata": metadata})


def encrypt(proxy: Proxy, key_id: str, plaintext: bytes, aad: bytes) -> Answer:
    """Encrypt with the external key KEY_ID."""
    payload = {
        "requestMetadata": _key_metadata(proxy, "Encrypt"),
        "plaintext": _encoded(plaintext),
        "additionalAuthenticatedData": _encoded(aad),
        "encryptionAlgorithm": "AES_GCM",
    }
    return _call(proxy, f"keys/{key_id}/encrypt", payload)


def decrypt(proxy: Proxy, key_id: str, encrypted: Mapping[str, Any], aad: bytes) -> Answer:
    """Decrypt what an answer to encrypt holds."""
    parts = ("ciphertext", "ciphertextMetadata", "initializationVector", "authenticationTag")
    payload = {
        "requestMetadata": _key_metadata(proxy, "Decrypt"),
        **{name: encrypted[name] for name in parts if name in encrypted},
        "additionalAuthenticatedData": _encoded(aad),
        "encryptionAlgorithm": "AES_GCM",
    }
    return _call(proxy, f"keys/{key_id}/decrypt", payload)


def round_trip(proxy: Proxy, key_id: str) -> dict[str, Any]:
    """Encrypt random bytes and decrypt them: both answers without their contents, and whether the bytes came back."""
    plaintext, aad = os.urandom(32), os.urandom(16)
    encrypted = encrypt(proxy, key_id, plaintext, aad)
    trip: dict[str, Any] = {"encrypt": {**encrypted, "document": None}, "decrypt": None, "same": False}
    if encrypted["status"] == 200 and encrypted["document"] is not None:
        decrypted = decrypt(proxy, key_id, encrypted["document"], aad)
        returned = (decrypted["document"] or {}).get("plaintext")
        trip.update(decrypt={**decrypted, "document": None}, same=returned == _encoded(plaintext))
    return trip


def get(place: xks_tls.Place, path: str) -> Answer:
    """An unsigned GET, which the proxy has to refuse with 405 at each path of its API."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {place.server_name}", "Connection: close", "", ""]
    return _sent(place, "\r\n".join(lines).encode("ascii"))


def _metadata(kms_operation: str, **more: str) -> dict[str, str]:
    return {"kmsRequestId": str(uuid.uuid4()), "kmsOperation": kms_operation, **more}


def _key_metadata(proxy: Proxy, kms_operation: str) -> dict[str, str]:
    return _metadata(kms_operation, awsPrincipalArn=proxy.principal_arn, kmsKeyArn=proxy.kms_key_arn)


def _call(proxy: Proxy, operation: str, payload: Mapping[str, Any]) -> Answer:
    if not HAS_BOTOCORE:
        return _nothing(UNSIGNED, "botocore is not installed on the host that runs this module")
    return _sent(proxy.place, _request(proxy, f"{proxy.uri_path}/{operation}", json.dumps(payload).encode("ascii")))


def _request(proxy: Proxy, path: str, body: bytes) -> bytes:
    host = proxy.place.server_name
    signed = AWSRequest("POST", f"https://{host}{path}", {"Host": host}, body)
    credentials = Credentials(proxy.access_key_id, proxy.raw_secret_access_key)
    SigV4Auth(credentials, SERVICE, proxy.region).add_auth(signed)
    # These come after the signature, which AWS KMS makes over host and x-amz-date.
    plain = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*signed.headers.items(), *plain.items()])]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def _sent(place: xks_tls.Place, request: bytes) -> Answer:
    try:
        with xks_tls.Channel(place, xks_tls.aws_context()) as channel:
            channel.handshake()
            channel.deadline = time.monotonic() + place.timeout
            start = time.monotonic()
            channel.write(request)
            response = http.client.HTTPResponse(cast(Any, xks_tls.Reader(channel)))
            response.begin()
            body = response.read(_LIMIT)
            return _answer(response.status, body, (time.monotonic() - start) * 1000)
    except xks_tls.Trouble as trouble:
        return _nothing(trouble.kind, trouble.detail)
    except http.client.RemoteDisconnected:
        return _nothing(UNREADABLE, "it closed the connection without an answer")
    except (http.client.HTTPException, ValueError) as error:
        return _nothing(UNREADABLE, f"its answer is not HTTP ({type(error).__name__})")


def _answer(status: int, body: bytes, ms: float) -> Answer:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return {"status": status, "document": None, "error_name": "", "ms": ms, "trouble": "", "detail": ""}
    name = document.get("errorName")
    error_name = name if status != 200 and isinstance(name, str) and _ERROR_NAME.fullmatch(name) else ""
    return {"status": status, "document": document, "error_name": error_name, "ms": ms, "trouble": "", "detail": ""}


def _nothing(kind: str, detail: str) -> Answer:
    return {"status": None, "document": None, "error_name": "", "ms": None, "trouble": kind, "detail": detail}


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
