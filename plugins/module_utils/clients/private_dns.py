# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint service's private DNS name, and Route 53's zones and record sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.endpoint_service import connections
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_NO_SERVICE = ("InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound")
# A name has at most one set per type, apart from routing policies.
_SETS = "50"


def services(aws: Aws, service_id: str | None, name: str | None) -> list[dict[str, Any]]:
    """The endpoint service of an id, or those of a Name tag. An unknown id gives an empty list."""
    call, key = "describe_vpc_endpoint_service_configurations", "ServiceConfigurations"
    if service_id:
        return missing_is([], _NO_SERVICE, lambda: aws.pages("ec2", call, key, ServiceIds=[service_id]))
    if name:
        return aws.pages("ec2", call, key, Filters=[{"Name": "tag:Name", "Values": [name]}])
    return []


def zones(aws: Aws, zone_id: str | None, name: str | None) -> list[dict[str, Any]]:
    """The hosted zone of an id, or those of a name, or all of them for the name "auto"."""
    if zone_id:
        return missing_is(
            [], ("NoSuchHostedZone",), lambda: [aws.call("route53", "get_hosted_zone", Id=zone_id)["HostedZone"]]
        )
    if name == "auto":
        return aws.pages("route53", "list_hosted_zones", "HostedZones")
    if name:
        # Sorted, from that name on: the zones of that name are at the beginning.
        return aws.call("route53", "list_hosted_zones_by_name", DNSName=name)["HostedZones"]
    return []


def record_sets(aws: Aws, zone_id: str, name: str) -> list[dict[str, Any]]:
    """The record sets of a zone from NAME on; those of NAME itself come first."""
    return aws.call(
        "route53", "list_resource_record_sets", HostedZoneId=zone_id, StartRecordName=name, MaxItems=_SETS
    )["ResourceRecordSets"]


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
    "look_up": look_up,
    "service_connections": connections,
    "start_verification": start_verification,
    "verification": verification,
}
