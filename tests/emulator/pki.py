# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests and the demonstration: a root, an optional intermediate, and server leaves with any flaw."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = datetime.timedelta(days=365)
# ensure() renews a certificate this long before its end, so that no long test run meets the end.
RENEWAL_MARGIN = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Issued:
    """A certificate, its private key, and the intermediates between it and the root (root not included)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = dataclasses.field(repr=False)
    intermediates: tuple[x509.Certificate, ...] = ()

    def chain_pem(self, complete: bool = True) -> bytes:
        certificates = (self.certificate, *self.intermediates) if complete else (self.certificate,)
        return b"".join(_pem(certificate) for certificate in certificates)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


@dataclasses.dataclass(frozen=True)
class Files:
    """Where ensure() and write_leaf() have put things."""

    ca: Path
    chain: Path
    key: Path


def new_root(common_name: str = "keylink.aws test root") -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = _builder(name, name, key.public_key(), key.public_key(), *_validity(None, None, 10 * YEAR))
    return Issued(_as_authority(builder, None).sign(key, hashes.SHA256()), key)


def new_intermediate(root: Issued, common_name: str = "keylink.aws test intermediate") -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(
        _name(common_name),
        root.certificate.subject,
        key.public_key(),
        root.key.public_key(),
        *_validity(None, None, 5 * YEAR),
    )
    certificate = _as_authority(builder, 0).sign(root.key, hashes.SHA256())
    return Issued(certificate, key, (certificate, *root.intermediates))


def issue_leaf(
    authority: Issued,
    server_name: str,
    *,
    common_name: str | None = None,
    alternative_names: Sequence[str] | None = None,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
) -> Issued:
    """A server certificate. An empty `alternative_names` gives the old kind: a common name and no SAN."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(
        # X.520 limits a common name to 64 characters; longer names live in the SAN only.
        _name(common_name if common_name is not None else server_name[:64]),
        authority.certificate.subject,
        key.public_key(),
        authority.key.public_key(),
        *_validity(not_before, not_after, YEAR),
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
    usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    names = [server_name] if alternative_names is None else alternative_names
    if names:
        san = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(san, critical=False)
    return Issued(builder.sign(authority.key, hashes.SHA256()), key, authority.intermediates)


def expired_leaf(authority: Issued, server_name: str) -> Issued:
    now = _now()
    return issue_leaf(authority, server_name, not_before=now - YEAR, not_after=now - RENEWAL_MARGIN)


def future_leaf(authority: Issued, server_name: str) -> Issued:
    return issue_leaf(authority, server_name, not_before=_now() + RENEWAL_MARGIN)


def write_leaf(directory: Path, root: Issued, leaf: Issued, stem: str = "server", complete_chain: bool = True) -> Files:
    """Write the root's certificate, the chain as a server sends it, and the private key (0600)."""
    directory.mkdir(parents=True, exist_ok=True)
    files = Files(directory / "ca.pem", directory / f"{stem}.chain.pem", directory / f"{stem}.key.pem")
    files.ca.write_bytes(_pem(root.certificate))
    files.chain.write_bytes(leaf.chain_pem(complete_chain))
    _write_private(files.key, leaf.key_pem())
    return files


def ensure(directory: str | Path, server_name: str) -> Files:
    """The CA of `directory` and a leaf for `server_name`: used again while valid, made where missing or ending."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    root = _load(folder / "ca.pem", folder / "ca.key.pem")
    if root is None:
        root = new_root()
        (folder / "ca.pem").write_bytes(_pem(root.certificate))
        _write_private(folder / "ca.key.pem", root.key_pem())
    stem = server_name.replace("*", "_wildcard")
    files = Files(folder / "ca.pem", folder / f"{stem}.chain.pem", folder / f"{stem}.key.pem")
    leaf = _load(files.chain, files.key)
    if leaf is None or not _signed_by(leaf, root):
        return write_leaf(folder, root, issue_leaf(root, server_name), stem)
    return files


def _load(certificate_file: Path, key_file: Path) -> Issued | None:
    """What the two files hold, or nothing when either is missing or the certificate is about to end."""
    if not (certificate_file.exists() and key_file.exists()):
        return None
    first, *rest = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or first.not_valid_after_utc < _now() + RENEWAL_MARGIN:
        return None
    return Issued(first, key, tuple(rest))


def _signed_by(leaf: Issued, root: Issued) -> bool:
    authority_key = leaf.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    root_key = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return authority_key.key_identifier == root_key.digest


def _write_private(path: Path, content: bytes) -> None:
    # Removed first: the mode given to open() is only used for a file that it creates.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    not_before: datetime.datetime,
    not_after: datetime.datetime,
) -> x509.CertificateBuilder:
    # Both key identifiers are needed by verifiers in strict mode (Python's default context from 3.13 on).
    return (
        x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number(), not_before, not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _as_authority(builder: x509.CertificateBuilder, path_length: int | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)


def _key_usage(digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _validity(
    not_before: datetime.datetime | None, not_after: datetime.datetime | None, length: datetime.timedelta
) -> tuple[datetime.datetime, datetime.datetime]:
    # An hour back by default: clocks of two machines differ.
    start = not_before or _now() - datetime.timedelta(hours=1)
    return start, not_after or start + length


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
