# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others changed, seen and repaired alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.ssm_endpoints import HTTPS, Estate, changed, estate

Drift = Callable[[Estate], None]
GIVEN: dict[str, Any] = {"s3": "both", "policy_preset": "agent", "node_egress_rules": True, "tags": {"Team": "ops"}}
GROUP = "systems-manager-endpoints"
OPEN = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def modified(code: str, **arguments: Any) -> Drift:
    return lambda place: place.ec2.modify_vpc_endpoint(
        VpcEndpointId=place.endpoints()[code]["VpcEndpointId"], **arguments
    )


def deleted(code: str) -> Drift:
    return lambda place: place.ec2.delete_vpc_endpoints(VpcEndpointIds=[place.endpoints()[code]["VpcEndpointId"]])


def tagged(what: str, key: str, value: str) -> Drift:
    def change(place: Estate) -> None:
        found = place.group()["GroupId"] if what == GROUP else place.endpoints()[what]["VpcEndpointId"]
        place.ec2.create_tags(Resources=[found], Tags=[{"Key": key, "Value": value}])

    return change


def one_subnet_less(place: Estate) -> None:
    modified("ssm", RemoveSubnetIds=place.subnet_ids[:1])(place)


def another_group(place: Estate) -> None:
    group = place.new_group("foreign")
    modified("ssmmessages", AddSecurityGroupIds=[group])(place)


def no_table(place: Estate) -> None:
    modified("s3-gateway", RemoveRouteTableIds=[place.main_table()])(place)


def rule_gone(place: Estate) -> None:
    rule = [{**HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/20"}]}]
    place.ec2.revoke_security_group_ingress(GroupId=place.group()["GroupId"], IpPermissions=rule)


def rule_more(place: Estate) -> None:
    rule = [{**HTTPS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    place.ec2.authorize_security_group_ingress(GroupId=place.group()["GroupId"], IpPermissions=rule)


def outbound_gone(place: Estate) -> None:
    rules = place.group("nodes")["IpPermissionsEgress"]
    place.ec2.revoke_security_group_egress(GroupId=place.group("nodes")["GroupId"], IpPermissions=rules)


def dns_off(place: Estate) -> None:
    place.ec2.modify_vpc_attribute(VpcId=place.vpc_id, EnableDnsHostnames={"Value": False})


# what an outsider does, what is repaired
DRIFT: list[tuple[str, Drift, str]] = [
    ("private DNS", modified("ssm", PrivateDnsEnabled=False), "ssm"),
    ("S3 for everybody", modified("s3", DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": False}), "s3"),
    ("policy", modified("ssmmessages", PolicyDocument=OPEN), "ssmmessages"),
    ("policy of the gateway", modified("s3-gateway", ResetPolicy=True), "s3-gateway"),
    ("subnet", one_subnet_less, "ssm"),
    ("group", another_group, "ssmmessages"),
    ("route table", no_table, "s3-gateway"),
    ("tag", tagged("ssm", "Team", "x"), "ssm"),
    ("extra tag", tagged("s3-gateway", "Old", "x"), "s3-gateway"),
    ("tag of the group", tagged(GROUP, "Team", "x"), GROUP),
    ("rule gone", rule_gone, GROUP),
    ("rule more", rule_more, GROUP),
    ("outbound rules", outbound_gone, "nodes"),
    ("endpoint gone", deleted("ssm"), "ssm"),
]


@pytest.mark.parametrize(("drift", "name"), [row[1:] for row in DRIFT], ids=[row[0] for row in DRIFT])
def test_drift_is_shown_and_repaired_alone(place: Estate, drift: Drift, name: str) -> None:
    given = {**GIVEN, "node_security_group_ids": [place.new_group("nodes", closed=True)]}
    first = place.done(**given)
    drift(place)
    planned, writes = place.writes(check=True, **given)
    assert (changed(planned), writes) == ([name], [])
    result, writes = place.writes(**given)
    assert (changed(result), bool(writes)) == ([name], True)
    assert [item["before_header"] for item in planned["diff"]] == [item["before_header"] for item in result["diff"]]
    if name != "ssm":
        assert result["vpc_endpoint_ids"] == first["vpc_endpoint_ids"]
    assert place.writes(**given)[1] == []


def test_r91_attributes_of_the_vpc_are_repaired_when_that_is_asked_for(place: Estate) -> None:
    place.done()
    dns_off(place)
    refused, writes = place.writes()
    assert writes == []
    assert "R91" in refused["msg"]
    assert changed(place.done(enable_vpc_dns=True)) == [place.vpc_id]
    assert not place.done()["changed"]


def test_what_is_being_deleted_is_waited_for_and_made_anew(place: Estate) -> None:
    place.done()
    place.emulator.configure(delays={"endpoint_delete": 0.5, "endpoint": 0.0}, time_scale=1.0)
    deleted("ssm")(place)
    result = place.done()
    assert changed(result) == ["ssm"]
    assert place.endpoints()["ssm"]["PrivateDnsEnabled"] is True


def test_a_run_that_was_cut_off_is_finished_by_the_next(place: Estate) -> None:
    place.emulator.fault("error", service="ec2", action="CreateVpcEndpoint", contains="ssmmessages", times=1,
                         code="VpcEndpointLimitExceeded", message="too many", status=400)
    cut = place.run()
    assert cut["failed"]
    assert cut["changed"]
    assert "create VPC endpoint ssmmessages: AWS refused ec2:CreateVpcEndpoint" in cut["msg"]
    assert "A VPC takes 50 interface endpoints" in cut["msg"]
    ids = {code: item["VpcEndpointId"] for code, item in place.endpoints().items()}
    assert sorted(ids) == ["s3-gateway", "ssm"]
    result = place.done()
    assert changed(result) == ["ssm", "ssmmessages"]
    assert {code: result["vpc_endpoint_ids"][code] for code in ids} == ids


@pytest.mark.parametrize(
    "action",
    [
        "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "CreateVpcEndpoint",
        "ModifyVpcEndpoint",
    ],
)
def test_a_lost_answer_makes_nothing_twice(place: Estate, action: str) -> None:
    given: dict[str, Any] = {
        "node_security_group_ids": [place.new_group("nodes", closed=True)], "node_egress_rules": True,
    }
    place.emulator.fault("reset_after", service="ec2", action=action, times=1)
    place.done(**given)
    here = [{"Name": "vpc-id", "Values": [place.vpc_id]}]
    assert len(place.ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]) == 3
    assert not place.done(**given)["changed"]
