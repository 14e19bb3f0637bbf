# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""R97, R99, R104, R107: what is refused before AWS sees it, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_checks

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
PENDING = "(known after apply: VPC endpoint.kms.vpc_endpoint_id)"
GOOD = {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:Decrypt", "Resource": "*"}


def of(*statements: Any, **others: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **others}


def one(**changes: Any) -> dict[str, Any]:
    return of({**{key: value for key, value in GOOD.items() if changes.get(key, value) is not None},
               **{key: value for key, value in changes.items() if value is not None}})


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return one(Condition={operator: {key: value}})


GOOD_FOR_BOTH: list[Any] = [
    None,
    one(),
    json.dumps(one()),
    one(Principal="*", Action=["kms:*", "*"], Sid=None),
    one(Action=None, NotAction="kms:PutKeyPolicy"),
    one(Principal={"AWS": [ACCOUNT, "*", f"arn:aws-cn:iam::{ACCOUNT}:root", "AROAEXAMPLEEXAMPLE12"]}),
    one(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run"}),
    one(Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0a"}),
    one(Principal={"Service": "logs.eu-central-1.amazonaws.com"}),
    one(Principal={"AWS": PENDING}),
    one(Resource=f"arn:aws:kms:*:{ACCOUNT}:key/*"),
    one(Resource="arn:aws:kms:*:*:key/*"),
    when("StringEquals", "aws:sourceVpce", PENDING),
    when("StringEquals", "aws:sourceVpc", ["vpc-0a", "vpc-0b"]),
    when("StringLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*"),
    when("Bool", "aws:ViaAWSService", False),
]


@pytest.mark.parametrize("given", GOOD_FOR_BOTH)
def test_a_good_policy(given: Any) -> None:
    assert policy_checks.endpoint_policy("policy", given) == []
    assert policy_checks.key_policy("policy", given) == []


# policy, rule, part of the message
BAD_FOR_BOTH: list[tuple[Any, str, str]] = [
    (one(Principal=None), "R97", "policy, statement 1 (Use): no Principal"),
    (one(Action=None), "R97", "no Action"),
    (one(Resource=None), "R97", "no Resource"),
    (one(Action=[]), "R97", "no Action"),
    (one(NotAction="kms:Encrypt"), "R97", "Action and NotAction"),
    (one(Effect="allow"), "R97", "Effect allow"),
    (one(Actions="kms:Encrypt"), "R97", "Actions"),
    (of(GOOD, Sid="Top"), "R97", "Sid"),
    (of(GOOD, Version="2024-01-01"), "R97", "Version 2024-01-01"),
    (of(GOOD, {**GOOD, "Effect": "Deny"}), "R97", "Sid Use stands twice"),
    (one(Action="Decrypt"), "R97", "action Decrypt"),
    (one(Action=7), "R97", "action 7"),
    (one(Principal="ana"), "R97", "principal ana"),
    (one(Principal={"AWS": 123456789012}), "R97", "in quotes"),
    (one(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}), "R97", "the whole ARN"),
    (one(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"}), "R97", "A group of users is not a principal"),
    (one(Condition={"StringEquals": "vpc-0a"}), "R97", "Condition"),
    (when("StringEquals", "aws:sourceVpc", None), "R97", "StringEquals aws:sourceVpc"),
    (when("StringEquals", "aws:sourceVpc", []), "R97", "a list of values"),
    (when("StringEquals", "aws:sourceVpc", [{"id": "vpc-0a"}]), "R97", "a list of values"),
    (one(Principal={"AWS": "arn:aws:iam::111122223333:user/ExampleUser"}), "R99", "111122223333 and ExampleUser"),
    (one(Principal={"AWS": "111122223333"}), "R99", "your own account"),
    (one(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/ExampleUser"}), "R99", "ExampleUser"),
    (when("StringEquals", "aws:sourceVpce", "vpce-1234abcdf5678c90a"), "R99", "vpce-1234abcdf5678c90a"),
    (when("StringEquals", "aws:sourceVpc", ["vpc-0a", "vpc-12345678"]), "R99", "vpc-12345678"),
    (when("StringEquals", "aws:PrincipalAccount", 111122223333), "R99", "111122223333"),
    (
        one(Resource=f"arn:aws:kms:us-east-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        "R99",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
]

BAD_FOR_AN_ENDPOINT: list[tuple[Any, str, str]] = [
    ('{"Statement": [{"Resource": "*",}]}', "R97", "A comma stands before a closing bracket"),
    ("[]", "R97", "a policy is a JSON object"),
    (one(Resource=["arn:aws:kms:*:*:key/" + "a" * 100] * 200), "R97", "AWS takes 20480 at most"),
    (when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), "R104", "IpAddress aws:SourceIp"),
    (when("NotIpAddress", "aws:sourceIp", "10.0.0.0/8"), "R104", "NotIpAddress aws:sourceIp"),
    (when("ForAnyValue:IpAddressIfExists", "AWS:SOURCEIP", ["10.0.0.0/8", "fd00::/8"]), "R104", "aws:sourceVpce"),
    (when("Null", "aws:SourceIp", True), "R104", "Null aws:SourceIp"),
    (when("StringEquals", "aws:PrincipalTag/ip", "${aws:SourceIp}"), "R104", "${aws:SourceIp}"),
    (when("StringLike", "aws:SourceVpc", "vpc-0123456789*"), "R97", "no wildcard there"),
    (when("NumericEquals", "aws:PrincipalAccount", ACCOUNT), "R97", "with a string operator"),
    (when("StringLike", "aws:PrincipalTag/team", "pay*"), "R97", "six characters in a row"),
    (when("ForAnyValue:StringNotLike", "aws:PrincipalOrgPaths", "o-1/*"), "R97", "six characters in a row"),
    (one(Resource="arn:aws:kms:*:12345*:key/*"), "R97", "a whole id or *"),
    (when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::12345678901?:role/a"), "R97", "a whole id or *"),
]

BAD_FOR_A_KEY: list[tuple[Any, str, str]] = [
    ('{"Statement": [{"Resource": "*",}]}', "R107", "A comma stands before a closing bracket"),
    (one(Resource=["a" * 100] * 400), "R107", "AWS takes 32768 at most"),
    (one(Sid="Schlüssel für Zoë – neu"), "R107", "characters –"),
]


def rules_and_texts(found: list[Any]) -> list[tuple[str, str]]:
    return [(item.number, str(item)) for item in found]


@pytest.mark.parametrize(("given", "rule", "text"), [*BAD_FOR_BOTH, *BAD_FOR_AN_ENDPOINT])
def test_a_bad_endpoint_policy(given: Any, rule: str, text: str) -> None:
    ((number, message),) = rules_and_texts(policy_checks.endpoint_policy("policy", given))
    assert number == rule
    assert text in message


@pytest.mark.parametrize(("given", "rule", "text"), [*BAD_FOR_BOTH, *BAD_FOR_A_KEY])
def test_a_bad_key_policy(given: Any, rule: str, text: str) -> None:
    """R90: ids of AWS's examples are refused."""
    ((number, message),) = rules_and_texts(policy_checks.key_policy("policy", given))
    assert number == rule
    assert text in message


def test_everything_at_once() -> None:
    bad = of({"Effect": "Allow", "Action": "kms:*"}, {**GOOD, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.1"}}})
    found = rules_and_texts(policy_checks.endpoint_policy("policy", bad))
    assert [number for number, text in found] == ["R97", "R97", "R104"]


def test_r104_a_key_policy_may_name_addresses_of_callers_without_an_endpoint() -> None:
    (found,) = policy_checks.key_policy("policy", when("IpAddress", "aws:SourceIp", "198.51.100.0/24"))
    assert (found.number, found.blocking) == ("R104", False)


def test_a_gateway_endpoint_takes_everybody_as_principal_only() -> None:
    assert policy_checks.endpoint_policy("policy", one(Principal={"AWS": ["*"]}), gateway=True) == []
    (found,) = policy_checks.endpoint_policy("policy", one(Principal={"AWS": USER}), gateway=True)
    assert "aws:PrincipalArn" in found.fix


def test_r106_endpoints_that_a_policy_demands() -> None:
    deny = {**GOOD, "Effect": "Deny", "Sid": "Elsewhere"}
    policy = of(
        {**GOOD, "Condition": {"StringEquals": {"aws:sourceVpce": ["vpce-1", "vpce-2"]}}},
        {**deny, "Condition": {"StringNotEquals": {"AWS:SourceVpce": "vpce-1"}, "Null": {"aws:sourceVpce": "false"}}},
    )
    assert policy_checks.demanded(policy, "aws:sourceVpce") == ["vpce-1", "vpce-2"]
    assert policy_checks.demanded(policy, "aws:sourceVpc") == []
    for value in (PENDING, "vpce-*", "${aws:PrincipalTag/endpoint}"):
        assert policy_checks.demanded(when("StringLike", "aws:sourceVpce", value), "aws:sourceVpce") == []


SERVICES: list[tuple[dict[str, Any], list[str]]] = [
    ({"StringEquals": {"aws:sourceVpc": "vpc-0a"}}, ["statement 1 (Use)"]),
    ({"StringNotEquals": {"aws:SourceVpce": "vpce-0a"}}, ["statement 1 (Use)"]),
    ({"StringNotEquals": {"aws:SourceVpce": "vpce-0a"}, "Bool": {"aws:ViaAWSService": "false"}}, []),
    ({"StringEquals": {"aws:PrincipalTag/a": "b"}}, []),
]


@pytest.mark.parametrize(("condition", "expected"), SERVICES)
def test_r103_statements_that_meet_aws_services(condition: dict[str, Any], expected: list[str]) -> None:
    assert policy_checks.meets_services(one(Condition=condition)) == expected
