# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading whatever bears on a requirement, side by side; what this identity may not see is noted, and stops nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import (
    cloudhsm,
    endpoint_service,
    key_store,
    private_dns,
    vpc,
    vpc_endpoint,
    xks_probe,
)
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import DENIED, Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.reading import Reading

_GONE = (
    "LoadBalancerNotFound", "TargetGroupNotFound", "InvalidVpcID.NotFound", "InvalidVpcEndpointServiceId.NotFound",
    "InvalidServiceName",
)
# Service and code of a quota at Service Quotas.
QUOTAS = {
    "balancer_quota": ("elasticloadbalancing", "L-69A177A2"),
    "endpoint_quota": ("vpc", "L-29B6F2EB"),
}

Readings = dict[str, Reading]


def attempt(read: Callable[[], Any]) -> Reading:
    """The answer of READ, or which permission it needs."""
    try:
        return Reading(missing_is(None, _GONE, read))
    except AwsError as error:
        if error.code in DENIED:
            return Reading(denied=error.action)
        raise


def _together(aws: Aws, reads: Mapping[str, Callable[[], Any]]) -> Readings:
    return aws.together(**{name: functools.partial(attempt, read) for name, read in reads.items()})


def key_stores(aws: Aws) -> Readings:
    """The key stores alone."""
    return {"stores": attempt(lambda: key_store.key_stores(aws))}


def account(aws: Aws, known: Readings, quotas: Sequence[str], vpc_id: str | None, name: str | None) -> Readings:
    """All key stores (unless KNOWN), endpoint services, load balancers and target groups of the Region, QUOTAS, and the
    VPC of an id or of a Name tag."""
    reads: dict[str, Callable[[], Any]] = {
        "stores": lambda: key_store.key_stores(aws),
        "services": lambda: endpoint_service.services(aws),
        "balancers": lambda: aws.pages("elbv2", "describe_load_balancers", "LoadBalancers"),
        "groups": lambda: aws.pages("elbv2", "describe_target_groups", "TargetGroups"),
        **{quota: functools.partial(_quota, aws, *QUOTAS[quota]) for quota in quotas},
    }
    if "endpoint_quota" in quotas:
        reads["aws_services"] = lambda: vpc_endpoint.services(aws)
    if vpc_id or name:
        reads["vpcs"] = lambda: vpc.vpcs(aws, vpc_id, name)
    return known | _together(aws, {name: read for name, read in reads.items() if name not in known})


def _quota(aws: Aws, service: str, code: str) -> float | None:
    """None where Service Quotas does not know the quota of this account."""
    answer = missing_is(
        None,
        ("NoSuchResourceException",),
        lambda: aws.call("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code),
    )
    return answer["Quota"]["Value"] if answer else None


def around(aws: Aws, where: Mapping[str, Any], dns: Mapping[str, Any] | None) -> Readings:
    """What belongs to the things that WHERE names by id; DNS: a question for public DNS."""
    reads: dict[str, Callable[[], Any]] = {
        **_of_service(aws, where),
        **_of_balancer(aws, where),
        **_of_vpc(aws, where),
    }
    if where["keys_of"]:
        reads["keys"] = lambda: key_store.keys(aws, where["keys_of"])
    if where["cluster_id"]:
        reads["cluster"] = lambda: cloudhsm.cluster(aws, where["cluster_id"])
    if dns is not None:
        reads["dns"] = lambda: private_dns.look_up(aws, **dns)
    return _together(aws, {name: _safely(name, read) for name, read in reads.items()})


def _safely(name: str, read: Callable[[], Any]) -> Callable[[], Any]:
    """A look-up in DNS also fails for want of a library or of a resolver: that is no answer, and no more."""
    if name != "dns":
        return read

    def look() -> Any:
        try:
            return read()
        except Failure as failure:
            return {"silent": True, "answers": [], "trouble": failure.message}

    return look


def _of_service(aws: Aws, where: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    service_id, name = where["service_id"], where["foreign_service"]
    if service_id:
        return {"principals": lambda: endpoint_service.principals(aws, service_id),
                "connections": lambda: endpoint_service.connections(aws, service_id)}
    if name:
        return {
            "consumer": lambda: aws.call("ec2", "describe_vpc_endpoint_services", ServiceNames=[name])["ServiceDetails"]
        }
    return {}


def _of_balancer(aws: Aws, where: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    balancer, group = where["load_balancer_arn"], where["target_group_arn"]
    reads: dict[str, Callable[[], Any]] = {}
    if balancer:
        reads["listeners"] = lambda: aws.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    if group:
        reads["health"] = lambda: aws.call("elbv2", "describe_target_health", TargetGroupArn=group)[
            "TargetHealthDescriptions"
        ]
        reads["group_attributes"] = lambda: aws.call(
            "elbv2", "describe_target_group_attributes", TargetGroupArn=group
        )["Attributes"]
    return reads


def _of_vpc(aws: Aws, where: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    vpc_id = where["vpc_id"]
    if not vpc_id:
        return {}
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]

    def attribute(attribute: str) -> bool:
        answer = aws.call("ec2", "describe_vpc_attribute", VpcId=vpc_id, Attribute=attribute)
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    reads: dict[str, Callable[[], Any]] = {
        "dns_support": lambda: attribute("enableDnsSupport"),
        "dns_hostnames": lambda: attribute("enableDnsHostnames"),
        "subnets": lambda: aws.pages("ec2", "describe_subnets", "Subnets", Filters=inside),
        "route_tables": lambda: aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=inside),
    }
    if not where["vpc_read"]:
        reads["vpcs"] = lambda: vpc.vpcs(aws, vpc_id, None)
    if where["endpoints"]:
        reads["endpoints"] = lambda: vpc_endpoint.endpoints(aws, vpc_id)
        reads["security_groups"] = lambda: vpc_endpoint.groups(aws, vpc_id)
    return reads


def probe(targets: Sequence[tuple[str, int]], question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Raw facts of each address of the proxy."""
    return xks_probe.probe(targets, xks_probe.Question(**question))


read_file = xks_probe.read_file
