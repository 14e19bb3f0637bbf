# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""R96, R100, R102, R103, R106, R107: each ready-made policy, by whom it lets through and whom it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import PolicyError, is_full_access, same
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import (
    ALLOWED,
    DENIED,
    NOT_ALLOWED,
    UNKNOWN,
    Request,
    evaluate,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.policy_presets import (
    combined,
    endpoint_policy,
    key_policy,
    partition_of,
)

from emulator.ec2.endpoint_policy import refusal

OWN, OTHER = "123456789012", "210987654321"
REGION = "eu-central-1"
KEY_ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
KEY, OTHER_KEY = (f"arn:aws:kms:{REGION}:{account}:key/{KEY_ID}" for account in (OWN, OTHER))
ALIAS = f"arn:aws:kms:{REGION}:{OWN}:alias/payments"
ANA, BOB = (f"arn:aws:iam::{OWN}:user/{name}" for name in ("ana", "bob"))
PAYMENTS = f"arn:aws:sts::{OWN}:assumed-role/payments/run"
DEPLOY = f"arn:aws:iam::{OWN}:role/ops/deploy"
STRANGER = f"arn:aws:iam::{OTHER}:user/eve"
ROOT = f"arn:aws:iam::{OWN}:root"
LOGS = "logs.amazonaws.com"
EC2 = f"arn:aws:sts::{OWN}:assumed-role/aws:ec2-infrastructure/i-0a"
EC2_ROLE = {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/aws:ec2-infrastructure"}

DEFAULT = endpoint_policy("default")
VIEW = endpoint_policy(
    "decrypt_and_view", principals=[ANA, "role/payments"], keys=[KEY_ID], region=REGION, account=OWN
)
OWN_ONLY = endpoint_policy("this_account", account=OWN)
OWN_AND_SERVICES = endpoint_policy("this_account", account=[OWN], exempt_services=True)
BOTH = combined([OWN_ONLY, endpoint_policy("decrypt_and_view", principals=["*"], keys=[KEY])])

KEY_DEFAULT = key_policy("default", account=OWN, region=REGION)
THROUGH = key_policy("through_endpoint", account=OWN, region=REGION, endpoints=["vpce-0a", "vpce-0b"])
THROUGH_OR_SERVICE = key_policy(
    "through_endpoint", account=OWN, region=REGION, endpoints="vpce-0a", exempt_services=True
)
SPLIT = key_policy("split_by_vpc", account=OWN, region=REGION, administer_from="vpc-0a", use_from="vpc-0b")
SPLIT_BUT = key_policy(
    "split_by_vpc", account=OWN, partition="aws", administer_from="vpc-0a", use_from=["vpc-0b", "vpc-0c"],
    administrators=[ANA, "role/ops/deploy"], exempt_services=True,
)
STRICT = combined([THROUGH, SPLIT])

IN_A, IN_B, IN_C = ({"aws:sourceVpc": f"vpc-{end}", "aws:sourceVpce": f"vpce-{end}"} for end in ("0a", "0b", "0c"))
WRONG = {**IN_B, "aws:sourceVpce": "vpce-0d"}
VIA = {"aws:ViaAWSService": "true"}
DIRECT = {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"}

# policy, principal, action, resource, context besides, verdict
ROWS: list[tuple[str, Any, str, str, str, dict[str, Any], str]] = [
    ("r96 default", DEFAULT, STRANGER, "s3:GetObject", "*", {}, ALLOWED),
    ("view: decrypt", VIEW, ANA, "kms:Decrypt", KEY, {}, ALLOWED),
    ("view: a role's session", VIEW, PAYMENTS, "kms:DescribeKey", KEY, {}, ALLOWED),
    ("view: list keys", VIEW, ANA, "kms:ListKeys", "*", {}, ALLOWED),
    ("view: list aliases", VIEW, PAYMENTS, "kms:ListAliases", "*", {}, ALLOWED),
    ("view: somebody else", VIEW, BOB, "kms:Decrypt", KEY, {}, NOT_ALLOWED),
    ("view: somebody else lists", VIEW, BOB, "kms:ListKeys", "*", {}, NOT_ALLOWED),
    ("view: another key", VIEW, ANA, "kms:Decrypt", OTHER_KEY, {}, NOT_ALLOWED),
    ("view: encrypt", VIEW, ANA, "kms:Encrypt", KEY, {}, NOT_ALLOWED),
    ("view: put a policy", VIEW, ANA, "kms:PutKeyPolicy", KEY, {}, NOT_ALLOWED),
    ("r100 own account", OWN_ONLY, BOB, "kms:CreateKey", "*", {}, ALLOWED),
    ("r100 own session", OWN_ONLY, PAYMENTS, "kms:Decrypt", OTHER_KEY, {}, ALLOWED),
    ("r100 other account", OWN_ONLY, STRANGER, "kms:Decrypt", KEY, {}, DENIED),
    ("r100 other account, alias", OWN_ONLY, STRANGER, "kms:DeleteAlias", ALIAS, {}, DENIED),
    ("r100 other account, no resource", OWN_ONLY, STRANGER, "kms:CreateKey", "*", {}, DENIED),
    ("r100 a service", OWN_ONLY, LOGS, "kms:Decrypt", KEY, {}, DENIED),
    ("r103 a service", OWN_AND_SERVICES, LOGS, "kms:Decrypt", KEY, {}, ALLOWED),
    ("r103 for the stranger", OWN_AND_SERVICES, STRANGER, "kms:Decrypt", KEY, VIA, ALLOWED),
    ("r103 the stranger", OWN_AND_SERVICES, STRANGER, "kms:Decrypt", KEY, {}, DENIED),
    ("both: own", BOTH, BOB, "kms:Decrypt", KEY, {}, ALLOWED),
    ("both: stranger", BOTH, STRANGER, "kms:Decrypt", KEY, {}, DENIED),
    ("both: own, not in the narrower", BOTH, BOB, "kms:Encrypt", KEY, {}, NOT_ALLOWED),
    ("key default", KEY_DEFAULT, BOB, "kms:PutKeyPolicy", KEY, {}, ALLOWED),
    ("key default: stranger", KEY_DEFAULT, STRANGER, "kms:Decrypt", KEY, {}, NOT_ALLOWED),
    ("r106 through the endpoint", THROUGH, PAYMENTS, "kms:Decrypt", KEY, IN_A, ALLOWED),
    ("r106 through the other", THROUGH, PAYMENTS, "kms:GenerateDataKeyWithoutPlaintext", KEY, IN_B, ALLOWED),
    ("r106 through a third", THROUGH, PAYMENTS, "kms:Decrypt", KEY, IN_C, DENIED),
    ("r106 from the internet", THROUGH, PAYMENTS, "kms:Decrypt", KEY, {}, DENIED),
    ("r106 re-encrypt", THROUGH, ANA, "kms:ReEncryptFrom", KEY, {}, DENIED),
    ("r106 sign", THROUGH, ANA, "kms:Sign", KEY, {}, DENIED),
    ("r106 root", THROUGH, ROOT, "kms:Encrypt", KEY, {}, DENIED),
    ("r106 administration", THROUGH, ANA, "kms:PutKeyPolicy", KEY, {}, ALLOWED),
    ("r106 reading", THROUGH, ANA, "kms:DescribeKey", KEY, {}, ALLOWED),
    ("r106 stranger through it", THROUGH, STRANGER, "kms:Decrypt", KEY, IN_A, NOT_ALLOWED),
    ("r103 service for ana", THROUGH, ANA, "kms:Decrypt", KEY, VIA, DENIED),
    ("r103 service for ana, exempt", THROUGH_OR_SERVICE, ANA, "kms:Decrypt", KEY, VIA, ALLOWED),
    ("r103 ana herself", THROUGH_OR_SERVICE, ANA, "kms:Decrypt", KEY, {}, DENIED),
    ("r103 volumes", THROUGH_OR_SERVICE, EC2, "kms:Decrypt", KEY, EC2_ROLE, ALLOWED),
    ("r103 volumes, not exempt", THROUGH, EC2, "kms:Decrypt", KEY, EC2_ROLE, DENIED),
    ("r107 administer from A", SPLIT, BOB, "kms:PutKeyPolicy", KEY, IN_A, ALLOWED),
    ("r107 schedule deletion from A", SPLIT, BOB, "kms:ScheduleKeyDeletion", KEY, IN_A, ALLOWED),
    ("r107 administer from B", SPLIT, BOB, "kms:DisableKey", KEY, IN_B, DENIED),
    ("r107 administer from elsewhere", SPLIT, BOB, "kms:PutKeyPolicy", KEY, {}, DENIED),
    ("r107 grant from B", SPLIT, BOB, "kms:CreateGrant", KEY, IN_B, DENIED),
    ("r107 schedule deletion from B", SPLIT, BOB, "kms:ScheduleKeyDeletion", KEY, IN_B, DENIED),
    ("r107 use from B", SPLIT, PAYMENTS, "kms:Decrypt", KEY, IN_B, ALLOWED),
    ("r107 use from A", SPLIT, PAYMENTS, "kms:Decrypt", KEY, IN_A, DENIED),
    ("r107 use from elsewhere", SPLIT, PAYMENTS, "kms:GenerateDataKey", KEY, {}, DENIED),
    ("r107 read from elsewhere", SPLIT, BOB, "kms:DescribeKey", KEY, {}, ALLOWED),
    ("r107 read from B", SPLIT, BOB, "kms:GetKeyPolicy", KEY, IN_B, ALLOWED),
    ("r107 stranger reads", SPLIT, STRANGER, "kms:DescribeKey", KEY, IN_A, NOT_ALLOWED),
    ("r107 administrator from elsewhere", SPLIT_BUT, ANA, "kms:PutKeyPolicy", KEY, {}, ALLOWED),
    ("r107 administrator's use", SPLIT_BUT, ANA, "kms:Decrypt", KEY, {}, DENIED),
    ("r107 administrating role", SPLIT_BUT, DEPLOY, "kms:PutKeyPolicy", KEY, {"aws:PrincipalArn": DEPLOY}, ALLOWED),
    ("r107 somebody else", SPLIT_BUT, BOB, "kms:PutKeyPolicy", KEY, {}, DENIED),
    ("r107 use from the second", SPLIT_BUT, BOB, "kms:Decrypt", KEY, IN_C, ALLOWED),
    ("r107 service's grant", SPLIT_BUT, BOB, "kms:CreateGrant", KEY, VIA, ALLOWED),
    ("strict: use from B by a wrong endpoint", STRICT, BOB, "kms:Decrypt", KEY, WRONG, DENIED),
    ("strict: use from B", STRICT, BOB, "kms:Decrypt", KEY, IN_B, ALLOWED),
    ("strict: use from A", STRICT, BOB, "kms:Decrypt", KEY, IN_A, DENIED),
    ("strict: administer from elsewhere", STRICT, BOB, "kms:PutKeyPolicy", KEY, {}, DENIED),
]


@pytest.mark.parametrize(
    ("policy", "principal", "action", "resource", "context", "expected"),
    [row[1:] for row in ROWS], ids=[row[0] for row in ROWS],
)
def test_who_is_let_through(
    policy: Any, principal: str, action: str, resource: str, context: dict[str, Any], expected: str
) -> None:
    request = Request(principal, action, resource, context, complete=True)
    assert evaluate(policy, request).verdict == expected
    assert evaluate(json.loads(json.dumps(policy)), request).verdict == expected


def test_who_is_let_through_by_the_rules_of_the_emulator() -> None:
    """A second opinion, of code that knows nothing of the first."""
    for name, policy, principal, action, resource, context, expected in ROWS:
        if principal.startswith("arn:"):
            known = {key.lower(): value for key, value in {**DIRECT, **context}.items()}
            refused = refusal(json.dumps(policy), principal, action, [resource], known)
            assert bool(refused) == (expected != ALLOWED), name


def test_r107_from_where_a_role_calls_is_not_known() -> None:
    session = f"arn:aws:sts::{OWN}:assumed-role/deploy/run"
    assert evaluate(SPLIT_BUT, Request(session, "kms:PutKeyPolicy", KEY)).verdict == UNKNOWN


ENDPOINTS = [DEFAULT, VIEW, OWN_ONLY, OWN_AND_SERVICES, BOTH]
KEYS = [KEY_DEFAULT, THROUGH, THROUGH_OR_SERVICE, SPLIT, SPLIT_BUT, STRICT]


@pytest.mark.parametrize("policy", ENDPOINTS)
def test_an_endpoint_policy_is_what_aws_takes(policy: dict[str, Any]) -> None:
    """R98: it names no endpoint."""
    assert "vpce-" not in json.dumps(policy)
    assert policy_checks.endpoint_policy("policy", json.dumps(policy)) == []


@pytest.mark.parametrize("policy", KEYS)
def test_r107_a_key_policy_is_what_aws_takes(policy: dict[str, Any]) -> None:
    assert policy_checks.key_policy("policy", json.dumps(policy)) == []


def test_r96_the_default_is_no_policy() -> None:
    assert is_full_access(DEFAULT)


def test_r103_exempt_policies_need_no_warning() -> None:
    assert policy_checks.meets_services(THROUGH_OR_SERVICE) == policy_checks.meets_services(SPLIT_BUT) == []
    assert policy_checks.meets_services(SPLIT) == [
        "statement 2 (DenyAdministrationElsewhere)", "statement 3 (DenyUseInOtherVpcs)",
    ]


PARTITIONS: list[tuple[str, str]] = [
    ("eu-central-1", "aws"), ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"), ("cn-north-1", "aws-cn"),
    ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc"), ("us-east-1", "aws"),
]


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    made = key_policy("default", account=OWN, region=region)
    assert made["Statement"][0]["Principal"] == {"AWS": f"arn:{partition}:iam::{OWN}:root"}
    assert same(made, key_policy("default", account=OWN, partition=partition))


def test_principals_and_keys_of_another_partition() -> None:
    made = endpoint_policy(
        "decrypt_and_view", principals=["user/ana"], keys=[KEY_ID], region="cn-north-1", account=OWN
    )["Statement"][0]
    assert made["Principal"] == {"AWS": f"arn:aws-cn:iam::{OWN}:user/ana"}
    assert made["Resource"] == f"arn:aws-cn:kms:cn-north-1:{OWN}:key/{KEY_ID}"


PENDING = "(known after apply: VPC endpoint.kms.vpc_endpoint_id)"


def test_check_mode_hands_placeholders_on() -> None:
    made = key_policy("through_endpoint", account=OWN, region=REGION, endpoints=[PENDING])
    assert made["Statement"][1]["Condition"] == {"StringNotEquals": {"aws:sourceVpce": PENDING}}
    assert policy_checks.key_policy("policy", made) == []


def key(preset: str, **options: Any) -> dict[str, Any]:
    return key_policy(preset, **{"account": OWN, "region": REGION, **options})


def view(**options: Any) -> dict[str, Any]:
    return endpoint_policy("decrypt_and_view", **{"principals": [ANA], "keys": [KEY], **options})


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (endpoint_policy, {"preset": "admin"}, "there are decrypt_and_view, default and this_account"),
    (endpoint_policy, {"preset": "default", "account": OWN}, "does not take account"),
    (endpoint_policy, {"preset": "this_account"}, "needs account"),
    (endpoint_policy, {"preset": "this_account", "account": 12345678901}, "12 digits, quoted in YAML"),
    (view, {"principals": []}, "needs principals"),
    (view, {"principals": ["ana"], "account": OWN, "region": REGION}, "ana is no principal"),
    (view, {"principals": ["role/payments"]}, "give the ARN, or region or partition and account"),
    (view, {"keys": [KEY_ID], "account": OWN}, "give the ARN, or region beside it"),
    (view, {"keys": ["alias/payments"]}, "alias/payments is an alias"),
    (view, {"keys": [ALIAS]}, "give the key's id or ARN"),
    (view, {"keys": ["payments"]}, "payments is no key"),
    (view, {"partition": "aws-cn"}, "is in the partition aws, not in aws-cn"),
    (view, {"partition": "aws-cn", "region": REGION}, "eu-central-1 is not in the partition aws-cn"),
    (key, {"preset": "through_endpoint", "endpoints": []}, "needs endpoints"),
    (key, {"preset": "through_endpoint", "endpoints": ["vpc-0a"]}, "vpc-0a is no VPC endpoint"),
    (key, {"preset": "split_by_vpc", "administer_from": "vpc-0a"}, "needs use_from"),
    (key, {"preset": "split_by_vpc", "administer_from": "a", "use_from": "vpc-0b"}, "a is no VPC"),
    (
        key, {"preset": "split_by_vpc", "administer_from": "vpc-0a", "use_from": "vpc-0b", "administrators": ["*"]},
        "does not name one user or role",
    ),
    (key, {"preset": "default", "region": None}, "give the ARN, or region or partition"),
    (combined, {"policies": []}, "nothing to combine"),
    (combined, {"policies": ["{"]}, "not valid JSON"),
]


@pytest.mark.parametrize(("make", "options", "expected"), REFUSED)
def test_what_a_preset_refuses(make: Any, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(PolicyError, match=expected.replace("(", r"\(")):
        make(**options)


def test_combined_statements_stand_once_and_have_a_sid_of_their_own() -> None:
    other = endpoint_policy("decrypt_and_view", principals=[BOB], keys=[KEY])
    made = combined([VIEW, json.dumps(VIEW), other])
    assert [item["Sid"] for item in made["Statement"]] == [
        "AllowDecryptAndView", "AllowListing", "AllowDecryptAndView2", "AllowListing2",
    ]
    assert evaluate(made, Request(BOB, "kms:ListKeys")).allowed
    assert len(combined([THROUGH, SPLIT])["Statement"]) == 4


def test_full_access_stays_where_nothing_else_is_allowed() -> None:
    assert evaluate(combined([DEFAULT, OWN_ONLY]), Request(BOB, "kms:Encrypt", KEY)).allowed
