# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect to an endpoint service."""

from __future__ import annotations

import re
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from .query import page, select
from .service_state import service

_ARN = re.compile(r"^arn:aws[a-z-]*:iam::(\d{12}):(root|user/[\w+=,.@-]+|role/[\w+=,.@-]+)$")
_SERVICE = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.(com|com\.cn|eu)$")
_KINDS = {"root": "Account", "user": "User", "role": "Role"}


def kind_of(principal: str) -> str:
    """The type of a principal, or a refusal."""
    if principal == "*":
        return "All"
    found = _ARN.match(principal)
    if found:
        return _KINDS[found.group(2).split("/")[0]]
    if _SERVICE.match(principal):
        return "Service"
    if re.match(r"^arn:aws[a-z-]*:organizations::", principal):
        return "OrganizationUnit"
    raise AwsError("InvalidPrincipal", f"The principal {principal} is not valid.")


def _shown(service_id: str, principal: str, permission_id: str) -> dict[str, Any]:
    return {
        "PrincipalType": kind_of(principal),
        "Principal": principal,
        "ServicePermissionId": permission_id,
        "ServiceId": service_id,
    }


@operation("ec2", "ModifyVpcEndpointServicePermissions")
def modify_permissions(call: Call) -> dict[str, Any]:
    found = service(call, call.params["ServiceId"])
    added, removed = call.params.get("AddAllowedPrincipals") or [], call.params.get("RemoveAllowedPrincipals") or []
    if not added and not removed:
        text = "At least one of AddAllowedPrincipals and RemoveAllowedPrincipals must be specified"
        raise AwsError("MissingParameter", text)
    if set(added) & set(removed):
        raise AwsError("InvalidParameterCombination", "A principal cannot be added and removed in one call")
    for principal in [*added, *removed]:
        kind_of(principal)
    for principal in removed:
        if principal not in found.principals:
            raise AwsError("InvalidPrincipal", f"The principal {principal} is not allowed by service {found.id}.")
    new = [principal for principal in dict.fromkeys(added) if principal not in found.principals]
    for principal in new:
        found.principals[principal] = hex_id("vpce-svc-perm-")
    for principal in removed:
        del found.principals[principal]
    shown = [_shown(found.id, principal, found.principals[principal]) for principal in new]
    return {"ReturnValue": True, "AddedPrincipals": shown}


class _Permission:
    """One permission, for the filters."""

    def __init__(self, principal: str) -> None:
        self.principal = principal


_FILTERS = {
    "principal": lambda item: item.principal,
    "principal-type": lambda item: kind_of(item.principal),
    "permission-type": lambda item: "vpc-endpoint",
}


@operation("ec2", "DescribeVpcEndpointServicePermissions")
def describe_permissions(call: Call) -> dict[str, Any]:
    found = service(call, call.params["ServiceId"])
    chosen = select(call, [_Permission(principal) for principal in found.principals], _FILTERS)
    shown = [_shown(found.id, item.principal, found.principals[item.principal]) for item in chosen]
    return page(call, {"AllowedPrincipals": shown}, "AllowedPrincipals")
