# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outbound rules of the nodes' security groups (R181)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import node_egress

MARK = "systems-manager: VPC endpoints of Systems Manager"
WANT = node_egress.WantedEgress(MARK, ["sg-front"], ["10.0.0.0/24", "10.0.1.0/24"], "pl-s3")
FRONT, LIST = "tcp 443-443 group sg-front", "tcp 443-443 prefix list pl-s3"


def permission(first: int = 443, protocol: str = "tcp", **sources: Any) -> dict[str, Any]:
    ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": first}
    return {"IpProtocol": protocol, **ports, **sources}


def ranges(*blocks: str) -> dict[str, Any]:
    return {"IpRanges": [{"CidrIp": block} for block in blocks]}


def pair(description: str | None = None) -> dict[str, Any]:
    return {"UserIdGroupPairs": [{"GroupId": "sg-front", **({"Description": description} if description else {})}]}


def prefix(description: str | None = None) -> dict[str, Any]:
    return {"PrefixListIds": [{"PrefixListId": "pl-s3", **({"Description": description} if description else {})}]}


def group(*permissions: Any) -> dict[str, Any]:
    raw = {"GroupId": "sg-nodes", "GroupName": "nodes", "IpPermissionsEgress": list(permissions)}
    return {"group_id": "sg-nodes", "group_name": "nodes", **node_egress.normalise(raw, MARK)}


# outbound rules, what they lack
LACKING: list[tuple[tuple[Any, ...], list[str]]] = [
    ((), [FRONT, LIST]),
    ((permission(protocol="-1", **ranges("0.0.0.0/0")),), []),
    ((permission(**ranges("0.0.0.0/0")),), []),
    ((permission(80, **ranges("0.0.0.0/0")),), [FRONT, LIST]),
    ((permission(**ranges("10.0.0.0/16")),), [LIST]),
    ((permission(**ranges("10.0.0.0/24", "10.0.1.0/24")),), [LIST]),
    ((permission(**ranges("10.0.0.0/24")),), [FRONT, LIST]),
    ((permission(**pair()),), [LIST]),
    ((permission(**prefix()),), [FRONT]),
    ((permission(**pair(), **prefix()),), []),
]


@pytest.mark.parametrize(("permissions", "rules"), LACKING)
def test_a_group_lacks_what_it_does_not_let_out(permissions: tuple[Any, ...], rules: list[str]) -> None:
    assert node_egress.lacking(WANT, group(*permissions)) == rules


def test_without_s3_no_prefix_list_is_needed() -> None:
    assert node_egress.lacking(node_egress.WantedEgress(MARK, ["sg-front"], [], None), group()) == [FRONT]


def test_what_is_added_is_marked_and_kept() -> None:
    change, after = node_egress.plan(WANT, group(), True, True)
    (step,) = change.steps
    assert step.args["IpPermissions"] == [permission(**pair(MARK)), permission(**prefix(MARK))]
    assert after["outbound"] == after["marked"] == [FRONT, LIST]
    assert node_egress.plan(WANT, after, True, True)[0].steps == ()


# outbound rules, whether they are wanted, purge, what is taken away
SURPLUS: list[tuple[tuple[Any, ...], bool, bool, list[Any]]] = [
    ((permission(**pair(MARK), **prefix(MARK)),), False, True, [permission(**pair()), permission(**prefix())]),
    ((permission(**pair(MARK), **prefix(MARK)),), False, False, []),
    ((permission(**pair(MARK), **prefix(MARK)),), True, True, []),
    ((permission(**pair("theirs"), **prefix()),), False, True, []),
    (
        (permission(**pair(MARK)), permission(protocol="-1", **ranges("0.0.0.0/0"))), False, True,
        [permission(**pair())],
    ),
]


@pytest.mark.parametrize(("permissions", "wanted", "purge", "taken"), SURPLUS)
def test_only_what_is_marked_is_taken_away(
    permissions: tuple[Any, ...], wanted: bool, purge: bool, taken: list[Any]
) -> None:
    change, after = node_egress.plan(WANT, group(*permissions), wanted, purge)
    assert [item for step in change.steps for item in step.args["IpPermissions"]] == taken
    assert node_egress.plan(WANT, after, wanted, purge)[0].steps == ()


def test_a_group_that_is_not_there_yet_is_named_by_its_placeholder() -> None:
    pending = "(known after apply: security_group.x.group_id)"
    change, dummy = node_egress.plan(node_egress.WantedEgress(MARK, [pending], [], None), group(), True, True)
    assert change.steps[0].args["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == pending
