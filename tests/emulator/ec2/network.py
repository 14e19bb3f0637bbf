# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs, subnets, groups and zones: the states and refusals that moto leaves out."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from . import graph
from .dhcp import default_id
from .endpoint_state import Endpoints
from .generic import paged
from .security_groups import refers


class Pending:
    """VPCs that are still being made."""

    def __init__(self) -> None:
        self.vpcs: set[str] = set()


@operation("ec2", "CreateVpc")
def create_vpc(call: Call) -> dict[str, Any]:
    block = call.params.get("CidrBlock")
    if block is None and "Ipv4IpamPoolId" not in call.params:
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    _check_block(str(block), "vpc")
    result = call.by_moto()
    vpc = result["Vpc"]
    vpc["State"] = "pending"
    pending = call.store(Pending).vpcs
    pending.add(vpc["VpcId"])
    call.later("vpc", partial(pending.discard, vpc["VpcId"]))
    return result


def _check_block(block: str, kind: str) -> ipaddress.IPv4Network:
    text = f"Value ({block}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    try:
        network = ipaddress.IPv4Network(block)
    except ValueError as error:
        raise AwsError("InvalidParameterValue", text) from error
    if not 16 <= network.prefixlen <= 28:
        code = "InvalidVpc.Range" if kind == "vpc" else "InvalidSubnet.Range"
        raise AwsError(code, f"The CIDR '{block}' is invalid.")
    return network


@operation("ec2", "DescribeVpcs")
def describe_vpcs(call: Call) -> dict[str, Any]:
    _no_page_of_ids(call, "VpcIds")
    result = paged(call)
    pending = call.store(Pending).vpcs
    for vpc in result["Vpcs"]:
        vpc["State"] = "pending" if vpc["VpcId"] in pending else "available"
        if vpc["DhcpOptionsId"] == "default":
            vpc["DhcpOptionsId"] = default_id(call)
    return result


def _no_page_of_ids(call: Call, name: str) -> None:
    if call.params.get(name) and "MaxResults" in call.params:
        text = f"The parameter {name} cannot be used with the parameter MaxResults"
        raise AwsError("InvalidParameterCombination", text)


@operation("ec2", "ModifyVpcAttribute")
def modify_vpc_attribute(call: Call) -> dict[str, Any]:
    given = [name for name in call.params if name.startswith("Enable")]
    if len(given) > 1:
        raise AwsError("InvalidParameterCombination", "Fields for multiple attribute types specified")
    if not given:
        raise AwsError("MissingParameter", "The request must contain one attribute of the VPC")
    found = graph.vpc(call.account, call.region, call.params["VpcId"])
    if found is None:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{call.params['VpcId']}' does not exist")
    value = call.params[given[0]].get("Value")
    if given == ["EnableDnsHostnames"] and value and not found.enable_dns_support:
        text = "Cannot enable DNS hostnames for a VPC whose DNS support is not enabled"
        raise AwsError("InvalidParameterValue", text)
    return call.by_moto()


@operation("ec2", "DeleteVpc")
def delete_vpc(call: Call) -> dict[str, Any]:
    vpc_id = call.params["VpcId"]
    if graph.vpc(call.account, call.region, vpc_id) is None:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    backend = graph.backend(call.account, call.region)
    dependents = (
        any(found.vpc_id == vpc_id for found in graph.subnets(call.account, call.region))
        or any(group.name != "default" for group in backend.groups.get(vpc_id, {}).values())
        or any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values())
        or any(endpoint.vpc_id == vpc_id for endpoint in call.store(Endpoints).by_id.values())
    )
    if dependents:
        raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    return call.by_moto()


@operation("ec2", "CreateSubnet")
def create_subnet(call: Call) -> dict[str, Any]:
    block = call.params.get("CidrBlock")
    if block is not None:
        network = _check_block(block, "subnet")
        networks = graph.vpc_networks(call.account, call.region, call.params["VpcId"])
        if networks and not any(network.subnet_of(known) for known in networks):
            raise AwsError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    result = call.by_moto()
    _count(call, [result["Subnet"]])
    return result


def _count(call: Call, shown: list[dict[str, Any]]) -> None:
    for found in shown:
        found["AvailableIpAddressCount"] = graph.free_addresses(call.account, call.region, found["SubnetId"])
        for block in found.get("Ipv6CidrBlockAssociationSet", []):
            # moto answers with the text of a dictionary.
            block["Ipv6CidrBlockState"] = {"State": "associated"}


@operation("ec2", "DescribeSubnets")
def describe_subnets(call: Call) -> dict[str, Any]:
    _no_page_of_ids(call, "SubnetIds")
    result = paged(call)
    _count(call, result["Subnets"])
    return result


@operation("ec2", "DeleteSubnet")
def delete_subnet(call: Call) -> dict[str, Any]:
    subnet_id = call.params["SubnetId"]
    if graph.interfaces_in(call.account, call.region, subnet_id):
        raise AwsError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return call.by_moto()


@operation("ec2", "DeleteSecurityGroup")
def delete_security_group(call: Call) -> dict[str, Any]:
    group_id = call.params.get("GroupId")
    found = graph.group(call.account, call.region, group_id) if group_id else None
    if found is not None and found.name == "default":
        raise AwsError("CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user')
    if found is not None and (_is_referred_to(call, found) or graph.interfaces_of_group(
        call.account, call.region, found.id
    )):
        raise AwsError("DependencyViolation", f"resource {group_id} has a dependent object")
    return call.by_moto()


def _is_referred_to(call: Call, group: Any) -> bool:
    known = graph.backend(call.account, call.region).groups.values()
    return any(refers(other, group.id) for groups in known for other in groups.values() if other is not group)


@operation("ec2", "DeleteNetworkInterface")
def delete_network_interface(call: Call) -> dict[str, Any]:
    interface_id = call.params["NetworkInterfaceId"]
    for found in graph.interfaces(call.account, call.region):
        if found.id == interface_id and found.requester_managed:
            text = f"You do not have permission to access the specified resource: {interface_id}"
            raise AwsError("OperationNotPermitted", text)
        if found.id == interface_id and found.status == "in-use":
            raise AwsError("InvalidNetworkInterface.InUse", f"Network interface '{interface_id}' is currently in use.")
    return call.by_moto()


@operation("ec2", "DescribeNetworkInterfaces")
def describe_network_interfaces(call: Call) -> dict[str, Any]:
    result = paged(call)
    known = {found.id: found for found in graph.interfaces(call.account, call.region)}
    for shown in result["NetworkInterfaces"]:
        found = known[shown["NetworkInterfaceId"]]
        if found.requester_managed:
            shown |= {"Status": "in-use", "RequesterManaged": True, "RequesterId": found.requester_id}
            shown |= {"InterfaceType": found.interface_type, "Description": found.description}
    return result


@operation("ec2", "DescribeAvailabilityZones")
def describe_availability_zones(call: Call) -> dict[str, Any]:
    result = call.by_moto()
    for zone in result["AvailabilityZones"]:
        zone |= {
            "OptInStatus": "opt-in-not-required",
            "GroupName": f"{call.region}-zg-1",
            "NetworkBorderGroup": call.region,
            "Messages": [],
        }
    return result
