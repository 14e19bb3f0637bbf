# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotating the credential of a connected external key store, while somebody encrypts with it all the time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner

from emulator.proxy import XksProxy
from scenarios import prerequisites as before
from scenarios.harness import run_module
from scenarios.key_stores import (
    NEW,
    connected,
    encrypting,
    key_in,
    kms,
    last,
    no_secret_in,
    numbers,
    run,
    stores,
    writes,
)

OLD = before.CREDENTIAL["access_key_id"]
ROTATE = {
    "name": "payments",
    "state": "present",
    "xks_proxy_authentication_credential": NEW,
    "effective_after": 1,
}


@pytest.fixture
def key(world: Any, service: before.EndpointService, proxy: XksProxy) -> str:
    """A KMS key in a connected store. AWS's 5 minutes until an update is in effect are 0.8 seconds."""
    made = key_in(world, connected(world, service)["custom_key_store_id"])
    world.configure(time_scale=1.0, delays={"xks_update": 0.8})
    return made


def access_key(world: Any) -> str:
    found: str = stores(world)[0]["XksProxyConfiguration"]["AccessKeyId"]
    return found


def test_no_encrypt_fails_while_the_credential_is_rotated(world: Any, proxy: XksProxy, key: str) -> None:
    """Terraform panics here (peers E9)."""
    mark = last(world)
    with encrypting(world, key) as answers:
        proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
        planned = run(world, check=True, **ROTATE, verify_key_id=key)
        done = run(world, **ROTATE, verify_key_id=key)
        # The old one is retired as soon as the run ends.
        del proxy.credentials[OLD]
        served = len(answers)
        before.until(lambda: len(answers) >= served + 3)
    assert set(answers) == {"ok"}
    assert len(answers) >= 10
    assert writes(world, mark) == ["UpdateCustomKeyStore"]
    assert (planned["diff"], planned["actions"], set(planned)) == (done["diff"], done["actions"], set(done))
    assert (done["previous_access_key_id"], access_key(world)) == (OLD, NEW["access_key_id"])
    assert done.get("warnings") is None
    no_secret_in(json.dumps([done, world.calls()], default=str))


def test_a_second_run_watches_again_and_changes_nothing(world: Any, proxy: XksProxy, key: str) -> None:
    """Nobody can see when the first one was made, or whether it was stopped."""
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    kms(world).update_custom_key_store(
        CustomKeyStoreId=stores(world)[0]["CustomKeyStoreId"],
        XksProxyAuthenticationCredential={
            "AccessKeyId": NEW["access_key_id"], "RawSecretAccessKey": NEW["raw_secret_access_key"],
        },
    )
    mark = last(world)
    done = run(world, **ROTATE)
    del proxy.credentials[OLD]
    assert (done["changed"], writes(world, mark)) == (False, [])
    for _time in range(2):
        kms(world).encrypt(KeyId=key, Plaintext=b"text")


def test_a_credential_that_the_proxy_does_not_know_changes_nothing(world: Any, key: str) -> None:
    refused = run(world, **ROTATE)
    assert refused["error"]["code"] == "XksProxyIncorrectAuthenticationCredentialException"
    assert "give both parts as the proxy has them" in refused["msg"]
    assert refused["changed"] is False
    assert access_key(world) == OLD
    kms(world).encrypt(KeyId=key, Plaintext=b"text")


def test_an_old_credential_that_went_too_early_is_told_at_once(world: Any, proxy: XksProxy, key: str) -> None:
    proxy.credentials.clear()
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    failed = run(world, **ROTATE, verify_key_id=key)
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert "let the proxy accept both" in failed["msg"]
    assert "AuthenticationFailedException" in failed["msg"]


def test_the_run_tells_what_it_watches(world: Any, proxy: XksProxy, key: str) -> None:
    """Five minutes without a word would end a job in AWX."""
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    heard: list[str] = []
    clock = runner.Clock(lambda: passed[0], sleep)
    options = {**ROTATE, "effective_after": 300, "verify_key_id": key}
    run_module(world.url, "xks_key_store", context=runner.Context(heard.append, clock), **options)
    assert passed[0] == pytest.approx(300)
    assert len(heard) >= 10
    assert f"AWS KMS has {NEW['access_key_id']}, and a KMS key of the store encrypts" in heard[0]
    assert "s of 300 s" in heard[0]


def test_a_key_of_another_store_proves_nothing(world: Any, key: str) -> None:
    other = kms(world).create_key()["KeyMetadata"]["KeyId"]
    refused = run(world, **ROTATE, verify_key_id=other)
    assert numbers(refused) == {"R135"}
    assert "Check verify_key_id" in run(world, **ROTATE, verify_key_id="alias/nothing")["msg"]
    assert access_key(world) == OLD


def test_a_failed_store_is_not_rotated_but_repaired(world: Any, proxy: XksProxy, key: str) -> None:
    proxy.credentials.clear()
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    store_id = stores(world)[0]["CustomKeyStoreId"]
    world.configure(time_scale=0.0)
    kms(world).disconnect_custom_key_store(CustomKeyStoreId=store_id)
    kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    refused = run(world, **ROTATE)
    assert (numbers(refused), refused["connection_error_code"]) == ({"N10"}, "INVALID_CREDENTIALS")
    assert "run with state connected, which repairs the store" in refused["msg"]
    assert run(world, **{**ROTATE, "state": "connected"})["connection_state"] == "CONNECTED"
    kms(world).encrypt(KeyId=key, Plaintext=b"text")
