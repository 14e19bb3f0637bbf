# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint services as AWS tells of them, and options of the module."""

from __future__ import annotations

from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service

REGION = "eu-central-1"
KMS = "cks.kms.eu-central-1.amazonaws.com"
ROLE = "arn:aws:iam::111111111111:role/KeyStoreManager"
NAME = "myproxy-private.xks.example.com"
SERVICE = "vpce-svc-0123456789abcdef0"
PENDING_ARN = "(known after apply: load_balancer.payments.load_balancer_arn)"

Raw = dict[str, Any]


def arn(name: str = "payments", kind: str = "net", region: str = REGION) -> str:
    return f"arn:aws:elasticloadbalancing:{region}:123456789012:loadbalancer/{kind}/{name}/0123456789abcdef"


ARN, SECOND = arn(), arn("second")


def options(**others: Any) -> dict[str, Any]:
    return {
        "state": "present",
        "name": None if others.get("service_id") else "payments",
        "service_id": None,
        "network_load_balancer_arns": [ARN],
        "purge_network_load_balancer_arns": False,
        "private_dns_name": NAME,
        "acceptance_required": False,
        "supported_ip_address_types": ["ipv4"],
        "kms_principal": None,
        "allowed_principals": None,
        "purge_allowed_principals": False,
        "force": False,
        "wait_for_disconnect": False,
        "tags": None,
        "purge_tags": True,
        "wait": True,
        "wait_timeout": 900,
        **others,
    }


def service(**others: Any) -> Raw:
    """As DescribeVpcEndpointServiceConfigurations tells."""
    return {
        "ServiceId": SERVICE,
        "ServiceName": f"com.amazonaws.vpce.{REGION}.{SERVICE}",
        "ServiceState": "Available",
        "ServiceType": [{"ServiceType": "Interface"}],
        "AvailabilityZones": ["eu-central-1a", "eu-central-1b"],
        "AvailabilityZoneIds": ["euc1-az2", "euc1-az3"],
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": [ARN],
        "SupportedIpAddressTypes": ["ipv4"],
        "BaseEndpointDnsNames": [f"{SERVICE}.{REGION}.vpce.amazonaws.com"],
        "PrivateDnsName": NAME,
        "PrivateDnsNameConfiguration": {
            "Name": "_6e86", "Type": "TXT", "Value": "vpce:l6p0ER", "State": "verified",
        },
        "Tags": [{"Key": "Name", "Value": "payments"}],
        **others,
    }


def other(**others: Any) -> Raw:
    """Somebody else's service of the Region."""
    return service(
        **{
            "ServiceId": "vpce-svc-0fedcba9876543210", "NetworkLoadBalancerArns": [arn("other")],
            "PrivateDnsName": "other.example.com", "Tags": [{"Key": "Name", "Value": "other"}], **others,
        }
    )


def balancer(name: str = "payments", *, zones: str = "ab", state: str = "active", scheme: str = "internal") -> Raw:
    return {
        "LoadBalancerArn": arn(name),
        "State": {"Code": state},
        "Scheme": scheme,
        "AvailabilityZones": [{"ZoneName": REGION + zone} for zone in zones],
    }


def connection(state: str = "available", endpoint: str = "vpce-0123456789abcdef0") -> Raw:
    return {"VpcEndpointId": endpoint, "VpcEndpointOwner": "210987654321", "VpcEndpointState": state}


def view(
    params: dict[str, Any],
    *services: Raw,
    balancers: list[Raw] | None = None,
    principals: tuple[str, ...] = (KMS,),
    connections: tuple[Raw, ...] = (),
) -> dict[str, Any]:
    """What the module sees."""
    details = {"permissions": [{"Principal": item} for item in principals], "connections": list(connections)}
    found = endpoint_service.matching(params, services)
    looked_at = [balancer()] if balancers is None else balancers
    return endpoint_service.normalise(params, REGION, services, looked_at, details if len(found) == 1 else None)
