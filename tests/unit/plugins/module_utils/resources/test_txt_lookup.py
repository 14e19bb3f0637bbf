# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen in public DNS, in words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING
from ansible_collections.keylink.aws.plugins.module_utils.resources import txt_lookup

VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
OPTIONS = {"resolvers": None, "dns_port": 53, "query_timeout": 5}
ASKED = txt_lookup.question("myproxy.xks.example.com", "_6e86", VALUE, OPTIONS)
FIRST, SECOND = "_6e86.xks.example.com", "_6e86.example.com"

Answers = dict[str, dict[str, Any]]


def seen(answers: Answers, troubles: dict[str, str] | None = None, silent: bool = False) -> dict[str, Any]:
    """Name -> server -> values, or a status in place of values."""
    entries = []
    for name, servers in answers.items():
        told = [
            {
                "server": server,
                "status": said if isinstance(said, str) else ("found" if said else "nxdomain"),
                "values": said if isinstance(said, list) else [],
                "alias": "",
            }
            for server, said in servers.items()
        ]
        entries.append({"name": name, "zone": "example.com", "trouble": "", "servers": told})
    for name, trouble in (troubles or {}).items():
        entries.append({"name": name, "zone": "", "trouble": trouble, "servers": []})
    return {"silent": silent, "answers": entries}


def test_names_are_asked_in_the_order_of_aws() -> None:
    assert ASKED["names"][:2] == [FIRST, SECOND]
    assert ASKED["names"].index("xks.example.com") < ASKED["names"].index("example.com")
    assert f"{FIRST}.example.com" in ASKED["strays"]
    assert f"{SECOND}.example.com" in ASKED["strays"]
    assert not set(ASKED["names"]) & set(ASKED["strays"])


PUBLISHED: list[Answers] = [
    {FIRST: {"a": [VALUE], "b": [VALUE, "other"]}},
    {FIRST: {"a": [], "b": []}, SECOND: {"a": [VALUE], "b": [VALUE]}},
    {FIRST: {"a": [VALUE], "b": []}, SECOND: {"a": [VALUE], "b": [VALUE]}},
    {FIRST: {"a": [VALUE], "b": "timeout", "c": "servfail"}},
    {FIRST: {"a": []}, "example.com": {"a": ["v=spf1 -all", VALUE]}},
]


@pytest.mark.parametrize("answers", PUBLISHED)
def test_published(answers: Answers) -> None:
    verdict = txt_lookup.judge_published(ASKED, None, seen(answers))
    assert verdict.status == DONE
    assert "has the value" in verdict.text


NOT_YET: list[tuple[Answers, dict[str, str], list[str]]] = [
    ({FIRST: {"a": [], "b": []}, SECOND: {"a": [], "b": []}}, {}, ["not on a and b", FIRST, SECOND]),
    ({FIRST: {"a": [VALUE], "b": []}}, {}, ["on a", "not yet on b"]),
    ({FIRST: {"a": [VALUE.lower()]}}, {}, ["upper and lower case", VALUE.lower()]),
    ({FIRST: {"a": [VALUE.upper()]}, SECOND: {"a": []}}, {}, ["upper and lower case"]),
    ({FIRST: {"a": [f'"{VALUE}"']}}, {}, ["quotation marks"]),
    ({FIRST: {"a": ["vpce:somebodyElse"]}}, {}, ["other values only", "vpce:somebodyElse"]),
    ({FIRST: {"a": []}, f"{FIRST}.example.com": {"a": [VALUE]}}, {}, ["a second time", f"{FIRST}.example.com"]),
    ({FIRST: {"a": "servfail"}}, {}, ["a answers", "servfail"]),
    ({FIRST: {"a": "timeout", "b": []}}, {}, ["not on b", "a answers", "timeout"]),
    ({}, {FIRST: "no zone", SECOND: "no zone"}, ["no zone of public DNS", "registered"]),
    ({}, {FIRST: "refused"}, ["cannot resolve", FIRST]),
    ({}, {FIRST: "no servers"}, ["no addresses"]),
    ({}, {FIRST: "no zone"}, ["pending for ever", "R11"]),
    ({FIRST: {"a": []}, "6e86.xks.example.com": {"a": [VALUE]}}, {}, ["without the underscore", "xks.example.com"]),
    ({FIRST: {"a": [], "a (2001:db8::1)": "unreachable"}}, {}, ["not on a at"]),
    ({FIRST: {"a (2001:db8::1)": "unreachable"}}, {}, ["a (2001:db8::1) answers", "unreachable"]),
    ({SECOND: {"a": []}}, {FIRST: "refused"}, ["not on a"]),
    # What others say at the bare domain is nobody's business.
    ({FIRST: {"a": []}, "example.com": {"a": ["v=spf1 -all"]}}, {}, ["not on a"]),
]


@pytest.mark.parametrize(("answers", "troubles", "said"), NOT_YET)
def test_not_published(answers: Answers, troubles: dict[str, str], said: list[str]) -> None:
    verdict = txt_lookup.judge_published(ASKED, None, seen(answers, troubles))
    assert verdict.status == WAITING
    for text in said:
        assert text in verdict.text


def test_silence_is_waited_out_with_advice() -> None:
    verdict = txt_lookup.judge_published(ASKED, None, seen({}, {FIRST: "silence"}, silent=True))
    assert verdict.status == WAITING
    assert "verify_published" in verdict.text


def test_value_that_only_route_53_has_points_to_the_delegation() -> None:
    assert "delegated" in txt_lookup.explain(ASKED, seen({FIRST: {"ns.other.net": []}}), "example.com")
    assert "delegated" not in txt_lookup.explain(ASKED, seen({FIRST: {"ns.other.net": []}}), None)


def test_bare_domain_is_called_what_it_is() -> None:
    assert "underscore" in txt_lookup.explain(ASKED, seen({"example.com": {"a": [VALUE]}}), None)


def test_alias_is_mentioned() -> None:
    answers = seen({FIRST: {"a": [VALUE]}})
    answers["answers"][0]["servers"][0]["alias"] = "proof.example.net"
    assert "proof.example.net" in txt_lookup.explain(ASKED, answers, None)


def test_server_that_could_not_be_asked_is_mentioned_beside_those_that_have_the_value() -> None:
    text = txt_lookup.explain(ASKED, seen({FIRST: {"a": [VALUE], "b": "timeout", "c": "unreachable"}}), None)
    assert "b could not tell (timeout)" in text
    assert "unreachable" not in text


def test_found_values_by_name_and_server() -> None:
    answers = seen({FIRST: {"a": [VALUE], "b": []}, SECOND: {"a": []}})
    assert txt_lookup.found(answers) == {FIRST: {"a": [VALUE]}}
    assert txt_lookup.found(None) == {}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ({"state": "verified", "seen": None}, DONE),
        ({"state": "pendingVerification", "seen": None}, WAITING),
        ({"state": "failed", "seen": None}, FAILED),
        ({"state": "", "seen": None}, FAILED),
    ],
)
def test_verification(raw: dict[str, Any], status: str) -> None:
    assert txt_lookup.judge_verified(ASKED, None, raw).status == status


def test_failed_verification_tells_what_is_at_each_name() -> None:
    raw = {"state": "failed", "seen": seen({FIRST: {"a": [VALUE.lower()]}})}
    verdict = txt_lookup.judge_verified(ASKED, None, raw)
    assert "upper and lower case" in verdict.text
    assert verdict.details["verification_state"] == "failed"
    assert verdict.details["txt_found"] == {FIRST: {"a": [VALUE.lower()]}}
