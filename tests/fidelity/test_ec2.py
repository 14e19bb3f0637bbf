# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs, subnets, endpoint services, connections, endpoints: states and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity.chain import NAME, PRINCIPAL, REGION, Chain, refused

Aws = Callable[[str], Any]
ZONE = f"{REGION}a"


@pytest.fixture
def vpc(aws: Aws) -> str:
    made: str = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return made


def test_vpc_attributes(aws: Aws, vpc: str) -> None:
    ec2 = aws("ec2")
    change = ec2.modify_vpc_attribute
    on, off = {"Value": True}, {"Value": False}
    refused("InvalidParameterCombination", change, VpcId=vpc, EnableDnsSupport=on, EnableDnsHostnames=on)
    change(VpcId=vpc, EnableDnsSupport=off)
    refused("InvalidParameterValue", change, VpcId=vpc, EnableDnsHostnames=on)
    change(VpcId=vpc, EnableDnsSupport=on)
    change(VpcId=vpc, EnableDnsHostnames=on)
    found = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert found["EnableDnsHostnames"]["Value"] is True
    refused("InvalidVpcID.NotFound", change, VpcId="vpc-00000000", EnableDnsSupport=on)


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("10.0.0.0/8", "InvalidSubnet.Range"),
        ("10.9.0.0/24", "InvalidSubnet.Range"),
        ("10.0.0.0/29", "InvalidSubnet.Range"),
        ("10.0.0.128/25", "InvalidSubnet.Conflict"),
        ("10.0.0.0", "InvalidSubnet.Range"),
        ("ten", "InvalidParameterValue"),
    ],
)
def test_subnet_ranges(aws: Aws, vpc: str, block: str, code: str) -> None:
    aws("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=ZONE)
    refused(code, aws("ec2").create_subnet, VpcId=vpc, CidrBlock=block)


def test_subnets_count_their_addresses_and_hold_what_lives_in_them(chain: Chain) -> None:
    found = chain.ec2.describe_subnets(SubnetIds=chain.subnets)["Subnets"]
    # 256 less AWS's five and the balancer's one.
    assert {subnet["AvailableIpAddressCount"] for subnet in found} == {250}
    refused("DependencyViolation", chain.ec2.delete_subnet, SubnetId=chain.subnets[0])
    refused("DependencyViolation", chain.ec2.delete_vpc, VpcId=chain.vpc)
    filters = [{"Name": "description", "Values": ["ELB net/*"]}]
    interfaces = chain.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert {item["InterfaceType"] for item in interfaces} == {"network_load_balancer"}
    assert {item["SubnetId"] for item in interfaces} == set(chain.subnets)
    refused(
        "OperationNotPermitted",
        chain.ec2.delete_network_interface,
        NetworkInterfaceId=interfaces[0]["NetworkInterfaceId"],
    )


def test_pages_and_filters(aws: Aws) -> None:
    ec2 = aws("ec2")
    for number in range(7):
        tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": f"v{number % 2}"}]}]
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16", TagSpecifications=tags)
    first = ec2.describe_vpcs(MaxResults=5)
    rest = ec2.describe_vpcs(MaxResults=5, NextToken=first["NextToken"])
    assert len(first["Vpcs"]) == 5
    assert len(rest["Vpcs"]) == 3
    assert "NextToken" not in rest
    assert len(ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["v1"]}])["Vpcs"]) == 3
    refused("InvalidNextToken", ec2.describe_vpcs, MaxResults=5, NextToken="x")
    refused("InvalidParameterCombination", ec2.describe_vpcs, MaxResults=5, VpcIds=[first["Vpcs"][0]["VpcId"]])


def test_zones_are_described(aws: Aws) -> None:
    zone = aws("ec2").describe_availability_zones()["AvailabilityZones"][0]
    assert zone["OptInStatus"] == "opt-in-not-required"
    assert zone["NetworkBorderGroup"] == REGION


def test_endpoint_service_is_described(chain: Chain) -> None:
    found = chain.configuration()
    assert found["ServiceState"] == "Available"
    assert found["AcceptanceRequired"] is False
    assert found["AvailabilityZones"] == [f"{REGION}a", f"{REGION}b"]
    assert found["SupportedIpAddressTypes"] == ["ipv4"]
    proof = found["PrivateDnsNameConfiguration"]
    assert (proof["State"], proof["Type"]) == ("verified", "TXT")
    assert proof["Value"].startswith("vpce:")
    seen = chain.ec2.describe_vpc_endpoint_services(ServiceNames=[chain.service_name])["ServiceDetails"][0]
    assert seen["PrivateDnsNameVerificationState"] == "verified"
    assert seen["Owner"] == "123456789012"


# parameters of CreateVpcEndpointServiceConfiguration on top of a free, active balancer; code
SERVICE_REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("no balancer", {"NetworkLoadBalancerArns": []}, "InvalidParameter"),
    ("unknown balancer", {"NetworkLoadBalancerArns": ["arn:aws:x"]}, "InvalidParameter"),
    ("both kinds", {"GatewayLoadBalancerArns": ["arn:aws:x"]}, "InvalidParameter"),
    ("upper case", {"PrivateDnsName": "A.example.com"}, "InvalidParameter"),
    ("single label", {"PrivateDnsName": "example"}, "InvalidParameter"),
    ("long label", {"PrivateDnsName": f"{'a' * 64}.example.com"}, "InvalidParameter"),
    ("IPv6 without dualstack", {"SupportedIpAddressTypes": ["ipv6"]}, "InvalidParameter"),
    ("unknown type", {"SupportedIpAddressTypes": ["ipx"]}, "InvalidParameter"),
    (
        "wrong kind of tag",
        {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]},
        "InvalidParameterValue",
    ),
]


@pytest.mark.parametrize(
    ("params", "code"), [row[1:] for row in SERVICE_REFUSALS], ids=[row[0] for row in SERVICE_REFUSALS]
)
def test_endpoint_service_refusals(chain: Chain, params: dict[str, Any], code: str) -> None:
    free = chain.elb.create_load_balancer(Name="free", Type="network", Scheme="internal", Subnets=chain.subnets)
    arns = {"NetworkLoadBalancerArns": [free["LoadBalancers"][0]["LoadBalancerArn"]]}
    refused(code, chain.ec2.create_vpc_endpoint_service_configuration, **{**arns, **params})


def test_a_balancer_must_be_active_and_belongs_to_one_service(chain: Chain) -> None:
    create = chain.ec2.create_vpc_endpoint_service_configuration
    assert "already associated" in refused("InvalidParameter", create, NetworkLoadBalancerArns=[chain.balancer])
    chain.emulator.configure(delays={"load_balancer": 60}, time_scale=1.0)
    late = chain.elb.create_load_balancer(Name="late", Type="network", Scheme="internal", Subnets=chain.subnets)
    arn = late["LoadBalancers"][0]["LoadBalancerArn"]
    assert "not active" in refused("InvalidParameter", create, NetworkLoadBalancerArns=[arn])
    chain.emulator.advance(61)
    create(NetworkLoadBalancerArns=[arn])


def test_client_token(chain: Chain) -> None:
    free = chain.elb.create_load_balancer(Name="free", Type="network", Scheme="internal", Subnets=chain.subnets)
    arns = [free["LoadBalancers"][0]["LoadBalancerArn"]]
    create = chain.ec2.create_vpc_endpoint_service_configuration
    first = create(NetworkLoadBalancerArns=arns, ClientToken="t")["ServiceConfiguration"]["ServiceId"]
    assert create(NetworkLoadBalancerArns=arns, ClientToken="t")["ServiceConfiguration"]["ServiceId"] == first
    refused(
        "IdempotentParameterMismatch", create, NetworkLoadBalancerArns=arns, ClientToken="t", AcceptanceRequired=False
    )


def test_modify_endpoint_service(chain: Chain) -> None:
    modify = chain.ec2.modify_vpc_endpoint_service_configuration
    modify(ServiceId=chain.service, PrivateDnsName=NAME)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == "verified"
    modify(ServiceId=chain.service, PrivateDnsName=f"other.{NAME}", AcceptanceRequired=True)
    found = chain.configuration()
    assert found["PrivateDnsNameConfiguration"]["State"] == "pendingVerification"
    assert found["AcceptanceRequired"] is True
    refused("InvalidParameter", modify, ServiceId=chain.service, RemoveNetworkLoadBalancerArns=[chain.balancer])
    refused(
        "InvalidParameterCombination", modify, ServiceId=chain.service, PrivateDnsName=NAME, RemovePrivateDnsName=True
    )
    refused("InvalidVpcEndpointServiceId.NotFound", modify, ServiceId="vpce-svc-0")
    modify(ServiceId=chain.service, RemovePrivateDnsName=True)
    assert "PrivateDnsNameConfiguration" not in chain.configuration()
    start = chain.ec2.start_vpc_endpoint_service_private_dns_verification
    refused("InvalidParameter", start, ServiceId=chain.service)


def test_a_service_takes_over_new_zones_when_it_is_modified(chain: Chain) -> None:
    third = chain.ec2.create_subnet(VpcId=chain.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}c")
    chain.elb.set_subnets(LoadBalancerArn=chain.balancer, Subnets=[*chain.subnets, third["Subnet"]["SubnetId"]])
    assert len(chain.configuration()["AvailabilityZones"]) == 2
    chain.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service)
    assert len(chain.configuration()["AvailabilityZones"]) == 3


def test_verification_fails_and_is_repeated(chain: Chain) -> None:
    modify = chain.ec2.modify_vpc_endpoint_service_configuration
    modify(ServiceId=chain.service, PrivateDnsName="new.example.com")
    start = chain.ec2.start_vpc_endpoint_service_private_dns_verification
    start(ServiceId=chain.service)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == "failed"
    chain.publish()
    start(ServiceId=chain.service)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == "verified"


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("{label}.xks.example.com", "{value}", "verified"),
        ("{label}.example.com", "{value}", "verified"),
        ("xks.example.com", "{value}", "verified"),
        ("example.com", "{value}", "verified"),
        ("{label}.example.com", "{lower}", "failed"),
        ("{label}.example.com.example.com", "{value}", "failed"),
    ],
)
def test_where_the_record_is_looked_for(chain: Chain, name: str, value: str, state: str) -> None:
    renamed = "again.xks.example.com"
    chain.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service, PrivateDnsName=renamed)
    proof = chain.configuration()["PrivateDnsNameConfiguration"]
    # A value with letters of both cases, so that lower case differs.
    words = {"label": proof["Name"], "value": proof["Value"], "lower": proof["Value"].lower()}
    zone = chain.r53.list_hosted_zones()["HostedZones"][0]["Id"]
    values = [{"Value": f'"{value.format(**words)}"'}, {"Value": '"vpce:of-a-sibling"'}]
    record = {"Name": name.format(**words), "Type": "TXT", "TTL": 60, "ResourceRecords": values}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    chain.r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
    chain.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=chain.service)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == state


def test_records_count_once_they_are_in_sync_and_public(chain: Chain) -> None:
    chain.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service, PrivateDnsName="late.example.com")
    chain.emulator.configure(time_scale=1.0, delays={"route53_change": 60, "dns_verification": 10})
    chain.publish()
    start = chain.ec2.start_vpc_endpoint_service_private_dns_verification
    start(ServiceId=chain.service)
    chain.emulator.advance(20)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == "failed"
    chain.emulator.advance(60)
    start(ServiceId=chain.service)
    chain.emulator.advance(20)
    assert chain.configuration()["PrivateDnsNameConfiguration"]["State"] == "verified"


def test_permissions(chain: Chain) -> None:
    modify = chain.ec2.modify_vpc_endpoint_service_permissions
    account = "arn:aws:iam::111122223333:root"
    role = "arn:aws:iam::111122223333:role/xks"
    added = modify(ServiceId=chain.service, AddAllowedPrincipals=[account, role, PRINCIPAL])["AddedPrincipals"]
    assert {item["PrincipalType"] for item in added} == {"Account", "Role"}
    found = chain.ec2.describe_vpc_endpoint_service_permissions(ServiceId=chain.service)["AllowedPrincipals"]
    assert {item["Principal"]: item["PrincipalType"] for item in found} == {
        PRINCIPAL: "Service",
        account: "Account",
        role: "Role",
    }
    assert all(item["ServicePermissionId"].startswith("vpce-svc-perm-") for item in found)
    filters = [{"Name": "principal-type", "Values": ["Service"]}]
    only = chain.ec2.describe_vpc_endpoint_service_permissions(ServiceId=chain.service, Filters=filters)
    assert [item["Principal"] for item in only["AllowedPrincipals"]] == [PRINCIPAL]
    refused("InvalidPrincipal", modify, ServiceId=chain.service, AddAllowedPrincipals=["nobody"])
    refused("InvalidPrincipal", modify, ServiceId=chain.service, RemoveAllowedPrincipals=["ec2.amazonaws.com"])
    path = "arn:aws:iam::111122223333:role/team/xks"
    refused("InvalidPrincipal", modify, ServiceId=chain.service, AddAllowedPrincipals=[path])
    first = chain.ec2.describe_vpc_endpoint_service_permissions(ServiceId=chain.service, MaxResults=2)
    assert len(first["AllowedPrincipals"]) == 2
    assert first["NextToken"]


def endpoint(chain: Chain, **others: Any) -> dict[str, Any]:
    params = {"VpcId": chain.vpc, "VpcEndpointType": "Interface", "SubnetIds": chain.subnets, **others}
    made: dict[str, Any] = chain.ec2.create_vpc_endpoint(**params)["VpcEndpoint"]
    return made


def test_connections_are_accepted_rejected_and_block_deletion(chain: Chain) -> None:
    chain.ec2.modify_vpc_endpoint_service_configuration(ServiceId=chain.service, AcceptanceRequired=True)
    made = endpoint(chain, ServiceName=chain.service_name)["VpcEndpointId"]
    filters = [{"Name": "service-id", "Values": [chain.service]}]

    def state() -> str:
        found = chain.ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
        return str(found[0]["VpcEndpointState"])

    assert state() == "pendingAcceptance"
    delete = chain.ec2.delete_vpc_endpoint_service_configurations
    errors = delete(ServiceIds=[chain.service, "vpce-svc-0"])["Unsuccessful"]
    assert [item["Error"]["Code"] for item in errors] == [
        "ExistingVpcEndpointConnections",
        "InvalidVpcEndpointServiceId.NotFound",
    ]
    ids = {"ServiceId": chain.service, "VpcEndpointIds": [made]}
    assert chain.ec2.accept_vpc_endpoint_connections(**ids)["Unsuccessful"] == []
    assert state() == "available"
    again = chain.ec2.accept_vpc_endpoint_connections(**ids)["Unsuccessful"]
    assert again[0]["Error"]["Code"] == "InvalidState"
    modify = chain.ec2.modify_vpc_endpoint_service_configuration
    refused("ExistingVpcEndpointConnections", modify, ServiceId=chain.service, RemovePrivateDnsName=True)
    refused(
        "InvalidConfigurationRequest",
        chain.elb.set_subnets,
        LoadBalancerArn=chain.balancer,
        Subnets=chain.subnets[:1],
    )
    assert chain.ec2.reject_vpc_endpoint_connections(**ids)["Unsuccessful"] == []
    assert state() == "rejected"
    unknown = chain.ec2.reject_vpc_endpoint_connections(ServiceId=chain.service, VpcEndpointIds=["vpce-0"])
    assert unknown["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    assert delete(ServiceIds=[chain.service])["Unsuccessful"] == []
    describe = chain.ec2.describe_vpc_endpoint_service_configurations
    refused("InvalidVpcEndpointServiceId.NotFound", describe, ServiceIds=[chain.service])


def test_tags_of_services_and_endpoints(chain: Chain) -> None:
    made = endpoint(chain, ServiceName=f"com.amazonaws.{REGION}.kms")["VpcEndpointId"]
    chain.ec2.create_tags(Resources=[chain.service, made, chain.vpc], Tags=[{"Key": "k", "Value": "v"}])
    found = chain.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["k"]}])["Tags"]
    assert {tag["ResourceType"] for tag in found} == {"vpc-endpoint-service", "vpc-endpoint", "vpc"}
    filters = [{"Name": "tag:k", "Values": ["v"]}]
    assert len(chain.ec2.describe_vpc_endpoint_service_configurations(Filters=filters)["ServiceConfigurations"]) == 1
    assert len(chain.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]) == 1
    chain.ec2.delete_tags(Resources=[chain.service], Tags=[{"Key": "k"}])
    assert chain.configuration()["Tags"] == []


def test_endpoints_of_aws_services(chain: Chain) -> None:
    services = chain.ec2.describe_vpc_endpoint_services()
    codes = {name.rsplit(".", 1)[-1] for name in services["ServiceNames"]}
    assert {"kms", "kms-fips", "ssm", "ssmmessages", "ec2messages", "ec2", "s3", "logs", "sts"} <= codes
    refused("InvalidServiceName", chain.ec2.describe_vpc_endpoint_services, ServiceNames=["com.amazonaws.x"])
    kms = f"com.amazonaws.{REGION}.kms"
    refused("InvalidParameter", endpoint, chain=chain, ServiceName=kms, PrivateDnsEnabled=True)
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        chain.ec2.modify_vpc_attribute(VpcId=chain.vpc, **{name: {"Value": True}})
    made = endpoint(chain, ServiceName=kms, PrivateDnsEnabled=True)
    assert made["State"] == "pending"
    found = chain.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    assert found["State"] == "available"
    # The regional name, two zones, and two private names.
    assert len(found["DnsEntries"]) == 5
    assert "conflicting DNS domain" in refused(
        "InvalidParameter", endpoint, chain=chain, ServiceName=kms, PrivateDnsEnabled=True
    )
    refused("InvalidPolicyDocument", endpoint, chain=chain, ServiceName=kms, PolicyDocument="{")
    twice = [chain.subnets[0], chain.subnets[0]]
    refused("DuplicateSubnetsInSameZone", endpoint, chain=chain, ServiceName=kms, SubnetIds=twice)
    ids = [made["VpcEndpointId"], "vpce-0"]
    errors = chain.ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"]
    assert [item["Error"]["Code"] for item in errors] == ["InvalidVpcEndpoint.NotFound"]
    refused("InvalidVpcEndpointId.NotFound", chain.ec2.describe_vpc_endpoints, VpcEndpointIds=ids[:1])
