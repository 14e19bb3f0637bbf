# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map: what is wrong stands in its place, in words, and nothing lies on anything else."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import cards, chain, drawing, text
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.cards import Card, Frame
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE

from scenarios import reports

Gate = dict[str, Any]
LONG = "x" * 5000


def frames(gate: Gate) -> list[Frame]:
    return cards.frames(chain.merged([gate["chain"]]), gate["requirements"])


def everything(drawn: list[Frame]) -> list[Card]:
    return [card for frame in drawn for part in (frame, *frame.lanes) for card in part.cards]


def card(gate: Gate, place: str) -> Card:
    return next(item for item in everything(frames(gate)) if item.place == place)


def many_targets() -> Gate:
    gate = reports.gate(reports.chain())
    gate["chain"]["targets"] = [
        {"id": f"10.0.{16 * (number % 2)}.{number + 4}", "port": 443, "state": "healthy" if number else "unhealthy",
         "explanation": "It does not answer.", "exists": True}
        for number in range(40)
    ]
    return gate


def elsewhere() -> Gate:
    gate = reports.gate(reports.chain())
    gate["chain"]["targets"].append({"id": "192.168.7.7", "port": 443, "state": "initial", "exists": True})
    return gate


def public() -> Gate:
    gate = reports.gate(reports.chain())
    gate["chain"]["key_store"]["xks_proxy_configuration"]["connectivity"] = "PUBLIC_ENDPOINT"
    return gate


def cluster() -> Gate:
    return {"chain": chain.of_key_store(reports.cloudhsm("ledger", "eu-west-1")), "requirements": []}


def long_names() -> Gate:
    gate = reports.gate(reports.chain(LONG), [(number, LONG, f"{LONG} {LONG}", LONG, True) for number in cards.PLACE])
    gate["chain"]["key_store"]["custom_key_store_id"] = LONG
    return gate


GATES: dict[str, Callable[[], Gate]] = {
    "healthy": lambda: reports.gate(reports.chain()), "ten faults": reports.ten_faults, "nothing": reports.nothing_yet,
    "forty targets": many_targets, "elsewhere": elsewhere, "public": public, "cluster": cluster, "long": long_names,
}

# Number -> where it is shown, and what is said there.
PLACES = {
    "R24": ("vpc", "DNS host names are off"), "R43": ("listener", "the protocol is TLS"),
    "R39": ("load_balancer", "the scheme is internet-facing"), "R8": ("endpoint_service", "acceptance is required"),
    "R9": ("allowed_principals", "nobody is allowed"),
    "R57": ("private_dns", "the verification is pendingVerification"),
    "R13": ("tls", "certificate dates: CN=payments.example.com expired on 2026-11-01"),
    "N1": ("tls", "client certificate: one is demanded"),
    "R38": ("target_group", "targets: 10.0.16.10 is registered on port 8443"),
}


@pytest.mark.parametrize("number", PLACES)
def test_what_is_wrong_stands_in_its_place(number: str) -> None:
    place, words = PLACES[number]
    found = card(reports.ten_faults(), place)
    assert (number, words) in found.faults
    assert found.state == "bad"


def test_what_only_needs_attention_is_not_shown_as_broken() -> None:
    gate = reports.gate(reports.chain(), [("R30", "target group", "1 healthy target", "Register one.", False)])
    assert card(gate, "target_group").state == "warn"


def test_one_fact_that_breaks_several_requirements_is_said_once() -> None:
    """R9, R66 and R67 are broken by one missing principal."""
    gate = reports.gate(reports.chain(), [
        (number, "endpoint service vpce-svc-1", "nobody is allowed", "Allow it.", True)
        for number in ("R9", "R66", "R67")
    ])
    assert card(gate, "allowed_principals").faults == (("R9 R66 R67", "nobody is allowed"),)


def test_the_places_are_of_requirements_that_there_are() -> None:
    assert set(cards.PLACE) <= set(CATALOGUE)
    assert card(reports.gate(reports.chain(), [("N4", "key stores", "10 of 10", "Ask AWS.", True)]), "key_store").faults


# What is known -> state and title of a card
STATES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "there": ({}, "vpc", "ok", "vpc-0123456789abcdef0"),
    "nobody looked": ({"load_balancer": None}, "load_balancer", "unknown", "not looked at"),
    "not there": ({"load_balancer": {"exists": False}}, "load_balancer", "absent", "does not exist"),
    "planned": ({"vpc": {"exists": False, "planned": True}}, "vpc", "plan", "would be created"),
    "not connected": ({"key_store": {"custom_key_store_name": "a", "connection_state": "DISCONNECTED"}}, "key_store",
                      "warn", "a"),
    "failed": ({"key_store": {"custom_key_store_name": "a", "connection_state": "FAILED"}}, "key_store", "bad", "a"),
    "nobody asked the proxy": ({"proxy": None}, "tls", "unknown", "not looked at"),
    "verified": ({}, "private_dns", "ok", "payments.example.com"),
    "acceptance": (
        {"endpoint_service": {"service_id": "s", "service_state": "Available", "acceptance_required": True}},
        "endpoint_service", "bad", "s",
    ),
    "nobody allowed": ({"allowed_principals": []}, "allowed_principals", "absent", "nobody"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_card_says_how_its_thing_is(name: str) -> None:
    changes, place, state, title = STATES[name]
    found = card(reports.gate(reports.chain(**changes)), place)
    assert (found.state, found.title) == (state, title)


def test_targets_stand_in_their_zone_the_unhealthy_first_and_the_rest_is_counted() -> None:
    network = next(frame for frame in frames(many_targets()) if frame.title.startswith("VPC"))
    first = network.lanes[0]
    assert first.title.startswith("eu-central-1a")
    assert (first.cards[0].title, first.cards[0].state) == ("10.0.0.4:443", "bad")
    assert (first.cards[-1].title, first.cards[-1].lines) == ("and 16 more", ("16 healthy",))
    assert [lane.title for lane in frames(elsewhere())[2].lanes][-1] == "Outside these subnets"


def test_one_target_that_works_is_enough_for_the_way() -> None:
    assert frames(many_targets())[2].way == "ok"
    lost = many_targets()
    lost["chain"]["targets"] = lost["chain"]["targets"][:1]
    assert frames(lost)[2].way == "bad"


def test_a_public_endpoint_and_a_cluster_need_no_network() -> None:
    assert [frame.title for frame in frames(public())] == ["AWS KMS in eu-central-1", "Proxy and key manager"]
    assert [frame.title for frame in frames(cluster())] == ["AWS KMS in eu-west-1", "AWS CloudHSM"]
    assert [lane.title for lane in frames(cluster())[1].lanes] == ["eu-west-1a", "eu-west-1b"]


Box = tuple[float, float, float, float]


def boxes(svg: ET.Element, name: str) -> list[Box]:
    return [
        (float(item.get("x", 0)), float(item.get("y", 0)), float(item.get("width", 0)), float(item.get("height", 0)))
        for item in svg.iter("rect") if str(item.get("class")).split()[0] == name
    ]


def apart(one: Box, two: Box) -> bool:
    return (one[0] + one[2] <= two[0] or two[0] + two[2] <= one[0] or one[1] + one[3] <= two[1]
            or two[1] + two[3] <= one[1])


def within(inner: Box, outer: Box) -> bool:
    return (inner[0] >= outer[0] and inner[1] >= outer[1] and inner[0] + inner[2] <= outer[0] + outer[2]
            and inner[1] + inner[3] <= outer[1] + outer[3])


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("draw", [drawing.wide, drawing.narrow])
def test_nothing_lies_on_anything_else(draw: Callable[..., ET.Element], name: str) -> None:
    svg = draw(frames(GATES[name]()), "map")
    drawn, around = boxes(svg, "box"), boxes(svg, "frame")
    assert [pair for pair in itertools.combinations(drawn, 2) if not apart(*pair)] == []
    assert [box for box in drawn if not any(within(box, frame) for frame in around)] == []
    page = (0.0, 0.0, float(svg.get("width", 0)), float(svg.get("height", 0)))
    assert [box for box in around if not within(box, page)] == []


@pytest.mark.parametrize("name", GATES)
def test_each_card_has_a_sign_and_says_all_of_it_in_words(name: str) -> None:
    svg = drawing.wide(frames(GATES[name]()), "map")
    groups = [item for item in svg.iter("g") if str(item.get("class")).startswith("card ")]
    assert len(groups) == len(everything(frames(GATES[name]())))
    for group, found in zip(groups, everything_drawn(frames(GATES[name]()))):
        assert [use.get("href") for use in group.iter("use")] == [f"#sign-{str(group.get('class')).split()[1]}"]
        title = group.find("title")
        assert title is not None
        assert found.title in str(title.text)


def everything_drawn(drawn: list[Frame]) -> list[Card]:
    """In the order of the drawing: lanes before the cards that they come from."""
    return [card for frame in drawn for part in (*frame.lanes, frame) for card in part.cards]


TEXTS = ["", "a", "payments.example.com", "W" * 60, "vpc-0123456789abcdef0", "two words and more of them to be clipped",
         "\u202eevil", "名前" * 40, "😀" * 30, "a\nb\tc", "e\u0301" * 80, LONG]


@pytest.mark.parametrize("given", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("mono", [True, False])
def test_text_fits(given: str, mono: bool) -> None:
    assert text.width(text.clipped(given, 150, 12, mono), 12, mono) <= 150
    lines = text.wrapped(given, 150, 12, 4)
    assert len(lines) <= 4
    assert [line for line in lines if text.width(line, 12) > 150] == []


def test_a_name_keeps_its_end_and_a_sentence_its_beginning() -> None:
    assert text.clipped("vpce-svc-0123456789abcdef0", 120, 12, mono=True).endswith("cdef0")
    assert text.clipped("a sentence that is too long for its line", 120, 12).startswith("a sentence")
