# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints: creation, change, description, deletion."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from . import endpoint_checks as checks
from . import graph
from .catalogue import details
from .connections import connect
from .endpoint_state import Endpoint, Endpoints
from .query import page, select, shown_tags, tags_of
from .service_state import service_by_name, unsuccessful

# States that an endpoint does not leave by itself, and can be told to end in.
_DEAD = ("failed", "rejected", "expired")


def _endpoint(call: Call, endpoint_id: str) -> Endpoint:
    found = call.store(Endpoints).by_id.get(endpoint_id)
    if found is None:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    return found


def _service(call: Call, name: str, kind: str) -> dict[str, Any]:
    found = [detail for detail in details(call) if detail["ServiceName"] == name]
    if not found:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    fitting = [detail for detail in found if detail["ServiceType"][0]["ServiceType"] == kind]
    if not fitting:
        raise AwsError("InvalidParameter", f"The endpoint type {kind} is not supported by the service {name}")
    return fitting[0]


def _place(call: Call, endpoint: Endpoint, subnet_ids: list[str]) -> None:
    for subnet_id in [known for known in endpoint.interfaces if known not in subnet_ids]:
        graph.remove_interface(call.account, call.region, endpoint.interfaces.pop(subnet_id))
    for subnet_id in subnet_ids:
        if subnet_id not in endpoint.interfaces:
            text = f"VPC Endpoint Interface {endpoint.id}"
            made = graph.add_interface(call.account, call.region, subnet_id, text, "vpc_endpoint", endpoint.groups)
            endpoint.interfaces[subnet_id] = made.id
    known = [graph.group(call.account, call.region, group_id) for group_id in endpoint.groups]
    for interface in graph.interfaces(call.account, call.region):
        if interface.id in endpoint.interfaces.values():
            interface._group_set = [group for group in known if group is not None]


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
        options: dict[str, Any] = {"DnsRecordIpType": found.dns_record_ip_type}
        if found.private_dns and checks.has_gateway_too(call, found.service_name):
            options["PrivateDnsOnlyForInboundResolverEndpoint"] = found.only_inbound
        result |= {"IpAddressType": found.ip_address_type, "DnsOptions": options}
        result["DnsEntries"] = _dns_entries(call, found)
    if found.error:
        result |= {"LastError": found.error, "FailureReason": found.error["Message"]}
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
        entries += [{"DnsName": name, "HostedZoneId": "Z00000000EMULATED0000"} for name in found.private_names]
    return entries


@operation("ec2", "CreateVpcEndpoint")
def create(call: Call) -> dict[str, Any]:
    return call.once(call.params.get("ClientToken"), partial(_create, call))


def _create(call: Call) -> dict[str, Any]:
    params = call.params
    kind, vpc_id = params.get("VpcEndpointType", "Gateway"), params["VpcId"]
    service = _asked_for(call, kind, vpc_id)
    subnet_ids, wants_dns = params.get("SubnetIds") or [], params.get("PrivateDnsEnabled", False)
    checks.subnets(call, vpc_id, subnet_ids, service["AvailabilityZones"])
    address, record = checks.ip_types(call, service, params, subnet_ids)
    if wants_dns:
        checks.private_dns(call, vpc_id, service)
    made = Endpoint(
        id=hex_id("vpce-"),
        kind=kind,
        vpc_id=vpc_id,
        service_name=params["ServiceName"],
        account=call.account,
        created=call.world.clock.datetime(),
        policy=checks.policy(params.get("PolicyDocument")),
        groups=checks.groups(call, vpc_id, params.get("SecurityGroupIds")) if kind == "Interface" else [],
        private_dns=wants_dns,
        ip_address_type=address,
        dns_record_ip_type=record,
        only_inbound=checks.only_inbound(call, vpc_id, service["ServiceName"], params),
        dns_suffix=hex_id("", 8),
        private_names=[item["PrivateDnsName"] for item in service.get("PrivateDnsNames", [])],
        tags=tags_of(call, "vpc-endpoint"),
    )
    checks.tables(call, made, params.get("RouteTableIds") or [])
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
        call.later("endpoint", partial(_settled, made, call.world.outcomes.get(made.service_name, "available")))
    result: dict[str, Any] = {"VpcEndpoint": _shown(call, made)}
    return {**result, "ClientToken": params["ClientToken"]} if "ClientToken" in params else result


def _asked_for(call: Call, kind: str, vpc_id: str) -> dict[str, Any]:
    """The service that an endpoint is asked for, which has endpoints of the type and in the VPC."""
    params = call.params
    if kind not in ("Interface", "Gateway"):
        raise AwsError("InvalidParameter", f"The emulator has no endpoints of type {kind}")
    if graph.vpc(call.account, call.region, vpc_id) is None:
        raise AwsError("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    if "ServiceName" not in params:
        raise AwsError("MissingParameter", "The request must contain the parameter ServiceName")
    given = [name for name in ("SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled") if params.get(name)]
    if kind == "Gateway" and given:
        raise AwsError("InvalidParameter", "Subnets, security groups and private DNS are for interface endpoints")
    if kind == "Interface" and params.get("RouteTableIds"):
        raise AwsError("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoints.")
    if kind == "Interface":
        checks.quota(call, vpc_id)
    return _service(call, params["ServiceName"], kind)


def _settled(endpoint: Endpoint, outcome: str) -> None:
    if endpoint.state != "pending":
        return
    endpoint.state = outcome if outcome in _DEAD else "available"
    if outcome == "failed":
        endpoint.error = {"Code": "InternalError", "Message": "The endpoint could not be created"}


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
    if params.get("ResetPolicy") and found.kind != "Gateway":
        raise AwsError("InvalidParameter", "ResetPolicy is only supported for Gateway type VPC Endpoints.")
    service = _service(call, found.service_name, found.kind)
    subnet_ids = _changed(list(found.interfaces), params, "SubnetIds")
    checks.subnets(call, found.vpc_id, subnet_ids, service["AvailabilityZones"])
    groups = _changed(found.groups, params, "SecurityGroupIds")
    if found.kind == "Interface":
        groups = checks.groups(call, found.vpc_id, groups)
    tables = _changed(found.route_tables, params, "RouteTableIds")
    checks.tables(call, found, tables)
    options = {"DnsRecordIpType": found.dns_record_ip_type, **(params.get("DnsOptions") or {})}
    asked = {"IpAddressType": params.get("IpAddressType", found.ip_address_type), "DnsOptions": options}
    address, record = checks.ip_types(call, service, asked, subnet_ids)
    wants_dns = params.get("PrivateDnsEnabled", found.private_dns)
    if wants_dns and not found.private_dns:
        checks.private_dns(call, found.vpc_id, service, found)
    only_inbound = checks.only_inbound(call, found.vpc_id, found.service_name, params, found)
    if params.get("PolicyDocument") or params.get("ResetPolicy"):
        found.policy = checks.policy(params.get("PolicyDocument"))
    found.groups, found.route_tables, found.only_inbound = groups, tables, only_inbound
    found.private_dns, found.ip_address_type, found.dns_record_ip_type = wants_dns, address, record
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
