# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ssm_vpc_endpoints against the embedded AWS: planned, made, kept, changed."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.ssm_endpoints import REGION, Estate, changed, estate, policy, verbs

ALL = {"ec2messages": "always", "vss_snapshots": True, "session_encryption": True, "cloudwatch_logs": True}
BASE = ["s3-gateway", "ssm", "ssmmessages"]
SEVEN = ["ec2", "ec2messages", "kms", "logs", "s3-gateway", "ssm", "ssmmessages"]


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def test_the_plan_of_an_empty_account_writes_nothing(emulator: Any) -> None:
    pending = ["(known after apply: subnet.nodes-a.subnet_id)", "(known after apply: subnet.nodes-b.subnet_id)"]
    place = Estate(emulator, "(known after apply: vpc.nodes.vpc_id)", pending)
    result = place.run(check=True, policy_preset="agent", node_security_group_ids=["(known after apply: group.n.id)"])
    assert not result.get("failed"), result["msg"]
    assert emulator.calls(mutating=True) == []
    assert result["vpc_endpoint_ids"]["ssm"] == "(known after apply: vpc_endpoint.ssm.vpc_endpoint_id)"
    assert result["route_table_ids"] == [
        "(known after apply: subnet.nodes-a.route_table_id)", "(known after apply: subnet.nodes-b.route_table_id)",
    ]
    assert result["diff"][0]["after"]["rules"] == [
        "tcp 443-443 group (known after apply: group.n.id)",
        "tcp 443-443 ipv4 (known after apply: subnet.nodes-a.cidr_block)",
        "tcp 443-443 ipv4 (known after apply: subnet.nodes-b.cidr_block)",
    ]
    assert "(known after apply: vpc.nodes.owner_id)" in str(result["vpc_endpoints"][0]["policy_document"])


def test_the_run_does_what_the_plan_said(place: Estate) -> None:
    given: dict[str, Any] = {**ALL, "s3": "both", "policy_preset": "agent", "tags": {"Team": "ops"}}
    planned = place.run(check=True, **given)
    assert place.endpoints() == {}
    result = place.done(**given)
    assert verbs(result) == verbs(planned)
    assert result.keys() == planned.keys()
    for told, made in zip(planned["diff"], result["diff"]):
        assert told.keys() == made.keys()
        known = {key: value for key, value in told["after"].items() if "known after apply" not in str(value)}
        assert {key: made["after"][key] for key in known} == known
    for told, found in zip(planned["vpc_endpoints"], result["vpc_endpoints"]):
        assert told.keys() == found.keys()
        assert (told["service"], told["subnet_ids"], told["tags"]) == (
            found["service"], found["subnet_ids"], found["tags"]
        )
    assert "known after apply" not in str(result)


def test_r176_r180_r182_what_is_made_is_what_the_agent_needs_and_no_more(place: Estate) -> None:
    result = place.done()
    made = place.endpoints()
    assert sorted(made) == ["s3-gateway", "ssm", "ssmmessages"]
    for code in ("ssm", "ssmmessages"):
        assert made[code]["PrivateDnsEnabled"] is True
        assert sorted(made[code]["SubnetIds"]) == sorted(place.subnet_ids)
        assert [item["GroupId"] for item in made[code]["Groups"]] == [place.group()["GroupId"]]
        assert made[code]["Tags"] == [{"Key": "Name", "Value": f"systems-manager-{code}"}]
    assert made["s3-gateway"]["RouteTableIds"] == [place.main_table()]
    permission = place.group()["IpPermissions"][0]
    assert (permission["FromPort"], permission["ToPort"], permission["IpProtocol"]) == (443, 443, "tcp")
    assert [item["CidrIp"] for item in permission["IpRanges"]] == ["10.0.0.0/20", "10.0.16.0/20"]
    assert result["vpc_endpoint_ids"] == {code: item["VpcEndpointId"] for code, item in made.items()}
    assert result["security_group_ids"] == [place.group()["GroupId"]]
    assert f"amazon-ssm-{REGION}" in result["managed_buckets"]
    assert result["instance_policy"]["Statement"][0]["Action"] == "s3:GetObject"


def test_r161_r163_nothing_else_is_made(place: Estate) -> None:
    place.done()
    made = {call["action"] for call in place.emulator.calls(mutating=True)}
    assert {name for name in made if name.startswith(("Create", "Authorize"))} == {
        "CreateVpc", "CreateSubnet", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateVpcEndpoint",
    }


def test_a_second_run_reads_ten_times_and_writes_nothing(place: Estate) -> None:
    first = place.done(**ALL)
    assert sorted(place.endpoints()) == SEVEN
    result, calls = place.watched(**ALL)
    assert not result["changed"]
    assert [call["action"] for call in calls if call["mutating"]] == []
    assert len(calls) <= 10
    kept = ("actions", "changed", "diff", "invocation", "warnings")
    assert {key: value for key, value in result.items() if key not in kept} == {
        key: value for key, value in first.items() if key not in kept
    }


def test_endpoints_are_made_together_and_waited_for_in_one_call(place: Estate) -> None:
    place.emulator.configure(delays={"endpoint": 0.3}, time_scale=1.0)
    dummy, calls = place.watched(**ALL)
    actions = [call["action"] for call in calls]
    first, last = actions.index("CreateVpcEndpoint"), len(actions) - actions[::-1].index("CreateVpcEndpoint")
    assert set(actions[first:last]) == {"CreateVpcEndpoint"}
    asked = [call["params"] for call in calls if call["action"] == "DescribeVpcEndpoints"]
    ids = [item["Values"] for params in asked for item in params["Filters"] if item["Name"] == "vpc-endpoint-id"]
    assert {len(item) for item in ids} == {6, 7}
    assert actions.count("ModifyVpcEndpoint") == 6
    assert actions.index("ModifyVpcEndpoint") > last


# options of the first run, options of the second, what changes
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("r179 snapshots", {}, {"vss_snapshots": True}, ["ec2"]),
    ("r183 encryption", {}, {"session_encryption": True}, ["kms"]),
    ("r184 logs", {}, {"cloudwatch_logs": True}, ["logs"]),
    ("r177 ec2messages", {}, {"ec2messages": "always"}, ["ec2messages"]),
    ("s3 off", {"s3": "none"}, {}, ["s3-gateway"]),
    ("s3 by interface", {"s3": "none"}, {"s3": "interface"}, ["s3"]),
    ("purged", ALL, {"ec2messages": "never", "purge_endpoints": True}, ["ec2", "ec2messages", "kms", "logs"]),
    ("r169 ranges", {"node_cidrs": ["10.8.0.0/16"]}, {"node_cidrs": ["10.9.0.0/16"]}, ["systems-manager-endpoints"]),
    ("rules stay", {"node_cidrs": ["10.8.0.0/16"]}, {"purge_rules": False}, []),
    ("private DNS off", {}, {"private_dns_enabled": False}, ["ssm", "ssmmessages"]),
    ("policies", {}, {"policy_preset": "agent"}, BASE),
    ("other policies", {"policy_preset": "agent"}, {"policy_preset": "account"}, BASE),
    ("policies back", {"policy_preset": "agent"}, {"policy_preset": "full_access"}, BASE),
    ("buckets", {"policy_preset": "agent"}, {"policy_preset": "agent", "buckets": ["logs-of-ours"]}, ["s3-gateway"]),
    ("tags", {}, {"tags": {"Team": "ops"}}, ["s3-gateway", "ssm", "ssmmessages", "systems-manager-endpoints"]),
    (
        "tags away", {"tags": {"Team": "ops"}}, {"tags": {}},
        ["s3-gateway", "ssm", "ssmmessages", "systems-manager-endpoints"],
    ),
]


@pytest.mark.parametrize(("first", "second", "names"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_each_option_is_planned_done_and_then_kept(
    place: Estate, first: dict[str, Any], second: dict[str, Any], names: list[str]
) -> None:
    place.done(**first)
    planned, writes = place.writes(check=True, **second)
    assert writes == []
    assert changed(planned) == names
    result, writes = place.writes(**second)
    assert not result.get("failed"), result["msg"]
    assert (changed(result), bool(writes)) == (names, bool(names))
    assert verbs(result) == verbs(planned)
    again, writes = place.writes(**second)
    assert (again["changed"], writes) == (False, [])


def test_one_subnet_is_exchanged_for_another(emulator: Any) -> None:
    place = estate(emulator, ("a", "b", "c"))
    place.done(subnet_ids=place.subnet_ids[:2])
    result = place.done(subnet_ids=place.subnet_ids[1:])
    assert changed(result) == ["ssm", "ssmmessages", "systems-manager-endpoints"]
    assert sorted(place.endpoints()["ssm"]["SubnetIds"]) == sorted(place.subnet_ids[1:])
    more = place.done(subnet_ids=place.subnet_ids[:1], purge_subnets=False, purge_rules=False)
    assert changed(more) == ["ssm", "ssmmessages", "systems-manager-endpoints"]
    assert len(place.endpoints()["ssm"]["SubnetIds"]) == 3


def test_a_gateway_gets_the_route_tables_of_the_nodes(place: Estate) -> None:
    ec2 = place.ec2
    own = ec2.create_route_table(VpcId=place.vpc_id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=own, SubnetId=place.subnet_ids[0])
    assert place.done()["route_table_ids"] == sorted([own, place.main_table()])
    again = place.done(route_table_ids=[own], purge_route_tables=True)
    assert (changed(again), again["route_table_ids"]) == (["s3-gateway"], [own])


def test_groups_of_ones_own_are_used_as_they_are(place: Estate) -> None:
    group = place.new_group("ours")
    refused = place.run(security_group_ids=[group])
    assert "R169" in refused["msg"]
    assert "let HTTPS in from neither 10.0.0.0/20 and 10.0.16.0/20 nor the groups of the nodes" in refused["msg"]
    from_vpc = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=from_vpc)
    result = place.done(security_group_ids=[group])
    assert result["security_group_ids"] == [group]
    assert "security group systems-manager-endpoints" not in verbs(result)


def test_a_group_that_is_adopted_by_name_keeps_its_rules_and_tags(place: Estate) -> None:
    group = place.new_group("shared")
    other = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.7.0.0/16"}]}]
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=other)
    result = place.done(security_group_name="shared")
    assert result["security_group_ids"] == [group]
    assert sorted(item["FromPort"] for item in place.group("shared")["IpPermissions"]) == [22, 443]
    assert place.group("shared")["Tags"] == []


def test_documents_of_ones_own_come_before_the_preset(place: Estate) -> None:
    own = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}}
    place.done(policies={"ssm": own}, policy_preset="account")
    made = place.endpoints()
    assert policy(made["ssm"]) == own
    assert policy(made["ssmmessages"])["Statement"][0]["Action"] == "ssmmessages:*"
    listed = {"Statement": [{**own["Statement"], "Action": ["ssm:*"]}], "Version": "2012-10-17"}
    assert not place.done(policies={"ssm": listed}, policy_preset="account")["changed"]
