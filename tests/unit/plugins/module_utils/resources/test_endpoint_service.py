# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service, endpoint_service_waits
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.endpoint_states import (
    ARN,
    KMS,
    NAME,
    PENDING_ARN,
    REGION,
    ROLE,
    SECOND,
    SERVICE,
    arn,
    balancer,
    connection,
    options,
    other,
    service,
    view,
)

PENDING_ID = "(known after apply: endpoint_service.payments.service_id)"
MODIFY = "ec2.modify_vpc_endpoint_service_configuration"
ALLOW = "ec2.modify_vpc_endpoint_service_permissions"


def calls(plan: Plan) -> list[tuple[str, Mapping[str, Any]]]:
    return [(step.verb, {key: value for key, value in step.args.items() if key != "ServiceId"}) for step in plan.steps]


def waits(plan: Plan) -> list[tuple[str, Mapping[str, Any]]]:
    return [(wait.verb, wait.args) for step in plan.steps for wait in step.needs]


def test_nothing_there_makes_the_service_and_lets_kms_in() -> None:
    params = options(tags={"Team": "pay"})
    plan = endpoint_service.plan(params, view(params))
    assert calls(plan) == [
        (
            "create_service",
            {
                "AcceptanceRequired": False,
                "NetworkLoadBalancerArns": [ARN],
                "PrivateDnsName": NAME,
                "SupportedIpAddressTypes": ["ipv4"],
                "TagSpecifications": [
                    {
                        "ResourceType": "vpc-endpoint-service",
                        "Tags": [{"Key": "Name", "Value": "payments"}, {"Key": "Team", "Value": "pay"}],
                    }
                ],
            },
        ),
        (ALLOW, {"AddAllowedPrincipals": [KMS]}),
    ]
    assert plan.steps[1].args["ServiceId"] == PENDING_ID
    assert [(item["resource"], item["action"]) for item in plan.actions] == [
        ("endpoint service", "create"), ("allowed principals", "create"),
    ]
    assert plan.unmet == ()
    assert waits(plan) == []
    assert [wait.verb for wait in plan.settle] == ["service"]


def test_a_load_balancer_that_is_not_active_yet_is_waited_for() -> None:
    params = options(network_load_balancer_arns=[ARN, SECOND])
    found = [balancer(), balancer("second", state="provisioning")]
    plan = endpoint_service.plan(params, view(params, balancers=found))
    assert waits(plan) == [("elbv2.describe_load_balancers", {"LoadBalancerArns": [SECOND]})]


def test_what_check_mode_cannot_know_is_a_placeholder() -> None:
    params = options(network_load_balancer_arns=[PENDING_ARN])
    assert endpoint_service.wanted_load_balancers(params) == []
    plan = endpoint_service.plan(params, view(params, balancers=[]))
    assert plan.unmet == ()
    result = endpoint_service.returns(params, plan.after)
    assert result["service_id"] == PENDING_ID
    assert result["service_name"] == "(known after apply: endpoint_service.payments.service_name)"
    assert result["record"]["name"] == "(known after apply: endpoint_service.payments.record_name).xks.example.com"
    assert result["record"]["state"] == "pendingVerification"
    assert result["allowed_principals"] == [KMS]
    assert result["vpc_endpoint_service"]["availability_zones"] == [
        "(known after apply: endpoint_service.payments.availability_zones)"
    ]


def test_every_return_has_the_same_keys_before_and_after() -> None:
    params = options()
    planned = endpoint_service.returns(params, endpoint_service.plan(params, view(params)).after)
    real = endpoint_service.returns(params, view(params, service()))
    nothing = endpoint_service.returns(params, view(params))
    assert planned.keys() == real.keys() == nothing.keys()
    assert planned["vpc_endpoint_service"].keys() == real["vpc_endpoint_service"].keys()
    assert planned["record"].keys() == real["record"].keys()


# What differs -> options, the service as it is, more of the view, the calls.
DRIFTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[tuple[str, dict[str, Any]]]]] = {
    "as it should be": ({}, {}, {}, []),
    "acceptance": ({}, {"AcceptanceRequired": True}, {}, [(MODIFY, {"AcceptanceRequired": False})]),
    "acceptance on request": ({"acceptance_required": True}, {}, {}, [(MODIFY, {"AcceptanceRequired": True})]),
    "another name": (
        {}, {"PrivateDnsName": "old.example.com"}, {}, [(MODIFY, {"PrivateDnsName": NAME})],
    ),
    "no name": (
        {}, {"PrivateDnsName": None, "PrivateDnsNameConfiguration": None}, {}, [(MODIFY, {"PrivateDnsName": NAME})],
    ),
    "name not given": ({"private_dns_name": None}, {}, {}, []),
    "a second load balancer": (
        {"network_load_balancer_arns": [SECOND, ARN]}, {}, {"balancers": [balancer(), balancer("second")]},
        [(MODIFY, {"AddNetworkLoadBalancerArns": [SECOND]})],
    ),
    "a load balancer too many": ({}, {"NetworkLoadBalancerArns": [ARN, SECOND]}, {}, []),
    "a load balancer to purge": (
        {"purge_network_load_balancer_arns": True}, {"NetworkLoadBalancerArns": [SECOND, ARN]}, {},
        [(MODIFY, {"RemoveNetworkLoadBalancerArns": [SECOND]})],
    ),
    "load balancers not given": (
        {"network_load_balancer_arns": None, "purge_network_load_balancer_arns": True}, {}, {"balancers": []}, [],
    ),
    "IP address types": (
        {}, {"SupportedIpAddressTypes": ["ipv6"]}, {},
        [(MODIFY, {"AddSupportedIpAddressTypes": ["ipv4"], "RemoveSupportedIpAddressTypes": ["ipv6"]})],
    ),
    "two at once are one call": (
        {}, {"AcceptanceRequired": True, "SupportedIpAddressTypes": ["ipv4", "ipv6"]}, {},
        [(MODIFY, {"AcceptanceRequired": False, "RemoveSupportedIpAddressTypes": ["ipv6"]})],
    ),
    "a new zone of the load balancer": (
        {}, {}, {"balancers": [balancer(zones="abc")]}, [("enable_zones", {"Zones": ["eu-central-1c"]})],
    ),
    "a new zone, without waiting": ({"wait": False}, {}, {"balancers": [balancer(zones="abc")]}, [(MODIFY, {})]),
    "a zone fewer": ({}, {}, {"balancers": [balancer(zones="a")]}, []),
    "KMS not allowed": ({}, {}, {"principals": ()}, [(ALLOW, {"AddAllowedPrincipals": [KMS]})]),
    "another account": (
        {"allowed_principals": [ROLE]}, {}, {}, [(ALLOW, {"AddAllowedPrincipals": [ROLE]})],
    ),
    "a principal too many": ({}, {}, {"principals": (ROLE, KMS)}, []),
    "a principal to purge": (
        {"purge_allowed_principals": True}, {}, {"principals": (ROLE, KMS)},
        [(ALLOW, {"RemoveAllowedPrincipals": [ROLE]})],
    ),
    "another KMS": (
        {"kms_principal": "cks.kms.eu-central-1.amazonaws.eu", "purge_allowed_principals": True}, {}, {},
        [(ALLOW, {"AddAllowedPrincipals": ["cks.kms.eu-central-1.amazonaws.eu"], "RemoveAllowedPrincipals": [KMS]})],
    ),
    "a tag": (
        {"tags": {"Team": "pay"}}, {}, {}, [("ec2.create_tags", {"Resources": [SERVICE], "Tags": [
            {"Key": "Team", "Value": "pay"}]})],
    ),
    "a tag too many": (
        {"tags": {}}, {"Tags": [{"Key": "Name", "Value": "payments"}, {"Key": "Old", "Value": "x"}]}, {},
        [("ec2.delete_tags", {"Resources": [SERVICE], "Tags": [{"Key": "Old"}]})],
    ),
    "tags that stay": (
        {"tags": {}, "purge_tags": False},
        {"Tags": [{"Key": "Name", "Value": "payments"}, {"Key": "Old", "Value": "x"}]}, {}, [],
    ),
    "pinned, with its own name": (
        {"service_id": SERVICE, "tags": {}}, {"Tags": [{"Key": "Name", "Value": "theirs"}]}, {}, [],
    ),
    "other services": ({}, {}, {"more": [other(), other(ServiceId="vpce-svc-2")]}, []),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_each_property_is_changed_alone(drift: str) -> None:
    given, there, seen, expected = DRIFTS[drift]
    params, seen = options(**given), dict(seen)
    plan = endpoint_service.plan(params, view(params, service(**there), *seen.pop("more", []), **seen))
    assert calls(plan) == expected
    assert all(step.args.get("ServiceId", SERVICE) == SERVICE for step in plan.steps)


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("there", [True, False])
def test_a_plan_is_all_that_there_is_to_do(drift: str, there: bool) -> None:
    given, found, seen, _calls = DRIFTS[drift]
    params, seen = options(**given), dict(seen)
    services = [*([service(**found)] if there else []), *seen.pop("more", [])]
    plan = endpoint_service.plan(params, view(params, *services, **seen))
    again = endpoint_service.plan(params, plan.after)
    assert again.steps == ()
    assert again.after == plan.after


@pytest.mark.parametrize("drift", DRIFTS)
def test_the_order_of_lists_never_matters(drift: str) -> None:
    given, found, seen, _calls = DRIFTS[drift]
    seen = dict(seen)
    params, raw, more = options(**given), service(**found), seen.pop("more", [])
    mirrored, turned = copy.deepcopy(params), copy.deepcopy(raw)
    for thing in (mirrored, turned):
        for value in thing.values():
            if isinstance(value, list):
                value.reverse()
    turned_view = {key: type(value)(reversed(value)) for key, value in seen.items()}
    assert calls(endpoint_service.plan(mirrored, view(mirrored, *more, turned, **turned_view))) == calls(
        endpoint_service.plan(params, view(params, raw, *more, **seen))
    )


def test_a_new_name_has_a_record_that_is_not_known_yet() -> None:
    params = options(private_dns_name="new.example.com")
    plan = endpoint_service.plan(params, view(params, service()))
    record = endpoint_service.returns(params, plan.after)["record"]
    assert record["name"] == "(known after apply: endpoint_service.payments.record_name).example.com"
    assert record["state"] == "pendingVerification"
    assert plan.diff[0]["before"]["private_dns_name"] == NAME
    assert plan.diff[0]["after"]["private_dns_name"] == "new.example.com"


def test_a_new_name_under_live_connections_is_done_with_a_warning() -> None:
    params = options(private_dns_name="new.example.com")
    plan = endpoint_service.plan(params, view(params, service(), connections=(connection(),)))
    assert plan.changed
    assert "vpce-0123456789abcdef0 of account 210987654321 (available)" in plan.warnings[0]


def test_a_principal_that_is_removed_keeps_its_connection_and_that_is_said() -> None:
    params = options(purge_allowed_principals=True)
    current = view(params, service(), principals=(KMS, ROLE), connections=(connection(),))
    plan = endpoint_service.plan(params, current)
    assert ROLE in plan.warnings[0]
    assert "vpce-0123456789abcdef0" in plan.warnings[0]


def test_a_service_that_is_being_made_is_waited_for_without_a_change() -> None:
    params = options()
    plan = endpoint_service.plan(params, view(params, service(ServiceState="Pending")))
    assert not plan.changed
    assert [wait.args for wait in plan.settle] == [{"ServiceId": SERVICE}]


def test_one_on_its_way_out_is_not_the_one_and_lets_go_first() -> None:
    params = options()
    plan = endpoint_service.plan(params, view(params, service(ServiceState="Deleting")))
    assert plan.unmet == ()
    assert calls(plan)[0][0] == "create_service"
    assert waits(plan) == [("service", {"ServiceId": SERVICE})]


def test_a_pinned_service_that_an_earlier_task_makes_is_not_made_here() -> None:
    params = options(service_id="(known after apply: vpce.theirs.id)", private_dns_name=None)
    plan = endpoint_service.plan(params, view(params, other()))
    assert plan.unmet == ()
    assert [step.verb for step in plan.steps] == [ALLOW]
    assert endpoint_service.returns(params, plan.after)["service_id"] == params["service_id"]


def test_a_pinned_service_is_adopted() -> None:
    params = options(service_id=SERVICE)
    assert endpoint_service.plan(params, view(params, service())).changes[0].adopted


def test_two_load_balancers_give_the_service_the_zones_of_both() -> None:
    params = options(network_load_balancer_arns=[ARN, SECOND])
    found = [balancer(zones="a"), balancer("second", zones="b")]
    plan = endpoint_service.plan(params, view(params, balancers=found))
    assert plan.after["service"]["availability_zones"] == [REGION + "a", REGION + "b"]
    assert plan.unmet == ()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ([], WAITING),
        ([service(ServiceState="Pending")], WAITING),
        ([service()], DONE),
        ([service(ServiceState="Failed")], FAILED),
        ([service(ServiceState="Deleting")], FAILED),
    ],
)
def test_when_a_service_is_there(answer: list[dict[str, Any]], status: str) -> None:
    assert endpoint_service_waits.judge_available(answer).status == status


@pytest.mark.parametrize(
    ("answer", "status"),
    [([], DONE), ([service(ServiceState="Deleted")], DONE), ([service(ServiceState="Deleting")], WAITING)],
)
def test_when_a_service_is_gone(answer: list[dict[str, Any]], status: str) -> None:
    assert endpoint_service_waits.judge_gone(answer).status == status


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([], DONE),
        (["rejected", "deleted", "failed", "expired"], DONE),
        (["deleting"], WAITING),
        (["rejected", "available"], WAITING),
        (["pendingAcceptance"], WAITING),
        (["PendingAcceptance"], WAITING),
    ],
)
def test_when_connections_let_go(states: list[str], status: str) -> None:
    verdict = endpoint_service_waits.judge_released([connection(state) for state in states])
    assert verdict.status == status


@pytest.mark.parametrize(
    ("state", "status"),
    [("provisioning", WAITING), ("active", DONE), ("active_impaired", DONE), ("failed", FAILED)],
)
def test_when_a_load_balancer_can_be_used(state: str, status: str) -> None:
    assert endpoint_service_waits.judge_load_balancer({"LoadBalancers": [balancer(state=state)]}).status == status


def test_a_wait_names_the_load_balancer() -> None:
    assert endpoint_service_waits.load_balancer_active(arn("payments")).what == "Network Load Balancer payments"
