# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One value among others in a TXT record set of Route 53."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING
from ansible_collections.keylink.aws.plugins.module_utils.resources import txt_record

NAME = "_6e86.example.com"


def sets(*values: str, ttl: int = 60, name: str = NAME, kind: str = "TXT") -> list[dict[str, Any]]:
    raw = {"Name": f"{name}.", "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
    return txt_record.normalise([raw], NAME)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ('"vpce:a"', "vpce:a"),
        ('"vpce:" "a"', "vpce:a"),
        (r'"say \"a\""', 'say "a"'),
        (r'"a\\b"', r"a\b"),
        (r'"\163tar"', "star"),
        ('""', ""),
    ],
)
def test_stored_values_are_compared_as_text(stored: str, text: str) -> None:
    assert txt_record.unquote(stored) == text
    assert txt_record.holds(sets(stored), text)


def test_value_is_held_exactly_or_not_at_all() -> None:
    assert not txt_record.holds(sets('"vpce:A"'), "vpce:a")
    assert not txt_record.holds([], "vpce:a")


def test_records_of_later_names_are_not_ours() -> None:
    assert sets('"vpce:a"', name="_7.example.com") == []


def test_name_is_matched_whatever_its_case() -> None:
    assert txt_record.holds(sets('"vpce:a"', name=NAME.upper()), "vpce:a")


def test_added_value_goes_beside_the_others_and_keeps_their_ttl() -> None:
    [after] = txt_record.added(sets('"other"', ttl=60), NAME, "vpce:a", 1800)
    assert (after["ttl"], after["values"]) == (60, ['"other"', '"vpce:a"'])
    [new] = txt_record.added([], NAME, "vpce:a", 1800)
    assert (new["ttl"], new["values"]) == (1800, ['"vpce:a"'])


def test_removed_value_leaves_the_others() -> None:
    [after] = txt_record.removed(sets('"other"', '"vpce:a"'), "vpce:a")
    assert after["values"] == ['"other"']
    assert txt_record.removed(sets('"vpce:a"'), "vpce:a") == []
    assert txt_record.removed([], "vpce:a") == []


def test_sets_of_other_types_stay_in_the_state() -> None:
    both = sets("192.0.2.1", kind="A") + sets('"vpce:a"')
    assert [item["type"] for item in txt_record.removed(both, "vpce:a")] == ["A"]


def test_diff_shows_text_in_a_stable_order() -> None:
    shown = txt_record.shown(sets('"b"', '"a"')[0])
    assert shown == {"name": NAME, "type": "TXT", "ttl": 60, "values": ["a", "b"]}


@pytest.mark.parametrize(("status", "verdict"), [("INSYNC", DONE), ("PENDING", WAITING)])
def test_change_in_sync(status: str, verdict: str) -> None:
    assert txt_record.judge_in_sync({"ChangeInfo": {"Status": status}}).status == verdict
