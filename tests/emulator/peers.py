# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers on loopback that are no proxies: each does one thing to whoever connects."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable

Action = Callable[[socket.socket], None]


class Peer:
    """A server that does ACTION to each connection, after a TLS handshake where there is a context."""

    def __init__(self, action: Action, context: ssl.SSLContext | None = None) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = self.request
                with contextlib.suppress(OSError):
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    action(connection)
                connection.close()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> tuple[str, int]:
        return ("127.0.0.1", int(self.server.server_address[1]))

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def answering(data: bytes) -> Action:
    def action(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return action


def dripping(connection: socket.socket) -> None:
    """A byte now and then keeps an ordinary socket time-out from ever being reached."""
    connection.recv(65536)
    for _byte in range(40):
        connection.sendall(b"H")
        threading.Event().wait(0.05)


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    threading.Event().wait(1.0)


def hanging_up(connection: socket.socket) -> None:
    """An orderly end, once the hello was read."""
    connection.recv(65536)


def resetting(connection: socket.socket) -> None:
    """As a load balancer without healthy targets does it."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
