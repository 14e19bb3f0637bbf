# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks around an external key store in use: its credential rotated, no VPC at all, killed on the way down."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.proxy import ExternalKey, XksProxy
from scenarios import prerequisites as before
from scenarios import stage as staging
from scenarios.key_stores import NEW, encrypting, key_in, last, no_secret_in, stores, writes
from scenarios.stage import Stage, kill

OLD = before.CREDENTIAL
PUBLIC_NAME = "public.example.com"
TEARDOWN = [
    "DisconnectCustomKeyStore",
    "DeleteCustomKeyStore",
    "ChangeResourceRecordSets",
    "DeleteVpcEndpointServiceConfigurations",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "DeleteSubnet",
    "DeleteSubnet",
    "DeleteVpc",
]


@pytest.fixture
def proxy(emulator: Any, tmp_path: Path) -> Iterator[XksProxy]:
    emulator.configure(time_scale=0.0)
    with before.proxy(
        emulator, tmp_path / "proxy", targets=(*staging.TARGETS, PUBLIC_NAME), keys={"key-1": ExternalKey()},
        names=[staging.NAME, PUBLIC_NAME],
    ) as running:
        yield running


@pytest.fixture
def stage(emulator: Any, proxy: XksProxy, tmp_path: Path) -> Stage:
    settings = vars(emulator.settings).copy()
    made = staging.at(
        tmp_path, emulator.url, emulator.dns_port, OLD["access_key_id"], OLD["raw_secret_access_key"], before.URI_PATH
    )
    vars(emulator.settings).update(settings)
    return made


def play(stage: Stage, *options: str, playbook: str = "xks") -> str:
    done = stage.play(*options, playbook=playbook)
    no_secret_in(done.stdout)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_credential_is_rotated_without_a_gap(stage: Stage, emulator: Any, proxy: XksProxy, tmp_path: Path) -> None:
    """Peers E9 and E6: an encrypt every 100 ms never fails, and no secret is in any output at -vvvv."""
    play(stage)
    key = key_in(emulator, stores(emulator)[0]["CustomKeyStoreId"])
    emulator.configure(time_scale=1.0, delays={"xks_update": 0.8})
    new = {"xks_key_store_name": "payments", "xks_key_store_credential": NEW, "xks_key_store_effective_after": 1,
           "xks_key_store_verify_key_id": key}
    rotation = tmp_path / "rotation.json"
    rotation.write_text(json.dumps(new))
    with encrypting(emulator, key) as answers:
        # A proxy that does not know it yet: refused, and nothing has happened.
        early = stage.play("-e", f"@{rotation}", playbook="rotate_xks_credential")
        assert early.returncode != 0
        assert "give both parts as the proxy has them" in early.stdout
        proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
        mark = last(emulator)
        plan = play(stage, "-e", f"@{rotation}", "--check", "--diff", playbook="rotate_xks_credential")
        assert writes(emulator, mark) == []
        done = play(stage, "-e", f"@{rotation}", "-vvvv", "--diff", playbook="rotate_xks_credential")
        assert writes(emulator, mark) == ["UpdateCustomKeyStore"]
        del proxy.credentials[OLD["access_key_id"]]
        served = len(answers)
        before.until(lambda: len(answers) >= served + 5)
    assert set(answers) == {"ok"}
    assert len(answers) > 20
    plan, words = (" ".join(text.split()) for text in (plan, done))
    assert "~ change external key store payments" in plan
    assert "Take the credential ABCDEFGHIJKLMNOPQRST off the proxy only when" in plan
    assert "~ changed external key store payments" in words
    assert "Take the credential ABCDEFGHIJKLMNOPQRST off the proxy." in words
    assert re.search(r"^  credential now +ZYXWVUTSRQPONMLKJIHG$", done, flags=re.MULTILINE)
    no_secret_in(early.stdout + json.dumps(emulator.calls(), default=str))


def test_a_public_endpoint_needs_no_vpc(stage: Stage, emulator: Any) -> None:
    """R20."""
    public = ("-e", json.dumps({
        "xks_key_store_connectivity": "PUBLIC_ENDPOINT", "xks_key_store_uri_endpoint": f"https://{PUBLIC_NAME}",
    }))
    mark = last(emulator)
    done = play(stage, *public)
    assert writes(emulator, mark) == ["CreateCustomKeyStore", "ConnectCustomKeyStore"]
    assert re.search(r"^  state +CONNECTED$", done, flags=re.MULTILINE)
    gone = play(stage, *public, "-e", "xks_state=absent")
    assert writes(emulator, mark)[2:] == TEARDOWN[:2]
    assert "- deleted external key store payments" in " ".join(gone.split())
    assert stores(emulator) == []


def killed_after(stage: Stage, emulator: Any, action: str, *options: str) -> list[str]:
    """A run whose process dies when ACTION has had its effect, before the answer arrives; what it wrote."""
    mark = last(emulator)
    emulator.fault("latency", action=action, seconds=30)
    run = subprocess.Popen(
        stage.command(*options), env=stage.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        before.until(lambda: action in writes(emulator, mark) or run.poll() is not None)
        assert run.poll() is None
    finally:
        kill(run)
        emulator.clear_faults()
    return writes(emulator, mark)


def test_a_teardown_that_dies_at_each_write_is_finished_by_the_next_run(stage: Stage, emulator: Any) -> None:
    play(stage)
    mark = last(emulator)
    for action in TEARDOWN[:-1]:
        # Each run does just the next step: nothing is done twice, and nothing is left out.
        assert killed_after(stage, emulator, action, "-e", "xks_state=absent") == [action]
    last_run = play(stage, "-e", "xks_state=absent")
    assert writes(emulator, mark) == TEARDOWN
    assert "- deleted VPC payments" in " ".join(last_run.split())
    assert stage.client("ec2").describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["Name"]}])["Vpcs"] == []
