# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four operations of the XKS proxy API, version 1, as a function from request to reply. No sockets here."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from emulator.proxy.behaviour import Behaviour
from emulator.proxy.crypto import CiphertextError, ExternalKey, Sealed, seal, unseal
from emulator.proxy.errors import XksError
from emulator.proxy.sigv4 import SignedRequest, authenticate

VENDOR = "keylink.aws"
PROXY_MODEL = "keylink.aws test XKS proxy 1.0"
EKM_MODEL = "keylink.aws test key manager 1.0"
BASE = "/kms/xks/v1"

# AWS: letters, digits, slash, dash and underscore.
_PREFIX = re.compile(r"(/[A-Za-z0-9/_-]*)?")
_KEY_ROUTE = re.compile(r"/keys/(?P<key>[A-Za-z0-9._-]{1,128})/(?P<operation>metadata|encrypt|decrypt)")


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


@dataclasses.dataclass(frozen=True)
class Served:
    """One line of the proxy's log. It never holds plaintext, as the API demands."""

    operation: str
    status: int
    access_key_id: str = ""
    kms_operation: str = ""
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Call:
    operation: str
    key_id: str
    document: Mapping[str, Any]


class XksApi:
    """`credentials` (access key id to secret) and `keys` may change while the proxy runs: that is how pairs rotate."""

    def __init__(
        self,
        path_prefix: str,
        credentials: MutableMapping[str, str],
        keys: MutableMapping[str, ExternalKey],
        behaviour: Behaviour,
        region: str | None = None,
        log: Callable[[Served], None] = lambda served: None,
    ) -> None:
        if _PREFIX.fullmatch(path_prefix) is None:
            raise ValueError(f"the URI path prefix {path_prefix!r} is not /letters, digits, dashes or underscores")
        self.base = path_prefix.rstrip("/") + BASE
        # Other URI paths that lead here too, such as the next one while KMS moves to it.
        self.more_bases: list[str] = []
        self.credentials = credentials
        self.keys = keys
        self.behaviour = behaviour
        self._region = region
        self._log = log
        self._operations: Mapping[str, Callable[[Call], dict[str, Any]]] = {
            "health": self._health,
            "metadata": self._metadata,
            "encrypt": self._encrypt,
            "decrypt": self._decrypt,
        }

    def handle(self, request: SignedRequest) -> Reply:
        operation, access_key_id, kms_operation, error = "", "", "", ""
        try:
            operation, key_id = self._route(request.path)
            if request.method != "POST":
                reply = Reply(405, headers=(("Allow", "POST"),))
            else:
                access_key_id = authenticate(request, self.credentials, self._region)
                document = _document(request.body)
                kms_operation = _check_metadata(document, operation)
                self._refuse_on_purpose(operation)
                reply = _json(200, self._operations[operation](Call(operation, key_id, document)))
        except XksError as failure:
            error = failure.name
            reply = _json(failure.status, failure.document())
        reply = self._spoilt(reply)
        self._log(Served(operation, reply.status, access_key_id, kms_operation, error))
        return reply

    def _route(self, path: str) -> tuple[str, str]:
        for base in (self.base, *self.more_bases):
            rest = path.removeprefix(base) if path.startswith(base) else ""
            match = _KEY_ROUTE.fullmatch(rest)
            if rest == "/health":
                return "health", ""
            if match is not None:
                return match["operation"], match["key"]
        raise XksError("InvalidUriPathException", "no such URI path")

    def _refuse_on_purpose(self, operation: str) -> None:
        if operation in self.behaviour.denied:
            raise XksError("AccessDeniedException", f"{operation} is not authorized for this caller")
        if self.behaviour.error is not None:
            raise XksError(self.behaviour.error, "asked for by the test")

    def _spoilt(self, reply: Reply) -> Reply:
        wrong = self.behaviour
        return dataclasses.replace(
            reply,
            status=reply.status if wrong.status is None else wrong.status,
            body=reply.body if wrong.body is None else wrong.body,
        )

    def _health(self, call: Call) -> dict[str, Any]:
        fleet = [
            {"id": f"ekm-{number}", "model": EKM_MODEL, "healthStatus": status}
            for number, status in enumerate(self.behaviour.health, start=1)
        ]
        return {
            "xksProxyFleetSize": 1,
            "xksProxyVendor": VENDOR,
            "xksProxyModel": PROXY_MODEL,
            "ekmVendor": VENDOR,
            "ekmFleetDetails": fleet,
        }

    def _metadata(self, call: Call) -> dict[str, Any]:
        key = self._key(call)
        return {"keySpec": key.spec, "keyUsage": list(key.usage), "keyStatus": key.status}

    def _encrypt(self, call: Call) -> dict[str, Any]:
        key = self._usable_key(call, "ENCRYPT")
        _check_algorithm(call.document)
        integrity = call.document.get("ciphertextDataIntegrityValueAlgorithm")
        if integrity not in (None, "SHA_256"):
            raise XksError("ValidationException", "ciphertextDataIntegrityValueAlgorithm must be SHA_256")
        plaintext = _decoded(call.document, "plaintext", "ValidationException")
        aad = _decoded(call.document, "additionalAuthenticatedData", "ValidationException", required=False)
        sealed = seal(key, plaintext, aad)
        answer = {
            "ciphertext": _encoded(sealed.ciphertext),
            "initializationVector": _encoded(sealed.iv),
            "authenticationTag": _encoded(sealed.tag),
        }
        if sealed.metadata:
            answer["ciphertextMetadata"] = _encoded(sealed.metadata)
        if integrity is not None:
            # Hashed before the trial decryption: the other order would bless a value corrupted in between.
            answer["ciphertextDataIntegrityValue"] = _encoded(sealed.integrity_value(aad))
            if unseal(key, sealed, aad) != plaintext:
                raise XksError("InternalException", "the ciphertext does not decrypt to the plaintext")
        return answer

    def _decrypt(self, call: Call) -> dict[str, Any]:
        key = self._usable_key(call, "DECRYPT")
        _check_algorithm(call.document)
        name = "InvalidCiphertextException"
        sealed = Sealed(
            ciphertext=_decoded(call.document, "ciphertext", name),
            metadata=_decoded(call.document, "ciphertextMetadata", name, required=False),
            iv=_decoded(call.document, "initializationVector", name),
            tag=_decoded(call.document, "authenticationTag", name),
        )
        aad = _decoded(call.document, "additionalAuthenticatedData", name, required=False)
        try:
            return {"plaintext": _encoded(unseal(key, sealed, aad))}
        except CiphertextError:
            raise XksError(name, "ciphertext, IV, AAD, metadata or tag is not what encrypt gave") from None

    def _key(self, call: Call) -> ExternalKey:
        key = self.keys.get(call.key_id)
        if key is None:
            raise XksError("KeyNotFoundException", "the external key is not known")
        return key

    def _usable_key(self, call: Call, usage: str) -> ExternalKey:
        key = self._key(call)
        if key.status != "ENABLED":
            raise XksError("InvalidStateException", "the external key is disabled")
        if usage not in key.usage:
            raise XksError("InvalidKeyUsageException", f"the external key is not for {usage}")
        return key


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        raise XksError("ValidationException", "the request body is not JSON") from None
    if not isinstance(document, dict):
        raise XksError("ValidationException", "the request body is not a JSON object")
    return document


def _check_metadata(document: Mapping[str, Any], operation: str) -> str:
    """Required members are there; their values are the caller's business and never validated."""
    metadata = document.get("requestMetadata")
    required = ["kmsRequestId", "kmsOperation"]
    if operation != "health":
        required.append("awsPrincipalArn")
    if operation in ("encrypt", "decrypt"):
        required.append("kmsKeyArn")
    if not isinstance(metadata, dict):
        raise XksError("ValidationException", "requestMetadata is missing")
    for name in required:
        if not isinstance(metadata.get(name), str):
            raise XksError("ValidationException", f"requestMetadata.{name} is missing")
    return str(metadata["kmsOperation"])


def _check_algorithm(document: Mapping[str, Any]) -> None:
    if document.get("encryptionAlgorithm") != "AES_GCM":
        raise XksError("ValidationException", "encryptionAlgorithm must be AES_GCM")


def _decoded(document: Mapping[str, Any], name: str, error: str, required: bool = True) -> bytes:
    value = document.get(name)
    if value is None and not required:
        return b""
    if not isinstance(value, str):
        raise XksError(error, f"{name} is missing")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise XksError(error, f"{name} is not Base64") from None


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _json(status: int, document: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(document).encode("ascii"))
