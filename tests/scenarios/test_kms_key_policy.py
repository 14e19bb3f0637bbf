# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of a KMS key: put, found to be the same, drifted, refused before it locks anybody out (R97-R107)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import same
from ansible_collections.keylink.aws.plugins.module_utils.resources.policy_presets import key_policy

from scenarios.harness import CONNECTION, run_module
from scenarios.prerequisites import REGION, client

ACCOUNT = "123456789012"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/emulated"
PLACE = {"account": ACCOUNT, "region": REGION}
DEFAULT = key_policy("default", **PLACE)
PENDING = "(known after apply: VPC endpoint.payments.vpc_endpoint_id)"


class Keys:
    """A key with an alias, and outside hands."""

    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator
        self.url: str = emulator.url
        self.kms = client(self.url, "kms")
        made = self.kms.create_key()["KeyMetadata"]
        self.id, self.arn = made["KeyId"], made["Arn"]
        self.kms.create_alias(AliasName="alias/payments", TargetKeyId=self.id)

    def run(self, policy: Any = None, *, check: bool = False, **options: Any) -> dict[str, Any]:
        named = options if options.keys() & {"key_id", "key_arn", "alias"} else {"alias": "payments", **options}
        given = {} if policy is None else {"policy": policy}
        return run_module(self.url, "kms_key_policy", check=check, **given, **named)

    def policy(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kms.get_key_policy(KeyId=self.id)["Policy"])
        return found

    def put(self, policy: dict[str, Any], **options: Any) -> None:
        self.kms.put_key_policy(KeyId=self.id, Policy=json.dumps(policy), **options)

    def writes(self) -> list[str]:
        return [call["action"] for call in self.emulator.calls(mutating=True, service="kms")][2:]

    def vpc(self) -> str:
        ec2 = client(self.url, "ec2")
        return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    def endpoint(self, vpc: str | None = None, service: str = "kms") -> str:
        made = client(self.url, "ec2").create_vpc_endpoint(
            VpcId=vpc or self.vpc(), ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface"
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])


@pytest.fixture
def keys(emulator: Any) -> Keys:
    return Keys(emulator)


def through(endpoint: str, **options: Any) -> dict[str, Any]:
    return key_policy("through_endpoint", **PLACE, endpoints=[endpoint], **options)


def test_check_apply_check_apply(keys: Keys) -> None:
    wanted = through(keys.endpoint())
    planned = keys.run(wanted, check=True)
    assert (planned["changed"], keys.writes()) == (True, [])
    assert same(keys.policy(), DEFAULT)
    (diff,) = planned["diff"]
    assert diff["before_header"] == "key policy alias/payments (update)"
    assert [item["Sid"] for item in diff["before"]["Statement"]] == ["Enable IAM User Permissions"]
    assert [item["Sid"] for item in diff["after"]["Statement"]] == ["DenyUseElsewhere", "EnableIAMPolicies"]
    done = keys.run(wanted)
    assert (done["changed"], keys.writes()) == (True, ["PutKeyPolicy"])
    assert same(keys.policy(), wanted)
    assert (done["key_id"], done["key_arn"], done["policy_name"]) == (keys.id, keys.arn, "default")
    assert planned.keys() == done.keys()
    assert planned["actions"] == done["actions"]
    for check in (True, False):
        again = keys.run(wanted, check=check)
        assert (again["changed"], "diff" in again) == (False, False)
    assert keys.writes() == ["PutKeyPolicy"]


@pytest.mark.parametrize("spelling", ["id", "arn", "alias/payments", "alias of the option", "alias ARN"])
def test_a_key_is_found_by_id_arn_or_alias(keys: Keys, spelling: str) -> None:
    named = {
        "id": {"key_id": keys.id},
        "arn": {"key_arn": keys.arn},
        "alias/payments": {"key_id": "alias/payments"},
        "alias of the option": {"alias": "alias/payments"},
        "alias ARN": {"key_id": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/payments"},
    }[spelling]
    result = keys.run(DEFAULT, **named)
    assert (result["changed"], result["key_id"]) == (False, keys.id)


SPELLINGS: list[tuple[str, Any]] = [
    ("text", json.dumps(DEFAULT, indent=4)),
    ("account", {**DEFAULT, "Statement": {**DEFAULT["Statement"][0], "Principal": {"AWS": [ACCOUNT]}}}),
    ("lists", {**DEFAULT, "Statement": [{**DEFAULT["Statement"][0], "Action": ["kms:*"], "Resource": ["*"]}]}),
]


@pytest.mark.parametrize("policy", [row[1] for row in SPELLINGS], ids=[row[0] for row in SPELLINGS])
def test_another_spelling_is_no_change(keys: Keys, policy: Any) -> None:
    assert keys.run(policy)["changed"] is False


def test_drift_is_shown_and_repaired_alone(keys: Keys) -> None:
    wanted = through(keys.endpoint())
    keys.run(wanted)
    keys.put({**wanted, "Statement": wanted["Statement"][:1]})
    planned = keys.run(wanted, check=True)["diff"][0]
    assert planned["before"]["Statement"] == [planned["after"]["Statement"][1]]
    assert keys.run(wanted)["changed"]
    assert same(keys.policy(), wanted)


def test_back_to_the_default(keys: Keys) -> None:
    keys.run(through(keys.endpoint()))
    assert keys.run(state="default", check=True)["changed"]
    assert keys.run(state="default")["changed"]
    assert keys.policy() == DEFAULT
    assert keys.run(state="default")["changed"] is False
    refused = keys.run(DEFAULT, state="default")
    assert "Leave it out, or set state=present" in refused["msg"]


LOCKED_OUT: list[tuple[str, dict[str, Any]]] = [
    ("reading only", {"Action": ["kms:Get*", "kms:Describe*"]}),
    ("somebody else", {"Principal": {"AWS": "210987654321"}}),
    ("another action", {"Action": "kms:PutKey"}),
]


@pytest.mark.parametrize("changes", [row[1] for row in LOCKED_OUT], ids=[row[0] for row in LOCKED_OUT])
def test_r107_a_lock_out_is_refused_before_anything_is_written(keys: Keys, changes: dict[str, Any]) -> None:
    policy = {**DEFAULT, "Statement": [{**DEFAULT["Statement"][0], **changes}]}
    for check in (True, False):
        result = keys.run(policy, check=check)
        assert result["failed"]
        assert f"no statement allows kms:PutKeyPolicy on {keys.arn} for {CALLER}. R107:" in result["msg"]
        assert "bypass_policy_lockout_safety_check" in result["msg"]
    assert keys.writes() == []
    assert keys.policy() == DEFAULT


def test_r107_a_lock_out_on_purpose(keys: Keys) -> None:
    deny = {"Sid": "Sealed", "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}
    sealed = {**DEFAULT, "Statement": [*DEFAULT["Statement"], deny]}
    assert "statement 2 (Sealed) denies kms:PutKeyPolicy" in keys.run(sealed)["msg"]
    result = keys.run(sealed, bypass_policy_lockout_safety_check=True)
    assert result["changed"]
    assert any("only AWS Support can help" in warning for warning in result["warnings"])
    assert keys.run(sealed)["changed"] is False
    refused = keys.run(DEFAULT)
    assert "AccessDeniedException" in refused["msg"]
    assert "needs the permission kms:PutKeyPolicy" in refused["msg"]


def split(keys: Keys, administer: str, **options: Any) -> dict[str, Any]:
    use = keys.vpc()
    keys.endpoint(use)
    return key_policy("split_by_vpc", **PLACE, administer_from=administer, use_from=use, **options)


def test_r107_from_where_the_call_comes_is_for_aws_to_say(keys: Keys) -> None:
    management = keys.vpc()
    keys.endpoint(management)
    wanted = split(keys, management)
    planned = keys.run(wanted, check=True)
    assert any("AWS KMS makes the same check" in warning for warning in planned["warnings"])
    refused = keys.run(wanted)
    assert refused["failed"]
    assert "will not allow you to update the key policy in the future" in refused["msg"]
    assert "run this from a VPC or endpoint that the policy allows" in refused["msg"]
    assert refused["changed"] is False
    assert keys.policy() == DEFAULT
    keys.emulator.configure(callers_in_vpc={CONNECTION["access_key"]: management})
    ec2 = client(keys.url, "ec2")
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=management, **{name: {"Value": True}})
    (endpoint,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [management]}])["VpcEndpoints"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], PrivateDnsEnabled=True)
    assert keys.run(wanted)["changed"]
    assert keys.run(wanted)["changed"] is False


def test_r107_an_administrator_needs_no_vpc(keys: Keys) -> None:
    management = keys.vpc()
    keys.endpoint(management)
    wanted = split(keys, management, administrators=["user/emulated"], exempt_services=True)
    result = keys.run(wanted)
    assert result["changed"]
    assert "warnings" not in result
    assert keys.run(state="default")["changed"]


NAMED: list[tuple[str, str, str]] = [
    ("missing", "vpce-0123456789abcdef0", "is no VPC endpoint of this account and Region"),
    ("another service", "ssm", f"is an endpoint of com.amazonaws.{REGION}.ssm"),
    ("deleted", "deleted", "is deleting"),
]


@pytest.mark.parametrize(("kind", "text"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_r106_an_endpoint_must_be_there_first(keys: Keys, kind: str, text: str) -> None:
    endpoint = kind
    if kind == "ssm":
        endpoint = keys.endpoint(service="ssm")
    elif kind == "deleted":
        endpoint = keys.endpoint()
        keys.emulator.configure(time_scale=1.0)
        client(keys.url, "ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    for check in (True, False):
        result = keys.run(through(endpoint), check=check)
        assert result["failed"]
        assert f"{endpoint} {text}" in result["msg"] or f"the VPC endpoint {endpoint} {text}" in result["msg"]
        assert "R106" in result["msg"]
    assert keys.writes() == []
    keys.emulator.configure(time_scale=0.0)


def test_r106_an_endpoint_of_another_account(keys: Keys) -> None:
    policy = through("vpce-0123456789abcdef0")
    assert keys.run(policy, check_endpoints=False)["changed"]
    # It is there already: that stops nothing, but is said.
    result = keys.run(policy)
    assert result["changed"] is False
    assert [(item["number"], item["blocking"]) for item in result["unmet_requirements"]] == [
        ("R106", False), ("R103", False),
    ]


def test_r106_a_vpc_without_an_endpoint_for_kms(keys: Keys) -> None:
    management = keys.vpc()
    wanted = split(keys, management, administrators=["user/emulated"])
    result = keys.run(wanted)
    assert result["changed"]
    assert any(f"{management} has no available endpoint for AWS KMS" in warning for warning in result["warnings"])
    refused = keys.run(split(keys, "vpc-0123456789abcdef0", administrators=["user/emulated"]))
    assert "vpc-0123456789abcdef0 is no VPC of this account and Region" in refused["msg"]


def test_r103_statements_that_meet_aws_services(keys: Keys) -> None:
    endpoint = keys.endpoint()
    result = keys.run(through(endpoint), check=True)
    assert any("R103" in warning and "DenyUseElsewhere" in warning for warning in result["warnings"])
    assert "warnings" not in keys.run(through(endpoint, exempt_services=True))


def test_placeholders_in_check_mode_and_nowhere_else(keys: Keys) -> None:
    policy = through(PENDING)
    planned = keys.run(policy, check=True)
    assert planned["changed"]
    assert PENDING in json.dumps(planned["policy"])
    new_key = "(known after apply: KMS key.payments.key_id)"
    planned = keys.run(policy, check=True, key_id=new_key)
    assert (planned["key_id"], planned["actions"][0]["action"]) == (new_key, "create")
    assert keys.run(state="default", check=True, key_id=new_key)["policy"] == DEFAULT
    refused = keys.run(policy)
    assert "A real run needs the real value" in refused["msg"]
    assert keys.writes() == []


# policy, rule, part of the message
BAD: list[tuple[Any, str, str]] = [
    ('{"Statement": [{"Effect": "Allow", "Resource": "*",}]}', "R107", "A comma stands before a closing bracket"),
    ({"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}, "R97", "no Principal"),
    (key_policy("default", account="111122223333", region=REGION), "R99", "111122223333"),
]


@pytest.mark.parametrize(("policy", "rule", "text"), BAD)
def test_a_bad_policy_is_refused_before_the_first_call(keys: Keys, policy: Any, rule: str, text: str) -> None:
    before = len(keys.emulator.calls())
    result = keys.run(policy)
    assert result["failed"]
    assert f"{rule}:" in result["msg"]
    assert text in result["msg"]
    assert len(keys.emulator.calls()) == before


def test_a_principal_that_was_just_made_is_waited_for(keys: Keys) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/new"
    allow = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "kms:Decrypt", "Resource": "*"}
    wanted = {**DEFAULT, "Statement": [*DEFAULT["Statement"], allow]}
    refused = keys.run(wanted, wait_timeout=0)
    assert "invalid principals" in refused["msg"]
    assert "Each user and role that the policy names has to exist" in refused["msg"]
    assert keys.policy() == DEFAULT
    client(keys.url, "iam").create_role(RoleName="new", AssumeRolePolicyDocument="{}")
    text = "Policy contains a statement with one or more invalid principals."
    keys.emulator.fault(
        "error", service="kms", action="PutKeyPolicy", code="MalformedPolicyDocumentException", message=text, times=1
    )
    assert keys.run(wanted)["changed"]
    assert [call["error"] for call in keys.emulator.calls(action="PutKeyPolicy")][-2:] == [
        "MalformedPolicyDocumentException", None,
    ]


def test_what_kms_does_not_show_at_once_is_waited_for(keys: Keys) -> None:
    wanted = through(keys.endpoint())
    keys.emulator.fault("stale", service="kms", action="GetKeyPolicy", skip=1, times=1, seconds=60)
    assert same(keys.run(wanted)["policy"], wanted)


def test_a_key_that_waits_for_its_deletion(keys: Keys) -> None:
    keys.kms.schedule_key_deletion(KeyId=keys.id, PendingWindowInDays=7)
    result = keys.run(through(keys.endpoint()))
    assert (result["changed"], result["key_state"]) == (True, "PendingDeletion")
    assert any("is waiting for its deletion on 20" in warning for warning in result["warnings"])


def test_a_key_that_is_not_there(keys: Keys) -> None:
    result = keys.run(DEFAULT, alias="invoices")
    assert "NotFoundException" in result["msg"]
    assert "Check key_id or alias, the Region and the account" in result["msg"]


@pytest.mark.parametrize(
    "action", ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy", "ec2:DescribeVpcEndpoints"]
)
def test_a_missing_permission_is_named(keys: Keys, action: str) -> None:
    wanted = through(keys.endpoint())
    keys.emulator.configure(denied=[action])
    result = keys.run(wanted)
    assert result["failed"]
    assert f"needs the permission {action}" in result["msg"]
    keys.emulator.configure(denied=[])
    assert (result["changed"], keys.policy()) == (False, DEFAULT)


def test_the_new_policy_leaves_the_caller_to_iam(keys: Keys) -> None:
    named = {"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "kms:*", "Resource": "*"}
    keys.put({"Statement": [named]})
    result = keys.run(DEFAULT)
    assert any("left to the IAM policies of the account" in warning for warning in result["warnings"])


def test_r107_a_role_is_known_by_its_session(keys: Keys) -> None:
    iam = client(keys.url, "iam")
    for name in ("deploy", "audit"):
        iam.create_role(RoleName=name, Path="/ops/", AssumeRolePolicyDocument="{}")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run-1"
    keys.emulator.configure(identities={CONNECTION["access_key"]: session})
    allow = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    refused = keys.run({"Statement": [{**allow, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/ops/audit"}}]})
    assert f"no statement allows kms:PutKeyPolicy on {keys.arn} for {session}" in refused["msg"]
    own = {"Statement": [{**allow, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/ops/deploy"}}]}
    assert keys.run(own)["changed"]
