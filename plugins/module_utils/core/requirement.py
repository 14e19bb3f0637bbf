# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbered requirements, and what is said when one does not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Requirement:
    """A numbered rule of AWS's documentation.

    sentence: the rule. job: the documented job that it belongs to. severity: MUST (AWS refuses, or it does not work),
    SHOULD (AWS's advice) or INFO (how AWS behaves). kind: how this collection knows: ENFORCED (modules make it so, or
    refuse), CHECKED (looked at and reported) or HUMAN (only people can tell). how: by what. link: AWS's page.
    """

    number: str
    sentence: str
    job: str
    severity: str
    kind: str
    how: str
    link: str


MUST, SHOULD, INFO = "must", "should", "info"
ENFORCED, CHECKED, HUMAN = "enforced", "checked", "human"


@dataclass(frozen=True)
class Unmet:
    """A requirement that does not hold.

    number: R or N number of docs/requirements.md. what: the option or the resource. found: the value.
    needed: the rule. fix: what to do. blocking: false for what is reported but stops nothing.
    """

    number: str
    what: str
    found: str
    needed: str
    fix: str
    blocking: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.what}: {self.found}. {self.number}: {self.needed} {self.fix}"


def blocking(unmet: Iterable[Unmet]) -> list[Unmet]:
    """The ones that no run may go on with."""
    return [item for item in unmet if item.blocking]


def report(unmet: Iterable[Unmet]) -> str:
    """All of them, one per line."""
    return "\n".join(f"  - {item}" for item in unmet)
