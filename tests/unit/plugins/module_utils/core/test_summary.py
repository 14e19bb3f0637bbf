# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.summary import summarize

PENDING = "(known after apply: subnet.payments-eu-central-1a.subnet_id)"


def action(verb: str, resource: str, name: str, identity: str = "") -> dict[str, str]:
    return {"resource": resource, "name": name, "action": verb, "id": identity}


ALL = [
    action("keep", "VPC", "payments", "vpc-1"),
    action("create", "subnet", "payments-eu-central-1a", PENDING),
    action("update", "target group", "payments", "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/payments/1"),
    action("delete", "TXT record", "_a.example.com", "_a.example.com"),
]


def lines(check_mode: bool, actions: Any = (), facts: Any = None, people: Any = ()) -> list[str]:
    return summarize("Key store payments", actions, facts or {}, people, check_mode)


def test_a_plan_says_what_would_be_done() -> None:
    assert lines(True, ALL) == [
        "Key store payments",
        "Plan: 1 to create, 1 to change, 1 to delete, 1 unchanged. Nothing was changed.",
        "  = keep    VPC payments (vpc-1)",
        "  + create  subnet payments-eu-central-1a",
        "  ~ change  target group payments",
        "  - delete  TXT record _a.example.com",
    ]


def test_a_real_run_says_what_was_done() -> None:
    made = [ALL[0], action("create", "subnet", "payments-eu-central-1a", "subnet-1"), *ALL[2:]]
    assert lines(False, made) == [
        "Key store payments",
        "Done: 1 created, 1 changed, 1 deleted, 1 unchanged.",
        "  = kept     VPC payments (vpc-1)",
        "  + created  subnet payments-eu-central-1a (subnet-1)",
        "  ~ changed  target group payments",
        "  - deleted  TXT record _a.example.com",
    ]


def test_facts_are_shown_by_name_and_what_is_unknown_says_so() -> None:
    facts = {
        "VPC": PENDING,
        "subnets": [PENDING, "subnet-2"],
        "state": "CONNECTED",
        "nothing": None,
        "empty": "",
        "none": [],
        "zero": 0,
    }
    assert lines(True, facts=facts)[2:] == [
        "",
        "  VPC      (known after apply)",
        "  subnets  (known after apply), subnet-2",
        "  state    CONNECTED",
        "  zero     0",
    ]


def test_what_people_must_do_comes_last_and_once() -> None:
    assert lines(False, people=["Ask them.", "Tell them.", "Ask them."])[2:] == [
        "", "For people to do:", "  * Ask them.", "  * Tell them.",
    ]


def test_a_report_is_shown_as_it_is() -> None:
    report = ["2 calls by alice", "Not shown:"]
    shown = ["", "  2 calls by alice", "  Not shown:"]
    assert summarize("Use", [], {}, [], False, report) == ["Use", *shown]
    assert summarize("Use", [ALL[2]], {}, [], False, report) == [
        "Use", "Done: 0 created, 1 changed, 0 deleted, 0 unchanged.", "  ~ changed  target group payments", *shown,
    ]


def test_nothing_to_do_is_two_lines() -> None:
    assert lines(False) == ["Key store payments", "Done: 0 created, 0 changed, 0 deleted, 0 unchanged."]
