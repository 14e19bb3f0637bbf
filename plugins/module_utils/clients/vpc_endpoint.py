# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and changing VPC endpoints."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is, no_refusals
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure

_GONE = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
# Switching private DNS on hangs, instead of being refused, for an identity without a permission of Route 53: two
# tries, and then the reason.
_ATTEMPTS = 2


def endpoints(aws: Aws, vpc_id: str) -> list[dict[str, Any]]:
    """All endpoints of a VPC."""
    return aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=_filter("vpc-id", vpc_id))


def one(aws: Aws, VpcEndpointId: str) -> list[dict[str, Any]]:
    """The endpoint of an id; an empty list where there is none."""
    operation, key = "describe_vpc_endpoints", "VpcEndpoints"
    return missing_is([], _GONE, lambda: aws.pages("ec2", operation, key, VpcEndpointIds=[VpcEndpointId]))


def services(aws: Aws) -> list[dict[str, Any]]:
    """The endpoint services of AWS itself in the Region."""
    operation, key = "describe_vpc_endpoint_services", "ServiceDetails"
    return aws.pages("ec2", operation, key, Filters=_filter("owner", "amazon"))


def subnets(aws: Aws, vpc_id: str) -> list[dict[str, Any]]:
    """All subnets of a VPC."""
    return aws.pages("ec2", "describe_subnets", "Subnets", Filters=_filter("vpc-id", vpc_id))


def groups(aws: Aws, vpc_id: str, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The security groups of a VPC, or those of some names."""
    filters = [*_filter("vpc-id", vpc_id), *(_filter("group-name", *names) if names else [])]
    return aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)


def interfaces(aws: Aws, group_id: str) -> list[dict[str, Any]]:
    """The network interfaces that have a security group."""
    operation, filters = "describe_network_interfaces", _filter("group-id", group_id)
    return aws.pages("ec2", operation, "NetworkInterfaces", Filters=filters)


def _filter(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def create(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """The token makes a repetition after a lost answer find the first endpoint instead of making a second. Between
    runs, VPC and service find it."""
    return aws.call("ec2", "create_vpc_endpoint", ClientToken=str(uuid.uuid4()), **arguments)


def modify(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """A change in place, in bounded time."""
    try:
        return aws.call("ec2", "modify_vpc_endpoint", attempts=_ATTEMPTS, **arguments)
    except Failure as failure:
        if arguments.get("PrivateDnsEnabled"):
            text = "An identity that lacks route53:AssociateVPCWithHostedZone gets no answer here: grant it."
            raise Failure(f"{failure.message} {text}", **failure.details) from failure
        raise


def delete(aws: Aws, VpcEndpointIds: Sequence[str]) -> dict[str, Any]:
    """AWS reports a refused deletion in Unsuccessful, with HTTP 200 (N12)."""
    answer = aws.call("ec2", "delete_vpc_endpoints", VpcEndpointIds=list(VpcEndpointIds))
    return no_refusals("ec2:DeleteVpcEndpoints", answer, _GONE)


def create_group(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """A name is free only once in a VPC: after a lost answer, the repetition is told that it is taken."""
    try:
        return aws.call("ec2", "create_security_group", **arguments)
    except AwsError as error:
        if error.code != "InvalidGroup.Duplicate":
            raise
        found = groups(aws, arguments["VpcId"], names=[arguments["GroupName"]])
        if not found:
            raise
        return {"GroupId": found[0]["GroupId"]}


def authorize_group(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """Rules that are there already, after a lost answer, are no error."""
    operation, there = "authorize_security_group_ingress", ("InvalidPermission.Duplicate",)
    found: dict[str, Any] = missing_is({}, there, lambda: aws.call("ec2", operation, **arguments))
    return found


CALLS: Mapping[str, Callable[..., Any]] = {
    "create_endpoint": create,
    "modify_endpoint": modify,
    "delete_endpoints": delete,
    "create_group": create_group,
    "authorize_group": authorize_group,
    "endpoint": one,
}
