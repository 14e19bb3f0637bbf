# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoint services: creation, change, description, deletion."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..elbv2.state import Elb
from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from . import graph, private_dns
from .query import page, select, shown_tags, tags_of
from .service_state import EndpointService, Services, service, services_of_load_balancer, unsuccessful

_BOTH_OR_NONE = "exactly one of network_load_balancer_arn or gateway_load_balancer_arn is a required member"


def zones_of(call: Call, arns: list[str]) -> list[str]:
    """The zones of all the load balancers together."""
    balancers = call.store(Elb).load_balancers
    found = set()
    for arn in arns:
        for subnet_id in balancers[arn].subnets if arn in balancers else {}:
            subnet = graph.subnet(call.account, call.region, subnet_id)
            if subnet is not None:
                found.add(str(subnet.availability_zone))
    return sorted(found)


def _check_load_balancers(call: Call, arns: list[str], own: EndpointService | None = None) -> list[str]:
    balancers = call.store(Elb).load_balancers
    for arn in arns:
        found = balancers.get(arn)
        if found is None:
            raise AwsError("InvalidParameter", f"Network Load Balancer {arn} was not found or is not in this account")
        if found.state != "active":
            raise AwsError("InvalidParameter", f"Network Load Balancer {arn} is not active: it is {found.state}")
        others = [known for known in services_of_load_balancer(call.world, arn) if known is not own]
        if others:
            text = f"Network Load Balancer {arn} is already associated with VPC endpoint service {others[0].id}"
            raise AwsError("InvalidParameter", text)
    return list(dict.fromkeys(arns))


def _check_ip_types(call: Call, kinds: list[str], arns: list[str]) -> list[str]:
    if not kinds or not set(kinds) <= {"ipv4", "ipv6"}:
        raise AwsError("InvalidParameter", f"SupportedIpAddressTypes {kinds} must be some of ipv4, ipv6")
    balancers = call.store(Elb).load_balancers
    if "ipv6" in kinds and any(balancers[arn].ip_address_type == "ipv4" for arn in arns):
        raise AwsError("InvalidParameter", "IPv6 needs load balancers with IP address type dualstack")
    return sorted(set(kinds))


def shown(found: EndpointService) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ServiceId": found.id,
        "ServiceName": found.name,
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceState": found.state,
        "AvailabilityZones": found.zones,
        "AvailabilityZoneIds": zone_ids(found.account, found.region, found.zones),
        "AcceptanceRequired": found.acceptance_required,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": found.load_balancers,
        "SupportedIpAddressTypes": found.ip_types,
        "BaseEndpointDnsNames": [f"{found.id}.{found.region}.vpce.amazonaws.com"],
        "SupportedRegions": [{"Region": region, "ServiceState": "Available"} for region in found.regions],
        "Tags": shown_tags(found.tags),
    }
    if found.private_dns_name is not None:
        result["PrivateDnsName"] = found.private_dns_name
        result["PrivateDnsNameConfiguration"] = {
            "State": found.dns_state,
            "Type": "TXT",
            "Value": found.dns_value,
            "Name": found.dns_name,
        }
    return result


def zone_ids(account: str, region: str, names: list[str]) -> list[str]:
    zones = graph.backend(account, region).describe_availability_zones()
    by_name = {zone.name: zone.zone_id for zone in zones}
    return [by_name.get(name, name) for name in names]


@operation("ec2", "CreateVpcEndpointServiceConfiguration")
def create(call: Call) -> dict[str, Any]:
    return call.once(call.params.get("ClientToken"), partial(_create, call))


def _create(call: Call) -> dict[str, Any]:
    params = call.params
    arns = params.get("NetworkLoadBalancerArns") or []
    if bool(arns) == bool(params.get("GatewayLoadBalancerArns")):
        raise AwsError("InvalidParameter", _BOTH_OR_NONE)
    if not arns:
        raise AwsError("InvalidParameter", "The emulator has Network Load Balancers only")
    arns = _check_load_balancers(call, arns)
    tags = tags_of(call, "vpc-endpoint-service")
    service_id = hex_id("vpce-svc-")
    made = EndpointService(
        id=service_id,
        name=f"com.amazonaws.vpce.{call.region}.{service_id}",
        account=call.account,
        region=call.region,
        load_balancers=arns,
        # AWS asks for acceptance unless told otherwise.
        acceptance_required=params.get("AcceptanceRequired", True),
        ip_types=_check_ip_types(call, params.get("SupportedIpAddressTypes") or ["ipv4"], arns),
        zones=zones_of(call, arns),
        regions=[call.region, *[region for region in params.get("SupportedRegions") or [] if region != call.region]],
        tags=tags,
    )
    if params.get("PrivateDnsName"):
        private_dns.assign(call, made, params["PrivateDnsName"])
    call.store(Services).by_id[made.id] = made
    result: dict[str, Any] = {"ServiceConfiguration": shown(made)}
    if params.get("ClientToken"):
        result["ClientToken"] = params["ClientToken"]
    return result


_FILTERS = {
    "service-name": lambda found: found.name,
    "service-id": lambda found: found.id,
    "service-state": lambda found: found.state,
    "supported-ip-address-types": lambda found: found.ip_types,
}


@operation("ec2", "DescribeVpcEndpointServiceConfigurations")
def describe(call: Call) -> dict[str, Any]:
    found = list(call.store(Services).by_id.values())
    if call.params.get("ServiceIds"):
        found = [service(call, service_id) for service_id in call.params["ServiceIds"]]
    return page(call, {"ServiceConfigurations": [shown(item) for item in select(call, found, _FILTERS)]})


def _added_and_removed(params: dict[str, Any], suffix: str, current: list[str]) -> list[str]:
    added, removed = params.get(f"Add{suffix}") or [], params.get(f"Remove{suffix}") or []
    for item in removed:
        if item not in current:
            raise AwsError("InvalidParameter", f"{item} is not associated with the service and cannot be removed")
    return [item for item in dict.fromkeys([*current, *added]) if item not in removed]


@operation("ec2", "ModifyVpcEndpointServiceConfiguration")
def modify(call: Call) -> dict[str, Any]:
    params = call.params
    found = service(call, params["ServiceId"])
    name, remove_name = params.get("PrivateDnsName"), params.get("RemovePrivateDnsName")
    if name and remove_name:
        text = "PrivateDnsName and RemovePrivateDnsName cannot be specified together"
        raise AwsError("InvalidParameterCombination", text)
    arns = _added_and_removed(params, "NetworkLoadBalancerArns", found.load_balancers)
    if params.get("AddGatewayLoadBalancerArns"):
        raise AwsError("InvalidParameter", _BOTH_OR_NONE)
    if not arns:
        raise AwsError("InvalidParameter", "An endpoint service must have at least one load balancer")
    if (arns != found.load_balancers or remove_name) and found.connections:
        text = f"The service {found.id} has existing VPC endpoint connections, which do not allow this change"
        raise AwsError("ExistingVpcEndpointConnections", text)
    _check_load_balancers(call, [arn for arn in arns if arn not in found.load_balancers], found)
    kinds = _check_ip_types(call, _added_and_removed(params, "SupportedIpAddressTypes", found.ip_types), arns)
    regions = _added_and_removed(params, "SupportedRegions", found.regions)
    if call.region not in regions:
        raise AwsError("InvalidParameter", "The Region that hosts the service cannot be removed")
    if name or remove_name:
        private_dns.assign(call, found, name if name else None)
    found.acceptance_required = params.get("AcceptanceRequired", found.acceptance_required)
    found.load_balancers, found.ip_types, found.regions = arns, kinds, regions
    # New zones of a load balancer are taken over by any change, also by one that changes nothing.
    found.zones = zones_of(call, arns)
    return {"Return": True}


@operation("ec2", "ModifyVpcEndpointServicePayerResponsibility")
def modify_payer(call: Call) -> dict[str, Any]:
    service(call, call.params["ServiceId"]).payer = call.params["PayerResponsibility"]
    return {"ReturnValue": True}


@operation("ec2", "StartVpcEndpointServicePrivateDnsVerification")
def start_verification(call: Call) -> dict[str, Any]:
    private_dns.start(call, service(call, call.params["ServiceId"]))
    return {"ReturnValue": True}


def _forget(services: dict[str, EndpointService], service_id: str) -> None:
    services.pop(service_id, None)


@operation("ec2", "DeleteVpcEndpointServiceConfigurations")
def delete(call: Call) -> dict[str, Any]:
    refused = []
    services = call.store(Services).by_id
    for service_id in call.params["ServiceIds"]:
        try:
            found = service(call, service_id)
            if found.connections:
                text = f"Service {service_id} has existing active VPC Endpoint connections!"
                raise AwsError("ExistingVpcEndpointConnections", text)
        except AwsError as error:
            refused.append(unsuccessful(service_id, error))
            continue
        found.state = "Deleting"
        # A service that is being deleted lets go of its load balancers at once.
        found.load_balancers = []
        call.later("endpoint_service_delete", partial(_forget, services, service_id))
    return {"Unsuccessful": refused}
