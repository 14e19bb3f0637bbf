# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KMS finds when it tries an external key store proxy, in AWS's words."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from emulator.proxy.client import Answer, Endpoint, ProxyFailure, Trouble, send

__all__ = [
    "ConnectResult",
    "Endpoint",
    "KeyResult",
    "check_endpoint",
    "UseResult",
    "check_proxy",
    "describe_external_key",
    "describe_key_at",
    "use_external_key",
]

INVALID_RESPONSE = "XKS_PROXY_INVALID_RESPONSE"
NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
TIMED_OUT = "XKS_PROXY_TIMED_OUT"

CODE_OF_TROUBLE: Mapping[Trouble, str] = {
    Trouble.UNREACHABLE: NOT_REACHABLE,
    Trouble.TLS: "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    Trouble.SILENCE: TIMED_OUT,
    Trouble.GIBBERISH: INVALID_RESPONSE,
}
# Error names that are not here are answers that KMS cannot use: XKS_PROXY_INVALID_RESPONSE. The last two follow the
# published table, which treats throttling like an unreachable proxy and a slow dependency like a slow proxy.
CODE_OF_ERROR: Mapping[str, str] = {
    "AuthenticationFailedException": "INVALID_CREDENTIALS",
    "AccessDeniedException": "XKS_PROXY_ACCESS_DENIED",
    "InvalidUriPathException": "XKS_PROXY_INVALID_CONFIGURATION",
    "ThrottlingException": NOT_REACHABLE,
    "DependencyTimeoutException": TIMED_OUT,
}

KEY_NOT_FOUND = "XksKeyNotFoundException"
KEY_INVALID = "XksKeyInvalidConfigurationException"
STORE_INVALID = "CustomKeyStoreInvalidStateException"
# For CreateKey every other failure of the proxy is a failure of the key store.
KEY_ERROR: Mapping[str, str] = {
    "KeyNotFoundException": KEY_NOT_FOUND,
    "InvalidStateException": KEY_INVALID,
    "InvalidKeyUsageException": KEY_INVALID,
}

KEY_UNUSABLE = "KMSInvalidStateException"
INVALID_CIPHERTEXT = "InvalidCiphertextException"

HEALTH_STATES = frozenset({"ACTIVE", "DEGRADED", "UNAVAILABLE"})
MAXIMUM_FLEET = 10
MAXIMUM_USAGES = 10


@dataclasses.dataclass(frozen=True)
class ConnectResult:
    """`code` is a ConnectionErrorCode, or None when the proxy is fit to be connected."""

    code: str | None
    detail: str


@dataclasses.dataclass(frozen=True)
class KeyResult:
    """`error` is the exception of CreateKey, or None when the external key is fit to be used."""

    error: str | None
    detail: str
    status: str | None = None
    usage: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class UseResult:
    """`error` is the exception of a cryptographic operation, or None when `document` has what the proxy answered."""

    error: str | None
    detail: str = ""
    document: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)


def check_proxy(
    targets: Sequence[tuple[str, int]],
    server_name: str,
    uri_path: str,
    access_key_id: str,
    raw_secret_access_key: str,
    ca_file: str | None,
    region: str,
    timeout: float = 0.25,
    *,
    handshake_timeout: float = 2.0,
    kms_operation: str = "ConnectCustomKeyStore",
) -> ConnectResult:
    """Send a signed GetHealthStatus to the first target that accepts a connection."""
    endpoint = Endpoint(
        targets,
        server_name,
        uri_path,
        access_key_id,
        raw_secret_access_key,
        ca_file,
        region,
        timeout,
        handshake_timeout,
    )
    return check_endpoint(endpoint, kms_operation)


def check_endpoint(endpoint: Endpoint, kms_operation: str = "ConnectCustomKeyStore") -> ConnectResult:
    metadata = {"kmsRequestId": str(uuid.uuid4()), "kmsOperation": kms_operation}
    try:
        answer = send(endpoint, "health", {"requestMetadata": metadata})
    except ProxyFailure as failure:
        return ConnectResult(CODE_OF_TROUBLE[failure.trouble], str(failure))
    if answer.status != 200:
        return ConnectResult(CODE_OF_ERROR.get(answer.error_name or "", INVALID_RESPONSE), _refusal(answer))
    flaw = _health_flaw(answer.document)
    if flaw is not None:
        return ConnectResult(INVALID_RESPONSE, flaw)
    states = [manager["healthStatus"] for manager in answer.document["ekmFleetDetails"]]
    if set(states) == {"UNAVAILABLE"}:
        return ConnectResult(NOT_REACHABLE, f"all {len(states)} external key managers are UNAVAILABLE")
    return ConnectResult(None, "healthy: " + ", ".join(states))


def describe_external_key(
    targets: Sequence[tuple[str, int]],
    server_name: str,
    uri_path: str,
    access_key_id: str,
    raw_secret_access_key: str,
    ca_file: str | None,
    region: str,
    timeout: float = 0.25,
    *,
    key_id: str,
    handshake_timeout: float = 2.0,
    principal_arn: str = "AWS Internal",
) -> KeyResult:
    """Send a signed GetKeyMetadata, as KMS does for CreateKey."""
    endpoint = Endpoint(
        targets,
        server_name,
        uri_path,
        access_key_id,
        raw_secret_access_key,
        ca_file,
        region,
        timeout,
        handshake_timeout,
    )
    return describe_key_at(endpoint, key_id, principal_arn)


def describe_key_at(endpoint: Endpoint, key_id: str, principal_arn: str = "AWS Internal") -> KeyResult:
    metadata = {
        "kmsRequestId": str(uuid.uuid4()),
        "kmsOperation": "CreateKey",
        "awsPrincipalArn": principal_arn,
    }
    try:
        answer = send(endpoint, f"keys/{key_id}/metadata", {"requestMetadata": metadata})
    except ProxyFailure as failure:
        return KeyResult(STORE_INVALID, str(failure))
    if answer.status != 200:
        return KeyResult(KEY_ERROR.get(answer.error_name or "", STORE_INVALID), _refusal(answer))
    spec, usage, status = (answer.document.get(name) for name in ("keySpec", "keyUsage", "keyStatus"))
    if not isinstance(spec, str) or not isinstance(status, str) or not _is_usage(usage):
        return KeyResult(STORE_INVALID, "keySpec, keyUsage or keyStatus is missing or malformed")
    fit = spec == "AES_256" and status == "ENABLED" and {"ENCRYPT", "DECRYPT"}.issubset(usage)
    detail = f"{spec}, {status}, {'/'.join(usage) or 'no usage'}"
    return KeyResult(None if fit else KEY_INVALID, detail, status, tuple(usage))


def use_external_key(
    endpoint: Endpoint, key_id: str, operation: str, metadata: Mapping[str, str], payload: Mapping[str, Any]
) -> UseResult:
    """Send a signed Encrypt or Decrypt. To its callers KMS reports all that goes wrong alike."""
    asked = {"kmsRequestId": str(uuid.uuid4()), **metadata}
    body = {"requestMetadata": asked, "encryptionAlgorithm": "AES_GCM", **payload}
    try:
        answer = send(endpoint, f"keys/{key_id}/{operation}", body)
    except ProxyFailure as failure:
        return UseResult(KEY_UNUSABLE, str(failure))
    if answer.status != 200:
        error = INVALID_CIPHERTEXT if answer.error_name == INVALID_CIPHERTEXT else KEY_UNUSABLE
        return UseResult(error, _refusal(answer))
    return UseResult(None, document=answer.document)


def _is_usage(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) <= MAXIMUM_USAGES and all(isinstance(item, str) for item in value)


def _health_flaw(document: Mapping[str, Any]) -> str | None:
    """What keeps a GetHealthStatus answer from being one; every member is required."""
    size = document.get("xksProxyFleetSize")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return "xksProxyFleetSize is missing or not a positive integer"
    for name in ("xksProxyVendor", "xksProxyModel", "ekmVendor"):
        if not isinstance(document.get(name), str):
            return f"{name} is missing"
    fleet = document.get("ekmFleetDetails")
    if not isinstance(fleet, list) or not 1 <= len(fleet) <= MAXIMUM_FLEET:
        return f"ekmFleetDetails does not have 1 to {MAXIMUM_FLEET} entries"
    for manager in fleet:
        if not isinstance(manager, dict) or not all(isinstance(manager.get(name), str) for name in ("id", "model")):
            return "an entry of ekmFleetDetails has no id or model"
        if manager.get("healthStatus") not in HEALTH_STATES:
            return "an entry of ekmFleetDetails has no healthStatus of ACTIVE, DEGRADED or UNAVAILABLE"
    return None


def _refusal(answer: Answer) -> str:
    # The proxy's errorMessage stays out: AWS does not pass it on either.
    return f"the proxy answered {answer.status} {answer.error_name or 'without an errorName'}"
