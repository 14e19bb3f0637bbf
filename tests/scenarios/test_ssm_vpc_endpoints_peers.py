# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users of other tools suffer from, by its number in the catalogue of such reports; here it must not happen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import Request, evaluate

from scenarios.prerequisites import client
from scenarios.ssm_endpoints import REGION, Estate, changed, estate, policy, requirements

ACCOUNT = "123456789012"
NODE = f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0"
FOREIGN = "arn:aws:sts::210987654321:assumed-role/node/i-0123456789abcdef0"


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def allowed(endpoint: dict[str, Any], action: str, resource: str = "*", who: str = NODE) -> bool:
    """Whether the policy of an endpoint lets a signed request through."""
    account = who.split(":")[4]
    request = Request(who, action, resource, {"aws:PrincipalAccount": account}, complete=True)
    return evaluate(policy(endpoint), request).allowed


def unsigned(endpoint: dict[str, Any], account: str) -> list[str]:
    """Which of a hybrid node's unsigned requests the policy of an endpoint lets through."""
    actions = ("RegisterManagedInstance", "RequestManagedInstanceRoleToken", "UpdateManagedInstancePublicKey")
    context = {"ssm:NodeAccountId": account}
    return [
        action
        for action in actions
        if evaluate(policy(endpoint), Request("anonymous", f"ssm:{action}", "*", context, complete=True)).allowed
    ]


def test_peer_36_private_dns_can_be_switched(place: Estate) -> None:
    place.done(private_dns_enabled=False)
    assert place.endpoints()["ssm"]["PrivateDnsEnabled"] is False
    assert changed(place.done()) == ["ssm", "ssmmessages"]
    assert place.endpoints()["ssm"]["PrivateDnsEnabled"] is True


def test_peer_37_endpoints_that_exist_are_changed_in_place(place: Estate) -> None:
    theirs = place.new_endpoint("ssm")
    result = place.done(policy_preset="account")
    assert result["vpc_endpoint_ids"]["ssm"] == theirs
    made = place.endpoints()["ssm"]
    assert sorted(made["SubnetIds"]) == sorted(place.subnet_ids)
    assert made["PrivateDnsEnabled"] is True
    assert "ManagedNodes" in made["PolicyDocument"]


def test_peer_38_47_48_endpoints_are_available_when_the_run_ends(place: Estate) -> None:
    place.emulator.configure(delays={"endpoint": 0.3}, time_scale=1.0)
    place.emulator.fault("error", service="ec2", action="ModifyVpcEndpoint", times=1, status=400,
                         code="InvalidVpcEndpointId.NotFound", message="not visible yet")
    place.done()
    assert {item["State"] for item in place.endpoints().values()} == {"available"}


def test_peer_39_a_deletion_ends_when_they_are_gone(place: Estate) -> None:
    place.done()
    place.emulator.configure(delays={"endpoint_delete": 0.3}, time_scale=1.0)
    place.done(state="absent")
    assert place.endpoints() == {}


def test_peer_40_tags_do_not_make_a_second_run_change(place: Estate) -> None:
    given: dict[str, Any] = {"tags": {"Team": "ops", "Cost center": "42"}}
    place.done(**given)
    again, writes = place.writes(**given)
    assert (again["changed"], writes) == (False, [])


def test_peer_42_private_dns_comes_when_the_endpoint_answers(place: Estate) -> None:
    place.emulator.configure(delays={"endpoint": 0.3}, time_scale=1.0)
    dummy, calls = place.watched(s3="none")
    created = [call["params"] for call in calls if call["action"] == "CreateVpcEndpoint"]
    assert [item["PrivateDnsEnabled"] for item in created] == [False, False]
    switched = [call["params"] for call in calls if call["action"] == "ModifyVpcEndpoint"]
    assert [item["PrivateDnsEnabled"] for item in switched] == [True, True]


def test_peer_43_a_clash_of_names_is_found_before_anything_is_made(place: Estate) -> None:
    zone = client(place.emulator.url, "route53").create_hosted_zone(
        Name=f"ssm.{REGION}.amazonaws.com", CallerReference="clash",
        VPC={"VPCRegion": REGION, "VPCId": place.vpc_id},
    )["HostedZone"]["Id"].rpartition("/")[2]
    refused, writes = place.writes()
    assert (requirements(refused), writes) == (["N14"], [])
    assert f"private hosted zone {zone}" in refused["msg"]


def test_peer_43_the_endpoint_that_answers_for_a_name_is_the_one_that_is_adopted(place: Estate) -> None:
    place.new_endpoint("ssm")
    answering = place.new_endpoint("ssm", PrivateDnsEnabled=True)
    assert place.done()["vpc_endpoint_ids"]["ssm"] == answering


def test_two_endpoints_that_could_be_meant_are_named(place: Estate) -> None:
    ids = [place.new_endpoint("ssm"), place.new_endpoint("ssm")]
    refused, writes = place.writes()
    assert (requirements(refused), writes) == (["R176"], [])
    assert all(item in refused["msg"] for item in ids)
    assert "Name tag systems-manager-ssm" in refused["msg"]
    place.ec2.create_tags(Resources=ids[:1], Tags=[{"Key": "Name", "Value": "systems-manager-ssm"}])
    assert place.done()["vpc_endpoint_ids"]["ssm"] == ids[0]


def test_peer_45_only_what_changed_is_sent(place: Estate) -> None:
    place.done(policy_preset="account")
    place.ec2.modify_vpc_endpoint(
        VpcEndpointId=place.endpoints()["ssm"]["VpcEndpointId"], RemoveSubnetIds=place.subnet_ids[:1]
    )
    dummy, calls = place.watched(policy_preset="account")
    (sent,) = [call["params"] for call in calls if call["action"] == "ModifyVpcEndpoint"]
    assert set(sent) == {"VpcEndpointId", "AddSubnetIds"}


def test_peer_46_the_default_security_group_is_never_taken(place: Estate) -> None:
    dummy, calls = place.watched(s3="interface")
    made = [call["params"] for call in calls if call["action"] == "CreateVpcEndpoint"]
    assert [item["SecurityGroupIds"] for item in made] == [[place.group()["GroupId"]]] * 3


def test_peer_49_without_subnets_there_is_nothing_to_connect_to(place: Estate) -> None:
    result, calls = place.watched(subnet_ids=[])
    assert result["failed"]
    assert calls == []
    assert "subnet_ids" in result["msg"]


def test_peer_50_zones_that_a_service_lacks_are_left_out_and_told(emulator: Any) -> None:
    place = estate(emulator, ("a", "b", "c"))
    emulator.configure(zones_without={"ssmmessages": [f"{REGION}c"]})
    result = place.done()
    assert len(place.endpoints()["ssm"]["SubnetIds"]) == 3
    assert sorted(place.endpoints()["ssmmessages"]["SubnetIds"]) == sorted(place.subnet_ids[:2])
    assert result["skipped_subnets"] == [
        {
            "service": "ssmmessages", "subnet_id": place.subnet_ids[2], "availability_zone": f"{REGION}c",
            "reason": f"com.amazonaws.{REGION}.ssmmessages is not offered in {REGION}c",
        }
    ]
    assert not place.done()["changed"]
    refused = place.run(subnet_ids=place.subnet_ids[2:], purge_subnets=False)
    assert "none of which can be used" in refused["msg"]


def test_peer_51_s3_by_interface_takes_private_dns_without_a_gateway(place: Estate) -> None:
    place.done(s3="interface")
    made = place.endpoints()["s3"]
    assert made["PrivateDnsEnabled"] is True
    assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False
    assert not place.done(s3="interface")["changed"]


def test_peer_51_both_ways_lead_the_vpc_through_the_gateway(place: Estate) -> None:
    place.done(s3="both")
    made = place.endpoints()
    assert made["s3-gateway"]["RouteTableIds"] == [place.main_table()]
    assert made["s3"]["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True
    assert not place.done(s3="both")["changed"]


def test_peer_51_a_gateway_for_other_route_tables_does_not_count(place: Estate) -> None:
    other = place.ec2.create_route_table(VpcId=place.vpc_id)["RouteTable"]["RouteTableId"]
    place.new_endpoint("s3", VpcEndpointType="Gateway", RouteTableIds=[other])
    place.done(s3="interface")
    assert place.endpoints()["s3"]["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False


def test_peer_52_a_node_that_stays_away_gets_a_list_of_what_to_look_at(place: Estate) -> None:
    node = place.new_node(subnet=1)
    result = place.run(node_subnet_ids=place.subnet_ids[:1], wait_timeout=0, wait_for_nodes={"instance_ids": [node]})
    assert result["failed"]
    assert len(result["nodes"][0]["look_at"]) == 6
    assert place.done(wait_for_nodes={"instance_ids": [node]})["nodes"][0]["ping_status"] == "Online"


def test_peer_53_presets_leave_patch_manager_and_the_kubelet_alone(place: Estate) -> None:
    planned = place.run(check=True, policy_preset="agent")
    assert "GetDeployablePatchSnapshotForInstance" in json.dumps(planned["diff"])
    place.done(policy_preset="agent")
    ssm, messages = place.endpoints()["ssm"], place.endpoints()["ssmmessages"]
    documents = f"arn:aws:ssm:{REGION}::document/AWS-RunPatchBaseline"
    assert allowed(ssm, "ssm:GetDeployablePatchSnapshotForInstance")
    assert allowed(ssm, "ssm:GetDocument", documents)
    assert allowed(messages, "ssmmessages:OpenControlChannel")
    assert not allowed(ssm, "ssm:SendCommand")
    assert not allowed(ssm, "ssm:UpdateInstanceInformation", who=FOREIGN)
    place.done(policy_preset="account", vss_snapshots=True)
    ec2 = place.endpoints()["ec2"]
    assert allowed(ec2, "ec2:DescribeInstances")
    assert allowed(place.endpoints()["ssm"], "ssm:GetParametersByPath")
    assert not allowed(ec2, "ec2:DescribeInstances", who=FOREIGN)


@pytest.mark.parametrize("preset", ["agent", "account"])
def test_peer_53_presets_leave_hybrid_nodes_in(place: Estate, preset: str) -> None:
    place.done(policy_preset=preset, node_accounts=["210987654321"])
    ssm = place.endpoints()["ssm"]
    assert len(unsigned(ssm, ACCOUNT)) == 3
    assert len(unsigned(ssm, "210987654321")) == 3
    assert unsigned(ssm, "999999999999") == []


def test_peer_54_the_buckets_of_systems_manager_are_in_policy_and_role(place: Estate) -> None:
    result = place.done(policy_preset="agent", buckets=["logs-of-ours"])
    gateway = place.endpoints()["s3-gateway"]
    assert len(result["managed_buckets"]) == 7
    for bucket in result["managed_buckets"]:
        assert allowed(gateway, "s3:GetObject", f"arn:aws:s3:::{bucket}/agent")
        assert f"arn:aws:s3:::{bucket}/*" in result["instance_policy"]["Statement"][0]["Resource"]
    assert allowed(gateway, "s3:PutObject", "arn:aws:s3:::logs-of-ours/session")
    assert not allowed(gateway, "s3:PutObject", "arn:aws:s3:::theirs/session")
    assert not allowed(gateway, "s3:GetObject", "arn:aws:s3:::logs-of-ours/session", who=FOREIGN)


def test_peer_54_a_policy_that_keeps_the_buckets_out_is_told_of(place: Estate) -> None:
    own = {"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::repositories/*"}
    ]}
    place.new_endpoint("s3", VpcEndpointType="Gateway", PolicyDocument=json.dumps(own))
    result = place.done()
    assert requirements(result) == ["R171"]
    assert f"no access to aws-windows-downloads-{REGION}" in result["warnings"][0]
    assert "repositories" in place.endpoints()["s3-gateway"]["PolicyDocument"], "a policy of others stays"
    assert place.done(policy_preset="account")["unmet_requirements"] == []


def test_peer_55_nodes_stay_online_when_the_way_to_the_internet_is_cut(place: Estate) -> None:
    """R160: with a way to the internet they were online without endpoints, too."""
    nodes = place.new_group("nodes")
    node = place.new_node(nodes)
    given: dict[str, Any] = {"node_security_group_ids": [nodes], "node_egress_rules": True,
                             "wait_for_nodes": {"instance_ids": [node]}}
    place.done(**given)
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    place.ec2.revoke_security_group_egress(GroupId=nodes, IpPermissions=everything)
    result = place.done(**given)
    assert changed(result) == ["nodes"]
    assert result["nodes"][0]["ping_status"] == "Online"
