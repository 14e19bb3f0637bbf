# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy documents: read from text, compared by meaning.

AWS hands a policy back in other words than it was given: a list of one as a string, statements in another order, the
root of an account as its ARN. None of that is a difference. A Sid or an Id is one: users look for them in the console.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# AWS attaches this to an endpoint that was made without a policy (R96).
FULL_ACCESS: Mapping[str, Any] = {
    "Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]
}
VERSION = "2012-10-17"
_FIRST_VERSION = "2008-10-17"
_ROOT = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_TRAILING_COMMA = re.compile(r",\s*[}\]]")
# These take "true" and "false" in any case.
_FLAGS = ("Bool", "Null")


class PolicyError(ValueError):
    """What is given is not a policy document; the text says why, without naming an option."""


def parse(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """The document of JSON text or of a mapping, with strings as values of conditions. Raises PolicyError."""
    document = _load(given) if isinstance(given, str) else given
    if not isinstance(document, Mapping):
        raise PolicyError(f"it is {_kind(document)}, but a policy is a JSON object with Statement")
    if "Statement" not in document:
        raise PolicyError("it has no Statement")
    found = document["Statement"]
    if not isinstance(found, (list, Mapping)) or not found:
        raise PolicyError(f"Statement is {_kind(found)}, but has to be a list of one or more JSON objects")
    for number, item in enumerate(statements(document), start=1):
        if not isinstance(item, Mapping):
            raise PolicyError(f"statement {number} is {_kind(item)}, but has to be a JSON object")
    plain = [_plain(item) for item in statements(document)]
    return {**document, "Statement": plain if isinstance(found, list) else plain[0]}


def _plain(statement: Mapping[str, Any]) -> dict[str, Any]:
    """YAML's true and 7 as the strings that AWS compares."""
    block = statement.get("Condition")
    if not isinstance(block, Mapping) or not all(isinstance(keys, Mapping) for keys in block.values()):
        return dict(statement)
    plain = {operator: {key: _strings(value) for key, value in keys.items()} for operator, keys in block.items()}
    return {**statement, "Condition": plain}


def _strings(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_strings(item) for item in value]
    return plain_value(value) if isinstance(value, (bool, int, float)) else value


def _load(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        # Up to Python 3.12 the place is that of the bracket, later that of the comma.
        comma = text[: error.pos].rstrip()[-1:]
        trailing = _TRAILING_COMMA.match(comma + text[error.pos :]) or _TRAILING_COMMA.match(text[error.pos :])
        hint = " A comma stands before a closing bracket: take it away." if trailing else ""
        raise PolicyError(
            f"it is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.{hint}"
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python keeps the last of two equal names; AWS refuses them."""
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, dummy in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyError(f"{twice} stands twice in the same JSON object")
    return result


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if value in ([], {}):
        return "empty"
    names = {str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "something else")


def statements(policy: Mapping[str, Any]) -> list[Any]:
    """The statements; AWS takes a single one without a list around it."""
    return listed(policy.get("Statement"))


def listed(value: Any) -> list[Any]:
    """Strings and lists of strings mean the same almost everywhere in a policy."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def text(policy: Mapping[str, Any]) -> str:
    """The document as it is sent to AWS: without white space, which counts against AWS's limits."""
    return json.dumps(policy, separators=(",", ":"))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both documents mean the same and bear the same labels."""
    return canonical(one) == canonical(other)


def same_for_endpoint(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """The same for endpoint policies, where none means full access (R96)."""
    if is_full_access(one) or is_full_access(other):
        return is_full_access(one) and is_full_access(other)
    return one is not None and other is not None and same(one, other)


def is_full_access(policy: Mapping[str, Any] | None) -> bool:
    """Whether an endpoint policy is AWS's default one, whatever its labels."""
    return policy is None or canonical(policy, labels=False) == canonical(FULL_ACCESS, labels=False)


def canonical(policy: Mapping[str, Any], labels: bool = True) -> dict[str, Any]:
    """A form that is equal for documents of the same meaning. labels: whether Id and Sid count."""
    result: dict[str, Any] = {"Statement": _set(_statement(item, labels) for item in statements(policy))}
    # Only a document with policy variables means something else in another version.
    if "${" in json.dumps(result):
        result["Version"] = str(policy.get("Version") or _FIRST_VERSION)
    if labels and policy.get("Id"):
        result["Id"] = policy["Id"]
    others = {name: value for name, value in policy.items() if name not in ("Statement", "Version", "Id")}
    return {**others, **result}


def _statement(statement: Mapping[str, Any], labels: bool) -> dict[str, Any]:
    made = {
        name: _READERS[name](value) if name in _READERS else value for name, value in statement.items() if name != "Sid"
    }
    if labels and statement.get("Sid"):
        made["Sid"] = statement["Sid"]
    if not made.get("Condition"):
        made.pop("Condition", None)
    return made


def _principal(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return {"AWS": ["*"]} if value == "*" else value
    return {kind: _set(_ROOT.sub(r"\1", str(item)) for item in listed(items)) for kind, items in value.items()}


def _condition(value: Any) -> Any:
    """Pairs instead of a mapping: names of keys differ in case only, and none may be lost."""
    if not isinstance(value, Mapping):
        return value
    return _set(
        [operator, key.lower(), _set(_condition_value(operator, item) for item in listed(wanted))]
        for operator, keys in value.items()
        for key, wanted in (keys.items() if isinstance(keys, Mapping) else [("", keys)])
    )


def _condition_value(operator: str, value: Any) -> str:
    plain = plain_value(value)
    return plain.lower() if operator.rpartition(":")[2].removesuffix("IfExists") in _FLAGS else plain


def plain_value(value: Any) -> str:
    """A value of a condition as AWS compares it: JSON's true is the string "true"."""
    return json.dumps(value) if isinstance(value, (bool, int, float)) else str(value)


def _actions(value: Any) -> list[Any]:
    return _set(str(item).lower() for item in listed(value))


def _names(value: Any) -> list[Any]:
    return _set(listed(value))


def _set(items: Iterable[Any]) -> list[Any]:
    """Without doubles, in an order that depends on nothing but what is in it."""
    known = {json.dumps(item, sort_keys=True, default=str): item for item in items}
    return [known[key] for key in sorted(known)]


_READERS: Mapping[str, Any] = {
    "Action": _actions,
    "NotAction": _actions,
    "Resource": _names,
    "NotResource": _names,
    "Principal": _principal,
    "NotPrincipal": _principal,
    "Condition": _condition,
}


def tidy(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The document for people to compare: its own words, in an order that does not depend on how it was written."""

    def key(statement: Mapping[str, Any]) -> tuple[str, str]:
        return str(statement.get("Sid", "")), json.dumps(_statement(statement, True), sort_keys=True, default=str)

    return {**policy, "Statement": [_tidy(item) for item in sorted(statements(policy), key=key)]}


def _tidy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tidy(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = _set(value)
        return items[0] if len(items) == 1 else items
    return value
