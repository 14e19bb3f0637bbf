# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules run the ordinary way: their own main(), in a process that is not the controller's.

One process imports what all modules need and forks for each run, so that a run costs no start of an interpreter.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import pkgutil
import subprocess
import sys
import traceback
from typing import Any


@functools.cache
def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scenarios.ordinary"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def run(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The JSON that the module prints, as Ansible would read it; warnings as their texts."""
    server = _server()
    if server.stdin is None or server.stdout is None:
        raise RuntimeError("the process has no pipes")
    server.stdin.write(json.dumps([module, arguments, dict(os.environ)], default=str) + "\n")
    server.stdin.flush()
    result: dict[str, Any] = json.loads(server.stdout.readline())
    if "warnings" in result:
        result["warnings"] = [item if isinstance(item, str) else item["event"]["msg"] for item in result["warnings"]]
    return result


def _printed(module: str, arguments: dict[str, Any]) -> str:
    from ansible.module_utils.testing import patch_module_args

    found = importlib.import_module(f"ansible_collections.keylink.aws.plugins.modules.{module}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit), patch_module_args(arguments):
        found.main()
    return printed.getvalue()


def _serve() -> None:
    from ansible_collections.keylink.aws.plugins import modules
    from ansible_collections.keylink.aws.plugins.module_utils.clients import session

    session.warm()
    for found in pkgutil.iter_modules(modules.__path__, f"{modules.__name__}."):
        importlib.import_module(found.name)
    for line in sys.stdin:
        module, arguments, environment = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.environ.clear()
            os.environ.update(environment)
            try:
                text = _printed(module, arguments).strip()
            except BaseException:
                text = json.dumps({"failed": True, "msg": "Traceback", "exception": traceback.format_exc()})
            os.write(1, text.encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    _serve()
