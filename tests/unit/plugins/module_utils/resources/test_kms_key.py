# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import kms_key, kms_key_checks, kms_key_view

STORE = {"CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "payments", "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
         "ConnectionState": "CONNECTED"}
HSM = {"CustomKeyStoreId": "cks-2", "CustomKeyStoreName": "hsm", "ConnectionState": "CONNECTED",
       "CloudHsmClusterId": "cluster-1"}
KEY = {"KeyId": "k1", "Arn": "arn:aws:kms:eu-central-1:123456789012:key/k1", "KeyState": "Enabled", "Description": "",
       "CustomKeyStoreId": "cks-1", "XksKeyConfiguration": {"Id": "key-1"}, "Origin": "EXTERNAL_KEY_STORE"}
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})


def params(**given: Any) -> dict[str, Any]:
    return {
        "state": "present", "custom_key_store_id": "cks-1", "custom_key_store_name": None, "key_id": None,
        "xks_key_id": "key-1", "alias": None, "purge_alias": False, "move_alias": False, "description": None,
        "policy": None, "enabled": None, "pending_window_in_days": None, "cancel_deletion": False,
        "expected_connection_state": None, "xks_proxy_address": None, "tags": None, "purge_tags": True, "wait": True,
        "wait_timeout": 600, **given,
    }


def state(given: dict[str, Any], *keys: dict[str, Any], **details: Any) -> Any:
    store = details.pop("store", STORE)
    view = kms_key_view.normalise(given, "eu-central-1", [store] if store else [], details.pop("all_aliases", []))
    view = kms_key_view.with_candidates(given, view, list(keys), details.pop("unreadable", 0))
    view = kms_key_view.with_zones(view, details.pop("zones", None))
    found = {"aliases": [], "tags": {}, "policy": None, "usage": None, **details}
    return kms_key_view.with_details(view, found if keys else None)


# options, keys, details of the key, verbs of the steps
PLANS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], list[str]]] = {
    "nothing there": ({}, [], {}, ["create_key"]),
    "all of it": (
        {"alias": ["a", "alias/b"], "description": "d", "policy": POLICY, "tags": {"t": "1"}, "enabled": False}, [], {},
        ["create_key", "kms.disable_key", "create_alias", "create_alias"],
    ),
    "nothing to do": ({"enabled": True}, [KEY], {}, []),
    "all of it differs": (
        {"alias": ["a"], "purge_alias": True, "description": "d", "policy": POLICY, "tags": {"t": "1"},
         "enabled": False},
        [KEY],
        {"aliases": ["alias/x"], "tags": {"u": "2"}, "policy": POLICY.replace("kms:*", "kms:Decrypt")},
        ["kms.disable_key", "kms.update_key_description", "kms.tag_resource", "kms.untag_resource", "put_policy",
         "create_alias", "kms.delete_alias"],
    ),
    "tags of AWS and ours stay": ({"tags": {}}, [KEY], {"tags": {"aws:x": "1", "keylink:alias": "alias/a"}}, []),
    "tags are texts": ({"tags": {"n": 1, "b": True}}, [KEY], {"tags": {"n": "1", "b": "True"}}, []),
    "another key's alias": (
        {"alias": ["a"], "move_alias": True}, [KEY],
        {"all_aliases": [{"AliasName": "alias/a", "TargetKeyId": "k9"}]}, ["kms.update_alias"],
    ),
    "cancel": ({"cancel_deletion": True}, [{**KEY, "KeyState": "PendingDeletion"}], {}, ["cancel_deletion"]),
    "cancel and enable": (
        {"cancel_deletion": True, "enabled": True}, [{**KEY, "KeyState": "PendingDeletion"}], {},
        ["cancel_deletion", "kms.enable_key"],
    ),
    "unavailable": ({"enabled": True}, [{**KEY, "KeyState": "Unavailable"}], {}, []),
    "delete": ({"state": "absent", "pending_window_in_days": 7}, [KEY], {}, ["schedule_deletion"]),
    "deleted already": ({"state": "absent"}, [{**KEY, "KeyState": "PendingDeletion"}], {}, []),
    "never there": ({"state": "absent"}, [], {}, []),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_reaches_what_it_predicts(name: str) -> None:
    options, keys, details, verbs = PLANS[name]
    given = params(**options)
    plan = kms_key.plan(given, state(given, *keys, **dict(details)))
    assert plan.unmet == ()
    assert [step.verb for step in plan.steps] == verbs
    again = kms_key.plan(given, plan.after)
    assert (again.steps, again.unmet) == ((), ())
    assert kms_key_view.returns(given, plan.after).keys() == kms_key_view.returns(given, {"key": None}).keys()


# options, keys, more of the state, numbers
PROBLEMS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], set[str]]] = {
    "no store": ({}, [], {"store": None}, {"R135"}),
    "store not connected": ({}, [], {"store": {**STORE, "ConnectionState": "FAILED"}}, {"R135"}),
    "no external key": ({"xks_key_id": None, "alias": ["a"]}, [], {}, {"N31"}),
    "external key for CloudHSM": ({"custom_key_store_id": "cks-2", "alias": ["a"]}, [], {"store": HSM}, {"R143"}),
    "no alias in CloudHSM": ({"custom_key_store_id": "cks-2"}, [], {"store": HSM}, {"R143", "N32"}),
    "one zone": (
        {"custom_key_store_id": "cks-2", "xks_key_id": None, "alias": ["a"]}, [], {"store": HSM, "zones": ["a", "a"]},
        {"N11"},
    ),
    "another store": ({"key_id": "k1"}, [{**KEY, "CustomKeyStoreId": "cks-9"}], {}, {"N30"}),
    "another external key": ({"key_id": "k1", "xks_key_id": "key-9"}, [KEY], {}, {"N30"}),
    "a key of AWS KMS": ({"key_id": "k1", "xks_key_id": None}, [{"KeyId": "k1", "Origin": "AWS_KMS"}], {}, {"N30"}),
    "two keys of the aliases": (
        {"xks_key_id": None, "alias": ["a", "b"]}, [KEY, {**KEY, "KeyId": "k2"}], {}, {"N32"},
    ),
    "waits for its deletion": ({}, [{**KEY, "KeyState": "PendingDeletion"}], {}, {"N18"}),
    "no window": ({"state": "absent"}, [KEY], {}, {"N18"}),
    "alias of another key": (
        {"alias": ["a"]}, [KEY], {"all_aliases": [{"AliasName": "alias/a", "TargetKeyId": "k9"}]}, {"N32"},
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_stops_a_plan_is_named(name: str) -> None:
    options, keys, more, numbers = PROBLEMS[name]
    given = params(**options)
    plan = kms_key.plan(given, state(given, *keys, **dict(more)))
    assert {item.number for item in plan.unmet if item.blocking} == numbers


def test_keys_that_cannot_be_looked_at_stop_nothing() -> None:
    given = params()
    plan = kms_key.plan(given, state(given, unreadable=3))
    assert [(item.number, item.blocking) for item in plan.unmet] == [("N30", False)]
    assert plan.steps


def test_a_deletion_tells_when_the_key_was_used_last() -> None:
    given = params(state="absent")
    usage = {"KeyLastUsage": {"Operation": "Decrypt", "Timestamp": "2026-01-02"}, "TrackingStartDate": "2025-01-01"}
    plan = kms_key.plan(given, state(given, KEY, usage=usage))
    assert "last used at 2026-01-02 (Decrypt)" in str(plan.unmet[0])
    last = {"operation": "Decrypt", "timestamp": "2026-01-02", "tracked_since": "2025-01-01"}
    assert plan.facts["last_usage"] == last
    plan = kms_key.plan(given, state(given, KEY, usage={"TrackingStartDate": "2025-01-01"}))
    assert "no use on record since 2025-01-01" in str(plan.unmet[0])


def test_a_store_that_connects_is_waited_for() -> None:
    given = params()
    (step,) = kms_key.plan(given, state(given, store={**STORE, "ConnectionState": "CONNECTING"})).steps
    assert [wait.what for wait in step.needs] == ["connection of key store payments"]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({"xks_key_id": "a/b"}, ["N3"]),
        ({"alias": ["aws/x", "a b", ""]}, ["N3", "N3", "N3"]),
        ({"alias": ["a/b_c-1", "alias/x"]}, []),
        ({"description": "x" * 8193}, ["N3"]),
        ({"policy": "[]"}, ["R107"]),
        ({"pending_window_in_days": 6}, ["N3"]),
        ({"xks_proxy_address": "https://proxy:x"}, ["N3"]),
        ({"xks_proxy_address": "proxy.example.com:8443"}, []),
        ({"tags": {"AWS:x": "1"}}, ["N3"]),
    ],
)
def test_options_are_checked_before_the_first_call(options: dict[str, Any], numbers: list[str]) -> None:
    found = kms_key_checks.check(params(**options), "eu-central-1")
    assert [item.number for item in found] == numbers


@pytest.mark.parametrize(
    ("judge", "seen", "status"),
    [
        (kms_key.judge_usable, {"KeyState": "Enabled"}, "done"),
        (kms_key.judge_usable, {"KeyState": "Creating"}, "waiting"),
        (kms_key.judge_usable, None, "waiting"),
        (kms_key.judge_doomed, {"KeyState": "PendingDeletion"}, "done"),
        (kms_key.judge_doomed, {"KeyState": "Enabled"}, "waiting"),
        (kms_key.judge_doomed, None, "done"),
    ],
)
def test_a_look_at_a_key(judge: Any, seen: dict[str, Any] | None, status: str) -> None:
    assert judge(seen).status == status


CALLS = (
    "CreateKey", "CreateAlias", "UpdateAlias", "DeleteAlias", "TagResource", "UntagResource", "UpdateKeyDescription",
    "EnableKey", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "CancelKeyDeletion",
)


@pytest.mark.parametrize("call", CALLS)
def test_each_documented_refusal_of_a_call_is_explained(call: str) -> None:
    model = botocore.session.get_session().get_service_model("kms").operation_model(call)
    assert [shape.name for shape in model.error_shapes if shape.name not in kms_key.EXPLAIN] == []
