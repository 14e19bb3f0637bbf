# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudHSM key stores and runs that end in the middle, or that somebody listens to: all of it in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import session

from scenarios import clusters, harness
from scenarios.cloudhsm import (
    CONNECT,
    DELETE,
    DISCONNECT,
    NAME,
    UPDATE,
    connect,
    fail,
    kms,
    last,
    manage,
    stores,
    writes,
)


def run(world: Any, progress: Callable[[str], None], **options: Any) -> dict[str, Any]:
    """The module with somebody who listens to it."""
    return harness.run_module(
        world.url, "cloudhsm_key_store_connect", context=runner.Context(progress=progress),
        **{"name": NAME, "transient_retry_delay": 0, **options},
    )


def test_what_passes_while_the_run_waits_is_overcome(world: Any, store_id: str, estate: clusters.Estate) -> None:
    kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    connect(world, state="disconnected")
    flaw = clusters.FLAWS["NETWORK_ERRORS"]
    flaw.make(estate, store_id)
    said: list[str] = []

    def listen(text: str) -> None:
        said.append(text)
        flaw.repair(estate, store_id)

    done = run(world, listen)
    assert (done["changed"], done["connection_state"]) == (True, "CONNECTED")
    assert "FAILED with NETWORK_ERRORS" in said[0]
    assert said[0].endswith(
        "Trying again: disconnect CloudHSM key store payments, connect CloudHSM key store payments."
    )


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, bool], None]:
    """Ends the run at its call number N that writes: before AWS hears of it, or before the answer is heard."""

    def arm(number: int, heard: bool) -> None:
        seen = 0
        original = session.Aws.call

        def call(self: session.Aws, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
            nonlocal seen
            if operation.startswith(("describe", "list")):
                return original(self, service, operation, **arguments)
            seen += 1
            if seen == number and not heard:
                raise Killed
            answer = original(self, service, operation, **arguments)
            if seen == number:
                monkeypatch.setattr(session.Aws, "call", original)
                raise Killed
            return answer

        monkeypatch.setattr(session.Aws, "call", call)

    return arm


def recover(world: Any, **how: Any) -> dict[str, Any]:
    return connect(world, key_store_password=clusters.OTHER_PASSWORD, **how)


def remove(world: Any, **how: Any) -> dict[str, Any]:
    return manage(world, state="absent", **how)


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize(
    ("job", "number"), [(recover, 1), (recover, 2), (recover, 3), (remove, 1), (remove, 2)]
)
def test_a_run_that_was_killed_is_finished_by_the_next(
    world: Any,
    store_id: str,
    estate: clusters.Estate,
    kill: Callable[[int, bool], None],
    monkeypatch: pytest.MonkeyPatch,
    job: Callable[..., dict[str, Any]],
    number: int,
    heard: bool,
) -> None:
    """At each write of a recovery and of absent."""
    fail(world, store_id, estate, "USER_LOCKED_OUT")
    estate.change(password=clusters.OTHER_PASSWORD)
    mark = last(world)
    kill(number, heard)
    with pytest.raises(Killed):
        job(world, context=runner.Context())
    monkeypatch.undo()
    assert len(writes(world, mark)) == number - (not heard)
    done = job(world)
    assert not done.get("failed"), done
    made = writes(world, mark)
    if job is remove:
        assert stores(world) == []
        assert (made.count(DISCONNECT), made.count(DELETE)) == (1, 1)
    else:
        assert [store["ConnectionState"] for store in stores(world)] == ["CONNECTED"]
        assert made.count(UPDATE) == 1
        # Where the code was lost with the first run, one connect finds it again.
        assert made.count(CONNECT) <= 2
    mark = last(world)
    assert job(world)["changed"] is False
    assert writes(world, mark) == []
