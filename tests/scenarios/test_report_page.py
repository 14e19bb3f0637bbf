# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report in a real browser: it asks for nothing, complains about nothing, and fits a phone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import document, page

from scenarios import browser, reports
from scenarios.browser import Browser

HOSTILE = ("<script>document.title='owned'</script>", "\"'><img src=x onerror=alert(1)>", "\u202egnp.exe", "x" * 2000,
           "</style><svg onload=alert(1)>", "{{ 7 * 7 }} &amp; \x00\x1b[31m", "שלום עולם", "名前" * 200)
LOUD = "CHROMIUM IS MISSING: the report was NOT looked at in a browser. See tests/tools/install_browser.py"
MARGIN = 0.5
CROOKED = f"""[...document.querySelectorAll('svg.map')].filter(map => map.checkVisibility()).flatMap(map =>
  [...map.querySelectorAll('g.card')].flatMap(card => {{
    const box = card.querySelector('rect.box').getBBox();
    return [...card.querySelectorAll('text')].filter(text => {{
      const own = text.getBBox();
      return own.x < box.x - {MARGIN} || own.x + own.width > box.x + box.width + {MARGIN}
        || own.y + own.height > box.y + box.height + {MARGIN};
    }}).map(text => text.textContent);
  }}))"""
GROUND = "getComputedStyle(document.documentElement).backgroundColor"


def hostile() -> dict[str, Any]:
    """Names, tags, errors and events that would be something else than text."""
    stores = [reports.key_store(f"{text} {number}", certificate_name=text, connection_error_code=text,
                                unknown=[{"what": text, "iam_action": text}])
              for number, text in enumerate(HOSTILE)]
    text = " ".join(HOSTILE[:3])
    unmet = [("R8", text, text, text, True), ("R13", text, text, text, False)]
    gate = reports.gate(reports.chain(HOSTILE[0] + " 0"), unmet)
    gate["chain"]["key_store"] |= {"custom_key_store_id": None, "custom_key_store_name": f"{HOSTILE[0]} 0"}
    gate["requirements"][0]["link"] = "javascript:alert(1)"
    gate["chain"]["targets"][0] |= {"state": "unhealthy", "explanation": text}
    event = reports.event("ConnectCustomKeyStore", text, stores[0]["custom_key_store_id"], errorCode=text)
    return {
        "key_stores": stores, "preflight": [gate], "events": [event], "title": text,
        "texts": [{"title": text, "lines": HOSTILE}],
        "results": [{"actions": [{"resource": text, "name": text, "action": "update"}],
                     "diff": [{"before": {text: text}, "after": {text: HOSTILE[0]}, "after_header": text}]}],
        "regions": [{"region": text, "status": "denied", "message": text, "iam_action": text}],
    }


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "healthy": lambda: {"key_stores": [reports.key_store()], "preflight": [reports.gate(reports.chain())]},
    "ten faults": lambda: {"preflight": [reports.ten_faults()]},
    "nothing yet": lambda: {"preflight": [reports.nothing_yet()]},
    "fifty": lambda: {"key_stores": reports.fleet(50, (3, 17, 29))},
    "hostile": hostile,
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.NAME is None:
        warnings.warn(LOUD, stacklevel=1)
        pytest.skip(LOUD)
    with browser.start() as running:
        yield running


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def written(name: str) -> Path:
        path = tmp_path / "report.html"
        path.write_text(page.render(document.build(reports.given(**CASES[name]()))), encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize("name", CASES)
def test_a_page_needs_nothing_and_fits(chromium: Browser, write: Callable[[str], Path], name: str) -> None:
    """In both themes, on a desk and on a phone."""
    path = write(name)
    grounds = set()
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")):
        chromium.open(path, width, scheme)
        chromium.value("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert chromium.asked_for() == [path.as_uri()]
        assert chromium.complaints() == []
        assert chromium.value("document.documentElement.scrollWidth") <= width
        assert chromium.value(CROOKED) == []
        grounds.add(chromium.value(GROUND))
    assert len(grounds) == 2


def test_values_are_text(chromium: Browser, write: Callable[[str], Path]) -> None:
    chromium.open(write("hostile"))
    assert chromium.value("document.querySelectorAll('script, img, iframe, object, [onload], [onerror]').length") == 0
    assert chromium.value("document.title").startswith("<script>document.title='owned'</script>")
    assert chromium.value("[...document.links].filter(one => !/^(https:|file:)/.test(one.protocol)).length") == 0
    assert chromium.value("document.querySelector('.tile b').textContent") in [
        f"{text} {number}".replace("\x00", "\u2400").replace("\x1b", "\u241b") for number, text in enumerate(HOSTILE)
    ]


def test_the_theme_can_be_chosen_and_requirements_picked_without_a_script(
    chromium: Browser, write: Callable[[str], Path]
) -> None:
    chromium.open(write("ten faults"))
    light = chromium.value(GROUND)
    chromium.value("document.getElementById('theme-dark').click()")
    assert chromium.value(GROUND) != light
    chromium.value("document.getElementById('theme-auto').click()")
    assert chromium.value(GROUND) == light
    shown = "[...document.querySelectorAll('.requirements tr')].filter(row => row.checkVisibility()).length - 1"
    assert chromium.value(shown) == len(reports.FAULTS)
    counts = {"met": 1, "human": 2, "unknown": 1, "unmet": 10, "all": 14}
    for pick, count in counts.items():
        chromium.value(f"document.querySelector('.pick-{pick}').click()")
        assert chromium.value(shown) == count, pick


def test_a_tile_leads_to_its_store(chromium: Browser, write: Callable[[str], Path]) -> None:
    chromium.open(write("fifty"))
    assert chromium.value("document.querySelectorAll('.store[open]').length") == 0
    chromium.value("document.querySelector('.tile[href=\"#store-7\"]').click()")
    assert chromium.value("document.getElementById('store-7').closest('details').open") is True
