# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of resources behind an external key store, built with boto3."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError

REGION = "eu-central-1"
NAME = "myproxy-private.xks.example.com"
PRINCIPAL = f"cks.kms.{REGION}.amazonaws.com"
CREDENTIAL = {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "c2VjcmV0" * 5 + "abcd"}
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"


@functools.cache
def client(url: str, service: str, access_key: str = ACCESS_KEY) -> Any:
    config = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key="secret",
        config=config,
    )


def refused(code: str, call: Callable[..., Any], **params: Any) -> str:
    """The message of a call that must be refused with a code."""
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["Error"]["Code"] == code, error.value
    return str(error.value.response["Error"]["Message"])


class Chain:
    """VPC, subnets, target group, balancer, listener, endpoint service, permission and TXT record."""

    def __init__(self, emulator: Any, zones: str = "ab", name: str = NAME, suffix: str = "1") -> None:
        self.emulator = emulator
        self.name = name
        self.ec2, self.elb = client(emulator.url, "ec2"), client(emulator.url, "elbv2")
        self.kms, self.r53 = client(emulator.url, "kms"), client(emulator.url, "route53")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate(zones)
        ]
        self.group = self.elb.create_target_group(
            Name=f"group-{suffix}", Protocol="TCP", Port=443, VpcId=self.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": "10.0.0.10"}, {"Id": "10.0.0.11"}])
        self.balancer = self.elb.create_load_balancer(
            Name=f"balancer-{suffix}", Type="network", Scheme="internal", Subnets=self.subnets
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="TCP", Port=443, DefaultActions=[self.forward()]
        )["Listeners"][0]["ListenerArn"]
        made = self.ec2.create_vpc_endpoint_service_configuration(
            AcceptanceRequired=False, PrivateDnsName=name, NetworkLoadBalancerArns=[self.balancer]
        )["ServiceConfiguration"]
        self.service, self.service_name = made["ServiceId"], made["ServiceName"]
        self.ec2.modify_vpc_endpoint_service_permissions(ServiceId=self.service, AddAllowedPrincipals=[PRINCIPAL])
        self.publish()
        self.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=self.service)

    def forward(self) -> dict[str, str]:
        return {"Type": "forward", "TargetGroupArn": self.group}

    def configuration(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[self.service])[
            "ServiceConfigurations"
        ][0]
        return found

    def publish(self) -> None:
        zones = self.r53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
        if not zones:
            zones = [self.r53.create_hosted_zone(Name="example.com", CallerReference="chain")["HostedZone"]]
        proof = self.configuration()["PrivateDnsNameConfiguration"]
        record = {
            "Name": f"{proof['Name']}.example.com",
            "Type": "TXT",
            "TTL": 60,
            "ResourceRecords": [{"Value": f'"{proof["Value"]}"'}],
        }
        changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.r53.change_resource_record_sets(HostedZoneId=zones[0]["Id"], ChangeBatch=changes)

    def store_params(self, **others: Any) -> dict[str, Any]:
        params = {
            "CustomKeyStoreName": "store",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
            "XksProxyUriEndpoint": f"https://{self.name}",
            "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyVpcEndpointServiceName": self.service_name,
            "XksProxyAuthenticationCredential": CREDENTIAL,
            **others,
        }
        return {name: value for name, value in params.items() if value is not None}

    def store(self, outcome: str | None = "CONNECTED", **others: Any) -> str:
        made: str = self.kms.create_custom_key_store(**self.store_params(**others))["CustomKeyStoreId"]
        if outcome is not None:
            self.emulator.outcome(made, outcome)
        return made

    def connected(self, **others: Any) -> str:
        store = self.store(**others)
        self.kms.connect_custom_key_store(CustomKeyStoreId=store)
        assert self.state(store)["ConnectionState"] == "CONNECTED"
        return store

    def state(self, store: str) -> dict[str, Any]:
        found: dict[str, Any] = self.kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"][0]
        return found
