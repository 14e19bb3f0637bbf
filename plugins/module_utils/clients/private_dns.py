# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint service's private DNS name, and its verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.endpoint_service import connections
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.clients.txt_zone import change_record, record_change
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_NO_SERVICE = ("InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound")


def services(aws: Aws, service_id: str | None, name: str | None) -> list[dict[str, Any]]:
    """The endpoint service of an id, or those of a Name tag. An unknown id gives an empty list."""
    call, key = "describe_vpc_endpoint_service_configurations", "ServiceConfigurations"
    if service_id:
        return missing_is([], _NO_SERVICE, lambda: aws.pages("ec2", call, key, ServiceIds=[service_id]))
    if name:
        return aws.pages("ec2", call, key, Filters=[{"Name": "tag:Name", "Values": [name]}])
    return []


def look_up(aws: Aws, **question: Any) -> dict[str, Any]:
    """What public DNS has. dnspython takes a tenth of a second to load, and most runs need no DNS."""
    from ansible_collections.keylink.aws.plugins.module_utils.clients import dns

    return dns.look_up(aws, **question)


def start_verification(aws: Aws, service_id: str) -> dict[str, Any]:
    """Start the verification. AWS also looks by itself, so it may have come first: then there is nothing to start."""
    try:
        return aws.call("ec2", "start_vpc_endpoint_service_private_dns_verification", ServiceId=service_id)
    except AwsError:
        if _state(services(aws, service_id, None)) == "verified":
            return {"ReturnValue": True}
        raise


def verification(aws: Aws, service_id: str, question: Mapping[str, Any] | None) -> dict[str, Any]:
    """The state of the verification, and for a failed one what public DNS has where AWS looks (QUESTION)."""
    state = _state(services(aws, service_id, None))
    seen = look_up(aws, **question) if state == "failed" and question else None
    return {"state": state, "seen": seen}


def _state(found: list[dict[str, Any]]) -> str:
    """Empty without a service or a private DNS name."""
    return found[0].get("PrivateDnsNameConfiguration", {}).get("State", "") if found else ""


CALLS: Mapping[str, Callable[..., Any]] = {
    "change_record": change_record,
    "record_change": record_change,
    "look_up": look_up,
    "service_connections": connections,
    "start_verification": start_verification,
    "verification": verification,
}
