# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook for CloudHSM key stores as an operator runs it: what it says, what it hides, and a killed run."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scenarios import clusters
from scenarios import prerequisites as before
from scenarios.cloudhsm import CONNECT, CREATE, DISCONNECT, UPDATE, last, stores, writes
from scenarios.harness import CONNECTION
from scenarios.stage import kill

PLAYBOOK = [str(Path(sys.executable).parent / "ansible-playbook"), "keylink.aws.cloudhsm_key_store"]


@pytest.fixture
def variables(tmp_path: Path, estate: clusters.Estate) -> Path:
    found = tmp_path / "store.json"
    found.write_text(json.dumps({
        "cloudhsm_region": before.REGION,
        "cloudhsm_key_store_name": "payments",
        "cloudhsm_key_store_cluster_id": estate.cluster_id,
        "cloudhsm_key_store_trust_anchor_certificate": clusters.anchor(),
        "cloudhsm_key_store_password": clusters.PASSWORD,
    }))
    return found


def environment(world: Any) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    return {
        **kept, "AWS_ENDPOINT_URL": world.url, "AWS_URL": world.url, "ANSIBLE_NOCOLOR": "1",
        "AWS_ACCESS_KEY_ID": CONNECTION["access_key"], "AWS_SECRET_ACCESS_KEY": CONNECTION["secret_key"],
        "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }


def start(world: Any, variables: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PLAYBOOK, "-e", f"@{variables}", *options], env=environment(world), text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )


def play(world: Any, variables: Path, *options: str, rc: int = 0) -> str:
    """The output of a run, which hides every spelling of both passwords."""
    with start(world, variables, *options) as process:
        output, dummy = process.communicate(timeout=300)
    assert process.returncode == rc, output
    log = json.dumps(world.calls())
    for secret in (clusters.PASSWORD, clusters.OTHER_PASSWORD, CONNECTION["secret_key"]):
        encoded = base64.b64encode(secret.encode()).decode()
        for spelling in (secret, encoded, encoded.rstrip("="), quote(secret, safe=""), quote(encoded, safe="")):
            assert spelling not in output, spelling
            assert spelling not in log, spelling
    return output


def test_a_store_that_fails_is_explained_and_the_next_run_repairs_it(
    world: Any, estate: clusters.Estate, variables: Path
) -> None:
    """At -vvvv, with diffs, in results, logs and failures no password is shown."""
    estate.change(password=clusters.OTHER_PASSWORD)
    failed = play(world, variables, "-vvvv", "--diff", rc=2)
    assert "FAILED with INVALID_CREDENTIALS. The key store password is not the password that kmsuser has" in failed
    assert "fix-keystore.html" in failed
    assert stores(world)[0]["ConnectionErrorCode"] == "INVALID_CREDENTIALS"
    given = json.loads(variables.read_text())
    variables.write_text(json.dumps({**given, "cloudhsm_key_store_password": clusters.OTHER_PASSWORD}))
    mark = last(world)
    done = play(world, variables, "-vvvv", "--diff")
    assert writes(world, mark) == [DISCONNECT, UPDATE, CONNECT]
    assert '"key_store_password": "(sent again, not shown)"' in done
    for line in ("CloudHSM key store payments\nDone: 0 created, 2 changed, 0 deleted, 0 unchanged.",
                 "error before  INVALID_CREDENTIALS", "state before  FAILED", "active HSMs   2"):
        assert line in done
    mark = last(world)
    again = play(world, variables)
    assert "changed=0" in again
    assert writes(world, mark) == []


def test_a_killed_run_is_finished_by_the_next(world: Any, variables: Path) -> None:
    world.configure(time_scale=1.0)
    with start(world, variables) as process:
        before.until(lambda: CONNECT in writes(world))
        kill(process)
    assert [store["ConnectionState"] for store in stores(world)] == ["CONNECTING"]
    world.configure(time_scale=0.0)
    world.advance(1500)
    play(world, variables)
    assert [store["ConnectionState"] for store in stores(world)] == ["CONNECTED"]
    assert [action for action in writes(world) if "KeyStore" in action] == [CREATE, CONNECT]


def test_from_an_empty_account_to_a_test_and_back(world: Any, estate: clusters.Estate, variables: Path) -> None:
    """R121: a store may stay disconnected, and its connection is tested from time to time."""
    mark = last(world)
    planned = play(world, variables, "--check", "--diff")
    assert "Plan: 1 to create, 1 to change, 0 to delete, 0 unchanged." in planned
    assert "~ change  connection payments" in planned
    assert writes(world, mark) == []
    made = play(world, variables, "-e", "cloudhsm_key_store_state=disconnected")
    assert "kmsuser exists in the cluster without a second factor and is logged out (R130, R131)" in made
    for user, rc, says in (("present", 0, "tested        CONNECTED"), ("missing", 2, "FAILED with USER_NOT_FOUND")):
        estate.change(user=user)
        mark = last(world)
        assert says in play(world, variables, "-e", "cloudhsm_test=true", rc=rc)
        # What the test found disconnected it leaves disconnected, whatever came out.
        assert writes(world, mark) == [CONNECT, DISCONNECT]
        assert stores(world)[0]["ConnectionState"] == "DISCONNECTED"
    gone = play(world, variables, "-e", "cloudhsm_key_store_state=absent")
    assert "- deleted  CloudHSM key store payments" in gone
    assert stores(world) == []
