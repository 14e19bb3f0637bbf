# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.markup import document, element
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import page_parts as parts
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.page_parts import state_words
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.style import sheet, signs
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    BAD,
    PLAN,
    WARN,
    days,
    number,
)

View = Mapping[str, Any]
Elements = list[ET.Element]

# With no more stores than this that need somebody, each of them is unfolded.
_UNFOLDED = 3


def render(report: View) -> str:
    """The page."""
    stores = report["key_stores"]
    changed = parts.changes(report)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{report['title']}: {report['verdict']['headline']}"),
        element("style", sheet()),
    )
    body = element(
        "body", signs(), _top(report), _verdict(report), _wall(stores) if len(stores) > 1 else None,
        _one(stores[0], changed) if len(stores) == 1 else [*_folded(stores), *_panels([changed])],
        _not_read(report["regions"]), [parts.text(item) for item in report["texts"]],
        element("footer", "Made by keylink.aws. This page needs no network and has no script. It has no secrets in "
                "it, but names and addresses: keep it as you would keep those."),
    )
    return document(element("html", head, body, lang="en"))


def _top(report: View) -> ET.Element:
    regions = sorted({store["region"] for store in report["key_stores"] if store["region"]})
    accounts = {store["account"] for store in report["key_stores"] if store["account"]}
    where = regions[0] if len(regions) == 1 else number(len(regions), "Region")
    where = f"{number(len(accounts), 'account')} · {where}" if len(accounts) > 1 else where
    plan = "Plan, nothing was changed · " if report["planned"] else ""
    facts = element("p", plan, f"{where} · " if regions else "",
                    element("time", report["generated_at"], datetime=report["generated_at"], id="generated"))
    themes = element(
        "fieldset", element("legend", "Theme"),
        [_choice("theme", f"theme-{name.lower()}", name, name == "Auto") for name in ("Auto", "Light", "Dark")],
        class_="themes",
    )
    return element("header", element("div", element("h1", report["title"]), facts), themes, class_="top")


def _choice(group: str, name: str, label: str, chosen: bool) -> ET.Element:
    return element("label", element("input", type="radio", name=group, id=name, checked=chosen), label)


def _verdict(report: View) -> ET.Element:
    verdict = report["verdict"]
    stores = report["key_stores"]
    figures = _figures(stores[0]) if len(stores) == 1 else _counts(stores)
    return element(
        "section", parts.sign(verdict["state"]),
        element("div", element("h2", verdict["headline"]), element("p", parts.said(verdict["detail"])), class_="words"),
        element("dl", [element("div", element("dd", str(count)), element("dt", label)) for label, count in figures],
                class_="figures"),
        class_=f"verdict {verdict['state']}",
    )


def _figures(store: View) -> list[tuple[str, int]]:
    shown = (("not met", "unmet"), ("unknown", "unknown"), ("for people", "human"), ("met", "met"))
    return [(label, store["counts"][key]) for label, key in shown if store["requirements"]]


def _counts(stores: Sequence[View]) -> list[tuple[str, int]]:
    counted = Counter(store["words"].lower() for store in stores)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _wall(stores: Sequence[View]) -> ET.Element:
    """All stores at a glance: those that need somebody large, the others small."""
    needed = [store for store in stores if store["verdict"]["state"] in (BAD, WARN)]
    quiet = [store for store in stores if store not in needed]
    return element(
        "section",
        element("h2", f"{len(needed)} need somebody" if len(needed) != 1 else "1 needs somebody") if needed else None,
        element("ul", [element("li", _tile(store, True)) for store in needed], class_="tiles big") if needed else None,
        element("h2", f"{len(quiet)} without trouble") if quiet else None,
        [_place(place, [store for store in quiet if _where(store) == place])
         for place in dict.fromkeys(map(_where, quiet))],
        class_="panel",
    )


def _where(store: View) -> str:
    return " · ".join(filter(None, [store["account"], store["region"]]))


def _place(place: str, stores: Sequence[View]) -> ET.Element:
    return element("div", element("h3", place or "Region not known", class_="muted"),
                   element("ul", [element("li", _tile(store, False)) for store in stores], class_="tiles"))


def _tile(store: View, needed: bool) -> ET.Element:
    state = store["verdict"]["state"]
    certificate = next((item["days"] for item in store["certificates"]), None)
    place = [store["account"], store["region"]] if needed else []
    facts = " · ".join(filter(None, [*place, store["kind"]]))
    return element(
        "a", element("b", element("bdi", store["name"])), element("span", facts, class_="muted"),
        state_words(state, store["words"]),
        element("span", parts.said(store["verdict"]["detail"])) if needed else None,
        element("span", f"certificate {days(certificate).removeprefix('ends in ')}", class_="muted")
        if certificate is not None and not needed else None,
        class_=f"tile {state}", href=f"#{store['anchor']}",
    )


def _one(store: View, changed: Elements) -> ET.Element:
    return element("div", _panels(parts.sections(store, changed)), id=store["anchor"])


def _panels(sections: Sequence[Elements]) -> Elements:
    return [element("section", section, class_="panel") for section in sections if section]


def _folded(stores: Sequence[View]) -> Elements:
    """Each store as a part that can be unfolded; what needs somebody is, unless that is too much."""
    grave = [store for store in stores if store["verdict"]["state"] in (BAD, PLAN)]
    unfolded = grave if len(grave) <= _UNFOLDED else []
    return [element("h2", "Each key store")] * bool(stores) + [
        element(
            # A link to what is inside unfolds it.
            "details", _summary(store), element("div", parts.sections(store), id=store["anchor"]),
            class_=f"panel store {store['verdict']['state']}", open=store in unfolded,
        )
        for store in stores
    ]


def _summary(store: View) -> ET.Element:
    facts = " · ".join(filter(None, [store["account"], store["region"], store["kind"], store["id"]]))
    state = store["verdict"]["state"]
    words = state_words(state, store["words"], f"pill {state}")
    return element("summary", element("h2", element("bdi", store["name"])), words,
                   element("span", facts, class_="muted"))


def _not_read(regions: Sequence[View]) -> ET.Element | None:
    lost = [item for item in regions if item["status"] != "ok"]
    if not lost:
        return None
    rows = [element("li", element("b", item["region"]), f": {item['message']}") for item in lost]
    return element("section", element("h2", "Regions that could not be read"), element("ul", rows), class_="panel")
