# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of an existing external key store: live, at rest, out of FAILED; name, secret and connectivity."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_view as views
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.key_store_states import (
    CONNECT,
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

LIVE: dict[str, str] = {"UriPath": "/old/kms/xks/v1"}
CREDENTIAL: dict[str, str] = {"AccessKeyId": "QQQQQQQQQQQQQQQQQQQQ"}
AT_REST: dict[str, str] = {"UriEndpoint": "https://old.example.com"}
PUBLIC: dict[str, Any] = {
    "Connectivity": "PUBLIC_ENDPOINT", "VpcEndpointServiceName": None, "VpcEndpointServiceOwner": None,
    "UriEndpoint": "https://public.example.com",
}
THROUGH = [DISCONNECT, UPDATE, CONNECT]
# (goal, state, drift, options) -> the calls, or the requirements that stop them.
CHANGES: list[tuple[str, str, dict[str, str], dict[str, Any], list[str]]] = [
    ("connected", "CONNECTED", LIVE, {}, [UPDATE]),
    ("connected", "CONNECTED", LIVE, {"force": True}, [UPDATE]),
    ("connected", "CONNECTED", AT_REST, {}, ["N17"]),
    ("connected", "CONNECTED", AT_REST, {"force": True}, THROUGH),
    ("connected", "CONNECTING", AT_REST, {"force": True}, THROUGH),
    ("connected", "CONNECTED", {**AT_REST, **CREDENTIAL}, {"force": True}, THROUGH),
    ("connected", "DISCONNECTED", AT_REST, {}, [UPDATE, CONNECT]),
    # What never connects, never disconnects either.
    ("present", "CONNECTED", AT_REST, {"force": True}, ["N17"]),
    ("present", "FAILED", LIVE, {"force": True}, ["N10"]),
    ("present", "FAILED", {}, {"force_update_credential": True}, ["N10"]),
    # Neither the task nor AWS shows that anything is better now.
    ("connected", "FAILED", {}, {}, ["N10"]),
    ("connected", "FAILED", LIVE, {"force": True, "recover_failed": False}, ["N10"]),
    ("connected", "FAILED", {}, {"force": True}, [DISCONNECT, CONNECT]),
    ("connected", "FAILED", LIVE, {}, THROUGH),
    ("connected", "FAILED", AT_REST, {}, THROUGH),
    ("connected", "CONNECTED", {}, {"force_update_credential": True}, [UPDATE]),
    ("present", "CONNECTED", {}, {"force_update_credential": True}, [UPDATE]),
    ("connected", "DISCONNECTED", {}, {"force_update_credential": True}, [UPDATE, CONNECT]),
    ("disconnected", "CONNECTED", {}, {"force_update_credential": True}, [DISCONNECT, UPDATE]),
    ("connected", "CONNECTED", {}, {"new_custom_key_store_name": "renamed"}, [UPDATE]),
    ("disconnected", "DISCONNECTED", {}, {"new_custom_key_store_name": "renamed"}, [UPDATE]),
    ("connected", "CONNECTED", {}, {"new_custom_key_store_name": "payments"}, []),
    ("connected", "CONNECTED", {}, {"new_custom_key_store_name": "store-2"}, ["N3"]),
    ("connected", "CONNECTED", {}, {"xks_proxy_vpc_endpoint_service_name": OTHER_SERVICE}, ["N17"]),
]


@pytest.mark.parametrize(("goal", "state", "drift", "options", "expected"), CHANGES)
def test_changes(goal: str, state: str, drift: dict[str, str], options: dict[str, Any], expected: list[str]) -> None:
    given = params(state=goal, **options)
    plan = key_store.plan(given, view(given, neighbour(), raw(state, **drift)))
    assert (stops(plan) or verbs(plan)) == expected
    if not stops(plan) and not given["force_update_credential"]:
        assert key_store.plan(given, plan.after).steps == ()


@pytest.mark.parametrize(
    ("goal", "state", "drift", "name"), list(itertools.product(GOALS, STATES, [{}, LIVE, AT_REST, PUBLIC], [None, "b"]))
)
def test_the_fixed_point(goal: str, state: str, drift: dict[str, str], name: str | None) -> None:
    given = params(
        state=goal, force=True, new_custom_key_store_name=name, effective_after=300,
        xks_proxy_connectivity="VPC_ENDPOINT_SERVICE",
    )
    plan = key_store.plan(given, view(given, raw(state, **drift)))
    if not stops(plan):
        again = key_store.plan(given, plan.after)
        assert (again.steps, stops(again)) == ((), [])


def test_a_live_change_goes_another_way_only_with_force() -> None:
    """AWS's pages disagree on what may change while CONNECTED (D23)."""
    for force in (False, True):
        given = params(force=force)
        plan = key_store.plan(given, keys(view(given, raw(**LIVE)), "Enabled"))
        (step,) = plan.steps
        assert [item.verb for item in step.instead] == (THROUGH if force else [])
        assert step.unless == (("CustomKeyStoreInvalidStateException",) if force else ())
        assert bool(plan.settle) is force
    update = step.instead[1]
    assert update.args == step.args
    assert [wait.what for wait in update.needs] == ["disconnection of key store payments"]
    assert update.undo


def test_what_is_refused_at_rest_is_undone() -> None:
    given = params(force=True)
    plan = key_store.plan(given, keys(view(given, raw(**AT_REST)), "Enabled", "Disabled"))
    update = plan.steps[1]
    assert [getattr(item, "verb", "") for item in update.undo] == [CONNECT, "key_store"]
    assert [(change.kind, change.action) for change in plan.changes] == [
        ("connection", "update"), ("external key store", "update"), ("connection", "update"),
    ]
    (warning,) = plan.warnings
    assert "about 10 minutes" in warning
    assert "key-0 (Enabled) and key-1 (Disabled)" in warning
    assert len(plan.facts["kms_keys"]) == 2
    # Nobody was connected before.
    given = params(force=True)
    plan = key_store.plan(given, view(given, raw("FAILED", **AT_REST)))
    assert (plan.steps[1].undo, plan.warnings) == ((), ())


def test_a_refusal_names_the_keys_that_a_disconnect_would_hit() -> None:
    given = params()
    plan = key_store.plan(given, keys(view(given, raw(**AT_REST)), "Enabled"))
    assert stops(plan) == ["N17", "N17"]
    assert "key-0 (Enabled)" in str(plan.unmet[1])
    assert "force: true" in str(plan.unmet[0])


def test_the_secret_is_sent_again_only_when_that_is_asked_for_or_needed() -> None:
    """N13."""
    wrong_secret = {**raw("FAILED"), "ConnectionErrorCode": "INVALID_CREDENTIALS"}
    sent: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
        (params(), raw(), False),
        (params(force_update_credential=True), raw(), True),
        (bare(force_update_credential=True), raw(), False),
        (params(force=True), raw("FAILED"), False),
        (params(), wrong_secret, True),
        (params(recover_failed=False), wrong_secret, False),
        (params(state="disconnected"), wrong_secret, True),
        (params(state="present"), wrong_secret, False),
        (params(), raw(**CREDENTIAL), True),
        (params(), raw(**LIVE), False),
    ]
    for given, store, expected in sent:
        plan = key_store.plan(given, view(given, store))
        found = [step.args["XksProxyAuthenticationCredential"] for step in plan.steps
                 if "XksProxyAuthenticationCredential" in step.args]
        assert found == ([{"AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": SECRET}] if expected else [])
        assert SECRET not in repr((plan.diff, plan.after, plan.facts, plan.actions, plan.warnings, plan.unmet))
    given = params(force_update_credential=True)
    (diff,) = key_store.plan(given, view(given, raw())).diff
    assert diff["after"]["raw_secret_access_key"] == "(sent again)"


def test_how_long_an_update_is_watched() -> None:
    given = params(effective_after=300)
    for store in (raw(**CREDENTIAL), raw()):
        plan = key_store.plan(given, view(given, store))
        (wait,) = plan.settle
        assert (wait.hold, wait.args) == (300, {"store_id": store["CustomKeyStoreId"], "key_id": None})
        assert plan.facts["previous_access_key_id"] == store["XksProxyConfiguration"]["AccessKeyId"]
        assert plan.warnings == ()
    # A store that is connected in this run has no other credential.
    plan = key_store.plan(given, view(given, raw("DISCONNECTED", **CREDENTIAL)))
    assert [wait.hold for wait in plan.settle] == [0]
    given = params()
    plan = key_store.plan(given, view(given, raw(**CREDENTIAL)))
    assert plan.settle == ()
    assert "for up to 5 minutes" in plan.warnings[0]


@pytest.mark.parametrize(("home", "expected"), [("cks-00000000000000001", []), ("cks-2", ["R135"]), (None, ["R135"])])
def test_only_a_key_of_the_store_proves_that_it_works(home: str | None, expected: list[str]) -> None:
    given = params(verify_key_id="alias/a")
    metadata = {"KeyId": "key-1", "KeyState": "Enabled", "CustomKeyStoreId": home}
    assert stops(key_store.plan(given, views.with_verify_key(view(given, raw()), metadata))) == expected
    assert stops(key_store.plan(given, views.with_verify_key(view(given), metadata))) == ["R135"]


def failed_with(code: str) -> dict[str, Any]:
    return {**raw("FAILED"), "ConnectionErrorCode": code}


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        ("INTERNAL_ERROR", {}, []),
        ("XKS_PROXY_TIMED_OUT", {}, []),
        ("XKS_PROXY_NOT_REACHABLE", {}, ["N10"]),
        ("XKS_PROXY_NOT_REACHABLE", {"force": True}, []),
        ("INVALID_CREDENTIALS", {}, []),
        ("INVALID_CREDENTIALS", {"xks_proxy_authentication_credential": None}, ["N10"]),
        ("XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", {}, ["N10"]),
        *((code, {"recover_failed": False, "force": True}, ["N10"]) for code in ("INTERNAL_ERROR", "NEW_CODE")),
    ],
)
def test_when_it_helps_to_connect_a_failed_store_again(
    code: str, options: dict[str, Any], expected: list[str]
) -> None:
    given = params(**options)
    plan = key_store.plan(given, view(given, failed_with(code)))
    assert stops(plan) == expected
    if expected:
        assert ("force: true" if given["recover_failed"] else "recover_failed: true") in str(plan.unmet[0])


@pytest.mark.parametrize(("flaw", "expected"), [({}, []), ({"AcceptanceRequired": True}, ["N10", "R8"])])
def test_a_repaired_endpoint_service_is_seen(flaw: dict[str, Any], expected: list[str]) -> None:
    given = params()
    repaired = service()
    repaired["own"] |= {"PrivateDnsName": "xks-proxy.example.com", **flaw}
    store = failed_with("XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION")
    assert stops(key_store.plan(given, views.with_service(view(given, store), repaired))) == expected


@pytest.mark.parametrize(
    ("state", "options", "expected"),
    [
        ("FAILED", {"force": True}, 2),
        ("DISCONNECTED", {}, 2),
        (None, {}, 2),
        ("DISCONNECTED", {"recover_failed": False}, 0),
    ],
)
def test_how_often_a_connect_is_tried_again(state: str | None, options: dict[str, Any], expected: int) -> None:
    given = params(**options)
    plan = key_store.plan(given, view(given, *([raw(state)] if state else [])))
    (wait,) = plan.settle
    failure = {"connection_error_code": "INTERNAL_ERROR", "remedy": {"retryable": True}}
    tries = [wait.again(failure, tried) for tried in range(4)]
    assert [bool(item) for item in tries] == [tried < expected for tried in range(4)]
    assert {item.pause for item in tries if item} <= {120}
    assert wait.again({**failure, "remedy": {"retryable": False}}, 0) is None


def test_a_rename_is_found_again() -> None:
    given = params(new_custom_key_store_name="renamed")
    plan = key_store.plan(given, view(given, raw()))
    assert plan.steps[0].args == {"CustomKeyStoreId": "cks-00000000000000001", "NewCustomKeyStoreName": "renamed"}
    names = [[item[side]["custom_key_store_name"] for side in ("before", "after")] for item in plan.diff]
    assert names == [["payments", "renamed"]]
    assert key_store.plan(given, view(given, raw(name="renamed"))).steps == ()
    assert verbs(key_store.plan({**given, "state": "absent"}, view(given, raw(name="renamed"))))
    assert stops(key_store.plan(given, view(given))) == ["R73"]
    by_id = {**given, "custom_key_store_name": None, "custom_key_store_id": "cks-00000000000000001"}
    assert verbs(key_store.plan(by_id, view(by_id, raw()))) == [UPDATE]


SWITCHES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | list[str]]] = [
    (
        {},
        {"xks_proxy_connectivity": "PUBLIC_ENDPOINT", "xks_proxy_uri_endpoint": "https://public.example.com"},
        {"XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyUriEndpoint": "https://public.example.com"},
    ),
    (
        PUBLIC,
        {
            "xks_proxy_connectivity": "VPC_ENDPOINT_SERVICE",
            "xks_proxy_uri_endpoint": "https://xks-proxy.example.com",
            "xks_proxy_vpc_endpoint_service_name": SERVICE_NAME,
            "xks_proxy_vpc_endpoint_service_owner": "210987654321",
        },
        {
            "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
            "XksProxyUriEndpoint": "https://xks-proxy.example.com",
            "XksProxyVpcEndpointServiceName": SERVICE_NAME,
            "XksProxyVpcEndpointServiceOwner": "210987654321",
        },
    ),
    ({}, {"xks_proxy_connectivity": "PUBLIC_ENDPOINT"}, ["R20"]),
    (PUBLIC, {"xks_proxy_connectivity": "VPC_ENDPOINT_SERVICE"}, ["R20", "R73"]),
]


@pytest.mark.parametrize(("now", "options", "expected"), SWITCHES)
def test_another_connectivity(
    now: dict[str, Any], options: dict[str, Any], expected: dict[str, Any] | list[str]
) -> None:
    given = bare(**options)
    plan = key_store.plan(given, view(given, raw("DISCONNECTED", **now)))
    if isinstance(expected, list):
        assert stops(plan) == expected
        return
    assert verbs(plan) == [UPDATE, CONNECT]
    assert plan.steps[0].args == {"CustomKeyStoreId": "cks-00000000000000001", **expected}
    assert key_store.plan(given, plan.after).steps == ()


def test_a_public_store_keeps_its_connectivity_and_needs_no_service() -> None:
    given = bare(state="disconnected")
    assert verbs(key_store.plan(given, view(given, raw(**PUBLIC)))) == [DISCONNECT]
    given = params(
        xks_proxy_connectivity="PUBLIC_ENDPOINT", xks_proxy_vpc_endpoint_service_name=None,
        xks_proxy_uri_endpoint="https://public.example.com",
    )
    plan = key_store.plan(given, view(given))
    assert stops(plan) == []
    assert {"XksProxyVpcEndpointServiceName", "XksProxyVpcEndpointServiceOwner"} & set(plan.steps[0].args) == set()
    assert plan.steps[0].args["XksProxyConnectivity"] == "PUBLIC_ENDPOINT"
    assert plan.after["store"]["xks_proxy_configuration"]["vpc_endpoint_service_name"] is None
    missing = bare(xks_proxy_connectivity="PUBLIC_ENDPOINT")
    assert {item.what for item in blocking(key_store.plan(missing, view(missing)).unmet)} == {
        "xks_proxy_uri_endpoint", "xks_proxy_uri_path", "xks_proxy_authentication_credential",
    }
    # Two public stores share an endpoint if their paths differ; with an endpoint service nobody does.
    other = raw(name="other", number=2, **PUBLIC)
    assert stops(key_store.plan(given, view(given, other))) == ["R6"]
    assert stops(key_store.plan({**given, "xks_proxy_uri_path": "/b/kms/xks/v1"}, view(given, other))) == []
    private = raw(name="other", number=2, UriEndpoint=PUBLIC["UriEndpoint"], VpcEndpointServiceName=OTHER_SERVICE)
    assert stops(key_store.plan({**given, "xks_proxy_uri_path": "/b/kms/xks/v1"}, view(given, private))) == ["R6"]
