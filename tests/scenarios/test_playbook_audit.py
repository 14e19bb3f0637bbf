# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role audit, as a user runs it: its part for endpoints."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.client import Emulator as Control
from scenarios.endpoint_audit import MANAGEMENT, NO_LISTING, REGION, SESSION_KEY, Place
from scenarios.stage import Stage

PLAY = [
    {
        "name": "Audit",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/keylink.aws.aws": {"region": REGION}},
        "roles": [{"role": "keylink.aws.audit"}],
    }
]


@pytest.fixture
def place(emulator: Any) -> Place:
    return Place(emulator, NO_LISTING)


def play(place: Place, folder: Path, *options: str, **variables: Any) -> str:
    """The output of the role, which must not fail."""
    playbook = folder / "audit.json"
    playbook.write_text(json.dumps(PLAY))
    ansible = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(ansible), str(playbook), "-e", json.dumps(variables), *options],
        env=Stage(place.url, 0, playbook, Control(place.url)).environment,
        text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout, done.stdout
    return done.stdout


def test_the_part_for_endpoints(place: Place, tmp_path: Path) -> None:
    place.trail(MANAGEMENT)
    options = {"audit_endpoints_vpc_id": place.vpc_id, "audit_endpoints_trail": "audit"}
    place.inside(SESSION_KEY).list_aliases()
    mark = place.mark()
    planned = play(place, tmp_path, "--check", "--diff", **options)
    assert place.actions(mark, mutating=True) == []
    assert "  ~ change  event selectors audit" in planned
    assert "vpcEndpointId Equals" in planned
    first = play(place, tmp_path, **options)
    assert place.actions(mark, mutating=True) == ["PutEventSelectors"]
    assert "1 call by 1 principal with 0 keys" in first
    assert "    1  ListAliases  role/Payments  last 2" in first
    assert f"R110: Calls that the endpoint policy denied: no trail logged network activity of {place.endpoint_id}." in (
        first
    )
    with contextlib.suppress(ClientError):
        place.inside(SESSION_KEY).list_keys()
    mark = place.mark()
    second = play(place, tmp_path, audit_endpoints_ids=[place.endpoint_id], audit_endpoints_hours=1)
    assert "changed=0" in second
    assert f"{place.endpoint_id}: 1 call denied by its policy" in second
    assert "    1  ListKeys  role/Payments  last 2" in second
    assert place.actions(mark, mutating=True) == []
