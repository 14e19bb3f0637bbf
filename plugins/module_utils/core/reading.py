# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was looked at, or why it was not: a look that failed must not end the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reading:
    """value: what was read. denied: the IAM action that was missing. absent: why nothing was asked, as a sentence.
    cure: what to do about that."""

    value: Any = None
    denied: str = ""
    absent: str = ""
    cure: str = ""

    @property
    def known(self) -> bool:
        return not (self.denied or self.absent)

    def or_else(self, default: Any) -> Any:
        """The value, or DEFAULT where nothing was read."""
        return self.value if self.known and self.value is not None else default
