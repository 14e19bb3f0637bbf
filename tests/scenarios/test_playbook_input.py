# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bad input gets from the playbook: exit code 2, a message to act on, and not one call that writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scenarios import stage as staging
from scenarios.stage import Stage

SECRET = "tooShortToBeASecret0123"
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "one zone": ({"xks_connectivity_availability_zones": ["eu-central-1a"]}, ["eu-central-1a", "R21"]),
    "overlap": ({"xks_connectivity_data_center_cidrs": ["10.0.128.0/17"]}, ["10.0.0.0/16", "10.0.128.0/17", "R18"]),
    "public target": ({"xks_connectivity_targets": ["10.0.0.11", "203.0.113.9"]}, ["203.0.113.9", "R37"]),
    "one target": ({"xks_connectivity_targets": ["10.0.0.11"]}, ["10.0.0.11", "R30"]),
    "apex": ({"xks_connectivity_private_dns_name": "example.com"}, ["example.com", "R11"]),
    "single label": ({"xks_connectivity_private_dns_name": "myproxy"}, ["myproxy", "R11"]),
    "wildcard": ({"xks_connectivity_private_dns_name": "*.xks.example.com"}, ["*.xks.example.com", "R11"]),
    "upper case": ({"xks_connectivity_private_dns_name": "MyProxy.xks.example.com"}, ["MyProxy.xks.example.com", "N3"]),
    "too long": ({"xks_connectivity_private_dns_name": f"{'a' * 60}.{'b' * 60}.example.com"}, ["N3", "120"]),
    "access key id": (
        {"xks_key_store_credential": {"access_key_id": "lower-case", "raw_secret_access_key": "A" * 43}},
        ["lower-case", "N3"],
    ),
    "secret": (
        {"xks_key_store_credential": {"access_key_id": "A" * 20, "raw_secret_access_key": SECRET}},
        ["raw_secret_access_key", "N3", "43"],
    ),
    "path": ({"xks_key_store_uri_path": "/kms/xks/one"}, ["/kms/xks/one", "N3", "/kms/xks/v1"]),
    "Region": ({"xks_region": "cn-north-1"}, ["cn-north-1", "R17"]),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staging.running(tmp_path_factory.mktemp("stage")) as running:
        yield running


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_stops_everything(stage: Stage, case: str) -> None:
    given, expected = BAD[case]
    before = len(stage.calls(mutating=1))
    done = stage.play("-e", json.dumps(given))
    assert done.returncode == 2, done.stdout
    assert [text for text in expected if text not in done.stdout] == [], done.stdout
    told = json.loads(done.stdout.partition("FAILED! => ")[2].splitlines()[0])["msg"].splitlines()
    assert len(told) == len(set(told))
    assert "Traceback" not in done.stdout
    assert SECRET not in done.stdout
    assert len(stage.calls(mutating=1)) == before


def test_what_is_missing_is_asked_for(stage: Stage, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text("{}")
    done = replace(stage, variables=nothing).play()
    assert done.returncode == 2
    asked = ("xks_connectivity_name", "xks_connectivity_private_dns_name", "xks_connectivity_targets")
    assert [name for name in asked if name not in done.stdout] == []
    given = json.dumps({name: value for name, value in json.loads(stage.variables.read_text()).items()
                        if name != "xks_key_store_credential"})
    done = replace(stage, variables=nothing).play("-e", given)
    assert done.returncode == 2
    assert "missing required arguments: xks_key_store_credential" in done.stdout
