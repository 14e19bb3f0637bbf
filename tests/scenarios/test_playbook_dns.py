# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook with the domain's zone elsewhere: in a zone of BIND, and in another account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from scenarios import stage as staging
from scenarios.name_servers import AWS, PRIMARY, RESOLVER, NameServers
from scenarios.stage import Stage

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/publish-dns"
THEIR_KEY = "AKIAEXAMPLEEXAMPLE02"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staging.running(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.control.reset()
    return running


def with_variables(stage: Stage, **changes: Any) -> Stage:
    """The stage without its zone, and with these variables."""
    variables = {**json.loads(stage.variables.read_text()), **changes}
    file = stage.variables.with_name("elsewhere.json")
    file.write_text(json.dumps({name: value for name, value in variables.items() if value is not None}))
    return replace(stage, variables=file)


def play(stage: Stage, *options: str) -> str:
    done = stage.play(*options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_zone_with_dynamic_updates(stage: Stage, public_dns: NameServers) -> None:
    stage = with_variables(
        stage, xks_connectivity_zone=None, xks_connectivity_nsupdate=public_dns.nsupdate,
        xks_connectivity_resolvers=[RESOLVER], xks_connectivity_dns_port=public_dns.port,
    )
    stage.control.configure(dns_server=f"{AWS}:{public_dns.port}")
    before = public_dns.serial(PRIMARY)
    with public_dns.spreading():
        outputs = [play(stage, "-vvv", "--check", "--diff")]
        assert public_dns.serial(PRIMARY) == before
        outputs.append(play(stage, "-vvv", "--diff"))
        assert re.search(r"^  domain +verified$", outputs[-1], flags=re.MULTILINE)
        (record,) = re.findall(r"^  TXT record +(_\S+)$", outputs[-1], flags=re.MULTILINE)
        assert public_dns.txt(record) is not None
        second, calls = public_dns.serial(PRIMARY), len(stage.calls())
        outputs.append(play(stage, "-vvv"))
        assert "changed=0" in outputs[-1]
        assert (public_dns.serial(PRIMARY), second) == (second, before + 1)
        assert len(stage.calls()) - calls <= 25
        outputs.append(play(stage, "-e", "xks_state=absent"))
    assert public_dns.txt(record) is None
    assert not any(public_dns.secret in output for output in outputs)
    assert not any(call["service"] == "route53" for call in stage.calls())


def test_zone_in_another_account(stage: Stage) -> None:
    stage.control.configure(accounts={THEIR_KEY: OTHER}, dns_server=f"127.0.0.1:{stage.dns_port}")
    theirs = boto3.client(
        "route53", endpoint_url=stage.url, region_name=staging.REGION, aws_access_key_id=THEIR_KEY,
        aws_secret_access_key="theirs",
    )
    zone = theirs.create_hosted_zone(Name=staging.DOMAIN, CallerReference="theirs")["HostedZone"]["Id"]
    stage = with_variables(stage, xks_connectivity_zone_role_arn=ROLE)
    assert re.search(r"^  domain +verified$", play(stage), flags=re.MULTILINE)
    names = [item["Type"] for item in theirs.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
    assert "TXT" in names
    calls = len(stage.calls())
    assert "changed=0" in play(stage)
    assert len(stage.calls()) - calls <= 25
    play(stage, "-e", "xks_state=absent")
    assert "TXT" not in [
        item["Type"] for item in theirs.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    ]
