# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an external key store proxy answers to AWS KMS: its health (R15, R28), and an external key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import (
    ERROR,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_proxy_network import (
    ANSWER,
    NOT_REACHABLE,
    TIMED_OUT,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_proxy_tls import INVALID_TLS

INVALID_RESPONSE = "XKS_PROXY_INVALID_RESPONSE"
# The proxy's error names that AWS KMS has a code for; it cannot use any other.
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "AuthenticationFailedException": (
        "INVALID_CREDENTIALS",
        "Check access key id and secret against the proxy's, the Region that it expects, and its clock (N3).",
    ),
    "AccessDeniedException": (
        "XKS_PROXY_ACCESS_DENIED",
        "Let the proxy's own rules admit AWS KMS; a health request needs nothing but its signature.",
    ),
    "InvalidUriPathException": (
        "XKS_PROXY_INVALID_CONFIGURATION",
        "Look up the path that the proxy serves, and correct uri_path.",
    ),
    "ThrottlingException": (NOT_REACHABLE, "Raise the proxy's request quota; AWS KMS may send 1800 per second."),
    "DependencyTimeoutException": (TIMED_OUT, "Check the way from the proxy to the external key manager."),
}
_STATES = ("ACTIVE", "DEGRADED", "UNAVAILABLE")
_LARGEST_FLEET = 10
_VENDOR = "Check that nothing but the proxy answers on this port, or ask its vendor."
# What CreateKey answers for what the proxy says of the key.
_KEY_ERRORS = {
    "KeyNotFoundException": "XksKeyNotFoundException",
    "InvalidStateException": "XksKeyInvalidConfigurationException",
    "InvalidKeyUsageException": "XksKeyInvalidConfigurationException",
}
_STORE_ERROR = "CustomKeyStoreInvalidStateException"

Facts = Mapping[str, Any]
Answer = Mapping[str, Any]


def judge(facts: Facts, signs: bool, path: str | None) -> list[Finding]:
    """signs: whether there is a credential. path: the proxy's, where it is given."""
    if not facts["get"]:
        return []
    findings = [_health(facts)] if signs and path else [_unsigned()]
    if facts["health"] and facts["health"]["status"] == 200:
        findings += _speed(facts)
    return [*findings, *(_method(facts["get"]) if path else []), *_key(facts)]


def _unsigned() -> Finding:
    fix = "Give uri_path, credential and region, to have a signed GetHealthStatus sent."
    return Finding("R15", UNKNOWN, "GetHealthStatus", "not sent: there is no credential or no path", fix)


def _health(facts: Facts) -> Finding:
    answer = facts["health"]
    what = "GetHealthStatus"
    if answer["trouble"]:
        return _silence(what, answer)
    if answer["status"] != 200:
        code, fix = _REFUSALS.get(answer["error_name"], (INVALID_RESPONSE, _VENDOR))
        return Finding("R15", ERROR, what, _refusal(answer), fix, code)
    flaw = health_flaw(answer["document"])
    if flaw:
        return Finding("R15", ERROR, what, f"the answer is not one that AWS KMS can use: {flaw}", _VENDOR,
                       INVALID_RESPONSE)
    return _fleet([manager["healthStatus"] for manager in answer["document"]["ekmFleetDetails"]])


def _fleet(states: list[str]) -> Finding:
    what = "external key managers"
    told = ", ".join(f"{states.count(state)} {state}" for state in _STATES if state in states)
    if set(states) == {"UNAVAILABLE"}:
        fix = "Check the external key managers, and the way to them from the proxy."
        return Finding("R28", ERROR, what, told, fix, NOT_REACHABLE)
    if set(states) != {"ACTIVE"}:
        return Finding("R28", WARNING, what, told, "Check the external key managers that are not ACTIVE.")
    return Finding("R28", OK, what, f"the proxy accepts the signature and the path; {told}")


def _speed(facts: Facts) -> list[Finding]:
    """AWS KMS waits 250 ms from the Region; the way from this host may be longer."""
    ms = facts["health"]["ms"]
    found = f"an answer takes {ms:.0f} ms"
    if ms <= ANSWER:
        return [Finding("R1", OK, "GetHealthStatus", f"{found}; AWS KMS waits 250 ms")]
    fix = "Check the load of the proxy and of the external key manager, and the way between them."
    if ms - min(facts["connect_ms"], default=0) <= ANSWER:
        return [Finding("R1", WARNING, "GetHealthStatus", found, "Measure from a host in the VPC.")]
    return [Finding("R1", ERROR, "GetHealthStatus", f"{found}; AWS KMS waits 250 ms", fix, TIMED_OUT)]


def _silence(what: str, answer: Answer) -> Finding:
    trouble, detail = answer["trouble"], answer["detail"]
    if trouble == "unsigned":
        fix = "Install it there (pip install botocore), or run the module on the controller."
        return Finding("R15", UNKNOWN, what, f"not sent: {detail}", fix)
    if trouble == "silent":
        fix = "Check the load of the proxy and of the external key manager, and the way between them."
        return Finding("R1", ERROR, what, detail, fix, TIMED_OUT)
    if trouble == "refused":
        return Finding("N2", ERROR, what, f"the TLS connection ends: {detail}", "Look into the proxy's log.",
                       INVALID_TLS)
    return Finding("R15", ERROR, what, detail, _VENDOR, INVALID_RESPONSE)


def _refusal(answer: Answer) -> str:
    return f"the proxy answers {answer['status']} {answer['error_name'] or 'without an errorName'}"


def health_flaw(document: Mapping[str, Any] | None) -> str:
    """What keeps the body of an answer from being a health status; every member of it is required."""
    if document is None:
        return "the body is not a JSON object"
    size = document.get("xksProxyFleetSize")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return "xksProxyFleetSize is not a positive number"
    missing = [name for name in ("xksProxyVendor", "xksProxyModel", "ekmVendor") if not _text(document, name)]
    if missing:
        return f"{' and '.join(missing)} must be texts"
    fleet = document.get("ekmFleetDetails")
    if not isinstance(fleet, list) or not 1 <= len(fleet) <= _LARGEST_FLEET:
        return f"ekmFleetDetails must have 1 to {_LARGEST_FLEET} entries"
    if not all(isinstance(manager, dict) and _text(manager, "id") and _text(manager, "model") for manager in fleet):
        return "an entry of ekmFleetDetails has no id or no model"
    if any(manager.get("healthStatus") not in _STATES for manager in fleet):
        return f"a healthStatus is not one of {', '.join(_STATES)}"
    return ""


def _text(document: Mapping[str, Any], name: str) -> bool:
    return isinstance(document.get(name), str)


def _method(answer: Answer) -> list[Finding]:
    """The API demands 405 for GET; nothing else depends on it."""
    what = "wrong method"
    if answer["status"] is None:
        return []
    if answer["status"] == 405:
        return [Finding("R15", OK, what, "GET is refused with 405")]
    fix = "The API of external key stores demands 405 for it; ask the vendor of the proxy, or check uri_path."
    return [Finding("R15", WARNING, what, f"GET is answered with {answer['status']}", fix)]


def key_error(answer: Answer) -> str | None:
    """The exception that CreateKey would end with because of this answer to GetKeyMetadata; None: it would not."""
    if answer["trouble"]:
        return _STORE_ERROR
    if answer["status"] != 200:
        return _KEY_ERRORS.get(answer["error_name"], _STORE_ERROR)
    document = answer["document"] or {}
    usage = document.get("keyUsage")
    if not isinstance(usage, list) or not _text(document, "keySpec") or not _text(document, "keyStatus"):
        return _STORE_ERROR
    usable = {"ENCRYPT", "DECRYPT"} <= {str(one) for one in usage}
    fit = usable and document["keySpec"] == "AES_256" and document["keyStatus"] == "ENABLED"
    return None if fit else _KEY_ERRORS["InvalidStateException"]


def _key(facts: Facts) -> list[Finding]:
    answer = facts["metadata"]
    if not answer or answer["trouble"] == "unsigned":
        return []
    what = "external key"
    error = key_error(answer)
    if error:
        fix = f"AWS KMS needs an enabled AES_256 key for ENCRYPT and DECRYPT; CreateKey would end with {error}."
        return [Finding("R15", ERROR, what, key_in_words(answer), fix)]
    return [Finding("R15", OK, what, key_in_words(answer)), *_round_trip(facts["round_trip"])]


def key_in_words(answer: Answer) -> str:
    if answer["trouble"]:
        return f"GetKeyMetadata: {answer['detail']}"
    if answer["status"] != 200:
        return f"GetKeyMetadata: {_refusal(answer)}"
    document = answer["document"] or {}
    usage = document.get("keyUsage")
    uses = "/".join(str(one) for one in usage) if isinstance(usage, list) else "no usage"
    return f"{document.get('keySpec', 'no keySpec')}, {document.get('keyStatus', 'no keyStatus')}, {uses}"


def _round_trip(trip: Mapping[str, Any] | None) -> list[Finding]:
    if not trip:
        return []
    what = "encrypt and decrypt"
    if trip["same"]:
        return [Finding("R15", OK, what, "what was encrypted came back")]
    for name in ("encrypt", "decrypt"):
        answer = trip[name]
        if answer and (answer["trouble"] or answer["status"] != 200):
            said = answer["detail"] if answer["trouble"] else _refusal(answer)
            fix = "Check the key, and the proxy's rules for principal_arn and kms_key_arn."
            return [Finding("R15", ERROR, what, f"{name}: {said}", fix)]
    return [Finding("R15", ERROR, what, "decrypt gave other bytes than were encrypted", _VENDOR)]
