# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and changing VPC endpoint services."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is, no_refusals
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_GONE = (
    "InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound", "InvalidVpcEndpointId.NotFound",
)
_NO_BALANCER = ("LoadBalancerNotFound",)
_DESCRIBE = "describe_vpc_endpoint_service_configurations"


def services(aws: Aws) -> list[dict[str, Any]]:
    """All endpoint services of the Region: EC2 filters neither by load balancer nor by private DNS name."""
    return aws.pages("ec2", _DESCRIBE, "ServiceConfigurations")


def around(aws: Aws, load_balancers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All endpoint services of the Region, and those load balancers of the ARNs that exist, side by side."""
    if not load_balancers:
        return {"services": services(aws), "load_balancers": []}
    return aws.together(services=lambda: services(aws), load_balancers=lambda: _balancers(aws, load_balancers))


def _balancers(aws: Aws, arns: Sequence[str]) -> list[dict[str, Any]]:
    operation, key = "describe_load_balancers", "LoadBalancers"
    found = missing_is(None, _NO_BALANCER, lambda: aws.pages("elbv2", operation, key, LoadBalancerArns=list(arns)))
    if found is not None:
        return list(found)
    # One that is missing hides the others.
    return [item for item in aws.pages("elbv2", operation, key) if item["LoadBalancerArn"] in arns]


def details(aws: Aws, service_id: str) -> dict[str, list[dict[str, Any]]]:
    """Principals and connections of a service, side by side."""
    return aws.together(
        permissions=lambda: principals(aws, service_id), connections=lambda: connections(aws, service_id)
    )


def principals(aws: Aws, service_id: str) -> list[dict[str, Any]]:
    """Who may connect to a service."""
    operation = "describe_vpc_endpoint_service_permissions"
    return missing_is([], _GONE, lambda: aws.pages("ec2", operation, "AllowedPrincipals", ServiceId=service_id))


def connections(aws: Aws, ServiceId: str) -> list[dict[str, Any]]:
    """The endpoint connections of a service."""
    operation, filters = "describe_vpc_endpoint_connections", [{"Name": "service-id", "Values": [ServiceId]}]
    return missing_is(
        [], _GONE, lambda: aws.pages("ec2", operation, "VpcEndpointConnections", Filters=filters)
    )


def one(aws: Aws, ServiceId: str) -> list[dict[str, Any]]:
    """The service of an id; an empty list where there is none."""
    return missing_is([], _GONE, lambda: aws.pages("ec2", _DESCRIBE, "ServiceConfigurations", ServiceIds=[ServiceId]))


def create(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """The token makes a repetition after a lost answer find the first service instead of making a second. It is new
    for each run: a token of the name alone would bring back the answer of a service that was deleted since. Between
    runs the Name tag finds the service, and AWS puts a load balancer into one service only."""
    token = str(uuid.uuid4())
    return aws.call("ec2", "create_vpc_endpoint_service_configuration", ClientToken=token, **arguments)


def enable_zones(aws: Aws, ServiceId: str, Zones: Sequence[str]) -> None:
    """With nothing but the id, AWS takes up the new zones of the load balancer, once they are ready."""
    operation = "modify_vpc_endpoint_service_configuration"
    aws.call("ec2", operation, ServiceId=ServiceId)
    enabled = [zone for item in one(aws, ServiceId) for zone in item.get("AvailabilityZones", [])]
    left = sorted(set(Zones).difference(enabled))
    if left:
        action = "ec2:ModifyVpcEndpointServiceConfiguration"
        raise AwsError(action, "ZonesNotReady", f"{', '.join(left)} of the load balancer cannot be used yet")


def delete(aws: Aws, ServiceId: str) -> dict[str, Any]:
    """AWS reports a refused deletion in Unsuccessful, with HTTP 200 (N12)."""
    answer = aws.call("ec2", "delete_vpc_endpoint_service_configurations", ServiceIds=[ServiceId])
    return no_refusals("ec2:DeleteVpcEndpointServiceConfigurations", answer, _GONE)


def reject(aws: Aws, ServiceId: str, VpcEndpointIds: Sequence[str]) -> dict[str, Any]:
    """Reject endpoint connections; refusals come in Unsuccessful here too."""
    answer = aws.call(
        "ec2", "reject_vpc_endpoint_connections", ServiceId=ServiceId, VpcEndpointIds=list(VpcEndpointIds)
    )
    return no_refusals("ec2:RejectVpcEndpointConnections", answer, _GONE)


CALLS: Mapping[str, Callable[..., Any]] = {
    "create_service": create,
    "enable_zones": enable_zones,
    "delete_service": delete,
    "reject_connections": reject,
    "service_connections": connections,
    "service": one,
}
