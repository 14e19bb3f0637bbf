# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from emulator.client import Emulator as Control
from scenarios.balancing import (
    TARGETS,
    Client,
    Options,
    Run,
    make_network,
    module_run,
    outside_client,
    plain_options,
    verbs,
    writes,
)

# What the collection promises for a second run of this module.
MOST_CALLS = 8


@pytest.fixture
def client(emulator: Any) -> Client:
    return outside_client(emulator)


@pytest.fixture
def network(client: Client) -> Options:
    return make_network(client)


@pytest.fixture
def options(network: Options) -> Options:
    return plain_options(network)


@pytest.fixture
def run(emulator: Any) -> Run:
    return module_run(emulator)


CREATED = [
    ("target group", "payments", "create"),
    ("Network Load Balancer", "payments", "create"),
    ("listener", "payments:443", "create"),
]


def test_check_on_nothing_plans_all_and_writes_nothing(emulator: Any, run: Run, client: Client) -> None:
    pending = [f"(known after apply: subnet.payments-eu-central-1{zone}.subnet_id)" for zone in "ab"]
    result = run(
        check=True, name="payments", vpc_id="(known after apply: vpc.payments.vpc_id)", subnet_ids=pending,
        targets=TARGETS,
    )
    assert result["changed"] is True
    assert verbs(result) == CREATED
    assert result["load_balancer_arn"] == "(known after apply: load_balancer.payments.load_balancer_arn)"
    assert result["target_group_arn"] == "(known after apply: target_group.payments.target_group_arn)"
    assert [item["after_header"] for item in result["diff"]] == [
        "target group payments (create)", "Network Load Balancer payments (create)", "listener payments:443 (create)",
    ]
    assert emulator.calls(mutating=True) == []


def test_the_real_run_does_what_was_planned_and_a_second_run_nothing(emulator: Any, run: Run, options: Options) -> None:
    """R72: targets in the VPC and outside of AWS."""
    planned = run(check=True, **options)
    made = run(**options)
    assert verbs(made) == verbs(planned) == CREATED
    assert set(made) == set(planned)
    assert made["load_balancer"].keys() == planned["load_balancer"].keys()
    assert made["target_group"].keys() == planned["target_group"].keys()
    assert made["listener"].keys() == planned["listener"].keys()
    assert ":loadbalancer/net/payments/" in made["load_balancer_arn"]
    assert (made["load_balancer"]["scheme"], made["load_balancer"]["type"]) == ("internal", "network")
    assert made["listener"]["default_actions"] == [
        {"type": "forward", "target_group_arn": made["target_group_arn"]}
    ]
    assert [(item["id"], item["port"], item["availability_zone"]) for item in made["targets"]] == [
        ("10.0.0.10", 443, "eu-central-1a"), ("192.168.10.11", 443, "all"),
    ]

    before = len(emulator.calls())
    for check in (False, True):
        again = run(check=check, **options)
        assert (again["changed"], "diff" in again) == (False, False)
        assert {item["action"] for item in again["actions"]} == {"keep"}
    calls = emulator.calls()[before:]
    assert [call for call in calls if call["mutating"]] == []
    assert len(calls) <= 2 * MOST_CALLS


def test_the_plan_says_what_the_run_then_finds(run: Run, options: Options) -> None:
    given = {**options, "health_check_protocol": "HTTP", "health_check_path": "/ping", "tags": {"Team": "pay"}}
    planned, made = run(check=True, **given), run(**given)
    known = ("target_group_arn", "load_balancer_arns")
    for key, value in planned["target_group"].items():
        assert key in known or made["target_group"][key] == value
    for key in ("availability_zones", "security_groups", "tags", "ip_address_type", "vpc_id"):
        assert planned["load_balancer"][key] == made["load_balancer"][key]


def test_a_run_that_was_cut_off_is_finished_by_the_next(emulator: Any, run: Run, options: Options) -> None:
    emulator.configure(denied=["elasticloadbalancing:CreateLoadBalancer"])
    failed = run(**options)
    assert failed["failed"] is True
    assert "elasticloadbalancing:CreateLoadBalancer" in failed["msg"]
    emulator.configure(denied=[])
    finished = run(**options)
    assert [item["action"] for item in finished["actions"]] == ["keep", "create", "create"]
    assert run(**options)["changed"] is False


def test_a_lost_listener_comes_back(client: Client, run: Run, options: Options) -> None:
    made = run(**options)
    client("elbv2").delete_listener(ListenerArn=made["listener_arn"])
    assert [item["action"] for item in run(**options)["actions"]] == ["keep", "keep", "create"]


def test_unlisted_targets_and_subnets_stay(client: Client, run: Run, options: Options, network: Options) -> None:
    run(**{**options, "subnet_ids": network["subnet_ids"], "targets": [*TARGETS, "192.168.10.12"]})
    again = run(**options)
    assert again["changed"] is False
    assert len(again["targets"]) == 3
    assert len(again["load_balancer"]["availability_zones"]) == 3


def test_a_zone_is_added_in_place(run: Run, options: Options, network: Options) -> None:
    made = run(**options)
    wider = run(**{**options, "subnet_ids": network["subnet_ids"]})
    assert wider["load_balancer_arn"] == made["load_balancer_arn"]
    assert [zone["zone_name"] for zone in wider["load_balancer"]["availability_zones"]] == [
        "eu-central-1a", "eu-central-1b", "eu-central-1c",
    ]


def test_security_groups_do_not_filter_what_comes_from_kms(
    client: Client, run: Run, options: Options, network: Options
) -> None:
    run(**options, security_groups=network["security_group_ids"][:1])
    (found,) = client("elbv2").describe_load_balancers(Names=["payments"])["LoadBalancers"]
    assert found["SecurityGroups"] == network["security_group_ids"][:1]
    assert found["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


def test_absent_takes_all_and_then_nothing(emulator: Any, client: Client, run: Run, options: Options) -> None:
    run(**options)
    planned, gone = run(check=True, name="payments", state="absent"), run(name="payments", state="absent")
    assert verbs(planned) == verbs(gone) == [
        ("listener", "payments:443", "delete"), ("Network Load Balancer", "payments", "delete"),
        ("target group", "payments", "delete"),
    ]
    assert (gone["load_balancer_arn"], gone["target_group"], gone["targets"]) == (None, None, [])
    elb = client("elbv2")
    assert (elb.describe_load_balancers()["LoadBalancers"], elb.describe_target_groups()["TargetGroups"]) == ([], [])

    since = len(emulator.calls(mutating=True))
    again = run(name="payments", state="absent")
    assert (again["changed"], again["actions"], writes(emulator, since)) == (False, [], [])
    assert set(again) == set(gone) - {"diff"}


@pytest.mark.parametrize("action", ["DeleteListener", "DeleteLoadBalancer", "DeleteTargetGroup"])
def test_absent_survives_an_answer_that_is_lost(
    emulator: Any, client: Client, run: Run, options: Options, action: str
) -> None:
    run(**options)
    Control(emulator.url).fault("reset_after", service="elbv2", action=action)
    assert "failed" not in run(name="payments", state="absent")
    assert client("elbv2").describe_target_groups()["TargetGroups"] == []


@pytest.mark.parametrize("action", ["CreateTargetGroup", "RegisterTargets", "CreateLoadBalancer", "CreateListener"])
def test_nothing_is_made_twice_when_an_answer_is_lost(
    emulator: Any, client: Client, run: Run, options: Options, action: str
) -> None:
    Control(emulator.url).fault("reset_after", service="elbv2", action=action)
    made = run(**options)
    (found,) = client("elbv2").describe_listeners(LoadBalancerArn=made["load_balancer_arn"])["Listeners"]
    assert found["ListenerArn"] == made["listener_arn"]
    assert run(**options)["changed"] is False


def test_different_names_for_the_two(run: Run, options: Options) -> None:
    names = {"name": "payments", "load_balancer_name": "pay-nlb", "target_group_name": "pay-hosts"}
    made = run(**{**options, **names})
    assert [item["name"] for item in made["actions"]] == ["pay-hosts", "pay-nlb", "pay-nlb:443"]
    assert run(**names, state="absent")["changed"] is True


def test_a_load_balancer_of_an_endpoint_service_is_left_alone(
    emulator: Any, client: Client, run: Run, options: Options
) -> None:
    made = run(**options)
    service = client("ec2").create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[made["load_balancer_arn"]]
    )["ServiceConfiguration"]["ServiceId"]
    since = len(emulator.calls(mutating=True))
    refused = run(name="payments", state="absent")
    assert refused["failed"] is True
    assert "payments" in refused["msg"]
    assert service in refused["msg"]
    assert "N7" in refused["msg"]
    assert "xks_endpoint_service" in refused["msg"]
    assert writes(emulator, since) == []


def test_deletion_protection_is_never_switched_off_by_the_way(emulator: Any, run: Run, options: Options) -> None:
    run(**options, deletion_protection=True)
    since = len(emulator.calls(mutating=True))
    refused = run(name="payments", state="absent")
    assert "deletion_protection: false" in refused["msg"]
    assert writes(emulator, since) == []
    run(**options, deletion_protection=False)
    assert run(name="payments", state="absent")["changed"] is True


def internet_facing(elb: Any, options: Options) -> None:
    elb.create_load_balancer(Name="payments", Type="network", Subnets=options["subnet_ids"])


def instances(elb: Any, options: Options) -> None:
    elb.create_target_group(Name="payments", Protocol="TCP", Port=8443, VpcId=options["vpc_id"])


@pytest.mark.parametrize(
    ("foreign", "words"),
    [
        (internet_facing, ["R39", "internet-facing", "must be internal"]),
        (instances, ["R31", "target_type instance", "R33", "port 8443"]),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_does_not_fit_is_reported_and_not_touched(
    emulator: Any, client: Client, run: Run, options: Options, foreign: Any, words: list[str], state: str
) -> None:
    foreign(client("elbv2"), options)
    since = len(emulator.calls(mutating=True))
    for check in (True, False):
        refused = run(check=check, **options, state=state)
        for word in words:
            assert word in refused["msg"]
    assert {item["number"] for item in refused["unmet_requirements"]} <= {"R31", "R33", "R39"}
    assert writes(emulator, since) == []


def test_security_groups_come_too_late_for_a_load_balancer_without(
    emulator: Any, run: Run, options: Options, network: Options
) -> None:
    run(**options)
    since = len(emulator.calls(mutating=True))
    refused = run(**options, security_group_ids=network["security_group_ids"])
    assert "security_group_ids" in refused["msg"]
    assert "created without any" in refused["msg"]
    assert writes(emulator, since) == []


BAD: dict[str, tuple[Options, list[str]]] = {
    "one target": ({"targets": ["10.0.0.10"]}, ["targets: 10.0.0.10", "R30", "two or more"]),
    "public address": ({"targets": ["10.0.0.10", "203.0.113.9"]}, ["targets: 203.0.113.9", "R37", "10.0.0.0/8"]),
    "one subnet": ({"subnet_ids": ["subnet-1"]}, ["subnet_ids: subnet-1", "R42"]),
    "unknown subnets": ({"subnet_ids": ["subnet-1", "subnet-2"]}, ["no subnet subnet-1", "no subnet subnet-2"]),
    "unknown VPC": ({"vpc_id": "vpc-0123456789abcdef0"}, ["no VPC vpc-0123456789abcdef0"]),
    "name": ({"name": "pay_ments"}, ["name: pay_ments", "hyphens"]),
}


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=list(BAD))
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_changes_nothing(
    emulator: Any, run: Run, options: Options, given: Options, words: list[str], check: bool
) -> None:
    since = len(emulator.calls(mutating=True))
    refused = run(check=check, **{**options, **given})
    assert refused["failed"] is True
    for word in words:
        assert word in refused["msg"]
    assert writes(emulator, since) == []


def test_two_subnets_of_one_zone_are_seen_before_anything_is_made(
    emulator: Any, client: Client, run: Run, options: Options
) -> None:
    second = client("ec2").create_subnet(
        VpcId=options["vpc_id"], CidrBlock="10.0.9.0/24", AvailabilityZone="eu-central-1a"
    )["Subnet"]["SubnetId"]
    since = len(emulator.calls(mutating=True))
    refused = run(**{**options, "subnet_ids": [options["subnet_ids"][0], second]})
    assert "R42" in refused["msg"]
    assert "eu-central-1a" in refused["msg"]
    assert writes(emulator, since) == []


def test_a_placeholder_is_refused_in_a_real_run(emulator: Any, run: Run, options: Options) -> None:
    refused = run(**{**options, "vpc_id": "(known after apply: vpc.payments.vpc_id)"})
    assert "check mode" in refused["msg"]


def test_a_permission_missing_is_named(emulator: Any, run: Run, options: Options) -> None:
    emulator.configure(denied=["elasticloadbalancing:DescribeTargetGroups"])
    assert "elasticloadbalancing:DescribeTargetGroups" in run(**options)["msg"]


def test_the_chain_does_not_wait_for_active_but_can(emulator: Any, run: Run, options: Options) -> None:
    emulator.configure(time_scale=1.0, delays={"load_balancer": 1, "target_initial": 0})
    made = run(**options)
    assert made["load_balancer_state"] == "provisioning"
    waited = run(**options, wait_for_active=True, wait_for_targets=True)
    assert (waited["load_balancer_state"], waited["changed"]) == ("active", False)
    assert waited["healthy_target_count"] == 2


def test_targets_that_never_answer_are_explained(emulator: Any, run: Run, options: Options) -> None:
    emulator.configure(unmapped_targets="unhealthy")
    run(**options)
    result = run(**options)
    assert result["healthy_target_count"] == 0
    assert all("firewall" in target["explanation"] for target in result["targets"])
    assert any("192.168.10.11 is unhealthy" in warning for warning in result["warnings"])
    failed = run(**options, wait_for_targets=True, wait_timeout=1)
    assert "0 of 2 healthy" in failed["msg"]
    assert "the next run goes on" in failed["msg"]
