# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key policies: what KMS refuses, whom it lets change them, and the words in which it shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .. import access, moto_base
from ..ec2.endpoint_policy import refusal, role_of
from ..errors import AwsError
from ..registry import Call, operation

_LIMIT = 32_768
_NAME = "default"
_TOP = {"Version", "Id", "Statement"}
_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}
_ACCOUNT = re.compile(r"\d{12}")
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{16,}")
_LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


def malformed(text: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", text)


def check(call: Call, text: str, key_arn: str, bypass: bool) -> None:
    """The refusals of a new key policy."""
    if len(text.encode()) > _LIMIT:
        raise AwsError("LimitExceededException", f"The key policy is longer than {_LIMIT} bytes.")
    statements = _statements(text)
    for statement in statements:
        _check_statement(call, statement)
    if not bypass and _denied(call, text, key_arn, "kms:PutKeyPolicy"):
        raise malformed(_LOCKED_OUT)


def _statements(text: str) -> list[Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise malformed("The policy is not valid JSON.") from error
    if not isinstance(document, dict) or not document.get("Statement") or set(document) - _TOP:
        raise malformed("The policy needs a Statement, and has Version and Id at most besides.")
    found = document["Statement"]
    statements: list[Any] = found if isinstance(found, list) else [found]
    sids = [item["Sid"] for item in statements if isinstance(item, dict) and item.get("Sid")]
    if len(set(sids)) < len(sids):
        raise malformed("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(call: Call, statement: Any) -> None:
    if not isinstance(statement, dict) or set(statement) - _ELEMENTS:
        raise malformed("Syntax errors in policy.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Policy contains a statement with an invalid effect.")
    principal = statement.get("Principal") or statement.get("NotPrincipal")
    if not principal:
        raise malformed("Policy contains a statement with no principal.")
    if principal != "*" and not (isinstance(principal, dict) and all(_exists(call, who) for who in _named(principal))):
        raise malformed("Policy contains a statement with one or more invalid principals.")


def _named(principal: dict[str, Any]) -> Iterator[Any]:
    entries = principal.get("AWS", [])
    yield from entries if isinstance(entries, list) else [entries]


def _exists(call: Call, name: Any) -> bool:
    """Whether KMS finds a principal. It knows the accounts of the others, not their users."""
    if not isinstance(name, str):
        return False
    if name == "*" or _ACCOUNT.fullmatch(name) or _UNIQUE_ID.fullmatch(name):
        return True
    head, dummy, resource = name.rpartition(":")
    kind, dummy, path = resource.partition("/")
    if head == f"arn:{call.partition}:sts::{call.account}" or kind == "root":
        return True
    if not head.startswith(f"arn:{call.partition}:iam::") or kind not in ("user", "role") or "*" in name:
        return False
    if not head.endswith(call.account) or name == _caller(call):
        return True
    iam = moto_base.backend("iam", call.account, call.partition)
    known = iam.users.values() if kind == "user" else iam.roles.values()
    return any(item.arn == name for item in known)


def _caller(call: Call) -> str:
    return access.caller(call.access_key, call.account, call.region, call.settings)


def _denied(call: Call, policy: str, key_arn: str, action: str) -> bool:
    """Whether a key policy keeps the caller from an action. What it leaves to IAM policies is allowed here."""
    caller = _caller(call)
    context = {"aws:viaawsservice": "false", "aws:principalisawsservice": "false", **call.source}
    return bool(refusal(_without_path(call, policy, caller), caller, action, [key_arn], context))


def _without_path(call: Call, policy: str, caller: str) -> str:
    """A session's ARN does not have the path of its role, by which a policy names it."""
    short = role_of(caller)
    if short == caller:
        return policy
    name = short.rpartition("/")[2]
    roles = moto_base.backend("iam", call.account, call.partition).roles.values()
    full = next((role.arn for role in roles if role.name == name), short)
    return policy.replace(f'"{full}"', f'"{short}"')


def _key(call: Call) -> tuple[Any, str]:
    """The key, and its policy. These operations take ids and ARNs of keys, but no aliases."""
    name = call.params["KeyId"]
    if name.startswith("arn:") and ":key/" not in name:
        raise AwsError("InvalidArnException", f"Invalid arn {name}")
    metadata = call.moto("DescribeKey", {"KeyId": name})["KeyMetadata"]
    if name.startswith("alias/"):
        raise AwsError("NotFoundException", f"Invalid keyId {name}")
    key = moto_base.backend("kms", call.account, call.region).keys[metadata["KeyId"]]
    if _denied(call, key.policy, key.arn, f"kms:{call.operation}"):
        text = f"User: {_caller(call)} is not authorized to perform: kms:{call.operation} on resource: {key.arn}"
        raise AwsError("AccessDeniedException", f"{text} because no resource-based policy allows it")
    return key, key.policy


def _shown(policy: str, partition: str) -> str:
    """KMS keeps the meaning, not the words: accounts become ARNs, lists of one become strings."""
    document = json.loads(policy)
    found = document["Statement"]
    statements = [_rewritten(item, partition) for item in (found if isinstance(found, list) else [found])]
    return json.dumps({**document, "Statement": statements}, indent=2, separators=(",", " : "))


def _rewritten(statement: dict[str, Any], partition: str) -> dict[str, Any]:
    result = {name: _single(value) for name, value in statement.items()}
    principal = result.get("Principal")
    if isinstance(principal, dict) and "AWS" in principal:
        names = [
            f"arn:{partition}:iam::{name}:root" if _ACCOUNT.fullmatch(name) else name for name in _named(principal)
        ]
        result["Principal"] = {**principal, "AWS": _single(names)}
    return result


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@operation("kms", "GetKeyPolicy")
def get_key_policy(call: Call) -> dict[str, Any]:
    dummy, policy = _key(call)
    if call.params.get("PolicyName", _NAME) != _NAME:
        raise AwsError("NotFoundException", "No such policy exists")
    return {"Policy": _shown(policy, call.partition), "PolicyName": _NAME}


@operation("kms", "PutKeyPolicy")
def put_key_policy(call: Call) -> dict[str, Any]:
    key, dummy = _key(call)
    name = call.params.get("PolicyName", _NAME)
    if name == "AWS_RAM":
        raise AwsError("ValidationException", "The AWS_RAM policy can only be managed by the RAM service")
    if name != _NAME:
        raise AwsError("ValidationException", f"The policy name {name} is not valid: the only valid name is {_NAME}.")
    check(call, call.params["Policy"], key.arn, bool(call.params.get("BypassPolicyLockoutSafetyCheck")))
    key.policy = call.params["Policy"]
    return {}
