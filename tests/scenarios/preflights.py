# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A complete set-up for an external key store, running xks_preflight_info on it, and ways to break it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from emulator import pki
from emulator.proxy import Behaviour, XksProxy
from scenarios import prerequisites as before
from scenarios.harness import run_module
from scenarios.proxies import House, listed

SECRET = before.CREDENTIAL["raw_secret_access_key"]
NAME = before.PRIVATE_DNS_NAME
STRANGER = "AKIASTRANGERSTRANGER"


@dataclass
class Site:
    """An account with everything in it, and a proxy that the module can reach."""

    world: Any
    house: House
    service: before.EndpointService
    address: tuple[str, int]

    def client(self, service: str) -> Any:
        return before.client(self.world.url, service)

    def look(self, **changes: Any) -> dict[str, Any]:
        options: dict[str, Any] = {
            "service_id": self.service.service_id, "private_dns_name": NAME, "custom_key_store_name": "payments",
            "uri_path": before.URI_PATH, "credential": before.CREDENTIAL, "data_center_cidrs": ["192.168.0.0/16"],
            "probe_addresses": [f"{self.address[0]}:{self.address[1]}"], "ca_file": self.house.ca_file,
            "trusted_ca_content": listed(self.house.root), "probe_tries": 1, **changes,
        }
        return look(self.world, **{name: value for name, value in options.items() if value is not None})

    @contextmanager
    def other_proxy(self, leaf: pki.Issued | None = None, behaviour: Behaviour | None = None) -> Iterator[None]:
        """Another proxy at the address that is probed."""
        with served(self.house, leaf, behaviour) as proxy:
            self.address, kept = proxy.address, self.address
            yield
            self.address = kept


@contextmanager
def served(house: House, leaf: pki.Issued | None = None, behaviour: Behaviour | None = None) -> Iterator[XksProxy]:
    issued = leaf or pki.issue_leaf(house.root, NAME)
    files = pki.write_leaf(house.directory, house.root, issued, f"preflight-{secrets.token_hex(8)}")
    with XksProxy(
        certificate=files.chain, private_key=files.key, credentials={before.CREDENTIAL["access_key_id"]: SECRET},
        uri_path_prefix=before.URI_PATH.removesuffix("/kms/xks/v1"), behaviour=behaviour,
    ) as proxy:
        yield proxy


def look(world: Any, **options: Any) -> dict[str, Any]:
    """The module's result: it never fails, writes or shows the secret."""
    since = len(world.calls())
    where = {"resolvers": ["127.0.0.1"], "dns_port": world.dns_port, "query_timeout": 2.0}
    result = run_module(world.url, "xks_preflight_info", **{**where, **options})
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert [call["action"] for call in world.calls()[since:] if call["mutating"]] == []
    assert SECRET not in json.dumps(result, default=str)
    return result


def site(world: Any, house: House, address: tuple[str, int]) -> Site:
    """Everything that AWS KMS wants, and healthy targets."""
    service = before.endpoint_service(world.url)
    before.client(world.url, "ec2").modify_vpc_attribute(VpcId=service.vpc_id, EnableDnsHostnames={"Value": True})
    place = f"{address[0]}:{address[1]}"
    world.configure(address_map=dict.fromkeys(before.TARGETS, place), ca_file=house.ca_file, proxy_timeout=5.0)
    return Site(world, house, service, address)


def named(result: Mapping[str, Any]) -> set[str]:
    """The numbers that are listed as not met."""
    return {item["number"] for item in result["unmet_requirements"]}


def status(result: Mapping[str, Any], number: str) -> str:
    (row,) = (row for row in result["requirements"] if row["number"] == number)
    return str(row["status"])


Break = Callable[[Site], Mapping[str, Any] | None]


def group(site: Site, **changes: Any) -> str:
    """Another target group, with the targets in it."""
    settings = {
        "Name": "odd", "Protocol": "TCP", "Port": 443, "VpcId": site.service.vpc_id, "TargetType": "ip",
        "IpAddressType": "ipv4", **changes,
    }
    elb = site.client("elbv2")
    arn: str = elb.create_target_group(**settings)["TargetGroups"][0]["TargetGroupArn"]
    if settings["TargetType"] == "ip" and settings["IpAddressType"] == "ipv4":
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": host, "Port": 443} for host in before.TARGETS])
    return arn


def listener(site: Site) -> dict[str, Any]:
    (found,) = site.client("elbv2").describe_listeners(LoadBalancerArn=site.service.load_balancer_arn)["Listeners"]
    return dict(found)


def forward_to(site: Site, arn: str) -> None:
    """The listener forwards to another group."""
    site.client("elbv2").modify_listener(
        ListenerArn=listener(site)["ListenerArn"], DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}]
    )


def listen(site: Site, **changes: Any) -> None:
    """Another listener in place of the right one."""
    elb, old = site.client("elbv2"), listener(site)
    elb.delete_listener(ListenerArn=old["ListenerArn"])
    if changes:
        elb.create_listener(**{
            "LoadBalancerArn": site.service.load_balancer_arn, "Protocol": "TCP", "Port": 443,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": site.service.target_group_arn}], **changes,
        })


def balancer(site: Site, name: str = "odd", **changes: Any) -> str:
    """Another load balancer."""
    made = site.client("elbv2").create_load_balancer(**{
        "Name": name, "Type": "network", "Scheme": "internal", "IpAddressType": "ipv4",
        "Subnets": list(site.service.subnet_ids), **changes,
    })
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def modify_service(site: Site, **changes: Any) -> None:
    site.client("ec2").modify_vpc_endpoint_service_configuration(ServiceId=site.service.service_id, **changes)


def allow(site: Site, add: list[str], remove: list[str]) -> None:
    site.client("ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=site.service.service_id, AddAllowedPrincipals=add, RemoveAllowedPrincipals=remove
    )


def route_to_internet(site: Site) -> None:
    ec2 = site.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=site.service.vpc_id)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [site.service.vpc_id]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def take_record_away(site: Site) -> None:
    route53 = site.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    for item in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
        if item["Type"] == "TXT":
            change = {"Action": "DELETE", "ResourceRecordSet": item}
            route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})
