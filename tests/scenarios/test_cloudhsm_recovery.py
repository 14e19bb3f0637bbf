# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudHSM key stores that are FAILED: told with cause and remedy, and repaired by it; runs that end in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import session
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, REMEDIES

from scenarios import clusters, harness
from scenarios.cloudhsm import (
    CONNECT,
    DELETE,
    DISCONNECT,
    NAME,
    UPDATE,
    connect,
    kms,
    last,
    make,
    manage,
    numbers,
    state,
    stores,
    writes,
)


@pytest.fixture
def world(emulator: Any) -> Any:
    emulator.configure(time_scale=0.0)
    return emulator


@pytest.fixture
def estate(world: Any) -> clusters.Estate:
    return clusters.estate(world, size=28)


@pytest.fixture
def store_id(world: Any, estate: clusters.Estate) -> str:
    return make(world, estate)


def fail(world: Any, store_id: str, estate: clusters.Estate, code: str) -> None:
    """Somebody connects the store although something is wrong."""
    clusters.FLAWS[code].make(estate, store_id)
    kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    assert stores(world)[0].get("ConnectionErrorCode") == code


def test_every_code_has_a_flaw() -> None:
    assert set(clusters.FLAWS) == set(REMEDIES[CLOUDHSM])


PASSING = ("INTERNAL_ERROR", "NETWORK_ERRORS")


@pytest.mark.parametrize("code", [code for code in clusters.FLAWS if code not in PASSING])
def test_a_failed_store_is_a_difference_that_the_remedy_repairs(
    world: Any, store_id: str, estate: clusters.Estate, code: str
) -> None:
    """N10, R133, R144: without what cures it nothing is touched, so the code stays to be read."""
    fail(world, store_id, estate, code)
    mark = last(world)
    for check in (True, False):
        refused = connect(world, check=check)
        assert (refused["failed"], refused["changed"]) == (True, False)
        assert (refused["connection_error_code"], refused["remedy"]["code"]) == (code, code)
        assert "N10" in numbers(refused)
        for text in (refused["remedy"]["cause"], *refused["remedy"]["steps"], refused["remedy"]["documentation"]):
            assert text in refused["msg"]
    assert writes(world, mark) == []
    assert stores(world)[0]["ConnectionErrorCode"] == code
    flaw = clusters.FLAWS[code]
    flaw.repair(estate, store_id)
    options = flaw.fix(estate)
    mark = last(world)
    planned = connect(world, check=True, **options)
    assert writes(world, mark) == []
    done = connect(world, **options)
    update = [UPDATE] if "key_store_password" in options or "cloud_hsm_cluster_id" in options else []
    assert writes(world, mark) == [DISCONNECT, *update, CONNECT]
    assert done["diff"] == planned["diff"]
    states = [item["before"]["connection_state"] for item in done["diff"] if "connection_state" in item["before"]]
    assert states[0] == "FAILED"
    assert (done["previous_connection_state"], done["connection_state"]) == ("FAILED", "CONNECTED")
    assert (done["connection_error_code"], done["remedy"]["code"]) == (code, code)
    assert done["custom_key_store"]["connection_error_code"] is None
    assert any(f"was FAILED with {code} before this run" in text for text in done["warnings"])
    mark = last(world)
    assert connect(world, **{**options, "force": False})["changed"] is False
    assert writes(world, mark) == []


@pytest.mark.parametrize("code", clusters.FLAWS)
def test_recovery_can_be_forbidden(world: Any, store_id: str, estate: clusters.Estate, code: str) -> None:
    fail(world, store_id, estate, code)
    clusters.FLAWS[code].repair(estate, store_id)
    options = clusters.FLAWS[code].fix(estate)
    mark = last(world)
    refused = connect(world, recover_failed=False, **options)
    assert (refused["failed"], refused["connection_error_code"]) == (True, code)
    assert "With recover_failed: true" in refused["msg"]
    assert writes(world, mark) == []


def test_out_of_failed_by_way_of_disconnected(world: Any, store_id: str, estate: clusters.Estate) -> None:
    """R146: the code is in the result of the run that erases it."""
    fail(world, store_id, estate, "USER_NOT_FOUND")
    apart = connect(world, state="disconnected")
    assert (apart["previous_connection_state"], apart["connection_state"]) == ("FAILED", "DISCONNECTED")
    assert (apart["connection_error_code"], apart["remedy"]["retryable"]) == ("USER_NOT_FOUND", False)


@pytest.mark.parametrize("code", PASSING)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_what_passes_is_tried_again_a_number_of_times(
    world: Any, store_id: str, estate: clusters.Estate, code: str, retries: int
) -> None:
    clusters.FLAWS[code].make(estate, store_id)
    failed = connect(world, transient_retries=retries)
    assert (failed["failed"], failed["connection_error_code"], failed["remedy"]["retryable"]) == (True, code, True)
    assert writes(world).count(CONNECT) == 1 + retries
    # The next run finds it FAILED, and begins anew.
    clusters.FLAWS[code].repair(estate, store_id)
    assert connect(world, transient_retries=0)["connection_state"] == "CONNECTED"


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


def test_a_password_cures_a_connect_that_fails_in_this_run_once(
    world: Any, store_id: str, estate: clusters.Estate
) -> None:
    """A run that recovers and dies between its disconnect and its update is finished by the next one this way."""
    estate.change(password=clusters.OTHER_PASSWORD)
    done = connect(world, key_store_password=clusters.OTHER_PASSWORD)
    assert done["connection_state"] == "CONNECTED"
    assert writes(world)[-4:] == [CONNECT, DISCONNECT, UPDATE, CONNECT]
    connect(world, state="disconnected")
    estate.change(password="andAnother1")
    mark = last(world)
    failed = connect(world, key_store_password=clusters.OTHER_PASSWORD)
    assert (failed["failed"], failed["connection_error_code"]) == (True, "INVALID_CREDENTIALS")
    # Each try counts towards the lock-out after five.
    assert writes(world, mark) == [CONNECT, DISCONNECT, UPDATE, CONNECT]


def test_what_the_fix_does_not_fit_is_not_tried(world: Any, store_id: str, estate: clusters.Estate) -> None:
    """Another password helps against no lost subnet, and the code would be lost for nothing."""
    fail(world, store_id, estate, "SUBNET_NOT_FOUND")
    refused = connect(world, key_store_password=clusters.OTHER_PASSWORD, cloud_hsm_cluster_id=estate.cluster_id)
    assert (refused["failed"], refused["connection_error_code"]) == (True, "SUBNET_NOT_FOUND")
    assert numbers(refused) == {"N10", "R126"}
    assert state(world) == "FAILED"


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
