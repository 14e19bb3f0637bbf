# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a report, and how one that was written before is compared with one that would be written now."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.report import markdown, page


@dataclass(frozen=True)
class Format:
    """ending: of the file. stamp: finds the time at which a file of this form was made."""

    ending: str
    render: Callable[[Mapping[str, Any]], str]
    stamp: re.Pattern[str]


def as_json(report: Mapping[str, Any]) -> str:
    """The report for programs."""
    return json.dumps(report, indent=2, ensure_ascii=True, default=str) + "\n"


FORMATS = {
    "html": Format(".html", page.render, re.compile(r'<time datetime="([^"]*)" id="generated">')),
    "json": Format(".json", as_json, re.compile(r'^  "generated_at": "([^"\\]*)",$', re.MULTILINE)),
    "markdown": Format(".md", markdown.render, re.compile(rf"^{markdown.STAMP}(\S*)$", re.MULTILINE)),
}


def written(form: Format, report: Mapping[str, Any], before: str | None) -> str:
    """What the file has to contain. One that differs from BEFORE by nothing but the time is left as it is."""
    found = form.stamp.search(before) if before is not None else None
    if found and form.render({**report, "generated_at": found.group(1)}) == before:
        return str(before)
    return form.render(report)
