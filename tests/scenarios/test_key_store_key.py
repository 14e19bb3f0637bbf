# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""key_store_key against the embedded AWS: made once, repaired property by property, deleted by name only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.proxy import ExternalKey, XksProxy
from scenarios import prerequisites as before
from scenarios.harness import run_module
from scenarios.key_stores import SECRET, connected, kms, last, numbers, writes

PENDING_STORE = "(known after apply: key_store.payments.custom_key_store_id)"
OPTIONS: dict[str, Any] = {
    "key_store_name": "payments",
    "xks_key_id": "key-1",
    "alias": ["payments", "alias/card-data"],
    "description": "Card data",
    "policy": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Administer",
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    ),
    "tags": {"team": "payments"},
    "enabled": True,
}


@pytest.fixture
def proxy(world: Any, tmp_path: Path) -> Iterator[XksProxy]:
    keys = {
        "key-1": ExternalKey(),
        "key-2": ExternalKey(),
        "disabled": ExternalKey(status="DISABLED"),
        "short": ExternalKey(spec="AES_128"),
    }
    with before.proxy(world, tmp_path, keys=keys) as running:
        yield running


@pytest.fixture
def store_id(world: Any, proxy: XksProxy) -> str:
    return str(connected(world, before.endpoint_service(world.url))["custom_key_store_id"])


def run(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module(world.url, "key_store_key", check=check, **options)


def made(world: Any, **options: Any) -> dict[str, Any]:
    result = run(world, **{**OPTIONS, **options})
    assert not result.get("failed"), result["msg"]
    return result


def keys(world: Any) -> list[str]:
    return [key["KeyId"] for key in kms(world).list_keys()["Keys"]]


def aliases(world: Any) -> dict[str, str]:
    found = kms(world).list_aliases()["Aliases"]
    return {item["AliasName"]: item["TargetKeyId"] for item in found if not item["AliasName"].startswith("alias/aws/")}


def test_a_key_is_planned_made_and_left_alone(world: Any, store_id: str) -> None:
    mark = last(world)
    plan = run(world, check=True, **OPTIONS)
    assert writes(world, mark) == []
    assert plan["changed"] is True
    assert plan["key_id"] == "(known after apply: kms_key.payments.key_id)"
    done = made(world)
    assert set(plan) - {"invocation"} == set(done) - {"invocation"}
    assert set(plan["kms_key"]) == set(done["kms_key"])
    assert [item["resource"] for item in done["actions"]] == ["KMS key", "alias", "alias"]
    assert writes(world, mark) == ["CreateKey", "CreateAlias", "CreateAlias"]
    key = done["kms_key"]
    assert (key["key_state"], key["xks_key_id"], key["custom_key_store_id"]) == ("Enabled", "key-1", store_id)
    assert (key["tags"], key["aliases"]) == ({"team": "payments"}, ["alias/card-data", "alias/payments"])
    assert aliases(world) == {"alias/payments": key["key_id"], "alias/card-data": key["key_id"]}
    mark = last(world)
    again = made(world)
    assert (again["changed"], again["key_id"]) == (False, key["key_id"])
    assert writes(world, mark) == []
    assert "ListKeys" not in [call["action"] for call in world.calls(since=mark)]


def test_check_mode_plans_a_key_in_a_store_that_does_not_exist_yet(world: Any) -> None:
    options = {**OPTIONS, "key_store_id": PENDING_STORE}
    del options["key_store_name"]
    plan = run(world, check=True, **options)
    assert not plan.get("failed"), plan
    assert plan["changed"] is True
    assert plan["kms_key"]["custom_key_store_id"] == PENDING_STORE
    assert "which check mode returns" not in plan.get("msg", "")
    refused = run(world, **options)
    assert "is what check mode returns" in refused["msg"]


def test_check_mode_believes_what_an_earlier_task_would_do(world: Any, store_id: str) -> None:
    kms(world).disconnect_custom_key_store(CustomKeyStoreId=store_id)
    plan = run(world, check=True, **OPTIONS)
    assert numbers(plan) == {"R135"}
    assert "DISCONNECTED" in plan["msg"]
    plan = run(world, check=True, **OPTIONS, expected_connection_state="CONNECTED")
    assert not plan.get("failed"), plan
    assert plan["changed"] is True


Drift = Callable[[Any, str], object]
DRIFTS: dict[str, tuple[Drift, list[str]]] = {
    "description": (lambda kms, key: kms.update_key_description(KeyId=key, Description="x"), ["UpdateKeyDescription"]),
    "enabled": (lambda kms, key: kms.disable_key(KeyId=key), ["EnableKey"]),
    "tag": (lambda kms, key: kms.untag_resource(KeyId=key, TagKeys=["team"]), ["TagResource"]),
    "other tag": (
        lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "x", "TagValue": "y"}]), ["UntagResource"],
    ),
    "alias": (lambda kms, key: kms.delete_alias(AliasName="alias/payments"), ["CreateAlias"]),
    "policy": (
        lambda kms, key: kms.put_key_policy(
            KeyId=key, PolicyName="default", Policy=OPTIONS["policy"].replace("Administer", "Other")
        ),
        ["PutKeyPolicy"],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_one_drift_is_repaired_alone(world: Any, store_id: str, name: str) -> None:
    key = made(world)["key_id"]
    drift, repair = DRIFTS[name]
    drift(kms(world), key)
    mark = last(world)
    plan = run(world, check=True, **OPTIONS)
    assert (plan["changed"], writes(world, mark)) == (True, [])
    assert len(plan["diff"]) == 1
    done = made(world)
    assert done["key_id"] == key
    assert writes(world, mark) == repair
    assert made(world)["changed"] is False


def test_another_spelling_of_a_policy_and_what_is_not_named_are_no_drift(world: Any, store_id: str) -> None:
    key = made(world)["key_id"]
    policy = json.loads(OPTIONS["policy"])
    policy["Statement"][0] |= {"Action": ["kms:*"], "Principal": {"AWS": "123456789012"}}
    assert made(world, policy=json.dumps(policy, indent=4))["changed"] is False
    kms(world).disable_key(KeyId=key)
    kms(world).create_alias(AliasName="alias/mine", TargetKeyId=key)
    again = run(world, key_store_id=store_id, xks_key_id="key-1")
    assert (again["changed"], again["key_id"], again["key_state"]) == (False, key, "Disabled")
    purged = made(world, enabled=None, purge_alias=True)
    assert [(item["action"], item["name"]) for item in purged["actions"]] == [
        ("keep", "payments"), ("keep", "alias/payments"), ("keep", "alias/card-data"), ("delete", "alias/mine"),
    ]


@pytest.mark.parametrize("way", ["alias", "key_id", "arn"])
def test_a_key_is_found_by_each_of_its_names(world: Any, store_id: str, way: str) -> None:
    key = made(world)
    names: dict[str, dict[str, Any]] = {
        "alias": {"key_store_id": store_id, "alias": ["card-data"]},
        "key_id": {"key_id": key["key_id"]},
        "arn": {"key_id": key["key_arn"]},
    }
    found = run(world, **names[way], description="other")
    assert found["key_id"] == key["key_id"]
    assert found["kms_key"]["description"] == "other"


def test_a_lost_answer_makes_one_key_only(world: Any, store_id: str) -> None:
    world.fault("reset_after", service="kms", action="CreateKey", times=1)
    done = made(world)
    assert keys(world) == [done["key_id"]]
    assert made(world)["changed"] is False


def test_a_run_that_ends_after_creating_is_finished_by_the_next(world: Any, store_id: str) -> None:
    world.configure(denied=["kms:CreateAlias"])
    failed = run(world, **OPTIONS)
    assert (failed["failed"], failed["changed"]) == (True, True)
    world.configure(denied=[])
    done = made(world)
    assert keys(world) == [done["key_id"]]
    assert len(aliases(world)) == 2


@pytest.mark.parametrize("action", ["CreateAlias", "ScheduleKeyDeletion", "CancelKeyDeletion"])
def test_other_lost_answers_are_no_failure(world: Any, store_id: str, action: str) -> None:
    world.fault("reset_after", service="kms", action=action, times=1)
    key = made(world)["key_id"]
    gone = run(world, key_id=key, state="absent", pending_window_in_days=7)
    assert (gone["changed"], gone["key_state"]) == (True, "PendingDeletion")
    back = made(world, cancel_deletion=True)
    assert (back["changed"], back["key_state"]) == (True, "Enabled")


def test_throttling_is_waited_out(world: Any, store_id: str) -> None:
    world.fault("throttle", service="kms", action="CreateKey", times=2)
    world.fault("throttle", service="kms", action="DescribeKey", times=2)
    done = made(world)
    assert keys(world) == [done["key_id"]]


def test_deletion_is_named_with_its_window(world: Any, store_id: str) -> None:
    key = made(world)["key_id"]
    kms(world).encrypt(KeyId=key, Plaintext=b"card")
    mark = last(world)
    refused = run(world, key_store_id=store_id, xks_key_id="key-1", state="absent")
    assert numbers(refused) == {"N18"}
    assert refused["last_usage"]["operation"] == "Encrypt"
    said = ("becomes unreadable for good", "alias/payments", "It was last used at", "pending_window_in_days: 7 to 30")
    assert [text for text in said if text not in refused["msg"]] == []
    assert numbers(run(world, key_id=key, state="absent", pending_window_in_days=3)) == {"N3"}
    assert writes(world, mark) == []
    options = {"key_store_id": store_id, "xks_key_id": "key-1", "state": "absent", "pending_window_in_days": 7}
    plan = run(world, check=True, **options)
    assert (plan["changed"], writes(world, mark)) == (True, [])
    gone = run(world, **options)
    assert (gone["key_state"], gone["previous_key_state"]) == ("PendingDeletion", "Enabled")
    assert gone["deletion_date"]
    assert "is deleted in 7 days unless that is cancelled" in gone["warnings"][0]
    mark = last(world)
    assert run(world, **options)["changed"] is False
    assert run(world, **{**options, "pending_window_in_days": None})["changed"] is False
    assert writes(world, mark) == []


def test_a_deletion_is_cancelled_by_name_only(world: Any, store_id: str) -> None:
    key = made(world)["key_id"]
    kms(world).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    mark = last(world)
    refused = run(world, **OPTIONS)
    assert numbers(refused) == {"N18"}
    assert "cancel_deletion: true" in refused["msg"]
    assert writes(world, mark) == []
    back = made(world, cancel_deletion=True, enabled=None)
    assert (back["key_id"], back["key_state"], back["deletion_date"]) == (key, "Disabled", None)
    assert "enabled: true makes it usable" in back["warnings"][0]
    assert made(world, cancel_deletion=True)["key_state"] == "Enabled"
    mark = last(world)
    assert made(world, cancel_deletion=True)["changed"] is False
    assert writes(world, mark) == []


def test_what_never_existed_is_absent(world: Any, store_id: str) -> None:
    mark = last(world)
    for options in ({"key_store_name": "payments"}, {"key_store_name": "nothing"}):
        gone = run(world, **options, xks_key_id="key-2", state="absent", pending_window_in_days=7)
        assert (gone["changed"], gone["kms_key"]) == (False, None)
    assert writes(world, mark) == []


def test_an_external_key_is_rotated_by_moving_the_alias(world: Any, store_id: str) -> None:
    old = made(world)["key_id"]
    mark = last(world)
    refused = run(world, **{**OPTIONS, "xks_key_id": "key-2"})
    assert numbers(refused) == {"N32"}
    assert old in refused["msg"]
    assert writes(world, mark) == []
    new = made(world, xks_key_id="key-2", move_alias=True)["key_id"]
    assert writes(world, mark) == ["CreateKey", "UpdateAlias", "UpdateAlias"]
    assert aliases(world) == {"alias/payments": new, "alias/card-data": new}
    assert sorted(keys(world)) == sorted([old, new])


# options, the code of AWS, what the message says besides
REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"xks_key_id": "none"}, "XksKeyNotFoundException", "exactly as the proxy names it"),
    ({"xks_key_id": "disabled"}, "XksKeyInvalidConfigurationException", "Enable the external key"),
    ({"xks_key_id": "short"}, "XksKeyInvalidConfigurationException", "256-bit AES key"),
]


@pytest.mark.parametrize(("options", "code", "text"), REFUSALS, ids=[row[0]["xks_key_id"] for row in REFUSALS])
def test_refusals_of_aws_are_explained(
    world: Any, store_id: str, options: dict[str, Any], code: str, text: str
) -> None:
    refused = run(world, **{**OPTIONS, **options})
    assert refused["error"]["code"] == code
    assert refused["changed"] is False
    assert text in refused["msg"]
    assert "N31" in refused["msg"]


@pytest.mark.parametrize("options", [row[0] for row in REFUSALS], ids=[row[0]["xks_key_id"] for row in REFUSALS])
def test_the_proxy_tells_before_aws_is_asked(
    world: Any, store_id: str, proxy: XksProxy, options: dict[str, Any]
) -> None:
    host, port = proxy.address
    asked = {
        "xks_proxy_address": f"{host}:{port}", "xks_proxy_authentication_credential": dict(before.CREDENTIAL),
    }
    mark = last(world)
    for check in (True, False):
        refused = run(world, check=check, **{**OPTIONS, **options}, **asked)
        assert numbers(refused) == {"N31"}
        assert SECRET not in json.dumps(refused)
    assert writes(world, mark) == []
    assert made(world, **asked)["changed"] is True


def test_a_proxy_that_cannot_be_asked_from_here_stops_nothing(world: Any, store_id: str) -> None:
    credential = {**before.CREDENTIAL, "raw_secret_access_key": "x" * 44}
    done = made(world, xks_proxy_address="127.0.0.1:1", xks_proxy_authentication_credential=credential)
    assert [(item["number"], item["blocking"]) for item in done["unmet_requirements"]] == [("N31", False)]


def test_a_policy_that_locks_its_author_out_is_refused(world: Any, store_id: str) -> None:
    policy = OPTIONS["policy"].replace("kms:*", "kms:DescribeKey")
    refused = run(world, **{**OPTIONS, "policy": policy})
    assert refused["error"]["code"] == "MalformedPolicyDocumentException"
    assert "lock you out of the key" in refused["msg"]
    assert keys(world) == []


def test_an_external_key_in_use_that_cannot_be_seen(world: Any, store_id: str) -> None:
    made(world)
    world.configure(denied=["kms:DescribeKey"])
    refused = run(world, key_store_id=store_id, xks_key_id="key-1")
    assert refused["error"]["code"] == "XksKeyAlreadyInUseException"
    assert "may not look at (kms:DescribeKey)" in refused["msg"]


def test_a_proxy_that_does_not_answer_is_named(world: Any, store_id: str, proxy: XksProxy) -> None:
    world.configure(address_map={})
    refused = run(world, **OPTIONS)
    assert refused["error"]["code"] == "CustomKeyStoreInvalidStateException"
    assert "keylink.aws.xks_proxy_info" in refused["msg"]


def test_a_key_cannot_be_another_one(world: Any, store_id: str) -> None:
    key = made(world)["key_id"]
    plain = kms(world).create_key()["KeyMetadata"]["KeyId"]
    mark = last(world)
    refused = run(world, key_id=key, xks_key_id="key-2")
    assert numbers(refused) == {"N30"}
    assert "move_alias" in refused["msg"]
    refused = run(world, key_id=plain, description="x")
    assert "amazon.aws.kms_key" in refused["msg"]
    refused = run(world, key_id="00000000-0000-0000-0000-000000000000")
    assert numbers(refused) == {"N30"}
    assert numbers(run(world, key_store_name="nothing", xks_key_id="key-1")) == {"R135"}
    assert numbers(run(world, key_store_name="payments", alias=["unknown"])) == {"N31"}
    assert writes(world, mark) == []


def test_all_options_that_are_wrong_are_named_at_once_before_a_call(world: Any) -> None:
    mark = last(world)
    refused = run(
        world, key_store_name="payments", xks_key_id="a b", alias=["aws/mine", "x y"], policy="{", tags={"aws:x": "y"},
        pending_window_in_days=31,
    )
    assert [item["what"] for item in refused["unmet_requirements"]] == [
        "xks_key_id", "alias", "alias", "tags", "policy", "pending_window_in_days",
    ]
    assert last(world) == mark
    unsupported = run(world, **OPTIONS, key_spec="RSA_2048", multi_region=True)
    assert "Unsupported parameters" in unsupported["msg"]


def test_an_unavailable_key_is_kept_and_told(world: Any, store_id: str) -> None:
    made(world)
    kms(world).disconnect_custom_key_store(CustomKeyStoreId=store_id)
    mark = last(world)
    again = made(world)
    assert (again["changed"], again["key_state"]) == (False, "Unavailable")
    assert "enabled was not compared" in again["warnings"][0]
    assert made(world, description="other", enabled=None)["changed"] is True
    assert writes(world, mark) == ["UpdateKeyDescription"]
