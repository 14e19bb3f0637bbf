# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.keylink.aws.plugins.module_utils.core.summary import summarize


class ActionModule(ActionBase):
    """Prints the summary of a play; runs on the controller only."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _dummy, given = self.validate_argument_spec(
            argument_spec={
                "title": {"type": "str", "required": True},
                "results": {"type": "list", "elements": "dict", "required": True},
                "facts": {"type": "dict", "default": {}},
                "people": {"type": "list", "elements": "str", "default": []},
                "text": {"type": "list", "elements": "str", "default": []},
            }
        )
        results = given["results"]
        unmet = [item for each in results for item in each.get("unmet_requirements", [])]
        to_do = [f"{item['what']}: {item['found']}. {item['number']}: {item['fix']}" for item in unmet]
        lines = summarize(
            given["title"],
            [item for each in results for item in each.get("actions", [])],
            given["facts"],
            [*to_do, *given["people"]],
            bool(self._task.check_mode),
            given["text"],
        )
        Display().display("\n" + "\n".join(lines) + "\n")
        return {**result, "changed": False, "lines": lines}
