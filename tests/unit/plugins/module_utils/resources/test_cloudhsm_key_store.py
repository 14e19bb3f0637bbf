# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a CloudHSM key store from every state to either goal, and the form of what it is made of."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    cloudhsm_checks,
    cloudhsm_key_store,
    cloudhsm_view,
)

STATES = (None, "CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING")
CLUSTER, OTHER = "cluster-234567abcde", "cluster-765432abcde"
PASSWORD = "kmsPswd1"


def pem(content: bytes) -> str:
    body = base64.b64encode(b"\x30\x82" + len(content).to_bytes(2, "big") + content).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


ANCHOR = pem(b"a" * 300)


def params(**others: Any) -> dict[str, Any]:
    return {
        "state": "present", "custom_key_store_id": None, "custom_key_store_name": "payments",
        "new_custom_key_store_name": None, "cloud_hsm_cluster_id": CLUSTER, "trust_anchor_certificate": ANCHOR,
        "key_store_password": PASSWORD, "change_existing": True, "force": False, "wait": True, "wait_timeout": 1800,
        **others,
    }


def view(given: dict[str, Any], state: str | None) -> dict[str, Any]:
    store = {
        "CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "payments", "CustomKeyStoreType": "AWS_CLOUDHSM",
        "CloudHsmClusterId": CLUSTER, "TrustAnchorCertificate": ANCHOR, "ConnectionState": state,
        **({"ConnectionErrorCode": "CLUSTER_NOT_FOUND"} if state == "FAILED" else {}),
    }
    return cloudhsm_view.normalise(given, "eu-central-1", [store] if state else [])


CREATE, UPDATE = ["create_custom_key_store"], ["update_custom_key_store"]
DISCONNECT, DELETE = ["disconnect_custom_key_store"], ["delete_custom_key_store"]
RENAME, MOVE = {"new_custom_key_store_name": "new"}, {"cloud_hsm_cluster_id": OTHER}
# What is done in each of STATES, or the requirement that is not met.
TABLE: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "present": ({}, [CREATE, [], [], [], [], []]),
    "rename": (RENAME, ["R139", UPDATE, UPDATE, "N10", UPDATE, UPDATE]),
    "move": (MOVE, [CREATE, "N17", "N17", "N10", UPDATE, UPDATE]),
    "both": ({**RENAME, **MOVE}, ["R139", "N17", "N17", "N10", UPDATE, UPDATE]),
    "only make": ({**MOVE, "change_existing": False}, [CREATE, [], [], [], [], []]),
    "absent": (
        {"state": "absent"},
        [[], DISCONNECT + DELETE, DISCONNECT + DELETE, DISCONNECT + DELETE, DELETE, DELETE],
    ),
}


@pytest.mark.parametrize(("case", "index"), list(itertools.product(TABLE, range(len(STATES)))))
def test_every_state(case: str, index: int) -> None:
    options, expected = TABLE[case]
    given, state = params(**options), STATES[index]
    plan = cloudhsm_key_store.plan(given, view(given, state))
    stopped = [item.number for item in blocking(plan.unmet)]
    assert (stopped or [step.verb.removeprefix("kms.") for step in plan.steps]) == (
        [expected[index]] if isinstance(expected[index], str) else expected[index]
    )
    assert PASSWORD not in repr((plan.diff, plan.after, plan.facts, plan.actions))
    if not stopped:
        again = cloudhsm_key_store.plan(given, plan.after)
        assert (again.steps, blocking(again.unmet)) == ((), [])
        # AWS KMS refuses a change between two states.
        half_way = state in ("CONNECTING", "DISCONNECTING") and case != "absent"
        assert all(bool(step.needs) is half_way for step in plan.steps if step.verb.endswith("update_custom_key_store"))


@pytest.mark.parametrize(
    ("text", "well"),
    [
        (ANCHOR, True),
        (ANCHOR.replace("\n", "\r\n"), True),
        (f"\n  {ANCHOR}", True),
        (ANCHOR + ANCHOR, False),
        (ANCHOR.replace("CERTIFICATE", "PRIVATE KEY"), False),
        (ANCHOR.replace("MI", "!!", 1), False),
        (pem(b"a" * 300)[:-60], False),
        ("", False),
        ("(known after apply: cluster.payments.certificate)", True),
    ],
)
def test_a_trust_anchor(text: str, well: bool) -> None:
    assert (cloudhsm_checks.trust_anchor(text) == []) is well


def test_two_spellings_of_a_trust_anchor_are_one() -> None:
    spelt = ANCHOR.replace("\n", "\r\n").strip()
    for anchor, expected in ((spelt, []), (pem(b"b" * 300), ["N11"]), (None, [])):
        given = params(trust_anchor_certificate=anchor)
        plan = cloudhsm_key_store.plan(given, view(given, "CONNECTED"))
        assert [item.number for item in plan.unmet] == expected


@pytest.mark.parametrize(
    ("value", "well"),
    [("kmsPswd", True), ("a" * 32, True), ("a" * 6, False), ("a" * 33, False), ("a b" * 3, False), ("kmsPswdß", False)],
)
def test_a_password(value: str, well: bool) -> None:
    found = cloudhsm_checks.password(value)
    assert (found == []) is well
    assert value not in str(found)
