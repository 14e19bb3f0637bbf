# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS's side of the wire: reach a target, speak TLS by AWS's rules, sign, send one request, read one answer."""

from __future__ import annotations

import dataclasses
import enum
import http.client
import io
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.proxy.server import TLS_1_2_SUITES
from emulator.proxy.sigv4 import SERVICE

ANSWER_LIMIT = 64 * 1024


class Trouble(enum.Enum):
    """At which stage a request came to nothing."""

    UNREACHABLE = "no TCP connection"
    TLS = "no TLS connection"
    SILENCE = "no answer in time"
    GIBBERISH = "no interpretable answer"


class ProxyFailure(Exception):
    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A proxy as KMS knows it. `ca_file` None means the system's trust store."""

    targets: Sequence[tuple[str, int]]
    server_name: str
    uri_path: str
    access_key_id: str
    raw_secret_access_key: str = dataclasses.field(repr=False)
    ca_file: str | None
    region: str
    # AWS gives a connected proxy 250 ms for the whole answer.
    timeout: float = 0.25
    # TCP and TLS have a limit of their own, wide enough for a busy machine.
    handshake_timeout: float = 2.0


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    document: Mapping[str, Any]

    @property
    def error_name(self) -> str | None:
        """KMS goes by the name in the body, not by the status alone."""
        name = self.document.get("errorName")
        return name if self.status != 200 and isinstance(name, str) else None


def send(endpoint: Endpoint, operation: str, payload: Mapping[str, Any]) -> Answer:
    """POST `payload` to `<uri path>/<operation>`; raises ProxyFailure when no JSON object comes back."""
    with _tls(endpoint, _tcp(endpoint)) as connection:
        reader = _DeadlineReader(connection, time.monotonic() + endpoint.timeout)
        try:
            connection.settimeout(endpoint.timeout)
            connection.sendall(_request(endpoint, operation, payload))
            response = http.client.HTTPResponse(cast(socket.socket, reader), method="POST")
            response.begin()
            body = response.read(ANSWER_LIMIT)
        except TimeoutError:
            raise ProxyFailure(Trouble.SILENCE, f"no answer within {endpoint.timeout * 1000:.0f} ms") from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise ProxyFailure(Trouble.GIBBERISH, "the connection was closed without an answer") from None
        except ssl.SSLError as error:
            # With TLS 1.3 a server that wants a client certificate says so only after our handshake is done.
            raise ProxyFailure(Trouble.TLS, _reason(error)) from None
        except http.client.HTTPException as error:
            raise ProxyFailure(Trouble.GIBBERISH, f"not an HTTP response ({type(error).__name__})") from None
        except OSError as error:
            raise ProxyFailure(Trouble.GIBBERISH, f"the connection broke ({type(error).__name__})") from None
    return Answer(response.status, _json_object(response.status, body))


def _tcp(endpoint: Endpoint) -> socket.socket:
    refusals = []
    for host, port in endpoint.targets:
        try:
            return socket.create_connection((host, port), timeout=endpoint.handshake_timeout)
        except OSError as error:
            refusals.append(f"{host}:{port} {error.strerror or 'timed out'}")
    raise ProxyFailure(Trouble.UNREACHABLE, "; ".join(refusals) or "there is no target")


def _tls(endpoint: Endpoint, connection: socket.socket) -> ssl.SSLSocket:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _context(endpoint.ca_file).wrap_socket(connection, server_hostname=endpoint.server_name)
    except TimeoutError:
        connection.close()
        raise ProxyFailure(Trouble.SILENCE, "no answer to the TLS handshake") from None
    except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        # Says nothing about TLS: a load balancer without healthy targets does the same.
        connection.close()
        raise ProxyFailure(Trouble.UNREACHABLE, "the connection was ended during the TLS handshake") from None
    except (OSError, ValueError) as error:
        connection.close()
        raise ProxyFailure(Trouble.TLS, _reason(error)) from None


def _context(ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or 1.3, chain, dates and host name checked, the suites that AWS lists.

    Of the TLS 1.3 suites Python cannot leave one out, so any of them is accepted. A certificate without
    alternative names is matched by its common name, as AWS documents; partial wildcards never match.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_SUITES)
    context.hostname_checks_common_name = True
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    return context


def _request(endpoint: Endpoint, operation: str, payload: Mapping[str, Any]) -> bytes:
    path = f"{endpoint.uri_path}/{operation}"
    body = json.dumps(payload).encode("ascii")
    signed = AWSRequest("POST", f"https://{endpoint.server_name}{path}", {"Host": endpoint.server_name}, body)
    credentials = Credentials(endpoint.access_key_id, endpoint.raw_secret_access_key)
    SigV4Auth(credentials, SERVICE, endpoint.region).add_auth(signed)
    # Added after signing: KMS signs host and x-amz-date only.
    unsigned = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    headers = "".join(f"{name}: {value}\r\n" for name, value in [*signed.headers.items(), *unsigned.items()])
    return f"POST {path} HTTP/1.1\r\n{headers}\r\n".encode("ascii") + body


class _DeadlineReader(io.RawIOBase):
    """Reads a socket against one deadline; a socket's own time-out starts anew with every byte."""

    def __init__(self, connection: ssl.SSLSocket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(self))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def _json_object(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        raise ProxyFailure(Trouble.GIBBERISH, f"status {status} without a JSON body") from None
    if not isinstance(document, dict):
        raise ProxyFailure(Trouble.GIBBERISH, f"status {status} with JSON that is not an object")
    return document


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error.verify_code)
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return type(error).__name__
