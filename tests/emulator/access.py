# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: unknown and expired credentials, denied actions, in the words of each protocol."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .errors import AwsError
from .protocol import Identified
from .settings import Settings
from .world import partition

# IAM's prefix for the service, where it is not the name in botocore's data.
IAM_PREFIX = {
    "elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing", "cloudhsmv2": "cloudhsm",
    "service-quotas": "servicequotas",
}

_EXPIRED = {
    "ec2": AwsError("RequestExpired", "Request has expired.", 400),
    "json": AwsError("ExpiredTokenException", "The security token included in the request is expired", 400),
}
_UNKNOWN = {
    "ec2": AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "json": AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 400),
}
_DENIED = {"ec2": "UnauthorizedOperation", "json": "AccessDeniedException"}
# What is answered to callers whom AWS does not know.
STRANGERS = {
    "ExpiredToken", "InvalidClientTokenId", *(error.code for error in (*_EXPIRED.values(), *_UNKNOWN.values()))
}


def action_name(identified: Identified) -> str:
    return f"{IAM_PREFIX.get(identified.service, identified.service)}:{identified.operation}"


def _denies(pattern: str, action: str, region: str) -> bool:
    """"kms:*" everywhere, "kms:*@us-east-1" in one Region."""
    wanted, dummy, place = pattern.partition("@")
    return fnmatchcase(action, wanted) and place in ("", region)


def caller(access_key: str, account: str, region: str, settings: Settings) -> str:
    """The ARN of who signs with an access key."""
    return settings.identities.get(access_key, f"arn:{partition(region)}:iam::{account}:user/emulated")


def refusal(identified: Identified, arn: str, why: str) -> AwsError:
    """The refusal of an action, in the words of the protocol."""
    text = f"User: {arn} is not authorized to perform: {action_name(identified)} {why}"
    if identified.protocol == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    code = _DENIED.get(identified.protocol, "AccessDenied")
    return AwsError(code, text, 400 if identified.protocol == "json" else 403)


def check(identified: Identified, account: str, settings: Settings) -> None:
    protocol, key = identified.protocol, identified.access_key
    if settings.access_keys and key not in settings.access_keys:
        raise _UNKNOWN.get(
            protocol, AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        )
    if key in settings.expired or "*" in settings.expired:
        raise _EXPIRED.get(
            protocol, AwsError("ExpiredToken", "The security token included in the request is expired", 403)
        )
    action = action_name(identified)
    if action == "sts:GetCallerIdentity":
        # AWS answers this one whatever the policies say.
        return
    if any(_denies(pattern.lower(), action.lower(), identified.region) for pattern in settings.denied):
        arn = caller(key, account, identified.region, settings)
        raise refusal(identified, arn, f"because no identity-based policy allows the {action} action")
