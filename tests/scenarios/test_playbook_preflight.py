# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role preflight alone, and as the gate of the playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.client import Emulator as Control
from scenarios import preflights as ways
from scenarios import prerequisites as before
from scenarios import stage as staging
from scenarios.stage import Stage

PLAY = [
    {
        "name": "Preflight",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/keylink.aws.aws": {"region": before.REGION}},
        "roles": [{"role": "keylink.aws.preflight"}],
        "post_tasks": [
            {"name": "Ready", "ansible.builtin.debug": {"msg": "ready {{ preflight_result.ready }}"}},
            {"name": "Unmet", "ansible.builtin.debug": {
                "msg": "{{ preflight_result.unmet_requirements | map(attribute='number') | join(' ') }}"
            }},
        ],
    }
]


def role(world: Any, folder: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    playbook = folder / "preflight.json"
    playbook.write_text(json.dumps(PLAY))
    ansible = Path(sys.executable).parent / "ansible-playbook"
    given = {"preflight_resolvers": ["127.0.0.1"], "preflight_dns_port": world.dns_port, **variables}
    return subprocess.run(
        [str(ansible), str(playbook), "-e", json.dumps(given)],
        env=Stage(world.url, 0, playbook, Control(world.url)).environment,
        text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )


def test_somebody_elses_set_up_is_told_all_at_once(world: Any, tmp_path: Path) -> None:
    """Two faults, R8 and R24, of a service that is known by its id alone; then as a report that stops nothing."""
    service = before.endpoint_service(world.url, acceptance_required=True)
    since = len(world.calls())
    stopped = role(world, tmp_path, preflight_service_id=service.service_id)
    assert stopped.returncode == 2, stopped.stdout
    assert "2 requirements are not met:" in stopped.stdout
    for text in ("R8: The endpoint service must not require acceptance.", "R24: DNS host names must be enabled"):
        assert text in stopped.stdout
    told = role(world, tmp_path, preflight_service_id=service.service_id, preflight_fail=False)
    assert told.returncode == 0, told.stdout
    assert "ready False" in told.stdout
    assert "R8 R24" in told.stdout
    assert [call["action"] for call in world.calls()[since:] if call["mutating"]] == []


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staging.running(tmp_path_factory.mktemp("stage")) as running:
        yield running


def test_the_playbook_stops_before_a_key_store_that_cannot_connect(stage: Stage) -> None:
    """The root of the proxy's certificate (R13) is one that nobody knows, until it is named."""
    (place,) = {*stage.control.config()["address_map"].values()}
    probing = json.dumps({"preflight_probe_addresses": [place]})
    stopped = stage.play("-e", probing)
    assert stopped.returncode == 2, stopped.stdout
    assert "1 requirement is not met:" in stopped.stdout
    assert "AWS KMS would end a connect with XKS_PROXY_INVALID_TLS_CONFIGURATION." in stopped.stdout
    assert stage.calls(action="CreateCustomKeyStore") == []
    trusting = json.dumps({"preflight_ca_file": str(stage.variables.parent / "pki" / "ca.pem")})
    done = stage.play("-e", probing, "-e", trusting)
    assert done.returncode == 0, done.stdout
    assert "CONNECTED" in done.stdout
    since = len(stage.calls())
    again = stage.play("-e", probing)
    assert again.returncode == 0, again.stdout
    assert [call["action"] for call in stage.calls()[since:]].count("DescribeVpcEndpointServicePermissions") <= 1
    assert ways.SECRET not in done.stdout + again.stdout
