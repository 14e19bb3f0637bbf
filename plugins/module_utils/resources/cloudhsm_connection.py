# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection of a CloudHSM key store: connected, disconnected, and out of FAILED with what cures it (R120-R146)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import cloudhsm_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import hsm_cluster
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_connection as connections
from ansible_collections.keylink.aws.plugins.module_utils.resources.cloudhsm_view import (
    KIND,
    cluster_changes,
    identity,
    shown,
    wrong_type,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    FAILED,
    RACE,
    Connection,
    Route,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import wait_answers
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, remedy
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

# What a new key store password can cure.
_PASSWORD_CODES = ("INVALID_CREDENTIALS", "USER_LOCKED_OUT", "USER_LOGGED_IN", "USER_NOT_FOUND")
_NOT_SHOWN = "(not shown)"
_SENT_AGAIN = "(sent again, not shown)"
_HINT = (
    "This module takes all steps but those at the cluster, when the task carries key_store_password or "
    "cloud_hsm_cluster_id as needed. After a repair that needs neither, run with force: true."
)

Params = Mapping[str, Any]
View = dict[str, Any]


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    return [*checks.cluster_id(params["cloud_hsm_cluster_id"]), *checks.password(params["key_store_password"])]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What brings the connection to the wanted state, from whichever it is in."""
    store, cluster = current["store"], current["cluster"]
    facts = {
        **connections.facts(current),
        "active_hsm_count": hsm_cluster.active_hsm_count(cluster),
        "waited_seconds": 0,
    }
    option = identity(params)
    if store is None:
        fix = "Give the name or id of a CloudHSM key store; keylink.aws.cloudhsm_key_store makes one."
        found = f"no key store {params[option]} in this account and Region"
        return Plan((), current, (unmet("R139", option, found, fix),), facts=facts)
    problems = wrong_type(option, store) or _failed_problems(params, store, cluster)
    if problems:
        return Plan((), current, tuple(problems), facts=facts)
    return _plan(params, current, facts)


def _plan(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    goal, before = params["state"], current["store"]
    connection = _connection(params, before)
    changed = _changed(params, before)
    recovers = goal == "connected" and connection.state == FAILED
    way = connections.route(connection, goal, bool(changed), through=bool(changed) or recovers)
    after = {**before, "connection_state": way.reached}
    after["connection_error_code"] = before["connection_error_code"] if way.reached == FAILED else None
    if "cloud_hsm_cluster_id" in changed:
        after["cloud_hsm_cluster_id"] = params["cloud_hsm_cluster_id"]
    update = (_update(params, before, changed, way.needs, way.undo),) if changed else ()
    properties = Change(
        KIND, connection.name, _told(before, changed, _NOT_SHOWN), _told(after, changed, _SENT_AGAIN), update,
        connection.store_id,
    )
    problems = [*_outage(params, current, way), *_preflight(current["cluster"], connection, goal, way, bool(changed))]
    if not (way.first or way.last or update or params["wait"]):
        # Nothing will happen in this run, so nothing more than what is there is known.
        after = dict(before)
    changes = connections.changes(connection, goal, way, properties)
    return Plan(
        # The store itself is this module's matter only when it changes.
        tuple(item for item in changes if item.steps or item.kind != KIND),
        {**current, "store": after},
        tuple(problems),
        (*way.settle, wait_answers(connection.name, connection.store_id)) if _verifies(params) else way.settle,
        tuple(_warnings(before, way)),
        facts,
    )


def _connection(params: Params, store: View) -> Connection:
    """How often it is tried, and what cures it: a password that the task carries, unless it is sent anyway."""
    connection = Connection.of(KIND, store)
    if not params["recover_failed"]:
        return connection
    cure = None
    if params["key_store_password"] and "key_store_password" not in _changed(params, store):
        cure = _update(params, store, ["key_store_password"])
    return replace(
        connection,
        tries=params["transient_retries"],
        pause=params["transient_retry_delay"],
        cure=cure,
        cured=_PASSWORD_CODES,
    )


def _verifies(params: Params) -> bool:
    return params["state"] == "connected" and bool(params["verify"])


def _told(store: View, changed: list[str], password: str) -> View:
    """What a diff tells of a store: that a password is sent, never which."""
    return {**shown(store), **({"key_store_password": password} if "key_store_password" in changed else {})}


def _changed(params: Params, store: View) -> list[str]:
    """The properties that are sent: the password is never compared, since AWS KMS rotates it (R124, N13)."""
    found = ["cloud_hsm_cluster_id"] if cluster_changes(params, store) else []
    recovers = params["state"] == "connected" and store["connection_state"] == FAILED
    cures = recovers and store["connection_error_code"] in _PASSWORD_CODES
    if params["key_store_password"] and (params["force_update_password"] or cures):
        found.append("key_store_password")
    return found


def _failed_problems(params: Params, store: View, cluster: Mapping[str, Any] | None) -> list[Unmet]:
    """N10: a FAILED store is connected again only where that can help, and is otherwise left with its error code."""
    if store["connection_state"] != FAILED or params["state"] != "connected":
        return []
    code = store["connection_error_code"]
    advice = remedy(code, CLOUDHSM)
    cured = (
        bool(advice and advice["retryable"])
        or bool(_changed(params, store))
        or hsm_cluster.cause_is_gone(code, cluster)
        or params["force"]
    )
    if params["recover_failed"] and cured:
        return []
    failed = connections.failed_problem(store)
    hint = _HINT if params["recover_failed"] else "With recover_failed: true this module takes these steps."
    # What AWS shows of the cause is told too.
    return [replace(failed, fix=f"{failed.fix} {hint}"), *hsm_cluster.preflight(cluster, two=False)]


def _update(
    params: Params,
    store: View,
    changed: list[str],
    needs: tuple[Wait, ...] = (),
    undo: tuple[Step | Wait, ...] = (),
) -> Step:
    arguments = {"CustomKeyStoreId": store["custom_key_store_id"]}
    if "cloud_hsm_cluster_id" in changed:
        arguments["CloudHsmClusterId"] = params["cloud_hsm_cluster_id"]
    if "key_store_password" in changed:
        arguments["KeyStorePassword"] = params["key_store_password"]
    retry = RACE if needs else ()
    say = f"update {KIND} {store['custom_key_store_name']}"
    return Step("kms.update_custom_key_store", arguments, needs=needs, retry=retry, say=say, undo=undo)


def _outage(params: Params, current: Mapping[str, Any], way: Route) -> list[Unmet]:
    """N17, where a connected store is disconnected, for good or for a change."""
    if not way.first or current["store"]["connection_state"] != CONNECTED:
        return []
    return connections.disconnect_problems(current, params["force"])


def _preflight(
    cluster: Mapping[str, Any] | None, connection: Connection, goal: str, way: Route, changed: bool
) -> list[Unmet]:
    """R128, R129, N11: what AWS KMS would refuse, before it is asked."""
    if way.last or changed:
        return hsm_cluster.preflight(cluster, two=changed, holds_addresses=connection.state == CONNECTED)
    return hsm_cluster.health(cluster) if goal == "connected" else []


def _warnings(before: View, way: Route) -> list[str]:
    """What nobody can read any more once the store was disconnected (N10)."""
    code = before["connection_error_code"]
    advice = remedy(code, CLOUDHSM)
    if not (way.first and advice):
        return []
    return [f"Key store {before['custom_key_store_name']} was FAILED with {code} before this run: {advice['cause']}"]


def explanations(known: Mapping[str, str]) -> dict[str, str]:
    """R138: what an exception of a connect means beyond its own explanation."""
    quick = "AWS KMS refused at once: the connection did not begin, and there is no error code (R138)."
    codes = (
        "CloudHsmClusterNotActiveException",
        "CloudHsmClusterInvalidConfigurationException",
        "KMSInternalException",
    )
    return {**known, **{code: f"{quick} {known[code]}" for code in codes}}
