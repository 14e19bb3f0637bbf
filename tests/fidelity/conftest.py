# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for all of these tests, an empty account for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fidelity.chain import Chain, client
from fidelity.estate import KEY_ID, NAME, SECRET, Estate

from emulator import pki, server
from emulator.proxy import Behaviour, ExternalKey, XksProxy

# Answers that a test waits for get all the time a busy machine needs; the 250 ms have a test of their own.
PATIENCE = 5.0


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[server.Emulator]:
    with server.start(time_scale=0, dns_port=0) as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: server.Emulator) -> server.Emulator:
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def aws(emulator: server.Emulator) -> Callable[[str], Any]:
    return lambda service: client(emulator.url, service)


@pytest.fixture
def chain(emulator: server.Emulator) -> Chain:
    """Everything up to a verified endpoint service, with targets that count as healthy."""
    emulator.configure(unmapped_targets="healthy")
    return Chain(emulator)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[pki.Issued, Path]:
    """A root that the emulated KMS trusts, and the directory with its certificates."""
    root = pki.new_root()
    directory = tmp_path_factory.mktemp("authority")
    names = [NAME, "public.example.com"]
    pki.write_leaf(directory, root, pki.issue_leaf(root, NAME, alternative_names=names), "good")
    return root, directory


@pytest.fixture(scope="session")
def shared_proxy(authority: tuple[pki.Issued, Path]) -> Iterator[XksProxy]:
    directory = authority[1]
    with XksProxy(
        certificate=directory / "good.chain.pem",
        private_key=directory / "good.key.pem",
        credentials={KEY_ID: SECRET},
        uri_path_prefix="/example",
    ) as proxy:
        yield proxy


@pytest.fixture
def estate(running_emulator: server.Emulator, authority: tuple[pki.Issued, Path]) -> Estate:
    """An empty account whose KMS trusts the tests' root."""
    running_emulator.reset(ca_file=str(authority[1] / "ca.pem"), proxy_timeout=PATIENCE)
    return Estate(running_emulator)


@pytest.fixture
def proxy(estate: Estate, shared_proxy: XksProxy) -> XksProxy:
    """A proxy that is well, at the targets of a chain and at two public names."""
    vars(shared_proxy.behaviour).update(vars(Behaviour()))
    keys = {
        "good": ExternalKey(),
        "disabled": ExternalKey(status="DISABLED"),
        "short": ExternalKey(spec="AES_128"),
        "encrypt-only": ExternalKey(usage=("ENCRYPT",)),
    }
    shared_proxy.keys.clear()
    shared_proxy.keys.update(keys)
    shared_proxy.credentials.clear()
    shared_proxy.credentials[KEY_ID] = SECRET
    estate.serve(shared_proxy, "public.example.com", NAME)
    return shared_proxy
