# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation, credentials, permissions and faults, in the words of each protocol."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from fidelity.chain import ACCESS_KEY, Chain, client, refused

Aws = Callable[[str], Any]

# service, operation, parameters, code, a part of the message
INVALID: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("kms", "connect_custom_key_store", {}, "ValidationException", "Member must not be null"),
    (
        "kms",
        "connect_custom_key_store",
        {"CustomKeyStoreId": "x" * 65},
        "ValidationException",
        "less than or equal to 64",
    ),
    ("kms", "describe_custom_key_stores", {"Limit": 0}, "ValidationException", "greater than or equal to 1"),
    (
        "kms",
        "create_custom_key_store",
        {"CustomKeyStoreName": "s", "CustomKeyStoreType": "X"},
        "ValidationException",
        "enum",
    ),
    (
        "kms",
        "create_custom_key_store",
        {"CustomKeyStoreName": "s", "XksProxyUriEndpoint": "http://a.example.com"},
        "ValidationException",
        "regular expression pattern",
    ),
    ("ec2", "create_subnet", {"CidrBlock": "10.0.0.0/24"}, "MissingParameter", "VpcId"),
    ("ec2", "describe_vpcs", {"MaxResults": 4}, "InvalidParameterValue", "MaxResults"),
    (
        "ec2",
        "create_vpc",
        {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "x"},
        "InvalidParameterValue",
        "InstanceTenancy",
    ),
    ("elbv2", "create_load_balancer", {}, "ValidationError", "'name'"),
    ("elbv2", "describe_load_balancers", {"PageSize": 401}, "ValidationError", "less than or equal to 400"),
    ("elbv2", "create_target_group", {"Name": "a", "Protocol": "SCTP"}, "ValidationError", "enum"),
    ("route53", "create_hosted_zone", {"Name": "example.com", "CallerReference": "x" * 129}, "InvalidInput", "128"),
]


@pytest.mark.parametrize(("service", "operation", "params", "code", "text"), INVALID)
def test_input_is_validated(
    aws: Aws, service: str, operation: str, params: dict[str, Any], code: str, text: str
) -> None:
    assert text in refused(code, getattr(aws(service), operation), **params)


def test_secrets_are_not_repeated(aws: Aws) -> None:
    message = refused(
        "ValidationException", aws("kms").update_custom_key_store, CustomKeyStoreId="a", KeyStorePassword="x"
    )
    assert "Sensitive" in message


def test_unknown_parameters_are_refused(emulator: Any, aws: Aws) -> None:
    for service, operation, code in (
        ("ec2", "DescribeVpcs", "UnknownParameter"),
        ("elbv2", "DescribeLoadBalancers", "ValidationError"),
    ):
        api = aws(service)

        def add(params: dict[str, Any], **dummy: Any) -> None:
            params["body"]["Nonsense.1"] = "x"

        api.meta.events.register(f"before-call.{service}.{operation}", add)
        refused(code, getattr(api, "describe_vpcs" if service == "ec2" else "describe_load_balancers"))
        api.meta.events.unregister(f"before-call.{service}.{operation}", add)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", "SerializationException"), (b"[]", "SerializationException"), (b'{"Nonsense": 1}', "ValidationException")],
)
def test_malformed_json_is_refused(aws: Aws, body: bytes, code: str) -> None:
    kms = aws("kms")

    def replace(params: dict[str, Any], **dummy: Any) -> None:
        params["body"] = body

    kms.meta.events.register("before-call.kms.ListKeys", replace)
    refused(code, kms.list_keys)
    kms.meta.events.unregister("before-call.kms.ListKeys", replace)


def test_dry_run_says_what_would_have_happened(emulator: Any, aws: Aws) -> None:
    refused("DryRunOperation", aws("ec2").create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(aws("ec2").describe_vpcs()["Vpcs"]) == 1
    emulator.configure(denied=["ec2:CreateVpc"])
    refused("UnauthorizedOperation", aws("ec2").create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)


READS = [
    ("ec2", "describe_vpcs", "ec2:DescribeVpcs"),
    ("kms", "describe_custom_key_stores", "kms:DescribeCustomKeyStores"),
    ("elbv2", "describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers"),
    ("route53", "list_hosted_zones", "route53:ListHostedZones"),
]
DENIED = {"ec2": "UnauthorizedOperation", "kms": "AccessDeniedException"}
EXPIRED = {"ec2": "RequestExpired", "kms": "ExpiredTokenException"}
UNKNOWN = {"ec2": "AuthFailure", "kms": "UnrecognizedClientException"}
THROTTLED = {"ec2": "RequestLimitExceeded", "kms": "ThrottlingException"}


@pytest.mark.parametrize(("service", "operation", "action"), READS)
def test_credentials_and_permissions(emulator: Any, aws: Aws, service: str, operation: str, action: str) -> None:
    call = getattr(aws(service), operation)
    emulator.configure(denied=[action])
    assert f"is not authorized to perform: {action}" in refused(DENIED.get(service, "AccessDenied"), call)
    emulator.configure(denied=[], expired=[ACCESS_KEY])
    refused(EXPIRED.get(service, "ExpiredToken"), call)
    emulator.configure(expired=[], access_keys=["AKIAOTHER"])
    refused(UNKNOWN.get(service, "InvalidClientTokenId"), call)


@pytest.mark.parametrize(("service", "operation", "action"), READS)
def test_throttling(emulator: Any, aws: Aws, service: str, operation: str, action: str) -> None:
    call = getattr(aws(service), operation)
    emulator.fault("throttle", service=service, times=2, skip=1)
    call()
    refused(THROTTLED.get(service, "Throttling"), call)
    refused(THROTTLED.get(service, "Throttling"), call)
    call()
    assert [entry["fault"] for entry in emulator.calls()] == [None, "throttle", "throttle", None]


def test_error_and_http_faults(emulator: Any, aws: Aws) -> None:
    emulator.fault("error", action="Describe*", code="InternalError", status=500, contains="vpc-1")
    emulator.fault("http", service="kms", status=503)
    aws("ec2").describe_vpcs()
    refused("InternalError", aws("ec2").describe_subnets, Filters=[{"Name": "vpc-id", "Values": ["vpc-1"]}])
    with pytest.raises(ClientError) as error:
        aws("kms").list_keys()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


@pytest.mark.parametrize(("kind", "made"), [("reset_before", 0), ("reset_after", 1)])
def test_connections_break_before_or_after_the_effect(emulator: Any, aws: Aws, kind: str, made: int) -> None:
    emulator.fault(kind, action="CreateVpc")
    with pytest.raises((BotoCoreError, ConnectionClosedError)):
        aws("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    found = aws("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.9.0.0/16"]}])
    assert len(found["Vpcs"]) == made


def test_latency_and_timeout(emulator: Any, aws: Aws) -> None:
    emulator.fault("latency", seconds=0.2)
    started = time.monotonic()
    aws("ec2").describe_vpcs()
    assert time.monotonic() - started >= 0.2
    emulator.fault("timeout", seconds=0.1)
    with pytest.raises(BotoCoreError):
        aws("ec2").describe_vpcs()


def test_stale_reads(emulator: Any, aws: Aws) -> None:
    ec2 = aws("ec2")
    before = len(ec2.describe_vpcs()["Vpcs"])
    emulator.fault("stale", action="DescribeVpcs", seconds=60, times=2)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc])
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + 1


def test_stale_state(emulator: Any, chain: Chain) -> None:
    store = chain.store()
    assert chain.state(store)["ConnectionState"] == "DISCONNECTED"
    emulator.fault("stale", service="kms", action="DescribeCustomKeyStores", seconds=60)
    chain.kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert chain.state(store)["ConnectionState"] == "DISCONNECTED"
    assert chain.state(store)["ConnectionState"] == "CONNECTED"


def test_unknown_faults_are_refused(emulator: Any) -> None:
    with pytest.raises(Exception, match="kind is one of"):
        emulator.fault("nonsense")
    with pytest.raises(Exception, match="unknown members"):
        emulator.fault("throttle", what=1)


def test_accounts_are_apart(emulator: Any, aws: Aws) -> None:
    emulator.configure(accounts={"AKIAOTHER0OTHER00001": "999999999999"})
    other = client(emulator.url, "sts", "AKIAOTHER0OTHER00001")
    assert other.get_caller_identity()["Account"] == "999999999999"
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
    aws("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    assert len(client(emulator.url, "ec2", "AKIAOTHER0OTHER00001").describe_vpcs()["Vpcs"]) == 1
