# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import dns_record


def test_the_guides_example_is_looked_up_from_the_nearest_parent() -> None:
    assert dns_record.candidates("myproxy-private.xks.example.com", "_6e86") == [
        "_6e86.xks.example.com",
        "_6e86.example.com",
        "_6e86.myproxy-private.xks.example.com",
        "xks.example.com",
        "example.com",
        "myproxy-private.xks.example.com",
    ]


@pytest.mark.parametrize(
    ("name", "domains"),
    [
        ("xks.example.com", ["example.com", "xks.example.com"]),
        ("xks.example.com.", ["example.com", "xks.example.com"]),
        ("a.b.c.example.com", ["b.c.example.com", "c.example.com", "example.com", "a.b.c.example.com"]),
    ],
)
def test_a_top_level_domain_is_never_a_place(name: str, domains: list[str]) -> None:
    assert dns_record.domains(name) == domains


def test_the_record_is_ready_to_publish() -> None:
    configuration = {"name": "_6e86", "type": "TXT", "value": "vpce:l6p0ER", "state": "pendingVerification"}
    assert dns_record.record("xks.example.com", configuration) == {
        "name": "_6e86.example.com",
        "candidates": ["_6e86.example.com", "_6e86.xks.example.com", "example.com", "xks.example.com"],
        "type": "TXT",
        "value": "vpce:l6p0ER",
        "quoted_value": '"vpce:l6p0ER"',
        "ttl": 1800,
        "state": "pendingVerification",
    }
