# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what the VPC endpoint of AWS KMS stands in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import vpc, vpc_endpoint
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending

CALLS = vpc_endpoint.CALLS
_DENIED = ("AccessDenied", "AccessDeniedException")


def pinned(aws: Aws, endpoint_id: str | None) -> list[dict[str, Any]]:
    """The endpoint of an option, which may be missing, or not known yet."""
    return vpc_endpoint.one(aws, endpoint_id) if endpoint_id and not is_pending(endpoint_id) else []


def around(aws: Aws, vpc_id: str | None, state: str, group_name: str | None) -> dict[str, Any]:
    """The services that have endpoints, and the VPC with what is in it, where there is one."""
    found = aws.together(
        services=lambda: vpc_endpoint.services(aws) if state == "present" else [],
        vpcs=lambda: vpc.vpcs(aws, vpc_id, None) if vpc_id else [],
    )
    if not found["vpcs"] or not vpc_id:
        return {"services": found["services"]}
    reads: dict[str, Callable[[], Any]] = {"endpoints": lambda: vpc_endpoint.endpoints(aws, vpc_id)}
    if state == "present" or group_name:
        reads["groups"] = lambda: vpc_endpoint.groups(aws, vpc_id)
    if state == "present":
        reads |= {
            "dns_support": lambda: vpc.attribute(aws, vpc_id, "EnableDnsSupport"),
            "dns_hostnames": lambda: vpc.attribute(aws, vpc_id, "EnableDnsHostnames"),
            "subnets": lambda: vpc_endpoint.subnets(aws, vpc_id),
        }
    return {"services": found["services"], "vpc": found["vpcs"][0], **aws.together(**reads)}


def closer(aws: Aws, *, vpc_id: str | None, caller: bool, group_id: str | None) -> dict[str, Any]:
    """What is looked at only where something depends on it: the hosted zones of a VPC, the identity in use, and the
    network interfaces of a security group."""
    reads: dict[str, Callable[[], Any]] = {}
    if vpc_id:
        reads["zones"] = lambda: hosted_zones(aws, vpc_id)
    if caller:
        # AWS needs no permission for that.
        reads["caller"] = lambda: aws.call("sts", "get_caller_identity")["Arn"]
    if group_id:
        reads["interfaces"] = lambda: vpc_endpoint.interfaces(aws, group_id)
    return aws.together(**reads) if reads else {}


def hosted_zones(aws: Aws, vpc_id: str) -> list[dict[str, Any]] | None:
    """Private hosted zones of customers that a VPC is associated with; None where that may not be looked at."""
    found: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        ask = partial(aws.call, "route53", "list_hosted_zones_by_vpc", VPCId=vpc_id, VPCRegion=aws.region, **token)
        answer = missing_is(None, _DENIED, ask)
        if answer is None:
            return None
        # The zones that AWS keeps for endpoints belong to a service, not to an account.
        found += [item for item in answer["HostedZoneSummaries"] if item.get("Owner", {}).get("OwningAccount")]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}
