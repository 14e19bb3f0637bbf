# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames of cards as inline SVG: side by side for a wide page, or one below the other for a narrow one."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence

from ansible_collections.keylink.aws.plugins.module_utils.core.markup import element
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.cards import Card, Frame, mildest
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.text import clipped, wrapped
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    ABSENT,
    BAD,
    PLAN,
    SIGNS,
    UNKNOWN,
    gravest,
)

# All in pixels of the drawing.
PAD, GAP, ICON = 12, 12, 16
FRAME_PAD, HEADING = 12, 30
SMALL, TITLE, KIND = 12, 14, 11.5
LEADING = 17
ARROW = 34
CARD_WIDTH, LANE_WIDTH = 206, 200
NARROW = 360
FAULT_LINES = 4

Drawn = tuple[list[ET.Element], float]
Draw = Callable[[float, float, float, float], list[ET.Element]]


def wide(frames: Sequence[Frame], label: str) -> ET.Element:
    """The frames from left to right."""
    widths = [_frame_width(frame) for frame in frames]
    heights = [_frame(frame, 0, 0, width, 0)[1] for frame, width in zip(frames, widths)]
    height = max(heights, default=0)
    drawn: list[ET.Element] = []
    left = 1.0
    for number, (frame, width) in enumerate(zip(frames, widths)):
        if number:
            drawn += _arrow(left - ARROW, height / 2, left, height / 2, frame.way)
        drawn += _frame(frame, left, 1, width, height)[0]
        left += width + ARROW
    return _svg(drawn, left - ARROW + 1, height + 2, label, "map wide")


def narrow(frames: Sequence[Frame], label: str) -> ET.Element:
    """The frames from top to bottom."""
    drawn: list[ET.Element] = []
    top = 1.0
    for number, frame in enumerate(frames):
        if number:
            drawn += _arrow(NARROW / 2, top - ARROW, NARROW / 2, top, frame.way)
        elements, height = _column(frame, 1, top, NARROW - 2)
        drawn += elements
        top += height + ARROW
    return _svg(drawn, NARROW, top - ARROW + 1, label, "map narrow")


def _svg(drawn: list[ET.Element], width: float, height: float, label: str, name: str) -> ET.Element:
    return element("svg", element("title", label), drawn, class_=name, viewBox=f"0 0 {width:g} {height:g}",
                   width=f"{width:g}", height=f"{height:g}", role="img")


def _frame_width(frame: Frame) -> float:
    lanes = ARROW + LANE_WIDTH + 2 * FRAME_PAD if frame.lanes else 0
    return CARD_WIDTH + 2 * FRAME_PAD + lanes


def _frame(frame: Frame, x: float, y: float, width: float, height: float) -> Drawn:
    """A frame whose cards stand above each other, with its lanes beside them; at least HEIGHT high."""
    inner = y + HEADING
    cards, needed = _stack(frame.cards, x + FRAME_PAD, inner, CARD_WIDTH, chained=True)
    lanes: list[ET.Element] = []
    lane_x, top = x + FRAME_PAD + CARD_WIDTH + ARROW, inner
    for lane in frame.lanes:
        elements, lane_height = _column(lane, lane_x, top, LANE_WIDTH + 2 * FRAME_PAD - PAD)
        lanes += elements
        top += lane_height + GAP
    own = HEADING + max(needed, top - GAP - inner if frame.lanes else 0) + FRAME_PAD
    full = max(own, height)
    if frame.lanes:
        middle = inner + needed - _card(frame.cards[-1], 0, 0, CARD_WIDTH)[1] / 2
        lanes += _fan(x + FRAME_PAD + CARD_WIDTH, middle, lane_x, _middles(frame, inner), frame)
    return [*_border(frame, x, y, width, full), *lanes, *cards], own


def _middles(frame: Frame, top: float) -> list[float]:
    found = []
    for lane in frame.lanes:
        height = _column(lane, 0, 0, LANE_WIDTH + 2 * FRAME_PAD - PAD)[1]
        found.append(top + height / 2)
        top += height + GAP
    return found


def _fan(x: float, y: float, end: float, middles: Sequence[float], frame: Frame) -> list[ET.Element]:
    """One line from the cards to each lane."""
    turn = (x + end) / 2
    return [
        _line(f"M{x:g} {y:g}H{turn:g}V{middle:g}H{end:g}", mildest([lane]), "lane")
        for middle, lane in zip(middles, frame.lanes)
    ]


def _column(frame: Frame, x: float, y: float, width: float) -> Drawn:
    """A frame with everything in it above each other."""
    chained = bool(frame.lanes) or any(card.place == "key_store" for card in frame.cards)
    cards, used = _stack(frame.cards, x + FRAME_PAD, y + HEADING, width - 2 * FRAME_PAD, chained)
    top = y + HEADING + used
    lanes: list[ET.Element] = []
    for lane in frame.lanes:
        elements, height = _column(lane, x + FRAME_PAD, top + GAP, width - 2 * FRAME_PAD)
        lanes += elements
        top += GAP + height
    height = top + FRAME_PAD - y
    return [*_border(frame, x, y, width, height), *cards, *lanes], height


def _border(frame: Frame, x: float, y: float, width: float, height: float) -> list[ET.Element]:
    name = "frame dashed" if frame.dashed else "frame"
    return [
        element("rect", class_=name, x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=f"{height:g}", rx=10),
        _words(x + FRAME_PAD, y + 20, frame.title, width - 2 * FRAME_PAD, KIND, "heading"),
    ]


def _stack(cards: Sequence[Card], x: float, y: float, width: float, chained: bool) -> Drawn:
    drawn: list[ET.Element] = []
    top = y
    for number, card in enumerate(cards):
        if number and chained:
            drawn.append(_line(f"M{x + width / 2:g} {top - GAP:g}V{top:g}", card.state, "link"))
        elements, height = _card(card, x, top, width)
        drawn += elements
        top += height + GAP
    return drawn, top - GAP - y if cards else 0


def _card(card: Card, x: float, y: float, width: float) -> Drawn:
    room = width - 2 * PAD
    text: list[ET.Element] = [_words(x + PAD + ICON + 6, y + 21, card.kind, room - ICON - 6, KIND, "kind")]
    top = y + 41
    text.append(_words(x + PAD, top, card.title, room, TITLE, "title"))
    for line in card.lines:
        top += LEADING
        text.append(_words(x + PAD, top, line, room, SMALL, "line"))
    for number, words in card.faults:
        for line in wrapped(f"{number} {words}".strip(), room, SMALL, FAULT_LINES):
            top += LEADING
            text.append(_words(x + PAD, top, line, room + 1, SMALL, "fault"))
    height = top + PAD - y
    box = element("rect", class_="box", x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=f"{height:g}", rx=7)
    icon = element("use", href=f"#sign-{card.state}", x=f"{x + PAD:g}", y=f"{y + 9:g}", width=ICON, height=ICON)
    return [element("g", element("title", _told(card)), box, icon, text, class_=f"card {card.state}")], height


def _told(card: Card) -> str:
    """The card in words: for the pointer that rests on it, and for those who cannot see it."""
    faults = [f"{number} {words}".strip() for number, words in card.faults]
    return "\n".join([f"{SIGNS[card.state]} {card.kind}: {card.title}", *card.lines, *faults])


def _words(x: float, y: float, text: str, room: float, size: float, name: str) -> ET.Element:
    shown = clipped(text, room, size, mono=name == "line", bold=name in ("title", "kind", "heading"))
    return element("text", shown, class_=name, x=f"{x:g}", y=f"{y:g}")


def _line(path: str, state: str, name: str) -> ET.Element:
    return element("path", class_=f"{name} {_way(state)}", d=path)


def _way(state: str) -> str:
    """How the way to something looks: broken, only planned, or there."""
    return gravest([state]) if state in (BAD, PLAN, ABSENT, UNKNOWN) else "ok"


def _arrow(x: float, y: float, end_x: float, end_y: float, state: str) -> list[ET.Element]:
    """From one frame to the next. A broken one has a cross."""
    across = end_x > x
    head = f"M{end_x - 9:g} {end_y - 5:g}L{end_x - 2:g} {end_y:g}L{end_x - 9:g} {end_y + 5:g}" if across else (
        f"M{end_x - 5:g} {end_y - 9:g}L{end_x:g} {end_y - 2:g}L{end_x + 5:g} {end_y - 9:g}")
    line = f"M{x + 2:g} {y:g}H{end_x - 3:g}" if across else f"M{x:g} {y + 2:g}V{end_y - 3:g}"
    drawn = [_line(line, state, "arrow"), element("path", class_=f"head {_way(state)}", d=head)]
    if state == BAD:
        left, top = (x + end_x) / 2 - 10, (y + end_y) / 2 - 8
        drawn.append(element("use", href="#sign-bad", class_="cross", x=f"{left:g}", y=f"{top:g}", width=16, height=16))
    return drawn
