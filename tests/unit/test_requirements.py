# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of requirements is complete, in use, and what the documentation shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import (
    CHECKED,
    ENFORCED,
    HUMAN,
    INFO,
    MUST,
    SHOULD,
    Requirement,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE
from tools import requirements_page

TESTS = Path(__file__).resolve().parents[1]
PLUGINS = TESTS.parent / "plugins"
PAGES = ((1, 73), (80, 110), (120, 146), (160, 186))
NUMBERS = [
    *(f"R{number}" for first, last in PAGES for number in range(first, last + 1)),
    *(f"N{number}" for number in range(1, 19)),
]


def texts(folder: Path, suffix: str) -> str:
    files = sorted(path for path in folder.rglob(f"*{suffix}") if path != Path(__file__))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_number_is_there() -> None:
    assert [number for number in NUMBERS if number not in CATALOGUE] == []


@pytest.mark.parametrize("item", CATALOGUE.values(), ids=CATALOGUE)
def test_an_entry_says_all_that_there_is_to_say(item: Requirement) -> None:
    assert item.severity in (MUST, SHOULD, INFO)
    assert item.kind in (ENFORCED, CHECKED, HUMAN)
    assert item.sentence.endswith(".")
    assert item.how
    assert item.link.startswith("https://docs.aws.amazon.com/")


def test_no_test_leaves_a_number_out() -> None:
    text = texts(TESTS, ".py")
    names = " ".join(re.findall(r"def test_\w+", text))
    lower = re.findall(r"(?<=_)[rn]\d+(?=_)", names)
    named = {*re.findall(r"\b[RN]\d+\b", text), *(number.upper() for number in lower)}
    assert [number for number in CATALOGUE if number not in named] == []


def test_no_message_has_a_number_that_nobody_can_look_up() -> None:
    named = set(re.findall(r"\b(R\d{1,3}|N\d{1,2})\b", texts(PLUGINS, ".py")))
    assert sorted(named - set(CATALOGUE)) == []


def test_the_page_shows_the_catalogue() -> None:
    assert requirements_page.PAGE.read_text(encoding="utf-8") == requirements_page.page()
