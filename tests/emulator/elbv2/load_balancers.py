# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network Load Balancers: creation, subnets, security groups, attributes, deletion."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Any

from ..ec2 import graph
from ..ec2.service_state import services_of_load_balancer
from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from .state import LoadBalancer, elb, load_balancer, page, read_name, read_tags

ATTRIBUTES = {
    "deletion_protection.enabled": "false",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "load_balancing.cross_zone.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "zonal_shift.config.enabled": "false",
    "secondary_ips.auto_assigned.per_subnet": "0",
}
QUOTA = 50


def _subnets_asked(params: dict[str, Any]) -> dict[str, str | None]:
    if params.get("Subnets") and params.get("SubnetMappings"):
        raise AwsError("ValidationError", "You cannot specify both subnets and subnet mappings")
    mappings = params.get("SubnetMappings") or [{"SubnetId": subnet_id} for subnet_id in params.get("Subnets") or []]
    if not mappings:
        raise AwsError("ValidationError", "At least one subnet must be specified")
    return {mapping["SubnetId"]: mapping.get("PrivateIPv4Address") for mapping in mappings}


def _check_subnets(call: Call, asked: dict[str, str | None], vpc_id: str | None = None) -> str:
    """All known, in one VPC, one per zone, with room; the VPC's id."""
    zones: dict[str, str] = {}
    for subnet_id, address in asked.items():
        found = graph.subnet(call.account, call.region, subnet_id)
        if found is None:
            raise AwsError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
        if found.availability_zone in zones:
            text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
            raise AwsError("InvalidConfigurationRequest", text)
        zones[found.availability_zone] = subnet_id
        if vpc_id is not None and found.vpc_id != vpc_id:
            raise AwsError("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
        vpc_id = found.vpc_id
        if address and ipaddress.ip_address(address) not in ipaddress.ip_network(found.cidr_block):
            raise AwsError("InvalidConfigurationRequest", f"The address {address} is not in the subnet {subnet_id}")
    if vpc_id is None:
        raise AwsError("ValidationError", "At least one subnet must be specified")
    return vpc_id


def _check_room(call: Call, subnet_ids: list[str]) -> None:
    # AWS wants eight free addresses in a subnet of a load balancer.
    for subnet_id in subnet_ids:
        if graph.free_addresses(call.account, call.region, subnet_id) < 8:
            text = f"Not enough IP space available in {subnet_id}. ELB requires at least 8 free addresses"
            raise AwsError("InvalidSubnet", text)


def _check_groups(call: Call, group_ids: list[str], vpc_id: str) -> None:
    for group_id in group_ids:
        found = graph.group(call.account, call.region, group_id)
        if found is None or found.vpc_id != vpc_id:
            raise AwsError("InvalidSecurityGroup", f"The security group '{group_id}' does not exist in {vpc_id}")


def _place(call: Call, balancer: LoadBalancer) -> None:
    """One interface per subnet, no more and no fewer."""
    for subnet_id in [known for known in balancer.interfaces if known not in balancer.subnets]:
        graph.remove_interface(call.account, call.region, balancer.interfaces.pop(subnet_id))
    for subnet_id, address in balancer.subnets.items():
        if subnet_id not in balancer.interfaces:
            made = graph.add_interface(
                call.account,
                call.region,
                subnet_id,
                f"ELB net/{balancer.name}/{balancer.suffix}",
                "network_load_balancer",
                balancer.security_groups,
                address,
            )
            balancer.interfaces[subnet_id] = made.id


def _activate(balancer: LoadBalancer) -> None:
    balancer.state = "active"


def _zones(call: Call, balancer: LoadBalancer) -> list[dict[str, Any]]:
    zones = []
    for subnet_id, address in balancer.subnets.items():
        found = graph.subnet(call.account, call.region, subnet_id)
        zone = {"ZoneName": found.availability_zone if found else "", "SubnetId": subnet_id}
        addresses = [{"PrivateIPv4Address": address}] if address else []
        zones.append({**zone, "LoadBalancerAddresses": addresses})
    return sorted(zones, key=lambda zone: str(zone["ZoneName"]))


def _shown(call: Call, balancer: LoadBalancer) -> dict[str, Any]:
    prefix = "internal-" if balancer.scheme == "internal" else ""
    shown: dict[str, Any] = {
        "LoadBalancerArn": balancer.arn,
        "DNSName": f"{prefix}{balancer.name}-{balancer.suffix}.elb.{call.region}.amazonaws.com",
        "CanonicalHostedZoneId": "Z3F0SRJ5LGBH90",
        "CreatedTime": balancer.created,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc_id,
        "State": {"Code": balancer.state},
        "Type": "network",
        "AvailabilityZones": _zones(call, balancer),
        "IpAddressType": balancer.ip_address_type,
        "EnablePrefixForIpv6SourceNat": "off",
    }
    if balancer.security_groups:
        shown["SecurityGroups"] = balancer.security_groups
        shown["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = balancer.enforce_inbound
    return shown


@operation("elbv2", "CreateLoadBalancer")
def create_load_balancer(call: Call) -> dict[str, Any]:
    params = call.params
    name = read_name(params["Name"], "load balancer")
    if name.startswith("internal-"):
        raise AwsError("ValidationError", f"The load balancer name '{name}' cannot begin with 'internal-'")
    if params.get("Type", "application") != "network":
        raise AwsError("InvalidConfigurationRequest", "The emulator has Network Load Balancers only: Type=network")
    asked = _subnets_asked(params)
    vpc_id = _check_subnets(call, asked)
    groups = params.get("SecurityGroups") or []
    _check_groups(call, groups, vpc_id)
    wanted = {
        "scheme": params.get("Scheme", "internet-facing"),
        "subnets": sorted(asked),
        "groups": sorted(groups),
        "ip": params.get("IpAddressType", "ipv4"),
        "tags": read_tags(params.get("Tags")),
    }
    state = elb(call)
    for known in state.load_balancers.values():
        if known.name == name:
            # Creating again with the same settings succeeds.
            if known.asked == wanted:
                return {"LoadBalancers": [_shown(call, known)]}
            text = f"A load balancer with the same name '{name}' exists, but with different settings"
            raise AwsError("DuplicateLoadBalancerName", text)
    if len(state.load_balancers) >= QUOTA:
        raise AwsError("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
    if wanted["scheme"] == "internet-facing" and any(asked.values()):
        raise AwsError("InvalidConfigurationRequest", "Private addresses are for internal load balancers only")
    _check_room(call, list(asked))
    suffix = hex_id("", 16)
    balancer = LoadBalancer(
        arn=call.arn("elasticloadbalancing", f"loadbalancer/net/{name}/{suffix}"),
        name=name,
        suffix=suffix,
        scheme=wanted["scheme"],
        vpc_id=vpc_id,
        subnets=asked,
        security_groups=groups,
        ip_address_type=wanted["ip"],
        created=call.world.clock.datetime(),
        asked=wanted,
        attributes=dict(ATTRIBUTES),
        tags=dict(wanted["tags"]),
    )
    state.load_balancers[balancer.arn] = balancer
    _place(call, balancer)
    call.later("load_balancer", partial(_activate, balancer))
    return {"LoadBalancers": [_shown(call, balancer)]}


@operation("elbv2", "DescribeLoadBalancers")
def describe_load_balancers(call: Call) -> dict[str, Any]:
    arns, names = call.params.get("LoadBalancerArns"), call.params.get("Names")
    if arns and names:
        raise AwsError("ValidationError", "Load balancer names and load balancer ARNs cannot be specified together")
    found = list(elb(call).load_balancers.values())
    if arns:
        found = [load_balancer(call, arn) for arn in arns]
    if names:
        by_name = {balancer.name: balancer for balancer in found}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise AwsError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
        found = [by_name[name] for name in names]
    return page(call, [_shown(call, balancer) for balancer in found], "LoadBalancers")


@operation("elbv2", "DeleteLoadBalancer")
def delete_load_balancer(call: Call) -> dict[str, Any]:
    arn = call.params["LoadBalancerArn"]
    state = elb(call)
    balancer = state.load_balancers.get(arn)
    if balancer is None:
        # Deleting what is not there succeeds.
        return {}
    if balancer.attributes["deletion_protection.enabled"] == "true":
        text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise AwsError("OperationNotPermitted", text)
    if services_of_load_balancer(call.world, arn):
        text = f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service"
        raise AwsError("ResourceInUse", text)
    balancer.subnets = {}
    _place(call, balancer)
    for listener in state.listeners_of(arn):
        del state.listeners[listener.arn]
    del state.load_balancers[arn]
    return {}


@operation("elbv2", "SetSubnets")
def set_subnets(call: Call) -> dict[str, Any]:
    balancer = load_balancer(call, call.params["LoadBalancerArn"])
    asked = _subnets_asked(call.params)
    _check_subnets(call, asked, balancer.vpc_id)
    removed = [subnet_id for subnet_id in balancer.subnets if subnet_id not in asked]
    services = services_of_load_balancer(call.world, balancer.arn)
    if removed and any(service.connections for service in services):
        text = f"Subnets {removed} cannot be removed: the load balancer has active VPC endpoint associations"
        raise AwsError("InvalidConfigurationRequest", text)
    _check_room(call, [subnet_id for subnet_id in asked if subnet_id not in balancer.subnets])
    kept = {subnet_id: balancer.subnets.get(subnet_id, address) for subnet_id, address in asked.items()}
    balancer.subnets = kept
    balancer.asked["subnets"] = sorted(kept)
    _place(call, balancer)
    return {"AvailabilityZones": _zones(call, balancer), "IpAddressType": balancer.ip_address_type}


@operation("elbv2", "SetSecurityGroups")
def set_security_groups(call: Call) -> dict[str, Any]:
    balancer = load_balancer(call, call.params["LoadBalancerArn"])
    groups = call.params["SecurityGroups"]
    if not balancer.security_groups:
        # A Network Load Balancer that was created without security groups never gets one.
        text = "You can only set security groups on a Network Load Balancer that was created with a security group"
        raise AwsError("InvalidConfigurationRequest", text)
    if not groups:
        raise AwsError("InvalidConfigurationRequest", "At least one security group must be specified")
    _check_groups(call, groups, balancer.vpc_id)
    balancer.security_groups = list(groups)
    balancer.asked["groups"] = sorted(groups)
    for interface in balancer.interfaces.values():
        known = graph.backend(call.account, call.region).enis[interface]
        known._group_set = [graph.group(call.account, call.region, group_id) for group_id in groups]
    enforce = call.params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    balancer.enforce_inbound = enforce or balancer.enforce_inbound
    return {
        "SecurityGroupIds": groups,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": balancer.enforce_inbound,
    }


@operation("elbv2", "SetIpAddressType")
def set_ip_address_type(call: Call) -> dict[str, Any]:
    balancer = load_balancer(call, call.params["LoadBalancerArn"])
    wanted = call.params["IpAddressType"]
    if wanted != "ipv4":
        for subnet_id in balancer.subnets:
            found = graph.subnet(call.account, call.region, subnet_id)
            if found is None or not found.ipv6_cidr_block_associations:
                raise AwsError("InvalidSubnet", f"The subnet {subnet_id} has no IPv6 range")
    balancer.ip_address_type = balancer.asked["ip"] = wanted
    return {"IpAddressType": wanted}


@operation("elbv2", "DescribeLoadBalancerAttributes")
def describe_load_balancer_attributes(call: Call) -> dict[str, Any]:
    return {"Attributes": listed(load_balancer(call, call.params["LoadBalancerArn"]).attributes)}


@operation("elbv2", "ModifyLoadBalancerAttributes")
def modify_load_balancer_attributes(call: Call) -> dict[str, Any]:
    balancer = load_balancer(call, call.params["LoadBalancerArn"])
    change_attributes(balancer.attributes, call.params["Attributes"], "Load balancer")
    return {"Attributes": listed(balancer.attributes)}


def listed(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in attributes.items()]


def change_attributes(attributes: dict[str, str], changes: list[dict[str, str]], kind: str) -> None:
    """All of the changes or none: an unknown key or a word that is no boolean is refused."""
    for change in changes:
        key, value = change["Key"], change.get("Value", "")
        if key not in attributes:
            raise AwsError("ValidationError", f"{kind} attribute key '{key}' is not recognized")
        if attributes[key] in ("true", "false") and value not in ("true", "false"):
            raise AwsError("ValidationError", f"{kind} attribute '{key}' must be true or false, not '{value}'")
        if attributes[key].isdigit() and not value.isdigit():
            raise AwsError("ValidationError", f"{kind} attribute '{key}' must be a number, not '{value}'")
    attributes.update({change["Key"]: change.get("Value", "") for change in changes})
