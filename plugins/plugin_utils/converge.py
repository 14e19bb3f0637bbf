# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of every module of this collection: the module's own code, in this process, with a voice.

An ordinary module pays about a second before its first call: the payload is packed and compiled, boto3
imported, service models parsed. In the controller's process that is paid once per playbook, and a task can
say how a long wait is going. Elsewhere (a remote host, become, async) the module runs the ordinary way.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import session
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet, report

display = Display()

_OPTIONS_ONLY = runner.Context(options_only=True)
_PROFILE = "legacy"
_MODULES = "ansible_collections.keylink.aws.plugins.modules"


def _spec(name: str) -> runner.Spec:
    spec: runner.Spec = importlib.import_module(f"{_MODULES}.{name.rpartition('.')[2]}").SPEC
    return spec


# This file is loaded before Ansible forks its workers: they inherit the parsed models and the imported modules.
session.warm()
for _file in Path(__file__).parent.parent.joinpath("modules").glob("*.py"):
    _spec(_file.stem)


class InProcessModule(basic.AnsibleModule):
    """AnsibleModule that ends by handing its result over instead of printing it."""

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any) -> None:
        self._heard: list[str] = []
        # How core hands a module its arguments, the same in 2.19 to 2.21; ansible.module_utils.testing does just this.
        encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments)}, cls=encoder).encode()
        basic._ANSIBLE_PROFILE = _PROFILE
        kwargs["argument_spec"] = {**aws_argument_spec(), **kwargs["argument_spec"]}
        super().__init__(**kwargs)

    def _record_module_result(self, o: dict[str, Any]) -> None:
        # ansible-core's hook for running modules in a worker; it comes after no_log values were removed.
        raise _Ended({**o, "warnings": self._heard} if self._heard else o)

    def warn(self, warning: str, **kwargs: Any) -> None:
        self._heard.append(warning)


class ActionModule(ActionBase):
    """Runs the module of the same name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        name = self._task.resolved_action
        if self._in_process(task_vars):
            result.update(self._run_here(name, self._task.args, task_vars, runner.Context(progress=self._say)))
        else:
            result.update(
                self._execute_module(
                    module_name=name, task_vars=task_vars, wrap_async=bool(self._task.async_val)
                )
            )
        return result

    def _in_process(self, task_vars: Mapping[str, Any]) -> bool:
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter") or "")
        return (
            boolean(self._templar.template(task_vars.get("keylink_in_process", True)))
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and interpreter in ("", "auto", "auto_silent", sys.executable)
        )

    def _run_here(
        self, name: str, options: Mapping[str, Any], task_vars: dict[str, Any], context: runner.Context
    ) -> dict[str, Any]:
        arguments = copy.deepcopy(dict(options))
        self._update_module_args(name, arguments, task_vars)
        variables: dict[str, str] = {}
        self._compute_environment_string(variables)
        with _environment(variables):
            return outcome(_spec(name), arguments, context)

    def _say(self, text: str) -> None:
        host = self._task.delegate_to or self._play_context.remote_addr or "localhost"
        display.display(f"[{host}] {text}")


class OptionsCheck(ActionModule):
    """Checks the options of several modules, and calls nothing."""

    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = ActionBase.run(self, tmp, task_vars)
        common = dict(self._task.args)
        found = [
            self._run_here(step["module"], {**common, **step["options"]}, task_vars or {}, _OPTIONS_ONLY)
            for step in common.pop("steps")
        ]
        failed = [item for item in found if item.get("failed")]
        # Steps share options, and so what is wrong with them.
        unmet: list[dict[str, Any]] = []
        for each in (each for item in failed for each in item.get("unmet_requirements", [])):
            unmet += [] if each in unmet else [each]
        other = [item["msg"] for item in failed if "unmet_requirements" not in item]
        if not failed:
            return {**result, "changed": False}
        message = "\n".join(["These options are not right, so nothing was begun:", *(f"  - {text}" for text in other),
                             *([report(Unmet(**item) for item in unmet)] if unmet else [])])
        return {**result, "failed": True, "changed": False, "msg": message, "unmet_requirements": unmet}


class _Ended(BaseException):
    """How a module ends here: exit_json and fail_json do not return."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


def outcome(spec: runner.Spec, arguments: Mapping[str, Any], context: runner.Context) -> dict[str, Any]:
    """What the module of SPEC returns for ARGUMENTS."""
    try:
        runner.run(spec, InProcessModule(arguments, **spec.module_arguments), context)
    except _Ended as end:
        return end.result
    raise AnsibleError("The module ended without a result.")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The task's environment keyword, for as long as the task runs."""
    saved = dict(os.environ)
    os.environ.update({key: str(value) for key, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
