# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further loopback addresses for a DNS server that takes those of its interfaces only."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

SECONDS = 10.0


@contextlib.contextmanager
def relay(address: str, port: int, to: int) -> Iterator[None]:
    """Hand UDP and TCP that comes to ADDRESS on to port TO of 127.0.0.1. It arrives from ADDRESS, too."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, here = self.request
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there, contextlib.suppress(OSError):
                there.settimeout(SECONDS)
                there.bind((address, 0))
                there.sendto(wire, ("127.0.0.1", to))
                here.sendto(there.recv(65535), self.client_address)

    class Stream(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", to), SECONDS, (address, 0)) as there:
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join(SECONDS)

    with Udp((address, port), Datagram) as udp, Tcp((address, port), Stream) as tcp:
        for server in (udp, tcp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            udp.shutdown()
            tcp.shutdown()


class Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    block_on_close = False
    max_packet_size = 65535


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65535):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
