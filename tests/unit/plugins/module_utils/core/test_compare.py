# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    changed_keys,
    listing,
    missing,
    plain_tags,
    tag_changes,
    tags_after,
)

STACK = {"aws:cloudformation:stack-name": "network"}

TAGS: list[tuple[dict[str, str], dict[str, str] | None, bool, dict[str, str], list[str]]] = [
    ({}, {"a": "1"}, True, {"a": "1"}, []),
    ({"a": "1"}, {"a": "1"}, True, {}, []),
    ({"a": "1"}, {"a": "2"}, False, {"a": "2"}, []),
    ({"a": "1", "b": "2"}, {"a": "1"}, True, {}, ["b"]),
    ({"a": "1", "b": "2"}, {"a": "1"}, False, {}, []),
    ({"c": "3", "b": "2"}, {}, True, {}, ["b", "c"]),
    ({"a": "1"}, None, True, {}, []),
    (STACK, {}, True, {}, []),
    ({**STACK, "b": "2"}, {"a": "1"}, True, {"a": "1"}, ["b"]),
]


@pytest.mark.parametrize(("current", "wanted", "purge", "to_set", "surplus"), TAGS)
def test_tags_to_set_and_to_remove(
    current: dict[str, str], wanted: dict[str, str] | None, purge: bool, to_set: dict[str, str], surplus: list[str]
) -> None:
    assert tag_changes(current, wanted, purge) == (to_set, surplus)


@pytest.mark.parametrize(("current", "wanted", "purge"), [case[:3] for case in TAGS])
def test_after_that_nothing_is_left_to_change(
    current: dict[str, str], wanted: dict[str, str] | None, purge: bool
) -> None:
    after = tags_after(current, wanted, purge)
    assert tag_changes(after, wanted, purge) == ({}, [])
    assert after.items() >= (wanted or {}).items()


def test_tags_in_the_form_of_aws_and_back() -> None:
    tags = {"b": "2", "a": "1"}
    assert aws_tags(tags) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert plain_tags(aws_tags(tags)) == tags
    assert plain_tags(None) == {}


def test_missing_keeps_the_order_and_counts_once() -> None:
    assert missing(["c", "a", "c", "b"], ["a"]) == ["c", "b"]
    assert missing([], ["a"]) == []


def test_changed_keys_are_those_of_after() -> None:
    assert changed_keys({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3}) == ["b"]
    assert changed_keys(None, {"a": 1}) == ["a"]


@pytest.mark.parametrize(
    ("items", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_in_a_sentence(items: list[str], text: str) -> None:
    assert listing(items) == text
