# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways to break a complete set-up, each with the numbers that a look at it then lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scenarios import preflights as ways
from scenarios import prerequisites as before
from scenarios.preflights import Break, Site

KMS = f"cks.kms.{before.REGION}.amazonaws.com"
MISCONFIGURED = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
UNREACHABLE = "XKS_PROXY_NOT_REACHABLE"


def option(**options: Any) -> Break:
    return lambda site: options


def fault(number: str, how: Break, also: tuple[str, ...] = (), code: str | None = None) -> Any:
    """A way to break a requirement, what else is listed with it, and what a connect would end with."""
    return pytest.param(number, how, set(also), code, id=number)


def odd_group(**settings: Any) -> Break:
    return lambda site: ways.forward_to(site, ways.group(site, **settings))


def attribute(*names: str) -> Break:
    def switch_off(site: Site) -> None:
        for name in names:
            site.client("ec2").modify_vpc_attribute(VpcId=site.service.vpc_id, **{name: {"Value": False}})

    return switch_off


def other_store(site: Site) -> None:
    site.client("kms").create_custom_key_store(
        CustomKeyStoreName="other", CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyConnectivity="VPC_ENDPOINT_SERVICE", XksProxyUriEndpoint=f"https://{ways.NAME}",
        XksProxyUriPath=before.URI_PATH, XksProxyVpcEndpointServiceName=site.service.service_name,
        XksProxyAuthenticationCredential={
            "AccessKeyId": before.CREDENTIAL["access_key_id"], "RawSecretAccessKey": ways.SECRET,
        },
    )


def same_name_elsewhere(site: Site) -> None:
    site.client("ec2").create_vpc_endpoint_service_configuration(
        AcceptanceRequired=False, NetworkLoadBalancerArns=[ways.balancer(site)], PrivateDnsName=ways.NAME
    )


def two_in_one_zone(site: Site) -> Mapping[str, Any]:
    third = site.client("ec2").create_subnet(
        VpcId=site.service.vpc_id, CidrBlock="10.0.32.0/20", AvailabilityZone=f"{before.REGION}a"
    )["Subnet"]["SubnetId"]
    return {"subnet_ids": [*site.service.subnet_ids, third]}


def unverified(site: Site) -> Mapping[str, Any]:
    made = before.endpoint_service(site.world.url, "other.example.com", name="other", verified=False)
    site.client("ec2").modify_vpc_attribute(VpcId=made.vpc_id, EnableDnsHostnames={"Value": True})
    return {"service_id": made.service_id, "private_dns_name": "other.example.com", "probe": False}


def foreign(site: Site) -> Mapping[str, Any]:
    site.world.configure(accounts={ways.STRANGER: "210987654321"})
    principals = (KMS, "arn:aws:iam::123456789012:root")
    theirs = before.endpoint_service(
        site.world.url, "theirs.example.com", name="theirs", access_key=ways.STRANGER, principals=principals,
        verified=False,
    )
    before.verify(site.world.url, theirs.service_id, access_key=ways.STRANGER, zone_key=before.CONNECTION["access_key"])
    return {"service_id": None, "service_name": theirs.service_name, "private_dns_name": "theirs.example.com",
            "vpc_id": site.service.vpc_id, "load_balancer_arn": site.service.load_balancer_arn, "probe": False}


def one_zone(site: Site) -> Mapping[str, Any]:
    arn = ways.balancer(site, Subnets=[site.service.subnet_ids[0]])
    ways.listen(site)
    site.client("elbv2").create_listener(
        LoadBalancerArn=arn, Protocol="TCP", Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": site.service.target_group_arn}],
    )
    return {"service_id": None, "load_balancer_arn": arn, "subnet_ids": list(site.service.subnet_ids),
            "private_dns_name": "new.example.com", "probe": False}


def by_balancer(**settings: Any) -> Break:
    """A load balancer that no service has yet, with a group behind it."""
    def make(site: Site) -> Mapping[str, Any]:
        arn = ways.balancer(site, **settings)
        return {"service_id": None, "load_balancer_arn": arn, "target_group_arn": site.service.target_group_arn,
                "private_dns_name": "new.example.com", "probe": False, "subnet_ids": list(site.service.subnet_ids)}

    return make


def provisioning(site: Site) -> Mapping[str, Any] | None:
    site.world.configure(time_scale=1.0, delays={"load_balancer": 3600})
    return by_balancer()(site)


def guarded(site: Site) -> Mapping[str, Any] | None:
    ec2 = site.client("ec2")
    made = ec2.create_security_group(GroupName="nlb", Description="nlb", VpcId=site.service.vpc_id)["GroupId"]
    return by_balancer(SecurityGroups=[made])(site)


def elsewhere(site: Site) -> Mapping[str, Any]:
    vpc, subnets = before.network(site.world.url)
    site.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    return {"vpc_id": vpc, "subnet_ids": subnets}


def one_target(site: Site) -> None:
    site.client("elbv2").deregister_targets(
        TargetGroupArn=site.service.target_group_arn, Targets=[{"Id": before.TARGETS[0], "Port": 443}]
    )


def wrong_port(site: Site) -> None:
    site.client("elbv2").register_targets(
        TargetGroupArn=site.service.target_group_arn, Targets=[{"Id": before.TARGETS[0], "Port": 8443}]
    )


def unhealthy(site: Site) -> None:
    site.world.configure(address_map={})


def no_group(site: Site) -> None:
    ways.listen(site)


def no_listener(site: Site) -> Mapping[str, Any]:
    ways.listen(site)
    return {"name": "payments"}


def health_path(site: Site) -> Mapping[str, Any] | None:
    return odd_group(
        HealthCheckProtocol="HTTPS", HealthCheckPath="/kms/xks/v1/health", Matcher={"HttpCode": "200-399"}
    )(site)


def proxy_protocol(site: Site) -> None:
    site.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=site.service.target_group_arn,
        Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true"}],
    )


FAULTS = [
    fault("R3", ways.route_to_internet),
    fault("R4", option(vpc_id="vpc-0123456789abcdef0")),
    fault("R5", other_store, ("R6",)),
    fault("R6", option(private_dns_name="another.example.com", probe=False), code=MISCONFIGURED),
    fault("R8", lambda site: ways.modify_service(site, AcceptanceRequired=True), code=MISCONFIGURED),
    fault("R9", lambda site: ways.allow(site, [], [KMS]), code=NOT_FOUND),
    fault("R10", same_name_elsewhere),
    fault("R11", option(service_id=None, private_dns_name="xks.nobody.test", probe=False)),
    fault("R16", foreign, ("N16",), NOT_FOUND),
    fault("R18", option(data_center_cidrs=["10.0.0.0/8"])),
    fault("R19", option(data_center_cidrs=["fd00::/8"])),
    fault("R21", option(availability_zones=[f"{before.REGION}a"])),
    fault("R23", two_in_one_zone),
    fault("R24", attribute("EnableDnsHostnames")),
    fault("R25", attribute("EnableDnsHostnames", "EnableDnsSupport"), ("R24",)),
    fault("R26", unhealthy),
    fault("R29", no_group, code=UNREACHABLE),
    fault("R30", one_target),
    fault("R31", odd_group(TargetType="instance"), ("R30",)),
    fault("R32", odd_group(Protocol="TCP_UDP")),
    fault("R33", odd_group(Port=8443)),
    fault("R34", odd_group(IpAddressType="ipv6"), ("R30",)),
    fault("R36", health_path, ("R26",)),
    fault("R37", option(targets=["10.0.0.10", "8.8.8.8"])),
    fault("R38", wrong_port),
    fault("R39", by_balancer(Scheme="internet-facing")),
    fault("R41", elsewhere),
    fault("R42", one_zone, code=MISCONFIGURED),
    fault("R44", lambda site: ways.listen(site, Port=8443), code=UNREACHABLE),
    fault("R44", no_listener, code=UNREACHABLE),
    fault("R45", lambda site: {"target_group_arn": ways.group(site)}),
    fault("R46", lambda site: {"load_balancer_arn": ways.balancer(site)}),
    fault("R48", option(service_id="vpce-svc-0123456789abcdef0"), code=NOT_FOUND),
    fault("R50", provisioning, code=MISCONFIGURED),
    fault("R52", lambda site: ways.modify_service(site, RemovePrivateDnsName=True), code=MISCONFIGURED),
    fault("R57", unverified, ("R58",), MISCONFIGURED),
    fault("N3", option(uri_path="/kms/xks/v1/health", probe=False)),
    fault("N5", guarded),
    fault("N6", proxy_protocol),
    fault("N9", ways.take_record_away),
]
