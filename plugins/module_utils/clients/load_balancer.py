# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the target group, the Network Load Balancer, its listener, and the network they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is

_NO_GROUP = ("TargetGroupNotFound",)
_NO_BALANCER = ("LoadBalancerNotFound",)
_GONE = (*_NO_GROUP, *_NO_BALANCER, "ListenerNotFound")

Found = Mapping[str, list[dict[str, Any]]]


def named(aws: Aws, group: str, balancer: str) -> dict[str, list[dict[str, Any]]]:
    """The target group and the load balancer of these names, if they exist."""
    return aws.together(
        target_groups=lambda: missing_is(
            [], _NO_GROUP, lambda: aws.call("elbv2", "describe_target_groups", Names=[group])["TargetGroups"]
        ),
        load_balancers=lambda: missing_is(
            [], _NO_BALANCER, lambda: aws.call("elbv2", "describe_load_balancers", Names=[balancer])["LoadBalancers"]
        ),
    )


def details(aws: Aws, found: Found, port: int, attributes: bool) -> dict[str, Any]:
    """What belongs to what named() found, side by side. None is for what vanished in the meantime.

    port: of the listener to look at. attributes: whether to read the load balancer's.
    """
    groups = [item["TargetGroupArn"] for item in found["target_groups"]]
    balancers = [item["LoadBalancerArn"] for item in found["load_balancers"]]
    reads: dict[str, Any] = {}
    if groups:
        reads["health"] = lambda: missing_is(None, _NO_GROUP, lambda: _health(aws, groups[0]))
        reads["group_attributes"] = lambda: missing_is(
            None,
            _NO_GROUP,
            lambda: aws.call("elbv2", "describe_target_group_attributes", TargetGroupArn=groups[0])["Attributes"],
        )
    if balancers and attributes:
        reads["balancer_attributes"] = lambda: missing_is(
            None,
            _NO_BALANCER,
            lambda: aws.call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=balancers[0])["Attributes"],
        )
    if groups or balancers:
        reads["tagged"] = lambda: _listeners_and_tags(aws, groups, balancers, port)
    answers = aws.together(**reads)
    return {**answers, **answers.pop("tagged", {})}


def _health(aws: Aws, arn: str) -> list[dict[str, Any]]:
    return aws.call("elbv2", "describe_target_health", TargetGroupArn=arn)["TargetHealthDescriptions"]


def _listeners_and_tags(aws: Aws, groups: Sequence[str], balancers: Sequence[str], port: int) -> dict[str, Any]:
    """The listener's tags are read with the others', in one call, so its ARN must be known first."""
    listeners: list[dict[str, Any]] | None = []
    if balancers:
        listeners = missing_is(
            None,
            _NO_BALANCER,
            lambda: aws.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancers[0]),
        )
    chosen = [item for item in listeners or [] if item.get("Port") == port]
    arns = [*groups, *balancers, *(item["ListenerArn"] for item in chosen)]
    tags = missing_is(
        [], _GONE, lambda: aws.call("elbv2", "describe_tags", ResourceArns=arns)["TagDescriptions"]
    )
    return {"listeners": None if listeners is None else chosen, "tags": tags}


def network(aws: Aws, vpc_id: str | None, subnet_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The VPC and the subnets of these ids, as far as they exist."""
    reads: dict[str, Any] = {}
    if vpc_id:
        by_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
        reads["vpcs"] = lambda: aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=by_vpc)
    if subnet_ids:
        # By filter and not by id: an unknown id is then no error, and all unknown ones are seen at once.
        by_subnet = [{"Name": "subnet-id", "Values": list(subnet_ids)}]
        reads["subnets"] = lambda: aws.pages("ec2", "describe_subnets", "Subnets", Filters=by_subnet)
    return {"vpcs": [], "subnets": [], **aws.together(**reads)}


def load_balancers(aws: Aws, LoadBalancerArn: str) -> list[dict[str, Any]]:
    """The load balancer of an ARN; an empty list where there is none."""
    return missing_is(
        [],
        _NO_BALANCER,
        lambda: aws.call("elbv2", "describe_load_balancers", LoadBalancerArns=[LoadBalancerArn])["LoadBalancers"],
    )


def target_health(aws: Aws, TargetGroupArn: str) -> list[dict[str, Any]]:
    """The health of the registered targets."""
    return missing_is([], _NO_GROUP, lambda: _health(aws, TargetGroupArn))


def endpoint_services(aws: Aws, LoadBalancerArn: str) -> list[dict[str, Any]]:
    """The endpoint services that have this load balancer. EC2 has no filter for it."""
    services = aws.pages("ec2", "describe_vpc_endpoint_service_configurations", "ServiceConfigurations")
    return [item for item in services if LoadBalancerArn in item.get("NetworkLoadBalancerArns", [])]


def delete_listener(aws: Aws, ListenerArn: str) -> dict[str, Any]:
    """Unlike the other deletions, AWS refuses this one for what is gone, also when an answer was lost on the way."""
    return missing_is({}, _GONE, lambda: aws.call("elbv2", "delete_listener", ListenerArn=ListenerArn))


CALLS = {
    "delete_listener": delete_listener,
    "load_balancers": load_balancers,
    "target_health": target_health,
    "endpoint_services": endpoint_services,
}
