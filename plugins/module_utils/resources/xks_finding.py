# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at an external key store proxy says about one requirement, and what AWS KMS would make of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

OK, WARNING, ERROR, UNKNOWN = "ok", "warning", "error", "unknown"
_ORDER = (ERROR, WARNING, UNKNOWN, OK)


@dataclass(frozen=True)
class Finding:
    """number: R or N number. severity: error, warning, unknown or ok. what: the thing looked at.

    code: the ConnectionErrorCode that AWS KMS would give for this alone. targets: where it was found.
    """

    number: str
    severity: str
    what: str
    found: str
    fix: str = ""
    code: str | None = None
    targets: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        said = asdict(self)
        return {
            **{name: said[name] for name in ("number", "severity", "what", "found")},
            "needed": self.as_unmet().needed,
            "fix": self.fix,
            "connection_error_code": self.code,
            "targets": list(self.targets),
        }

    def as_unmet(self) -> Unmet:
        what = f"{self.what} at {', '.join(self.targets)}" if self.targets else self.what
        return unmet(self.number, what, self.found, self.fix, self.severity == ERROR)


def merged(per_target: Iterable[tuple[str, Iterable[Finding]]]) -> list[Finding]:
    """What several targets have in common is said once; the gravest first."""
    where: dict[Finding, list[str]] = {}
    for target, findings in per_target:
        for finding in findings:
            where.setdefault(finding, []).append(target)
    together = [replace(finding, targets=tuple(targets)) for finding, targets in where.items()]
    return sorted(together, key=lambda finding: _ORDER.index(finding.severity))


def first_code(findings: Iterable[Finding]) -> str | None:
    """What AWS KMS meets first; findings are in the order in which it comes by."""
    return next((finding.code for finding in findings if finding.code), None)
