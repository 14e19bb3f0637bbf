# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for all tests, emptied for each, and one proxy with its certificates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from estate import KEY_ID, NAME, SECRET, Estate

from emulator import pki, server
from emulator.proxy import Behaviour, ExternalKey, XksProxy

# Answers that a test waits for get all the time a busy machine needs; the 250 ms have a test of their own.
PATIENCE = 5.0


@pytest.fixture(scope="session")
def running() -> Iterator[server.Emulator]:
    with server.start(time_scale=0, dns_port=0, proxy_timeout=PATIENCE) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[pki.Issued, Path]:
    """A root that the emulated KMS trusts, and the directory with its certificates."""
    root = pki.new_root()
    directory = tmp_path_factory.mktemp("authority")
    names = [NAME, "*.xks.example.com", "public.example.com"]
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
def aws(running: server.Emulator, authority: tuple[pki.Issued, Path]) -> Estate:
    """An empty account whose KMS trusts the tests' root."""
    running.reset(ca_file=str(authority[1] / "ca.pem"))
    return Estate(running)


@pytest.fixture
def proxy(aws: Estate, shared_proxy: XksProxy) -> XksProxy:
    """A proxy that is well, at the targets of a chain and at a public name."""
    vars(shared_proxy.behaviour).update(vars(Behaviour()))
    shared_proxy.keys.clear()
    shared_proxy.keys.update(
        {
            "good": ExternalKey(),
            "disabled": ExternalKey(status="DISABLED"),
            "short": ExternalKey(spec="AES_128"),
            "encrypt-only": ExternalKey(usage=("ENCRYPT",)),
        }
    )
    aws.serve(shared_proxy, "public.example.com", NAME)
    return shared_proxy
