# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what the endpoints of Systems Manager stand on, and its managed nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import vpc, vpc_endpoint
from ansible_collections.keylink.aws.plugins.module_utils.clients.kms_vpc_endpoint import hosted_zones
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

# Systems Manager's largest page.
_PAGE = 50
_THERE = "InvalidPermission.Duplicate"
# Who may make endpoints need not be allowed to look at the nodes.
_DENIED = ("AccessDeniedException",)


def around(
    aws: Aws, vpc_id: str | None, *, services: bool, prefix_list: bool, agents: bool, waited: Mapping[str, Any] | None
) -> dict[str, Any]:
    """All that a plan needs, read side by side. vpc_id: None for one that does not exist yet. Agents are None where the
    identity may not look at them."""
    reads: dict[str, Callable[[], Any]] = {}
    if services:
        reads["services"] = lambda: vpc_endpoint.services(aws)
        if vpc_id:
            reads |= _place(aws, vpc_id)
    if prefix_list:
        name = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{aws.region}.s3"]}]
        operation, key = "describe_managed_prefix_lists", "PrefixLists"
        reads["prefix_lists"] = lambda: aws.pages("ec2", operation, key, Filters=name)
    if agents:
        reads["agents"] = lambda: missing_is(None, _DENIED, lambda: information(aws))
    return aws.together(**reads, **_changing(aws, vpc_id, waited))


def again(aws: Aws, vpc_id: str, waited: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a run changes."""
    return aws.together(**_changing(aws, vpc_id, waited))


def _changing(aws: Aws, vpc_id: str | None, waited: Mapping[str, Any] | None) -> dict[str, Callable[[], Any]]:
    reads: dict[str, Callable[[], Any]] = {}
    if vpc_id:
        reads["endpoints"] = lambda: vpc_endpoint.endpoints(aws, vpc_id)
        reads["groups"] = lambda: _groups(aws, "vpc-id", vpc_id)
    if waited:
        reads["nodes"] = lambda: nodes(aws, **waited)
    return reads


def _place(aws: Aws, vpc_id: str) -> dict[str, Callable[[], Any]]:
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return {
        "vpcs": lambda: vpc.vpcs(aws, vpc_id, None),
        "enable_dns_support": lambda: _attribute(aws, vpc_id, "EnableDnsSupport"),
        "enable_dns_hostnames": lambda: _attribute(aws, vpc_id, "EnableDnsHostnames"),
        "subnets": lambda: vpc_endpoint.subnets(aws, vpc_id),
        "route_tables": lambda: aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=here),
        "dhcp_options": lambda: aws.pages("ec2", "describe_dhcp_options", "DhcpOptions"),
    }


def _attribute(aws: Aws, vpc_id: str, name: str) -> bool:
    """False for a VPC that does not exist: that is told where the VPC is looked for."""
    try:
        return vpc.attribute(aws, vpc_id, name)
    except AwsError as error:
        if error.code != "InvalidVpcID.NotFound":
            raise
        return False


def closer(
    aws: Aws, *, group_ids: Sequence[str], instance_ids: Sequence[str], group_in_use: str, zones_of: str
) -> dict[str, Any]:
    """What is looked at only when the first look gives a reason: security groups of other VPCs, instances with an old
    agent, the network interfaces of a group that is to be deleted, and private hosted zones of a VPC."""
    reads: dict[str, Callable[[], Any]] = {}
    if zones_of:
        reads["hosted_zones"] = lambda: hosted_zones(aws, zones_of)
    if group_ids:
        reads["peers"] = lambda: _groups(aws, "group-id", *group_ids)
    if instance_ids:
        reads["instances"] = lambda: _instances(aws, "instance-id", list(instance_ids))
    if group_in_use:
        reads["interfaces"] = lambda: vpc_endpoint.interfaces(aws, group_in_use)
    return aws.together(**reads) if reads else {}


def _groups(aws: Aws, name: str, *values: str) -> list[dict[str, Any]]:
    filters = [{"Name": name, "Values": list(values)}]
    return aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)


def information(aws: Aws, filters: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """The managed nodes of the Region, or those that pass FILTERS."""
    operation, key = "describe_instance_information", "InstanceInformationList"
    given: dict[str, Any] = {"Filters": list(filters)} if filters else {}
    return aws.pages("ssm", operation, key, MaxResults=_PAGE, **given)


def nodes(aws: Aws, VpcId: str, InstanceIds: Sequence[str], Tags: Mapping[str, str]) -> dict[str, Any]:
    """The nodes that are named, by id or by tags: what Systems Manager says of them, and EC2. An instance that never
    registered is known to EC2 only, a hybrid node to Systems Manager only."""
    tags = [{"Key": f"tag:{key}", "Values": [value]} for key, value in Tags.items()]
    ids = [{"Key": "InstanceIds", "Values": list(InstanceIds)}]
    in_ec2 = [item for item in InstanceIds if item.startswith("i-")]
    reads: dict[str, Callable[[], Any]] = {}
    if InstanceIds:
        reads["informed"] = lambda: information(aws, ids)
    if in_ec2:
        reads["instances"] = lambda: _instances(aws, "instance-id", in_ec2)
    if Tags:
        reads["tagged"] = lambda: information(aws, tags)
        reads["running"] = lambda: _tagged_instances(aws, VpcId, Tags)
    found = aws.together(**reads)
    running = found.get("running", [])
    tagged = found.get("tagged", [])
    expected = [*InstanceIds, *(item["InstanceId"] for item in running)]
    expected += [item["InstanceId"] for item in tagged if item["InstanceId"].startswith("mi-")]
    return {
        "expected": list(dict.fromkeys(expected)),
        "information": [*found.get("informed", []), *tagged],
        "instances": [*found.get("instances", []), *running],
    }


def _instances(aws: Aws, name: str, values: Sequence[str], *more: Mapping[str, Any]) -> list[dict[str, Any]]:
    filters = [{"Name": name, "Values": list(values)}, *more]
    found = aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
    return [item for reservation in found for item in reservation["Instances"]]


def _tagged_instances(aws: Aws, vpc_id: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    wanted = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    alive = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    return _instances(aws, "vpc-id", [vpc_id], alive, *wanted)


def endpoints(aws: Aws, VpcEndpointIds: Sequence[str]) -> list[list[dict[str, Any]]]:
    """For each of the ids its endpoint, or nothing, in one call."""
    filters = [{"Name": "vpc-endpoint-id", "Values": list(VpcEndpointIds)}]
    found = aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    return [[item for item in found if item["VpcEndpointId"] == wanted] for wanted in VpcEndpointIds]


def authorize_outbound(aws: Aws, GroupId: str, IpPermissions: Sequence[Mapping[str, Any]]) -> None:
    """One call per rule: AWS refuses all of them when one is there already, such as after a lost answer."""
    for permission in IpPermissions:
        try:
            aws.call("ec2", "authorize_security_group_egress", GroupId=GroupId, IpPermissions=[permission])
        except AwsError as error:
            if error.code != _THERE:
                raise


CALLS: Mapping[str, Callable[..., Any]] = {
    **vpc_endpoint.CALLS,
    "endpoints": endpoints,
    "nodes": nodes,
    "authorize_outbound": authorize_outbound,
}
