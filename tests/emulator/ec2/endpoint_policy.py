# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an endpoint's policy says of a call: enough of IAM's rules for the policies that endpoints have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_TESTS = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda value, wanted: value == wanted.lower(),
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def role_of(arn: str) -> str:
    """aws:PrincipalArn of a caller: the role behind a session, or the caller itself."""
    if ":assumed-role/" not in arn:
        return arn
    head, dummy, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"


def refusal(policy: str, arn: str, action: str, resources: list[str], context: Mapping[str, str]) -> str:
    """Why the policy of an endpoint denies a call, in AWS's words; empty where it allows it."""
    account = arn.split(":")[4]
    known = {"aws:principalarn": role_of(arn), "aws:principalaccount": account, **context}
    statements = json.loads(policy)["Statement"]
    fitting = [
        statement
        for statement in (statements if isinstance(statements, list) else [statements])
        if _principal_fits(statement, arn, account)
        and _fits(statement, "Action", [action.lower()], lower=True)
        and _fits(statement, "Resource", resources or ["*"])
        and _conditions_hold(statement.get("Condition", {}), known)
    ]
    if any(statement["Effect"] == "Deny" for statement in fitting):
        return "with an explicit deny in a VPC endpoint policy"
    return "" if fitting else f"because no VPC endpoint policy allows the {action} action"


def _all(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _principal_fits(statement: Mapping[str, Any], arn: str, account: str) -> bool:
    inverse = "NotPrincipal" in statement
    given = statement.get("NotPrincipal" if inverse else "Principal", {})
    wanted = _all(given.get("AWS", []) if isinstance(given, dict) else given)
    same = {arn, role_of(arn), account, f"arn:{arn.split(':')[1]}:iam::{account}:root", "*"}
    return bool(same.intersection(wanted)) != inverse


def _fits(statement: Mapping[str, Any], element: str, values: list[str], lower: bool = False) -> bool:
    inverse = f"Not{element}" in statement
    patterns = _all(statement.get(f"Not{element}" if inverse else element, []))
    patterns = [pattern.lower() for pattern in patterns] if lower else patterns
    # A call that names no resource is a call on all of them.
    return all(any(fnmatchcase(value, pattern) for pattern in patterns) != inverse for value in values)


def _conditions_hold(conditions: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    return all(
        _condition_holds(operator, known.get(key.lower()), _all(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition_holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if name == "Null":
        return (value is None) == (wanted[0].lower() == "true")
    negative = name in _NEGATIVE
    if value is None:
        return negative or name != operator
    test = _TESTS[_NEGATIVE.get(name, name)]
    return any(test(value, one) for one in wanted) != negative
