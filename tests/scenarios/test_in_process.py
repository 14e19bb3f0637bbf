# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module gives the same result in Ansible's own process and the ordinary way, whatever surrounds its task."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core import wait
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    WAITING,
    Change,
    Plan,
    Step,
    Verdict,
    Wait,
)
from ansible_collections.keylink.aws.plugins.plugin_utils import converge

from scenarios.harness import CONNECTION

WAYS = {"in-process": [], "ordinary": ["-e", "keylink_in_process=false"]}
SECOND_KEY = "AKIAEXAMPLEEXAMPLE02"

Tasks = list[dict[str, Any]]
Played = tuple[dict[str, Any], str]
Play = Callable[..., Played]


@pytest.fixture
def play(emulator: Any, tmp_path: Path) -> Play:
    """Run tasks; gives what each registered, and the output."""
    emulator.configure(unmapped_targets="unhealthy")

    def run(tasks: Tasks, *options: str, **keywords: Any) -> Played:
        results = tmp_path / "results.json"
        names = [task["register"] for task in tasks]
        shown = {"content": "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}",
                 "dest": str(results), "mode": "0600"}
        play = {
            "hosts": "localhost", "gather_facts": False, "tasks": [*tasks, {"ansible.builtin.copy": shown}],
            "module_defaults": {"group/keylink.aws.aws": {**CONNECTION, "endpoint_url": emulator.url}}, **keywords,
        }
        playbook = tmp_path / "playbook.json"
        playbook.write_text(json.dumps([play]))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *options],
            env={**environment, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false",
                 "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "AWS_EC2_METADATA_DISABLED": "true"},
            text=True, check=False, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, done.stdout
        return json.loads(results.read_text()), done.stdout

    return run


def task(register: str, module: str = "xks_vpc", options: Any = None, **keywords: Any) -> dict[str, Any]:
    return {
        "name": register, f"keylink.aws.{module}": {"name": "payments", **(options or {})}, "register": register,
        **keywords,
    }


LIFE = [
    task("planned", check_mode=True, diff=True),
    task("made", options={"tags": {"team": "pay"}}, diff=True),
    task("again"),
    task("refused", options={"availability_zones": ["eu-central-1a"]}, ignore_errors=True),
    task("misspelt", options={"cidr": "10.0.0.0/16"}, ignore_errors=True),
    task("denied", options={"access_key": "AKIAUNKNOWN"}, ignore_errors=True),
    *(
        task(
            name, "xks_load_balancer",
            {"vpc_id": "{{ made.vpc_id }}", "subnet_ids": "{{ made.subnet_ids }}",
             "targets": ["10.0.0.10", "10.0.16.11"]},
        )
        for name in ("balanced", "warned")
    ),
    task("gone", options={"state": "absent"}, check_mode=True, diff=True),
]


def comparable(results: dict[str, Any]) -> Any:
    """Results with each id replaced by the order of its appearance; AWS gives others every time."""
    known: dict[str, str] = {}
    pattern = r"\b(?:vpc|subnet|sg)-[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9a-f]{16}\b"
    text = json.dumps(results, sort_keys=True)
    text = re.sub(r'"(created_time|dns_name)": "[^"]*"', r'"\1": ""', text)
    return json.loads(re.sub(pattern, lambda match: known.setdefault(match[0], f"id {len(known)}"), text))


def test_both_ways_give_the_same_results(emulator: Any, play: Play) -> None:
    found, warnings = {}, {}
    for way, options in WAYS.items():
        emulator.reset(access_keys=[CONNECTION["access_key"]])
        results, output = play(LIFE, *options)
        found[way] = comparable(results)
        warnings[way] = sorted(line for line in output.splitlines() if line.startswith("[WARNING]"))
        assert "[DEPRECATION" not in output
        assert CONNECTION["secret_key"] not in json.dumps(results) + output
    here, ordinary = found["in-process"], found["ordinary"]
    assert here.keys() == ordinary.keys()
    for name in here:
        assert (name, here[name]) == (name, ordinary[name])
    assert [here[name]["changed"] for name in ("planned", "made", "again", "gone")] == [True, True, False, True]
    assert [here[name]["failed"] for name in ("made", "refused", "misspelt", "denied")] == [False, True, True, True]
    assert warnings["in-process"] == warnings["ordinary"]
    told = here["warned"]["warnings"]
    assert len(told) == len(set(told)) > 0
    assert len(warnings["in-process"]) == len(told)


def test_keywords_of_a_task_hold_in_process(emulator: Any, play: Play) -> None:
    surroundings = {
        "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": SECOND_KEY, "AWS_SECRET_ACCESS_KEY": "{{ 'templated' }}",
        "AWS_URL": emulator.url,
    }
    here = {**CONNECTION, "endpoint_url": emulator.url}
    tasks = [
        task("surrounded", environment=surroundings),
        task("plain", ignore_errors=True),
        task("later", options=here, **{"async": 60}, poll=1),
        task("each", options={"name": "{{ item }}", **here}, loop=["x", "y"]),
        task("hidden", options=here, no_log=True),
    ]
    results, _output = play(tasks, module_defaults={})
    assert results["surrounded"]["availability_zones"] == ["eu-west-1a", "eu-west-1b"]
    assert {call["access_key"] for call in emulator.calls(region="eu-west-1")} == {SECOND_KEY}
    # What one task is given is not there for the next.
    assert "No Region" in results["plain"]["msg"]
    assert (results["later"]["changed"], bool(results["later"]["finished"])) == (True, True)
    assert results["later"]["availability_zones"] == ["eu-central-1a", "eu-central-1b"]
    assert [item["actions"][0]["name"] for item in results["each"]["results"]] == ["x", "y"]
    assert results["hidden"]["changed"] is False


def test_defaults_of_the_group_reach_our_modules_and_those_of_amazon_aws(play: Play) -> None:
    listed = {"name": "list", "amazon.aws.ec2_vpc_net_info": {}, "register": "listed"}
    results, _output = play([task("made"), listed])
    assert results["made"]["vpc_id"] in [item["vpc_id"] for item in results["listed"]["vpcs"]]


def slow(polls: list[int]) -> runner.Spec:
    """A module whose one step is followed by a wait of several polls."""

    def judge(answer: Any) -> Verdict:
        return Verdict(DONE, "active") if len(polls) > 3 else Verdict(WAITING, "provisioning")

    def look(aws: Aws) -> None:
        polls.append(1)

    def plan(params: runner.Params, view: Any) -> Plan:
        step = Step("look", {}, say="make it")
        settle = (Wait("thing payments", "look", {}, judge, "a few minutes"),)
        return Plan((Change("thing", "payments", None, {}, (step,)),), {}, settle=settle, warnings=("Mind it.",))

    return runner.Spec(
        argument_spec=runner.wait_arguments(timeout=60), read=lambda aws, params: {}, plan=plan,
        returns=lambda params, view: {}, calls={"look": look},
    )


@pytest.mark.parametrize("check", [False, True])
def test_a_long_wait_is_told_and_a_plan_says_nothing(monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    monkeypatch.setattr(wait, "REPORT_FIRST", 0.0)
    monkeypatch.setattr(wait, "REPORT_EVERY", 0.0)
    said: list[str] = []
    polls: list[int] = []
    result = converge.outcome(
        slow(polls), {**CONNECTION, "_ansible_check_mode": check}, runner.Context(progress=said.append)
    )
    assert (result["changed"], result["warnings"]) == (True, ["Mind it."])
    if check:
        assert (said, polls) == ([], [])
    else:
        assert said[0] == "thing payments: provisioning, 0 s of at most 60 s; AWS documents a few minutes"
        assert said[-1].startswith("thing payments: done after ")
