# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log: one JSON line per AWS call, for tests to assert on."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

READING = ("Describe", "List", "Get", "Lookup", "Test", "Search", "Filter")
# Operations that read although their name does not say so, or the reverse.
READS = {"AssumeRole", "Encrypt", "Decrypt", "ReEncrypt", "Sign", "Verify", "GenerateMac", "VerifyMac"}
SECRETS = {"RawSecretAccessKey", "KeyStorePassword", "Plaintext", "SecretAccessKey", "Password"}
KEPT = 20_000


def is_mutating(operation: str) -> bool:
    return not (operation.startswith(READING) or operation.startswith("Generate") or operation in READS)


def redact(value: Any) -> Any:
    """A copy with every secret starred."""
    if isinstance(value, dict):
        return {name: "***" if name in SECRETS else redact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [redact(member) for member in value]
    return value


class CallLog:
    """The calls since the last reset, and a file that keeps them all."""

    def __init__(self, path: str | None) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seq = 0
        self._path = Path(path) if path else None

    def add(self, entry: dict[str, Any]) -> None:
        self._seq += 1
        entry = {"seq": self._seq, **entry}
        self._entries.append(entry)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(entry, default=str) + "\n")

    def entries(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Those that fit: mutating, service, action, status by value; since by sequence number."""
        since = int(wanted.get("since", "0"))
        mutating = wanted.get("mutating")
        return [
            entry
            for entry in self._entries
            if entry["seq"] > since
            and (mutating is None or entry["mutating"] == (mutating in ("1", "true", "True")))
            and all(str(entry[name]) == wanted[name] for name in ("service", "action", "region") if name in wanted)
        ]

    def clear(self) -> None:
        self._entries.clear()
