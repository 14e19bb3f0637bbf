# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed nodes: old agents, the wait until they are Online, and the order of what to look at."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_nodes

AROUND: dict[str, Any] = {
    "region": "eu-central-1", "vpc_id": "vpc-1", "ec2messages": False, "dns_servers": [], "closed": [],
}


def informed(node_id: str, status: str = "Online", version: str = "3.3.987.0", address: str = "10.0.0.5") -> Any:
    return {"InstanceId": node_id, "PingStatus": status, "AgentVersion": version, "IPAddress": address}


def instance(node_id: str, state: str = "running", vpc: str = "vpc-1", profile: bool = True) -> Any:
    return {
        "InstanceId": node_id, "State": {"Name": state}, "VpcId": vpc,
        **({"IamInstanceProfile": {"Arn": "x"}} if profile else {}),
    }


def raw(*ids: str, information: Any = (), instances: Any = ()) -> dict[str, Any]:
    return {"expected": list(ids), "information": list(information), "instances": list(instances)}


VERSIONS = [
    ("3.3.40.0", False), ("3.3.39.9", True), ("3.3.4.0", True), ("3.4", False), ("2.3.1", True), ("", False),
    (None, False), ("latest", False),
]


@pytest.mark.parametrize(("version", "old"), VERSIONS)
def test_r178_agents_before_3_3_40_need_ec2messages(version: str | None, old: bool) -> None:
    assert ssm_nodes.is_old({"agent_version": version}) is old


def test_old_agents_are_those_whose_address_is_near() -> None:
    nodes = [
        ssm_nodes.normalise(informed(node_id, version=version, address=address))
        for node_id, version, address in (
            ("i-near", "3.2.0.0", "10.0.0.5"), ("i-far", "3.2.0.0", "10.9.0.5"), ("i-new", "3.3.40.0", "10.0.0.6"),
            ("i-none", "3.2.0.0", ""),
        )
    ]
    assert [item["instance_id"] for item in ssm_nodes.old_nearby(nodes, ["10.0.0.0/16", "fd00::/8"])] == ["i-near"]


# answers of AWS, status, text
VERDICTS: list[tuple[dict[str, Any], str, str]] = [
    (raw("i-1", information=[informed("i-1")], instances=[instance("i-1")]), DONE, "1 Online"),
    (raw("i-1", instances=[instance("i-1")]), WAITING, "0 of 1 Online; i-1 not registered"),
    (
        raw("i-1", "mi-2", information=[informed("i-1"), informed("mi-2", "ConnectionLost")],
            instances=[instance("i-1")]),
        WAITING, "1 of 2 Online; mi-2 ConnectionLost",
    ),
    (raw(), WAITING, "no running instance in vpc-1 that wait_for_nodes names"),
    (raw(*(f"i-{number}" for number in range(8))), WAITING, "0 of 8 Online; i-0 not registered, i-1 not registered"),
]


@pytest.mark.parametrize(("answer", "status", "text"), VERDICTS)
def test_nodes_are_waited_for(answer: dict[str, Any], status: str, text: str) -> None:
    verdict = ssm_nodes.judge(AROUND, answer)
    assert verdict.status == status
    assert verdict.text.startswith(text)
    assert bool(verdict.advice) == (status == WAITING)


def test_many_nodes_do_not_make_a_long_message() -> None:
    nodes = [f"i-{number}" for number in range(40)]
    verdict = ssm_nodes.judge(AROUND, raw(*nodes, instances=[instance(item) for item in nodes]))
    assert "and 35 more" in verdict.text
    assert verdict.advice.count("look in this order") == 1
    assert len(verdict.details["nodes"]) == 40


# what AWS informs, the instance, what is known around it, how the first and the second item begin
ORDER: list[tuple[Any, Any, dict[str, Any], list[str]]] = [
    ((), (), {}, ["There is no such instance"]),
    ((), instance("i-1", state="stopped"), {}, ["The instance is stopped"]),
    ((), instance("i-1", vpc="vpc-2"), {}, ["The instance is in vpc-2"]),
    ((), instance("i-1", profile=False), {}, ["The instance has no instance profile", "SSM Agent on the node"]),
    ((), instance("i-1"), {}, ["SSM Agent on the node", "Names", "Network", "Permissions", "Instance metadata"]),
    ((), instance("i-1"), {"dns_servers": ["10.0.5.5"]}, ["The VPC's DHCP options name 10.0.5.5", "SSM Agent"]),
    ((), instance("i-1"), {"closed": ["sg-1 lets no HTTPS out"]}, ["sg-1 lets no HTTPS out", "SSM Agent"]),
    (
        informed("i-1", "ConnectionLost", "3.2.0.0"), instance("i-1"), {},
        ["Its SSM Agent 3.2.0.0 needs ec2messages", "SSM Agent on the node", "Network", "Permissions", "Names"],
    ),
    (
        informed("i-1", "ConnectionLost", "3.2.0.0"), instance("i-1"), {"ec2messages": True},
        ["SSM Agent on the node", "Network"],
    ),
]


@pytest.mark.parametrize(("information", "there", "around", "starts"), ORDER)
def test_what_to_look_at_in_order(information: Any, there: Any, around: dict[str, Any], starts: list[str]) -> None:
    answer = raw("i-1", information=[information] if information else (), instances=[there] if there else ())
    (node,) = ssm_nodes.expected(answer)
    found = ssm_nodes.look_at(node, {**AROUND, **around})
    assert len(found) >= len(starts)
    assert [text for text, start in zip(found, starts) if not text.startswith(start)] == []


def test_a_hybrid_node_has_neither_profile_nor_metadata() -> None:
    (node,) = ssm_nodes.expected(raw("mi-1"))
    found = ssm_nodes.look_at(node, AROUND)
    assert found[0].startswith("SSM Agent on the node")
    assert not any("metadata" in text for text in found)
