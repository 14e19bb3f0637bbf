# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What xks_vpc refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.vpc_states import (
    FOREIGN,
    MAIN,
    NOTHING,
    REGION,
    VPC,
    ZONES,
    A,
    B,
    adopting,
    numbers,
    options,
    plan,
    raw_subnet,
    raw_vpc,
    state,
    tags,
)

BAD_ARGUMENTS = [
    ({"availability_zones": ZONES[:1]}, "R21", "availability_zones", "eu-central-1a", "two or more zones"),
    ({"availability_zones": []}, "R21", "availability_zones", "none", "two or more zones"),
    ({"availability_zones": [ZONES[0]] * 2}, "R21", "availability_zones", "eu-central-1a and eu-central-1a", "two"),
    ({"availability_zones": [ZONES[0], "us-east-1a"]}, "R17", "availability_zones", "us-east-1a", "zones of eu"),
    ({"cidr_block": "fd00::/56"}, "R19", "cidr_block", "fd00::/56", "Give an IPv4 range"),
    ({"cidr_block": "10.0.0.0/33"}, "R19", "cidr_block", "10.0.0.0/33", "Give an IPv4 range"),
    ({"cidr_block": "10.0.0.1/16"}, "R19", "cidr_block", "10.0.0.1/16", "has host bits set"),
    ({"subnet_cidrs": ["10.0.0.0/20", "fd00::/64"]}, "R19", "subnet_cidrs", "fd00::/64", "Give an IPv4 range"),
    ({"data_center_cidrs": ["everything"]}, "R19", "data_center_cidrs", "everything", "Give an IPv4 range"),
    ({"cidr_block": "10.0.0.0/15"}, "R3", "cidr_block", "10.0.0.0/15", "from /16 to /28"),
    ({"cidr_block": "10.0.0.0/29"}, "R3", "cidr_block", "10.0.0.0/29", "from /16 to /28"),
    ({"subnet_cidrs": ["10.0.0.0/29", "10.0.1.0/24"]}, "R3", "subnet_cidrs", "10.0.0.0/29", "from /16 to /28"),
    ({"subnet_cidrs": ["10.0.0.0/20"]}, "R23", "subnet_cidrs", "10.0.0.0/20", "one range per zone"),
    (
        {"subnet_cidrs": ["10.0.0.0/20", "10.0.16.0/20"], "availability_zones": ZONES},
        "R23", "subnet_cidrs", "10.0.0.0/20 and 10.0.16.0/20", "one range per zone",
    ),
    (
        {"subnet_cidrs": ["10.0.0.0/19", "10.0.16.0/20"]},
        "R3", "subnet_cidrs", "10.0.0.0/19 and 10.0.16.0/20", "do not overlap",
    ),
    (
        {"cidr_block": "10.1.0.0/16", "subnet_cidrs": ["10.1.0.0/20", "10.2.0.0/20"]},
        "R3", "subnet_cidrs", "10.2.0.0/20", "inside the VPC's 10.1.0.0/16",
    ),
    (
        {"cidr_block": "10.1.0.0/16", "data_center_cidrs": ["172.16.0.0/12", "10.0.0.0/8"]},
        "R18", "cidr_block", "10.1.0.0/16, which overlaps 10.0.0.0/8 of data_center_cidrs", "another range",
    ),
    ({"vpc_id": VPC, "subnet_ids": ["subnet-a"]}, "R3", "subnet_ids", "subnet-a", "two or more Availability Zones"),
    ({"vpc_id": VPC, "subnet_ids": []}, "R3", "subnet_ids", "none", "two or more Availability Zones"),
]


@pytest.mark.parametrize(("given", "number", "option", "value", "fix"), BAD_ARGUMENTS)
def test_bad_arguments_are_told_before_any_call(
    given: dict[str, Any], number: str, option: str, value: str, fix: str
) -> None:
    (item,) = vpc.check(options(**given), REGION)
    assert (item.number, item.what, item.found, item.blocking) == (number, option, value, True)
    assert fix in item.fix
    assert str(item).startswith(f"{option}: {value}. {number}: ")
    assert vpc.check(options(state="absent", **given), REGION) == []


def test_several_wrong_things_are_told_at_once() -> None:
    given = options(availability_zones=["cn-north-1a"], cidr_block="x", data_center_cidrs=["y", "::/0"])
    assert numbers(vpc.check(given, "cn-north-1")) == ["R17", "R21", "R19", "R19", "R19"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"availability_zones": ZONES, "subnet_cidrs": ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/28"]},
        {"cidr_block": "10.0.0.0/16", "data_center_cidrs": ["10.1.0.0/16", "192.168.0.0/16"]},
        {"name": None, "vpc_id": VPC, "subnet_ids": ["subnet-a", "subnet-b"]},
    ],
)
def test_good_arguments_are_not_refused(given: dict[str, Any]) -> None:
    assert vpc.check(options(**given), REGION) == []


def only(params: dict[str, Any], view: dict[str, Any]) -> Unmet:
    found = plan(params, view)
    (item,) = found.unmet
    return item


IGW = {"Associations": [{"SubnetId": "subnet-a"}], "Routes": [{"GatewayId": "igw-1"}]}
SECOND_A = raw_subnet("a", "10.0.48.0/20", SubnetId="subnet-a2", Tags=tags(Name="other"))
WITHOUT_IPV4 = {key: value for key, value in A.items() if key != "CidrBlock"}
TWO = state(vpcs=[raw_vpc(), raw_vpc(VpcId="vpc-0b2")])
SMALL = [raw_vpc(CidrBlock="10.0.0.0/28", CidrBlockAssociationSet=[])]

REFUSED = [
    (options(), TWO, "R4", "name", "2 VPCs with the Name tag payments: vpc-0a1 and vpc-0b2", "with vpc_id"),
    (adopting(), NOTHING, "R4", "vpc_id", f"no VPC {VPC} in this Region", "an existing VPC"),
    (
        adopting(subnet_ids=["subnet-a", "subnet-z"]), state(),
        "R4", "subnet_ids", "no subnet subnet-z in the VPC", "vpc_id",
    ),
    (
        adopting(subnet_ids=["subnet-a", "subnet-a2"]), state(subnets=(A, B, SECOND_A)),
        "R3", "subnet_ids", "subnet-a and subnet-a2 in eu-central-1a", "two or more",
    ),
    (
        adopting(subnet_ids=["subnet-a", "subnet-a2", "subnet-b"]), state(subnets=(A, B, SECOND_A)),
        "R23", "subnet_ids", "subnet-a, subnet-a2 and subnet-b in", "one subnet per zone",
    ),
    (
        adopting(), state(tables=[MAIN, IGW]),
        "R3", "subnet_ids", "subnet-a with a route to an internet gateway", "no internet gateway",
    ),
    (options(), state(tables=[MAIN, IGW]), "R3", "name", "subnet-a with a route to an internet", "no internet gateway"),
    (adopting(), state(subnets=(WITHOUT_IPV4, B)), "R19", "subnet_ids", "subnet-a without an IPv4 range", "IPv4"),
    (
        adopting(data_center_cidrs=["10.0.0.0/8"]), state(),
        "R18", "vpc_id", "10.0.0.0/16, which overlaps 10.0.0.0/8 of data_center_cidrs", "another range",
    ),
    (
        options(data_center_cidrs=["10.0.0.0/8"]), NOTHING,
        "R18", "cidr_block", "10.0.0.0/16, which overlaps 10.0.0.0/8 of data_center_cidrs", "another range",
    ),
    (
        options(cidr_block="10.9.0.0/16"), state(),
        "R4", "cidr_block", f"10.9.0.0/16, but {VPC}, which has this name, has 10.0.0.0/16", "a new name",
    ),
    (
        options(availability_zones=ZONES[:2], subnet_cidrs=["10.0.0.0/20", "10.0.64.0/20"]), state(),
        "R23", "subnet_cidrs", "10.0.16.0/20 in eu-central-1b", "10.0.64.0/20 needs a new subnet",
    ),
    (
        options(subnet_cidrs=["10.0.0.0/20", "10.1.0.0/20"]), NOTHING,
        "R3", "subnet_cidrs", "10.1.0.0/20", "inside the VPC's 10.0.0.0/16",
    ),
    (
        options(vpc_id=VPC, subnet_cidrs=["10.0.0.0/20", "10.0.128.0/24"]), state(subnets=(A, FOREIGN)),
        "R3", "subnet_cidrs", "10.0.128.0/24", "subnet-foreign has 10.0.128.0/20: give a free range",
    ),
    (
        options(cidr_block="10.0.0.0/28"), NOTHING,
        "R3", "cidr_block", "10.0.0.0/28", "no room for a subnet in eu-central-1b",
    ),
    (options(vpc_id=VPC), state(vpcs=SMALL, subnets=()), "R3", "vpc_id", "10.0.0.0/28", "no room"),
    (options(), {**NOTHING, "zones": ZONES[:1]}, "R21", "availability_zones", "eu-central-1a", "two or more zones"),
    (
        options(state="absent"), state(subnets=(A, B, FOREIGN)),
        "R4", "name", "subnets that were not made under this name: subnet-foreign (web)", "keep the VPC",
    ),
    (options(state="absent"), TWO, "R4", "name", "2 VPCs with the Name tag payments", "with vpc_id"),
]


@pytest.mark.parametrize(("params", "view", "number", "option", "value", "fix"), REFUSED)
def test_what_is_there_and_does_not_fit_is_reported(
    params: dict[str, Any], view: dict[str, Any], number: str, option: str, value: str, fix: str
) -> None:
    item = only(params, view)
    assert (item.number, item.what, item.blocking) == (number, option, True)
    assert value in item.found
    assert fix in item.fix


def test_a_second_range_of_an_adopted_vpc_must_not_overlap_either() -> None:
    blocks = [{"CidrBlock": cidr, "CidrBlockState": {"State": "associated"}} for cidr in ("10.0.0.0/16", "10.9.0.0/16")]
    here = state(vpcs=[raw_vpc(CidrBlockAssociationSet=blocks)])
    assert only(adopting(data_center_cidrs=["10.9.1.0/24"]), here).found.startswith("10.9.0.0/16, which overlaps")
    assert plan(options(cidr_block="10.9.0.0/16"), here).unmet == ()


def test_few_free_addresses_are_told_and_stop_nothing() -> None:
    tight = {**A, "AvailableIpAddressCount": 7}
    item = only(adopting(), state(subnets=(tight, B)))
    assert (item.number, item.what, item.found, item.blocking) == ("R42", "subnet-a", "7 free addresses", False)
    assert plan(adopting(), state(subnets=({**A, "AvailableIpAddressCount": 8}, B))).unmet == ()


def test_all_that_is_wrong_with_an_adopted_vpc_is_told_at_once() -> None:
    found = plan(
        adopting(subnet_ids=["subnet-a", "subnet-a2"], data_center_cidrs=["10.0.0.0/8"]),
        state(subnets=(A, SECOND_A), tables=[MAIN, IGW]),
    )
    assert numbers(found) == ["R18", "R3", "R3"]
