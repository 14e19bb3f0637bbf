# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_proxy_info where it is delegated to: a host that has nothing of amazon.aws's requirements, and no AWS account."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from emulator import pki
from scenarios import proxies
from scenarios.prerequisites import CREDENTIAL, URI_PATH
from scenarios.proxies import NAME, House

# The library that certificates are read with, and what it needs itself.
LIBRARY = ("cryptography", "cffi", "_cffi_backend", "pycparser")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A Python without any package, and a directory with just the library."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "python", with_pip=False, symlinks=True)
    library = folder / "library"
    library.mkdir()
    for name in LIBRARY:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            origin = Path(found.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            (library / source.name).symlink_to(source)
    return str(folder / "python" / "bin" / "python"), str(library)


def task(name: str, address: proxies.Address, ca_file: str, **keywords: Any) -> dict[str, Any]:
    options = {
        "private_dns_name": NAME, "targets": [f"{address[0]}:{address[1]}"], "uri_path": URI_PATH,
        "credential": CREDENTIAL, "ca_file": ca_file, "region": "eu-central-1", "tries": 2,
    }
    return {"name": name, "keylink.aws.xks_proxy_info": options, "register": name, "ignore_errors": True, **keywords}


def test_it_runs_on_a_host_without_boto3(house: House, bare: tuple[str, str], tmp_path: Path) -> None:
    python, library = bare
    with house.serve(pki.issue_leaf(house.intermediate, NAME)) as address:
        there = {"vars": {"ansible_python_interpreter": python}}
        with_library = {**there, "environment": {"PYTHONPATH": library}}
        tasks = [
            task("here", address, house.ca_file), task("there", address, house.ca_file, **with_library),
            task("bare", address, house.ca_file, **there),
        ]
        results, output = play(tasks, tmp_path)
    assert CREDENTIAL["raw_secret_access_key"] not in output + json.dumps(results)
    here, there_result = results["here"], results["there"]
    assert (here["predicted_connection_error_code"], here["health_checked"]) == (None, True)
    assert (there_result["predicted_connection_error_code"], there_result["health_checked"]) == (None, False)
    untimed = [without_times(result["targets"][0]) for result in (here, there_result)]
    assert {**untimed[0], "health": None, "severity_counts": None} == {**untimed[1], "severity_counts": None}
    told = {finding["found"] for finding in there_result["findings"] if finding["severity"] == "unknown"}
    assert "not sent: botocore is not installed on the host that runs this module" in told
    assert "The Python library cryptography is needed" in results["bare"]["msg"]


def without_times(target: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in target.items() if not name.endswith("_ms")}


def play(tasks: list[dict[str, Any]], folder: Path) -> tuple[dict[str, Any], str]:
    """What each task registered, and all of the output of a user who wants to know everything."""
    names = ", ".join(f"'{task['register']}': {task['register']}" for task in tasks)
    results = folder / "results.json"
    shown = {"content": "{{ {" + names + "} | to_json }}", "dest": str(results), "mode": "0600"}
    playbook = folder / "playbook.json"
    playbook.write_text(json.dumps(
        [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, {"ansible.builtin.copy": shown}]}]
    ))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-vv"],
        env={**kept, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"},
        text=True, check=False, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return json.loads(results.read_text()), done.stdout
