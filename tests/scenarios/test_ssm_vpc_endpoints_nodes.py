# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof that it worked: nodes that become Online, and what is said of those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.ssm_endpoints import REGION, Estate, estate, requirements

OLD = "3.2.582.0"


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def until(*ids: str, **tags: str) -> dict[str, Any]:
    return {"wait_for_nodes": {"instance_ids": list(ids)} if ids else {"tags": tags}}


def late(place: Estate, *ids: str, **given: Any) -> tuple[str, list[str]]:
    """The message of a run that waits in vain, and what to look at for the first node."""
    result = place.run(**{"wait_timeout": 0, **until(*ids), **given})
    assert result["failed"]
    return result["msg"], result["nodes"][0]["look_at"]


def test_named_nodes_are_online_when_the_run_ends(place: Estate) -> None:
    first, second = place.new_node(), place.new_node(subnet=1)
    result = place.done(**until(first, second))
    assert [(node["instance_id"], node["ping_status"]) for node in result["nodes"]] == [
        (first, "Online"), (second, "Online"),
    ]
    again, calls = place.watched(**until(first, second))
    assert not again["changed"]
    asked = [call["action"] for call in calls]
    assert asked.count("DescribeInstanceInformation") == 2, "the agents of the Region, and the nodes once"


def test_nodes_are_found_by_tags_and_those_that_are_stopped_are_not_waited_for(place: Estate) -> None:
    web = place.new_node(tags={"Role": "web"})
    place.new_node(tags={"Role": "database"})
    stopped = place.new_node(tags={"Role": "web"})
    place.ec2.stop_instances(InstanceIds=[stopped])
    result = place.done(**until(Role="web"))
    assert [node["instance_id"] for node in result["nodes"]] == [web]


def test_a_node_that_comes_a_little_later_is_waited_for(place: Estate) -> None:
    node = place.new_node()
    place.emulator.configure(delays={"endpoint": 0.4}, time_scale=1.0)
    assert place.done(**until(node))["nodes"][0]["ping_status"] == "Online"


def test_hybrid_nodes_are_known_to_systems_manager_only(place: Estate) -> None:
    node = "mi-0123456789abcdef0"
    place.emulator.managed_node(region=REGION, id=node, ping_status="Online", ip_address="10.9.0.1", tags={"Site": "a"})
    assert place.done(**until(node))["nodes"][0]["agent_version"]
    assert [item["instance_id"] for item in place.done(**until(Site="a"))["nodes"]] == [node]


def test_check_mode_shows_the_nodes_and_waits_for_none(place: Estate) -> None:
    node = place.new_node()
    result = place.run(check=True, **until(node))
    assert [item["ping_status"] for item in result["nodes"]] == ["not registered"]


def test_r169_a_node_that_is_not_let_in_is_named_with_what_to_look_at(place: Estate) -> None:
    node = place.new_node(subnet=1)
    message, steps = late(place, node, node_subnet_ids=place.subnet_ids[:1])
    assert f"managed nodes is still: 0 of 1 Online; {node} not registered" in message
    assert f"For {node}, look in this order:\n  1. SSM Agent on the node" in message
    assert [step.split(":")[0] for step in steps] == [
        "SSM Agent on the node", "Names", "Network", "Permissions", "Instance metadata", "The agent's own words",
    ]
    assert f"ssm.{REGION}.amazonaws.com must resolve" in message


def test_a_node_that_was_online_is_looked_at_in_another_order(place: Estate) -> None:
    node = place.new_node()
    place.done(**until(node))
    place.emulator.managed_node(region=REGION, id=node, ping_status="ConnectionLost")
    message, steps = late(place, node)
    assert f"{node} ConnectionLost" in message
    assert [step.split(":")[0] for step in steps][:3] == ["SSM Agent on the node", "Network", "Permissions"]


# what is the matter with the node, what is said first
FIRST: list[tuple[str, dict[str, Any], str]] = [
    ("no profile", {"profile": False}, "The instance has no instance profile"),
    ("r178 old agent", {"agent_version": OLD, "ping_status": "ConnectionLost"}, f"Its SSM Agent {OLD} needs ec2"),
]


@pytest.mark.parametrize(("node", "text"), [row[1:] for row in FIRST], ids=[row[0] for row in FIRST])
def test_what_can_be_seen_from_here_is_said_first(place: Estate, node: dict[str, Any], text: str) -> None:
    made = place.new_node(subnet=1, **node)
    dummy, steps = late(place, made, node_subnet_ids=place.subnet_ids[:1], ec2messages="never")
    assert steps[0].startswith(text)


def test_r170_dns_servers_of_ones_own_are_looked_at_first(place: Estate) -> None:
    servers = [{"Key": "domain-name-servers", "Values": ["10.0.5.5"]}]
    own = place.ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
    place.ec2.associate_dhcp_options(DhcpOptionsId=own, VpcId=place.vpc_id)
    node = place.new_node(subnet=1)
    dummy, steps = late(place, node, node_subnet_ids=place.subnet_ids[:1])
    assert "they must forward amazonaws.com" in steps[0]


def test_r181_closed_groups_are_looked_at_first_and_warnings_are_told_of_a_run_that_fails(place: Estate) -> None:
    closed = place.new_group("closed", closed=True)
    node = place.new_node(closed)
    result = place.run(wait_timeout=0, node_security_group_ids=[closed], **until(node))
    assert f"{closed} lets no HTTPS out to the endpoints" in result["nodes"][0]["look_at"][0]
    assert len(result["warnings"]) == 1
    assert "known after apply" not in str(result["warnings"])


def test_instances_that_cannot_become_online_here(place: Estate) -> None:
    other = estate(place.emulator)
    elsewhere, stopped = other.new_node(), place.new_node()
    place.ec2.stop_instances(InstanceIds=[stopped])
    assert late(place, "i-0123456789abcdef0")[1] == [
        "There is no such instance in this account and Region: check wait_for_nodes."
    ]
    assert late(place, stopped)[1] == ["The instance is stopped: start it."]
    assert late(place, elsewhere)[1] == [
        f"The instance is in {other.vpc_id}: the endpoints of {place.vpc_id} do not serve it."
    ]


def test_tags_that_no_instance_has(place: Estate) -> None:
    result = place.run(wait_timeout=0, **until(Role="nobody"))
    assert "no running instance" in result["msg"]
    assert "Check the tags in wait_for_nodes" in result["msg"]


def test_n15_r178_ec2messages_follows_from_the_agents_that_are_there(place: Estate) -> None:
    assert sorted(place.done()["vpc_endpoint_ids"]) == ["s3-gateway", "ssm", "ssmmessages"]
    other = estate(place.emulator)
    other.new_node(agent_version=OLD, ping_status="Online")
    assert not place.done()["changed"], "a node of another VPC with the same address"
    node = place.new_node(agent_version=OLD, ping_status="Online")
    assert "ec2messages" in place.done()["vpc_endpoint_ids"]
    place.emulator.managed_node(region=REGION, id=node, agent_version="3.3.40.0")
    assert not place.done()["changed"], "what is there stays"


def test_an_old_agent_comes_online_through_ec2messages(place: Estate) -> None:
    node = place.new_node(agent_version=OLD)
    assert place.done(ec2messages="always", **until(node))["nodes"][0]["ping_status"] == "Online"


def test_n15_a_region_without_ec2messages(place: Estate) -> None:
    every = [f"{REGION}{zone}" for zone in "abc"]
    place.emulator.configure(zones_without={"ec2messages": every})
    refused = place.run(ec2messages="always")
    assert "ec2messages: always, but AWS lists no interface endpoint service ec2messages" in refused["msg"]
    assert requirements(refused) == ["N15"]
    assert sorted(place.done()["vpc_endpoint_ids"]) == ["s3-gateway", "ssm", "ssmmessages"]
    node = place.new_node(agent_version=OLD, ping_status="ConnectionLost")
    told = place.done()
    assert requirements(told) == ["R178"]
    assert f"SSM Agent older than 3.3.40.0 on {node}" in told["warnings"][0]


def test_r178_who_may_not_look_at_nodes_makes_endpoints_all_the_same(place: Estate) -> None:
    place.emulator.configure(denied=["ssm:*"])
    told = place.done()
    assert requirements(told) == ["R178"]
    assert "Grant ssm:DescribeInstanceInformation, or set ec2messages to always or never" in told["warnings"][0]
    assert place.done(ec2messages="never")["unmet_requirements"] == []
    refused = place.run(**until("mi-0123456789abcdef0"), ec2messages="never")
    assert "needs the permission ssm:DescribeInstanceInformation" in refused["msg"]
