# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection of a key store of either type: from each of AWS KMS's five states to each goal.

DISCONNECTED is where everything can be changed and what nothing but a disconnect leads to; FAILED is left by a
disconnect alone, which erases the error code (N10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Again, Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import (
    wait_connected,
    wait_disconnected,
    wait_gone,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, in_words, remedy
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

CONNECTED, CONNECTING, FAILED = "CONNECTED", "CONNECTING", "FAILED"
DISCONNECTED, DISCONNECTING = "DISCONNECTED", "DISCONNECTING"
# What AWS KMS takes a disconnect in.
UP = (CONNECTED, CONNECTING, FAILED)
# Not every part of AWS KMS sees a state at once that was just waited for.
RACE = ("CustomKeyStoreInvalidStateException",)
_REACHED = {"connected": CONNECTED, "disconnected": DISCONNECTED, "absent": DISCONNECTED}
_AT_REST = ("Disabled", "PendingDeletion")
_LISTED_KEYS = 5

Params = Mapping[str, Any]
View = dict[str, Any]


@dataclass(frozen=True)
class Connection:
    """The connection of one key store, and the calls that change it.

    kind: such as "external key store". tries and pause: how often, and after how many seconds, it is disconnected and
    connected again when it FAILED for a reason that passes. cure: an update that the task carries, which is made once
    when it FAILED with one of cured.
    """

    kind: str
    name: str
    store_id: str
    store_type: str
    state: str
    tries: int = 0
    pause: float = 0
    cure: Step | None = None
    cured: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: str, store: Mapping[str, Any]) -> Connection:
        """The connection of a store as the modules view it; it is not tried again."""
        names = ("custom_key_store_name", "custom_key_store_id", "custom_key_store_type", "connection_state")
        return cls(kind, *(store[name] for name in names))

    def connect(self, needs: tuple[Wait, ...] = ()) -> Step:
        retry = RACE if needs else ()
        arguments = {"CustomKeyStoreId": self.store_id}
        say = f"connect {self.kind} {self.name}"
        return Step("kms.connect_custom_key_store", arguments, needs=needs, retry=retry, say=say)

    def disconnect(self) -> Step:
        say = f"disconnect {self.kind} {self.name}"
        arguments = {"CustomKeyStoreId": self.store_id}
        # AWS KMS refuses it in DISCONNECTING and DISCONNECTED only.
        return Step("kms.disconnect_custom_key_store", arguments, say=say, moot=RACE)

    @property
    def up(self) -> Wait:
        """Until it is connected."""
        return wait_connected(self.name, self.store_id, self.store_type, self._again)

    def _again(self, failure: Mapping[str, Any], tried: int) -> Again | None:
        """From FAILED by way of DISCONNECTED, if something was cured or can pass."""
        if self.cure and not tried and failure["connection_error_code"] in self.cured:
            update = replace(self.cure, needs=(self.down,), retry=RACE, undo=())
            return Again((self.disconnect(), update, self.connect()))
        advice = failure["remedy"]
        if advice and advice["retryable"] and tried < self.tries:
            return Again((self.disconnect(), self.connect((self.down,))), self.pause)
        return None

    @property
    def down(self) -> Wait:
        return wait_disconnected(self.name, self.store_id, self.store_type)


@dataclass(frozen=True)
class Route:
    """The way of a connection to a goal, around a change of the store's properties.

    first: the steps before that change. needs: what the change waits for. last: the steps after it. reached: the state
    in the end. undo: what connects the store again when AWS KMS refuses the change.
    """

    first: tuple[Step, ...]
    needs: tuple[Wait, ...]
    last: tuple[Step, ...]
    reached: str
    settle: tuple[Wait, ...]
    undo: tuple[Step | Wait, ...] = ()


def route(connection: Connection, goal: str, changes: bool = False, through: bool = False) -> Route:
    """The way to GOAL: connected, disconnected, absent, or present for "as it is".

    changes: whether properties change on the way. through: whether it must be disconnected meanwhile.
    """
    state = connection.state
    goes_down = state in UP and (through or goal in ("disconnected", "absent"))
    comes_up = goal == "connected" and (goes_down or state in (DISCONNECTED, DISCONNECTING))
    comes_up = comes_up or (goal == "present" and goes_down and state != FAILED)
    needs: tuple[Wait, ...] = ()
    if goes_down or state == DISCONNECTING:
        needs = (connection.down,)
    elif state == CONNECTING:
        needs = (connection.up,)
    reached = _REACHED.get(goal, CONNECTED if comes_up else DISCONNECTED if goes_down else state)
    settle: tuple[Wait, ...] = ()
    if comes_up or (goal == "connected" and state != CONNECTED):
        settle = (connection.up,)
    elif goal == "disconnected" and state != DISCONNECTED:
        settle = (connection.down,)
    return Route(
        first=(connection.disconnect(),) if goes_down else (),
        needs=needs,
        last=(connection.connect(() if changes else needs),) if comes_up else (),
        reached=reached,
        settle=settle,
        undo=(connection.connect(), connection.up) if goes_down and comes_up and state != FAILED else (),
    )


def changes(connection: Connection, goal: str, way: Route, properties: Change) -> list[Change]:
    """PROPERTIES and what happens to the connection, in the order of their steps."""
    if way.first and way.last and properties.steps:
        down = _connection_change(connection, connection.state, DISCONNECTED, way.first)
        return [down, properties, _connection_change(connection, DISCONNECTED, way.reached, way.last)]
    steps = way.first + way.last
    if goal == "present" and not steps:
        return [properties]
    change = _connection_change(connection, connection.state, way.reached, steps)
    return [change, properties] if way.first else [properties, change]


def _connection_change(connection: Connection, before: str, after: str, steps: tuple[Step, ...]) -> Change:
    states = ({"connection_state": before}, {"connection_state": after})
    return Change("connection", connection.name, *states, steps, connection.store_id)


def connected_anew(name: str, store_id: str, step: Step) -> Change:
    """The first connection of a store that the same run makes."""
    return Change("connection", name, None, {"connection_state": CONNECTED}, (step,), store_id)


def facts(current: Mapping[str, Any]) -> View:
    """What only the state before knows: a disconnect erases the error code (N10)."""
    store = current["store"] or {}
    code = store.get("connection_error_code")
    return {
        "previous_connection_state": store.get("connection_state"),
        "connection_error_code": code,
        "remedy": remedy(code, store["custom_key_store_type"]) if code else None,
        "kms_keys": list(current["keys"] or ()),
    }


def failed_problem(store: Mapping[str, Any]) -> Unmet:
    """N10: a FAILED store that is to be connected, told with its remedy."""
    code = store["connection_error_code"]
    advice = remedy(code, store.get("custom_key_store_type", CLOUDHSM))
    found = f"FAILED with {code}" if code else "FAILED"
    fix = in_words(advice) if advice else "Disconnect it first."
    return unmet("N10", f"connection of {store['custom_key_store_name']}", found, fix)


def disconnect_problems(current: Mapping[str, Any], force: bool, doing: str = "disconnecting") -> list[Unmet]:
    """N17: a disconnect is an outage for whatever uses the keys; nothing uses one that is disabled or to be deleted."""
    keys = [key for key in current["keys"] or () if key["key_state"] not in _AT_REST]
    unreadable = current["unreadable_keys"]
    if force or not (keys or unreadable):
        return []
    found = []
    if keys:
        found.append(f"{count(keys)} would become unusable: {key_list(keys)}")
    if unreadable:
        found.append(f"{unreadable} KMS keys of the Region cannot be looked at and may be in it")
    name = current["store"]["custom_key_store_name"]
    fix = "If nothing needs them meanwhile, run with force: true. They are usable again once it is connected."
    return [unmet("N17", f"{doing} {name}", listing(found), fix)]


def count(keys: Sequence[Any]) -> str:
    return "1 KMS key" if len(keys) == 1 else f"{len(keys)} KMS keys"


def key_list(keys: Sequence[Mapping[str, Any]]) -> str:
    """The first of the keys with their states."""
    shown = [f"{key['key_id']} ({key['key_state']})" for key in keys[:_LISTED_KEYS]]
    more = len(keys) - len(shown)
    return listing([*shown, f"{more} more"] if more else shown)


def plan_absent(connection: Connection, current: Mapping[str, Any], force: bool, before: View, after: View) -> Plan:
    """Disconnect, wait, delete, and look until AWS KMS says that there is no such store. Keys are never touched.

    before: what a diff shows of the store. after: the state without it.
    """
    keys = current["keys"] or ()
    name, store_id = connection.name, connection.store_id
    problems: list[Unmet] = []
    if keys:
        fix = (
            "AWS KMS deletes only a store without keys. Whether they may go is yours to decide, since what they "
            "encrypted is lost with them; keys that wait for their deletion count until it is done."
        )
        problems = [unmet("N18", f"deleting {name}", f"{count(keys)} in it: {key_list(keys)}", fix)]
    elif connection.state == CONNECTED:
        problems = disconnect_problems(current, force)
    way = route(connection, "absent", changes=True)
    delete = Step(
        "kms.delete_custom_key_store",
        {"CustomKeyStoreId": store_id},
        needs=way.needs,
        retry=RACE if way.needs else (),
        say=f"delete {connection.kind} {name}",
        moot=("CustomKeyStoreNotFoundException",),
    )
    change = Change(connection.kind, name, before, None, (*way.first, delete), store_id)
    return Plan((change,), after, tuple(problems), (wait_gone(name, store_id),), facts=facts(current))
