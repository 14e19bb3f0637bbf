# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all of EC2: pages for whatever moto lists whole."""

from __future__ import annotations

from typing import Any

from ..registry import Call, operation
from .query import page


def paged(call: Call) -> dict[str, Any]:
    asked = {name: value for name, value in call.params.items() if name not in ("MaxResults", "NextToken")}
    return page(call, call.moto(call.operation, asked))


@operation("ec2", "*")
def by_moto(call: Call) -> dict[str, Any]:
    return paged(call)
