# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play's results as a few lines that can be read at a glance, without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending

_SIGNS = {"create": "+", "update": "~", "delete": "-", "keep": "="}
_DONE = {"create": "created", "update": "changed", "delete": "deleted", "keep": "unchanged"}
_WILL = {"create": "create", "update": "change", "delete": "delete"}
_UNKNOWN = "(known after apply)"


def summarize(
    title: str,
    actions: Sequence[Mapping[str, str]],
    facts: Mapping[str, Any],
    people: Sequence[str],
    check_mode: bool,
    text: Sequence[str] = (),
) -> list[str]:
    """The lines. actions: as modules return them. facts: what to show by name. people: what software cannot do.
    text: lines that a module made. A report that is nothing else has no count of what was done."""
    lines = [title, *([] if text and not actions else [_counts(actions, check_mode)])]
    width = max((len(_verb(item, check_mode)) for item in actions), default=0)
    lines += [
        f"  {_SIGNS[item['action']]} {_verb(item, check_mode):<{width}}  {item['resource']} {item['name']}"
        f"{_identity(item)}"
        for item in actions
    ]
    shown = {name: value for name, value in facts.items() if value not in (None, "", [])}
    if shown:
        widest = max(len(name) for name in shown)
        lines += ["", *(f"  {name:<{widest}}  {_readable(value)}" for name, value in shown.items())]
    if text:
        lines += ["", *(f"  {line}" for line in text)]
    if people:
        lines += ["", "For people to do:", *(f"  * {item}" for item in dict.fromkeys(people))]
    return lines


def _counts(actions: Sequence[Mapping[str, str]], check_mode: bool) -> str:
    count = {verb: sum(item["action"] == verb for item in actions) for verb in _SIGNS}
    if check_mode:
        plan = ", ".join(f"{count[verb]} to {word}" for verb, word in _WILL.items())
        return f"Plan: {plan}, {count['keep']} unchanged. Nothing was changed."
    return "Done: " + ", ".join(f"{count[verb]} {word}" for verb, word in _DONE.items()) + "."


def _verb(item: Mapping[str, str], check_mode: bool) -> str:
    if item["action"] == "keep":
        return "keep" if check_mode else "kept"
    return (_WILL if check_mode else _DONE)[item["action"]]


def _identity(item: Mapping[str, str]) -> str:
    identity = item.get("id", "")
    # An ARN repeats the name and fills the line.
    if not identity or is_pending(identity) or identity.startswith("arn:") or identity == item["name"]:
        return ""
    return f" ({identity})"


def _readable(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_readable(item) for item in value)
    return _UNKNOWN if is_pending(value) else str(value)
