# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading policies, and R93, R96: comparing them by meaning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core import policy

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def of(*statements: Any, **others: Any) -> dict[str, Any]:
    return {"Statement": list(statements), **others}


def one(**changes: Any) -> dict[str, Any]:
    return of({**ALL, **changes})


def when(**condition: Any) -> dict[str, Any]:
    return one(Condition=condition)


DENY = {**ALL, "Effect": "Deny", "Principal": {"AWS": USER}}
ROOT = one(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})

SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("order of statements", of(ALL, DENY), of(DENY, ALL)),
    ("a statement twice", of(ALL, ALL), of(ALL)),
    ("a single statement without a list", of(ALL), {"Statement": ALL}),
    ("string against list", one(Action="kms:Decrypt"), one(Action=["kms:Decrypt"])),
    ("order of a list", one(Action=["kms:A", "kms:B"]), one(Action=["kms:B", "kms:A"])),
    ("an item twice", one(Resource=["a", "a"]), one(Resource="a")),
    ("case of actions", one(Action="kms:Decrypt"), one(Action="KMS:decrypt")),
    ("everybody", one(Principal="*"), one(Principal={"AWS": "*"})),
    ("account by ARN", ROOT, one(Principal={"AWS": [ACCOUNT]})),
    ("account in China", one(Principal={"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}), one(Principal={"AWS": ACCOUNT})),
    ("case of condition keys", when(StringEquals={"aws:SourceVpce": "v"}), when(StringEquals={"aws:sourceVpce": "v"})),
    ("true of JSON", when(Bool={"aws:ViaAWSService": True}), when(Bool={"aws:ViaAWSService": ["True"]})),
    ("numbers", when(NumericEquals={"a": 3}), when(NumericEquals={"a": "3"})),
    ("no condition", one(Condition={}), of(ALL)),
    ("an empty Sid", one(Sid=""), of(ALL)),
    ("version without variables", of(ALL, Version="2012-10-17"), of(ALL)),
    ("first version", when(StringEquals={"a": "${b}"}), {**when(StringEquals={"a": "${b}"}), "Version": "2008-10-17"}),
]

DIFFERENT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("effect", of(ALL), one(Effect="Deny")),
    ("another action", one(Action="kms:Encrypt"), one(Action="kms:Decrypt")),
    ("case of resources", one(Resource="alias/a"), one(Resource="alias/A")),
    ("NotAction", one(Action="kms:A"), of({**{k: v for k, v in ALL.items() if k != "Action"}, "NotAction": "kms:A"})),
    ("user and account", one(Principal={"AWS": USER}), ROOT),
    ("kind of principal", one(Principal={"Service": "a"}), one(Principal={"AWS": "a"})),
    ("operator", when(StringEquals={"a": "b"}), when(StringNotEquals={"a": "b"})),
    ("value", when(StringEquals={"a": "b"}), when(StringEquals={"a": "B"})),
    ("two spellings of a key", when(S={"a": "1", "A": "2"}), when(S={"A": "2"})),
    ("Sid", one(Sid="One"), one(Sid="Two")),
    ("Id", of(ALL, Id="key-1"), of(ALL)),
    (
        "version with variables",
        {**when(StringEquals={"a": "${b}"}), "Version": "2012-10-17"},
        when(StringEquals={"a": "${b}"}),
    ),
]


@pytest.mark.parametrize(("left", "right"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_same_meaning(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert policy.same(left, right)
    assert policy.same(json.loads(policy.text(right)), left)


@pytest.mark.parametrize(("left", "right"), [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_different_meaning(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not policy.same(left, right)
    assert policy.same(left, left)


FULL: list[tuple[dict[str, Any] | None, dict[str, Any] | None, bool]] = [
    (None, dict(policy.FULL_ACCESS), True),
    (None, of({**ALL, "Sid": "Everybody", "Principal": {"AWS": ["*"]}}, Version="2012-10-17"), True),
    (None, None, True),
    (None, one(Action="kms:*"), False),
    (of(DENY, ALL), None, False),
    (of(DENY, ALL), of(ALL, DENY), True),
    (one(Effect="Deny"), None, False),
]


@pytest.mark.parametrize(("left", "right", "expected"), FULL)
def test_r96_no_endpoint_policy_is_full_access(
    left: dict[str, Any] | None, right: dict[str, Any] | None, expected: bool
) -> None:
    assert policy.same_for_endpoint(left, right) is expected
    assert policy.same_for_endpoint(right, left) is expected


READABLE: list[tuple[str | dict[str, Any], dict[str, Any]]] = [
    ('{"Statement": {"Effect": "Allow"}}', {"Statement": {"Effect": "Allow"}}),
    (of(ALL), of(ALL)),
    (when(Bool={"a": True}, NumericEquals={"b": [7, "8"]}), when(Bool={"a": "true"}, NumericEquals={"b": ["7", "8"]})),
    (one(Condition="all"), one(Condition="all")),
]


@pytest.mark.parametrize(("given", "expected"), READABLE)
def test_parse(given: str | dict[str, Any], expected: dict[str, Any]) -> None:
    assert policy.parse(given) == expected


UNREADABLE: list[tuple[str, str]] = [
    ("", "not valid JSON"),
    ('{"Statement": [{"Resource": "*",}]}', "A comma stands before a closing bracket"),
    ('{"Statement": [{"Resource": "*"}, ]}', "A comma stands before a closing bracket"),
    ('{"Statement": [\n{"Resource" "*"}]}', "at line 2, column 13"),
    ("[]", "it is empty, but a policy is a JSON object"),
    ('"arn"', "it is a string"),
    ("{}", "no Statement"),
    ('{"Statement": []}', "Statement is empty"),
    ('{"Statement": "all"}', "Statement is a string"),
    ('{"Statement": [{}, "all"]}', "statement 2 is a string"),
    ('{"Statement": [{"Action": "a", "Action": "b"}]}', "Action stands twice"),
]


@pytest.mark.parametrize(("given", "expected"), UNREADABLE)
def test_parse_says_what_is_wrong(given: str, expected: str) -> None:
    with pytest.raises(policy.PolicyError, match=expected):
        policy.parse(given)


def test_tidy_keeps_the_words_and_not_the_order() -> None:
    first = of({**DENY, "Sid": "B", "Action": ["kms:Encrypt", "kms:Decrypt"]}, {**ALL, "Sid": "A", "Resource": ["*"]})
    second = of({**ALL, "Sid": "A"}, {**DENY, "Sid": "B", "Action": ["kms:Decrypt", "kms:Encrypt"]})
    assert policy.tidy(first) == policy.tidy(second)
    assert policy.tidy(first)["Statement"][1]["Action"] == ["kms:Decrypt", "kms:Encrypt"]
