# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a report looks: what is given stays text, and everybody can tell the states apart."""

from __future__ import annotations

import itertools
import re

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.markup import clean, document, element
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import document as reporting
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import markdown, style, words
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.formats import FORMATS

from scenarios import reports

MARKUP = "<b>*a* _b_ `c` [d](http://e) | & \n# f"


def luminance(colour: str) -> float:
    parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("state", style.STATES)
def test_each_state_can_be_read_on_its_ground_and_on_a_card(state: str, theme: int) -> None:
    """4.5 to 1, as WCAG asks of text."""
    ink = style.PALETTE[state][theme]
    for ground in ("card", "frame", f"{state}-soft"):
        assert contrast(ink, style.PALETTE[ground][theme]) >= 4.5, ground
        assert contrast(style.PALETTE["muted"][theme], style.PALETTE[ground][theme]) >= 4.5, ground


def test_each_state_has_a_shape_and_a_sign_of_its_own() -> None:
    symbols = {item.get("id"): [path.get("d") for path in item.iter("path")] for item in style.signs().iter("symbol")}
    assert set(symbols) == {f"sign-{state}" for state in style.STATES}
    assert [pair for pair in itertools.combinations(symbols.values(), 2) if pair[0] == pair[1]] == []
    assert len(set(words.SIGNS.values())) == len(style.STATES)
    assert set(words.GRAVITY) == set(words.SIGNS) == set(style.STATES)


def test_the_page_and_its_style_ask_for_nothing() -> None:
    page = FORMATS["html"].render(reporting.build(reports.given(preflight=[reports.ten_faults()])))
    assert re.findall(r"url\(|@import|<script|<link|<img|\son\w+=|src=", page) == []
    assert set(re.findall(r'(?:href|xlink:href)="([^"#]+)"', page)) == {reports.VPC_PAGE, reports.TROUBLE_PAGE}


# What is given -> what stands in the page
ESCAPED = {
    "<script>": "&lt;script&gt;", "a & b": "a &amp; b", "a\x00b": "a\u2400b", "\x1b[31m": "\u241b[31m",
    "\ud800": "\ufffd", "\u202eexe.": "\ufffdexe.", "שלום": "שלום", "</style>": "&lt;/style&gt;",
}


@pytest.mark.parametrize("given", ESCAPED, ids=range(len(ESCAPED)))
def test_a_text_is_written_as_text(given: str) -> None:
    expected = ESCAPED[given]
    assert f"<p>{expected}</p>" in document(element("p", given))
    assert document(element("a", class_=f'"{given}')).startswith('<!DOCTYPE html>\n<a class="&quot;')
    document(element("p", given)).encode()
    assert clean(clean(given)) == clean(given)


def test_markdown_stays_text() -> None:
    """Also in a table, where a pipe or a line would end a cell."""
    assert markdown.plain(MARKUP) == r"\<b\>\*a\* \_b\_ \`c\` \[d\]\(http://e\) \| \& \# f"
    gate = reports.gate(reports.chain(MARKUP), [("R8", MARKUP, MARKUP, MARKUP, True)])
    text = FORMATS["markdown"].render(reporting.build(reports.given(preflight=[gate], title=MARKUP)))
    assert [line for line in text.splitlines() if re.search(r"(?<!\\)<b>|^# f", line)] == []
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {6}


def test_a_report_reads_in_a_terminal() -> None:
    lines = FORMATS["markdown"].render(reporting.build(reports.given(preflight=[reports.ten_faults()]))).splitlines()
    assert lines[2] == "**✕ payments is not connected**"
    code = reports.TLS.replace("_", "\\_")
    assert f"1. ✕ **The last connect failed with {code}**: {reports.REMEDY['cause']}" in lines
    assert "  - ✕ Listener: TLS 443, R43 the protocol is TLS" in lines
