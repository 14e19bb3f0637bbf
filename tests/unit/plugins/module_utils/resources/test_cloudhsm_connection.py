# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for the connection of a CloudHSM key store, from every state to either goal with every option."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import cloudhsm_connection, cloudhsm_view
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, REMEDIES

STATES = ("CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING")
GOALS = ("connected", "disconnected")
CLUSTER, OTHER = "cluster-234567abcde", "cluster-765432abcde"
PASSWORD = "kmsPswd1"
LETTERS = {
    "kms.connect_custom_key_store": "C",
    "kms.disconnect_custom_key_store": "D",
    "kms.update_custom_key_store": "U",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "password": {"key_store_password": PASSWORD},
    "new password": {"key_store_password": PASSWORD, "force_update_password": True},
    "same cluster": {"cloud_hsm_cluster_id": CLUSTER},
    "cluster": {"cloud_hsm_cluster_id": OTHER},
    "cluster and password": {
        "cloud_hsm_cluster_id": OTHER, "key_store_password": PASSWORD, "force_update_password": True
    },
    "force": {"force": True},
    "no recovery": {"recover_failed": False, "force": True, "key_store_password": PASSWORD},
    "no wait": {"wait": False},
    "verify": {"verify": True},
}
# What is done in each of STATES: disconnect, update, connect; or the requirement that is not met.
TABLE: dict[tuple[str, str], list[str]] = {
    ("connected", "nothing"): ["", "", "N10", "C", "C"],
    ("connected", "password"): ["", "", "DUC", "C", "C"],
    ("connected", "new password"): ["DUC", "DUC", "DUC", "UC", "UC"],
    ("connected", "same cluster"): ["", "", "N10", "C", "C"],
    ("connected", "cluster"): ["DUC", "DUC", "DUC", "UC", "UC"],
    ("connected", "cluster and password"): ["DUC", "DUC", "DUC", "UC", "UC"],
    ("connected", "force"): ["", "", "DC", "C", "C"],
    ("connected", "no recovery"): ["", "", "N10", "C", "C"],
    ("connected", "no wait"): ["", "", "N10", "C", "C"],
    ("connected", "verify"): ["", "", "N10", "C", "C"],
    ("disconnected", "nothing"): ["D", "D", "D", "", ""],
    ("disconnected", "password"): ["D", "D", "D", "", ""],
    ("disconnected", "new password"): ["DU", "DU", "DU", "U", "U"],
    ("disconnected", "same cluster"): ["D", "D", "D", "", ""],
    ("disconnected", "cluster"): ["DU", "DU", "DU", "U", "U"],
    ("disconnected", "cluster and password"): ["DU", "DU", "DU", "U", "U"],
    ("disconnected", "force"): ["D", "D", "D", "", ""],
    ("disconnected", "no recovery"): ["D", "D", "D", "", ""],
    ("disconnected", "no wait"): ["D", "D", "D", "", ""],
    ("disconnected", "verify"): ["D", "D", "D", "", ""],
}


def params(goal: str, **others: Any) -> dict[str, Any]:
    return {
        "state": goal, "custom_key_store_id": None, "custom_key_store_name": "payments", "key_store_password": None,
        "force_update_password": False, "cloud_hsm_cluster_id": None, "recover_failed": True, "transient_retries": 2,
        "transient_retry_delay": 60, "verify": False, "force": False, "wait": True, "wait_timeout": 1800, **others,
    }


def raw(state: str, code: str = "USER_LOCKED_OUT") -> dict[str, Any]:
    return {
        "CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "payments", "ConnectionState": state,
        "CloudHsmClusterId": CLUSTER, "TrustAnchorCertificate": "x",
        **({"ConnectionErrorCode": code} if state == "FAILED" else {}),
    }


def view(
    given: dict[str, Any], state: str, code: str = "USER_LOCKED_OUT", keys: tuple[str, ...] = (), **cluster: Any
) -> dict[str, Any]:
    """A store without a type, as AWS KMS showed all of them once, with a cluster that is well unless CLUSTER says."""
    found = cloudhsm_view.normalise(given, "eu-central-1", [raw(state, code)])
    described = {
        "ClusterId": given["cloud_hsm_cluster_id"] or CLUSTER, "State": "ACTIVE",
        "Hsms": [{"AvailabilityZone": zone, "State": "ACTIVE"} for zone in "ab"],
        "SubnetMapping": {}, "SecurityGroup": "", **cluster,
    }
    read = {
        "id": described["ClusterId"], "cluster": described, "former": None, "subnets": [], "groups": [], "denied": []
    }
    metadata = [{"KeyId": f"key-{number}", "KeyState": each} for number, each in enumerate(keys)]
    return cloudhsm_view.complete(found, {"cluster": read, "keys": {"keys": metadata, "unreadable": []}})


def done(plan: Plan) -> str:
    stopped = [item.number for item in blocking(plan.unmet)]
    return " ".join(stopped) or "".join(LETTERS[step.verb] for step in plan.steps)


def test_the_table_is_complete() -> None:
    assert set(TABLE) == set(itertools.product(GOALS, OPTIONS))


@pytest.mark.parametrize(("goal", "option"), TABLE)
def test_every_state_goal_and_option(goal: str, option: str) -> None:
    given = params(goal, **OPTIONS[option])
    plans = [cloudhsm_connection.plan(given, view(given, state)) for state in STATES]
    assert [done(plan) for plan in plans] == TABLE[goal, option]
    for state, plan in zip(STATES, plans):
        assert plan.facts["previous_connection_state"] == state
        assert plan.changed is bool(plan.steps)
        assert cloudhsm_connection.plan(given, view(given, state)) == plan
        # A diff says that a password is sent, and never which.
        assert PASSWORD not in repr((plan.diff, plan.after, plan.facts, plan.actions, plan.warnings, plan.unmet))
        if not blocking(plan.unmet):
            # The fixed point: all is reached, and a password that was to be sent again is the task's own wish.
            again = cloudhsm_connection.plan({**given, "force_update_password": False}, plan.after)
            assert (again.steps, blocking(again.unmet)) == ((), [])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("keys", [(), ("Enabled",), ("Disabled",), ("PendingDeletion", "Enabled")])
@pytest.mark.parametrize("option", ["nothing", "new password", "cluster"])
@pytest.mark.parametrize("goal", GOALS)
def test_keys_are_in_the_way_of_a_disconnect_alone(goal: str, option: str, keys: tuple[str, ...], state: str) -> None:
    """N17: only a connected store has keys that somebody can use."""
    for force in (False, True):
        given = params(goal, force=force, **OPTIONS[option])
        plan = cloudhsm_connection.plan(given, view(given, state, keys=keys))
        leaves = state == "CONNECTED" and "D" in TABLE[goal, option][0]
        assert ("N17" in done(plan)) is bool(leaves and "Enabled" in keys and not force)
        assert len(plan.facts["kms_keys"]) == len(keys)


PASSWORD_CODES = {"INVALID_CREDENTIALS", "USER_LOCKED_OUT", "USER_LOGGED_IN", "USER_NOT_FOUND"}
SEEN = {
    "CLUSTER_NOT_FOUND", "INSUFFICIENT_CLOUDHSM_HSMS", "SUBNET_NOT_FOUND", "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"
}


@pytest.mark.parametrize("code", [*REMEDIES[CLOUDHSM], "A_CODE_OF_TOMORROW", None])
def test_what_recovers_from_each_code(code: Any) -> None:
    """What passes by itself, what the task cures, and what AWS shows to be well again; else force, or nothing."""
    advice = REMEDIES[CLOUDHSM].get(code)
    passes = bool(advice and advice.retryable)
    expected = {
        "nothing": "DC" if passes or code in SEEN else "N10",
        "password": "DUC" if code in PASSWORD_CODES else "DC" if passes or code in SEEN else "N10",
        "cluster": "DUC",
        "force": "DC",
        "no recovery": "N10",
    }
    found = {}
    for option in expected:
        given = params("connected", **OPTIONS[option])
        found[option] = done(cloudhsm_connection.plan(given, view(given, "FAILED", code)))
    assert found == expected


@pytest.mark.parametrize("state", STATES)
def test_tries_that_come_later(state: str) -> None:
    given = params("connected", key_store_password=PASSWORD)
    (wait,) = cloudhsm_connection.plan(given, view(given, state)).settle or (None,)
    if wait is None:
        assert state == "CONNECTED"
        return
    failures = ("NETWORK_ERRORS", "INVALID_CREDENTIALS", "CLUSTER_NOT_FOUND")
    again = {code: wait.again({"connection_error_code": code, "remedy": {"retryable": code == "NETWORK_ERRORS"}}, 0)
             for code in failures}
    letters = {code: "".join(LETTERS[step.verb] for step in each.steps) if each else "" for code, each in again.items()}
    # A password that this run has sent already is not sent once more: five wrong ones lock kmsuser.
    cure = "" if state == "FAILED" else "DUC"
    assert letters == {"NETWORK_ERRORS": "DC", "INVALID_CREDENTIALS": cure, "CLUSTER_NOT_FOUND": ""}
    forbidden = {**given, "recover_failed": False}
    if state != "FAILED":
        (wait,) = cloudhsm_connection.plan(forbidden, view(forbidden, state)).settle
        assert wait.again({"connection_error_code": "NETWORK_ERRORS", "remedy": {"retryable": True}}, 0) is None


def test_only_what_is_to_change_is_sent() -> None:
    for option, expected in (
        ("new password", {"KeyStorePassword"}),
        ("cluster", {"CloudHsmClusterId"}),
        ("cluster and password", {"KeyStorePassword", "CloudHsmClusterId"}),
    ):
        given = params("connected", **OPTIONS[option])
        update = next(step for step in cloudhsm_connection.plan(given, view(given, "DISCONNECTED")).steps
                      if LETTERS[step.verb] == "U")
        assert set(update.args) - {"CustomKeyStoreId"} == expected


@pytest.mark.parametrize(
    ("option", "state", "cluster", "expected"),
    [
        ("nothing", "DISCONNECTED", {"Hsms": [{"AvailabilityZone": "a", "State": "ACTIVE"}]}, "C"),
        ("cluster", "DISCONNECTED", {"Hsms": [{"AvailabilityZone": "a", "State": "ACTIVE"}]}, "N11"),
        ("nothing", "DISCONNECTED", {"State": "DEGRADED"}, "R128"),
        ("nothing", "CONNECTED", {"State": "DEGRADED", "Hsms": []}, ""),
        ("nothing", "CONNECTING", {"Hsms": []}, ""),
        ("force", "FAILED", {"Hsms": []}, "R128"),
    ],
)
def test_what_the_cluster_must_be(option: str, state: str, cluster: dict[str, Any], expected: str) -> None:
    given = params("connected", **OPTIONS[option])
    assert done(cloudhsm_connection.plan(given, view(given, state, **cluster))) == expected


def test_the_address_that_the_store_itself_holds_is_no_lack() -> None:
    given = params("connected", **OPTIONS["new password"])
    for state, expected in (("DISCONNECTED", "R126"), ("CONNECTED", "DUC")):
        found = view(given, state)
        found["cluster"]["subnets"] = [{"subnet_id": "subnet-1", "free": 0}]
        assert done(cloudhsm_connection.plan(given, found)) == expected
