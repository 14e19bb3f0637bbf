# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import load_balancer, load_balancing
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.balancing_states import (
    BALANCER_ARN,
    GROUP_ARN,
    LISTENER_ARN,
    PENDING_SUBNETS,
    PENDING_VPC,
    TARGETS,
    VPC,
    attribute,
    balancer,
    group,
    listener,
    network,
    nothing,
    options,
    state,
    target,
    verbs,
    zones,
)


def test_nothing_there_makes_all_three_in_the_documented_order() -> None:
    plan = load_balancing.plan(options(), nothing())
    assert plan.actions == [
        {"resource": kind, "name": name, "action": "create", "id": f"(known after apply: {what}.{name}.{what}_arn)"}
        for kind, name, what in (
            ("target group", "payments", "target_group"),
            ("Network Load Balancer", "payments", "load_balancer"),
            ("listener", "payments:443", "listener"),
        )
    ]
    assert verbs(plan) == ["create_target_group", "register_targets", "create_load_balancer", "create_listener"]
    assert plan.unmet == ()


def test_what_aws_is_told_is_what_the_guide_says() -> None:
    made = {step.verb: step.args for step in load_balancing.plan(options(tags={"Team": "pay"}), nothing()).steps}
    tags = [{"Key": "Team", "Value": "pay"}]
    assert made["elbv2.create_target_group"] == {
        "Name": "payments", "TargetType": "ip", "Protocol": "TCP", "Port": 443, "IpAddressType": "ipv4",
        "VpcId": VPC, "Tags": tags,
    }
    assert made["elbv2.create_load_balancer"] == {
        "Name": "payments", "Type": "network", "Scheme": "internal", "IpAddressType": "ipv4",
        "Subnets": ["subnet-a", "subnet-b"], "Tags": tags,
    }
    assert made["elbv2.create_listener"] == {
        "LoadBalancerArn": "(known after apply: load_balancer.payments.load_balancer_arn)", "Protocol": "TCP",
        "Port": 443, "Tags": tags, "DefaultActions": [
            {"Type": "forward", "TargetGroupArn": "(known after apply: target_group.payments.target_group_arn)"}
        ],
    }


def test_an_address_outside_the_vpc_is_registered_for_all_zones() -> None:
    steps = load_balancing.plan(options(), nothing()).steps
    assert steps[1].args["Targets"] == [
        {"Id": "10.0.1.10", "Port": 443},
        {"Id": "192.168.7.7", "Port": 443, "AvailabilityZone": "all"},
    ]


def test_a_vpc_and_subnets_that_do_not_exist_yet_need_no_look_and_go_into_the_plan() -> None:
    params = options(vpc_id=PENDING_VPC, subnet_ids=PENDING_SUBNETS)
    view = state(groups=[], balancers=[], listeners=[])
    assert load_balancing.lookups(params, view) == (None, [])
    plan = load_balancing.plan(params, view)
    assert plan.unmet == ()
    assert plan.after["target_group"]["vpc_id"] == PENDING_VPC
    assert [zone["subnet_id"] for zone in plan.after["load_balancer"]["availability_zones"]] == PENDING_SUBNETS


def test_a_second_run_looks_nothing_up() -> None:
    assert load_balancing.lookups(options(), state()) == (None, [])


DRIFTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "as it should be": ({}, {}, []),
    "other order of lists": ({"subnet_ids": ["subnet-b", "subnet-a"], "targets": ["192.168.7.7", "10.0.1.10"]}, {}, []),
    "fewer subnets and targets listed": (
        {"subnet_ids": ["subnet-a", "subnet-b"]},
        {"balancers": [balancer(AvailabilityZones=zones("a", "b", "c"))], "health": [*TARGETS, target("10.0.1.99")]},
        [],
    ),
    "health check": (
        {"health_check_protocol": "HTTP", "health_check_path": "/ping", "health_check_port": "80"}, {},
        ["modify_target_group"],
    ),
    "health check back to TCP": (
        {"health_check_protocol": "TCP"},
        {"groups": [group(HealthCheckProtocol="HTTP", HealthCheckPath="/", Matcher={"HttpCode": "200"})]},
        ["modify_target_group"],
    ),
    "health check interval": ({"health_check_interval": 10}, {}, ["modify_target_group"]),
    "codes": (
        {"successful_response_codes": "200-299"},
        {"groups": [group(HealthCheckProtocol="HTTPS", HealthCheckPath="/", Matcher={"HttpCode": "200"})]},
        ["modify_target_group"],
    ),
    "health check left alone": (
        {}, {"groups": [group(HealthCheckProtocol="HTTP", HealthCheckPath="/x", Matcher={"HttpCode": "204"})]}, []
    ),
    "proxy protocol": (
        {}, {"group_attributes": [attribute("proxy_protocol_v2.enabled", "true")]}, ["modify_target_group_attributes"]
    ),
    "a target lost": ({}, {"health": TARGETS[:1], "network": network()}, ["register_targets"]),
    "a target that drains": (
        {}, {"health": [TARGETS[0], target("192.168.7.7", state="draining")], "network": network()},
        ["register_targets"],
    ),
    "a target on another port": (
        {}, {"health": [TARGETS[0], target("192.168.7.7", 8443)], "network": network()}, ["register_targets"]
    ),
    "purge": ({"purge_targets": True}, {"health": [*TARGETS, target("10.0.1.99")]}, ["deregister_targets"]),
    "purge leaves what drains": (
        {"purge_targets": True}, {"health": [*TARGETS, target("10.0.1.99", state="draining")]}, []
    ),
    "a zone more": (
        {"subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}, {"network": network("c")}, ["set_subnets"]
    ),
    "security groups": (
        {"security_group_ids": ["sg-2", "sg-1"]}, {"balancers": [balancer(SecurityGroups=["sg-3"])]},
        ["set_security_groups"],
    ),
    "security groups left alone, N5 not": (
        {}, {"balancers": [balancer(SecurityGroups=["sg-3"])]}, ["set_security_groups"]
    ),
    "attributes": (
        {"deletion_protection": True, "cross_zone_load_balancing": True},
        {"balancer_attributes": [attribute("deletion_protection.enabled", "false")]},
        ["modify_load_balancer_attributes"],
    ),
    "listener gone": ({}, {"listeners": []}, ["create_listener"]),
    "listener with TLS": ({}, {"listeners": [listener(Protocol="TLS")]}, ["modify_listener"]),
    "listener to another group": (
        {}, {"listeners": [listener(DefaultActions=[{"Type": "forward", "TargetGroupArn": "arn:x"}])]},
        ["modify_listener"],
    ),
    "listener to two groups": (
        {},
        {
            "listeners": [
                listener(
                    DefaultActions=[
                        {"Type": "forward", "ForwardConfig": {
                            "TargetGroups": [{"TargetGroupArn": GROUP_ARN}, {"TargetGroupArn": "arn:x"}]}}
                    ]
                )
            ]
        },
        ["modify_listener"],
    ),
    "tags": (
        {"tags": {"Team": "pay"}},
        {
            "tags": [
                {"ResourceArn": GROUP_ARN, "Tags": [{"Key": "Team", "Value": "ops"}]},
                {"ResourceArn": BALANCER_ARN, "Tags": [{"Key": "Team", "Value": "pay"}, {"Key": "Old", "Value": "1"}]},
                {"ResourceArn": LISTENER_ARN, "Tags": [{"Key": "Team", "Value": "pay"}]},
            ]
        },
        ["add_tags", "remove_tags"],
    ),
    "tags left alone": ({}, {"tags": [{"ResourceArn": GROUP_ARN, "Tags": [{"Key": "Old", "Value": "1"}]}]}, []),
    "still provisioning": ({}, {"balancers": [balancer(State={"Code": "provisioning"})]}, []),
    "only the target group is there": (
        {}, {"groups": [group(LoadBalancerArns=[])], "balancers": [], "listeners": [], "network": network("a", "b")},
        ["create_load_balancer", "create_listener"],
    ),
    "security groups from the start": (
        {"security_group_ids": ["sg-1"]}, {"balancers": [], "listeners": [], "network": network("a", "b")},
        ["create_load_balancer", "set_security_groups", "create_listener"],
    ),
    "attributes from the start": (
        {"deletion_protection": True, "cross_zone_load_balancing": False},
        {"balancers": [], "listeners": [], "network": network("a", "b")},
        ["create_load_balancer", "modify_load_balancer_attributes", "create_listener"],
    ),
}


@pytest.mark.parametrize(("given", "there", "expected"), DRIFTS.values(), ids=list(DRIFTS))
def test_what_differs_is_repaired_alone_and_then_nothing_is_left(
    given: dict[str, Any], there: dict[str, Any], expected: list[str]
) -> None:
    params, current = options(**given), state(**there)
    untouched = copy.deepcopy(current)
    plan = load_balancing.plan(params, current)
    assert [item for item in plan.unmet if item.blocking] == []
    assert verbs(plan) == expected
    assert load_balancing.plan(params, plan.after).steps == ()
    assert current == untouched


@pytest.mark.parametrize(("given", "there", "expected"), DRIFTS.values(), ids=list(DRIFTS))
def test_the_diff_shows_what_changes_and_nothing_else(
    given: dict[str, Any], there: dict[str, Any], expected: list[str]
) -> None:
    plan = load_balancing.plan(options(**given), state(**there))
    for change in plan.changes:
        assert (change.before != change.after) == bool(change.steps)


def test_absent_leaves_nothing_and_a_second_time_does_nothing() -> None:
    plan = load_balancing.plan(options(state="absent"), state(balancer_attributes=[]))
    assert verbs(plan) == ["delete_listener", "delete_load_balancer", "delete_target_group"]
    assert plan.unmet == ()
    assert load_balancing.plan(options(state="absent"), plan.after).steps == ()
    assert load_balancing.returns({}, plan.after)["load_balancer_arn"] is None


def test_absent_needs_only_the_names() -> None:
    params = options(state="absent", vpc_id=None, subnet_ids=None, targets=None)
    assert load_balancing.check(params, "eu-central-1") == []
    assert verbs(load_balancing.plan(params, state(listeners=[], balancers=[]))) == ["delete_target_group"]


def test_absent_asks_who_has_the_load_balancer_before_the_first_deletion() -> None:
    with_listener = load_balancing.plan(options(state="absent"), state()).steps
    without = load_balancing.plan(options(state="absent"), state(listeners=[])).steps
    assert [bool(step.needs) for step in with_listener] == [True, False, False]
    assert [bool(step.needs) for step in without] == [True, False]


def test_a_target_group_that_a_deleted_load_balancer_of_ours_still_marks_is_ours() -> None:
    plan = load_balancing.plan(options(state="absent"), state(balancers=[], listeners=[]))
    assert (verbs(plan), plan.unmet) == (["delete_target_group"], ())


def test_an_added_zone_keeps_all_the_others_and_their_addresses() -> None:
    there = zones("a", "b")
    there[0]["LoadBalancerAddresses"] = [{"PrivateIPv4Address": "10.0.0.5"}]
    view = state(balancers=[balancer(AvailabilityZones=there)], network=network("c"))
    plan = load_balancing.plan(options(subnet_ids=["subnet-c", "subnet-a"]), view)
    assert plan.steps[0].args["SubnetMappings"] == [
        {"SubnetId": "subnet-a", "PrivateIPv4Address": "10.0.0.5"}, {"SubnetId": "subnet-b"}, {"SubnetId": "subnet-c"},
    ]


WAITS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "the chain does not wait": ({}, {"balancers": [balancer(State={"Code": "provisioning"})]}, []),
    "on request": (
        {"wait_for_active": True}, {"balancers": [balancer(State={"Code": "provisioning"})]},
        ["Network Load Balancer payments"],
    ),
    "active already": ({"wait_for_active": True}, {}, []),
    "targets": (
        {"wait_for_targets": True}, {"health": [TARGETS[0], target("192.168.7.7", state="initial")]},
        ["targets of payments"],
    ),
    "healthy already": ({"wait_for_targets": True}, {}, []),
}


@pytest.mark.parametrize(("given", "there", "expected"), WAITS.values(), ids=list(WAITS))
def test_what_is_waited_for(given: dict[str, Any], there: dict[str, Any], expected: list[str]) -> None:
    plan = load_balancing.plan(options(**given), state(**there))
    assert ([wait.what for wait in plan.settle], plan.steps) == (expected, ())


VERDICTS: dict[str, tuple[Any, list[Any], str, str]] = {
    "active": (load_balancer.judge_active, [{"State": {"Code": "active"}}], "done", "active"),
    "impaired": (load_balancer.judge_active, [{"State": {"Code": "active_impaired"}}], "done", "impaired"),
    "provisioning": (load_balancer.judge_active, [{"State": {"Code": "provisioning"}}], "waiting", "provisioning"),
    "not visible": (load_balancer.judge_active, [], "waiting", "not visible"),
    "failed": (load_balancer.judge_active, [{"State": {"Code": "failed", "Reason": "no room"}}], "failed", "no room"),
    "gone": (load_balancer.judge_gone, [], "done", "gone"),
    "not gone": (load_balancer.judge_gone, [{}], "waiting", "still there"),
    "free": (load_balancer.judge_free, [], "done", "free"),
    "held": (
        load_balancer.judge_free, [{"ServiceId": "vpce-svc-1", "ServiceState": "Available"}], "failed", "vpce-svc-1"
    ),
    "let go": (
        load_balancer.judge_free, [{"ServiceId": "vpce-svc-1", "ServiceState": "Deleting"}], "waiting", "vpce-svc-1"
    ),
}


@pytest.mark.parametrize(("judge", "raw", "status", "word"), VERDICTS.values(), ids=list(VERDICTS))
def test_verdicts(judge: Any, raw: list[Any], status: str, word: str) -> None:
    verdict = judge(raw)
    assert verdict.status == status
    assert word in verdict.text


def test_a_zone_without_a_target_is_pointed_out() -> None:
    here = [target("10.0.1.10", zone="eu-central-1a"), target("10.0.1.11", zone="eu-central-1a")]
    params = options(targets=["10.0.1.10", "10.0.1.11"])
    (warning,) = load_balancing.plan(params, state(health=here)).warnings
    assert "eu-central-1b" in warning
    crossing = [attribute("load_balancing.cross_zone.enabled", "true")]
    assert load_balancing.plan(params, state(health=here, group_attributes=crossing)).warnings == ()
    assert load_balancing.plan(params, state(health=here, balancer_attributes=crossing)).warnings == ()


def test_a_sick_target_is_explained_in_the_result_and_warned_of() -> None:
    sick = target("192.168.7.7", state="unhealthy")
    sick["TargetHealth"]["Reason"] = "Target.Timeout"
    plan = load_balancing.plan(options(), state(health=[TARGETS[0], sick]))
    returned = load_balancing.returns(options(), plan.after)
    assert [item["explanation"] == "" for item in returned["targets"]] == [True, False]
    assert "firewall" in returned["targets"][1]["explanation"]
    assert returned["healthy_target_count"] == 1
    assert ["192.168.7.7" in warning for warning in plan.warnings] == [True]


def test_what_vanishes_between_two_reads_is_not_there() -> None:
    found = {"target_groups": [group()], "load_balancers": [balancer()]}
    gone = {"health": None, "group_attributes": None, "listeners": None, "tags": []}
    view = load_balancing.normalise(found, gone)
    assert (view["target_group"], view["load_balancer"], view["listener"]) == (None, None, None)


def test_returns_has_the_same_keys_whatever_is_there() -> None:
    planned = load_balancing.plan(options(), nothing()).after
    shapes = [set(load_balancing.returns(options(), view)) for view in (planned, state(), nothing())]
    assert shapes[0] == shapes[1] == shapes[2]
    assert set(planned["load_balancer"]) == set(state()["load_balancer"])
    assert set(planned["target_group"]) == set(state()["target_group"])
    assert set(planned["listener"]) == set(state()["listener"])
