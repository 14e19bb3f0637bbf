# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 over TLS on a loopback port, a thread per connection, around the XKS proxy API."""

from __future__ import annotations

import collections
import http.server
import socket
import socketserver
import ssl
import threading
import time
import warnings
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Self

from emulator.proxy.api import Reply, Served, XksApi
from emulator.proxy.behaviour import Behaviour
from emulator.proxy.crypto import ExternalKey
from emulator.proxy.sigv4 import SignedRequest

# The TLS 1.2 suites that AWS lists. OpenSSL always offers the listed TLS 1.3 suites.
TLS_1_2_SUITES = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
# 4300 bytes of plaintext and 8192 of AAD in Base64, and ARNs of 2048 characters, fit with room to spare.
BODY_LIMIT = 64 * 1024
IDLE_SECONDS = 60.0
HANDSHAKE_SECONDS = 5.0
TLS_HANDSHAKE_RECORD = 0x16
PING_PATH = "/ping"


class XksProxy:
    """An XKS proxy on a loopback port: start(), stop(), address, and switches in `behaviour`."""

    def __init__(
        self,
        *,
        certificate: str | Path | None = None,
        private_key: str | Path | None = None,
        credentials: Mapping[str, str],
        uri_path_prefix: str = "",
        keys: Mapping[str, ExternalKey] | None = None,
        behaviour: Behaviour | None = None,
        region: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.certificate = certificate
        self.private_key = private_key
        self.behaviour = behaviour or Behaviour()
        self.credentials: MutableMapping[str, str] = dict(credentials)
        self.keys: MutableMapping[str, ExternalKey] = dict(keys or {})
        self.served: collections.deque[Served] = collections.deque(maxlen=1000)
        self.api = XksApi(uri_path_prefix, self.credentials, self.keys, self.behaviour, region, self.served.append)
        self._bind = (host, port)
        self._server: _Server | None = None

    @property
    def uri_path(self) -> str:
        """What KMS calls XksProxyUriPath."""
        return self.api.base

    @property
    def address(self) -> tuple[str, int]:
        if self._server is None:
            raise RuntimeError("the proxy is not running")
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> Self:
        if not self.behaviour.plain_http:
            self.tls_context()
        server = _Server(self._bind, self)
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), name="xks-proxy", daemon=True).start()
        return self

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def tls_context(self) -> ssl.SSLContext:
        """A new context per connection: a renewed certificate or a changed switch counts from the next one on."""
        if self.certificate is None or self.private_key is None:
            raise ValueError("TLS needs a certificate chain file and a private key file")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        old = self.behaviour.tls_minimum < ssl.TLSVersion.TLSv1_2
        # OpenSSL 3 speaks TLS 1.0 and 1.1 at security level 0 only.
        context.set_ciphers(self.behaviour.ciphers or ("ALL:@SECLEVEL=0" if old else TLS_1_2_SUITES))
        with warnings.catch_warnings():
            # Old versions are deprecated, which is why a test wants to offer nothing else.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = self.behaviour.tls_minimum
            context.maximum_version = self.behaviour.tls_maximum
        context.load_cert_chain(self.certificate, self.private_key)
        if self.behaviour.client_ca_file is not None:
            context.load_verify_locations(self.behaviour.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: XksProxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        secured = self._secured(request)
        if secured is not None:
            try:
                super().finish_request(secured, client_address)
            finally:
                secured.close()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End connections that a client keeps alive: after stop() nobody may get another answer."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away, or that a test makes go away, are no news."""

    def _secured(self, request: socket.socket) -> socket.socket | None:
        request.settimeout(HANDSHAKE_SECONDS)
        if self.proxy.behaviour.plain_http:
            return None if _sent_away(request) else request.dup()
        if self.proxy.behaviour.handshake_delay:
            time.sleep(self.proxy.behaviour.handshake_delay)
        # A duplicate, because wrap_socket would detach the socket that hang_up() has to know.
        duplicate = request.dup()
        duplicate.settimeout(HANDSHAKE_SECONDS)
        try:
            return self.proxy.tls_context().wrap_socket(duplicate, server_side=True)
        except (OSError, ssl.SSLError):
            _linger(request)
            return None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "xks-proxy"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    # Buffered, so that header and body go out as one TLS record.
    wbufsize = BODY_LIMIT
    server: _Server

    def answer(self) -> None:
        body = self._body()
        if body is None:
            return
        behaviour = self.server.proxy.behaviour
        if behaviour.delay:
            time.sleep(behaviour.delay)
        if behaviour.close_without_answer:
            self.close_connection = True
            return
        if self.command == "GET" and self.path == PING_PATH:
            # For the load balancer's health check, which can neither POST nor sign.
            self._send(Reply(200, b"pong", (("Content-Type", "text/plain"),)))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.proxy.api.handle(SignedRequest(self.command, self.path, headers, body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `XksProxy.served` is the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, without the HTML page it would send."""
        self.close_connection = True
        self._send(Reply(code, headers=(("Connection", "close"),)))

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            return None
        if int(length) > BODY_LIMIT:
            self.send_error(413)
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)


def _sent_away(request: socket.socket) -> bool:
    """Answers a TLS hello in the clear, as web servers do; http.server would wait for the end of a line."""
    first = request.recv(1, socket.MSG_PEEK)
    if not first or first[0] != TLS_HANDSHAKE_RECORD:
        return False
    request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    _linger(request)
    return True


def _linger(request: socket.socket) -> None:
    """Let the alert or answer arrive: closing with unread input resets the connection and discards it."""
    try:
        request.shutdown(socket.SHUT_WR)
        request.settimeout(1.0)
        while request.recv(4096):
            pass
    except OSError:
        return
