# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switches of the proxy: what a test, or an unlucky day, can make it do."""

from __future__ import annotations

import dataclasses
import ssl

ACTIVE = "ACTIVE"
DEGRADED = "DEGRADED"
UNAVAILABLE = "UNAVAILABLE"


@dataclasses.dataclass
class Behaviour:
    """Read at every connection and request, so a test may change any of it while the proxy runs."""

    # One entry per external key manager: ACTIVE, DEGRADED or UNAVAILABLE.
    health: list[str] = dataclasses.field(default_factory=lambda: [ACTIVE, ACTIVE])
    # Seconds before each answer.
    delay: float = 0.0
    # Seconds before the answer to a TLS hello.
    handshake_delay: float = 0.0
    # Operations (health, metadata, encrypt, decrypt) that the proxy's own authorization refuses.
    denied: frozenset[str] = frozenset()
    # An error name of the API that every authenticated request gets.
    error: str | None = None
    # Sent in place of the right body, and with this status in place of the right one.
    body: bytes | None = None
    status: int | None = None
    close_without_answer: bool = False
    plain_http: bool = False
    # A file of certificates that may sign client certificates; naming one makes a client certificate mandatory.
    client_ca_file: str | None = None
    tls_minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    tls_maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    # OpenSSL names of the TLS 1.2 suites, when not the ones that AWS lists.
    ciphers: str | None = None
