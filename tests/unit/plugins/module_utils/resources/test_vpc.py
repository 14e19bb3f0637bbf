# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import find, substitute
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.vpc_states import (
    FOREIGN,
    MAIN,
    NOTHING,
    PENDING_SUBNETS,
    PENDING_VPC,
    VPC,
    ZONES,
    A,
    B,
    adopting,
    made,
    options,
    plan,
    raw_subnet,
    raw_vpc,
    state,
    tags,
    verbs,
)

OPTIONS = {
    "plain": options(),
    "three zones": options(availability_zones=ZONES),
    "other order": options(availability_zones=ZONES[::-1]),
    "own ranges": options(cidr_block="10.0.0.0/16", subnet_cidrs=["10.0.64.0/20", "10.0.80.0/20"]),
    "tags": options(tags={"team": "pay"}),
    "tags, kept": options(tags={"team": "pay"}, purge_tags=False),
    "no tags": options(tags={}),
    "data centre": options(data_center_cidrs=["192.168.0.0/16"]),
    "adopted": adopting(),
    "adopted, other order": adopting(subnet_ids=["subnet-b", "subnet-a"]),
    "adopted, tags": adopting(tags={"team": "pay"}),
    "adopted, pending": adopting(vpc_id=PENDING_VPC, subnet_ids=PENDING_SUBNETS),
    "our subnets in a VPC": options(vpc_id=VPC),
    "our subnets in a pending VPC": options(vpc_id=PENDING_VPC),
    "absent": options(state="absent"),
    "absent, adopted": adopting(state="absent", name="payments"),
    "absent, our subnets in a VPC": options(state="absent", vpc_id=VPC),
}
VIEWS = {
    "nothing": NOTHING,
    "all": state(),
    "no subnet": state(subnets=()),
    "one subnet": state(subnets=(B,)),
    "three subnets": state(subnets=(A, B, raw_subnet("c", "10.0.32.0/20"))),
    "foreign subnet": state(subnets=(A, B, FOREIGN)),
    "no DNS": state(support=False, hostnames=False),
    "no host names": state(hostnames=False),
    "pending": state(vpcs=[raw_vpc(State="pending")]),
    "other tags": state(vpcs=[raw_vpc(Tags=tags(Name="payments", team="else", owner="x"))]),
    "two of the name": state(vpcs=[raw_vpc(), raw_vpc(VpcId="vpc-0b2")]),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("params", OPTIONS.values(), ids=OPTIONS)
def test_after_a_plan_nothing_is_left_to_do(params: dict[str, Any], view: dict[str, Any]) -> None:
    first = plan(params, view)
    second = plan(params, dict(first.after))
    assert second.steps == ()
    if not first.unmet:
        assert {change.action for change in second.changes} <= {"keep"}
        assert vpc.returns(params, second.after) == vpc.returns(params, first.after)


@pytest.mark.parametrize("params", OPTIONS.values(), ids=OPTIONS)
def test_the_order_of_what_aws_lists_never_matters(params: dict[str, Any]) -> None:
    subnets = (A, B, FOREIGN)
    assert plan(params, state(subnets=subnets)) == plan(params, state(subnets=subnets[::-1]))


def test_the_first_run_makes_a_vpc_with_dns_names_and_a_subnet_in_two_zones() -> None:
    found = plan(options(), NOTHING)
    assert verbs(found) == ["create_vpc", "modify_vpc_attribute", "create_subnet", "create_subnet"]
    assert found.steps[1].args["EnableDnsHostnames"] == {"Value": True}
    assert made(found) == {"eu-central-1a": "10.0.0.0/20", "eu-central-1b": "10.0.16.0/20"}
    assert [(change.kind, change.name, change.action) for change in found.changes] == [
        ("VPC", "payments", "create"),
        ("subnet", "payments-eu-central-1a", "create"),
        ("subnet", "payments-eu-central-1b", "create"),
    ]
    assert [wait.what for wait in found.settle] == ["VPC payments"]


def test_every_placeholder_of_a_later_step_is_bound_by_an_earlier_one() -> None:
    bound: set[str] = set()
    for step in plan(options(), NOTHING).steps:
        assert set(find(step.args)) <= bound
        bound |= step.binds.keys()
    assert set(find(vpc.returns(options(), plan(options(), NOTHING).after))) <= bound


@pytest.mark.parametrize(
    ("cidr", "ranges"),
    [
        ("10.20.0.0/16", ["10.20.0.0/20", "10.20.16.0/20"]),
        ("172.16.8.0/24", ["172.16.8.0/28", "172.16.8.16/28"]),
        ("172.16.8.0/26", ["172.16.8.0/28", "172.16.8.16/28"]),
        ("172.16.8.0/27", ["172.16.8.0/28", "172.16.8.16/28"]),
    ],
)
def test_ranges_of_subnets_come_from_the_range_of_the_vpc(cidr: str, ranges: list[str]) -> None:
    found = plan(options(cidr_block=cidr), NOTHING)
    assert list(made(found).values()) == ranges
    assert found.unmet == ()


def test_a_new_subnet_takes_the_first_range_that_nobody_has() -> None:
    taken = raw_subnet("x", "10.0.0.0/19", SubnetId="subnet-foreign", Tags=tags(Name="web"))
    assert made(plan(options(), state(subnets=(taken,)))) == {
        "eu-central-1a": "10.0.32.0/20", "eu-central-1b": "10.0.48.0/20",
    }


def test_a_second_range_of_the_vpc_is_used_when_the_first_is_full() -> None:
    blocks = [
        {"CidrBlock": cidr, "CidrBlockState": {"State": state_}}
        for cidr, state_ in (("10.0.0.0/28", "associated"), ("10.9.0.0/16", "disassociated"),
                             ("10.1.0.0/24", "associated"))
    ]
    here = state(vpcs=[raw_vpc(CidrBlock="10.0.0.0/28", CidrBlockAssociationSet=blocks)], subnets=())
    assert list(made(plan(options(), here)).values()) == ["10.0.0.0/28", "10.1.0.0/28"]


def test_given_ranges_go_to_the_zones_in_order() -> None:
    ranges = ["10.0.64.0/20", "10.0.32.0/20", "10.0.96.0/20"]
    given = options(subnet_cidrs=ranges, availability_zones=[ZONES[2], ZONES[0], ZONES[1]])
    assert made(plan(given, NOTHING)) == dict(zip([ZONES[2], ZONES[0], ZONES[1]], ranges))
    assert made(plan(options(subnet_cidrs=ranges), NOTHING)) == dict(zip(ZONES, ranges))


def test_a_zone_that_is_added_gets_a_subnet_and_one_that_is_left_out_keeps_its_own() -> None:
    more = plan(options(availability_zones=ZONES), state())
    assert made(more) == {"eu-central-1c": "10.0.32.0/20"}
    assert [change.action for change in more.changes] == ["keep", "keep", "keep", "create"]
    less = plan(options(availability_zones=ZONES[1:]), state(subnets=(A, B, raw_subnet("c", "10.0.32.0/20"))))
    assert (less.steps, len(less.after["subnets"])) == ((), 3)


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [
        ((), {"eu-central-1a": "10.0.0.0/20", "eu-central-1b": "10.0.16.0/20"}),
        ((A,), {"eu-central-1b": "10.0.16.0/20"}),
        ((B,), {"eu-central-1a": "10.0.0.0/20"}),
        ((raw_subnet("c", "10.0.32.0/20"),), {"eu-central-1a": "10.0.0.0/20"}),
    ],
)
def test_a_run_that_was_cut_off_or_a_lost_subnet_is_made_good(subnets: Any, expected: dict[str, str]) -> None:
    found = plan(options(), state(subnets=subnets))
    assert (made(found), len(found.steps), found.unmet) == (expected, len(expected), ())


@pytest.mark.parametrize(
    ("params", "view", "needed"),
    [
        (options(), NOTHING, True),
        (options(), state(), False),
        (options(), state(subnets=(A,)), True),
        (options(subnet_cidrs=["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]), state(), True),
        (options(availability_zones=ZONES), NOTHING, False),
        (adopting(), state(), False),
        (options(state="absent"), state(), False),
    ],
)
def test_zones_are_asked_for_only_when_one_must_be_chosen(params: Any, view: Any, needed: bool) -> None:
    assert vpc.needs_zones(params, view) is needed


@pytest.mark.parametrize(
    ("support", "hostnames", "attributes"),
    [
        (False, False, ["EnableDnsSupport", "EnableDnsHostnames"]),
        (True, False, ["EnableDnsHostnames"]),
        (False, True, ["EnableDnsSupport"]),
        (True, True, []),
    ],
)
@pytest.mark.parametrize("params", [options(), adopting()], ids=["made", "adopted"])
def test_dns_resolution_is_turned_on_before_host_names(
    params: Any, support: bool, hostnames: bool, attributes: list[str]
) -> None:
    found = plan(params, state(support=support, hostnames=hostnames))
    assert [list(step.args)[1] for step in found.steps] == attributes
    assert found.unmet == ()


def test_tags_are_set_and_purged_on_the_vpc_and_our_subnets() -> None:
    here = state(
        vpcs=[raw_vpc(Tags=tags(Name="payments", old="1", **{"aws:x": "y"}))],
        subnets=(A, B, FOREIGN),
    )
    found = plan(options(tags={"team": "pay"}), here)
    assert [(step.verb, step.args["Resources"]) for step in found.steps] == [
        ("ec2.create_tags", [VPC]), ("ec2.delete_tags", [VPC]),
        ("ec2.create_tags", ["subnet-a"]), ("ec2.create_tags", ["subnet-b"]),
    ]
    assert found.after["vpc"]["tags"] == {"Name": "payments", "aws:x": "y", "team": "pay"}
    assert verbs(plan(options(tags={"team": "pay"}, purge_tags=False), here)) == ["create_tags"] * 3
    assert plan(options(), here).steps == ()


@pytest.mark.parametrize(
    ("given", "after"),
    [
        (None, {"Name": "corporate", "cost": "1"}),
        ({"team": "pay"}, {"Name": "corporate", "team": "pay"}),
        ({}, {"Name": "corporate"}),
        ({"Name": "other"}, {"Name": "other"}),
    ],
)
def test_a_vpc_that_is_named_by_id_keeps_its_name(given: Any, after: dict[str, str]) -> None:
    here = state(vpcs=[raw_vpc(Tags=tags(Name="corporate", cost="1"))])
    assert plan(adopting(tags=given), here).after["vpc"]["tags"] == after
    assert plan(options(vpc_id=VPC, tags=given), here).after["vpc"]["tags"] == after


def test_adopting_what_fits_touches_nothing() -> None:
    found = plan(adopting(tags=None), state(subnets=(A, B, FOREIGN)))
    assert (found.steps, found.unmet, found.settle) == ((), (), ())
    assert [(change.action, change.adopted) for change in found.changes] == [("keep", True)] * 3
    assert vpc.returns(adopting(), found.after)["subnet_ids"] == ["subnet-a", "subnet-b"]


def test_our_own_subnets_can_be_made_in_a_vpc_that_is_named_by_id() -> None:
    found = plan(options(vpc_id=VPC), state(subnets=(FOREIGN,)))
    assert verbs(found) == ["create_subnet", "create_subnet"]
    assert vpc.returns(options(vpc_id=VPC), found.after)["availability_zones"] == ZONES[:2]


def test_a_pending_vpc_is_adopted_as_unknown() -> None:
    found = plan(options(vpc_id=PENDING_VPC), NOTHING)
    assert [change.action for change in found.changes] == ["keep", "create", "create"]
    assert {step.args["VpcId"] for step in found.steps} == {PENDING_VPC}
    # Its range is not known, so neither are those of the subnets.
    assert all(find(cidr) for cidr in made(found).values())
    assert len(set(made(found).values())) == 2


def test_pending_subnets_are_passed_on() -> None:
    params = adopting(vpc_id=PENDING_VPC, subnet_ids=PENDING_SUBNETS)
    found = plan(params, NOTHING)
    assert (found.steps, found.unmet) == ((), ())
    assert vpc.returns(params, found.after)["subnet_ids"] == PENDING_SUBNETS
    assert vpc.returns(params, found.after)["vpc_id"] == PENDING_VPC


@pytest.mark.parametrize(
    ("tables", "private"),
    [
        ([MAIN], [True, True]),
        ([{**MAIN, "Routes": [{"GatewayId": "igw-1"}]}], [False, False]),
        ([{**MAIN, "Routes": [{"NatGatewayId": "nat-1"}, {"GatewayId": "vgw-1"}]}], [True, True]),
        ([MAIN, {"Associations": [{"SubnetId": "subnet-a"}], "Routes": [{"GatewayId": "igw-1"}]}], [False, True]),
        (
            [
                {**MAIN, "Routes": [{"GatewayId": "igw-1"}]},
                {"Associations": [{"SubnetId": "subnet-b"}], "Routes": [{"GatewayId": "local"}]},
            ],
            [False, True],
        ),
        ([{"Associations": [], "Routes": [{"GatewayId": "igw-1"}]}], [True, True]),
    ],
)
def test_private_is_what_has_no_route_to_an_internet_gateway(tables: Any, private: list[bool]) -> None:
    assert [subnet["private"] for subnet in state(tables=tables)["subnets"]] == private
    assert [subnet["private"] for subnet in state(tables=tables[::-1])["subnets"]] == private


def test_absent_deletes_our_subnets_and_then_the_vpc() -> None:
    found = plan(options(state="absent"), state())
    assert verbs(found) == ["delete_subnet", "delete_subnet", "delete_vpc"]
    assert {change.action for change in found.changes} == {"delete"}
    assert vpc.returns(options(state="absent"), found.after) == {
        "vpc": None, "vpc_id": None, "subnets": [], "subnet_ids": [], "availability_zones": [],
    }


@pytest.mark.parametrize("view", [NOTHING, dict(plan(options(state="absent"), state()).after)])
def test_absent_with_nothing_there_does_nothing(view: dict[str, Any]) -> None:
    found = plan(options(state="absent"), view)
    assert (found.steps, found.changes, found.unmet) == ((), (), ())


def test_absent_leaves_what_was_adopted() -> None:
    found = plan(adopting(state="absent", name="payments"), state(subnets=(A, B, FOREIGN)))
    assert [(change.kind, change.action) for change in found.changes] == [
        ("subnet", "keep"), ("subnet", "keep"), ("VPC", "keep"),
    ]
    ours = plan(options(state="absent", vpc_id=VPC), state(subnets=(A, B, FOREIGN)))
    assert verbs(ours) == ["delete_subnet", "delete_subnet"]
    assert [item["subnet_id"] for item in ours.after["subnets"]] == ["subnet-foreign"]


def test_a_vpc_in_the_making_is_waited_for_without_a_change() -> None:
    found = plan(options(), state(vpcs=[raw_vpc(State="pending")]))
    assert (found.changed, [wait.what for wait in found.settle]) == (False, ["VPC payments"])
    assert [vpc.judge({"Vpcs": [{"State": item}]}).status for item in ("pending", "available")] == ["waiting", "done"]


def test_the_diff_shows_what_is_managed_and_nothing_that_moves_by_itself() -> None:
    (change,) = plan(options(), state(hostnames=False)).diff
    assert change["before"] == {
        "vpc_id": VPC, "cidr_block": "10.0.0.0/16", "enable_dns_support": True, "enable_dns_hostnames": False,
        "tags": {"Name": "payments"},
    }
    assert {key for key in change["after"] if change["after"][key] != change["before"][key]} == {
        "enable_dns_hostnames"
    }


def test_the_prediction_has_the_shape_of_what_is_read() -> None:
    predicted, read = plan(options(), NOTHING).after, state()
    assert predicted.keys() == read.keys()
    assert predicted["vpc"].keys() == read["vpc"].keys()
    assert [item.keys() for item in predicted["subnets"]] == [item.keys() for item in read["subnets"]]
    known = {
        "(known after apply: vpc.payments.vpc_id)": VPC,
        **{f"(known after apply: subnet.payments-eu-central-1{zone}.subnet_id)": f"subnet-{zone}" for zone in "ab"},
    }
    assert substitute({**predicted, "matches": [VPC]}, known) == read
