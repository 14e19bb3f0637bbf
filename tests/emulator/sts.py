# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: who the caller is, and who else it can be."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from . import access
from .errors import AwsError
from .registry import Call, operation


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    arn = access.caller(call.access_key, call.account, call.region, call.settings)
    return {"UserId": "AIDAEMULATED000000000", "Account": call.account, "Arn": arn}


@operation("sts", "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Access keys of the account of the role."""
    arn, session = call.params["RoleArn"], call.params["RoleSessionName"]
    account, kind = arn.split(":")[4], arn.split(":")[5].partition("/")[0]
    if kind != "role":
        raise AwsError("ValidationError", f"{arn} is invalid")
    access_key = f"ASIA{secrets.token_hex(8).upper()}"
    call.settings.accounts[access_key] = account
    return {
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": secrets.token_hex(20),
            "SessionToken": secrets.token_hex(40),
            "Expiration": call.world.clock.datetime() + timedelta(hours=1),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROAEMULATED000000000:{session}",
            "Arn": f"{arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{session}",
        },
    }
