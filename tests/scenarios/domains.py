# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account with an endpoint service whose domain is to be verified, and zones."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import boto3

from scenarios.harness import CONNECTION, run_module
from scenarios.name_servers import AWS, RESOLVER, NameServers

NAME = "myproxy.xks.example.com"


def verbs(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(entry["resource"], entry["name"], entry["action"]) for entry in result["actions"]]


@functools.cache
def _client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=CONNECTION["region"],
        aws_access_key_id=CONNECTION["access_key"],
        aws_secret_access_key=CONNECTION["secret_key"],
    )


class Account:
    """The emulated account from outside the module, and the module in it."""

    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator
        self.dns_port = emulator.dns_port
        self.service_id = ""

    def client(self, service: str) -> Any:
        return _client(self.emulator.url, service)

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        if options.get("state") != "absent" and not options.get("name"):
            options.setdefault("service_id", self.service_id)
        options = {"resolvers": ["127.0.0.1"], "dns_port": self.dns_port, "wait_timeout": 20, **options}
        return run_module(self.emulator.url, "private_dns_verify", check=check, **options)

    def make_service(self, name: str | None = NAME) -> str:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone="eu-central-1a")
        balancer = self.client("elbv2").create_load_balancer(
            Name="payments", Type="network", Scheme="internal", Subnets=[subnet["Subnet"]["SubnetId"]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.client("elbv2").describe_load_balancers()
        tags = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "Name", "Value": "payments"}]}]
        options = {"PrivateDnsName": name} if name else {}
        made = ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[balancer], AcceptanceRequired=False, TagSpecifications=tags, **options
        )
        self.service_id = made["ServiceConfiguration"]["ServiceId"]
        return self.service_id

    @property
    def configuration(self) -> dict[str, str]:
        """What AWS asks for."""
        found = self.client("ec2").describe_vpc_endpoint_service_configurations(ServiceIds=[self.service_id])
        asked: dict[str, str] = found["ServiceConfigurations"][0]["PrivateDnsNameConfiguration"]
        return asked

    @property
    def record(self) -> str:
        return f"{self.configuration['Name']}.xks.example.com"

    def make_zone(self, name: str = "example.com", private: bool = False) -> str:
        options: dict[str, Any] = {}
        if private:
            vpc = self.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            options = {
                "VPC": {"VPCRegion": CONNECTION["region"], "VPCId": vpc}, "HostedZoneConfig": {"PrivateZone": True},
            }
        made = self.client("route53").create_hosted_zone(Name=name, CallerReference=f"{name}{time.time()}", **options)
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def put(self, zone: str, action: str, name: str, values: list[str], ttl: int = 60, kind: str = "TXT") -> None:
        records = [{"Value": value} for value in values]
        change = {
            "Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": records},
        }
        self.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})

    def txt(self, zone: str) -> dict[str, tuple[int, list[str]]]:
        """Name -> TTL and values of the TXT records of a zone."""
        found = self.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {
            item["Name"].rstrip("."): (item["TTL"], sorted(record["Value"] for record in item["ResourceRecords"]))
            for item in found
            if item["Type"] == "TXT"
        }

    def calls(self, run: Callable[[], dict[str, Any]], **wanted: Any) -> tuple[dict[str, Any], list[str]]:
        """The result of a run, and the calls that it made."""
        before = len(self.emulator.calls())
        result = run()
        new = self.emulator.calls()[before:]
        return result, [call["action"] for call in new if all(call[key] == value for key, value in wanted.items())]


class Updater(Account):
    """The account, with public DNS that real servers make up."""

    def __init__(self, emulator: Any, servers: NameServers) -> None:
        super().__init__(emulator)
        self.servers = servers
        self.dns_port = servers.port
        emulator.configure(dns_server=f"{AWS}:{servers.port}")

    def run(self, check: bool = False, key: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """With a KEY that differs from the right one in this."""
        return self.by_hand(check, **{"nsupdate": {**self.servers.nsupdate, **(key or {})}, **options})

    def by_hand(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """Somebody else publishes."""
        return super().run(check, **{"resolvers": [RESOLVER], **options})
