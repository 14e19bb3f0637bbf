# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint services that a region offers: AWS's own, from a list, and those of this emulated AWS."""

from __future__ import annotations

from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from . import graph
from .endpoint_services import zone_ids
from .query import page, select
from .service_state import EndpointService, all_services

# Service code -> private DNS label. Regions that lack one are few; none of them is emulated.
INTERFACE = {
    "kms": "kms",
    "kms-fips": "kms-fips",
    "ssm": "ssm",
    "ssmmessages": "ssmmessages",
    "ec2messages": "ec2messages",
    "ec2": "ec2",
    "logs": "logs",
    "sts": "sts",
    "s3": "s3",
    "cloudhsmv2": "cloudhsmv2",
    "secretsmanager": "secretsmanager",
    "monitoring": "monitoring",
    "events": "events",
    "elasticloadbalancing": "elasticloadbalancing",
}
GATEWAY = ("s3", "dynamodb")
# Services that can be reached over IPv6 as well, and answer to a dual-stack name then.
DUAL_STACK = ("kms", "kms-fips")
# ec2messages is not offered in Regions launched in 2024 or later.
NEW_REGIONS = ("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-east-2", "mx-central-1", "eusc-de-east-1")


def offered(account: str, region: str, without: dict[str, list[str]]) -> list[dict[str, Any]]:
    """AWS's services of a region, in the shape of ServiceDetail. without: service code -> zones that lack it; one
    that all zones lack is not offered."""
    every = [str(zone.name) for zone in graph.backend(account, region).describe_availability_zones()]
    found = []
    for code, label in INTERFACE.items():
        if code == "ec2messages" and region in NEW_REGIONS:
            continue
        zones = [zone for zone in every if zone not in without.get(code, [])]
        if not zones:
            continue
        found.append(_detail(account, region, code, "Interface", zones, f"{label}.{region}.amazonaws.com"))
    for code in GATEWAY:
        found.append(_detail(account, region, code, "Gateway", every, None))
    return sorted(found, key=lambda detail: (detail["ServiceName"], detail["ServiceType"][0]["ServiceType"]))


def _detail(account: str, region: str, code: str, kind: str, zones: list[str], dns: str | None) -> dict[str, Any]:
    name = f"com.amazonaws.{region}.{code}"
    dual = code in DUAL_STACK
    detail: dict[str, Any] = {
        "ServiceName": name,
        "ServiceId": f"vpce-svc-{abs(_stable(name + kind)):017x}"[:26],
        "ServiceType": [{"ServiceType": kind}],
        "ServiceRegion": region,
        "AvailabilityZones": zones,
        "AvailabilityZoneIds": zone_ids(account, region, zones),
        "Owner": "amazon",
        "BaseEndpointDnsNames": [f"{code}.{region}.vpce.amazonaws.com"],
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4", "ipv6"] if dual else ["ipv4"],
        "Tags": [],
    }
    if dns is not None:
        names = [dns, f"{code}.{region}.api.aws"] if dual else [dns]
        detail |= {"PrivateDnsName": dns, "PrivateDnsNames": [{"PrivateDnsName": name} for name in names]}
        detail["PrivateDnsNameVerificationState"] = "verified"
    return detail


def _stable(text: str) -> int:
    return int.from_bytes(text.encode()[-8:], "big")


def _own(found: EndpointService, account: str) -> dict[str, Any] | None:
    """An endpoint service of a customer, if the account is allowed to see it."""
    allowed = any(principal == "*" or f":{account}:" in principal for principal in found.principals)
    if found.account != account and not allowed:
        return None
    detail: dict[str, Any] = {
        "ServiceName": found.name,
        "ServiceId": found.id,
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": found.region,
        "AvailabilityZones": found.zones,
        "AvailabilityZoneIds": zone_ids(found.account, found.region, found.zones),
        "Owner": found.account,
        "BaseEndpointDnsNames": [f"{found.id}.{found.region}.vpce.amazonaws.com"],
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": found.acceptance_required,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": found.ip_types,
        "Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
    }
    if found.private_dns_name:
        detail |= {"PrivateDnsName": found.private_dns_name, "PrivateDnsNameVerificationState": found.dns_state}
        detail["PrivateDnsNames"] = [{"PrivateDnsName": found.private_dns_name}]
    return detail


def details(call: Call) -> list[dict[str, Any]]:
    """Everything that the caller may connect to."""
    own = [_own(found, call.account) for found in all_services(call.world) if found.region == call.region]
    known = offered(call.account, call.region, call.settings.zones_without)
    return known + [detail for detail in own if detail is not None]


_FILTERS = {
    "owner": lambda item: item["Owner"],
    "service-name": lambda item: item["ServiceName"],
    "service-region": lambda item: item["ServiceRegion"],
    "service-type": lambda item: item["ServiceType"][0]["ServiceType"],
    "supported-ip-address-types": lambda item: item["SupportedIpAddressTypes"],
}


@operation("ec2", "DescribeVpcEndpointServices")
def describe_services(call: Call) -> dict[str, Any]:
    found = details(call)
    wanted = call.params.get("ServiceNames")
    if wanted:
        known = {detail["ServiceName"] for detail in found}
        missing = [name for name in wanted if name not in known]
        if missing:
            text = f"The Vpc Endpoint Service '{missing[0]}' does not exist"
            raise AwsError("InvalidServiceName", text)
        found = [detail for detail in found if detail["ServiceName"] in wanted]
    result = page(call, {"ServiceDetails": select(call, found, _FILTERS)}, "ServiceDetails")
    names = sorted({detail["ServiceName"] for detail in result["ServiceDetails"]})
    return {"ServiceNames": names, **result}
