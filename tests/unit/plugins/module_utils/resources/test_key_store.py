# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for an external key store from every state to every goal."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store, key_store_waits
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_view as views
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.key_store_states import (
    CONNECT,
    CREATE,
    DELETE,
    DISCONNECT,
    GOALS,
    OTHER_SERVICE,
    SECRET,
    SERVICE_NAME,
    STATES,
    UPDATE,
    bare,
    keys,
    neighbour,
    params,
    raw,
    service,
    stops,
    verbs,
    view,
)

EXPECTED: dict[tuple[str, str | None], list[str]] = {
    ("connected", None): [CREATE, CONNECT],
    ("connected", "CONNECTED"): [],
    ("connected", "CONNECTING"): [],
    # Only where it can help: here the plan is stopped.
    ("connected", "FAILED"): [DISCONNECT, CONNECT],
    ("connected", "DISCONNECTED"): [CONNECT],
    ("connected", "DISCONNECTING"): [CONNECT],
    ("disconnected", None): [CREATE],
    ("disconnected", "CONNECTED"): [DISCONNECT],
    ("disconnected", "CONNECTING"): [DISCONNECT],
    ("disconnected", "FAILED"): [DISCONNECT],
    ("disconnected", "DISCONNECTED"): [],
    ("disconnected", "DISCONNECTING"): [],
    ("present", None): [CREATE],
    **{("present", state): [] for state in STATES},
    ("absent", None): [],
    ("absent", "CONNECTED"): [DISCONNECT, DELETE],
    ("absent", "CONNECTING"): [DISCONNECT, DELETE],
    ("absent", "FAILED"): [DISCONNECT, DELETE],
    ("absent", "DISCONNECTED"): [DELETE],
    ("absent", "DISCONNECTING"): [DELETE],
}


@pytest.mark.parametrize(("goal", "state"), EXPECTED)
def test_the_state_machine(goal: str, state: str | None) -> None:
    given = params(state=goal)
    plan = key_store.plan(given, view(given, *([raw(state)] if state else [])))
    assert verbs(plan) == EXPECTED[goal, state]
    assert stops(plan) == (["N10"] if (goal, state) == ("connected", "FAILED") else [])
    assert plan.facts["previous_connection_state"] == state


@pytest.mark.parametrize(
    ("goal", "state", "waits"),
    [
        ("connected", None, ["connection"]),
        ("connected", "CONNECTING", ["connection"]),
        ("connected", "CONNECTED", []),
        ("disconnected", None, ["key store"]),
        ("disconnected", "CONNECTED", ["disconnection"]),
        ("disconnected", "DISCONNECTING", ["disconnection"]),
        ("disconnected", "DISCONNECTED", []),
        ("present", "CONNECTING", []),
        ("absent", "DISCONNECTED", ["deletion"]),
        ("absent", None, []),
    ],
)
def test_what_is_waited_for_at_the_end(goal: str, state: str | None, waits: list[str]) -> None:
    given = params(state=goal)
    plan = key_store.plan(given, view(given, *([raw(state)] if state else [])))
    assert [wait.what.split(" payments")[0].removesuffix(" of key store") for wait in plan.settle] == waits


@pytest.mark.parametrize("state", ["CONNECTED", "CONNECTING", "FAILED", "DISCONNECTING"])
def test_a_deletion_waits_for_the_disconnect(state: str) -> None:
    given = bare(state="absent")
    delete = key_store.plan(given, view(given, raw(state))).steps[-1]
    assert [wait.judge for wait in delete.needs] == [key_store_waits.judge_disconnected]


DRIFTS: list[dict[str, str]] = [
    {},
    {"UriPath": "/old/kms/xks/v1"},
    {"AccessKeyId": "QQQQQQQQQQQQQQQQQQQQ"},
    {"UriEndpoint": "https://old.example.com"},
    {"VpcEndpointServiceName": OTHER_SERVICE, "UriPath": "/old/kms/xks/v1"},
]


@pytest.mark.parametrize(
    ("goal", "state", "drift"), list(itertools.product(GOALS, [None, *STATES], DRIFTS))
)
def test_the_fixed_point(goal: str, state: str | None, drift: dict[str, str]) -> None:
    for given in (params(state=goal), params(state=goal, wait=False), params(state=goal, force=True)):
        start = view(given, neighbour(), *([raw(state, **drift)] if state else []))
        plan = key_store.plan(given, start)
        again = key_store.plan(given, plan.after)
        if not stops(plan):
            assert again.steps == ()
            assert stops(again) == []
        assert key_store.plan(given, start) == plan


def test_the_order_of_stores_and_keys_does_not_matter() -> None:
    given = params(state="absent")
    stores = [raw(), neighbour(2), neighbour(3)]
    plans = [key_store.plan(given, keys(view(given, *some), "Enabled", "Disabled")) for some in (stores, stores[::-1])]
    assert plans[0].unmet == plans[1].unmet
    assert plans[0].facts == plans[1].facts
    assert [key["key_id"] for key in plans[0].facts["kms_keys"]] == ["key-0", "key-1"]


def test_creation() -> None:
    given = params()
    plan = key_store.plan(given, view(given))
    create, connect = plan.steps
    assert create.args == {
        "CustomKeyStoreName": "payments",
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyUriEndpoint": "https://xks-proxy.example.com",
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyVpcEndpointServiceName": SERVICE_NAME,
        "XksProxyAuthenticationCredential": {
            "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
            "RawSecretAccessKey": SECRET,
        },
    }
    assert list(create.binds) == [connect.args["CustomKeyStoreId"]]
    assert [change.action for change in plan.changes] == ["create", "create"]
    assert SECRET not in repr((plan.diff, plan.after, plan.facts, plan.actions))


def test_a_name_with_parentheses_has_a_placeholder_too() -> None:
    given = params(custom_key_store_name="payments (eu)")
    plan = key_store.plan(given, view(given))
    (pending,) = plan.steps[0].binds
    assert pending == "(known after apply: key_store.payments eu.custom_key_store_id)"


def test_the_endpoint_defaults_to_the_private_dns_name() -> None:
    given = params(xks_proxy_uri_endpoint=None)
    plan = key_store.plan(given, views.with_service(view(given), service()))
    assert plan.steps[0].args["XksProxyUriEndpoint"] == "https://from-the-service.example.com"
    given["xks_proxy_vpc_endpoint_service_name"] = "(known after apply: endpoint_service.payments.service_name)"
    plan = key_store.plan(given, view(given))
    assert "known after apply" in plan.steps[0].args["XksProxyUriEndpoint"]
    assert stops(plan) == []


def test_the_endpoint_is_asked_for_where_nobody_can_tell_it() -> None:
    given = params(xks_proxy_uri_endpoint=None)
    unreadable = service(own=None, principals=[], denied="ec2:DescribeVpcEndpointServices")
    plan = key_store.plan(given, views.with_service(view(given), unreadable))
    assert [(item.number, item.what) for item in blocking(plan.unmet)] == [("R73", "xks_proxy_uri_endpoint")]


@pytest.mark.parametrize(
    ("goal", "state", "drift", "expected"),
    [
        ("connected", "CONNECTED", {"UriPath": "/old/kms/xks/v1"}, [UPDATE]),
        ("connected", "CONNECTED", {"AccessKeyId": "QQQQQQQQQQQQQQQQQQQQ"}, [UPDATE]),
        ("connected", "CONNECTING", {"UriPath": "/old/kms/xks/v1"}, [UPDATE]),
        ("connected", "DISCONNECTED", {"UriEndpoint": "https://old.example.com"}, [UPDATE, CONNECT]),
        ("connected", "DISCONNECTING", {"VpcEndpointServiceName": OTHER_SERVICE}, [UPDATE, CONNECT]),
        ("disconnected", "CONNECTED", {"VpcEndpointServiceName": OTHER_SERVICE}, [DISCONNECT, UPDATE]),
        ("disconnected", "FAILED", {"UriPath": "/old/kms/xks/v1"}, [DISCONNECT, UPDATE]),
        ("present", "CONNECTED", {"UriPath": "/old/kms/xks/v1"}, [UPDATE]),
        ("present", "DISCONNECTED", {"UriEndpoint": "https://old.example.com"}, [UPDATE]),
    ],
)
def test_differences_are_repaired(goal: str, state: str, drift: dict[str, str], expected: list[str]) -> None:
    given = params(state=goal)
    plan = key_store.plan(given, view(given, raw(state, **drift)))
    assert verbs(plan) == expected
    assert stops(plan) == []
    update = next(step for step in plan.steps if step.verb == UPDATE)
    changed = {"AccessKeyId": "XksProxyAuthenticationCredential"}
    assert set(update.args) - {"CustomKeyStoreId"} == {changed.get(key, f"XksProxy{key}") for key in drift}
    # AWS refuses an update between two states.
    at_once = state == "DISCONNECTED" or (state == "CONNECTED" and goal != "disconnected")
    assert bool(update.needs) is not at_once


@pytest.mark.parametrize(
    ("goal", "state", "drift", "number", "option"),
    [
        ("connected", "CONNECTED", {"UriEndpoint": "https://old.example.com"}, "N17", "xks_proxy_uri_endpoint"),
        ("present", "CONNECTING", {"VpcEndpointServiceName": OTHER_SERVICE}, "N17", "vpc_endpoint_service_name"),
        ("present", "FAILED", {"UriPath": "/old/kms/xks/v1"}, "N10", "uri_path"),
    ],
)
def test_differences_that_the_state_forbids(
    goal: str, state: str, drift: dict[str, str], number: str, option: str
) -> None:
    given = params(state=goal)
    plan = key_store.plan(given, view(given, raw(state, **drift)))
    assert stops(plan) == [number]
    assert option in str(plan.unmet[0])
    assert "with state disconnected" in str(plan.unmet[0])


def test_what_is_no_difference() -> None:
    for given in (bare(), params(xks_proxy_uri_endpoint="https://XKS-proxy.example.com")):
        assert key_store.plan(given, view(given, raw())).steps == ()
    secret = {"access_key_id": "ABCDEFGHIJKLMNOPQRST", "raw_secret_access_key": SECRET[::-1]}
    given = params(xks_proxy_authentication_credential=secret, xks_proxy_vpc_endpoint_service_owner="210987654321")
    assert key_store.plan(given, view(given, raw(VpcEndpointServiceOwner=None))).steps == ()


def test_failed_is_reported_with_its_remedy() -> None:
    given = bare()
    plan = key_store.plan(given, view(given, raw("FAILED")))
    assert plan.facts["connection_error_code"] == plan.facts["remedy"]["code"] == "XKS_PROXY_NOT_REACHABLE"
    assert all(step in str(plan.unmet[0]) for step in plan.facts["remedy"]["steps"])


@pytest.mark.parametrize(
    ("goal", "states", "unreadable", "force", "expected"),
    [
        ("disconnected", [], 0, False, []),
        ("disconnected", ["Enabled"], 0, False, ["N17"]),
        ("disconnected", ["Disabled"], 0, False, []),
        ("disconnected", ["Enabled", "PendingDeletion"], 3, True, []),
        ("disconnected", [], 1, False, ["N17"]),
        ("absent", [], 0, False, []),
        ("absent", ["PendingDeletion"], 0, True, ["N18"]),
        ("absent", ["Enabled"], 0, False, ["N18"]),
        ("absent", [], 1, False, ["N17"]),
        ("absent", [], 1, True, []),
    ],
)
def test_keys_in_a_connected_store(
    goal: str, states: list[str], unreadable: int, force: bool, expected: list[str]
) -> None:
    given = bare(state=goal, force=force)
    plan = key_store.plan(given, keys(view(given, raw()), *states, unreadable=unreadable))
    assert stops(plan) == expected
    assert len(plan.facts["kms_keys"]) == len(states)


def test_many_keys_are_counted_not_listed() -> None:
    given = bare(state="disconnected")
    plan = key_store.plan(given, keys(view(given, raw()), *["Enabled"] * 9, "Disabled"))
    assert "9 KMS keys would become unusable" in str(plan.unmet[0])
    assert "4 more" in str(plan.unmet[0])


@pytest.mark.parametrize("goal", GOALS)
def test_stores_of_another_kind(goal: str) -> None:
    given = bare(state=goal)
    cloudhsm = {**raw(), "CustomKeyStoreType": "AWS_CLOUDHSM", "XksProxyConfiguration": None}
    assert stops(key_store.plan(given, view(given, cloudhsm))) == ["R143"]


def test_an_id_that_nobody_has() -> None:
    given = bare(custom_key_store_name=None, custom_key_store_id="cks-0")
    assert stops(key_store.plan(given, view(given, raw()))) == ["R73"]
    assert stops(key_store.plan({**given, "state": "absent"}, view(given, raw()))) == []
