# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS refuses of a VPC endpoint that is made or changed."""

from __future__ import annotations

import json
from typing import Any

from ..errors import AwsError
from ..registry import Call
from ..route53.state import hosted
from . import graph
from .catalogue import GATEWAY
from .endpoint_state import Endpoint, Endpoints

_DEFAULT_POLICY = json.dumps(
    {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}, separators=(",", ":")
)
_NEEDED = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_RECORD_TYPES = {"ipv4": ["ipv4"], "ipv6": ["ipv6"], "dualstack": ["dualstack", "ipv4", "ipv6", "service-defined"]}
_FAMILIES = {"ipv4": ["ipv4"], "ipv6": ["ipv6"], "dualstack": ["ipv4", "ipv6"]}


def policy(text: str | None) -> str:
    """The document as AWS hands it back: without white space, and a list of one as what is in it."""
    if text is None:
        return _DEFAULT_POLICY
    try:
        document = json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidPolicyDocument", "Invalid policy document: it is not valid JSON") from error
    if not isinstance(document, dict) or "Statement" not in document or len(text) > 20_480:
        raise AwsError("InvalidPolicyDocument", "Invalid policy document: it has no Statement or is too long")
    found = document["Statement"]
    for statement in found if isinstance(found, list) else [found]:
        missing = [names[0] for names in _NEEDED if not any(name in statement for name in names)]
        if missing:
            raise AwsError("InvalidPolicyDocument", f"Invalid policy document: a statement has no {missing[0]}")
        for name in ("Action", "Resource"):
            if isinstance(statement.get(name), list) and len(statement[name]) == 1:
                statement[name] = statement[name][0]
    return json.dumps(document, separators=(",", ":"))


def subnets(call: Call, vpc_id: str, subnet_ids: list[str], zones: list[str]) -> None:
    """One subnet per zone, in zones that the service has."""
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


def quota(call: Call, vpc_id: str) -> None:
    found = [item for item in call.store(Endpoints).by_id.values() if item.vpc_id == vpc_id and item.kind != "Gateway"]
    if len(found) >= call.settings.endpoint_quota:
        text = f"The maximum number of VPC endpoints of the VPC {vpc_id} has been reached."
        raise AwsError("VpcEndpointLimitExceeded", text)


def ip_types(call: Call, service: dict[str, Any], params: dict[str, Any], subnet_ids: list[str]) -> tuple[str, str]:
    """IP address type and DNS record type, which fit each other, the service and the subnets."""
    kind = params.get("IpAddressType", "ipv4")
    record = (params.get("DnsOptions") or {}).get("DnsRecordIpType", kind)
    if record not in _RECORD_TYPES[kind]:
        text = f"The DNS record IP type {record} is not compatible with the IP address type {kind}"
        raise AwsError("InvalidParameter", text)
    for family in _FAMILIES[kind]:
        if family not in service["SupportedIpAddressTypes"]:
            raise AwsError("InvalidParameter", f"The service {service['ServiceName']} does not support {family}")
    for subnet_id in subnet_ids:
        found = graph.subnet(call.account, call.region, subnet_id)
        if "ipv6" in _FAMILIES[kind] and not (found and found.ipv6_cidr_block_associations):
            raise AwsError("InvalidParameter", f"The subnet {subnet_id} has no IPv6 CIDR block for {kind}")
        if kind == "ipv6" and found is not None and found.cidr_block:
            raise AwsError("InvalidParameter", f"The subnet {subnet_id} is not an IPv6-only subnet")
    return kind, record


def private_dns(call: Call, vpc_id: str, service: dict[str, Any], own: Endpoint | None = None) -> None:
    """Whether private DNS can be switched on in a VPC."""
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
    others = call.store(Endpoints).by_id.values()
    taken = any(
        other.vpc_id == vpc_id and other.service_name == service["ServiceName"] and other.private_dns
        for other in others
        if other is not own
    )
    names = {f"{item['PrivateDnsName']}." for item in service["PrivateDnsNames"]}
    for zone in hosted(call).zones.values():
        taken = taken or (zone.name in names and any(known["VPCId"] == vpc_id for known in zone.vpcs))
    if taken:
        text = "private-dns-enabled cannot be set because there is already a conflicting DNS domain"
        raise AwsError("InvalidParameter", f"{text} for {name} in the VPC {vpc_id}")


def has_gateway_too(call: Call, service_name: str) -> bool:
    """Whether a service has endpoints of both types."""
    return service_name in [f"com.amazonaws.{call.region}.{code}" for code in GATEWAY]


def only_inbound(call: Call, vpc_id: str, name: str, params: dict[str, Any], own: Endpoint | None = None) -> bool:
    """Private DNS for inbound resolver endpoints only, which is the default of services that have gateway endpoints."""
    asked = (params.get("DnsOptions") or {}).get("PrivateDnsOnlyForInboundResolverEndpoint")
    had_dns = own is not None and own.private_dns
    if not has_gateway_too(call, name):
        if asked:
            text = f"PrivateDnsOnlyForInboundResolverEndpoint is not supported for {name}: it has no gateway endpoints"
            raise AwsError("InvalidParameter", text)
        return False
    if not params.get("PrivateDnsEnabled", had_dns):
        return False
    wanted = (own.only_inbound if own is not None and had_dns else True) if asked is None else bool(asked)
    gateways = (item for item in call.store(Endpoints).by_id.values() if item.kind == "Gateway")
    if wanted and not any(item.vpc_id == vpc_id and item.service_name == name for item in gateways):
        text = "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC"
        raise AwsError("InvalidParameter", f"{text} {vpc_id} must have a Gateway endpoint for the service.")
    return wanted


def groups(call: Call, vpc_id: str, asked: list[str] | None) -> list[str]:
    if not asked:
        default = graph.backend(call.account, call.region).get_security_group_from_name("default", vpc_id)
        return [str(default.id)] if default is not None else []
    for group_id in asked:
        found = graph.group(call.account, call.region, group_id)
        if found is None or found.vpc_id != vpc_id:
            text = f"The security group '{group_id}' does not exist in {vpc_id}"
            raise AwsError("InvalidSecurityGroupId.NotFound", text)
    return list(dict.fromkeys(asked))


def tables(call: Call, endpoint: Endpoint, table_ids: list[str]) -> None:
    """One gateway endpoint of a service per route table."""
    known = graph.backend(call.account, call.region).route_tables
    for table_id in table_ids:
        if table_id not in known or known[table_id].vpc_id != endpoint.vpc_id:
            raise AwsError("InvalidRouteTableId.NotFound", f"The routeTable ID '{table_id}' does not exist")
        for other in call.store(Endpoints).by_id.values():
            if other is not endpoint and other.service_name == endpoint.service_name and table_id in other.route_tables:
                text = f"route table {table_id} already has a route with destination-prefix-list-id of {other.id}"
                raise AwsError("RouteAlreadyExists", text)
