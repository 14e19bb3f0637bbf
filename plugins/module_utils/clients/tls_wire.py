# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few bytes of TLS that are read and written by hand (RFC 5246, RFC 8446): records, and what is clear in them."""

from __future__ import annotations

from collections.abc import Iterator

SERVER_HELLO, CERTIFICATE, CERTIFICATE_REQUEST = 2, 11, 13
VERSIONS = {b"\x03\x01": "TLSv1", b"\x03\x02": "TLSv1.1", b"\x03\x03": "TLSv1.2"}
ALERT, HANDSHAKE = 0x15, 0x16
# Says that the client knows of secure renegotiation; some servers turn those away that do not (RFC 5746).
_RENEGOTIATION = b"\x00\xff"
_HEADER = 5
_MESSAGE_HEADER = 4
# Of a client hello: the version and the random value before the session id.
_BEFORE_SESSION = _HEADER + _MESSAGE_HEADER + 2 + 32


def messages(received: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each handshake message before the peer began to encrypt."""
    stream = b"".join(_clear(received))
    while len(stream) >= _MESSAGE_HEADER:
        end = _MESSAGE_HEADER + int.from_bytes(stream[1:_MESSAGE_HEADER], "big")
        if end > len(stream):
            return
        yield stream[0], stream[_MESSAGE_HEADER:end]
        stream = stream[end:]


def _clear(received: bytes) -> Iterator[bytes]:
    """The contents of the records up to the first that is no handshake: from there on they are encrypted."""
    while len(received) >= _HEADER and received[0] == HANDSHAKE:
        end = _HEADER + int.from_bytes(received[3:_HEADER], "big")
        yield received[_HEADER:end]
        received = received[end:]


def certificates(body: bytes) -> Iterator[bytes]:
    """Those of a Certificate message up to TLS 1.2, in DER: each after its length in three bytes, as is the list."""
    rest = body[3:]
    while len(rest) > 3:
        end = 3 + int.from_bytes(rest[:3], "big")
        yield rest[3:end]
        rest = rest[end:]


def with_suite(hello: bytes, suite: int) -> bytes:
    """The record HELLO, a client hello, with SUITE in place of the list of suites."""
    start = _BEFORE_SESSION + 1 + hello[_BEFORE_SESSION]
    after = start + 2 + int.from_bytes(hello[start:start + 2], "big")
    suites = suite.to_bytes(2, "big") + _RENEGOTIATION
    body = hello[_HEADER + _MESSAGE_HEADER:start] + len(suites).to_bytes(2, "big") + suites + hello[after:]
    message = hello[_HEADER:_HEADER + 1] + len(body).to_bytes(3, "big") + body
    return hello[:3] + len(message).to_bytes(2, "big") + message
