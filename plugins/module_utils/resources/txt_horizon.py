# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signs that this host does not see the public DNS that AWS sees: a split horizon, or a private hosted zone."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing

# All private hosted zones of Route 53 name these servers, and public ones never do.
_PRIVATE_ZONE = re.compile(r"ns-\d+\.awsdns-00\.(com|net|org|co\.uk)")
_ASK_OUTSIDE = "name resolvers that see public DNS with the option resolvers, to see what AWS sees"

Answers = Sequence[Mapping[str, Any]]


def split(answers: Answers, value: str) -> list[str]:
    """Names that the resolver and the authoritative servers tell differently about."""
    having = [answer for answer in answers if value in (answer.get("resolver") or ())]
    return [
        f"the DNS resolver of this host has the value at {answer['name']}, but the servers of the zone "
        f"{answer['zone']} ({listing(_names(answer))}) do not: it is in an internal copy of the zone (split horizon) "
        "or left in a cache, and AWS looks in neither; publish it in the public zone too"
        for answer in having
    ]


def internal(answers: Answers) -> list[str]:
    """Zones that cannot be what AWS sees, by who serves them."""
    notes = []
    for answer in answers:
        names = answer.get("name_servers") or ()
        if names and all(map(_PRIVATE_ZONE.fullmatch, names)):
            notes.append(
                f"this host sees a private hosted zone {answer['zone']} of Route 53 in place of public DNS, and AWS "
                f"never looks in a private zone: {_ASK_OUTSIDE}"
            )
            continue
        inside = [server["server"] for server in answer["servers"] if _is_inside(server.get("address"))]
        if inside and len(inside) == len(answer["servers"]):
            notes.append(
                f"all servers of the zone {answer['zone']} that this host sees ({listing(inside)}) have private "
                f"addresses, so AWS asks others: {_ASK_OUTSIDE}"
            )
    return list(dict.fromkeys(notes))


def _names(answer: Mapping[str, Any]) -> list[str]:
    return [server["server"] for server in answer["servers"]]


def _is_inside(address: str | None) -> bool:
    """Whether an address is one of an internal network; loopback is this very host."""
    if not address:
        return False
    parsed = ipaddress.ip_address(address)
    return parsed.is_private and not parsed.is_loopback
