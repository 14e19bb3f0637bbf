# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run did, or would do: the actions and diffs of the modules' results as lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import value

View = Mapping[str, Any]

ADD, TAKE, CHANGE = "+", "-", "~"


def of_results(results: Sequence[View]) -> list[dict[str, Any]]:
    """Each action with the lines of its diff, each line with a sign."""
    actions = [action for result in results for action in result.get("actions") or () if isinstance(action, Mapping)]
    diffs = [diff for result in results for diff in _diffs(result) if diff.get("before") != diff.get("after")]
    named: list[dict[str, Any]] = [
        {**{key: str(action.get(key) or "") for key in ("action", "resource", "name")}, "lines": []}
        for action in actions
    ]
    for diff in diffs:
        header = str(diff.get("after_header") or diff.get("before_header") or "")
        lines = [{"sign": sign, "text": text} for sign, text in _lines(diff.get("before"), diff.get("after"))]
        place = next((item for item in named if not item["lines"]
                      and header.startswith(f"{item['resource']} {item['name']} (")), None)
        if place:
            place["lines"] = lines
        else:
            named.append({"action": "update", "resource": header or "change", "name": "", "lines": lines})
    return named


def _diffs(result: View) -> list[View]:
    found = result.get("diff") or []
    return [item for item in ([found] if isinstance(found, Mapping) else found) if isinstance(item, Mapping)]


def _lines(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    if isinstance(before, str) or isinstance(after, str):
        compared = difflib.ndiff(str(before or "").splitlines(), str(after or "").splitlines())
        yield from ((line[0], line[2:]) for line in compared if line[0] in (ADD, TAKE))
        return
    old_leaves, new_leaves = dict(_leaves(before)), dict(_leaves(after))
    for name in dict.fromkeys([*old_leaves, *new_leaves]):
        old, new = old_leaves.get(name), new_leaves.get(name)
        if name not in old_leaves:
            yield ADD, f"{name}: {value(new)}"
        elif name not in new_leaves:
            yield TAKE, f"{name}: {value(old)}"
        elif old != new:
            yield CHANGE, f"{name}: {value(old)} → {value(new)}"


def _leaves(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no dict, with its path."""
    if not isinstance(found, Mapping):
        if path:
            yield path, found
        return
    for key, item in found.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, name)
        else:
            yield name, item
