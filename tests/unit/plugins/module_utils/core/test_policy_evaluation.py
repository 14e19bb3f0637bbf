# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""R95: what a policy says to a request. The expected answers are AWS's documented rules, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import (
    ALLOWED,
    DENIED,
    NOT_ALLOWED,
    UNKNOWN,
    Request,
    evaluate,
)

OWN, OTHER = "123456789012", "210987654321"
KEY = f"arn:aws:kms:eu-central-1:{OWN}:key/1234abcd"
USER = f"arn:aws:iam::{OWN}:user/team/ana"
ROLE = f"arn:aws:iam::{OWN}:role/ops/deploy"
SESSION = f"arn:aws:sts::{OWN}:assumed-role/deploy/run-1"
ROOT = f"arn:aws:iam::{OWN}:root"
PENDING = "(known after apply: endpoint.kms.vpc_endpoint_id)"
ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def verdict(statement: dict[str, Any], *more: dict[str, Any], principal: str = USER, **request: Any) -> str:
    asked = {"action": "kms:Decrypt", "resource": KEY, **request}
    return evaluate({"Statement": [statement, *more]}, Request(principal, **asked)).verdict


PRINCIPALS: list[tuple[Any, str, str]] = [
    ("*", USER, ALLOWED),
    ({"AWS": "*"}, SESSION, ALLOWED),
    ({"AWS": USER}, USER, ALLOWED),
    ({"AWS": [ROLE, USER]}, USER, ALLOWED),
    ({"AWS": f"arn:aws:iam::{OWN}:user/bob"}, USER, NOT_ALLOWED),
    ({"AWS": USER.replace("arn:aws:", "arn:aws-cn:")}, USER, NOT_ALLOWED),
    ({"AWS": ROLE}, SESSION, ALLOWED),
    ({"AWS": ROLE}, ROLE, ALLOWED),
    ({"AWS": ROLE.replace("ops/", "")}, SESSION, ALLOWED),
    ({"AWS": SESSION}, SESSION, ALLOWED),
    ({"AWS": SESSION.replace("run-1", "run-2")}, SESSION, NOT_ALLOWED),
    ({"AWS": ROLE.replace("deploy", "deployer")}, SESSION, NOT_ALLOWED),
    ({"AWS": ROLE.replace(OWN, OTHER)}, SESSION, NOT_ALLOWED),
    ({"AWS": OWN}, USER, ALLOWED),
    ({"AWS": ROOT}, SESSION, ALLOWED),
    ({"AWS": ROOT}, ROOT, ALLOWED),
    ({"AWS": OTHER}, USER, NOT_ALLOWED),
    ({"AWS": "AROAEXAMPLEID"}, SESSION, UNKNOWN),
    ({"AWS": f"arn:aws:iam::{OWN}:user/*"}, USER, UNKNOWN),
    ({"AWS": PENDING}, USER, UNKNOWN),
    ({"AWS": USER}, f"arn:aws:sts::{OWN}:federated-user/ana", UNKNOWN),
    ({"Service": "logs.amazonaws.com"}, USER, NOT_ALLOWED),
    ({"Service": "logs.amazonaws.com"}, "logs.amazonaws.com", ALLOWED),
    ({"Service": "logs.amazonaws.com"}, "s3.amazonaws.com", NOT_ALLOWED),
    ({"AWS": OWN}, "logs.amazonaws.com", NOT_ALLOWED),
    ({"Federated": "cognito-identity.amazonaws.com"}, USER, UNKNOWN),
    ("everybody", USER, UNKNOWN),
]


@pytest.mark.parametrize(("named", "caller", "expected"), PRINCIPALS)
def test_principal(named: Any, caller: str, expected: str) -> None:
    assert verdict({**ALL, "Principal": named}, principal=caller) == expected


def without(name: str, **others: Any) -> dict[str, Any]:
    return {**{key: value for key, value in ALL.items() if key != name}, **others}


ELEMENTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({**ALL, "Action": "kms:decrypt"}, {}, ALLOWED),
    ({**ALL, "Action": "kms:De*"}, {}, ALLOWED),
    ({**ALL, "Action": ["kms:Encrypt", "kms:Dec????"]}, {}, ALLOWED),
    ({**ALL, "Action": "kms:Dec"}, {}, NOT_ALLOWED),
    (without("Action", NotAction="kms:Enc*"), {}, ALLOWED),
    (without("Action", NotAction="kms:D*"), {}, NOT_ALLOWED),
    (without("Action"), {}, UNKNOWN),
    ({**ALL, "NotAction": "kms:Encrypt"}, {}, UNKNOWN),
    ({**ALL, "Action": []}, {}, UNKNOWN),
    ({**ALL, "Resource": KEY}, {}, ALLOWED),
    ({**ALL, "Resource": KEY[:-1] + "?"}, {}, ALLOWED),
    ({**ALL, "Resource": f"arn:aws:kms:*:{OWN}:key/*"}, {}, ALLOWED),
    ({**ALL, "Resource": f"arn:aws:kms:*:{OTHER}:key/*"}, {}, NOT_ALLOWED),
    ({**ALL, "Resource": "arn:*:key/1234abcd"}, {}, UNKNOWN),
    ({**ALL, "Resource": "arn:aws:kms:*"}, {}, ALLOWED),
    ({**ALL, "Resource": KEY}, {"resource": "*", "action": "kms:ListKeys"}, NOT_ALLOWED),
    ({**ALL, "Resource": "arn:aws:kms:eu-central-1:*:key/${aws:PrincipalTag/key}"}, {}, UNKNOWN),
    (without("Resource", NotResource=KEY), {}, NOT_ALLOWED),
    (without("Resource", NotResource=f"arn:aws:kms:*:{OTHER}:*"), {}, ALLOWED),
    (without("Principal"), {}, UNKNOWN),
    (without("Principal", NotPrincipal={"AWS": USER}), {}, UNKNOWN),
    (without("Principal", NotPrincipal={"AWS": OTHER}), {}, ALLOWED),
    ({**ALL, "Effect": "allow"}, {}, UNKNOWN),
    ({**ALL, "Princpal": {"AWS": OTHER}}, {}, UNKNOWN),
]


@pytest.mark.parametrize(("statement", "request_", "expected"), ELEMENTS)
def test_elements(statement: dict[str, Any], request_: dict[str, Any], expected: str) -> None:
    assert verdict(statement, **request_) == expected


VPC = {"aws:sourceVpc": "vpc-1", "aws:SourceVpce": "vpce-1", "aws:TagKeys": ["a", "b"], "kms:ViaService": None}

# block of conditions, answer for a context of which only VPC is known, answer where there is nothing else
CONDITIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"StringEquals": {"aws:sourcevpc": "vpc-1"}}, ALLOWED, ALLOWED),
    ({"StringEquals": {"aws:sourceVpc": ["vpc-0", "vpc-1"]}}, ALLOWED, ALLOWED),
    ({"StringEquals": {"aws:sourceVpc": "VPC-1"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringEqualsIgnoreCase": {"aws:sourceVpc": "VPC-1"}}, ALLOWED, ALLOWED),
    ({"StringNotEqualsIgnoreCase": {"aws:sourceVpc": "VPC-1"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringEquals": {"aws:sourceVpc": "vpc-*"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringLike": {"aws:sourceVpc": "vpc-*"}}, ALLOWED, ALLOWED),
    ({"StringNotLike": {"aws:sourceVpc": "vpc-*"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringNotEquals": {"aws:sourceVpc": ["vpc-0", "vpc-1"]}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringNotEquals": {"aws:sourceVpc": ["vpc-0", "vpc-2"]}}, ALLOWED, ALLOWED),
    ({"StringEquals": {"aws:sourceVpce": PENDING}}, UNKNOWN, UNKNOWN),
    ({"StringEquals": {"aws:sourceVpce": ["vpce-1", PENDING]}}, ALLOWED, ALLOWED),
    ({"StringNotEquals": {"aws:sourceVpce": PENDING}}, UNKNOWN, UNKNOWN),
    ({"StringEquals": {"aws:sourceVpc": "vpc-1", "aws:sourceVpce": "vpce-2"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, UNKNOWN, NOT_ALLOWED),
    ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, UNKNOWN, ALLOWED),
    ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, UNKNOWN, ALLOWED),
    ({"StringEqualsIfExists": {"aws:sourceVpc": "vpc-2"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"Null": {"aws:PrincipalOrgID": "true"}}, UNKNOWN, ALLOWED),
    ({"Null": {"kms:ViaService": True}}, ALLOWED, ALLOWED),
    ({"Null": {"aws:sourceVpc": "false"}}, ALLOWED, ALLOWED),
    ({"Null": {"aws:sourceVpc": "true"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"Null": {"aws:sourceVpc": "maybe"}}, UNKNOWN, UNKNOWN),
    ({"Bool": {"aws:ViaAWSService": False}}, ALLOWED, ALLOWED),
    ({"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:user/team/*"}}, ALLOWED, ALLOWED),
    ({"ArnNotEquals": {"aws:PrincipalArn": USER}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}, ALLOWED, ALLOWED),
    ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "b"}}, ALLOWED, ALLOWED),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["b", "c"]}}, NOT_ALLOWED, NOT_ALLOWED),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["b", "a"]}}, ALLOWED, ALLOWED),
    ({"ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"}}, UNKNOWN, NOT_ALLOWED),
    ({"ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"}}, UNKNOWN, ALLOWED),
    ({"StringEquals": {"aws:TagKeys": "a"}}, UNKNOWN, UNKNOWN),
    ({"ForAnyValue:StringEquals": {"aws:sourceVpc": "vpc-1"}}, UNKNOWN, UNKNOWN),
    ({"NumericLessThan": {"aws:sourceVpc": "3"}}, UNKNOWN, UNKNOWN),
    ({"IpAddress": {"aws:sourceVpc": "10.0.0.0/8"}}, UNKNOWN, UNKNOWN),
    ({"stringequals": {"aws:sourceVpc": "vpc-1"}}, UNKNOWN, UNKNOWN),
    ({"StringEquals": {"aws:sourceVpc": "${aws:PrincipalTag/vpc}"}}, UNKNOWN, UNKNOWN),
    ({"StringEquals": {"aws:sourceVpc": []}}, UNKNOWN, UNKNOWN),
    ({"StringEquals": "aws:sourceVpc"}, UNKNOWN, UNKNOWN),
    ({}, ALLOWED, ALLOWED),
]


@pytest.mark.parametrize(("block", "partly_known", "known"), CONDITIONS)
def test_conditions(block: dict[str, Any], partly_known: str, known: str) -> None:
    assert verdict({**ALL, "Condition": block}, context=VPC) == partly_known
    assert verdict({**ALL, "Condition": block}, context=VPC, complete=True) == known


DENY = {**ALL, "Effect": "Deny"}
UNSURE = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
NOBODY = {**ALL, "Action": "s3:*"}

TOGETHER: list[tuple[str, list[dict[str, Any]], str]] = [
    ("deny wins", [ALL, DENY], DENIED),
    ("deny wins over what is not known", [{**DENY, **UNSURE}, DENY, ALL], DENIED),
    ("a deny that may apply", [ALL, {**DENY, **UNSURE}], UNKNOWN),
    ("a deny for somebody else", [ALL, {**DENY, "Principal": {"AWS": OTHER}}], ALLOWED),
    ("an allow that may apply", [{**ALL, **UNSURE}], UNKNOWN),
    ("one of two allows", [{**ALL, **UNSURE}, ALL], ALLOWED),
    ("nothing", [NOBODY], NOT_ALLOWED),
    ("deny without allow", [{**DENY, "Action": "s3:*"}], NOT_ALLOWED),
    ("an effect that is not one", [ALL, {**DENY, "Effect": "Refuse"}], UNKNOWN),
]


@pytest.mark.parametrize(("statements", "expected"), [row[1:] for row in TOGETHER], ids=[row[0] for row in TOGETHER])
def test_statements_together(statements: list[dict[str, Any]], expected: str) -> None:
    assert verdict(*statements) == expected
    assert verdict(*reversed(statements)) == expected


DELEGATED: list[tuple[list[Any], str, bool]] = [
    ([{"AWS": ROOT}], USER, True),
    ([{"AWS": OWN}], SESSION, True),
    ([{"AWS": ROOT}], ROOT, False),
    ([{"AWS": OWN}], ROOT, False),
    ([{"AWS": [ROOT, USER]}], USER, False),
    ([{"AWS": ROOT}, {"AWS": ROLE}], SESSION, False),
    (["*"], USER, False),
]


@pytest.mark.parametrize(("principals", "caller", "expected"), DELEGATED)
def test_a_key_policy_can_leave_it_to_iam(principals: list[Any], caller: str, expected: bool) -> None:
    policy = {"Statement": [{**ALL, "Principal": named} for named in principals]}
    decision = evaluate(policy, Request(caller, "kms:PutKeyPolicy", KEY))
    assert (decision.verdict, decision.delegated) == (ALLOWED, expected)


def test_the_decision_names_the_statement() -> None:
    policy = {"Statement": [ALL, {**DENY, "Sid": "OnlyHere"}]}
    decision = evaluate(policy, Request(USER, "kms:Decrypt", KEY))
    assert decision.why == f"statement 2 (OnlyHere) denies kms:Decrypt on {KEY} for {USER}"
    assert not decision.allowed


def test_r105_an_endpoint_can_be_demanded_of_what_has_no_resource() -> None:
    only = {**ALL, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}
    asked = {"action": "kms:CreateKey", "resource": "*"}
    assert verdict(only, **asked, context={"aws:SourceVpce": "vpce-1"}) == ALLOWED
    assert verdict(only, **asked, context={"aws:SourceVpce": "vpce-2"}) == NOT_ALLOWED
