# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom under plugins/, and what only one file may do. A layer is a folder, or runner.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
OURS = "ansible_collections.keylink.aws.plugins."
AMAZON = "ansible_collections.amazon.aws.plugins.module_utils."
PUBLIC = {"modules", "errors", "exceptions", "retries", "botocore", "tagging", "policy", "waiter", "transformation"}

# Layer -> what it may import besides the standard library: layers or files of ours, "amazon" for the public
# module_utils of amazon.aws, or names of packages.
ALLOWED = {
    "module_utils/core": {"module_utils/core"},
    "module_utils/resources": {"module_utils/core", "module_utils/resources"},
    "module_utils/clients": {
        "module_utils/core", "module_utils/clients", "amazon", "boto3", "botocore", "cryptography", "dns",
    },
    "module_utils/runner": {"module_utils/core", "module_utils/clients/session", "amazon", "ansible.module_utils"},
    "modules": {"module_utils/runner", "module_utils/resources", "module_utils/clients"},
    "action": {"plugin_utils"},
    # These run on the controller only, and call nothing.
    "action/summary": {"module_utils/core", "ansible"},
    "action/report": {"module_utils/resources/report", "plugin_utils", "ansible"},
    "plugin_utils": {"module_utils/core", "module_utils/runner", "module_utils/clients/session", "amazon", "ansible"},
    "filter": {"module_utils/core", "module_utils/resources", "ansible.errors"},
    "test": {"module_utils/core", "module_utils/resources", "ansible.errors"},
    "inventory": {"module_utils/clients", "module_utils/resources", "ansible"},
    "doc_fragments": set[str](),
}
FILES = sorted(path for path in PLUGINS.rglob("*.py") if path.name != "__init__.py")
MODULES = sorted(path for path in FILES if path.parent.name == "modules")
# Lines of a module besides its documentation and imports.
MODULE_LINES = 64


def name(path: Path) -> str:
    return str(path.relative_to(PLUGINS).with_suffix(""))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Each imported name with the module it comes from: "a.b" and "c" of "from a.b import c" as a.b.c."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def may(allowed: set[str], imported: str) -> bool:
    if imported.split(".")[0] in sys.stdlib_module_names:
        return True
    if imported.startswith(AMAZON):
        return "amazon" in allowed and imported.removeprefix(AMAZON).split(".")[0] in PUBLIC
    wanted = imported.removeprefix(OURS).replace(".", "/") if imported.startswith(OURS) else imported
    return any(wanted == one or wanted.startswith((f"{one}/", f"{one}.")) for one in allowed)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_imports_what_its_layer_may(path: Path) -> None:
    layers = [layer for layer in ALLOWED if name(path) == layer or name(path).startswith(f"{layer}/")]
    assert layers, "a file outside all layers"
    allowed = ALLOWED[max(layers, key=len)]
    assert [one for one in imports(path) if not may(allowed, one)] == []


@pytest.mark.parametrize("path", [path for path in FILES if name(path) != "module_utils/runner"], ids=name)
def test_only_the_runner_ends_a_module_or_reads_check_mode(path: Path) -> None:
    attributes = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    forbidden = {"exit_json", "fail_json", "fail_json_aws"}
    if not name(path).startswith(("plugin_utils/", "action/")):
        forbidden.add("check_mode")
    assert attributes & forbidden == set()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_a_declaration(path: Path) -> None:
    body = [node for node in tree(path).body if not _is_prose(node)]
    lines = {line for node in body for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    assert len(lines) <= MODULE_LINES
    assert not [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_has_an_action_plugin_of_one_import(path: Path) -> None:
    body = tree(PLUGINS / "action" / path.name).body
    assert [ast.unparse(node) for node in body] == [
        "from __future__ import annotations",
        f"from {OURS}plugin_utils.converge import ActionModule",
        "__all__ = ['ActionModule']",
    ]


def test_the_action_group_has_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    group = [entry for entry in runtime["action_groups"]["aws"] if isinstance(entry, str)]
    # check_options hands what the group sets on to the modules that it checks.
    assert group == ["check_options", *(path.stem for path in MODULES)]


def _is_prose(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    names = {target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)}
    return bool(names & {"DOCUMENTATION", "EXAMPLES", "RETURN"})
