# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_vpc as a user meets it, against the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.balancing import Client, outside_client, verbs, writes
from scenarios.harness import run_module

# What the collection promises for a second run of this module.
MOST_CALLS = 5
OPTIONS = {"name": "payments", "tags": {"team": "pay"}}
VPC = "(known after apply: vpc.payments.vpc_id)"
SUBNETS = [f"(known after apply: subnet.payments-eu-central-1{zone}.subnet_id)" for zone in "ab"]
CREATED = [
    ("VPC", "payments", "create"),
    ("subnet", "payments-eu-central-1a", "create"),
    ("subnet", "payments-eu-central-1b", "create"),
]

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def client(emulator: Any) -> Client:
    return outside_client(emulator)


@pytest.fixture
def run(emulator: Any) -> Run:
    return lambda **given: run_module(emulator.url, "xks_vpc", **given)


def without_ids(result: dict[str, Any]) -> Any:
    """What a plan can know of a result."""
    vpc = {key: value for key, value in result["vpc"].items() if key != "vpc_id"}
    return vpc, [{key: value for key, value in item.items() if key != "subnet_id"} for item in result["subnets"]]


def make_estate(client: Client, *zones: str, support: bool = True) -> tuple[str, list[str]]:
    """A VPC of somebody, with a subnet in each of ZONES."""
    ec2 = client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "Name", "Value": "corporate"}, {"Key": "cost", "Value": "1"}])
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": support})
    if support:
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(
            VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    return vpc_id, subnets


def test_check_on_nothing_plans_all_and_writes_nothing(emulator: Any, run: Run) -> None:
    result = run(check=True, **OPTIONS)
    assert (result["changed"], verbs(result)) == (True, CREATED)
    assert [item["after_header"] for item in result["diff"]] == [
        "VPC payments (create)", "subnet payments-eu-central-1a (create)", "subnet payments-eu-central-1b (create)",
    ]
    assert (result["vpc_id"], result["subnet_ids"]) == (VPC, SUBNETS)
    assert result["availability_zones"] == ["eu-central-1a", "eu-central-1b"]
    assert emulator.calls(mutating=True) == []


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        {"name": "payments", "cidr_block": "10.20.0.0/22", "availability_zones": ["eu-central-1c", "eu-central-1a"]},
        {"name": "payments", "subnet_cidrs": ["10.0.16.0/24", "10.0.8.0/24", "10.0.0.0/24"], "tags": {}},
    ],
)
def test_the_real_run_does_what_was_planned_and_a_second_run_nothing(
    emulator: Any, run: Run, options: dict[str, Any]
) -> None:
    planned, made = run(check=True, **options), run(**options)
    assert verbs(made) == verbs(planned)
    assert made.keys() == planned.keys()
    assert without_ids(made) == without_ids(planned)
    assert made["vpc_id"].startswith("vpc-")
    assert all(item.startswith("subnet-") for item in made["subnet_ids"])
    assert "known after apply" not in str([made[key] for key in ("diff", "actions", "vpc", "subnets")])
    for check in (False, True):
        before = len(emulator.calls())
        again = run(check=check, **options)
        calls = emulator.calls()[before:]
        assert (again["changed"], "diff" in again, {item["action"] for item in again["actions"]}) == (
            False, False, {"keep"},
        )
        assert [again[key] for key in ("vpc", "subnets")] == [made[key] for key in ("vpc", "subnets")]
        assert [call["action"] for call in calls if call["mutating"]] == []
        assert len(calls) <= MOST_CALLS


def test_the_vpc_has_dns_and_nothing_that_nobody_needs(run: Run, client: Client) -> None:
    """R22: no gateway, no NAT, no endpoint."""
    vpc_id, ec2 = run(**OPTIONS)["vpc_id"], client("ec2")
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)
        assert answer[name[0].upper() + name[1:]]["Value"] is True
    assert ec2.describe_internet_gateways()["InternetGateways"] == []
    assert ec2.describe_nat_gateways()["NatGateways"] == []
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def drop_dns(ec2: Any, made: dict[str, Any]) -> None:
    ec2.modify_vpc_attribute(VpcId=made["vpc_id"], EnableDnsHostnames={"Value": False})
    ec2.modify_vpc_attribute(VpcId=made["vpc_id"], EnableDnsSupport={"Value": False})


DRIFTS: dict[str, tuple[Callable[[Any, dict[str, Any]], Any], list[tuple[str, str]], list[str]]] = {
    "no host names": (
        lambda ec2, made: ec2.modify_vpc_attribute(VpcId=made["vpc_id"], EnableDnsHostnames={"Value": False}),
        [("payments", "update")], ["ModifyVpcAttribute"],
    ),
    "no DNS at all": (drop_dns, [("payments", "update")], ["ModifyVpcAttribute", "ModifyVpcAttribute"]),
    "tag of the VPC changed": (
        lambda ec2, made: ec2.create_tags(Resources=[made["vpc_id"]], Tags=[{"Key": "team", "Value": "x"}]),
        [("payments", "update")], ["CreateTags"],
    ),
    "tag of the VPC added": (
        lambda ec2, made: ec2.create_tags(Resources=[made["vpc_id"]], Tags=[{"Key": "other", "Value": "x"}]),
        [("payments", "update")], ["DeleteTags"],
    ),
    "tag of a subnet lost": (
        lambda ec2, made: ec2.delete_tags(Resources=made["subnet_ids"][:1], Tags=[{"Key": "team"}]),
        [("payments-eu-central-1a", "update")], ["CreateTags"],
    ),
    "first subnet lost": (
        lambda ec2, made: ec2.delete_subnet(SubnetId=made["subnet_ids"][0]),
        [("payments-eu-central-1a", "create")], ["CreateSubnet"],
    ),
    "last subnet lost": (
        lambda ec2, made: ec2.delete_subnet(SubnetId=made["subnet_ids"][1]),
        [("payments-eu-central-1b", "create")], ["CreateSubnet"],
    ),
}


@pytest.mark.parametrize(("drift", "changes", "calls"), DRIFTS.values(), ids=DRIFTS)
def test_drift_is_shown_and_repaired_alone(
    emulator: Any, run: Run, client: Client, drift: Any, changes: list[tuple[str, str]], calls: list[str]
) -> None:
    made = run(**OPTIONS)
    drift(client("ec2"), made)
    since = len(writes(emulator, 0))
    planned = run(check=True, **OPTIONS)
    assert writes(emulator, since) == []
    repaired = run(**OPTIONS)
    assert writes(emulator, since) == calls
    for result in (planned, repaired):
        assert [(item["name"], item["action"]) for item in result["actions"] if item["action"] != "keep"] == changes
        assert [item["after_header"].split()[1] for item in result["diff"]] == [name for name, _action in changes]
    assert without_ids(repaired) == without_ids(made)
    assert run(**OPTIONS)["changed"] is False


def test_a_zone_is_added_in_place(run: Run) -> None:
    made = run(**OPTIONS)
    wider = run(**OPTIONS, availability_zones=[f"eu-central-1{zone}" for zone in "abc"])
    assert [item["action"] for item in wider["actions"]] == ["keep", "keep", "keep", "create"]
    assert wider["subnet_ids"][:2] == made["subnet_ids"]
    assert run(**OPTIONS)["subnet_ids"] == wider["subnet_ids"]


def test_what_fits_is_adopted_untouched(emulator: Any, run: Run, client: Client) -> None:
    vpc_id, subnets = make_estate(client, "a", "b", "c")
    since = len(writes(emulator, 0))
    before = len(emulator.calls())
    result = run(vpc_id=vpc_id, subnet_ids=subnets[:2], data_center_cidrs=["192.168.0.0/16"])
    assert (result["changed"], result["subnet_ids"], writes(emulator, since)) == (False, subnets[:2], [])
    assert len(emulator.calls()) - before <= MOST_CALLS
    assert result["vpc"]["tags"] == {"Name": "corporate", "cost": "1"}
    gone = run(state="absent", name="payments", vpc_id=vpc_id, subnet_ids=subnets[:2])
    assert (gone["changed"], writes(emulator, since)) == (False, [])
    assert verbs(gone) == [
        *(("subnet", subnet, "keep") for subnet in subnets[:2]), ("VPC", "payments", "keep"),
    ]


def test_an_adopted_vpc_gets_the_dns_that_it_needs_and_no_more(emulator: Any, run: Run, client: Client) -> None:
    vpc_id, subnets = make_estate(client, "a", "b", support=False)
    since = len(writes(emulator, 0))
    result = run(vpc_id=vpc_id, subnet_ids=subnets)
    assert writes(emulator, since) == ["ModifyVpcAttribute", "ModifyVpcAttribute"]
    assert (result["vpc"]["enable_dns_support"], result["vpc"]["enable_dns_hostnames"]) == (True, True)
    assert run(vpc_id=vpc_id, subnet_ids=subnets)["changed"] is False


def test_our_subnets_in_an_adopted_vpc_go_and_it_stays(run: Run, client: Client) -> None:
    vpc_id, (foreign,) = make_estate(client, "a")
    options = {"name": "payments", "vpc_id": vpc_id}
    made = run(**options)
    assert [item["action"] for item in made["actions"]] == ["keep", "create", "create"]
    assert foreign not in made["subnet_ids"]
    assert made["vpc"]["tags"]["Name"] == "corporate"
    assert run(**options)["changed"] is False
    gone = run(state="absent", **options)
    assert [item["action"] for item in gone["actions"]] == ["delete", "delete", "keep"]
    assert [item["SubnetId"] for item in client("ec2").describe_subnets()["Subnets"] if item["VpcId"] == vpc_id] == [
        foreign
    ]
    assert run(state="absent", **options)["changed"] is False


def test_absent_removes_all_that_was_made_and_then_nothing(emulator: Any, run: Run, client: Client) -> None:
    vpc_id = run(**OPTIONS)["vpc_id"]
    planned = run(check=True, state="absent", name="payments")
    gone = run(state="absent", name="payments")
    assert verbs(planned) == verbs(gone) == [
        ("subnet", "payments-eu-central-1a", "delete"), ("subnet", "payments-eu-central-1b", "delete"),
        ("VPC", "payments", "delete"),
    ]
    assert planned.keys() == gone.keys()
    assert [gone[key] for key in ("vpc", "vpc_id", "subnets", "subnet_ids")] == [None, None, [], []]
    assert vpc_id not in [item["VpcId"] for item in client("ec2").describe_vpcs()["Vpcs"]]
    since = len(writes(emulator, 0))
    for check in (True, False):
        again = run(check=check, state="absent", name="payments")
        assert (again["changed"], again["actions"], again.keys()) == (False, [], gone.keys() - {"diff"})
    assert writes(emulator, since) == []


def test_absent_does_not_touch_a_vpc_that_holds_what_is_not_ours(emulator: Any, run: Run, client: Client) -> None:
    made = run(**OPTIONS)
    foreign = client("ec2").create_subnet(VpcId=made["vpc_id"], CidrBlock="10.0.200.0/24")["Subnet"]["SubnetId"]
    since = len(writes(emulator, 0))
    result = run(state="absent", name="payments")
    assert result["failed"] is True
    assert f"{made['vpc_id']} holds subnets that were not made under this name: {foreign} (no name)" in result["msg"]
    assert writes(emulator, since) == []


def test_what_holds_a_vpc_or_a_subnet_is_named(emulator: Any, run: Run, client: Client) -> None:
    made = run(**OPTIONS)
    ec2 = client("ec2")
    interface = ec2.create_network_interface(SubnetId=made["subnet_ids"][0], Description="a bastion host")
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    result = run(state="absent", name="payments", wait_timeout=0)
    assert "AWS refused ec2:DeleteSubnet with DependencyViolation" in result["msg"]
    assert f"{made['subnet_ids'][0]} still holds network interface {interface_id} (a bastion host)." in result["msg"]
    ec2.delete_network_interface(NetworkInterfaceId=interface_id)
    group = ec2.create_security_group(GroupName="x", Description="x", VpcId=made["vpc_id"])["GroupId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made["vpc_id"])
    result = run(state="absent", name="payments", wait_timeout=0)
    assert result["failed"] is True
    assert "delete VPC payments: AWS refused ec2:DeleteVpc with DependencyViolation" in result["msg"]
    assert f"still holds security group {group} (x) and internet gateway {gateway}. Delete what" in result["msg"]
    # Whoever may not look is told what to look for.
    emulator.configure(denied=["ec2:DescribeSecurityGroups"])
    assert "Delete what is still in it first" in run(state="absent", name="payments", wait_timeout=0)["msg"]


BAD = [
    ({"availability_zones": ["eu-central-1a"]}, "R21", "availability_zones: eu-central-1a.", "two or more zones"),
    (
        {"data_center_cidrs": ["10.0.0.0/8"]},
        "R18", "cidr_block: 10.0.0.0/16, which overlaps 10.0.0.0/8 of data_center_cidrs.", "another range",
    ),
    (
        {"cidr_block": "10.9.0.0/16", "data_center_cidrs": ["10.9.128.0/17"]},
        "R18", "cidr_block: 10.9.0.0/16, which overlaps 10.9.128.0/17 of data_center_cidrs.", "another range",
    ),
    (
        {"subnet_cidrs": ["10.0.0.0/19", "10.0.16.0/20"]},
        "R3", "subnet_cidrs: 10.0.0.0/19 and 10.0.16.0/20.", "do not overlap",
    ),
    ({"subnet_cidrs": ["10.0.0.0/20", "10.1.0.0/20"]}, "R3", "subnet_cidrs: 10.1.0.0/20.", "inside the VPC's"),
    ({"cidr_block": "fd00::/56"}, "R19", "cidr_block: fd00::/56.", "Give an IPv4 range"),
    ({"region": "cn-north-1"}, "R17", "region: cn-north-1.", "outside China"),
    ({"vpc_id": "vpc-0123456789abcdef0"}, "R4", "vpc_id: no VPC vpc-0123456789abcdef0", "an existing VPC"),
]


@pytest.mark.parametrize(("options", "number", "found", "fix"), BAD)
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_is_told_and_nothing_is_written(
    emulator: Any, run: Run, check: bool, options: dict[str, Any], number: str, found: str, fix: str
) -> None:
    result = run(check=check, name="payments", **options)
    assert result["failed"] is True
    assert f"  - {found}" in result["msg"]
    assert f"{number}: " in result["msg"]
    assert fix in result["msg"]
    assert "nothing was changed" in result["msg"]
    (item,) = result["unmet_requirements"]
    assert (item["number"], item["blocking"]) == (number, True)
    assert emulator.calls(mutating=True) == []


def test_a_name_is_needed_unless_subnets_are_given(emulator: Any, run: Run) -> None:
    for options in ({}, {"vpc_id": "vpc-0123456789abcdef0"}):
        result = run(**options)
        assert result["failed"] is True
        assert "one of the following is required: name, subnet_ids" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.parametrize("reaching", [0, 1])
def test_a_subnet_that_reaches_the_internet_is_not_private(run: Run, client: Client, reaching: int) -> None:
    vpc_id, subnets = make_estate(client, "a", "b")
    ec2 = client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[reaching])
    result = run(vpc_id=vpc_id, subnet_ids=subnets)
    assert f"subnet_ids: {subnets[reaching]} with a route to an internet gateway. R3: " in result["msg"]
    assert subnets[1 - reaching] not in result["msg"]


def test_two_vpcs_of_one_name_are_told_apart_by_id(emulator: Any, run: Run, client: Client) -> None:
    ids = [make_estate(client, "a", "b")[0] for _again in range(2)]
    since = len(writes(emulator, 0))
    for state in ("present", "absent"):
        result = run(name="corporate", state=state)
        assert "2 VPCs with the Name tag corporate" in result["msg"]
        assert all(vpc_id in result["msg"] for vpc_id in ids)
        assert "Name one of them with vpc_id." in result["msg"]
    assert writes(emulator, since) == []


def test_another_range_for_a_vpc_that_exists_is_not_possible(emulator: Any, run: Run) -> None:
    made = run(**OPTIONS)
    since = len(writes(emulator, 0))
    result = run(**OPTIONS, cidr_block="10.9.0.0/16")
    assert f"cidr_block: 10.9.0.0/16, but {made['vpc_id']}, which has this name, has 10.0.0.0/16. R4: " in result["msg"]
    assert writes(emulator, since) == []


def test_ids_that_are_not_known_yet_are_passed_on(emulator: Any, run: Run) -> None:
    pending = "(known after apply: vpc.network.vpc_id)"
    subnets = ["(known after apply: subnet.x.subnet_id)", "(known after apply: subnet.y.subnet_id)"]
    adopted = run(check=True, vpc_id=pending, subnet_ids=subnets)
    assert (adopted["changed"], adopted["vpc_id"], adopted["subnet_ids"]) == (False, pending, subnets)
    assert emulator.calls() == []
    ours = run(check=True, name="payments", vpc_id=pending)
    assert (ours["vpc_id"], ours["subnet_ids"]) == (pending, SUBNETS)
    assert [item["action"] for item in ours["actions"]] == ["keep", "create", "create"]
