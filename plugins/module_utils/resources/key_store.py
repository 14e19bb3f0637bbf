# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An external key store: made, changed, connected, disconnected, deleted (R5, R6, R20, R73)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_connection as connections
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_update as updates
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTED,
    FAILED,
    Connection,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_view import (
    AT_REST,
    VPC_CONNECTIVITY,
    differences,
    external,
    goes_through,
    state_for_changes,
    wanted_proxy,
    wanted_store,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import wait_in_use, wait_made
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import EXTERNAL
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

KIND = "external key store"

Params = Mapping[str, Any]
View = dict[str, Any]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the key store and its connection as PARAMS want them."""
    store = current["store"]
    facts = {**connections.facts(current), "previous_access_key_id": _access_key(store)}
    problems = _identity_problems(params, store)
    if problems:
        return Plan((), current, tuple(problems), facts=facts)
    if params["state"] == "absent":
        return _plan_absent(params, current, facts)
    if store is None:
        return _plan_create(params, current, facts)
    return _plan_existing(params, current, facts)


def _access_key(store: View | None) -> str | None:
    return ((store or {}).get("xks_proxy_configuration") or {}).get("access_key_id")


def _identity_problems(params: Params, store: View | None) -> list[Unmet]:
    option = "custom_key_store_id" if params["custom_key_store_id"] else "custom_key_store_name"
    absent = params["state"] == "absent"
    if store is None:
        if absent:
            return []
        if params["new_custom_key_store_name"] and option == "custom_key_store_name":
            found = f"no key store {params[option]} to rename, and none that has the new name"
            return [unmet("R73", option, found, "Check the name, or leave new_custom_key_store_name out to make one.")]
        if option == "custom_key_store_name":
            return []
        fix = "Give the id of an existing key store, or custom_key_store_name to make one."
        return [unmet("R73", option, f"no key store {params[option]} in this account and Region", fix)]
    name = f"{store['custom_key_store_name']} ({store['custom_key_store_id']})"
    if not external(store):
        fix = "This module manages external key stores only."
        return [unmet("R143", option, f"{name} is an AWS CloudHSM key store", fix)]
    return []


def _plan_create(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    name = params["custom_key_store_name"]
    service = current["service"]
    proxy = wanted_proxy(params, {})
    proxy["uri_endpoint"] = proxy["uri_endpoint"] or _default_endpoint(params, service)
    problems = checks.missing_options(params, unknown_endpoint=not proxy["uri_endpoint"] and _unreadable(service))
    problems += checks.neighbours(current["others"], proxy, len(current["others"]))
    problems += checks.gate(service, proxy, current["region"])
    store: View = {
        "custom_key_store_id": _announce(name, "custom_key_store_id"),
        "custom_key_store_name": name,
        "custom_key_store_type": EXTERNAL,
        "cloud_hsm_cluster_id": None,
        "connection_state": CONNECTED if params["state"] == "connected" else DISCONNECTED,
        "connection_error_code": None,
        "creation_date": _announce(name, "creation_date"),
        "xks_proxy_configuration": proxy,
    }
    problems += checks.foreign_key(current["verify_key"], store)
    store_id = store["custom_key_store_id"]
    step = Step(
        "create_key_store",
        {
            "CustomKeyStoreName": name,
            "CustomKeyStoreType": EXTERNAL,
            **updates.arguments(params, proxy, [*AT_REST, "uri_path", "access_key_id"]),
        },
        {store_id: "CustomKeyStoreId"},
        say=f"create {KIND} {name}",
    )
    changes = [Change(KIND, name, None, _shown(store), (step,), store_id)]
    settle = wait_made(name, store_id)
    if params["state"] == "connected":
        connection = _connection(params, store)
        changes.append(connections.connected_anew(name, store_id, connection.connect()))
        settle = connection.up
    return Plan(tuple(changes), {**current, "store": store}, tuple(problems), (settle,), facts=facts)


def _announce(name: str, attribute: str) -> str:
    # Parentheses are what marks the end of a placeholder.
    return placeholder("key_store", name.replace("(", "").replace(")", ""), attribute)


def _default_endpoint(params: Params, service: Mapping[str, Any] | None) -> str | None:
    """https:// and the private DNS name of the service; a public endpoint has none."""
    if params["xks_proxy_connectivity"] not in (None, VPC_CONNECTIVITY):
        return None
    if is_pending(params["xks_proxy_vpc_endpoint_service_name"]):
        return _announce(params["custom_key_store_name"], "uri_endpoint")
    if service and service["private_dns_name"]:
        return checks.SCHEME + str(service["private_dns_name"])
    return None


def _unreadable(service: Mapping[str, Any] | None) -> bool:
    return service is not None and service["source"] == "denied"


def _shown(store: Mapping[str, Any]) -> View:
    """What a diff shows of a store."""
    named = {key: store[key] for key in ("custom_key_store_id", "custom_key_store_name")}
    return {**named, **(store["xks_proxy_configuration"] or {})}


def _plan_existing(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    goal = params["state"]
    before = current["store"]
    connection = _connection(params, before)
    changed = differences(params, before)
    sent = updates.sent(params, before, changed)
    wanted = wanted_store(params, before) if changed else before
    problems = _problems(params, current, changed, sent)
    way = connections.route(connection, goal, bool(sent), goes_through(params, before))
    live = state_for_changes(params, before) == CONNECTED
    step = updates.step(params, connection, wanted, sent, way, live)
    after = {**wanted, "connection_state": way.reached}
    after["connection_error_code"] = before["connection_error_code"] if way.reached == FAILED else None
    shown = _shown(before), {**_shown(after), **updates.sent_again(sent, changed)}
    properties = Change(KIND, connection.name, *shown, step, connection.store_id)
    changes = connections.changes(connection, goal, way, properties)
    if not (way.first or way.last or step or params["wait"]):
        # Nothing will happen in this run, so nothing more than what is there is known.
        after = dict(before)
    settle = way.settle or tuple(connection.up for item in step if item.instead)
    if way.reached == CONNECTED and not way.last:
        settle += _in_use(params, connection, _access_key(after))
    warnings = updates.warnings(params, current, sent, live, bool(way.first and way.last))
    return Plan(tuple(changes), {**current, "store": after}, tuple(problems), settle, warnings, facts)


def _connection(params: Params, store: Mapping[str, Any]) -> Connection:
    connection = Connection.of(KIND, store)
    if not params["recover_failed"]:
        return connection
    return replace(connection, tries=params["transient_retries"], pause=params["transient_retry_delay"])


def _in_use(params: Params, connection: Connection, access_key: str | None) -> tuple[Wait, ...]:
    """Until AWS KMS has used a credential everywhere, which it does not show: for as long as it documents."""
    hold, key_id = params["effective_after"], params["verify_key_id"]
    if not (hold or key_id):
        return ()
    return (wait_in_use(connection.name, connection.store_id, access_key, key_id, hold),)


def _problems(
    params: Params, current: Mapping[str, Any], changed: Sequence[str], sent: Sequence[str]
) -> list[Unmet]:
    store = current["store"]
    leaving = params["state"] == "disconnected" and store["connection_state"] == CONNECTED
    wanted = wanted_store(params, store)
    proxy = wanted["xks_proxy_configuration"]
    return [
        *_state_problems(params, current, sent),
        *updates.problems(params, changed),
        *(connections.disconnect_problems(current, params["force"]) if leaving else ()),
        *(checks.name_in_use(current["others"], wanted) if "custom_key_store_name" in changed else ()),
        *(checks.neighbours(current["others"], proxy, None) if {*AT_REST, "uri_path"} & set(changed) else ()),
        *checks.gate(current["service"], proxy, current["region"]),
        *checks.foreign_key(current["verify_key"], store),
    ]


def _state_problems(params: Params, current: Mapping[str, Any], sent: Sequence[str]) -> list[Unmet]:
    """What cannot be reached from the connection state."""
    store = current["store"]
    name, goal = store["custom_key_store_name"], params["state"]
    at = state_for_changes(params, store)
    if store["connection_state"] == FAILED and goal == "connected":
        return updates.failed_problems(params, current, sent)
    if at == FAILED and sent:
        fix = (
            "AWS KMS changes nothing in this state: run with state connected, which repairs the store where that can "
            "help, or with state disconnected; both also make these changes."
        )
        return [unmet("N10", f"connection of {name}", f"FAILED, and {listing(sent)} would change", fix)]
    return updates.refused_live(params, current, sent) if at == CONNECTED else []


def _plan_absent(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    store = current["store"]
    if store is None:
        return Plan((), current, facts=facts)
    after = {**current, "store": None, "keys": None, "service": None, "unreadable_keys": 0}
    return connections.plan_absent(Connection.of(KIND, store), current, params["force"], _shown(store), after)
