# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventories as Ansible reads them. One process loads Ansible and forks for each, so that one costs no start."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Inventory:
    """Hosts by group, variables by host, and what was said on the way."""

    groups: dict[str, list[str]]
    variables: dict[str, dict[str, Any]]
    told: str

    def hosts(self, group: str = "key_stores") -> list[str]:
        return sorted(self.groups.get(group, []))


def read(path: Path, cache: bool = True) -> Inventory:
    """The inventory of the configuration at PATH; without CACHE as --flush-cache reads it."""
    server = _server()
    if server.stdin is None or server.stdout is None:
        raise RuntimeError("the process has no pipes")
    server.stdin.write(json.dumps([str(path), cache, dict(os.environ)]) + "\n")
    server.stdin.flush()
    return Inventory(**json.loads(server.stdout.readline()))


@functools.cache
def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scenarios.inventories"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _found(path: str, cache: bool) -> dict[str, Any]:
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        manager = InventoryManager(DataLoader(), sources=[path], cache=cache)
    groups = {name: [host.name for host in group.hosts] for name, group in manager.groups.items()}
    variables = {host.name: host.get_vars() for host in manager.get_hosts()}
    return {"groups": groups, "variables": variables, "told": " ".join(told.getvalue().split())}


def _serve() -> None:
    from ansible.plugins.loader import init_plugin_loader, inventory_loader

    init_plugin_loader()
    inventory_loader.get("keylink.aws.key_stores")
    for line in sys.stdin:
        path, cache, environment = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.clear()
            os.environ.update(environment)
            os.write(1, json.dumps(_found(path, cache), default=str).encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    _serve()
