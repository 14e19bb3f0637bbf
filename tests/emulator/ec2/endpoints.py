# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: creation, change, description, deletion."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from . import graph
from .catalogue import details
from .connections import connect
from .endpoint_state import Endpoint, Endpoints
from .query import page, select, shown_tags, tags_of
from .service_state import service_by_name, unsuccessful

_DEFAULT_POLICY = json.dumps(
    {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}, separators=(",", ":")
)


def _endpoint(call: Call, endpoint_id: str) -> Endpoint:
    found = call.store(Endpoints).by_id.get(endpoint_id)
    if found is None:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    return found


def _policy(text: str | None) -> str:
    if text is None:
        return _DEFAULT_POLICY
    try:
        document = json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidPolicyDocument", "Invalid policy document: it is not valid JSON") from error
    if not isinstance(document, dict) or "Statement" not in document or len(text) > 20_480:
        raise AwsError("InvalidPolicyDocument", "Invalid policy document: it has no Statement or is too long")
    return text


def _service(call: Call, name: str, kind: str) -> dict[str, Any]:
    found = [detail for detail in details(call) if detail["ServiceName"] == name]
    if not found:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    fitting = [detail for detail in found if detail["ServiceType"][0]["ServiceType"] == kind]
    if not fitting:
        raise AwsError("InvalidParameter", f"The endpoint type {kind} is not supported by the service {name}")
    return fitting[0]


def _check_subnets(call: Call, vpc_id: str, subnet_ids: list[str], zones: list[str]) -> None:
    seen: set[str] = set()
    for subnet_id in subnet_ids:
        found = graph.subnet(call.account, call.region, subnet_id)
        if found is None:
            raise AwsError("InvalidSubnetId.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        if found.vpc_id != vpc_id:
            raise AwsError("InvalidParameter", f"The subnet {subnet_id} does not belong to the VPC {vpc_id}")
        if found.availability_zone in seen:
            text = f"Found another VPC endpoint subnet in the availability zone of {subnet_id}"
            raise AwsError("DuplicateSubnetsInSameZone", text)
        if found.availability_zone not in zones:
            text = f"The VPC endpoint service does not support the availability zone of the subnet: {subnet_id}."
            raise AwsError("InvalidParameter", text)
        seen.add(found.availability_zone)


def _check_private_dns(call: Call, vpc_id: str, service: dict[str, Any], own: Endpoint | None = None) -> None:
    name = service.get("PrivateDnsName")
    if name is None:
        raise AwsError("InvalidParameter", "Private DNS can't be enabled: the service has no private DNS name")
    if service["PrivateDnsNameVerificationState"] != "verified":
        text = f"Private DNS can't be enabled because the private DNS name {name} of the service is not verified"
        raise AwsError("InvalidParameter", text)
    vpc = graph.vpc(call.account, call.region, vpc_id)
    if vpc is None or not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        text = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true"
        raise AwsError("InvalidParameter", f"{text} for {vpc_id}")
    for other in call.store(Endpoints).by_id.values():
        clash = other.vpc_id == vpc_id and other.service_name == service["ServiceName"] and other.private_dns
        if clash and other is not own and other.state != "deleting":
            text = "private-dns-enabled cannot be set because there is already a conflicting DNS domain"
            raise AwsError("InvalidParameter", f"{text} for {name} in the VPC {vpc_id}")


def _place(call: Call, endpoint: Endpoint, subnet_ids: list[str]) -> None:
    for subnet_id in [known for known in endpoint.interfaces if known not in subnet_ids]:
        graph.remove_interface(call.account, call.region, endpoint.interfaces.pop(subnet_id))
    for subnet_id in subnet_ids:
        if subnet_id not in endpoint.interfaces:
            text = f"VPC Endpoint Interface {endpoint.id}"
            made = graph.add_interface(call.account, call.region, subnet_id, text, "vpc_endpoint", endpoint.groups)
            endpoint.interfaces[subnet_id] = made.id


def _groups(call: Call, vpc_id: str, asked: list[str] | None) -> list[str]:
    if not asked:
        default = graph.backend(call.account, call.region).get_security_group_from_name("default", vpc_id)
        return [str(default.id)] if default is not None else []
    for group_id in asked:
        found = graph.group(call.account, call.region, group_id)
        if found is None or found.vpc_id != vpc_id:
            text = f"The security group '{group_id}' does not exist in {vpc_id}"
            raise AwsError("InvalidSecurityGroupId.NotFound", text)
    return list(dict.fromkeys(asked))


def _known_groups(call: Call, found: Endpoint) -> list[Any]:
    groups = [graph.group(call.account, call.region, group_id) for group_id in found.groups]
    return [group for group in groups if group is not None]


def _shown(call: Call, found: Endpoint) -> dict[str, Any]:
    result: dict[str, Any] = {
        "VpcEndpointId": found.id,
        "VpcEndpointType": found.kind,
        "VpcId": found.vpc_id,
        "ServiceName": found.service_name,
        "State": found.state,
        "PolicyDocument": found.policy,
        "RouteTableIds": found.route_tables,
        "SubnetIds": list(found.interfaces),
        "NetworkInterfaceIds": list(found.interfaces.values()),
        "Groups": [{"GroupId": known.id, "GroupName": known.name} for known in _known_groups(call, found)],
        "PrivateDnsEnabled": found.private_dns,
        "RequesterManaged": False,
        "CreationTimestamp": found.created,
        "OwnerId": found.account,
        "Tags": shown_tags(found.tags),
        "ServiceRegion": call.region,
        "DnsEntries": [],
    }
    if found.kind == "Interface":
        result |= {"IpAddressType": found.ip_address_type, "DnsOptions": {"DnsRecordIpType": found.dns_record_ip_type}}
        result["DnsEntries"] = _dns_entries(call, found)
    return result


def _dns_entries(call: Call, found: Endpoint) -> list[dict[str, str]]:
    """The regional name first, then one per zone, then the private name."""
    code = found.service_name.rsplit(".", 1)[-1]
    base = f"{code}.{call.region}.vpce.amazonaws.com"
    names = [f"{found.id}-{found.dns_suffix}.{base}"]
    for subnet_id in found.interfaces:
        subnet = graph.subnet(call.account, call.region, subnet_id)
        if subnet is not None:
            names.append(f"{found.id}-{found.dns_suffix}-{subnet.availability_zone}.{base}")
    entries = [{"DnsName": name, "HostedZoneId": "Z2E726K9Y6RL4W"} for name in names]
    if found.private_dns:
        for detail in details(call):
            if detail["ServiceName"] == found.service_name and "PrivateDnsName" in detail:
                entries.append({"DnsName": detail["PrivateDnsName"], "HostedZoneId": "Z00000000EMULATED0000"})
    return entries


@operation("ec2", "CreateVpcEndpoint")
def create(call: Call) -> dict[str, Any]:
    return call.once(call.params.get("ClientToken"), partial(_create, call))


def _create(call: Call) -> dict[str, Any]:
    params = call.params
    kind, vpc_id = params.get("VpcEndpointType", "Gateway"), params["VpcId"]
    if kind not in ("Interface", "Gateway"):
        raise AwsError("InvalidParameter", f"The emulator has no endpoints of type {kind}")
    if graph.vpc(call.account, call.region, vpc_id) is None:
        raise AwsError("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    if "ServiceName" not in params:
        raise AwsError("MissingParameter", "The request must contain the parameter ServiceName")
    service = _service(call, params["ServiceName"], kind)
    subnet_ids, wants_dns = params.get("SubnetIds") or [], params.get("PrivateDnsEnabled", False)
    if kind == "Gateway" and (subnet_ids or params.get("SecurityGroupIds") or wants_dns):
        raise AwsError("InvalidParameter", "Subnets, security groups and private DNS are for interface endpoints")
    if kind == "Interface" and params.get("RouteTableIds"):
        raise AwsError("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoints.")
    _check_subnets(call, vpc_id, subnet_ids, service["AvailabilityZones"])
    if wants_dns:
        _check_private_dns(call, vpc_id, service)
    made = Endpoint(
        id=hex_id("vpce-"),
        kind=kind,
        vpc_id=vpc_id,
        service_name=params["ServiceName"],
        account=call.account,
        created=call.world.clock.datetime(),
        policy=_policy(params.get("PolicyDocument")),
        groups=_groups(call, vpc_id, params.get("SecurityGroupIds")) if kind == "Interface" else [],
        private_dns=wants_dns,
        ip_address_type=params.get("IpAddressType", "ipv4"),
        dns_record_ip_type=(params.get("DnsOptions") or {}).get("DnsRecordIpType", "ipv4"),
        dns_suffix=hex_id("", 8),
        tags=tags_of(call, "vpc-endpoint"),
    )
    _check_tables(call, made, params.get("RouteTableIds") or [])
    made.route_tables = list(params.get("RouteTableIds") or [])
    _place(call, made, subnet_ids)
    call.store(Endpoints).by_id[made.id] = made
    own = service_by_name(call.world, made.service_name)
    if own is not None:
        made.state = connect(call.world, own, made.id, call.account, call.region).state
    if kind == "Gateway":
        made.state = "available"
    elif made.state != "pendingAcceptance":
        made.state = "pending"
        call.later("endpoint", partial(_available, made))
    result: dict[str, Any] = {"VpcEndpoint": _shown(call, made)}
    return {**result, "ClientToken": params["ClientToken"]} if "ClientToken" in params else result


def _available(endpoint: Endpoint) -> None:
    if endpoint.state == "pending":
        endpoint.state = "available"


def _check_tables(call: Call, endpoint: Endpoint, table_ids: list[str]) -> None:
    tables = graph.backend(call.account, call.region).route_tables
    for table_id in table_ids:
        if table_id not in tables or tables[table_id].vpc_id != endpoint.vpc_id:
            raise AwsError("InvalidRouteTableId.NotFound", f"The routeTable ID '{table_id}' does not exist")
        for other in call.store(Endpoints).by_id.values():
            if other is not endpoint and other.service_name == endpoint.service_name and table_id in other.route_tables:
                text = f"route table {table_id} already has a route with destination-prefix-list-id of {other.id}"
                raise AwsError("RouteAlreadyExists", text)


_FILTERS = {
    "vpc-id": lambda found: found.vpc_id,
    "vpc-endpoint-id": lambda found: found.id,
    "vpc-endpoint-type": lambda found: found.kind,
    "vpc-endpoint-state": lambda found: found.state,
    "service-name": lambda found: found.service_name,
    "ip-address-type": lambda found: found.ip_address_type,
}


@operation("ec2", "DescribeVpcEndpoints")
def describe(call: Call) -> dict[str, Any]:
    found = list(call.store(Endpoints).by_id.values())
    if call.params.get("VpcEndpointIds"):
        found = [_endpoint(call, endpoint_id) for endpoint_id in call.params["VpcEndpointIds"]]
    return page(call, {"VpcEndpoints": [_shown(call, item) for item in select(call, found, _FILTERS)]}, "VpcEndpoints")


@operation("ec2", "ModifyVpcEndpoint")
def modify(call: Call) -> dict[str, Any]:
    params = call.params
    found = _endpoint(call, params["VpcEndpointId"])
    if found.state != "available":
        raise AwsError("IncorrectState", f"The endpoint {found.id} is {found.state}: it cannot be changed")
    if params.get("ResetPolicy") and params.get("PolicyDocument"):
        raise AwsError("InvalidParameterCombination", "ResetPolicy and PolicyDocument cannot be specified together")
    service = _service(call, found.service_name, found.kind)
    subnet_ids = _changed(list(found.interfaces), params, "SubnetIds")
    _check_subnets(call, found.vpc_id, subnet_ids, service["AvailabilityZones"])
    groups = _changed(found.groups, params, "SecurityGroupIds")
    if found.kind == "Interface":
        groups = _groups(call, found.vpc_id, groups)
    tables = _changed(found.route_tables, params, "RouteTableIds")
    _check_tables(call, found, tables)
    if params.get("PrivateDnsEnabled") and not found.private_dns:
        _check_private_dns(call, found.vpc_id, service, found)
    if params.get("PolicyDocument") or params.get("ResetPolicy"):
        found.policy = _policy(params.get("PolicyDocument"))
    found.groups, found.route_tables = groups, tables
    found.private_dns = params.get("PrivateDnsEnabled", found.private_dns)
    found.ip_address_type = params.get("IpAddressType", found.ip_address_type)
    found.dns_record_ip_type = (params.get("DnsOptions") or {}).get("DnsRecordIpType", found.dns_record_ip_type)
    _place(call, found, subnet_ids)
    return {"Return": True}


def _changed(current: list[str], params: dict[str, Any], suffix: str) -> list[str]:
    removed = params.get(f"Remove{suffix}") or []
    return [item for item in dict.fromkeys([*current, *(params.get(f"Add{suffix}") or [])]) if item not in removed]


@operation("ec2", "DeleteVpcEndpoints")
def delete(call: Call) -> dict[str, Any]:
    refused = []
    known = call.store(Endpoints).by_id
    for endpoint_id in call.params["VpcEndpointIds"]:
        found = known.get(endpoint_id)
        if found is None:
            text = f"The VpcEndpoint Id '{endpoint_id}' does not exist"
            refused.append(unsuccessful(endpoint_id, AwsError("InvalidVpcEndpoint.NotFound", text)))
            continue
        found.state = "deleting"
        own = service_by_name(call.world, found.service_name)
        if own is not None:
            own.by_endpoint.pop(endpoint_id, None)
        call.later("endpoint_delete", partial(_gone, call, found))
    return {"Unsuccessful": refused}


def _gone(call: Call, endpoint: Endpoint) -> None:
    _place(call, endpoint, [])
    call.store(Endpoints).by_id.pop(endpoint.id, None)
