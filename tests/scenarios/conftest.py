# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One embedded AWS for all scenarios, empty at the start of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import server
from emulator.proxy import ExternalKey, XksProxy
from scenarios import cloudhsm, clusters, name_servers
from scenarios import prerequisites as before
from scenarios.name_servers import NameServers
from scenarios.proxies import House

NO_DNS_SERVER = "BIND's named is missing, see tests/tools/install_dns_server.py"

if os.environ.get("KEYLINK_IN_PROCESS") == "false":
    # These choose the way themselves.
    collect_ignore_glob = ["test_playbook*", "test_in_process*", "test_*_interrupted*", "test_report_*"]


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[Any]:
    with server.start(time_scale=0.0, dns_port=0) as running:
        yield running


@pytest.fixture
def emulator(embedded_aws: Any) -> Any:
    embedded_aws.reset()
    return embedded_aws


@pytest.fixture
def world(emulator: Any) -> Any:
    """Where key stores are."""
    return emulator


@pytest.fixture
def service(world: Any) -> before.EndpointService:
    """What AWS KMS reaches a proxy through."""
    return before.endpoint_service(world.url)


@pytest.fixture
def proxy(world: Any, tmp_path: Path) -> Iterator[XksProxy]:
    """A proxy behind it, with one external key, that could also be elsewhere."""
    names = [before.PRIVATE_DNS_NAME, before.OTHER_NAME, before.PUBLIC_NAME]
    with before.proxy(world, tmp_path, keys={"key-1": ExternalKey()}, names=names) as running:
        yield running


@pytest.fixture
def estate(world: Any) -> clusters.Estate:
    """A CloudHSM cluster with all around it, in subnets that are soon full."""
    return clusters.estate(world, size=28)


@pytest.fixture
def store_id(world: Any, estate: clusters.Estate) -> str:
    """A key store of that cluster, not connected."""
    return cloudhsm.make(world, estate)


@pytest.fixture(scope="session")
def public_dns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServers]:
    """Real DNS servers."""
    if not name_servers.named():
        pytest.skip(NO_DNS_SERVER)
    with name_servers.running(tmp_path_factory.mktemp("dns")) as servers:
        yield servers


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A test that needs a DNS server that is not here must not be missed quietly."""
    skipped = [report for report in terminalreporter.getreports("skipped") if NO_DNS_SERVER in str(report.longrepr)]
    if skipped:
        terminalreporter.write_sep("!", f"{len(skipped)} TESTS WERE SKIPPED: {NO_DNS_SERVER}", red=True, bold=True)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Authorities for proxies with any flaw."""
    return House.build(tmp_path_factory.mktemp("authorities"))
