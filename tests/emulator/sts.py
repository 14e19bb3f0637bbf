# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: who the caller is."""

from __future__ import annotations

from typing import Any

from . import access
from .registry import Call, operation


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    arn = access.caller(call.access_key, call.account, call.region, call.settings)
    return {"UserId": "AIDAEMULATED000000000", "Account": call.account, "Arn": arn}
