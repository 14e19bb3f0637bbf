# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS with an external key store proxy, seen from AWS KMS's side: one connection, one deadline, and why it failed.

The handshake runs over memory buffers, so that what the peer sent is known: up to TLS 1.2 its certificates and its
wish for a client certificate are in clear, which no function of the standard library tells.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import tls_wire

# The TLS 1.2 suites that AWS lists, by OpenSSL's names.
AWS_CIPHERS = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
# OpenSSL 3 speaks TLS 1.0 and 1.1 at security level 0 only.
_ANY_CIPHERS = "DEFAULT:@SECLEVEL=0"
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME: dates are judged one by one, and must not hide whether a root is trusted.
_NO_CHECK_TIME = 0x200000
_SILENCE = (TimeoutError, socket.timeout)
_ENDED = (ssl.SSLZeroReturnError, ssl.SSLEOFError)
_CHUNK = 16384

SILENT = "silent"
HUNG_UP = "hung up"
UNREACHABLE = "unreachable"
PLAIN_HTTP = "plain HTTP"
NOT_TLS = "not TLS"
REFUSED = "refused"
UNTRUSTED = "untrusted"


class Trouble(Exception):
    """Why a connection came to nothing: a kind (one of the constants above) and a detail."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True)
class Place:
    """Where to connect to, the name to ask for, and how long all of one connection may take."""

    address: str
    port: int
    server_name: str
    timeout: float


class Channel:
    """One TLS connection; use it as a context manager. All of it has to end by the deadline."""

    def __init__(self, place: Place, context: ssl.SSLContext | None = None) -> None:
        self.deadline = time.monotonic() + place.timeout
        self._place = place
        self._received = bytearray()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: Any = None
        self.secured = False
        if context is not None:
            self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=place.server_name)
        start = time.monotonic()
        self._socket = self._connected()
        self.connect_ms = (time.monotonic() - start) * 1000

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def _connected(self) -> socket.socket:
        try:
            connection = socket.create_connection((self._place.address, self._place.port), timeout=self._left())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except _SILENCE:
            raise Trouble(UNREACHABLE, f"no answer within {self._place.timeout:g} s") from None
        except OSError as error:
            raise Trouble(UNREACHABLE, error.strerror or str(error)) from None
        return connection

    def handshake(self) -> float:
        """Milliseconds that it took."""
        start = time.monotonic()
        try:
            self._pump(self.tls.do_handshake)
        except _ENDED:
            raise Trouble(HUNG_UP, "it closed the connection during the TLS handshake") from None
        self.secured = True
        return (time.monotonic() - start) * 1000

    def write(self, data: bytes) -> None:
        try:
            self._pump(lambda: self.tls.write(data))
        except _ENDED:
            raise Trouble(HUNG_UP, "it closed the connection") from None

    def read(self, size: int) -> bytes:
        """Empty where the peer has ended the connection."""
        try:
            return bytes(self._pump(lambda: self.tls.read(size)))
        except _ENDED:
            return b""

    def greet(self, hello: bytes) -> int:
        """Send a client hello of one's own; the type of the record that comes back."""
        try:
            self._socket.sendall(hello)
            self._fill()
        except _SILENCE:
            raise Trouble(SILENT, "no answer to the TLS handshake") from None
        except OSError as error:
            raise Trouble(HUNG_UP, type(error).__name__) from None
        return self._received[0] if self._received else 0

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """The handshake messages that the peer sent in clear."""
        return tls_wire.messages(bytes(self._received))

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _pump(self, operation: Callable[[], Any]) -> Any:
        try:
            while True:
                try:
                    return operation()
                except ssl.SSLWantReadError:
                    self._flush()
                    self._fill()
        except _SILENCE:
            raise Trouble(SILENT, f"no answer within {self._place.timeout:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise Trouble(UNTRUSTED, error.verify_message or str(error.verify_code)) from None
        except _ENDED:
            raise
        except ssl.SSLError as error:
            raise self._refusal(error) from None
        except OSError as error:
            raise Trouble(HUNG_UP, f"the connection was reset ({type(error).__name__})") from None
        finally:
            self._flush_quietly()

    def _refusal(self, error: ssl.SSLError) -> Trouble:
        first = bytes(self._received[:5])
        if first.startswith(b"HTTP/"):
            return Trouble(PLAIN_HTTP, "it answers in HTTP without TLS")
        if first and first[0] not in (tls_wire.ALERT, tls_wire.HANDSHAKE):
            return Trouble(NOT_TLS, "what it answers is not TLS")
        return Trouble(REFUSED, (error.reason or type(error).__name__).lower().replace("_", " "))

    def _flush(self) -> None:
        waiting = self._outgoing.read()
        if waiting:
            self._socket.settimeout(self._left())
            self._socket.sendall(waiting)

    def _flush_quietly(self) -> None:
        """The last words of a handshake that failed; nobody may be listening any more."""
        with contextlib.suppress(OSError):
            self._flush()

    def _fill(self) -> None:
        self._socket.settimeout(self._left())
        data = self._socket.recv(_CHUNK)
        self._received += data
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


class Reader(io.RawIOBase):
    """A channel as http.client wants it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def makefile(self, mode: str) -> Any:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._channel.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def aws_context() -> ssl.SSLContext:
    """What AWS KMS offers, as far as Python lets one say it: every TLS 1.3 suite of OpenSSL is among it."""
    context = _context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(AWS_CIPHERS)
    return context


def version_context(version: str) -> ssl.SSLContext | None:
    """One version alone, with any suite; None where this Python cannot speak it."""
    context = _context()
    wanted = ssl.TLSVersion[version.replace(".", "_")]
    try:
        with warnings.catch_warnings():
            # Old versions are deprecated: that is what one wants to find.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = wanted
        context.set_ciphers(_ANY_CIPHERS)
    except (ValueError, ssl.SSLError):
        return None
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def verifying(context: ssl.SSLContext, ca_file: str | None, anchors: bytes) -> ssl.SSLContext:
    """CONTEXT, made to trust CA_FILE or the system's store, and ANCHORS (DER) too; neither dates nor names count."""
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    if anchors:
        context.load_verify_locations(cadata=anchors)
    return context


def served_chain(channel: Channel) -> list[bytes]:
    """The certificates as the peer sent them, in DER."""
    for kind, body in channel.messages():
        if kind == tls_wire.CERTIFICATE:
            return list(tls_wire.certificates(body))
    if not channel.secured:
        return []
    told = _asked(channel.tls, "get_unverified_chain")
    if told:
        return told
    leaf = channel.tls.getpeercert(True)
    return [leaf] if leaf else []


def verified_chain(channel: Channel) -> list[bytes]:
    """The path to the trusted root, in DER; empty where this Python does not tell."""
    return _asked(channel.tls, "get_verified_chain")


def chosen_version(channel: Channel) -> str:
    """What the peer answered the hello with; a TLS 1.3 peer says 1.2 there, and the truth in an extension."""
    for kind, body in channel.messages():
        if kind == tls_wire.SERVER_HELLO and channel.secured:
            return str(channel.tls.version())
        if kind == tls_wire.SERVER_HELLO:
            return tls_wire.VERSIONS.get(body[:2], "")
    return ""


def wants_certificate(channel: Channel) -> bool:
    return any(kind == tls_wire.CERTIFICATE_REQUEST for kind, dummy in channel.messages())


def _asked(tls: Any, method: str) -> list[bytes]:
    """Public from Python 3.13 on; 3.10 to 3.12 have it one level below."""
    if hasattr(tls, method):
        return [bytes(item) for item in getattr(tls, method)() or ()]
    below = getattr(tls, "_sslobj", None)
    if not hasattr(below, method):
        return []
    return [ssl.PEM_cert_to_DER_cert(item.public_bytes()) for item in getattr(below, method)() or ()]


def hello_with(version: str, suite: int, server_name: str) -> bytes:
    """A client hello of VERSION that offers one suite: OpenSSL's own, with the list of suites replaced.

    Python cannot choose among TLS 1.3 suites. Only the answer to the hello is looked at, so that no key is needed.
    """
    context = version_context(version)
    if context is None:
        return b""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name).do_handshake()
    return tls_wire.with_suite(outgoing.read(), suite)
