# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests build in the emulated account, over boto3 and HTTP like everybody else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.proxy import XksProxy
from emulator.server import Emulator

REGION = "us-east-1"
NAME = "myproxy-private.xks.example.com"
KEY_ID = "AAAAAAAAAAAAAAAAAAAA"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="
CREDENTIAL = {"AccessKeyId": KEY_ID, "RawSecretAccessKey": SECRET}
PATH = "/example/kms/xks/v1"
KMS_PRINCIPAL = f"cks.kms.{REGION}.amazonaws.com"
ANCHOR = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----"
# Test addresses inside the VPC of a chain.
TARGETS = ("10.1.0.10", "10.1.1.10")


def code_of(call: Callable[..., Any], **params: Any) -> str:
    """The error code that a call is refused with."""
    return error_of(call, **params)["Code"]


def error_of(call: Callable[..., Any], **params: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error: Any = caught.value.response["Error"]
    return dict(error)


@functools.cache
def client_of(url: str, service: str, access_key: str = "TESTING", validated: bool = True) -> Any:
    # No retries: every test sees what the emulator answered, once.
    make: Any = boto3.client
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=validated, read_timeout=10)
    return make(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key="testing",
        config=config,
    )


@dataclass(frozen=True)
class Chain:
    """The connectivity of an external key store."""

    vpc_id: str
    subnet_ids: list[str]
    group_arn: str
    balancer_arn: str
    listener_arn: str
    service_id: str
    service_name: str
    dns_name: str


class Estate:
    """The account of a test."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def client(self, service: str, access_key: str = "TESTING", validated: bool = True) -> Any:
        return client_of(self.emulator.url, service, access_key, validated)

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def elbv2(self) -> Any:
        return self.client("elbv2")

    @property
    def kms(self) -> Any:
        return self.client("kms")

    @property
    def route53(self) -> Any:
        return self.client("route53")

    def vpc(self, block: str = "10.1.0.0/16") -> str:
        return str(self.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"])

    def subnet(self, vpc_id: str, number: int, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        return str(made["Subnet"]["SubnetId"])

    def network(self, zones: str = "ab") -> tuple[str, list[str]]:
        vpc_id = self.vpc()
        return vpc_id, [self.subnet(vpc_id, number, zone) for number, zone in enumerate(zones)]

    def target_group(self, vpc_id: str, name: str = "group", **more: Any) -> str:
        asked = {"Protocol": "TCP", "Port": 443, "VpcId": vpc_id, "TargetType": "ip", **more}
        return str(self.elbv2.create_target_group(Name=name, **asked)["TargetGroups"][0]["TargetGroupArn"])

    def balancer(self, subnet_ids: list[str], name: str = "balancer", **more: Any) -> str:
        asked = {"Type": "network", "Scheme": "internal", "Subnets": subnet_ids, **more}
        return str(self.elbv2.create_load_balancer(Name=name, **asked)["LoadBalancers"][0]["LoadBalancerArn"])

    def listener(self, balancer_arn: str, group_arn: str, port: int = 443) -> str:
        made = self.elbv2.create_listener(
            LoadBalancerArn=balancer_arn,
            Protocol="TCP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def service(self, balancer_arns: list[str], **more: Any) -> dict[str, Any]:
        asked = {"NetworkLoadBalancerArns": balancer_arns, "AcceptanceRequired": False, **more}
        made: dict[str, Any] = self.ec2.create_vpc_endpoint_service_configuration(**asked)["ServiceConfiguration"]
        return made

    def described(self, service_id: str) -> dict[str, Any]:
        answer = self.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])
        found: dict[str, Any] = answer["ServiceConfigurations"][0]
        return found

    def allow(self, service_id: str, *principals: str) -> None:
        self.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=service_id, AddAllowedPrincipals=list(principals or [KMS_PRINCIPAL])
        )

    def zone(self, name: str = "example.com", reference: str = "one", **more: Any) -> str:
        made = self.route53.create_hosted_zone(Name=name, CallerReference=reference, **more)
        return str(made["HostedZone"]["Id"])

    def publish(self, zone_id: str, name: str, *values: str) -> None:
        record = {"Name": name, "Type": "TXT", "TTL": 60}
        record["ResourceRecords"] = [{"Value": f'"{value}"'} for value in values]
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)

    def verify(self, service_id: str, zone_id: str | None = None) -> str:
        """Publish the record of a service and have it verified; the state that results."""
        wanted = self.described(service_id)
        proof = wanted["PrivateDnsNameConfiguration"]
        self.publish(zone_id or self.zone(), f"{proof['Name']}.{wanted['PrivateDnsName']}", proof["Value"])
        self.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service_id)
        return str(self.described(service_id)["PrivateDnsNameConfiguration"]["State"])

    def chain(self, label: str = "one", zones: str = "ab", dns_name: str = NAME) -> Chain:
        vpc_id, subnet_ids = self.network(zones)
        group_arn = self.target_group(vpc_id, f"group-{label}")
        self.elbv2.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": address} for address in TARGETS])
        balancer_arn = self.balancer(subnet_ids, f"balancer-{label}")
        listener_arn = self.listener(balancer_arn, group_arn)
        service = self.service([balancer_arn], PrivateDnsName=dns_name)
        self.allow(service["ServiceId"])
        assert self.verify(service["ServiceId"], self.zone(reference=label)) == "verified"
        return Chain(
            vpc_id,
            subnet_ids,
            group_arn,
            balancer_arn,
            listener_arn,
            service["ServiceId"],
            service["ServiceName"],
            dns_name,
        )

    def store_params(self, chain: Chain, **more: Any) -> dict[str, Any]:
        return {
            "CustomKeyStoreName": "store",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
            "XksProxyVpcEndpointServiceName": chain.service_name,
            "XksProxyUriEndpoint": f"https://{chain.dns_name}",
            "XksProxyUriPath": PATH,
            "XksProxyAuthenticationCredential": CREDENTIAL,
            **more,
        }

    def public_params(self, host: str = "public.example.com", **more: Any) -> dict[str, Any]:
        return {
            "CustomKeyStoreName": "public",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyUriEndpoint": f"https://{host}",
            "XksProxyUriPath": PATH,
            "XksProxyAuthenticationCredential": CREDENTIAL,
            **more,
        }

    def cluster(self, **more: Any) -> str:
        seeded = {"trust_anchor": ANCHOR, "hsms": [f"{REGION}a", f"{REGION}b"], "password": "kmsPswd", **more}
        return str(self.emulator.cloudhsm(**seeded)["id"])

    def hsm_params(self, cluster_id: str, **more: Any) -> dict[str, Any]:
        return {
            "CustomKeyStoreName": "hsm-store",
            "CloudHsmClusterId": cluster_id,
            "TrustAnchorCertificate": ANCHOR,
            "KeyStorePassword": "kmsPswd",
            **more,
        }

    def create(self, params: dict[str, Any]) -> str:
        return str(self.kms.create_custom_key_store(**params)["CustomKeyStoreId"])

    def store(self, store_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.kms.describe_custom_key_stores(CustomKeyStoreId=store_id)["CustomKeyStores"][0]
        return found

    def connect(self, store_id: str) -> tuple[str, str | None]:
        """State and error code after a connect."""
        self.kms.connect_custom_key_store(CustomKeyStoreId=store_id)
        found = self.store(store_id)
        return found["ConnectionState"], found.get("ConnectionErrorCode")

    def serve(self, proxy: XksProxy, *names: str) -> None:
        """Make a proxy answer at the targets of a chain, and at public names."""
        host, port = proxy.address
        self.emulator.configure(address_map=dict.fromkeys((*TARGETS, *names), f"{host}:{port}"))
