# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of key stores against the embedded AWS: hosts, groups, variables, accounts, cache, and a play."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios import fleet, inventories
from scenarios import prerequisites as before
from scenarios.fleet import REGIONS, Fleet
from scenarios.harness import CONNECTION
from scenarios.inventories import Inventory
from scenarios.key_stores import last, writes

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": CONNECTION["access_key"],
    "AWS_SECRET_ACCESS_KEY": CONNECTION["secret_key"],
    "AWS_DEFAULT_REGION": REGIONS[0],
    "AWS_EC2_METADATA_DISABLED": "true",
    "ANSIBLE_NOCOLOR": "1",
}
Read = Callable[..., Inventory]


@pytest.fixture
def world(emulator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    emulator.configure(time_scale=0.0)
    (tmp_path / "config").write_text(
        "[profile production]\naws_access_key_id = AKIAPRODUCTION000000\naws_secret_access_key = secret\n"
    )
    given = {**ENVIRONMENT, "AWS_URL": emulator.url, "AWS_CONFIG_FILE": str(tmp_path / "config"),
             "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return emulator


@pytest.fixture
def stores(world: Any) -> Fleet:
    return fleet.build(world)


@pytest.fixture
def configuration(tmp_path: Path) -> Callable[..., Path]:
    def write(**options: Any) -> Path:
        path = tmp_path / "fleet.key_stores.yml"
        path.write_text(yaml.safe_dump({"plugin": "keylink.aws.key_stores", "regions": REGIONS, **options}))
        return path

    return write


def run(tool: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name(tool)), *options], env={**os.environ}, text=True, check=False,
        capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def read(configuration: Callable[..., Path]) -> Read:
    return lambda cached=True, **options: inventories.read(configuration(**options), cached)


def test_the_graph_is_what_an_operator_reads(
    world: Any, stores: Fleet, configuration: Callable[..., Path], tmp_path: Path
) -> None:
    path = configuration(keyed_groups=[{"prefix": "path", "key": "xks_proxy_configuration.uri_path"}])
    done = run("ansible-inventory", "-i", str(path), "--graph")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "@all:"
    place = lines.index("  |--@state_failed:")
    assert lines[place + 1:place + 3] == ["  |  |--broken.eu-central-1", "  |  |--vault.us-east-1"]
    groups = {line.strip(" |-@:") for line in lines if "@" in line}
    assert groups >= {
        "key_stores", "state_connected", "state_disconnected", "state_failed", "type_external_key_store",
        "type_aws_cloudhsm", "error_xks_proxy_invalid_tls_configuration", "error_insufficient_cloudhsm_hsms",
        "region_eu_central_1", "region_eu_west_1", "region_us_east_1", "account_123456789012",
        "path__payments_kms_xks_v1",
    }


def test_a_host_has_what_a_play_needs(world: Any, stores: Fleet, read: Read) -> None:
    mark = last(world)
    found = read(
        strict=True, count_keys=True,
        compose={"team": "custom_key_store_name | upper"}, groups={"no_certificate": "certificate_name is none"},
    )
    assert writes(world, mark) == []
    assert found.hosts() == ["broken.eu-central-1", "ledger.eu-west-1", "payments.eu-central-1", "vault.us-east-1"]
    payments = found.variables["payments.eu-central-1"]
    assert (payments["region"], payments["custom_key_store_id"]) == (REGIONS[0], stores.payments)
    assert (payments["account_id"], payments["ansible_connection"], payments["team"]) == (
        "123456789012", "local", "PAYMENTS",
    )
    assert payments["kms_keys"]["by_state"] == {"Disabled": 1, "Enabled": 2}
    assert found.variables["vault.us-east-1"]["remedy"]["applies"] == "cloudhsm"
    assert found.hosts("no_certificate") == found.hosts()
    assert found.hosts("type_aws_cloudhsm") == ["ledger.eu-west-1", "vault.us-east-1"]
    assert CONNECTION["secret_key"] not in json.dumps(found.variables)


def test_a_mistake_in_an_expression_is_told_when_strict(world: Any, stores: Fleet, read: Read) -> None:
    wrong = {"compose": {"x": "no_such_variable + 1"}}
    assert len(read(**wrong).hosts()) == 4
    strict = read(strict=True, **wrong)
    assert "Could not set x" in strict.told


def test_several_accounts_by_profile_and_by_role(world: Any, stores: Fleet, read: Read) -> None:
    world.configure(accounts={"AKIAPRODUCTION000000": "210987654321"})
    fleet.cloudhsm(world, REGIONS[1], "ledger", account="210987654321", access_key="AKIAPRODUCTION000000")
    role = "arn:aws:iam::123456789012:role/audit"
    found = read(
        accounts=[
            {"name": "production", "profile": "production"},
            {"assume_role_arn": role, "assume_role_external_id": "id", "regions": [REGIONS[1], REGIONS[2]]},
        ]
    )
    assert found.hosts() == ["ledger.eu-west-1", "ledger.eu-west-1.production", "vault.us-east-1"]
    production = found.variables["ledger.eu-west-1.production"]
    assert (production["profile"], production["account_id"]) == ("production", "210987654321")
    audited = found.variables["vault.us-east-1"]
    assert (audited["assume_role_arn"], audited["account_id"]) == (role, "123456789012")
    assert found.hosts("account_production") == ["ledger.eu-west-1.production"]
    same = read(
        accounts=[{"profile": "production"}, {"assume_role_arn": role}], hostname_parts=["custom_key_store_name"],
        regions=[REGIONS[1]],
    )
    assert len(same.hosts()) == 2
    assert all(host.startswith("ledger.cks-") for host in same.hosts())


def test_what_cannot_be_read_is_said(world: Any, stores: Fleet, read: Read) -> None:
    world.configure(denied=["kms:*@eu-west-1", "sts:AssumeRole"])
    found = read(accounts=[{"name": "here"}, {"name": "there", "assume_role_arn": "arn:aws:iam::210987654321:role/x"}])
    assert found.hosts() == ["broken.eu-central-1.here", "payments.eu-central-1.here", "vault.us-east-1.here"]
    missing = "Key stores are missing from the inventory: account here: eu-west-1: kms:DescribeCustomKeyStores"
    assert missing in found.told
    assert "account there: sts:AssumeRole: AccessDenied" in found.told
    strict = read(strict_regions=True)
    assert "Not all key stores could be read" in strict.told
    assert strict.hosts() == []


def test_the_cache_answers_until_it_is_flushed(world: Any, stores: Fleet, read: Read, tmp_path: Path) -> None:
    cached = {
        "cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache"),
    }
    assert len(read(**cached).hosts()) == 4
    files = [path.read_text() for path in (tmp_path / "cache").iterdir()]
    assert len(files) == 1
    assert CONNECTION["secret_key"] not in files[0]
    mark = last(world)
    assert len(read(**cached).hosts()) == 4
    assert last(world) == mark
    assert len(read(cached=False, **cached).hosts()) == 4
    assert last(world) > mark


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accounts": [{"profil": "x"}]}, "profil is none of name, profile"),
        ({"hostname_parts": ["name"]}, "hostname_parts"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(
    world: Any, read: Read, options: dict[str, Any], message: str
) -> None:
    assert message in read(**options).told


def test_a_play_over_the_hosts_repairs_those_that_failed(
    world: Any, stores: Fleet, configuration: Callable[..., Path], tmp_path: Path
) -> None:
    play = [
        {
            "hosts": "type_external_key_store",
            "gather_facts": False,
            "module_defaults": {
                "group/keylink.aws.aws": {"region": "{{ region }}", "profile": "{{ profile | default(omit, true) }}"}
            },
            "tasks": [
                {
                    "name": "Disconnect what failed",
                    "keylink.aws.xks_key_store": {
                        "custom_key_store_id": "{{ custom_key_store_id }}", "state": "disconnected",
                    },
                }
            ],
        }
    ]
    (tmp_path / "repair.yml").write_text(yaml.safe_dump(play))
    mark = last(world)
    inventory = str(configuration())
    done = run("ansible-playbook", "-i", inventory, str(tmp_path / "repair.yml"), "--limit", "state_failed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert writes(world, mark) == ["DisconnectCustomKeyStore"]
    (broken,) = before.client(world.url, "kms").describe_custom_key_stores(CustomKeyStoreId=stores.broken)[
        "CustomKeyStores"
    ]
    assert broken["ConnectionState"] == "DISCONNECTED"
