# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a policy lets a request through, for guards that must never say yes wrongly.

Every question has three answers: True, False, and None for what cannot be told from the request or is not understood
here. A None that could change the decision makes it UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import listed, plain_value, statements

ALLOWED = "allowed"
DENIED = "denied"
NOT_ALLOWED = "not allowed"
UNKNOWN = "unknown"

_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}
_FLAGS = {"true": True, "false": False}
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class Request:
    """One call to AWS.

    principal: the caller's ARN as STS shows it, or the name of a service such as logs.amazonaws.com.
    resource: an ARN, or "*" for an action that has none. context: condition key -> value, values, or None for a key
    that the request does not have. complete: whether it has no other keys than those.
    """

    principal: str
    action: str
    resource: str = "*"
    context: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = False

    def value(self, key: str) -> tuple[bool, Any]:
        """Whether it is known what the request has under KEY, and what that is."""
        known = {name.lower(): value for name, value in {**caller_context(self.principal), **self.context}.items()}
        return self.complete or key.lower() in known, known.get(key.lower())


@dataclass(frozen=True)
class Decision:
    """What a policy says to a request.

    verdict: ALLOWED, DENIED by a statement, NOT_ALLOWED by any, or UNKNOWN. why: in words. delegated: allowed to the
    caller's account as a whole, so that a key policy leaves it to the account's IAM policies.
    """

    verdict: str
    why: str
    delegated: bool = False

    @property
    def allowed(self) -> bool:
        return self.verdict == ALLOWED


def caller_context(principal: str) -> dict[str, Any]:
    """What every direct call of PRINCIPAL has in its context. The path of an assumed role is not in its ARN, so
    aws:PrincipalArn is known for users and accounts only."""
    arn = _arn(principal)
    if arn is None:
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal} if (
            _SERVICE.fullmatch(principal)
        ) else {}
    kind = arn[5].partition("/")[0]
    kinds = {"user": "User", "assumed-role": "AssumedRole", "root": "Account", "federated-user": "FederatedUser"}
    result: dict[str, Any] = {
        "aws:PrincipalAccount": arn[4],
        "kms:CallerAccount": arn[4],
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:CalledVia": None,
        "aws:PrincipalServiceName": None,
        "aws:SourceArn": None,
        "aws:SourceAccount": None,
        "kms:ViaService": None,
    }
    if kind in kinds:
        result["aws:PrincipalType"] = kinds[kind]
    if kind in ("user", "root"):
        result["aws:PrincipalArn"] = principal
    return result


def evaluate(policy: Mapping[str, Any], request: Request) -> Decision:
    """An explicit deny wins; without an allow there is no access."""
    found = [(name, item, _applies(item, request)) for name, item in _named(policy)]
    denies = [(name, answer) for name, item, answer in found if item.get("Effect") != "Allow"]
    allows = [(name, item, answer) for name, item, answer in found if item.get("Effect") == "Allow"]
    what = f"{request.action} on {request.resource} for {request.principal}"
    for name, answer in denies:
        if answer:
            return Decision(DENIED, f"{name} denies {what}")
    for name, answer in denies:
        if answer is None:
            return Decision(UNKNOWN, f"it cannot be told whether {name} denies {what}")
    sure = [(name, item) for name, item, answer in allows if answer]
    if sure:
        delegated = not any(_principal(item, request, by_name=True) for dummy, item in sure)
        return Decision(ALLOWED, f"{sure[0][0]} allows {what}", delegated)
    for name, dummy, answer in allows:
        if answer is None:
            return Decision(UNKNOWN, f"it cannot be told whether {name} allows {what}")
    return Decision(NOT_ALLOWED, f"no statement allows {what}")


def _named(policy: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    result = []
    for number, item in enumerate(statements(policy), start=1):
        sid = item.get("Sid")
        result.append((f"statement {number} ({sid})" if sid else f"statement {number}", item))
    return result


def _applies(statement: Mapping[str, Any], request: Request) -> bool | None:
    """Whether a statement is about the request."""
    if set(statement) - _ELEMENTS or statement.get("Effect") not in ("Allow", "Deny"):
        return None
    return _all((
        _principal(statement, request),
        _element(statement, "Action", lambda pattern: _glob(pattern.lower(), request.action.lower())),
        _element(statement, "Resource", lambda pattern: _covers(pattern, request.resource)),
        _conditions(statement.get("Condition") or {}, request),
    ))


def _all(answers: Iterable[bool | None]) -> bool | None:
    known = list(answers)
    return False if False in known else None if None in known else True


def _any(answers: Iterable[bool | None]) -> bool | None:
    known = list(answers)
    return True if True in known else None if None in known else False


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _element(statement: Mapping[str, Any], name: str, matches: Callable[[str], bool | None]) -> bool | None:
    """Action or NotAction, Resource or NotResource: exactly one of the two."""
    plain, negated = name in statement, f"Not{name}" in statement
    patterns = listed(statement.get(name, statement.get(f"Not{name}")))
    if plain == negated or not patterns or not all(isinstance(item, str) for item in patterns):
        return None
    found = _any(matches(item) for item in patterns)
    return found if plain else _not(found)


def _principal(statement: Mapping[str, Any], request: Request, by_name: bool = False) -> bool | None:
    """by_name: whether the statement allows the caller itself, not only its account."""
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        return None
    value = statement.get("Principal", statement.get("NotPrincipal"))
    if value == "*":
        found: bool | None = True
    elif isinstance(value, Mapping):
        found = _any(
            _caller(kind, str(entry), request.principal, by_name)
            for kind, entries in value.items()
            for entry in listed(entries)
        )
    else:
        found = None
    if "Principal" in statement:
        return found
    # Who is named there is exempt only if its account, and for a role its session, is named as well.
    return True if found is False else None


def _caller(kind: str, entry: str, principal: str, by_name: bool) -> bool | None:
    """Whether an entry of Principal is the caller."""
    caller = _arn(principal)
    if entry == "*" and kind == "AWS":
        return True
    if caller is None or is_pending(entry):
        return kind == "Service" and entry == principal if _SERVICE.fullmatch(principal) else None
    if kind == "Service":
        return False
    if kind != "AWS" or "*" in entry or "?" in entry:
        return None
    if entry == principal:
        return True
    if _ACCOUNT.fullmatch(entry):
        return entry == caller[4] and (not by_name or caller[5] == "root")
    return _is(_arn(entry), caller, by_name)


def _is(named: tuple[str, ...] | None, caller: tuple[str, ...], by_name: bool) -> bool | None:
    if named is None:
        # A unique id such as AROA...: a principal that was deleted, or one that only IAM can tell.
        return None
    if (named[1], named[4]) != (caller[1], caller[4]):
        return False
    if named[5] == "root":
        return not by_name
    if caller[5].startswith("assumed-role/") and named[5].startswith("role/"):
        # Role names are unique in an account, whatever their paths.
        return named[5].rpartition("/")[2] == caller[5].split("/")[1]
    return None if caller[5].startswith("federated-user/") else False


def _arn(value: str) -> tuple[str, ...] | None:
    parts = tuple(value.split(":", 5))
    return parts if len(parts) == 6 and parts[0] == "arn" else None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    joined = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob)
    return re.compile(joined, re.DOTALL)


def _glob(pattern: str, value: str) -> bool | None:
    """Policy variables are not known here, and what AWS has not assigned yet may be anything."""
    if pattern == "*" or (pattern == value and "${" not in pattern):
        return True
    if "${" in pattern or is_pending(pattern) or is_pending(value):
        return None
    return _pattern(pattern).fullmatch(value) is not None


def _covers(pattern: str, value: str) -> bool | None:
    """AWS compares ARNs part by part; where a wildcard beyond a colon would decide, it is not known."""
    whole = _glob(pattern, value)
    if pattern == "*" or ":" not in pattern or ":" not in value:
        return whole
    parts = [*pattern.split(":", 5), *["*"] * 6][:6]
    single = _all(_glob(part, given) for part, given in zip(parts, value.split(":", 5)))
    return whole if whole == single else None


def _conditions(block: Any, request: Request) -> bool | None:
    if not isinstance(block, Mapping) or not all(isinstance(keys, Mapping) for keys in block.values()):
        return None
    return _all(
        _condition(operator, key, [plain_value(item) for item in listed(wanted)], request)
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def _equal(wanted: str, given: str) -> bool | None:
    if wanted == given and "${" not in wanted:
        return True
    return None if "${" in wanted or is_pending(wanted) or is_pending(given) else False


# Operator -> how it compares. Each has its opposite, with Not in its name.
_COMPARE: Mapping[str, Callable[[str, str], bool | None]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": lambda wanted, given: _equal(wanted.lower(), given.lower()),
    "StringLike": _glob,
    "ArnEquals": _covers,
    "ArnLike": _covers,
    "Bool": lambda wanted, given: _equal(wanted.lower(), given.lower()),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def _condition(operator: str, key: str, wanted: list[str], request: Request) -> bool | None:
    """One operator on one key."""
    known, given = request.value(key)
    if not known:
        return None
    if operator == "Null":
        return _any(_FLAGS.get(item.lower()) if given is None else _not(_FLAGS.get(item.lower())) for item in wanted)
    quantifier, dummy, name = operator.rpartition(":")
    optional, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negated, name = name in _NEGATED, _NEGATED.get(name, name)
    if name not in _COMPARE or quantifier not in ("", "ForAnyValue", "ForAllValues") or not wanted:
        return None
    if given is None:
        return _absent(quantifier, optional, negated)
    if isinstance(given, str) == bool(quantifier):
        # A list without a quantifier, or a single value with one: AWS does not say what that means.
        return None
    answers = [_matches(name, wanted, value, negated) for value in listed(given)]
    return _all(answers) if quantifier == "ForAllValues" else _any(answers)


def _matches(name: str, wanted: list[str], value: str, negated: bool) -> bool | None:
    found = _any(_COMPARE[name](item, value) for item in wanted)
    return _not(found) if negated else found


def _absent(quantifier: str, optional: bool, negated: bool) -> bool:
    """AWS's answer where the request does not have the key."""
    if quantifier:
        return quantifier == "ForAllValues" or optional
    return optional or negated
