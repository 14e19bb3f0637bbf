# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_preflight_info on the other documented jobs: VPC endpoints for AWS KMS and Systems Manager, CloudHSM stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios import cloudhsm, clusters
from scenarios import prerequisites as before
from scenarios.preflights import look, named, status

Options = dict[str, Any]


def vpc(world: Any) -> tuple[str, list[str], str]:
    """A VPC for private DNS, its subnets, and a security group that lets it in on 443."""
    ec2 = before.client(world.url, "ec2")
    vpc_id, subnet_ids = before.network(world.url)
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=vpc_id)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ])
    return vpc_id, subnet_ids, group


def endpoint(world: Any, place: tuple[str, list[str], str], service: str, **changes: Any) -> str:
    made = before.client(world.url, "ec2").create_vpc_endpoint(**{
        "VpcId": place[0], "VpcEndpointType": "Interface", "SubnetIds": place[1], "SecurityGroupIds": [place[2]],
        "ServiceName": f"com.amazonaws.{before.REGION}.{service}", "PrivateDnsEnabled": True, **changes,
    })
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def unseen(result: dict[str, Any]) -> set[str]:
    """The numbers that are unknown, and are not another module's to look at."""
    return {
        row["number"] for row in result["requirements"]
        if row["status"] == "unknown" and row["found"] != "not looked at here"
    }


def statement(**changes: Any) -> str:
    one = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", **changes}
    return json.dumps({"Version": "2012-10-17", "Statement": [{key: one[key] for key in one if one[key]}]})


SOURCE_IP = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def dns_off(world: Any, place: tuple[str, list[str], str]) -> None:
    endpoint(world, place, "kms")
    before.client(world.url, "ec2").modify_vpc_attribute(VpcId=place[0], EnableDnsHostnames={"Value": False})


def nobody_let_in(world: Any, place: tuple[str, list[str], str]) -> None:
    group = before.client(world.url, "ec2").create_security_group(GroupName="no", Description="no", VpcId=place[0])
    endpoint(world, place, "kms", SecurityGroupIds=[group["GroupId"]])


def full(world: Any, place: tuple[str, list[str], str]) -> None:
    world.configure(endpoint_quota=0)


@pytest.mark.parametrize(
    ("number", "make"),
    [
        ("R91", dns_off),
        ("R88", nobody_let_in),
        ("R104", lambda world, place: endpoint(world, place, "kms", PolicyDocument=statement(Condition=SOURCE_IP))),
        ("R99", lambda world, place: endpoint(
            world, place, "kms", PolicyDocument=statement(Principal={"AWS": "arn:aws:iam::111122223333:user/Example"})
        )),
        ("N20", full),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_an_endpoint_for_kms(world: Any, number: str, make: Callable[..., Any]) -> None:
    place = vpc(world)
    make(world, place)
    result = look(world, job="kms_endpoint", vpc_id=place[0])
    assert named(result) == {number}
    assert (status(result, number), status(result, "R80"), status(result, "R84")) == ("unmet", "met", "human")


def test_an_endpoint_for_kms_before_and_after(world: Any) -> None:
    """R80, R81, R83, R87, R88, R91, R97, R99, R104, N14 and N20 are met by an endpoint as the module makes it."""
    place = vpc(world)
    judged = ("R81", "R83", "R88", "R91", "R97", "R99", "R104", "N14")
    early = look(world, job="kms_endpoint", vpc_id=place[0])
    assert {status(early, number) for number in judged} == {"unknown"}
    assert {status(early, number) for number in ("R80", "R87", "N20")} == {"met"}
    assert "keylink.aws.kms_vpc_endpoint" in next(row["fix"] for row in early["requirements"] if row["number"] == "R97")
    endpoint(world, place, "kms")
    late = look(world, job="kms_endpoint", vpc_id=place[0])
    assert (late["counts"]["unmet"], unseen(late), late["ready"]) == (0, set(), True)


def test_endpoints_for_systems_manager(world: Any) -> None:
    """R169, R175, R176, R180, R182, R186: those that are missing beside others are named."""
    place = vpc(world)
    early = look(world, job="ssm", vpc_id=place[0])
    assert (named(early), status(early, "R176"), status(early, "R175")) == (set(), "unknown", "met")
    endpoint(world, place, "ssm")
    assert named(look(world, job="ssm", vpc_id=place[0])) == {"R180", "R182"}
    endpoint(world, place, "ssmmessages")
    endpoint(world, place, "s3", VpcEndpointType="Gateway", SubnetIds=[], SecurityGroupIds=[], PrivateDnsEnabled=False)
    late = look(world, job="ssm", vpc_id=place[0])
    assert (late["counts"]["unmet"], unseen(late)) == (0, set())
    assert {status(late, number) for number in ("R162", "R172", "R174")} == {"human"}


@pytest.mark.parametrize(
    ("number", "members", "made"),
    [
        ("R128", {"state": "DEGRADED"}, False),
        ("N11", {"hsms": [clusters.ZONES[0]]}, False),
    ],
    ids=["R128", "N11"],
)
def test_what_is_wrong_with_a_cluster(world: Any, number: str, members: Options, made: bool) -> None:
    estate = clusters.estate(world, **members)
    result = look(world, job="cloudhsm", cluster_id=estate.cluster_id, custom_key_store_name=cloudhsm.NAME)
    assert (named(result), status(result, number), result["ready"]) == ({number}, "unmet", False)


def test_a_cloudhsm_key_store(world: Any) -> None:
    """R123, R126, R128, R132, R143, R145 and N11 of a store in order; R145 of one whose cluster is gone."""
    estate = clusters.estate(world)
    cloudhsm.make(world, estate)
    good = look(world, job="cloudhsm", custom_key_store_name=cloudhsm.NAME)
    assert (good["unmet_requirements"], good["counts"]["unknown"]) == ([], 0)
    assert {row["number"] for row in good["requirements"] if row["status"] == "human"} == {"R130", "R131"}
    for action, number in (("ec2:DescribeSubnets", "R126"), ("ec2:DescribeSecurityGroups", "N11"),
                           ("cloudhsm:DescribeClusters", "R128")):
        world.configure(denied=[action])
        result = look(world, job="cloudhsm", custom_key_store_name=cloudhsm.NAME)
        (row,) = (row for row in result["requirements"] if row["number"] == number)
        assert (row["status"], action in row["found"], result["ready"]) == ("unknown", True, True)
    world.configure(denied=[])
    estate.forget()
    assert named(look(world, job="cloudhsm", custom_key_store_name=cloudhsm.NAME)) == {"R145"}


def test_subnets_of_a_cluster_without_a_free_address(world: Any) -> None:
    """R126"""
    estate = clusters.estate(world, size=28)
    clusters.FLAWS["INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"].make(estate, "")
    result = look(world, job="cloudhsm", cluster_id=estate.cluster_id)
    assert (named(result), status(result, "R126")) == ({"R126"}, "unmet")


def test_a_store_of_the_other_type(world: Any, service: before.EndpointService) -> None:
    """R143"""
    before.client(world.url, "kms").create_custom_key_store(
        CustomKeyStoreName="external", CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyConnectivity="VPC_ENDPOINT_SERVICE", XksProxyUriEndpoint=f"https://{before.PRIVATE_DNS_NAME}",
        XksProxyUriPath=before.URI_PATH, XksProxyVpcEndpointServiceName=service.service_name,
        XksProxyAuthenticationCredential={
            "AccessKeyId": before.CREDENTIAL["access_key_id"],
            "RawSecretAccessKey": before.CREDENTIAL["raw_secret_access_key"],
        },
    )
    assert named(look(world, job="cloudhsm", custom_key_store_name="external")) == {"R143"}


@pytest.mark.parametrize(("state", "number"), [("FAILED", "R133"), ("DISCONNECTING", "R132")], ids=["R133", "R132"])
def test_a_store_in_no_state_to_connect(world: Any, state: str, number: str) -> None:
    estate = clusters.estate(world)
    cloudhsm.put(world, cloudhsm.make(world, estate), state)
    assert named(look(world, job="cloudhsm", custom_key_store_name=cloudhsm.NAME)) == {number}


def test_a_connected_store_whose_hsms_are_gone(world: Any) -> None:
    """R123: R128 says what is wrong behind it, and it stops nothing."""
    estate = clusters.estate(world)
    cloudhsm.put(world, cloudhsm.make(world, estate), "CONNECTED")
    estate.change(hsms=[])
    result = look(world, job="cloudhsm", custom_key_store_name=cloudhsm.NAME)
    assert (named(result), status(result, "R123"), result["ready"]) == ({"R128"}, "unmet", True)
