# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.keylink.aws.plugins.module_utils.resources.report import document, formats
from ansible_collections.keylink.aws.plugins.plugin_utils import files

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MODE = re.compile(r"0?[0-7]{3}")
# A longer text is no help to anybody in a terminal.
_DIFF_LIMIT = 100_000
_LISTS = {name: {"type": "list", "elements": "dict", "default": []}
          for name in ("key_stores", "regions", "preflight", "results", "events", "texts")}


class ActionModule(ActionBase):
    """Writes a report; runs on the controller only."""

    _supports_check_mode = True
    _supports_diff = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _dummy, given = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "path", "required": True},
                "title": {"type": "str", "required": True},
                "formats": {"type": "list", "elements": "str", "default": list(formats.FORMATS),
                            "choices": list(formats.FORMATS)},
                "mode": {"type": "str", "default": "0600"},
                "time": {"type": "str"},
                "planned": {"type": "bool", "default": bool(self._task.check_mode)},
                **_LISTS,
            }
        )
        wrong = document.wrong(given)
        if wrong:
            raise AnsibleActionFail(f"This is no result of a module of keylink.aws: {'; '.join(wrong)}.")
        made = document.build({**given, "time": _time(given["time"])})
        found = [self._file(given, name, made) for name in dict.fromkeys(given["formats"])]
        return {
            **result,
            "changed": any(item["changed"] for item in found),
            "files": [item["path"] for item in found],
            "verdict": made["verdict"],
            "diff": [item["diff"] for item in found if item["changed"]],
        }

    def _file(self, given: Mapping[str, Any], name: str, made: Mapping[str, Any]) -> dict[str, Any]:
        """One form of the report, brought to its file."""
        form = formats.FORMATS[name]
        path = Path(self._loader.path_dwim(given["path"] + form.ending))
        mode = _mode(given["mode"])
        try:
            before, mode_before = files.read(path), files.mode_of(path)
            text = formats.written(form, made, before)
            changed = text != before or mode_before != mode
            if changed and not self._task.check_mode:
                files.write(path, text, mode)
        except OSError as error:
            raise AnsibleActionFail(f"The report cannot be written to {path}: {error.strerror}.") from error
        return {"path": str(path), "changed": changed, "diff": _diff(path, (before, mode_before), (text, mode))}


def _time(given: str | None) -> str:
    if given is None:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not _TIME.fullmatch(given):
        raise AnsibleActionFail(f"time: {given} is not a time in UTC such as 2026-11-25T08:00:00Z.")
    return given


def _mode(given: str) -> int:
    if not _MODE.fullmatch(given):
        raise AnsibleActionFail(f"mode: {given} is not a mode such as '0600', in quotes.")
    return int(given, 8)


def _diff(path: Path, before: tuple[str | None, int | None], after: tuple[str, int]) -> dict[str, Any]:
    (old, old_mode), (new, new_mode) = before, after
    found: dict[str, Any] = {"before_header": str(path), "after_header": str(path)}
    if old == new:
        return {**found, "before": f"mode: {old_mode or 0:04o}\n", "after": f"mode: {new_mode:04o}\n"}
    if len(old or "") > _DIFF_LIMIT:
        return {**found, "dst_larger": _DIFF_LIMIT}
    if len(new) > _DIFF_LIMIT:
        return {**found, "src_larger": _DIFF_LIMIT}
    return {**found, "before": old or "", "after": new}
