# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An external key store over a VPC endpoint service: made, connected, disconnected, deleted (R5, R6, R73)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_connection as connections
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTED,
    FAILED,
    RACE,
    Connection,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_view import (
    AT_REST,
    PROPERTIES,
    differences,
    manageable,
    state_for_changes,
    wanted_proxy,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import wait_made
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import EXTERNAL
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

KIND = "external key store"

Params = Mapping[str, Any]
View = dict[str, Any]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the key store and its connection as PARAMS want them."""
    store = current["store"]
    facts = connections.facts(current)
    problems = _identity_problems(params, store)
    if problems:
        return Plan((), current, tuple(problems), facts=facts)
    if params["state"] == "absent":
        return _plan_absent(params, current, facts)
    if store is None:
        return _plan_create(params, current, facts)
    return _plan_existing(params, current, facts)


def _identity_problems(params: Params, store: View | None) -> list[Unmet]:
    option = "custom_key_store_id" if params["custom_key_store_id"] else "custom_key_store_name"
    absent = params["state"] == "absent"
    if store is None:
        if option == "custom_key_store_name" or absent:
            return []
        fix = "Give the id of an existing key store, or custom_key_store_name to make one."
        return [unmet("R73", option, f"no key store {params[option]} in this account and Region", fix)]
    name = f"{store['custom_key_store_name']} ({store['custom_key_store_id']})"
    if store["custom_key_store_type"] != EXTERNAL:
        fix = "This module manages external key stores only."
        return [unmet("R143", option, f"{name} is an AWS CloudHSM key store", fix)]
    if not absent and not manageable(store):
        connectivity = (store["xks_proxy_configuration"] or {}).get("connectivity")
        fix = "This module manages key stores with the connectivity VPC_ENDPOINT_SERVICE; it can only delete this one."
        return [unmet("R20", option, f"{name} has the connectivity {connectivity}", fix)]
    return []


def _plan_create(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    name = params["custom_key_store_name"]
    service = current["service"]
    proxy = wanted_proxy(params, {})
    proxy["uri_endpoint"] = proxy["uri_endpoint"] or _default_endpoint(params, service)
    problems = checks.missing_options(params, unknown_endpoint=not proxy["uri_endpoint"] and _unreadable(service))
    problems += checks.neighbours(current["others"], proxy, len(current["others"]))
    problems += checks.gate(service, proxy, current["region"])
    store = {
        "custom_key_store_id": _announce(name, "custom_key_store_id"),
        "custom_key_store_name": name,
        "custom_key_store_type": EXTERNAL,
        "cloud_hsm_cluster_id": None,
        "connection_state": CONNECTED if params["state"] == "connected" else DISCONNECTED,
        "connection_error_code": None,
        "creation_date": _announce(name, "creation_date"),
        "xks_proxy_configuration": proxy,
    }
    store_id = store["custom_key_store_id"]
    step = Step(
        "create_key_store",
        {
            "CustomKeyStoreName": name,
            "CustomKeyStoreType": EXTERNAL,
            "XksProxyConnectivity": proxy["connectivity"],
            **_arguments(params, proxy, [*PROPERTIES, "access_key_id"]),
        },
        {store_id: "CustomKeyStoreId"},
        say=f"create {KIND} {name}",
    )
    changes = [Change(KIND, name, None, _shown(store), (step,), store_id)]
    settle = wait_made(name, store_id)
    if params["state"] == "connected":
        connection = Connection.of(KIND, store)
        changes.append(connections.connected_anew(name, store_id, connection.connect()))
        settle = connection.up
    return Plan(tuple(changes), {**current, "store": store}, tuple(problems), (settle,), facts=facts)


def _announce(name: str, attribute: str) -> str:
    # Parentheses are what marks the end of a placeholder.
    return placeholder("key_store", name.replace("(", "").replace(")", ""), attribute)


def _default_endpoint(params: Params, service: Mapping[str, Any] | None) -> str | None:
    """https:// and the private DNS name of the service."""
    if is_pending(params["xks_proxy_vpc_endpoint_service_name"]):
        return _announce(params["custom_key_store_name"], "uri_endpoint")
    if service and service["private_dns_name"]:
        return checks.SCHEME + str(service["private_dns_name"])
    return None


def _unreadable(service: Mapping[str, Any] | None) -> bool:
    return service is not None and service["source"] == "denied"


def _arguments(params: Params, proxy: Mapping[str, Any], keys: Sequence[str]) -> View:
    """Properties as AWS's parameters. The secret goes along with its access key id only (N13)."""
    arguments = {PROPERTIES[key][1]: proxy[key] for key in keys if key in PROPERTIES and proxy[key]}
    credential = params["xks_proxy_authentication_credential"]
    if credential and "access_key_id" in keys:
        arguments["XksProxyAuthenticationCredential"] = {
            "AccessKeyId": credential["access_key_id"],
            "RawSecretAccessKey": credential["raw_secret_access_key"],
        }
    return arguments


def _shown(store: Mapping[str, Any]) -> View:
    """What a diff shows of a store."""
    named = {key: store[key] for key in ("custom_key_store_id", "custom_key_store_name")}
    return {**named, **(store["xks_proxy_configuration"] or {})}


def _plan_existing(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    goal = params["state"]
    before = current["store"]
    connection = Connection.of(KIND, before)
    state = connection.state
    changed = differences(params, before)
    proxy = wanted_proxy(params, before["xks_proxy_configuration"]) if changed else before["xks_proxy_configuration"]
    leaving = goal == "disconnected" and state == CONNECTED
    problems = [
        *_state_problems(params, before, changed),
        *(connections.disconnect_problems(current, params["force"]) if leaving else ()),
        *(checks.neighbours(current["others"], proxy, None) if set(changed) & set(AT_REST) else ()),
        *(checks.gate(current["service"], proxy, current["region"])),
    ]
    way = connections.route(connection, goal, bool(changed))
    update = _update(params, before, proxy, changed, way.needs)
    after = {**before, "xks_proxy_configuration": proxy, "connection_state": way.reached}
    after["connection_error_code"] = before["connection_error_code"] if way.reached == FAILED else None
    properties = Change(KIND, connection.name, _shown(before), _shown(after), update, connection.store_id)
    changes = connections.changes(connection, goal, way, properties)
    if not (way.first or way.last or update or params["wait"]):
        # Nothing will happen in this run, so nothing more than what is there is known.
        after = dict(before)
    return Plan(tuple(changes), {**current, "store": after}, tuple(problems), way.settle, facts=facts)


def _update(
    params: Params, before: View, proxy: Mapping[str, Any], changed: Sequence[str], needs: tuple[Wait, ...]
) -> tuple[Step, ...]:
    if not changed:
        return ()
    arguments = {"CustomKeyStoreId": before["custom_key_store_id"], **_arguments(params, proxy, changed)}
    say = f"update {KIND} {before['custom_key_store_name']}"
    return (Step("kms.update_custom_key_store", arguments, needs=needs, retry=RACE if needs else (), say=say),)


def _state_problems(params: Params, store: View, changed: Sequence[str]) -> list[Unmet]:
    """What cannot be reached from the connection state."""
    name, goal, state = store["custom_key_store_name"], params["state"], store["connection_state"]
    at = state_for_changes(goal, state)
    if at == FAILED and goal == "connected":
        return [connections.failed_problem(store)]
    if at == FAILED and changed:
        fix = "AWS KMS changes nothing in this state: run with state disconnected, which also makes these changes."
        return [unmet("N10", f"connection of {name}", f"FAILED, and {listing(changed)} would change", fix)]
    if at != CONNECTED:
        return []
    current = store["xks_proxy_configuration"]
    fix = "AWS KMS changes this only while the store is disconnected: run with state disconnected, then connected."
    return [
        unmet("N17", option, f"{params[option]}, but {name} is {state} with {current[key]}", fix)
        for key, (option, _parameter) in AT_REST.items()
        if key in changed
    ]


def _plan_absent(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    store = current["store"]
    if store is None:
        return Plan((), current, facts=facts)
    after = {**current, "store": None, "keys": None, "service": None, "unreadable_keys": 0}
    return connections.plan_absent(Connection.of(KIND, store), current, params["force"], _shown(store), after)
