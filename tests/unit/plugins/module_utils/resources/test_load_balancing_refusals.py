# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import load_balancing
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.balancing_states import (
    TARGETS,
    VPC,
    attribute,
    balancer,
    group,
    network,
    numbers,
    options,
    state,
    target,
)

BAD_OPTIONS: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "one target": ({"targets": ["10.0.1.10", "10.0.1.10"]}, "R30", ("targets", "10.0.1.10", "two or more")),
    "no target": ({"targets": []}, "R30", ("targets", "none")),
    "a host name": ({"targets": ["proxy.example.com", "10.0.1.10"]}, "R37", ("targets", "proxy.example.com")),
    "IPv6": ({"targets": ["2001:db8::1", "10.0.1.10"]}, "R37", ("targets", "2001:db8::1")),
    "one subnet": ({"subnet_ids": ["subnet-a"]}, "R42", ("subnet_ids", "subnet-a", "two or more")),
    "name with an underscore": ({"name": "pay_ments"}, "R29", ("name: pay_ments", "letters, digits and hyphens")),
    "name too long": ({"name": "x" * 33}, "R29", ("name", "32")),
    "hyphen at the end": ({"target_group_name": "payments-"}, "R29", ("target_group_name", "payments-")),
    "internal-": ({"load_balancer_name": "internal-x"}, "R29", ("load_balancer_name", "internal-x")),
    "health check port": ({"health_check_port": "https"}, "R36", ("health_check_port", "https", "65535")),
    "health check path": ({"health_check_path": "ping"}, "R36", ("health_check_path", "ping", "slash")),
    "interval": ({"health_check_interval": 4}, "R36", ("health_check_interval", "4", "from 5 to 300")),
    "codes": ({"successful_response_codes": "ok"}, "R36", ("successful_response_codes", "ok", "200-399")),
}


@pytest.mark.parametrize(("given", "number", "words"), BAD_OPTIONS.values(), ids=list(BAD_OPTIONS))
def test_bad_options_are_named_before_any_call(given: dict[str, Any], number: str, words: tuple[str, ...]) -> None:
    found = load_balancing.check(options(**given), "eu-central-1")
    assert [item.number for item in found] == [number]
    for word in words:
        assert word in str(found[0])


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str, tuple[str, ...]]] = {
    "public address": (
        {"targets": ["203.0.113.5", "10.0.1.10"]}, {"network": network()}, "R37", ("203.0.113.5", "192.168.0.0/16"),
    ),
    "instance targets": ({}, {"groups": [group(TargetType="instance")]}, "R31", ("target_type instance", "ip")),
    "TLS target group": ({}, {"groups": [group(Protocol="TLS")]}, "R32", ("protocol TLS",)),
    "port 8443": ({}, {"groups": [group(Port=8443)]}, "R33", ("port 8443", "must be 443")),
    "IPv6 target group": ({}, {"groups": [group(IpAddressType="ipv6")]}, "R34", ("ipv6",)),
    "target group elsewhere": ({}, {"groups": [group(VpcId="vpc-0b2")]}, "R35", (VPC, "vpc-0b2")),
    "target group of another": (
        {}, {"groups": [group(LoadBalancerArns=["arn:aws:e:::loadbalancer/net/other/1"])]}, "R45", ("other",)
    ),
    "internet-facing": ({}, {"balancers": [balancer(Scheme="internet-facing")]}, "R39", ("internet-facing",)),
    "dualstack": ({}, {"balancers": [balancer(IpAddressType="dualstack")]}, "R40", ("dualstack",)),
    "load balancer elsewhere": ({}, {"balancers": [balancer(VpcId="vpc-0b2")]}, "R41", ("vpc-0b2",)),
    "application": ({}, {"balancers": [balancer(Type="application")]}, "R49", ("type application",)),
    "failed": ({}, {"balancers": [balancer(State={"Code": "failed", "Reason": "no room"})]}, "R50", ("no room",)),
    "unknown VPC": ({}, {"health": (), "network": (VPC, {})}, "R35", (f"no VPC {VPC}",)),
    "unknown subnet": ({"subnet_ids": ["subnet-a", "subnet-b", "subnet-x"]}, {}, "R42", ("subnet-x",)),
    "subnet elsewhere": (
        {"subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}, {"network": network("c", vpc="vpc-0b2")}, "R41",
        ("subnet-c", "vpc-0b2"),
    ),
    "full subnet": (
        {"subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}, {"network": network("c", free=3)}, "R42",
        ("subnet-c", "3 free", "8"),
    ),
    "one zone": (
        {"subnet_ids": ["subnet-a", "subnet-a2"]},
        {
            "balancers": [], "listeners": [], "network": (None, {"vpcs": [], "subnets": [
                {"SubnetId": name, "AvailabilityZone": "eu-central-1a", "VpcId": VPC}
                for name in ("subnet-a", "subnet-a2")
            ]}),
        },
        "R42", ("all in eu-central-1a",),
    ),
    "second subnet in a zone": (
        {"subnet_ids": ["subnet-a", "subnet-b2"]},
        {"network": (None, {"vpcs": [], "subnets": [
            {"SubnetId": "subnet-b2", "AvailabilityZone": "eu-central-1b", "VpcId": VPC}]})},
        "R23", ("subnet-b2", "eu-central-1b"),
    ),
    "security group too late": ({"security_group_ids": ["sg-1"]}, {}, "N5", ("sg-1", "created without")),
    "last security group": (
        {"security_group_ids": []}, {"balancers": [balancer(SecurityGroups=["sg-1"])]}, "N5", ("sg-1",)
    ),
    "path with TCP": ({"health_check_path": "/ping"}, {}, "R36", ("health_check_path", "HTTP or HTTPS")),
    "timeout over interval": ({"health_check_interval": 5}, {}, "R36", ("10 (not given)", "at most 5")),
}


@pytest.mark.parametrize(("given", "there", "number", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_changed_is_reported_by_number(
    given: dict[str, Any], there: dict[str, Any], number: str, words: tuple[str, ...]
) -> None:
    stopping = [item for item in load_balancing.plan(options(**given), state(**there)).unmet if item.blocking]
    assert [item.number for item in stopping] == [number]
    for word in words:
        assert word in str(stopping[0])


def test_all_that_is_unmet_is_listed_at_once() -> None:
    view = state(groups=[group(Port=80, Protocol="UDP")], balancers=[balancer(Scheme="internet-facing")])
    assert numbers(load_balancing.plan(options(), view)) == ["R32", "R33", "R39"]


def test_an_address_of_a_vpc_with_public_ranges_is_taken() -> None:
    view = state(health=TARGETS, network=network(cidr="203.0.113.0/24"))
    plan = load_balancing.plan(options(targets=["10.0.1.10", "192.168.7.7", "203.0.113.5"]), view)
    assert plan.unmet == ()
    assert plan.steps[0].args["Targets"] == [{"Id": "203.0.113.5", "Port": 443}]


ADVICE: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "another port": ({}, {"health": [*TARGETS, target("10.0.1.10", 8443)]}, "R38", "purge_targets: true"),
    "XKS path": (
        {"health_check_protocol": "HTTPS", "health_check_path": "/kms/xks/v1/health"}, {}, "R36", "405"
    ),
    "inbound rules on": (
        {"enforce_security_group_inbound_rules_on_private_link_traffic": "on"},
        {"balancers": [balancer(SecurityGroups=["sg-1"])]}, "N5", "'off'",
    ),
}


@pytest.mark.parametrize(("given", "there", "number", "word"), ADVICE.values(), ids=list(ADVICE))
def test_what_may_be_meant_is_said_and_stops_nothing(
    given: dict[str, Any], there: dict[str, Any], number: str, word: str
) -> None:
    unmet = load_balancing.plan(options(**given), state(**there)).unmet
    assert [(item.number, item.blocking) for item in unmet] == [(number, False)]
    assert word in str(unmet[0])


KEPT: dict[str, tuple[dict[str, Any], str]] = {
    "deletion protection": (
        {"balancer_attributes": [attribute("deletion_protection.enabled", "true")]}, "deletion_protection: false first"
    ),
    "application": ({"balancers": [balancer(Type="application")]}, "type application"),
    "internet-facing": ({"balancers": [balancer(Scheme="internet-facing")]}, "internet-facing"),
    "target group with instances": ({"groups": [group(TargetType="instance")]}, "target_type instance"),
    "target group of another": (
        {"groups": [group(LoadBalancerArns=["arn:aws:e:::loadbalancer/net/other/1"])]}, "loadbalancer/net/other/1"
    ),
}


@pytest.mark.parametrize(("there", "word"), KEPT.values(), ids=list(KEPT))
def test_absent_deletes_nothing_that_this_module_would_not_have_made(there: dict[str, Any], word: str) -> None:
    stopping = [item for item in load_balancing.plan(options(state="absent"), state(**there)).unmet if item.blocking]
    assert len(stopping) == 1
    assert word in str(stopping[0])
