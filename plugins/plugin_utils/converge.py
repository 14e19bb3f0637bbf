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
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import session

display = Display()

# This file is loaded before Ansible forks its workers: they inherit the parsed models.
session.warm()


class InProcessModule(AnsibleModule):
    """AnsibleModule that ends by handing its result over instead of printing it."""

    def __init__(self, **kwargs: Any) -> None:
        self._heard: list[str] = []
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
        options_only = self._switch("keylink_options_only", task_vars, default=False)
        if options_only or self._in_process(task_vars):
            result.update(self._run_here(name, task_vars, options_only))
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
            self._switch("keylink_in_process", task_vars, default=True)
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and interpreter in ("", "auto", "auto_silent", sys.executable)
        )

    def _switch(self, name: str, task_vars: Mapping[str, Any], default: bool) -> bool:
        return bool(boolean(self._templar.template(task_vars.get(name, default))))

    def _run_here(self, name: str, task_vars: dict[str, Any], options_only: bool) -> dict[str, Any]:
        spec = importlib.import_module(
            f"ansible_collections.keylink.aws.plugins.modules.{name.rpartition('.')[2]}"
        ).SPEC
        arguments = copy.deepcopy(self._task.args)
        self._update_module_args(name, arguments, task_vars)
        variables: dict[str, str] = {}
        self._compute_environment_string(variables)
        with _environment(variables):
            progress = self._say if not self._task.check_mode else _quiet
            return outcome(spec, arguments, runner.Context(progress=progress, options_only=options_only))

    def _say(self, text: str) -> None:
        host = self._task.delegate_to or self._play_context.remote_addr or "localhost"
        display.display(f"[{host}] {text}")


class _Ended(BaseException):
    """How a module ends here: exit_json and fail_json do not return."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


def outcome(spec: runner.Spec, arguments: Mapping[str, Any], context: runner.Context) -> dict[str, Any]:
    """What the module of SPEC returns for ARGUMENTS."""
    try:
        # Of core's ways to hand arguments over, the only one that is the same in 2.19 to 2.21.
        with patch_module_args(dict(arguments)):
            module = InProcessModule(**spec.module_arguments)
        runner.run(spec, module, context)
    except _Ended as end:
        return end.result
    raise AnsibleError("The module ended without a result.")


def _quiet(text: str) -> None:
    """Check mode waits for nothing, so it has nothing to tell."""


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
