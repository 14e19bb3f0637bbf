# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of every kind as plain facts, and the bytes of TLS that are read by hand."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import certificates, tls_wire
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

BEGIN = datetime.datetime(2026, 1, 1)
END = datetime.datetime(2027, 1, 1)


def der(key: Any, subject: str = "CN=leaf", issuer: str = "CN=root", **extensions: Any) -> bytes:
    builder = x509.CertificateBuilder(
        x509.Name.from_rfc4514_string(issuer), x509.Name.from_rfc4514_string(subject), key.public_key(), 1, BEGIN, END
    )
    for extension in extensions.values():
        builder = builder.add_extension(extension, critical=False)
    curves = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
    signed = builder.sign(key, None if isinstance(key, curves) else hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


CURVE = ec.generate_private_key(ec.SECP384R1())
KEYS = [
    (CURVE, "EC", 384), (rsa.generate_private_key(65537, 2048), "RSA", 2048),
    (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256), (ed448.Ed448PrivateKey.generate(), "Ed448", 456),
]


@pytest.mark.parametrize(("key", "key_type", "key_size"), KEYS, ids=[row[1] for row in KEYS])
def test_key_type_and_size(key: Any, key_type: str, key_size: int) -> None:
    facts = certificates.described([der(key)])[0]
    assert (facts["key_type"], facts["key_size"]) == (key_type, key_size)


def test_facts_of_a_certificate() -> None:
    url = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.example.com/1.crt")
    )
    names = x509.SubjectAlternativeName([x509.DNSName("a.example.com"), x509.DNSName("*.example.com")])
    made = der(CURVE, "O=Example,CN=outer,CN=inner", names=names, access=x509.AuthorityInformationAccess([url]))
    facts = certificates.described([made])[0]
    # RFC 4514 writes the most specific part first.
    assert facts["common_name"] == "outer"
    assert facts["dns_names"] == ["a.example.com", "*.example.com"]
    assert (facts["not_before"], facts["not_after"]) == (1767225600, 1798761600)
    assert (facts["issuer"], facts["self_issued"]) == ("CN=root", False)
    assert facts["issuer_urls"] == ["http://ca.example.com/1.crt"]
    assert facts["sha256"] == x509.load_der_x509_certificate(made).fingerprint(hashes.SHA256()).hex()


def test_a_certificate_with_next_to_nothing() -> None:
    facts = certificates.described([der(CURVE, "O=nobody", "O=nobody")])[0]
    assert (facts["common_name"], facts["dns_names"], facts["issuer_urls"]) == ("", [], [])
    assert facts["self_issued"] is True
    with pytest.raises(ValueError, match="."):
        certificates.described([b"\x30\x03\x02\x01\x00"])


def test_the_root_is_found_by_its_name() -> None:
    leaf, root, other = der(CURVE), der(CURVE, "CN=root"), der(CURVE, "CN=other")
    assert certificates.path_to_root([leaf], [other, root]) == [leaf, root]
    assert certificates.path_to_root([leaf, root], [other, root]) == [leaf, root]
    assert certificates.path_to_root([leaf], [other]) == []
    assert certificates.path_to_root([leaf], [b"not a certificate", root]) == [leaf, root]


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, "big") + content


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


WIRE = [
    (b"", []),
    (b"HTTP/1.1 400", []),
    (record(0x15, b"\x02\x28"), []),
    (record(0x16, message(2, b"hello")), [(2, b"hello")]),
    # Two messages in a record, one in two records, and what is encrypted after that.
    (record(0x16, message(2, b"a") + message(11, b"b")), [(2, b"a"), (11, b"b")]),
    (record(0x16, message(11, b"long")[:5]) + record(0x16, message(11, b"long")[5:]), [(11, b"long")]),
    (record(0x16, message(2, b"a")) + record(0x14, b"\x01") + record(0x16, message(13, b"x")), [(2, b"a")]),
    (record(0x16, message(2, b"cut off")[:-1]), []),
]


@pytest.mark.parametrize(("received", "expected"), WIRE)
def test_messages_in_clear(received: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert list(tls_wire.messages(received)) == expected


def test_certificates_of_a_message() -> None:
    body = b"\x00\x00\x09" + b"\x00\x00\x02ab" + b"\x00\x00\x01c"
    assert list(tls_wire.certificates(body)) == [b"ab", b"c"]
    assert list(tls_wire.certificates(b"\x00\x00\x00")) == []


def test_a_hello_with_one_suite() -> None:
    before = b"\x03\x03" + bytes(32) + b"\x02id"
    hello = record(0x16, message(1, before + b"\x00\x04\x13\x01\x13\x02" + b"\x01\x00rest"))
    wanted = record(0x16, message(1, before + b"\x00\x04\xc0\x30\x00\xff" + b"\x01\x00rest"))
    assert tls_wire.with_suite(hello, 0xC030) == wanted
