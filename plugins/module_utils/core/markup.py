# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML and SVG as elements. Text and attributes are escaped when they are written, so no value can become markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TypeAlias

Content: TypeAlias = str | ET.Element | Iterable["Content"] | None

# Each of these ends a line, which makes a difference between two pages readable.
_LINES = frozenset((
    "body", "dd", "details", "div", "dl", "dt", "fieldset", "footer", "g", "h1", "h2", "h3", "head", "header", "label",
    "li", "meta", "ol", "p", "path", "pre", "rect", "section", "style", "summary", "svg", "symbol", "table", "tbody",
    "td", "text", "th", "title", "tr", "ul",
))
# Tab and line feed stay; half characters become the sign for what cannot be shown.
_SHOWN = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {127: 0x2421}
# So does what turns the direction of the text around it, in which a name could hide.
_TURNS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN |= dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF, *_TURNS], 0xFFFD)


def clean(text: str) -> str:
    """TEXT without what no page may contain: control characters become pictures of them."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def element(tag: str, /, *content: Content, **attributes: str | int | float | bool | None) -> ET.Element:
    """An element. Attributes are named as in Python: class_ for class, stroke_width for stroke-width. None and False
    leave one out."""
    made = ET.Element(tag)
    for key, value in attributes.items():
        if value is not None and value is not False:
            made.set(key.rstrip("_").replace("_", "-"), "" if value is True else clean(str(value)))
    _fill(made, content)
    made.tail = "\n" if tag in _LINES else None
    return made


def _fill(parent: ET.Element, content: Content) -> None:
    if content is None:
        return
    if isinstance(content, ET.Element):
        parent.append(content)
    elif isinstance(content, str):
        _say(parent, clean(content))
    else:
        for item in content:
            _fill(parent, item)


def _say(parent: ET.Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def document(root: ET.Element) -> str:
    """A whole page."""
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}"
