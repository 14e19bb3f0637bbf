# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""X.509 certificates as plain facts: resources judge them, and need no library for it."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

_OTHER_KEYS = {"Ed25519PublicKey": ("Ed25519", 256), "Ed448PublicKey": ("Ed448", 456)}


def demand_library() -> None:
    """Say what is missing before the first connection, not after the last."""
    if not HAS_CRYPTOGRAPHY:
        raise Failure(
            "The Python library cryptography is needed to read certificates: install it on the host that runs this "
            "module (pip install cryptography, or the package python3-cryptography of the distribution)."
        )


def described(chain: Iterable[bytes]) -> list[dict[str, Any]]:
    """The certificates of a chain in DER, in their order; ValueError where one cannot be read."""
    return [_facts(der) for der in chain]


def path_to_root(chain: Sequence[bytes], roots: Iterable[bytes]) -> list[bytes]:
    """CHAIN and the root that issued its last certificate, by name; empty without one. OpenSSL has checked it."""
    issuer = x509.load_der_x509_certificate(chain[-1]).issuer
    found = next((root for root in roots if _subject(root) == issuer), None)
    if found is None:
        return []
    return list(chain) if found == chain[-1] else [*chain, found]


def _subject(der: bytes) -> Any:
    """None where it cannot be read: a system's store has odd ones."""
    try:
        return x509.load_der_x509_certificate(der).subject
    except ValueError:
        return None


def fingerprint(der: bytes) -> str:
    """SHA-256 in lower-case hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def _facts(der: bytes) -> dict[str, Any]:
    certificate = x509.load_der_x509_certificate(der)
    key_type, key_size = _key(certificate)
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "common_name": _common_name(certificate),
        "dns_names": _dns_names(certificate),
        "not_before": _moment(certificate, "not_valid_before"),
        "not_after": _moment(certificate, "not_valid_after"),
        "key_type": key_type,
        "key_size": key_size,
        "sha256": fingerprint(der),
        "self_issued": certificate.subject == certificate.issuer,
        "issuer_urls": _issuer_urls(certificate),
    }


def _moment(certificate: Any, name: str) -> int:
    """Seconds since 1970. cryptography before 42 has only the name without _utc, later ones warn of that one."""
    moment = getattr(certificate, f"{name}_utc", None) or getattr(certificate, name)
    return calendar.timegm(moment.utctimetuple())


def _common_name(certificate: Any) -> str:
    """The last one: the most specific, where a subject has several."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def _extension(certificate: Any, oid: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _dns_names(certificate: Any) -> list[str]:
    names = _extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    return list(names.get_values_for_type(x509.DNSName)) if names else []


def _issuer_urls(certificate: Any) -> list[str]:
    """Where the issuer's own certificate can be had."""
    access = _extension(certificate, ExtensionOID.AUTHORITY_INFORMATION_ACCESS) or ()
    return [
        str(entry.access_location.value)
        for entry in access
        if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    ]


def _key(certificate: Any) -> tuple[str, int]:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    return _OTHER_KEYS.get(type(key).__name__.strip("_"), ("unknown", 0))
