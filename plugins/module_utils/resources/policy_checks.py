# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy must not be, before AWS sees it: R97, R99, R104, R107, and AWS's rules for wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import (
    PolicyError,
    listed,
    parse,
    plain_value,
    statements,
    text,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

ENDPOINT_LIMIT = 20_480
KEY_LIMIT = 32_768
_NEEDED = ("Principal", "Action", "Resource")
_ELEMENTS = {"Sid", "Effect", "Condition", *_NEEDED, *(f"Not{name}" for name in _NEEDED)}
_TOP = {"Version", "Id", "Statement"}
_VERSIONS = ("2008-10-17", "2012-10-17")
# What AWS's pages on KMS endpoints and key policies print. 123456789012 is one too, but emulated accounts bear it.
_EXAMPLE = re.compile(
    r"111122223333|444455556666|777788889999|\bvpc-12345678\b|\bvpc-2b2b2b2b\b|\bvpce-1a2b3c4d\b"
    r"|\bvpce-1234abcdf5678c90a\b"
    r"|\b1234abcd-12ab-34cd-56ef-1234567890ab\b|\b0987dcba-09fe-87dc-65ba-ab0987654321\b"
    r"|(?<=:user/)ExampleUser\b|(?<=:role/)ExampleRole\b"
)
_PRINCIPAL = re.compile(r"\*|\d{12}|A[A-Z0-9]{16,127}|arn:[a-z-]+:(iam|sts)::\d{12}:[\w+=,.@:/-]+")
_GROUP = re.compile(r"arn:[a-z-]+:iam::\d{12}:group/.*")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_MIXED_ACCOUNT = re.compile(r"(?=.*\d)(?=.*[*?]).*")
# Six characters in a row, before or after each wildcard.
_LONELY = re.compile(r"(?<![^*?]{6})[*?](?![^*?]{6})")
# Keys whose values AWS makes: it takes them whole only.
_IDENTIFIERS = ("aws:principalaccount", "aws:resourceaccount", "aws:sourceaccount", "aws:sourcevpc", "aws:sourcevpce")
_SOURCE_IP = "aws:sourceip"
_OUTSIDE_LATIN = re.compile(r"[^\t\n\r\x20-\xff]")


def endpoint_policy(option: str, given: str | Mapping[str, Any] | None, *, gateway: bool = False) -> list[Unmet]:
    """What is wrong with the policy of a VPC endpoint."""
    policy, found = _read("R97", option, given)
    if policy is None:
        return found
    found += _size("R97", option, policy, ENDPOINT_LIMIT) + _common(option, policy)
    found += _source_ip(option, policy, blocking=True)
    for where, statement in _numbered(policy):
        found += [unmet("R97", f"{option}, {where}", *problem) for problem in _wildcards(statement)]
        if gateway and statement.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            fix = 'A gateway endpoint needs "Principal": "*"; name principals under the condition key aws:PrincipalArn.'
            found.append(unmet("R97", f"{option}, {where}", f"Principal {statement.get('Principal')}", fix))
    return found


def key_policy(option: str, given: str | Mapping[str, Any] | None) -> list[Unmet]:
    """What is wrong with the policy of a KMS key."""
    policy, found = _read("R107", option, given)
    if policy is None:
        return found
    found += _size("R107", option, policy, KEY_LIMIT) + _common(option, policy)
    # Callers that use no endpoint have an address, so a key policy may name it.
    found += _source_ip(option, policy, blocking=False)
    strange = sorted({char for value in _strings(policy) for char in _OUTSIDE_LATIN.findall(value)})
    if strange:
        fix = "AWS KMS takes the characters up to U+00FF only."
        found.append(unmet("R107", option, f"characters {' '.join(strange)}", fix))
    return found


def _read(number: str, option: str, given: str | Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, list[Unmet]]:
    if given is None:
        return None, []
    try:
        return parse(given), []
    except PolicyError as error:
        return None, [unmet(number, option, str(error), "Give a policy document as JSON or as a YAML mapping.")]


def _size(number: str, option: str, policy: Mapping[str, Any], limit: int) -> list[Unmet]:
    size = len(text(policy))
    if size <= limit:
        return []
    fix = f"AWS takes {limit} at most. Use wildcards, or put conditions in the place of lists."
    return [unmet(number, option, f"{size} characters without white space", fix)]


def _numbered(policy: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, statement in enumerate(statements(policy), start=1):
        sid = statement.get("Sid")
        yield (f"statement {number} ({sid})" if sid else f"statement {number}"), statement


def _common(option: str, policy: Mapping[str, Any]) -> list[Unmet]:
    found = [unmet("R97", option, *problem) for problem in _document(policy)]
    for where, statement in _numbered(policy):
        found += [unmet("R97", f"{option}, {where}", *problem) for problem in _statement(statement)]
    examples = dict.fromkeys(name for value in _strings(policy) for name in _EXAMPLE.findall(value))
    fix = "Put what your own account has in its place."
    return found + ([unmet("R99", option, listing(list(examples)), fix)] if examples else [])


def _document(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of what is found and what would be right."""
    surplus = sorted(set(policy) - _TOP)
    if surplus:
        yield listing(surplus), "A policy has Version, Id and Statement only."
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield f"Version {policy['Version']}", f"AWS knows {listing(_VERSIONS)}, in quotes."
    sids = [item["Sid"] for item in statements(policy) if item.get("Sid")]
    for sid in sorted({sid for sid in sids if sids.count(sid) > 1}):
        yield f"Sid {sid} stands twice", "Give each statement a Sid of its own, or none."


def _statement(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    surplus = sorted(set(statement) - _ELEMENTS)
    if surplus:
        yield listing(surplus), f"A statement has {listing(sorted(_ELEMENTS))} only."
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect {statement.get('Effect')}", "Give Allow or Deny, with capital letters."
    for name in _NEEDED:
        present = [word for word in (name, f"Not{name}") if statement.get(word)]
        if len(present) != 1:
            yield listing(present) or f"no {name}", f"Give {name}, or Not{name} in its place."
    for action in [*listed(statement.get("Action")), *listed(statement.get("NotAction"))]:
        if not isinstance(action, str) or not _ACTION.fullmatch(action):
            yield f"action {action}", "Give an action such as kms:Decrypt or kms:Describe*."
    for name in ("Principal", "NotPrincipal"):
        yield from _principal(statement.get(name))
    yield from _block(statement.get("Condition") or {})


def _block(condition: Any) -> Iterator[tuple[str, str]]:
    if not _is_block(condition):
        yield "Condition", 'Give operators with keys and values: {"StringEquals": {"aws:sourceVpc": "vpc-..."}}.'
        return
    for operator, keys in condition.items():
        for key, values in keys.items():
            if not all(isinstance(value, str) for value in listed(values) or [None]):
                yield f"{operator} {key}", "Give a value, or a list of values."


def _is_block(condition: Any) -> bool:
    return isinstance(condition, Mapping) and all(isinstance(keys, Mapping) for keys in condition.values())


def _principal(value: Any) -> Iterator[tuple[str, str]]:
    if not value or value == "*":
        return
    if not isinstance(value, Mapping):
        yield f"principal {value}", 'Give {"AWS": "..."} with an ARN or an account, or "*".'
        return
    for name in listed(value.get("AWS")):
        if is_pending(name):
            continue
        if not isinstance(name, str) or not _PRINCIPAL.fullmatch(name):
            yield f"principal {name}", "Give the whole ARN of a user, role or session, an account's id in quotes, or *."
        elif _GROUP.fullmatch(name):
            yield f"principal {name}", "A group of users is not a principal: name its users or a role."


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Operator, key and value, one at a time."""
    block = statement.get("Condition") or {}
    if _is_block(block):
        for operator, keys in block.items():
            for key, values in keys.items():
                for value in listed(values):
                    yield operator, key, plain_value(value)


def _wildcards(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The PrivateLink guide's rules for wildcards in endpoint policies."""
    for operator, key, value in _conditions(statement):
        plain = operator.rpartition(":")[2]
        if key.lower() in _IDENTIFIERS and (plain.startswith("Numeric") or "*" in value or "?" in value):
            yield f"{operator} {key} {value}", "Give whole ids, with a string operator: AWS takes no wildcard there."
        elif plain.startswith(("StringLike", "StringNotLike")) and _LONELY.search(value):
            yield f"{operator} {key} {value}", "AWS needs six characters in a row before or after each wildcard."
    values = [value for dummy, key, value in _conditions(statement)]
    for arn in [*listed(statement.get("Resource")), *listed(statement.get("NotResource")), *values]:
        parts = str(arn).split(":", 5)
        if len(parts) == 6 and parts[0] == "arn" and _MIXED_ACCOUNT.fullmatch(parts[4]):
            yield str(arn), "The account in an ARN is a whole id or *, not a mixture."


def _source_ip(option: str, policy: Mapping[str, Any], blocking: bool) -> list[Unmet]:
    fix = "Use aws:sourceVpc or aws:sourceVpce; for a client's private address there is aws:VpcSourceIp."
    found = []
    for where, statement in _numbered(policy):
        keys = [f"{operator} {key}" for operator, key, dummy in _conditions(statement) if key.lower() == _SOURCE_IP]
        variables = [value for value in _strings(statement) if f"${{{_SOURCE_IP}" in value.lower()]
        found += [(f"{option}, {where}", text) for text in dict.fromkeys([*keys, *variables])]
    return [unmet("R104", where, text, fix, blocking) for where, text in found]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
    else:
        yield plain_value(value)


def demanded(policy: Mapping[str, Any], key: str) -> list[str]:
    """The ids that a policy compares with a condition key, such as aws:sourceVpce (R106). What AWS has not assigned
    yet can be looked up nowhere, and a pattern or a variable is no id."""
    found = (
        value
        for statement in statements(policy)
        for operator, name, value in _conditions(statement)
        if name.lower() == key.lower() and "Null" not in operator
    )
    return [item for item in dict.fromkeys(found) if not is_pending(item) and not set(item) & {*"*?$"}]


_PLACES = ("aws:sourcevpc", "aws:sourcevpce")
_SERVICE_KEYS = ("aws:viaawsservice", "aws:principalisawsservice", "kms:viaservice", "aws:calledvia")


def meets_services(policy: Mapping[str, Any]) -> list[str]:
    """The statements that demand a place of a request and make no exception for AWS services (R103)."""
    found = []
    for where, statement in _numbered(policy):
        keys = {key.lower() for dummy, key, value in _conditions(statement)}
        if keys.intersection(_PLACES) and not keys.intersection(_SERVICE_KEYS):
            found.append(where)
    return found
