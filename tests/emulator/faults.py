# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that make calls fail the way networks and busy services do."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from .errors import AwsError, ClientFault
from .protocol import Identified

BEFORE = ("throttle", "error", "http", "reset_before", "timeout", "latency", "stale")
AFTER = ("reset_after",)
KINDS = BEFORE + AFTER

# How each service says that it is asked too often.
_THROTTLED = {
    "ec2": AwsError("RequestLimitExceeded", "Request limit exceeded.", 503),
    "json": AwsError("ThrottlingException", "Rate exceeded", 400),
}


@dataclass
class Fault:
    """What to break: calls that match, after `skip` of them, `times` times (0: always)."""

    kind: str
    service: str = "*"
    action: str = "*"
    # A text that the parameters must contain.
    contains: str = ""
    # Empty: in every Region.
    region: str = ""
    times: int = 1
    skip: int = 0
    code: str = "InternalError"
    message: str = "An internal error has occurred"
    status: int = 500
    # Of latency and timeout; the window of a stale read after a write.
    seconds: float = 1.0
    id: int = 0
    hits: int = field(default=0)

    def matches(self, asked: Identified, params: str) -> bool:
        return (
            fnmatchcase(asked.service, self.service)
            and fnmatchcase(asked.operation, self.action)
            and self.region in ("", asked.region)
            and self.contains in params
        )


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, document: dict[str, Any]) -> dict[str, Any]:
        unknown = set(document) - ({item.name for item in fields(Fault)} - {"id", "hits"})
        if unknown:
            raise ClientFault(f"unknown members of a fault: {', '.join(sorted(unknown))}")
        if document.get("kind") not in KINDS:
            raise ClientFault(f"kind is one of {', '.join(KINDS)}, not {document.get('kind')!r}")
        rule = Fault(**document, id=next(self._ids))
        self._rules.append(rule)
        return asdict(rule)

    def list(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules]

    def clear(self) -> None:
        self._rules.clear()

    def pick(self, identified: Identified, params: str) -> Fault | None:
        """The first rule for this call that has not spent itself."""
        for rule in self._rules:
            if not rule.matches(identified, params):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times and rule.hits >= rule.times:
                continue
            rule.hits += 1
            return rule
        return None


def throttled(protocol: str) -> AwsError:
    return _THROTTLED.get(protocol, AwsError("Throttling", "Rate exceeded", 400))
