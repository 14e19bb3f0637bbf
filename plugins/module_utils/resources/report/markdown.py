# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as Markdown: for a ticket, a merge request or a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.markup import clean
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.cards import Card, Frame, frames
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.verdict import JOBS
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    REQUIREMENT,
    SIGNS,
    UNMET,
    WARN,
    days,
)

View = Mapping[str, Any]

# What would be read as markup, or begin it.
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>()#+!|~&"})
STAMP = "Made at "


def plain(text: object) -> str:
    """A value so that Markdown shows it as it is, in one line."""
    return " ".join(clean(str(text)).split()).translate(_SPECIAL)


def render(report: View) -> str:
    """The whole report."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: View) -> Iterator[str]:
    verdict = report["verdict"]
    yield from (f"# {plain(report['title'])}", "", f"**{SIGNS[verdict['state']]} {plain(verdict['headline'])}**", "")
    yield from (plain(verdict["detail"]), "", f"{STAMP}{plain(report['generated_at'])}", "")
    stores = report["key_stores"]
    if len(stores) > 1:
        yield from _table(("", "Key store", "Account", "Region", "Type", "State", "Certificate", "What is wrong"), [
            (SIGNS[store["verdict"]["state"]], store["name"], store["account"], store["region"], store["kind"],
             store["words"], _certificate(store),
             next((item["what"] for item in store["to_do"]), ""))
            for store in stores
        ])
    for store in stores:
        yield from _store(store)
    yield from _changes(report)
    lost = [item for item in report["regions"] if item["status"] != "ok"]
    if lost:
        yield from ("## Regions that could not be read", "")
        yield from (f"- {plain(item['region'])}: {plain(item['message'])}" for item in lost)
        yield ""
    for text in report["texts"]:
        yield from (f"## {plain(text['title'])}", "", *(f"    {clean(line)}" for line in text["lines"]), "")


def _certificate(store: View) -> str:
    first = next((item["days"] for item in store["certificates"]), None)
    return "" if first is None else days(first)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(plain(cell if cell is not None else '') for cell in row)} |" for row in rows)
    yield ""


def _store(store: View) -> Iterator[str]:
    verdict = store["verdict"]
    facts = [store["account"], store["region"], store["kind"], store["id"], store["words"]]
    yield from (f"## {SIGNS[verdict['state']]} {plain(store['name'])}", "", plain(", ".join(filter(None, facts))), "")
    if store["to_do"]:
        yield from ("### What to do", "")
        for number, item in enumerate(store["to_do"], 1):
            yield from _task(number, item)
        yield ""
    if store["job"] not in JOBS:
        yield from ("### Map", "")
        for frame in frames(store["chain"], store["requirements"]):
            yield from _frame(frame, "")
        yield ""
    if store["requirements"]:
        yield from ("### Requirements", "")
        heads = ("", "State", "No.", "Requirement", "What was found")
        yield from _table(heads, [_row(item) for item in store["requirements"]])
    yield from _history(store)
    for item in store["unknown"]:
        yield f"- Not seen: {plain(item['what'])} needs {plain(item['iam_action'])}"


def _task(number: int, item: View) -> Iterator[str]:
    named = f" {item['number']}" if item["number"] else ""
    yield f"{number}. {SIGNS[item['state']]}{plain(named)} **{plain(item['what'])}**: {plain(item['found'])}"
    yield from (f"   - {plain(step)}" for step in item["steps"])
    if str(item["link"] or "").startswith("https://"):
        yield f"   - <{item['link']}>"


def _frame(frame: Frame, indent: str) -> Iterator[str]:
    yield f"{indent}- **{plain(frame.title)}**"
    yield from (_card(card, indent) for card in frame.cards)
    for lane in frame.lanes:
        yield from _frame(lane, f"{indent}  ")


def _card(card: Card, indent: str) -> str:
    faults = [f"{number} {words}".strip() for number, words in card.faults]
    return f"{indent}  - {SIGNS[card.state]} {card.kind}: {plain(', '.join([card.title, *card.lines, *faults]))}"


def _row(item: View) -> tuple[object, ...]:
    state, words = REQUIREMENT[item["status"]]
    if item["status"] == UNMET and not item["blocking"]:
        state = WARN
    found = ": ".join(filter(None, [str(item["what"] or ""), str(item["found"] or "")]))
    return SIGNS[state], words, item["number"], item["sentence"] or item["needed"], found


def _history(store: View) -> Iterator[str]:
    before, now = store["previous_connection_state"], store["connection_state"]
    if store["history"] or (before and before != now):
        yield from ("### History of the connection", "")
        if before and before != now:
            yield f"- {plain(before)} before the run, {plain(now)} now"
        for item in store["history"]:
            refused = f", refused with {item['error']}" if item["error"] else ""
            yield f"- {plain(item['time'])}: {plain(item['what'] + ' by ' + item['who'] + refused)}"
        yield ""


def _changes(report: View) -> Iterator[str]:
    if not report["changes"]:
        return
    yield from (f"## {'What the next run would do' if report['planned'] else 'What the run did'}", "")
    for item in report["changes"]:
        yield f"- {item['action']} {plain(item['resource'])} **{plain(item['name'])}**"
        yield from (f"  - `{line['sign']}` {plain(line['text'])}" for line in item["lines"])
    yield ""
