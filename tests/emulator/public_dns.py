# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated public zones as the world outside sees them."""

from __future__ import annotations

import re
import threading
from typing import Any

from .route53.state import Hosted, Zone
from .world import World

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def unquote(value: str) -> str:
    """The text of a TXT value: its quoted strings, joined."""
    return "".join(re.sub(r"\\(.)", r"\1", part) for part in _STRING.findall(value))


def public_zones(world: World) -> list[Zone]:
    return [zone for dummy, dummy, hosted in world.stores(Hosted) for zone in hosted.public_zones()]


def public_records(world: World, name: str, kind: str) -> list[str]:
    """Values of a record that is in sync in the longest matching public zone; TXT values without their quotes."""
    wanted = name.rstrip(".").lower() + "."
    zones = [zone for zone in public_zones(world) if wanted == zone.name or wanted.endswith("." + zone.name)]
    for zone in sorted(zones, key=lambda zone: len(zone.name), reverse=True)[:1]:
        values = zone.published().get((wanted, kind), [])
        return [unquote(value) for value in values] if kind == "TXT" else list(values)
    return []


def serve(world: World, lock: threading.RLock, host: str, port: int) -> Any:
    """A DNS server that answers from the emulated public zones."""
    from .dns_server import DnsServer

    def zones() -> dict[str, dict[tuple[str, str], list[str]]]:
        # A request that holds the lock ran what was due when it began, and may be the one that waits for this answer:
        # a verification can be told to ask this very server.
        if lock.acquire(blocking=False):
            try:
                world.clock.run_due()
            finally:
                lock.release()
        return {zone.name: dict(zone.published()) for zone in public_zones(world)}

    server = DnsServer(zones, host=host, port=port)
    server.start()
    return server
