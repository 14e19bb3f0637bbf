# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few words and shapes of a report: a state is never told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending

OK, BAD, WARN, UNKNOWN, HUMAN, PLAN, ABSENT = "ok", "bad", "warn", "unknown", "human", "plan", "absent"
# The gravest first.
GRAVITY = (BAD, WARN, UNKNOWN, PLAN, HUMAN, ABSENT, OK)
# For text without pictures. None of them means something in Markdown.
SIGNS = {OK: "✓", BAD: "✕", WARN: "⚠", UNKNOWN: "?", HUMAN: "☞", PLAN: "⊕", ABSENT: "○"}

MET, UNMET = "met", "unmet"
# Status of a requirement -> how it looks, and its word.
REQUIREMENT = {
    UNMET: (BAD, "not met"), UNKNOWN: (UNKNOWN, "unknown"), HUMAN: (HUMAN, "for people"), MET: (OK, "met"),
}
CONNECTED, FAILED = "CONNECTED", "FAILED"
CONNECTION = {
    CONNECTED: OK, FAILED: BAD, "DISCONNECTED": WARN, "CONNECTING": UNKNOWN, "DISCONNECTING": UNKNOWN, None: UNKNOWN,
}

View = Mapping[str, Any]


def gravest(states: Sequence[str]) -> str:
    """The state that counts for all of them."""
    return min(states, key=GRAVITY.index, default=OK)


def number(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def value(found: Any) -> str:
    """A value as people write it."""
    if is_pending(found) and isinstance(found, str):
        return "(known after apply)"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, Mapping):
        return ", ".join(f"{key}: {value(item)}" for key, item in found.items()) or "(empty)"
    if isinstance(found, (list, tuple)):
        return ", ".join(value(item) for item in found) or "(empty)"
    return "(none)" if found is None or found == "" else str(found)


def short(arn: str) -> str:
    """What tells an ARN or a long name of AWS from others of its kind."""
    return arn.rpartition(":")[2].rpartition("/")[2] if arn.startswith("arn:") else arn


def days(count: int | None) -> str:
    """When a certificate ends."""
    if count is None:
        return "unknown"
    if count < 0:
        return f"ended {number(-count, 'day')} ago"
    return f"ends in {number(count, 'day')}"


def expiry(count: int | None) -> str:
    """How a certificate that ends in so many days looks. AWS recommends an alarm 10 days before; people need longer."""
    if count is None:
        return UNKNOWN
    return BAD if count <= 10 else WARN if count <= 30 else OK
