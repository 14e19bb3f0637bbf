# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running xks_key_store, and looking at what it did."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from scenarios import prerequisites as before
from scenarios.harness import run_module

SECRET = before.CREDENTIAL["raw_secret_access_key"]
NEW = {
    "access_key_id": "ZYXWVUTSRQPONMLKJIHG",
    "raw_secret_access_key": "bmV3LXNlY3JldC1vZi10aGUtcHJveHktbmV2ZXItc2VlbiE=",
}


def traces(secret: str) -> set[str]:
    """How a secret could show: as it is, encoded for a URL or a header, or as part of something encoded."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret), quote(secret, safe=""), encoded, encoded.rstrip("=")}


def no_secret_in(text: str) -> None:
    for secret in (SECRET, NEW["raw_secret_access_key"]):
        assert [trace for trace in traces(secret) if trace in text] == []


def run(world: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    result = run_module(world.url, "xks_key_store", check=check, **options)
    no_secret_in(json.dumps(result, default=str))
    return result


def kms(world: Any) -> Any:
    return before.client(world.url, "kms")


def stores(world: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kms(world).describe_custom_key_stores()["CustomKeyStores"]
    return found


def writes(world: Any, since: int = 0) -> list[str]:
    return [call["action"] for call in world.calls(mutating=True, since=since)]


def last(world: Any) -> int:
    calls = world.calls()
    return int(calls[-1]["seq"]) if calls else 0


def connected(world: Any, service: before.EndpointService, **others: Any) -> dict[str, Any]:
    result = run(world, **before.options(service, **others))
    assert not result.get("failed"), result
    return result


def key_in(world: Any, store_id: str, external: str = "key-1") -> str:
    made = kms(world).create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store_id, XksKeyId=external)
    return str(made["KeyMetadata"]["KeyId"])


def numbers(result: dict[str, Any]) -> set[str]:
    return {item["number"] for item in result["unmet_requirements"]}


@contextmanager
def encrypting(world: Any, key_id: str, every: float = 0.1) -> Iterator[list[str]]:
    """Somebody who encrypts with a key all the time; gives the answers, each "ok" or why it was refused."""
    answers: list[str] = []
    stop = threading.Event()

    def work() -> None:
        # A client of its own, without repetitions: what is refused once is refused.
        client = before.impatient(world.url, "kms")
        while not stop.wait(every):
            try:
                client.encrypt(KeyId=key_id, Plaintext=b"text")
                answers.append("ok")
            except Exception as error:
                answers.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        before.until(lambda: bool(answers))
        yield answers
    finally:
        stop.set()
        thread.join()
