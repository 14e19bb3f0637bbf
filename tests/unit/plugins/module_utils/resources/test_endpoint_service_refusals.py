# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service, endpoint_service_checks
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.endpoint_states import (
    ARN,
    KMS,
    NAME,
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

# The options -> the rule, the option that breaks it, and words of the message.
ARGUMENTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "apex": ({"private_dns_name": "example.com"}, "R11", "private_dns_name", "xks-proxy.example.com"),
    "an application load balancer": (
        {"network_load_balancer_arns": [arn(kind="app")]}, "R49", "network_load_balancer_arns", "loadbalancer/net/",
    ),
    "a gateway load balancer": (
        {"network_load_balancer_arns": [arn(kind="gwy")]}, "R49", "network_load_balancer_arns", "loadbalancer/net/",
    ),
    "a name for an ARN": ({"network_load_balancer_arns": ["payments"]}, "R49", "network_load_balancer_arns", "ARN"),
    "another Region": (
        {"network_load_balancer_arns": [arn(region="us-east-1")]}, "R48", "network_load_balancer_arns", REGION,
    ),
    "no IPv4": ({"supported_ip_address_types": ["ipv6"]}, "R55", "supported_ip_address_types", "Add ipv4"),
    "everybody": ({"allowed_principals": ["*"]}, "R9", "allowed_principals", "public"),
    "an account id": ({"allowed_principals": ["111111111111"]}, "R9", "allowed_principals", ":root"),
    "a role with a path": (
        {"allowed_principals": ["arn:aws:iam::111111111111:role/team/Manager"]}, "R9", "allowed_principals", "no path",
    ),
    "KMS elsewhere": (
        {"allowed_principals": ["cks.kms.us-east-1.amazonaws.com"]}, "R68", "allowed_principals", REGION,
    ),
    "KMS of another Region": ({"kms_principal": "cks.kms.us-east-1.amazonaws.com"}, "R68", "kms_principal", REGION),
    "an ARN of KMS": ({"kms_principal": f"arn:aws:kms:::{KMS}"}, "R9", "kms_principal", "service principal"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_bad_options_are_named_with_the_rule_and_what_would_be_right(case: str) -> None:
    given, number, option, says = ARGUMENTS[case]
    found = endpoint_service_checks.arguments(options(**given), REGION)
    assert [(item.number, item.what, item.blocking) for item in found] == [(number, option, True)]
    assert says in str(found[0])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"network_load_balancer_arns": None, "private_dns_name": None},
        {"allowed_principals": [ROLE, "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/x"]},
        {"allowed_principals": ["arn:aws:organizations::111111111111:ou/o-a1b2c3d4e5/ou-ab12-abcdefgh"]},
        {"allowed_principals": [KMS]},
        {"allowed_principals": ["(known after apply: role.theirs.arn)"]},
        {"kms_principal": "cks.kms.eu-central-1.amazonaws.eu"},
        {"state": "absent", "private_dns_name": "example.com", "allowed_principals": ["*"]},
    ],
)
def test_good_options_are_taken(given: dict[str, Any]) -> None:
    assert endpoint_service_checks.arguments(options(**given), REGION) == []


def test_all_that_is_wrong_is_told_at_once() -> None:
    params = options(private_dns_name="Proxy", allowed_principals=["*"], supported_ip_address_types=["ipv6"])
    found = endpoint_service_checks.arguments(params, REGION)
    assert sorted({item.number for item in found}) == ["N3", "R11", "R55", "R9"]


def test_a_partition_whose_principal_is_not_documented_must_be_told_it() -> None:
    place = "eusc-de-east-1"
    params = options(network_load_balancer_arns=None)
    assert [item.number for item in endpoint_service_checks.arguments(params, place)] == ["R68"]
    params = options(network_load_balancer_arns=None, kms_principal="cks.kms.eusc-de-east-1.amazonaws.eu")
    assert endpoint_service_checks.arguments(params, place) == []


def test_china_has_no_external_key_stores() -> None:
    params = options(network_load_balancer_arns=None)
    assert [item.number for item in endpoint_service_checks.arguments(params, "cn-north-1")] == ["R17"]


# Options, services and more of the view -> the rule, what breaks it, words of the message.
STATES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], str, str, str]] = {
    "no load balancer to make one with": (
        {"network_load_balancer_arns": None}, [], {}, "R46", "network_load_balancer_arns", "xks_load_balancer",
    ),
    "no name to make one with": ({"private_dns_name": None}, [], {}, "R52", "private_dns_name", "xks-proxy.example"),
    "two of one name": (
        {}, [service(), service(ServiceId="vpce-svc-2")], {}, "R5", "name", f"{SERVICE} and vpce-svc-2",
    ),
    "an id that is not there": (
        {"service_id": "vpce-svc-9"}, [service()], {}, "R46", "service_id", "no endpoint service vpce-svc-9",
    ),
    "the load balancer of another service": (
        {}, [other(NetworkLoadBalancerArns=[ARN])], {}, "N7", "network_load_balancer_arns",
        "vpce-svc-0fedcba9876543210 (other)",
    ),
    "the DNS name of another service": (
        {}, [service(), other(PrivateDnsName=NAME)], {}, "R10", "private_dns_name", "vpce-svc-0fedcba9876543210",
    ),
    "a load balancer that is not there": (
        {"network_load_balancer_arns": [ARN, SECOND]}, [], {}, "R29", "network_load_balancer_arns", SECOND,
    ),
    "a load balancer that failed": (
        {}, [], {"balancers": [balancer(state="failed")]}, "R50", "network_load_balancer_arns", "failed",
    ),
    "a load balancer to take off under a connection": (
        {"purge_network_load_balancer_arns": True}, [service(NetworkLoadBalancerArns=[ARN, SECOND])],
        {"connections": (connection(),)}, "R46", "purge_network_load_balancer_arns", "vpce-0123456789abcdef0",
    ),
    "a service over a gateway load balancer": (
        {}, [service(GatewayLoadBalancerArns=[arn(kind="gwy")])], {}, "R7", "gateway_load_balancer_arns", "new",
    ),
}


@pytest.mark.parametrize("case", STATES)
def test_what_cannot_be_is_refused_before_the_first_write(case: str) -> None:
    given, services, seen, number, what, says = STATES[case]
    params = options(**given)
    plan = endpoint_service.plan(params, view(params, *services, **seen))
    assert [(item.number, item.what, item.blocking) for item in plan.unmet] == [(number, what, True)]
    assert says in str(plan.unmet[0])


# What stops nothing, but is told.
NOTES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]] = {
    "one zone": ({}, {"AvailabilityZones": ["eu-central-1a"]}, {"balancers": [balancer(zones="a")]}, "R42"),
    "acceptance": ({"acceptance_required": True}, {}, {}, "R8"),
    "an internet-facing load balancer": ({}, {}, {"balancers": [balancer(scheme="internet-facing")]}, "R39"),
    "a failed verification": (
        {}, {"PrivateDnsNameConfiguration": {"Name": "_n", "Type": "TXT", "Value": "v", "State": "failed"}}, {}, "R12",
    ),
}


@pytest.mark.parametrize("case", NOTES)
def test_what_the_key_store_will_lack_is_told_and_stops_nothing(case: str) -> None:
    given, there, seen, number = NOTES[case]
    params = options(**given)
    plan = endpoint_service.plan(params, view(params, service(**there), **seen))
    assert [(item.number, item.blocking) for item in plan.unmet] == [(number, False)]


def test_a_new_service_in_one_zone_is_told_of_already_in_the_plan() -> None:
    params = options()
    plan = endpoint_service.plan(params, view(params, balancers=[balancer(zones="a")]))
    assert [(item.number, item.found) for item in plan.unmet] == [("R42", "zones eu-central-1a")]


def test_a_verification_that_is_only_pending_is_no_fault() -> None:
    configuration = {"Name": "_n", "Type": "TXT", "Value": "v", "State": "pendingVerification"}
    params = options()
    current = view(params, service(PrivateDnsNameConfiguration=configuration))
    assert endpoint_service.plan(params, current).unmet == ()


def absent(**others: Any) -> dict[str, Any]:
    return options(state="absent", network_load_balancer_arns=None, private_dns_name=None, **others)


def test_absent_deletes_and_waits_until_it_is_gone() -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(), other()))
    assert [(step.verb, step.args) for step in plan.steps] == [("delete_service", {"ServiceId": SERVICE})]
    assert plan.steps[0].needs == ()
    assert [wait.args for wait in plan.settle] == [{"ServiceId": SERVICE}]
    assert plan.actions[0]["action"] == "delete"
    assert plan.facts["record"]["value"] == "vpce:l6p0ER"
    assert endpoint_service.plan(params, plan.after).steps == ()


@pytest.mark.parametrize("given", [{}, {"service_id": "vpce-svc-9"}])
def test_absent_of_nothing_is_nothing(given: dict[str, Any]) -> None:
    params = absent(**given)
    plan = endpoint_service.plan(params, view(params, other()))
    assert plan == endpoint_service.plan(params, plan.after)
    assert plan.steps == plan.settle == plan.unmet == ()


def test_absent_by_id_deletes_what_the_id_says() -> None:
    params = absent(service_id=SERVICE)
    assert len(endpoint_service.plan(params, view(params, service())).steps) == 1


def test_absent_of_one_that_is_being_deleted_only_waits() -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(ServiceState="Deleting")))
    assert plan.steps == ()
    assert len(plan.settle) == 1


def test_absent_takes_the_living_one_where_an_older_one_is_being_deleted() -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(ServiceState="Deleting", ServiceId="vpce-1"), service()))
    assert [step.args["ServiceId"] for step in plan.steps] == [SERVICE]


def test_absent_of_two_with_one_name_is_refused() -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(), service(ServiceId="vpce-svc-2")))
    assert [item.what for item in plan.unmet] == ["name"]


@pytest.mark.parametrize("state", ["available", "pendingAcceptance", "Available"])
def test_absent_under_a_live_connection_is_refused_and_says_what_to_do(state: str) -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(), connections=(connection(state),)))
    assert plan.steps == ()
    said = str(plan.unmet[0])
    for part in ("vpce-0123456789abcdef0", "210987654321", state, "Disconnect the key store", "force"):
        assert part in said


def test_force_rejects_only_what_lives_and_waits_for_the_rest() -> None:
    params = absent(force=True)
    held = (connection(), connection("deleting", "vpce-2"), connection("rejected", "vpce-3"))
    plan = endpoint_service.plan(params, view(params, service(), connections=held))
    assert [step.verb for step in plan.steps] == ["reject_connections", "delete_service"]
    assert plan.steps[0].args["VpcEndpointIds"] == ["vpce-0123456789abcdef0"]
    assert [wait.verb for wait in plan.steps[1].needs] == ["service_connections"]


@pytest.mark.parametrize(
    ("given", "state"), [({}, "deleting"), ({"wait_for_disconnect": True}, "available")],
)
def test_what_kms_takes_away_by_itself_is_waited_for(given: dict[str, Any], state: str) -> None:
    params = absent(**given)
    plan = endpoint_service.plan(params, view(params, service(), connections=(connection(state),)))
    assert [step.verb for step in plan.steps] == ["delete_service"]
    assert [wait.verb for wait in plan.steps[0].needs] == ["service_connections"]


def test_rejected_connections_hold_nothing() -> None:
    params = absent()
    plan = endpoint_service.plan(params, view(params, service(), connections=(connection("rejected"),)))
    assert plan.steps[0].needs == ()
