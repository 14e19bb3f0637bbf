# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook keylink.aws.ssm_vpc_endpoints as users run it, in both ways of running modules."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.client import Emulator as Control
from scenarios.ssm_endpoints import REGION, Estate, estate
from scenarios.stage import Stage

Play = Callable[..., tuple[str, list[str]]]
MADE = [
    "security group systems-manager-endpoints", "VPC endpoint ssm", "VPC endpoint ssmmessages", "VPC endpoint kms",
    "VPC endpoint s3-gateway",
]


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator, dns=False)


@pytest.fixture
def play(place: Estate, tmp_path: Path) -> Play:
    """Runs the playbook: its output, and the calls that wrote."""
    variables = tmp_path / "my-endpoints.json"
    given = {
        "region": REGION, "vpc_id": place.vpc_id, "subnet_ids": place.subnet_ids, "enable_vpc_dns": True,
        "session_encryption": True, "wait_for_nodes": {"instance_ids": [place.new_node()]}, "wait_timeout": 30,
    }
    variables.write_text(json.dumps({f"ssm_vpc_endpoints_{key}": value for key, value in given.items()}))
    stage = Stage(place.emulator.url, 0, variables, Control(place.emulator.url))

    def run(*options: str, code: int = 0) -> tuple[str, list[str]]:
        before = len(place.emulator.calls(mutating=True))
        done = subprocess.run(
            stage.command_for("keylink.aws.ssm_vpc_endpoints", "-e", f"@{variables}", *options),
            env=stage.environment, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        assert done.returncode == code, done.stdout
        return done.stdout, [call["action"] for call in place.emulator.calls(mutating=True)[before:]]

    return run


def test_plan_run_second_run_and_back(place: Estate, play: Play) -> None:
    plan, writes = play("--check", "--diff")
    assert writes == []
    assert "Plan: 5 to create, 1 to change, 0 to delete, 0 unchanged. Nothing was changed." in plan
    assert [text for text in MADE if f"+ create  {text}" not in plan] == []
    done, writes = play("-e", "keylink_in_process=false")
    assert "Done: 5 created, 1 changed" in done
    assert [text for text in MADE if f"+ created  {text} (" not in done] == []
    node = place.ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    assert re.search(rf"^  nodes Online +{node}$", done, flags=re.MULTILINE)
    assert "instance_policy to the role of the nodes" in done
    again, writes = play()
    assert writes == []
    assert "0 created, 0 changed, 0 deleted, 5 unchanged." in again
    back, writes = play("-e", "ssm_vpc_endpoints_state=absent")
    assert "5 deleted" in back
    assert place.endpoints() == {}


def test_a_node_that_stays_away_is_named_with_what_to_look_at(place: Estate, play: Play) -> None:
    nowhere = json.dumps({"ssm_vpc_endpoints_node_subnet_ids": [], "ssm_vpc_endpoints_wait_timeout": 1})
    done, writes = play("-e", nowhere, code=2)
    assert "CreateVpcEndpoint" in writes
    assert "0 of 1 Online" in done
    assert "look in this order" in done
    assert "Traceback" not in done
