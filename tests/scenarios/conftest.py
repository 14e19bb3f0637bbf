# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One embedded AWS for all scenarios, empty at the start of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import server
from scenarios.proxies import House

if os.environ.get("KEYLINK_IN_PROCESS") == "false":
    # These choose the way themselves.
    collect_ignore_glob = ["test_playbook*", "test_in_process*"]


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[Any]:
    with server.start(time_scale=0.0, dns_port=0) as running:
        yield running


@pytest.fixture
def emulator(embedded_aws: Any) -> Any:
    embedded_aws.reset()
    return embedded_aws


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Authorities for proxies with any flaw."""
    return House.build(tmp_path_factory.mktemp("authorities"))
