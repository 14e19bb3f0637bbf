# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an endpoint service stands on, and who connects to it; made with boto3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.harness import CONNECTION, run_module
from scenarios.prerequisites import client, load_balancer, network

KMS = f"cks.kms.{CONNECTION['region']}.amazonaws.com"
ACCOUNT = "arn:aws:iam::123456789012:root"
NAME = "myproxy-private.xks.example.com"
PENDING_ARN = "(known after apply: load_balancer.payments.load_balancer_arn)"


@dataclass
class Estate:
    """An account with a load balancer, as its user and as an outsider sees it."""

    emulator: Any
    vpc_id: str
    subnet_ids: list[str]
    arn: str
    group: str

    @property
    def ec2(self) -> Any:
        return client(self.emulator.url, "ec2")

    @property
    def elb(self) -> Any:
        return client(self.emulator.url, "elbv2")

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        """The module with the least that it needs, and what is given."""
        options: dict[str, Any] = {"wait_timeout": 20, **given}
        if "service_id" not in given:
            options.setdefault("name", "payments")
        if options.get("state") != "absent":
            options.setdefault("network_load_balancer_arns", [self.arn])
            options.setdefault("private_dns_name", NAME)
        return run_module(self.emulator.url, "xks_endpoint_service", check=check, **options)

    def again(self, **given: Any) -> tuple[dict[str, Any], list[str], int]:
        """A run, with the write calls that it made, and the number of all its calls."""
        writes, calls = len(self.emulator.calls(mutating=True)), len(self.emulator.calls())
        result = self.run(**given)
        return (
            result,
            [call["action"] for call in self.emulator.calls(mutating=True)[writes:]],
            len(self.emulator.calls()) - calls,
        )

    def service(self, service_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])[
            "ServiceConfigurations"
        ][0]
        return found

    def services(self) -> list[str]:
        found = self.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        return [item["ServiceId"] for item in found]

    def principals(self, service_id: str) -> list[str]:
        found = self.ec2.describe_vpc_endpoint_service_permissions(ServiceId=service_id)["AllowedPrincipals"]
        return sorted(item["Principal"] for item in found)

    def second_balancer(self) -> str:
        """Another load balancer in the same subnets."""
        return load_balancer(self.emulator.url, self.vpc_id, self.subnet_ids, name="second")[0]

    def connected(self, made: dict[str, Any]) -> str:
        """An endpoint of somebody's on the service: its id."""
        endpoint: str = self.ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.vpc_id, ServiceName=made["service_name"],
            SubnetIds=self.subnet_ids[:1],
        )["VpcEndpoint"]["VpcEndpointId"]
        return endpoint


def estate(emulator: Any, zones: tuple[str, ...] = ("a", "b")) -> Estate:
    vpc_id, subnet_ids = network(emulator.url, zones=zones)
    arn, group = load_balancer(emulator.url, vpc_id, subnet_ids)
    return Estate(emulator, vpc_id, subnet_ids, arn, group)
