# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed connection means: each ConnectionErrorCode of AWS KMS with its cause and what to do, in order.

AWS KMS shows the code only while the store is FAILED, and lets nobody connect it again before it was disconnected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLOUDHSM = "AWS_CLOUDHSM"
EXTERNAL = "EXTERNAL_KEY_STORE"

_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
_XKS_PAGE = f"{_GUIDE}/xks-troubleshooting.html"
_HSM_PAGE = f"{_GUIDE}/fix-keystore.html"
_VPC_PAGE = f"{_GUIDE}/vpc-connectivity.html"

_DISCONNECT = "Disconnect the key store (state: disconnected)."
_CONNECT = "Connect it again (state: connected)."
_WAIT = "Wait a few minutes."
_PASSWORD = (
    "Give AWS KMS the password of kmsuser as the key store password (key_store_password), while the store is "
    "disconnected."
)
_BACKUP = (
    "Make a cluster from a recent backup of the original one, so that both share their history, "
    "and give the key store its id (cloud_hsm_cluster_id) while it is disconnected."
)


@dataclass(frozen=True)
class Remedy:
    """cause: what AWS KMS met. steps: what to do about it, after disconnecting and before connecting again.

    retryable: whether connecting again can succeed although nothing was changed.
    """

    cause: str
    steps: tuple[str, ...]
    retryable: bool = False
    documentation: str = _XKS_PAGE


_BOTH: Mapping[str, Remedy] = {
    "INTERNAL_ERROR": Remedy("AWS KMS had an internal error.", (), retryable=True, documentation=_HSM_PAGE),
    "NETWORK_ERRORS": Remedy(
        "Network errors keep AWS KMS from reaching the backing key store; they are often transient.",
        (_WAIT, "If it fails again, check routes, network ACLs and security groups on the way."),
        retryable=True,
        documentation=_HSM_PAGE,
    ),
}

_EXTERNAL: Mapping[str, Remedy] = {
    "INVALID_CREDENTIALS": Remedy(
        "The proxy does not know the credential: its access key id or its secret is wrong.",
        (
            "Look up the credential that the proxy accepts.",
            "Give the key store both parts of it (xks_proxy_authentication_credential). They are sent from this state, "
            "or with force_update_credential: true, although the access key id is the same (N13).",
        ),
    ),
    "XKS_PROXY_ACCESS_DENIED": Remedy(
        "The proxy's own authorization rules refuse AWS KMS.",
        ("Let the proxy's rules admit AWS KMS; a health request must need no authorization beyond its signature.",),
    ),
    "XKS_PROXY_INVALID_CONFIGURATION": Remedy(
        "The proxy does not serve the key store: most often the URI path is wrong.",
        (
            "Look up the path that the proxy serves; it ends in /kms/xks/v1.",
            "Correct xks_proxy_uri_path.",
        ),
    ),
    "XKS_PROXY_INVALID_RESPONSE": Remedy(
        "AWS KMS cannot read the proxy's answer. It can be a passing network problem.",
        (
            "Check that the proxy itself ends TLS and that no other service answers on its port 443.",
            "If it fails again, report it to the vendor of the proxy.",
        ),
        retryable=True,
    ),
    "XKS_PROXY_INVALID_TLS_CONFIGURATION": Remedy(
        "AWS KMS cannot make a TLS connection that it trusts to the proxy.",
        (
            "Check that the proxy's certificate is valid today and names the private DNS name, or a wildcard one "
            "label above it.",
            "Check that the proxy sends the whole chain, up to an authority of AWS's list of trusted certificate "
            "authorities for external key stores.",
            "Check that the proxy speaks TLS 1.2 or 1.3 with one of AWS's cipher suites, and that it does not demand "
            "a client certificate (N1).",
        ),
    ),
    "XKS_PROXY_NOT_REACHABLE": Remedy(
        "AWS KMS finds no working proxy, or the proxy says that all its external key managers are unavailable.",
        (
            "Check that the proxy runs and that the targets of the load balancer are healthy on port 443.",
            "Check xks_proxy_uri_endpoint, xks_proxy_uri_path and xks_proxy_vpc_endpoint_service_name.",
            "Check that firewalls and security groups let the load balancer's addresses through to port 443.",
            "Check with the proxy's own tools that at least one external key manager is available.",
        ),
    ),
    "XKS_PROXY_TIMED_OUT": Remedy(
        "The proxy accepts the connection but does not answer within 250 ms.",
        (
            "Check the load of the proxy and of the external key manager.",
            "Check the network between them; AWS recommends a round trip of 35 ms or less to the Region.",
            "If it fails again, report it to the vendor of the proxy.",
        ),
        retryable=True,
    ),
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION": Remedy(
        "The VPC endpoint service does not meet the requirements of an external key store.",
        (
            "Check that the service requires no acceptance (R8) and allows the principal "
            "cks.kms.<region>.amazonaws.com (R9).",
            "Check that its Network Load Balancer spans two or more Availability Zones (R42) and listens on TCP 443.",
            "Check that its private DNS name is the host of xks_proxy_uri_endpoint, is used by no other service of "
            "the Region (R10), and is verified (R57); the TXT record must stay published (N9).",
            "Check that the proxy's certificate names that host (R14).",
        ),
        documentation=_VPC_PAGE,
    ),
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND": Remedy(
        "AWS KMS cannot see the VPC endpoint service.",
        (
            "Check xks_proxy_vpc_endpoint_service_name, and that it is a service of the key store's Region (R48).",
            "Check that the service allows the principal cks.kms.<region>.amazonaws.com (R9) and requires no "
            "acceptance (R8).",
            "If another account owns it, check xks_proxy_vpc_endpoint_service_owner, and that the service allows "
            "a principal of the key store's account (N16).",
        ),
        documentation=_VPC_PAGE,
    ),
}

_CLOUDHSM: Mapping[str, Remedy] = {
    "INVALID_CREDENTIALS": Remedy(
        "The key store password is not the password that kmsuser has in the cluster.",
        ("Set a password for kmsuser with the CloudHSM CLI.", _PASSWORD),
        documentation=_HSM_PAGE,
    ),
    "CLUSTER_NOT_FOUND": Remedy(
        "There is no CloudHSM cluster with the id that the key store has.",
        ("Check the cluster id.", f"If the cluster was deleted: {_BACKUP}"),
        documentation=_HSM_PAGE,
    ),
    "INSUFFICIENT_CLOUDHSM_HSMS": Remedy(
        "The CloudHSM cluster has no active HSM.",
        ("Add an HSM to the cluster, better two in different Availability Zones, and wait until it is active.",),
        documentation=_HSM_PAGE,
    ),
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": Remedy(
        "A private subnet of the CloudHSM cluster has no free address; AWS KMS needs one in each of them.",
        ("Free an address, better two, in each subnet of the cluster.", f"If that is not possible: {_BACKUP}"),
        documentation=_HSM_PAGE,
    ),
    "SUBNET_NOT_FOUND": Remedy(
        "A subnet of the CloudHSM cluster was deleted.", (_BACKUP,), documentation=_HSM_PAGE
    ),
    "USER_LOCKED_OUT": Remedy(
        "kmsuser is locked after too many logins with a wrong password.",
        ("Change the password of kmsuser with the CloudHSM CLI.", _PASSWORD),
        documentation=_HSM_PAGE,
    ),
    "USER_LOGGED_IN": Remedy(
        "kmsuser is logged in to the CloudHSM cluster, so AWS KMS cannot change its password.",
        ("Log kmsuser out of the cluster.", f"If you changed its password: {_PASSWORD}"),
        documentation=_HSM_PAGE,
    ),
    "USER_NOT_FOUND": Remedy(
        "The CloudHSM cluster has no crypto user kmsuser.",
        ("Make the crypto user kmsuser, without a second factor, with the CloudHSM CLI.", _PASSWORD),
        documentation=_HSM_PAGE,
    ),
}

REMEDIES: Mapping[str, Mapping[str, Remedy]] = {
    EXTERNAL: {**_BOTH, **_EXTERNAL},
    CLOUDHSM: {**_BOTH, **_CLOUDHSM},
}


def codes() -> set[str]:
    """Every ConnectionErrorCode that has a remedy."""
    return {code for table in REMEDIES.values() for code in table}


def applies(code: str) -> str:
    """The key stores that can have CODE: "external", "cloudhsm" or "both"."""
    external, cloudhsm = code in REMEDIES[EXTERNAL], code in REMEDIES[CLOUDHSM]
    if external and cloudhsm:
        return "both"
    return "external" if external else "cloudhsm"


def remedy(code: str | None, store_type: str) -> dict[str, Any] | None:
    """The remedy for CODE as a result; a code that AWS added since gets what helps with every one of them."""
    if not code:
        return None
    known = REMEDIES[store_type].get(code) or Remedy(
        f"AWS KMS reports {code}, which this version of the collection does not know.",
        ("Read the documentation of the code.",),
        documentation=_XKS_PAGE if store_type == EXTERNAL else _HSM_PAGE,
    )
    return {
        "code": code,
        "cause": known.cause,
        "steps": [_DISCONNECT, *known.steps, _CONNECT],
        "retryable": known.retryable,
        "applies": applies(code),
        "documentation": known.documentation,
    }


def before_connecting(code: str | None) -> dict[str, Any] | None:
    """The remedy for a CODE that an external key store would get, where it is not connected yet."""
    advice = remedy(code, EXTERNAL)
    if advice is None:
        return None
    return {**advice, "steps": [step for step in advice["steps"] if step not in (_DISCONNECT, _CONNECT)]}


def in_words(advice: Mapping[str, Any]) -> str:
    """A remedy as sentences for a message."""
    steps = " ".join(f"({number}) {step}" for number, step in enumerate(advice["steps"], 1))
    return f"{advice['cause']} What to do: {steps} See {advice['documentation']}."
