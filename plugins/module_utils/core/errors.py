# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two ways in which a run ends early; the runner turns both into a task failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Failure(Exception):
    """Something that the user must act on. DETAILS become keys of the failed result."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class AwsError(Exception):
    """A call that AWS refused.

    action: the IAM action, such as "ec2:CreateVpc". code, message and request_id are AWS's own.
    tried: the step in words. arguments: those of the call. afterwards: what was done since, as a sentence.
    """

    def __init__(self, action: str, code: str, message: str, request_id: str = "") -> None:
        super().__init__(f"{action}: {code}: {message}")
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        self.tried = ""
        self.afterwards = ""
        self.arguments: Mapping[str, Any] = {}
