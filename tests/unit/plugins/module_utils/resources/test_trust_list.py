# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's list of trusted certificate authorities, in the forms in which it is written."""

from __future__ import annotations

import time

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.trust_list import parse, same_name

DIGITS = ":".join(f"{number:02X}" for number in range(32))
LINE = "*" * 86


def entry(**changes: str) -> str:
    said = {"alias": "one", "owner": "CN=One, O=Example, C=ES", "until": "Tue Dec 31 01:37:37 PST 2030",
            "sha256": DIGITS, **changes}
    return (
        f"Alias name: {said['alias']}\nOwner: {said['owner']}\nIssuer: {said['owner']}\n"
        f"Valid from: Thu May 05 02:37:37 PDT 2011 until: {said['until']}\n"
        f"Certificate fingerprints:\n\t SHA1: 93:05:7A\n\t SHA256: {said['sha256']}\n{LINE}\n{LINE}\n"
    )


def test_entries_become_anchors() -> None:
    first, second = parse(entry() + entry(alias="two", until="Wed Jun 3 10:00:00 CEST 2026"))
    assert (first.alias, first.owner, first.sha256) == ("one", "CN=One, O=Example, C=ES", bytes(range(32)).hex())
    assert time.strftime("%Y-%m-%d", time.gmtime(first.not_after)) == "2030-12-31"
    assert (second.alias, time.strftime("%Y-%m-%d", time.gmtime(second.not_after))) == ("two", "2026-06-03")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("nothing of use", 0),
        (entry(sha256="12:34"), 0),
        # One of AWS's own lines has something behind the fingerprint.
        (entry(sha256=f"{DIGITS}                .7"), 1),
        (entry().replace("\n", "\r\n"), 1),
        (entry(until="some day"), 1),
    ],
)
def test_odd_lines(text: str, count: int) -> None:
    assert len(parse(text)) == count


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CN=Root, O=Example, C=US", "CN=Root,O=Example,C=US", True),
        ("C=US, O=Example, CN=Root", "CN=Root,O=Example,C=US", True),
        ('CN=Root, O="Example, Inc.", C=US', "CN=Root,O=Example\\, Inc.,C=US", True),
        ("CN=Root, O=Example", "CN=Root 2, O=Example", False),
        ("CN=Root", "CN=Root, O=Example", False),
    ],
)
def test_names_are_compared_however_they_are_written(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
