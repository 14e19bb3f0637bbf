# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the page about one key store: what to do, the map, the requirements, the details."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.markup import Content, element
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import drawing
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.cards import frames
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.verdict import JOBS
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    ABSENT,
    BAD,
    OK,
    PLAN,
    REQUIREMENT,
    UNKNOWN,
    UNMET,
    WARN,
    days,
    expiry,
    number,
)

View = Mapping[str, Any]
Elements = list[ET.Element]

_LEGEND = {
    OK: "works", BAD: "does not work", WARN: "needs attention", UNKNOWN: "not known", PLAN: "would be created",
    ABSENT: "does not exist",
}
# Of a certificate's bar: longer is full.
_YEAR = 365
_VERBS = {"create": (PLAN, "create"), "update": (WARN, "change"), "delete": (BAD, "delete"), "keep": (OK, "keep")}
_DONE = {"create": (OK, "created"), "update": (OK, "changed"), "delete": (OK, "deleted"), "keep": (OK, "kept")}
_BREAKS = re.compile(r"(?<=[A-Za-z0-9]_)(?=[A-Za-z0-9])")
_SIGNS = {"+": "plus", "-": "minus", "~": "tilde"}


def sign(state: str) -> ET.Element:
    """The sign of a state; its words stand beside it."""
    return element("svg", element("use", href=f"#sign-{state}"), class_="sign", aria_hidden="true", style=_ink(state))


def _ink(state: str) -> str:
    return f"color:var(--{state})"


def state_words(state: str, words: str, more: str = "") -> ET.Element:
    return element("span", sign(state), words, class_=f"state {state} {more}".rstrip())


def sections(store: View, changed: Elements | None = None) -> list[Elements]:
    """The parts, the most urgent first. changed: what is done to it, or would be, if that is known."""
    found = [_to_do(store), _map(store), changed, _requirements(store), _certificates(store), _history(store),
             _unknown(store)]
    return [part for part in found if part]


def _to_do(store: View) -> Elements:
    if not store["to_do"]:
        return []
    return [element("h3", "What to do"), element("ul", [_task(item) for item in store["to_do"]], class_="todo")]


def _task(item: View) -> ET.Element:
    steps = item["steps"]
    if len(steps) > 1:
        how: Content = element("ol", [element("li", step) for step in steps])
    else:
        how = element("p", element("b", "Do: "), steps[0], class_="fix") if steps else None
    link = _link(item["link"])
    body = element(
        "div",
        element("p", _number(item["number"]), " " if item["number"] else None, said(_begun(item["what"])),
                class_="what"),
        element("p", said(_begun(item["found"]))), how,
        element("p", link, class_="more") if link is not None else None,
    )
    return element("li", sign(item["state"]), body, class_=item["state"])


def said(text: str) -> ET.Element:
    """A text of somebody else: it has its own direction, and long codes in it may be broken at underscores."""
    first, *others = _BREAKS.split(text)
    return element("bdi", first, [[element("wbr"), part] for part in others])


def _begun(text: str) -> str:
    """TEXT with a capital, unless it begins with a name."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text


def _number(found: str | None) -> ET.Element | None:
    return element("span", found, class_="num") if found else None


def _link(address: Any) -> ET.Element | None:
    """A link to AWS's page, if that is what it is."""
    if not str(address or "").startswith("https://"):
        return None
    return element("a", "AWS's page", href=str(address), rel="noreferrer noopener", target="_blank")


def _map(store: View) -> Elements:
    if store["job"] in JOBS:
        return []
    label = f"The way from AWS KMS to the key material of {store['name']}"
    drawn = frames(store["chain"], store["requirements"])
    shown = {card.state for frame in drawn for part in (frame, *frame.lanes) for card in part.cards}
    legend = [element("li", sign(state), f" {words}", class_=state)
              for state, words in _LEGEND.items() if state in shown]
    pictures = element("div", drawing.wide(drawn, label), drawing.narrow(drawn, label), class_="mapbox")
    return [element("h3", "Map"), pictures, element("ul", legend, class_="legend")]


def _requirements(store: View) -> Elements:
    rows = store["requirements"]
    if not rows:
        return []
    counts = store["counts"]
    chosen = UNMET if counts[UNMET] else ""
    choices = [("", f"All {len(rows)}"),
               *((status, f"{words.capitalize()} {counts[status]}") for status, (_state, words) in REQUIREMENT.items())]
    picks = [
        element("label", element("input", type="radio", name=f"pick-{store['anchor']}",
                                 class_=f"pick-{status or 'all'}", checked=status == chosen), words)
        for status, words in choices if not status or counts[status]
    ]
    head = element("tr", [element("th", name) for name in ("State", "No.", "Requirement and what was found", "Source")],
                   class_="head")
    table = element("table", element("tbody", head, [_row(item) for item in rows]), class_="requirements")
    choice = element("fieldset", element("legend", "Which to show"), picks, class_="choice")
    return [element("h3", "Requirements"), element("div", choice, table, class_="table")]


def _row(item: View) -> ET.Element:
    state, words = REQUIREMENT[item["status"]]
    if item["status"] == UNMET and not item["blocking"]:
        state = WARN
    evidence = ": ".join(filter(None, [str(item["what"] or ""), str(item["found"] or "")]))
    return element(
        "tr",
        element("td", state_words(state, words)),
        element("td", _number(item["number"])),
        element("td", element("p", item["sentence"] or item["needed"]),
                element("p", said(_begun(evidence)), class_="muted") if evidence else None,
                element("p", element("b", "Do: "), item["fix"]) if item["fix"] and item["status"] == UNMET else None),
        element("td", _link(item["link"])),
        class_=item["status"],
    )


def _certificates(store: View) -> Elements:
    found = store["certificates"]
    age = store["credential_age_days"]
    if not found and age is None:
        return []
    rows = [_certificate(item) for item in found]
    shown = [element("h3", "Certificates"), *([element("table", element("tbody", rows))] if rows else [])]
    if age is not None:
        words = f"The credential that AWS KMS uses is {number(age, 'day')} old."
        shown.append(element("p", words, class_="more"))
    return shown


def _certificate(item: View) -> ET.Element:
    state, left = expiry(item["days"]), item["days"]
    share = max(0, min(100, round(100 * (left or 0) / _YEAR)))
    strip = element("span", element("i", style=f"width:{share}%"), class_=f"bar {state}")
    until = f" ({item['not_after']})" if item["not_after"] else ""
    return element("tr", element("td", element("bdi", str(item["name"])), element("p", item["seen"], class_="muted")),
                   element("td", state_words(state, days(left)), until, strip if left is not None else None))


def _history(store: View) -> Elements:
    before, now = store["previous_connection_state"], store["connection_state"]
    rows = [
        element("li", sign(item["state"]), element("b", item["what"]), f" by {item['who']}",
                f": refused with {item['error']}" if item["error"] else "", element("p", item["time"], class_="muted"))
        for item in store["history"]
    ]
    change = f"{before} before the run, {now} now." if before and before != now else ""
    if not rows and not change:
        return []
    return [element("h3", "History of the connection"), *([element("p", change)] if change else []),
            *([element("ol", rows, class_="timeline")] if rows else [])]


def _unknown(store: View) -> Elements:
    people = [item for item in store["unknown"] if item]
    if not people:
        return []
    rows = [element("li", f"{item['what']}: needs ", element("code", item["iam_action"])) for item in people]
    return [element("h3", "Not seen"), element("ul", rows)]


def changes(report: View) -> Elements:
    """What the next run would change, or what this one did."""
    found = report["changes"]
    if not found:
        return []
    verbs = _VERBS if report["planned"] else _DONE
    counts = Counter(item["action"] for item in found)
    told = ", ".join(f"{counts[verb]} {'to ' if report['planned'] and verb != 'keep' else ''}{words}"
                     for verb, (_state, words) in verbs.items() if counts[verb])
    title = "What the next run would do" if report["planned"] else "What the run did"
    return [element("h3", title), element("p", f"{told}."),
            element("ul", [_action(item, verbs) for item in found], class_="actions more")]


def _action(item: View, verbs: Mapping[str, tuple[str, str]]) -> ET.Element:
    state, words = verbs.get(item["action"], (UNKNOWN, item["action"]))
    name = element("b", element("bdi", item["name"]))
    named: list[Content] = [state_words(state, words), f" {item['resource']} ", name]
    if not item["lines"]:
        return element("li", named)
    lines = [element("span", f"{line['sign']} {line['text']}\n", class_=_SIGNS[line["sign"]]) for line in item["lines"]]
    return element("li", element("details", element("summary", named), element("pre", lines)))


def text(item: View) -> ET.Element:
    """What another part of the audit says in lines."""
    return element("section", element("h2", item["title"]), element("pre", "\n".join(item["lines"])), class_="panel")
