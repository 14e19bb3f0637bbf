# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an external key store needs before it: a verified endpoint service, and a proxy behind it. Made with boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from emulator import pki
from emulator.proxy import Behaviour, ExternalKey, XksProxy
from scenarios.harness import CONNECTION

REGION = CONNECTION["region"]
DOMAIN = "example.com"
PRIVATE_DNS_NAME = "xks-proxy.example.com"
OTHER_NAME = "other-proxy.example.com"
PUBLIC_NAME = "public.example.com"
TARGETS = ("10.0.0.10", "10.0.16.10")
URI_PATH = "/payments/kms/xks/v1"
CREDENTIAL = {
    "access_key_id": "ABCDEFGHIJKLMNOPQRST",
    "raw_secret_access_key": "c2VjcmV0LW9mLXRoZS1wcm94eS1uZXZlci1wcmludGVkIQ==",
}
_PATIENCE = 20.0


@dataclass(frozen=True)
class EndpointService:
    """Step 1 to 6 of the connectivity, by id."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    target_group_arn: str
    load_balancer_arn: str
    service_id: str
    service_name: str
    private_dns_name: str


@lru_cache(maxsize=64)
def client(url: str, service: str, access_key: str = CONNECTION["access_key"], region: str = REGION) -> Any:
    """A boto3 client of SERVICE, as the user of the modules or as another one."""
    # boto3's stubs know each service by a literal.
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=CONNECTION["secret_key"],
    )


def impatient(url: str, service: str) -> Any:
    """A boto3 client that sees every answer, and waits for none."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
    make: Any = boto3.client
    return make(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=CONNECTION["access_key"],
        aws_secret_access_key=CONNECTION["secret_key"],
        config=config,
    )


def endpoint_service(
    url: str,
    private_dns_name: str = PRIVATE_DNS_NAME,
    *,
    name: str = "payments",
    targets: tuple[str, ...] = TARGETS,
    zones: tuple[str, ...] = ("a", "b"),
    verified: bool = True,
    principals: tuple[str, ...] = (f"cks.kms.{REGION}.amazonaws.com",),
    acceptance_required: bool = False,
    access_key: str = CONNECTION["access_key"],
) -> EndpointService:
    """An endpoint service that AWS KMS takes, unless an argument says otherwise."""
    ec2 = client(url, "ec2", access_key)
    vpc_id, subnet_ids = network(url, zones=zones, access_key=access_key)
    balancer, group = load_balancer(url, vpc_id, subnet_ids, name=name, targets=targets, access_key=access_key)
    made = ec2.create_vpc_endpoint_service_configuration(
        AcceptanceRequired=acceptance_required,
        NetworkLoadBalancerArns=[balancer],
        PrivateDnsName=private_dns_name,
        SupportedIpAddressTypes=["ipv4"],
    )["ServiceConfiguration"]
    if principals:
        ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=made["ServiceId"], AddAllowedPrincipals=list(principals)
        )
    if verified:
        verify(url, made["ServiceId"], access_key=access_key)
    return EndpointService(
        vpc_id, tuple(subnet_ids), group, balancer, made["ServiceId"], made["ServiceName"], private_dns_name
    )


def network(
    url: str, *, zones: tuple[str, ...] = ("a", "b"), access_key: str = CONNECTION["access_key"]
) -> tuple[str, list[str]]:
    """A VPC and a private subnet in each of the zones."""
    ec2 = client(url, "ec2", access_key)
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{16 * number}.0/20", AvailabilityZone=REGION + zone)
        for number, zone in enumerate(zones)
    ]
    return vpc_id, [subnet["Subnet"]["SubnetId"] for subnet in subnets]


def load_balancer(
    url: str,
    vpc_id: str,
    subnet_ids: list[str],
    *,
    name: str = "payments",
    targets: tuple[str, ...] = TARGETS,
    access_key: str = CONNECTION["access_key"],
) -> tuple[str, str]:
    """An active Network Load Balancer that forwards TCP 443 to the targets, and its target group: two ARNs."""
    elb = client(url, "elbv2", access_key)
    group = elb.create_target_group(
        Name=name, Protocol="TCP", Port=443, VpcId=vpc_id, TargetType="ip", IpAddressType="ipv4"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target, "Port": 443} for target in targets])
    arn = elb.create_load_balancer(
        Name=name, Type="network", Scheme="internal", IpAddressType="ipv4", Subnets=subnet_ids
    )["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="TCP",
        Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    until(lambda: elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active")
    return arn, group


def verify(
    url: str, service_id: str, *, access_key: str = CONNECTION["access_key"], zone_key: str | None = None
) -> None:
    """Publish the TXT record of a service in a public zone, of ZONE_KEY's account if given, and let AWS verify it."""
    ec2, route53 = client(url, "ec2", access_key), client(url, "route53", zone_key or access_key)

    def configuration() -> dict[str, str]:
        found = ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])["ServiceConfigurations"]
        proof: dict[str, str] = found[0]["PrivateDnsNameConfiguration"]
        return proof

    zones = route53.list_hosted_zones_by_name(DNSName=DOMAIN)["HostedZones"]
    zone = next((zone["Id"] for zone in zones if zone["Name"] == f"{DOMAIN}."), None)
    if zone is None:
        zone = route53.create_hosted_zone(Name=DOMAIN, CallerReference=service_id)["HostedZone"]["Id"]
    proof = configuration()
    record = {
        "Name": f"{proof['Name']}.{DOMAIN}",
        "Type": "TXT",
        "TTL": 300,
        "ResourceRecords": [{"Value": f'"{proof["Value"]}"'}],
    }
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )
    ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service_id)
    until(lambda: configuration()["State"] == "verified")


@contextmanager
def proxy(
    emulator: Any,
    directory: Path,
    server_name: str = PRIVATE_DNS_NAME,
    *,
    targets: tuple[str, ...] = TARGETS,
    credentials: dict[str, str] | None = None,
    behaviour: Behaviour | None = None,
    keys: dict[str, ExternalKey] | None = None,
    leaf: Callable[[pki.Issued], pki.Issued] | None = None,
    names: list[str] | None = None,
) -> Iterator[XksProxy]:
    """A running XKS proxy at the private addresses TARGETS, with a certificate for SERVER_NAME that AWS trusts.

    leaf: makes another certificate from the root. names: more than one name in the certificate.
    """
    root = pki.new_root()
    made = leaf(root) if leaf else pki.issue_leaf(root, server_name, alternative_names=names)
    files = pki.write_leaf(directory, root, made)
    known = credentials or {CREDENTIAL["access_key_id"]: CREDENTIAL["raw_secret_access_key"]}
    running = XksProxy(
        certificate=files.chain,
        private_key=files.key,
        credentials=known,
        uri_path_prefix=URI_PATH.removesuffix("/kms/xks/v1"),
        keys=keys,
        behaviour=behaviour,
    )
    with running:
        host, port = running.address
        # A busy machine must not look like a slow proxy.
        emulator.configure(
            address_map=dict.fromkeys(targets, f"{host}:{port}"), ca_file=str(files.ca), proxy_timeout=5.0
        )
        yield running


def options(service: EndpointService, **others: Any) -> dict[str, Any]:
    """Options of xks_key_store for a store over SERVICE."""
    return {
        "custom_key_store_name": "payments",
        "xks_proxy_vpc_endpoint_service_name": service.service_name,
        "xks_proxy_uri_path": URI_PATH,
        "xks_proxy_authentication_credential": dict(CREDENTIAL),
        **others,
    }


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that the emulator does a little later."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the emulator did not get there")
        time.sleep(0.02)
