# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudHSM key stores that are FAILED: told with cause and remedy, and repaired by it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, REMEDIES

from scenarios import clusters
from scenarios.cloudhsm import (
    CONNECT,
    DELETE,
    DISCONNECT,
    UPDATE,
    connect,
    fail,
    last,
    manage,
    numbers,
    put,
    state,
    stores,
    writes,
)


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


@pytest.mark.parametrize(
    ("action", "start", "options", "reached"),
    [
        (CONNECT, "DISCONNECTED", {}, "CONNECTED"),
        (DISCONNECT, "CONNECTED", {"state": "disconnected"}, "DISCONNECTED"),
        (UPDATE, "DISCONNECTED", {"key_store_password": clusters.PASSWORD, "force_update_password": True}, "CONNECTED"),
        (DISCONNECT, "CONNECTED", {"absent": True}, None),
        (DELETE, "DISCONNECTED", {"absent": True}, None),
    ],
)
def test_a_lost_answer_is_no_failure(
    world: Any, store_id: str, action: str, start: str, options: dict[str, Any], reached: str | None
) -> None:
    """botocore repeats the call, and AWS KMS refuses to do again what it has done."""
    put(world, store_id, start)
    world.configure(time_scale=0.0)
    world.fault("reset_after", action=action, times=1)
    done = manage(world, state="absent") if "absent" in options else connect(world, **options)
    assert not done.get("failed"), done
    assert [store["ConnectionState"] for store in stores(world)] == ([reached] if reached else [])
