# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface endpoints of AWS's services: what AWS refuses, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fidelity.chain import REGION, refused

Aws = Callable[[str], Any]
KMS, S3 = f"com.amazonaws.{REGION}.kms", f"com.amazonaws.{REGION}.s3"


class Place:
    """A VPC with DNS host names, a subnet in zones a and b, and one more in b."""

    def __init__(self, aws: Aws, emulator: Any) -> None:
        self.ec2, self.r53, self.emulator = aws("ec2"), aws("route53"), emulator
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.a, self.b, self.b2 = (
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=REGION + zone)[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("abb")
        )

    def create(self, **others: Any) -> str:
        made: str = self.ec2.create_vpc_endpoint(**self.params(**others))["VpcEndpoint"]["VpcEndpointId"]
        return made

    def params(self, **others: Any) -> dict[str, Any]:
        chosen = {"VpcId": self.vpc, "VpcEndpointType": "Interface", "ServiceName": KMS, "SubnetIds": [self.a]}
        return {**chosen, **others}

    def look(self, endpoint: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
        return found

    def modify(self, endpoint: str, **changes: Any) -> dict[str, Any]:
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, **changes)
        return self.look(endpoint)


@pytest.fixture
def place(aws: Aws, emulator: Any) -> Place:
    return Place(aws, emulator)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("two in a zone", {"SubnetIds": ["b", "b2"]}, "DuplicateSubnetsInSameZone"),
    ("unknown service", {"ServiceName": f"com.amazonaws.{REGION}.kmsx"}, "InvalidServiceName"),
    ("route tables", {"RouteTableIds": ["rtb-1"]}, "InvalidParameter"),
    ("no IPv6", {"ServiceName": f"com.amazonaws.{REGION}.ssm", "IpAddressType": "ipv6"}, "InvalidParameter"),
    ("a subnet without IPv6", {"IpAddressType": "dualstack"}, "InvalidParameter"),
    ("DNS type that does not fit", {"DnsOptions": {"DnsRecordIpType": "dualstack"}}, "InvalidParameter"),
    (
        "inbound only without gateways",
        {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}, "PrivateDnsEnabled": True},
        "InvalidParameter",
    ),
    ("S3's private DNS without a gateway endpoint", {"ServiceName": S3, "PrivateDnsEnabled": True}, "InvalidParameter"),
    ("no principal", {"PolicyDocument": '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}'},
     "InvalidPolicyDocument"),
]


@pytest.mark.parametrize(("changes", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(place: Place, changes: dict[str, Any], code: str) -> None:
    if "SubnetIds" in changes:
        changes = {**changes, "SubnetIds": [getattr(place, name) for name in changes["SubnetIds"]]}
    refused(code, place.create, **changes)
    assert place.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_a_zone_that_the_service_lacks(place: Place) -> None:
    place.emulator.configure(zones_without={"kms": [f"{REGION}b"]})
    services = place.ec2.describe_vpc_endpoint_services(ServiceNames=[KMS])["ServiceDetails"]
    assert f"{REGION}b" not in services[0]["AvailabilityZones"]
    assert "does not support the availability zone" in refused("InvalidParameter", place.create, SubnetIds=[place.b])


def test_the_names_of_kms(place: Place) -> None:
    (service,) = place.ec2.describe_vpc_endpoint_services(ServiceNames=[KMS])["ServiceDetails"]
    assert service["SupportedIpAddressTypes"] == ["ipv4", "ipv6"]
    names = [item["PrivateDnsName"] for item in service["PrivateDnsNames"]]
    assert names == [f"kms.{REGION}.amazonaws.com", f"kms.{REGION}.api.aws"]
    found = place.look(place.create(PrivateDnsEnabled=True, SubnetIds=[place.a, place.b]))
    entries = [item["DnsName"] for item in found["DnsEntries"]]
    assert entries[-2:] == names
    base = entries[0].removesuffix(f".kms.{REGION}.vpce.amazonaws.com")
    assert entries[1:3] == [f"{base}-{REGION}{zone}.kms.{REGION}.vpce.amazonaws.com" for zone in "ab"]


def test_private_dns_clashes_both_ways(place: Place) -> None:
    vpc = {"VPCRegion": REGION, "VPCId": place.vpc}
    name = f"kms.{REGION}.amazonaws.com"
    zone = place.r53.create_hosted_zone(Name=name, VPC=vpc, CallerReference="1")["HostedZone"]["Id"]
    assert "conflicting DNS domain" in refused("InvalidParameter", place.create, PrivateDnsEnabled=True)
    # A zone above it, and the FIPS endpoint, have other names.
    place.r53.create_hosted_zone(Name="amazonaws.com", VPC=vpc, CallerReference="2")
    place.create(ServiceName=f"{KMS}-fips", PrivateDnsEnabled=True)
    second = place.create()
    refused("InvalidParameter", place.modify, endpoint=second, PrivateDnsEnabled=True)
    place.r53.delete_hosted_zone(Id=zone)
    place.modify(second, PrivateDnsEnabled=True)
    refused("ConflictingDomainExists", place.r53.create_hosted_zone, Name=name, VPC=vpc, CallerReference="3")
    refused("InvalidParameter", place.create, PrivateDnsEnabled=True)


def test_private_dns_is_free_again_only_when_the_endpoint_is_gone(place: Place) -> None:
    first = place.create(PrivateDnsEnabled=True)
    place.emulator.configure(time_scale=1.0, delays={"endpoint_delete": 60})
    place.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    assert place.look(first)["State"] == "deleting"
    refused("InvalidParameter", place.create, PrivateDnsEnabled=True)
    place.emulator.advance(61)
    place.create(PrivateDnsEnabled=True)


def test_what_can_be_changed_in_place(place: Place) -> None:
    endpoint = place.create()
    default = place.look(endpoint)["Groups"]
    assert [item["GroupName"] for item in default] == ["default"]
    group = place.ec2.create_security_group(GroupName="kms", Description="x", VpcId=place.vpc)["GroupId"]
    changed = place.modify(endpoint, AddSecurityGroupIds=[group], RemoveSecurityGroupIds=[default[0]["GroupId"]])
    assert [item["GroupId"] for item in changed["Groups"]] == [group]
    interface = place.ec2.describe_network_interfaces(NetworkInterfaceIds=changed["NetworkInterfaceIds"])
    assert [item["GroupId"] for item in interface["NetworkInterfaces"][0]["Groups"]] == [group]
    refused("DependencyViolation", place.ec2.delete_security_group, GroupId=group)
    refused("DuplicateSubnetsInSameZone", place.modify, endpoint=endpoint, AddSubnetIds=[place.b, place.b2])
    moved = place.modify(endpoint, AddSubnetIds=[place.b], RemoveSubnetIds=[place.a])
    assert moved["SubnetIds"] == [place.b]
    swapped = place.modify(endpoint, AddSubnetIds=[place.b2], RemoveSubnetIds=[place.b])
    assert swapped["SubnetIds"] == [place.b2]
    refused("InvalidParameter", place.modify, endpoint=endpoint, ResetPolicy=True)


def test_a_policy_comes_back_in_aws_own_words(place: Place) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["kms:Decrypt"], "Resource": ["*"]}
    endpoint = place.create(PolicyDocument=json.dumps({"Statement": [statement]}, indent=4))
    document = place.look(endpoint)["PolicyDocument"]
    assert json.loads(document)["Statement"] == [{**statement, "Action": "kms:Decrypt", "Resource": "*"}]


def test_dual_stack(place: Place) -> None:
    vpc = place.ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = place.ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.1.0.0/24", Ipv6CidrBlock=block)["Subnet"]
    chosen = {"VpcId": vpc["VpcId"], "SubnetIds": [subnet["SubnetId"]]}
    refused("InvalidParameter", place.create, **chosen, IpAddressType="ipv6")
    endpoint = place.create(**chosen, IpAddressType="dualstack")
    assert place.look(endpoint)["DnsOptions"]["DnsRecordIpType"] == "dualstack"
    refused("InvalidParameter", place.modify, endpoint=endpoint, IpAddressType="ipv4")
    back = place.modify(endpoint, IpAddressType="ipv4", DnsOptions={"DnsRecordIpType": "ipv4"})
    assert back["IpAddressType"] == "ipv4"


def test_s3_answers_inbound_resolvers_only_unless_told_otherwise(place: Place) -> None:
    plain = {"ServiceName": S3, "PrivateDnsEnabled": True}
    off = {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": False}}
    endpoint = place.create(**plain, **off)
    assert place.look(endpoint)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False
    on = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    assert "must have a Gateway endpoint" in refused("InvalidParameter", place.modify, endpoint=endpoint, DnsOptions=on)
    place.ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName=S3)
    assert place.modify(endpoint, DnsOptions=on)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True


@pytest.mark.parametrize("state", ["failed", "rejected", "expired"])
def test_an_endpoint_that_comes_to_nothing(place: Place, state: str) -> None:
    place.emulator.outcome(KMS, state)
    endpoint = place.create()
    found = place.look(endpoint)
    assert found["State"] == state
    assert ("LastError" in found) is (state == "failed")
    refused("IncorrectState", place.modify, endpoint=endpoint, PrivateDnsEnabled=False)
    assert place.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []


def test_the_quota_of_a_vpc(place: Place) -> None:
    place.emulator.configure(endpoint_quota=1)
    place.create()
    refused("VpcEndpointLimitExceeded", place.create)
    place.ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName=S3)
