# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a key policy, as tables (R95, R102, R106, R107)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_policy import (
    check,
    key_name,
    lookups,
    normalise,
    plan,
    returns,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.policy_presets import key_policy

ACCOUNT = "123456789012"
PLACE = {"account": ACCOUNT, "region": "eu-central-1"}
KEY_ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/{KEY_ID}"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/ana"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run"
PENDING = "(known after apply: VPC endpoint.payments.vpc_endpoint_id)"
NEW_KEY = "(known after apply: KMS key.payments.key_id)"
DEFAULT = key_policy("default", **PLACE)
THROUGH = key_policy("through_endpoint", **PLACE, endpoints=["vpce-0a"])
SPLIT = key_policy("split_by_vpc", **PLACE, administer_from="vpc-0a", use_from="vpc-0b", administrators=["user/ana"])
METADATA = {"KeyId": KEY_ID, "Arn": ARN, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
ENDPOINT = {"VpcEndpointId": "vpce-0a", "ServiceName": "com.amazonaws.eu-central-1.kms", "State": "Available",
            "VpcId": "vpc-0a"}


def params(policy: Any = DEFAULT, **changes: Any) -> dict[str, Any]:
    given = {"state": "present", "key_id": KEY_ID, "alias": None, "bypass_policy_lockout_safety_check": False,
             "check_endpoints": True, "wait": True, "wait_timeout": 30}
    return {**given, "policy": policy if policy is None else json.dumps(policy), **changes}


def state(
    policy: Any = DEFAULT, *, caller: str = CALLER, endpoints: Any = (ENDPOINT,), **metadata: Any
) -> dict[str, Any]:
    return normalise({
        "key": {"metadata": {**METADATA, **metadata}, "policy": json.dumps(policy)},
        "caller": {"Arn": caller},
        "endpoints": list(endpoints),
        "vpcs": [{"VpcId": "vpc-0a"}, {"VpcId": "vpc-0b"}],
    })


NOT_YET = normalise({"caller": {"Arn": CALLER}, "endpoints": [ENDPOINT]})

FIXED: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("the same", params(), state(), False),
    ("another", params(THROUGH), state(), True),
    ("split", params(SPLIT), state(), True),
    ("back", params(None, state="default"), state(THROUGH), True),
    ("placeholder", params(key_policy("through_endpoint", **PLACE, endpoints=[PENDING])), state(), True),
    ("bypass", params(THROUGH, bypass_policy_lockout_safety_check=True), state(), True),
    ("a new key", params(THROUGH, key_id=NEW_KEY), NOT_YET, True),
    ("a new key's default", params(None, state="default", key_id=NEW_KEY), NOT_YET, True),
]


@pytest.mark.parametrize(("options", "current", "changed"), [row[1:] for row in FIXED], ids=[row[0] for row in FIXED])
def test_the_plan_leads_to_where_nothing_is_left_to_do(
    options: dict[str, Any], current: dict[str, Any], changed: bool
) -> None:
    first = plan(options, current)
    assert first.changed is changed
    assert [item for item in first.unmet if item.blocking] == []
    assert plan(options, first.after).changed is False
    assert returns(options, first.after).keys() == returns(options, current).keys()


def test_the_bypass_is_sent_only_when_it_is_asked_for() -> None:
    (step,) = plan(params(THROUGH), state()).steps
    assert step.args.keys() == {"KeyId", "Policy"}
    (step,) = plan(params(THROUGH, bypass_policy_lockout_safety_check=True), state()).steps
    assert step.args["BypassPolicyLockoutSafetyCheck"] is True


def test_the_plan_ends_when_the_old_policy_is_gone() -> None:
    (wait,) = plan(params(THROUGH), state()).settle
    assert wait.judge(json.dumps(DEFAULT)).status == WAITING
    assert wait.judge(json.dumps(THROUGH)).status == DONE


NAMES: list[tuple[dict[str, Any], str]] = [
    ({"key_id": KEY_ID}, KEY_ID),
    ({"key_id": None, "alias": "payments"}, "alias/payments"),
    ({"key_id": None, "alias": "alias/payments"}, "alias/payments"),
    ({"key_id": None, "alias": NEW_KEY}, NEW_KEY),
]


@pytest.mark.parametrize(("changes", "expected"), NAMES)
def test_key_name(changes: dict[str, Any], expected: str) -> None:
    assert key_name(params(**changes)) == expected


LOOKUPS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (params(THROUGH), {"key": KEY_ID, "endpoints": ["vpce-0a"], "vpcs": [], "caller": True}),
    (params(SPLIT), {"key": KEY_ID, "endpoints": [], "vpcs": ["vpc-0a", "vpc-0b"], "caller": True}),
    (params(SPLIT, check_endpoints=False), {"key": KEY_ID, "endpoints": [], "vpcs": [], "caller": True}),
    (
        params(key_policy("through_endpoint", **PLACE, endpoints=[PENDING]), key_id=NEW_KEY),
        {"key": None, "endpoints": [], "vpcs": [], "caller": True},
    ),
    (
        params(bypass_policy_lockout_safety_check=True),
        {"key": KEY_ID, "endpoints": [], "vpcs": [], "caller": False},
    ),
]


@pytest.mark.parametrize(("options", "expected"), LOOKUPS)
def test_only_what_the_policy_names_is_read(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert lookups(options) == expected


def one(**changes: Any) -> dict[str, Any]:
    return {"Statement": [{**DEFAULT["Statement"][0], **changes}]}


# options, state, blocking rules, rules that stop nothing
UNMET: list[tuple[str, dict[str, Any], dict[str, Any], list[str], list[str]]] = [
    ("nothing", params(), state(), [], []),
    ("r107 nobody", params(one(Action="kms:Get*")), state(), ["R107"], []),
    ("r107 another user", params(one(Principal={"AWS": CALLER})), state(caller=SESSION), ["R107"], []),
    ("r107 not known", params(SPLIT), state(caller=SESSION), [], ["R106", "R103"]),
    ("r107 bypassed", params(one(Action="kms:Get*"), bypass_policy_lockout_safety_check=True), state(), [], []),
    ("r107 as it is", params(one(Action="kms:Get*")), state(one(Action="kms:Get*")), [], []),
    ("r106 no endpoint", params(THROUGH), state(endpoints=()), ["R106"], ["R103"]),
    ("r106 pending", params(THROUGH), state(endpoints=[{**ENDPOINT, "State": "pending"}]), ["R106"], ["R103"]),
    ("r106 as it is", params(THROUGH), state(THROUGH, endpoints=()), [], ["R106", "R103"]),
    ("r106 not asked", params(THROUGH, check_endpoints=False), state(endpoints=()), [], ["R103"]),
    (
        "r106 a pattern is no id", params(one(Condition={"StringLike": {"aws:sourceVpce": "vpce-*"}})),
        state(endpoints=()), [], ["R103"],
    ),
    ("a key of AWS", params(THROUGH), state(KeyManager="AWS"), ["R107"], ["R103"]),
    (
        "r104", params(one(Condition={"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}})),
        state(), [], ["R104"],
    ),
    ("all at once", params({"Statement": [THROUGH["Statement"][1]]}), state(endpoints=()), ["R106", "R107"], ["R103"]),
]


@pytest.mark.parametrize(
    ("options", "current", "stopping", "others"), [row[1:] for row in UNMET], ids=[row[0] for row in UNMET]
)
def test_unmet(options: dict[str, Any], current: dict[str, Any], stopping: list[str], others: list[str]) -> None:
    found = plan(options, current).unmet
    assert [item.number for item in found if item.blocking] == stopping
    assert [item.number for item in found if not item.blocking] == others


def test_a_policy_beside_the_default_is_refused() -> None:
    (found,) = check(params(state="default"), "eu-central-1")
    assert "state=default" in found.found
    assert check(params(None, state="default"), "eu-central-1") == []
