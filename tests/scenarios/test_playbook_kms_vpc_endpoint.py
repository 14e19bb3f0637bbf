# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook keylink.aws.kms_vpc_endpoint as users run it, in both ways of running modules."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scenarios.kms_endpoints import NAME, REGION, Place, place
from scenarios.stage import ENVIRONMENT

README = Path(__file__).resolve().parents[2] / "roles" / "kms_vpc_endpoint" / "README.md"


class Stage:
    """A VPC, and a file of extra variables for it."""

    def __init__(self, here: Place, folder: Path) -> None:
        self.here = here
        self.begun = len(here.emulator.calls())
        self.variables = folder / "my-endpoint.json"
        given = {
            "kms_vpc_endpoint_vpc_id": here.vpc_id,
            "kms_vpc_endpoint_subnet_ids": here.subnet_ids,
            "kms_vpc_endpoint_enable_vpc_dns": True,
            "kms_vpc_endpoint_region": REGION,
        }
        self.variables.write_text(json.dumps(given))

    def play(self, *options: str) -> tuple[str, list[str]]:
        """The output of a run that must succeed, and the calls that wrote."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
        url = self.here.emulator.url
        environment = {**kept, **ENVIRONMENT, "AWS_ENDPOINT_URL": url, "AWS_URL": url, "ANSIBLE_NOCOLOR": "1"}
        before = len(self.here.emulator.calls(mutating=True))
        command = Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [str(command), "keylink.aws.kms_vpc_endpoint", "-e", f"@{self.variables}", *options],
            env=environment, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout, [call["action"] for call in self.here.emulator.calls(mutating=True)[before:]]


@pytest.fixture
def stage(emulator: Any, tmp_path: Path) -> Stage:
    return Stage(place(emulator, dns=False), tmp_path)


def lines(output: str) -> list[tuple[str, str]]:
    """(sign, resource and name) of the summary's lines."""
    return re.findall(r"^  ([-+~=]) \w+ +(.+?)(?: \([\w-]+\))?$", output, flags=re.MULTILINE)


def test_from_nothing_to_an_endpoint_and_back(stage: Stage) -> None:
    made = ["security group kms-vpc-endpoint", "VPC endpoint kms"]
    plan, written = stage.play("--check", "--diff")
    assert written == []
    assert lines(plan) == [("~", f"VPC {stage.here.vpc_id}"), *(("+", name) for name in made)]
    assert f"URL for clients          https://{NAME}" in plan

    done, written = stage.play("-e", "keylink_in_process=false")
    assert lines(done) == lines(plan)
    assert written[-2:] == ["CreateVpcEndpoint", "ModifyVpcEndpoint"]
    (endpoint,) = stage.here.endpoints()
    assert re.search(rf"^  endpoint +{endpoint}$", done, flags=re.MULTILINE)
    assert stage.here.look(endpoint)["PrivateDnsEnabled"] is True

    again, written = stage.play()
    assert (written, {sign for sign, name in lines(again)}) == ([], {"="})
    assert "changed=0" in again

    gone, written = stage.play("-e", "kms_vpc_endpoint_state=absent")
    assert lines(gone) == [("-", name) for name in reversed(made)]
    # What the role needs is what its README says.
    used = {f"{call['service']}:{call['action']}" for call in stage.here.emulator.calls()[stage.begun:]}
    assert used - set(re.findall(r"`(\w+:\w+)`", README.read_text())) == {"sts:GetCallerIdentity"}
    assert stage.here.endpoints() == []
