# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a connection from each state to each goal, with and without a change that needs it DISCONNECTED."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    Connection,
    Route,
    changes,
    route,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import (
    judge_connected,
    judge_disconnected,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, EXTERNAL

CONNECT, DISCONNECT = "kms.connect_custom_key_store", "kms.disconnect_custom_key_store"
STATES = ("CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING")
GOALS = ("connected", "disconnected", "present", "absent")
UPDATE = Step("kms.update_custom_key_store", {})


def connection(state: str, store_type: str = CLOUDHSM) -> Connection:
    return Connection("key store", "payments", "cks-1", store_type, state)


def calls(way: Route) -> tuple[list[str], list[str]]:
    return tuple([step.verb.split("_")[0].removeprefix("kms.") for step in steps] for steps in (way.first, way.last))


# (goal, state, through) -> what comes before the change, what after it, and the state reached.
WAYS: dict[tuple[str, str, bool], tuple[list[str], list[str], str]] = {
    ("connected", "CONNECTED", False): ([], [], "CONNECTED"),
    ("connected", "CONNECTED", True): (["disconnect"], ["connect"], "CONNECTED"),
    ("connected", "CONNECTING", False): ([], [], "CONNECTED"),
    ("connected", "CONNECTING", True): (["disconnect"], ["connect"], "CONNECTED"),
    ("connected", "FAILED", True): (["disconnect"], ["connect"], "CONNECTED"),
    ("connected", "DISCONNECTED", False): ([], ["connect"], "CONNECTED"),
    ("connected", "DISCONNECTED", True): ([], ["connect"], "CONNECTED"),
    ("connected", "DISCONNECTING", False): ([], ["connect"], "CONNECTED"),
    ("connected", "DISCONNECTING", True): ([], ["connect"], "CONNECTED"),
    ("disconnected", "CONNECTED", False): (["disconnect"], [], "DISCONNECTED"),
    ("disconnected", "CONNECTING", False): (["disconnect"], [], "DISCONNECTED"),
    ("disconnected", "FAILED", False): (["disconnect"], [], "DISCONNECTED"),
    ("disconnected", "DISCONNECTED", False): ([], [], "DISCONNECTED"),
    ("disconnected", "DISCONNECTING", False): ([], [], "DISCONNECTED"),
    **{("present", state, False): ([], [], state) for state in STATES},
    ("present", "CONNECTED", True): (["disconnect"], ["connect"], "CONNECTED"),
    ("present", "CONNECTING", True): (["disconnect"], ["connect"], "CONNECTED"),
    ("present", "FAILED", True): (["disconnect"], [], "DISCONNECTED"),
    ("present", "DISCONNECTED", True): ([], [], "DISCONNECTED"),
    ("present", "DISCONNECTING", True): ([], [], "DISCONNECTING"),
}


@pytest.mark.parametrize(("goal", "state", "through"), WAYS)
def test_ways(goal: str, state: str, through: bool) -> None:
    way = route(connection(state), goal, through, through)
    assert (*calls(way), way.reached) == WAYS[goal, state, through]
    # A second way from what was reached goes nowhere.
    if way.reached != "DISCONNECTING":
        again = route(connection(way.reached), goal)
        assert (again.first, again.last, again.settle) == ((), (), ())


@pytest.mark.parametrize(("goal", "state", "through"), list(itertools.product(GOALS, STATES, (False, True))))
def test_nothing_is_called_between_two_states(goal: str, state: str, through: bool) -> None:
    way = route(connection(state), goal, through, through)
    judges = [wait.judge for wait in way.needs]
    if way.first or state == "DISCONNECTING":
        assert judges == [judge_disconnected]
    else:
        assert judges == ([judge_connected] if state == "CONNECTING" else [])
    # What is connected again waits for the disconnect, unless the change before it has done so.
    for step in way.last:
        assert bool(step.needs) is (bool(way.needs) and not through)
        assert bool(step.retry) is bool(step.needs)


@pytest.mark.parametrize(
    ("goal", "state", "through", "undone"),
    [
        ("connected", "CONNECTED", True, True),
        ("connected", "CONNECTING", True, True),
        ("present", "CONNECTED", True, True),
        ("connected", "FAILED", True, False),
        ("connected", "DISCONNECTED", True, False),
        ("connected", "CONNECTED", False, False),
        ("disconnected", "CONNECTED", True, False),
    ],
)
def test_a_store_that_was_connected_is_connected_again_when_its_change_is_refused(
    goal: str, state: str, through: bool, undone: bool
) -> None:
    undo = route(connection(state), goal, through, through).undo
    assert [type(item) for item in undo] == ([Step, Wait] if undone else [])


def test_a_diff_shows_the_time_without_connection() -> None:
    properties = Change("key store", "payments", {"a": 1}, {"a": 2}, (UPDATE,))
    link = connection("CONNECTED")
    found = changes(link, "connected", route(link, "connected", True, True), properties)
    assert [(change.kind, change.after) for change in found] == [
        ("connection", {"connection_state": "DISCONNECTED"}),
        ("key store", {"a": 2}),
        ("connection", {"connection_state": "CONNECTED"}),
    ]
    failed = connection("FAILED")
    same = Change("key store", "payments", {"a": 1}, {"a": 1})
    (recovered,) = [item for item in changes(failed, "connected", route(failed, "connected", False, True), same)
                    if item.steps]
    assert (recovered.before, recovered.after) == ({"connection_state": "FAILED"}, {"connection_state": "CONNECTED"})
    assert [step.verb for step in recovered.steps] == [DISCONNECT, CONNECT]


CURE = Step("kms.update_custom_key_store", {"KeyStorePassword": "x"}, undo=(UPDATE,))


@pytest.mark.parametrize(
    ("code", "tried", "expected", "pause"),
    [
        ("NETWORK_ERRORS", 0, [DISCONNECT, CONNECT], 60),
        ("NETWORK_ERRORS", 1, [DISCONNECT, CONNECT], 60),
        ("INTERNAL_ERROR", 2, None, 0),
        ("USER_LOCKED_OUT", 0, [DISCONNECT, UPDATE.verb, CONNECT], 0),
        ("USER_LOCKED_OUT", 1, None, 0),
        ("CLUSTER_NOT_FOUND", 0, None, 0),
    ],
)
def test_a_failure_that_passes_or_is_cured_is_tried_again_from_disconnected(
    code: str, tried: int, expected: list[str] | None, pause: float
) -> None:
    link = replace(connection("DISCONNECTED"), tries=2, pause=60, cure=CURE, cured=("USER_LOCKED_OUT",))
    again = link.up.again(judge_connected({"ConnectionState": "FAILED", "ConnectionErrorCode": code}).details, tried)
    assert (again and [step.verb for step in again.steps]) == expected
    if again:
        assert again.pause == pause
        # Nothing comes before the disconnect is done, and nothing is put back: the store was FAILED.
        assert [need.judge for need in again.steps[1].needs] == [judge_disconnected]
        assert again.steps[1].undo == ()


def test_nothing_is_tried_again_unless_asked() -> None:
    details = judge_connected({"ConnectionState": "FAILED", "ConnectionErrorCode": "INTERNAL_ERROR"}).details
    assert connection("DISCONNECTED").up.again(details, 0) is None


@pytest.mark.parametrize(("store_type", "usual"), [(EXTERNAL, "about 5 minutes"), (CLOUDHSM, "up to 20 minutes")])
def test_how_long_a_connect_takes(store_type: str, usual: str) -> None:
    assert connection("DISCONNECTED", store_type).up.usual == usual
