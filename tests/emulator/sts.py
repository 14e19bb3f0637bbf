# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: who the caller is."""

from __future__ import annotations

from typing import Any

from .registry import Call, operation


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    return {
        "UserId": "AIDAEMULATED000000000",
        "Account": call.account,
        "Arn": f"arn:{call.partition}:iam::{call.account}:user/emulated",
    }
