# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_group import (
    View,
    WantedGroup,
    admitted,
    normalise,
    plan_absent,
    plan_present,
)

ANY = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
PENDING = "(known after apply: security_group.kms.group_id)"


def permission(protocol: str = "tcp", first: int = 443, last: int = 443, **sources: Any) -> dict[str, Any]:
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **sources}


def cidr(value: str, **ports: Any) -> dict[str, Any]:
    return permission(**ports, IpRanges=[{"CidrIp": value}])


def group(*permissions: dict[str, Any], **others: Any) -> View:
    return normalise({"GroupId": "sg-1", "GroupName": "kms", "VpcId": "vpc-1", "IpPermissions": permissions, **others})


def want(**others: Any) -> WantedGroup:
    return WantedGroup("kms", "vpc-1", "Clients of AWS KMS", **{"cidrs": ["10.0.0.0/16"], **others})


def calls(change: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(step.verb, dict(step.args)) for step in change.steps]


def test_a_group_is_made_with_a_rule_per_client() -> None:
    change, wanted = plan_present(want(group_ids=["sg-9"], tags={"a": "b"}), None)
    assert calls(change) == [
        (
            "create_group",
            {
                "GroupName": "kms",
                "Description": "Clients of AWS KMS",
                "VpcId": "vpc-1",
                "TagSpecifications": [{"ResourceType": "security-group", "Tags": [{"Key": "a", "Value": "b"}]}],
            },
        ),
        (
            "authorize_group",
            {
                "GroupId": PENDING,
                "IpPermissions": [permission(UserIdGroupPairs=[{"GroupId": "sg-9"}]), cidr("10.0.0.0/16")],
            },
        ),
    ]
    assert change.steps[0].binds == {PENDING: "GroupId"}
    assert plan_present(want(group_ids=["sg-9"], tags={"a": "b"}), wanted)[0].steps == ()


def test_new_clients_come_in_before_others_go() -> None:
    before = group(cidr("10.9.0.0/16"), cidr("10.0.0.0/8", first=22, last=22))
    change, wanted = plan_present(want(), before)
    assert [verb for verb, dummy in calls(change)] == ["authorize_group", "ec2.revoke_security_group_ingress"]
    assert calls(change)[1][1]["IpPermissions"] == [cidr("10.0.0.0/8", first=22, last=22), cidr("10.9.0.0/16")]
    assert wanted["rules"] == ["tcp 443-443 ipv4 10.0.0.0/16"]
    kept, dummy = plan_present(want(purge=False), before)
    assert [verb for verb, dummy in calls(kept)] == ["authorize_group"]


def test_rules_of_any_protocol_can_be_taken_off() -> None:
    ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    every = {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    both = group(cidr("10.0.0.0/16"), ping, every, ANY)
    change, dummy = plan_present(want(), both)
    assert sorted(calls(change)[0][1]["IpPermissions"], key=str) == sorted([ping, every, ANY], key=str)


def test_aws_spells_a_range_by_its_first_address() -> None:
    assert plan_present(want(cidrs=["10.0.3.4/16"]), group(cidr("10.0.0.0/16")))[0].steps == ()


def test_tags_are_changed_alone() -> None:
    before = group(cidr("10.0.0.0/16"), Tags=[{"Key": "old", "Value": "x"}])
    change, dummy = plan_present(want(tags={"new": "y"}), before)
    assert [verb for verb, dummy in calls(change)] == ["ec2.create_tags", "ec2.delete_tags"]


def test_absent() -> None:
    change = plan_absent("kms", group())
    assert [(step.verb, step.stage, step.retry) for step in change.steps] == [
        ("ec2.delete_security_group", 1, ("DependencyViolation",))
    ]
    assert plan_absent("kms", None).action == "none"


COVER: list[tuple[str, list[dict[str, Any]], bool]] = [
    ("the same", [cidr("10.0.0.0/16")], True),
    ("more", [cidr("0.0.0.0/0")], True),
    ("halves", [cidr("10.0.0.0/17"), cidr("10.0.128.0/17")], True),
    ("one half", [cidr("10.0.0.0/17")], False),
    ("another port", [cidr("10.0.0.0/16", first=80, last=442)], False),
    ("a range of ports", [cidr("10.0.0.0/16", first=0, last=65535)], True),
    ("all protocols", [ANY], True),
    ("UDP", [cidr("10.0.0.0/16", protocol="udp")], False),
    ("IPv6 only", [permission(Ipv6Ranges=[{"CidrIpv6": "::/0"}])], False),
    ("a group only", [permission(UserIdGroupPairs=[{"GroupId": "sg-9"}])], False),
]


@pytest.mark.parametrize(("rules", "expected"), [row[1:] for row in COVER], ids=[row[0] for row in COVER])
def test_who_is_let_in_on_443(rules: list[dict[str, Any]], expected: bool) -> None:
    assert admitted([group(*rules)]).covers("10.0.0.0/16") is expected


def test_groups_and_prefix_lists_let_others_in() -> None:
    found = admitted(
        [group(permission(UserIdGroupPairs=[{"GroupId": "sg-9"}], PrefixListIds=[{"PrefixListId": "pl-1"}]))]
    )
    assert (found.others, found.networks) == (("sg-9", "pl-1"), ())
