# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key policies as AWS KMS keeps them: what it refuses, the lock-out safety check, and who may change one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fidelity.chain import ACCESS_KEY, REGION, client, refused

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/emulated"
ALLOW = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
MALFORMED = "MalformedPolicyDocumentException"


def of(*statements: Any, **others: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **others})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ALLOW.items() if key != name}


@pytest.fixture
def kms(aws: Callable[[str], Any]) -> Any:
    return aws("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


def test_a_new_key_has_the_default_policy(kms: Any, key: str) -> None:
    answer = kms.get_key_policy(KeyId=key)
    policy = json.loads(answer["Policy"])
    assert answer["PolicyName"] == "default"
    assert policy["Id"] == "key-default-1"
    assert policy["Statement"][0] == {**ALLOW, "Sid": "Enable IAM User Permissions"}


OUTSIDE = {"StringNotEquals": {"aws:sourceVpc": "vpc-0a"}}
ADMINISTRATION = {"Principal": "*", "Action": "kms:Put*", "Condition": OUTSIDE}
DENY_PUT = {**ALLOW, **ADMINISTRATION, "Effect": "Deny"}

# policy, code, part of the message
REFUSALS: list[tuple[str, str, str, str]] = [
    ("no JSON", "{", MALFORMED, "JSON"),
    ("no statement", "{}", MALFORMED, "Statement"),
    ("unknown element", of({**ALLOW, "Actions": "kms:*"}), MALFORMED, "Syntax"),
    ("effect", of({**ALLOW, "Effect": "allow"}), MALFORMED, "effect"),
    ("no principal", of(ALLOW, without("Principal")), MALFORMED, "no principal"),
    ("the same Sid", of({**ALLOW, "Sid": "a"}, {**ALLOW, "Sid": "a"}), MALFORMED, "unique"),
    ("no such user", of(ALLOW, {**ALLOW, "Principal": {"AWS": f"{USER}2"}}), MALFORMED, "invalid principals"),
    ("a wildcard", of(ALLOW, {**ALLOW, "Principal": {"AWS": f"{USER}*"}}), MALFORMED, "invalid principals"),
    ("characters", of(ALLOW).replace("2012", "2012\u2013"), "ValidationException", "pattern"),
    ("too long", of(ALLOW, {**ALLOW, "Resource": ["a" * 100] * 400}), "LimitExceededException", "32768"),
    ("locked out", of({**ALLOW, "Action": "kms:Get*"}), MALFORMED, "will not allow you to update the key policy"),
    ("locked out by a deny", of(ALLOW, DENY_PUT), MALFORMED, "in the future"),
    ("another account", of({**ALLOW, "Principal": {"AWS": "210987654321"}}), MALFORMED, "in the future"),
    ("a statement without an action has no effect", of(without("Action")), MALFORMED, "in the future"),
]


@pytest.mark.parametrize(("policy", "code", "text"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_refusals(kms: Any, key: str, policy: str, code: str, text: str) -> None:
    before = kms.get_key_policy(KeyId=key)["Policy"]
    assert text in refused(code, kms.put_key_policy, KeyId=key, Policy=policy)
    assert kms.get_key_policy(KeyId=key)["Policy"] == before
    refused(code, kms.create_key, Policy=policy)


NAMES: list[tuple[str, dict[str, Any], str, str]] = [
    ("get_key_policy", {"PolicyName": "other"}, "NotFoundException", "No such policy"),
    ("put_key_policy", {"PolicyName": "other", "Policy": of(ALLOW)}, "ValidationException", "default"),
    ("put_key_policy", {"PolicyName": "AWS_RAM", "Policy": of(ALLOW)}, "ValidationException", "RAM service"),
    ("get_key_policy", {"KeyId": "alias/payments"}, "NotFoundException", "Invalid keyId"),
    ("put_key_policy", {"KeyId": "alias/payments", "Policy": of(ALLOW)}, "NotFoundException", "Invalid keyId"),
    ("get_key_policy", {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/payments"}, "InvalidArnException", "arn"),
    ("get_key_policy", {"KeyId": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}, "NotFoundException", "does not exist"),
]


@pytest.mark.parametrize(("operation", "params", "code", "text"), NAMES)
def test_only_keys_and_only_the_policy_default(
    kms: Any, key: str, operation: str, params: dict[str, Any], code: str, text: str
) -> None:
    kms.create_alias(AliasName="alias/payments", TargetKeyId=key)
    assert text in refused(code, getattr(kms, operation), **{"KeyId": key, **params})


def test_the_meaning_is_kept_and_not_the_words(kms: Any, key: str) -> None:
    given = {**ALLOW, "Principal": {"AWS": [ACCOUNT]}, "Action": ["kms:*"]}
    kms.put_key_policy(KeyId=key, Policy=of(given))
    shown = kms.get_key_policy(KeyId=key)["Policy"]
    assert json.loads(shown)["Statement"] == [ALLOW]
    assert shown != of(given)


def test_principals_that_exist(kms: Any, key: str, aws: Callable[[str], Any]) -> None:
    iam = aws("iam")
    role = iam.create_role(RoleName="deploy", Path="/ops/", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    user = iam.create_user(UserName="ana")["User"]["Arn"]
    others = ["arn:aws:iam::210987654321:role/other", "AROAEXAMPLEEXAMPLE12", user, role]
    kms.put_key_policy(KeyId=key, Policy=of(ALLOW, {**ALLOW, "Principal": {"AWS": others}}))


def test_who_is_locked_out_cannot_come_back(kms: Any, key: str) -> None:
    kms.put_key_policy(KeyId=key, Policy=of(ALLOW, DENY_PUT), BypassPolicyLockoutSafetyCheck=True)
    message = refused("AccessDeniedException", kms.put_key_policy, KeyId=key, Policy=of(ALLOW))
    assert USER in message
    kms.get_key_policy(KeyId=key)


def test_from_the_vpc_the_policy_can_be_changed(emulator: Any, aws: Callable[[str], Any], key: str) -> None:
    ec2, kms = aws("ec2"), client(emulator.url, "kms")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.kms", VpcEndpointType="Interface", PrivateDnsEnabled=True
    )
    policy = of(ALLOW, DENY_PUT).replace("vpc-0a", vpc)
    refused(MALFORMED, kms.put_key_policy, KeyId=key, Policy=policy)
    emulator.configure(callers_in_vpc={ACCESS_KEY: vpc})
    kms.put_key_policy(KeyId=key, Policy=policy)


@pytest.mark.parametrize("state", ["disable_key", "schedule_key_deletion"])
def test_the_policy_can_be_changed_in_every_state_of_the_key(kms: Any, key: str, state: str) -> None:
    getattr(kms, state)(KeyId=key)
    kms.put_key_policy(KeyId=key, Policy=of(ALLOW))
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"] == [ALLOW]
