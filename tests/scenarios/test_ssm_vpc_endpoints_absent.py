# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: what the module made goes, what it adopted stays."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.ssm_endpoints import HTTPS, Estate, changed, estate, verbs


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def test_all_that_was_made_goes_and_nothing_else(place: Estate) -> None:
    nodes = place.new_group("nodes", closed=True)
    place.done(node_security_group_ids=[nodes], node_egress_rules=True, vss_snapshots=True, s3="both")
    planned, writes = place.writes(check=True, state="absent")
    assert writes == []
    result, writes = place.writes(state="absent")
    assert not result.get("failed"), result["msg"]
    assert verbs(result) == verbs(planned)
    assert writes[0] == "RevokeSecurityGroupEgress"
    assert writes[-1] == "DeleteSecurityGroup"
    assert place.endpoints() == {}
    assert sorted(item["GroupName"] for item in place.groups()) == ["default", "nodes"]
    assert place.group("nodes")["IpPermissionsEgress"] == []
    assert (result["vpc_endpoints"], result["vpc_endpoint_ids"]) == ([], {})
    again, writes = place.writes(state="absent")
    assert (again["changed"], writes) == (False, [])
    place.ec2.delete_subnet(SubnetId=place.subnet_ids[0])


def test_the_deletion_is_waited_for_in_one_call(place: Estate) -> None:
    place.done(session_encryption=True)
    place.emulator.configure(delays={"endpoint_delete": 0.4}, time_scale=1.0)
    result, calls = place.watched(state="absent")
    assert not result.get("failed"), result["msg"]
    asked = [call["params"]["Filters"][0] for call in calls if call["action"] == "DescribeVpcEndpoints"]
    assert {len(item["Values"]) for item in asked if item["Name"] == "vpc-endpoint-id"} == {4}
    assert place.endpoints() == {}


def test_what_was_adopted_stays_without_what_it_was_given(place: Estate) -> None:
    own = place.new_group("theirs")
    theirs = place.new_endpoint("ssm", SecurityGroupIds=[own])
    gateway = place.new_endpoint("s3", VpcEndpointType="Gateway")
    made = place.done(tags={"Team": "ops"})
    assert made["vpc_endpoint_ids"]["ssm"] == theirs
    assert made["vpc_endpoint_ids"]["s3-gateway"] == gateway
    assert [item["action"] for item in made["actions"] if item["name"] in ("ssm", "s3-gateway")] == ["update"] * 2
    adopted = place.endpoints()["ssm"]
    assert sorted(item["GroupId"] for item in adopted["Groups"]) == sorted([own, place.group()["GroupId"]])
    result = place.done(state="absent")
    assert verbs(result) == {
        "VPC endpoint ssmmessages": "delete", "VPC endpoint ssm": "update",
        "security group systems-manager-endpoints": "delete",
    }
    left = place.endpoints()
    assert sorted(left) == ["s3-gateway", "ssm"]
    assert [item["GroupId"] for item in left["ssm"]["Groups"]] == [own]
    assert changed(place.run(state="absent")) == []


def test_a_group_that_was_adopted_stays(place: Estate) -> None:
    place.new_group("shared")
    place.done(security_group_name="shared")
    place.done(state="absent", security_group_name="shared")
    assert "shared" in [item["GroupName"] for item in place.groups()]


def test_what_another_name_made_stays(emulator: Any) -> None:
    place = estate(emulator)
    place.done(name="first", s3="none")
    assert not place.done(name="second", state="absent")["changed"]
    assert sorted(place.endpoints()) == ["ssm", "ssmmessages"]


def test_a_group_that_others_use_is_named_before_anything_goes(place: Estate) -> None:
    place.done()
    group = place.group()["GroupId"]
    other = place.new_group("database")
    rule = [{**HTTPS, "UserIdGroupPairs": [{"GroupId": group}]}]
    place.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    made = place.ec2.create_network_interface(SubnetId=place.subnet_ids[0], Groups=[group])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    refused, writes = place.writes(state="absent")
    assert writes == []
    assert f"named by rules of {other}" in refused["msg"]
    assert f"used by {interface}" in refused["msg"]
    place.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)
    place.ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert changed(place.done(state="absent")) == [
        "s3-gateway", "ssm", "ssmmessages", "systems-manager-endpoints",
    ]


def test_the_only_group_of_an_adopted_endpoint_is_not_taken_away(place: Estate) -> None:
    theirs = place.new_endpoint("ssm")
    place.done(purge_security_groups=True)
    refused, writes = place.writes(state="absent")
    assert writes == []
    assert f"the only one of {theirs}" in refused["msg"]


def test_endpoints_of_other_services_that_have_the_group_are_not_touched(place: Estate) -> None:
    place.done()
    other = place.new_endpoint("sts", SecurityGroupIds=[place.group()["GroupId"], place.new_group("sts")])
    refused, writes = place.writes(state="absent")
    assert writes == []
    assert f"used by {other}" in refused["msg"]


def test_a_vpc_that_is_gone_has_nothing(emulator: Any) -> None:
    place = Estate(emulator, "vpc-0123456789abcdef0", [])
    result = place.done(state="absent")
    assert (result["changed"], result["actions"]) == (False, [])
