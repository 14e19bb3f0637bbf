# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing what is wanted with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def tag_changes(
    current: Mapping[str, str], wanted: Mapping[str, str] | None, purge: bool
) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove. WANTED None leaves all as it is; AWS's own aws:* tags are never removed."""
    if wanted is None:
        return {}, []
    to_set = {key: value for key, value in wanted.items() if current.get(key) != value}
    surplus = [key for key in current if key not in wanted and not key.startswith("aws:")] if purge else []
    return to_set, sorted(surplus)


def tags_after(current: Mapping[str, str], wanted: Mapping[str, str] | None, purge: bool) -> dict[str, str]:
    """The tags after tag_changes() was applied."""
    to_set, surplus = tag_changes(current, wanted, purge)
    return {key: value for key, value in {**current, **to_set}.items() if key not in surplus}


def aws_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form that AWS's calls take."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def plain_tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of Key and Value as a dict."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def missing(wanted: Iterable[str], current: Iterable[str]) -> list[str]:
    """What is in WANTED and not in CURRENT, in WANTED's order."""
    have = set(current)
    return [item for item in dict.fromkeys(wanted) if item not in have]


def list_after(before: Iterable[str], given: Iterable[str] | None, purge: bool) -> list[str]:
    """A list of which GIVEN must be part, or all of it. Not given, it stays."""
    if given is None:
        return sorted(before)
    return sorted(set(given) if purge else {*before, *given})


def differences(before: Mapping[str, Any], after: Mapping[str, Any], **lists: str) -> dict[str, list[str]]:
    """The Add and Remove arguments of lists that AWS changes by difference. lists: key of the state -> AWS's name."""
    found = {}
    for key, api in lists.items():
        found["Add" + api] = missing(after[key], before[key])
        found["Remove" + api] = missing(before[key], after[key])
    return {name: items for name, items in found.items() if items}


def changed_keys(before: Mapping[str, object] | None, after: Mapping[str, object]) -> list[str]:
    """The keys of AFTER whose value differs from BEFORE's."""
    return [key for key, value in after.items() if (before or {}).get(key) != value]


def listing(items: Sequence[str]) -> str:
    """Items for a sentence: "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
