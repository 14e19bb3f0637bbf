# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 with keep-alive, one thread per connection, and the ways a connection can break."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from .protocol import HttpRequest, HttpResponse

Handle = Callable[[HttpRequest], HttpResponse]


class Listener(ThreadingHTTPServer):
    """Serves a function; `stopping` cuts waits short."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, handle: Handle) -> None:
        super().__init__((host, port), Handler)
        self.handle = handle
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the server's function, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    server: Listener
    # Small answers must not wait for a client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        path, dummy, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        response = self.server.handle(HttpRequest(self.command, unquote(path), query, headers, body))
        if response.delay and self.server.stopping.wait(response.delay):
            response.reset = True
        if response.reset:
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "date", "server", "status", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

    def _reset(self) -> None:
        # Lingering for no time makes the kernel send a reset instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def version_string(self) -> str:
        return "emulator"

    def log_message(self, format: str, *args: Any) -> None:
        """The call log says what is worth saying."""
