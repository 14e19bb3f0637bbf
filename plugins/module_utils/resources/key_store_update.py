# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing an external key store: what AWS KMS changes while it is connected, what only at rest, and the secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet, blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_connection as connections
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    DISCONNECTED,
    RACE,
    Connection,
    Route,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_view import (
    AT_REST,
    PROPERTIES,
    VPC_CONNECTIVITY,
    properties,
    state_for_changes,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import EXTERNAL, remedy
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

_CREDENTIAL = "access_key_id"
# A connect that failed with this is repaired by sending the secret, although its access key id is the same.
_WRONG_SECRET = "INVALID_CREDENTIALS"
# Of these AWS shows whether the cause is gone.
_SERVICE_CODES = ("XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION")
_HINT = (
    "When it is repaired, run again with force: true, which disconnects and connects it; the task changes nothing that "
    "could help, and AWS does not show whether the cause is gone."
)
_NO_RECOVERY = "With recover_failed: true this module takes these steps."
_REFUSED_LIVE = ("CustomKeyStoreInvalidStateException",)

Params = Mapping[str, Any]
View = dict[str, Any]


def arguments(params: Params, wanted: Mapping[str, Any], keys: Sequence[str]) -> View:
    """Properties as AWS's parameters. The secret goes along with its access key id only (N13)."""
    given = {PROPERTIES[key][1]: wanted[key] for key in keys if key in PROPERTIES and wanted[key]}
    credential = params["xks_proxy_authentication_credential"]
    if credential and _CREDENTIAL in keys:
        given["XksProxyAuthenticationCredential"] = {
            "AccessKeyId": credential["access_key_id"],
            "RawSecretAccessKey": credential["raw_secret_access_key"],
        }
    return given


def sent(params: Params, store: Mapping[str, Any], changed: Sequence[str]) -> list[str]:
    """The properties that AWS KMS is told: what changed, and the credential where it is wanted or needed again."""
    at_rest = state_for_changes(params, store) == DISCONNECTED
    again = bool(params["force_update_credential"]) or (at_rest and store["connection_error_code"] == _WRONG_SECRET)
    if again and params["xks_proxy_authentication_credential"] and _CREDENTIAL not in changed:
        return [*changed, _CREDENTIAL]
    return list(changed)


def sent_again(keys: Sequence[str], changed: Sequence[str]) -> dict[str, str]:
    """What a diff shows where the credential is sent with the access key id that AWS KMS has already."""
    return {"raw_secret_access_key": "(sent again)"} if _CREDENTIAL in set(keys) - set(changed) else {}


def step(
    params: Params, connection: Connection, wanted: Mapping[str, Any], keys: Sequence[str], way: Route, live: bool
) -> tuple[Step, ...]:
    """The update, between the steps of WAY. With force, a live one that AWS KMS refuses is made at rest instead."""
    if not keys:
        return ()
    verb = "kms.update_custom_key_store"
    given = {"CustomKeyStoreId": connection.store_id, **arguments(params, properties(wanted), keys)}
    say = f"update {connection.kind} {connection.name}"
    if live and not way.needs and params["state"] == "connected" and params["force"]:
        around = connections.route(connection, "connected", changes=True, through=True)
        at_rest = Step(verb, given, needs=around.needs, retry=RACE, say=say, undo=around.undo)
        return (Step(verb, given, say=say, instead=(*around.first, at_rest, *around.last), unless=_REFUSED_LIVE),)
    return (Step(verb, given, needs=way.needs, retry=RACE if way.needs else (), say=say, undo=way.undo),)


def refused_live(params: Params, current: Mapping[str, Any], changed: Sequence[str]) -> list[Unmet]:
    """N17: what AWS KMS does not change while a store is connected, and whom the disconnect would hit."""
    store = current["store"]
    now = properties(store)
    name, state = store["custom_key_store_name"], store["connection_state"]
    fix = "AWS KMS changes this only while the store is disconnected. "
    fix += (
        "Run with force: true to disconnect, change and connect it in one go, or with state disconnected first."
        if params["state"] == "connected"
        else "Run with state disconnected, then connected, or with state connected and force: true."
    )
    found = [
        unmet("N17", option, f"{params[option]}, but {name} is {state} with {now[key]}", fix)
        for key, (option, _parameter) in AT_REST.items()
        if key in changed and params[option]
    ]
    return found + (connections.disconnect_problems(current, False, "changing") if found else [])


def failed_problems(params: Params, current: Mapping[str, Any], keys: Sequence[str]) -> list[Unmet]:
    """N10: a FAILED store is connected again only where that can help, and is otherwise left with its error code."""
    store, service = current["store"], current["service"]
    code = store["connection_error_code"]
    advice = remedy(code, EXTERNAL)
    proxy = store["xks_proxy_configuration"]
    repaired = code in _SERVICE_CODES and service and not blocking(checks.gate(service, proxy, current["region"]))
    helps = bool(advice and advice["retryable"]) or bool(keys) or bool(repaired) or params["force"]
    if params["recover_failed"] and helps:
        return []
    failed = connections.failed_problem(store)
    return [replace(failed, fix=f"{failed.fix} {_HINT if params['recover_failed'] else _NO_RECOVERY}")]


def problems(params: Params, changed: Sequence[str]) -> list[Unmet]:
    """R20: a change of the connectivity takes another endpoint, and an endpoint service where there was none."""
    if "connectivity" not in changed:
        return []
    connectivity = params["xks_proxy_connectivity"]
    found = []
    if "uri_endpoint" not in changed:
        fix = "AWS KMS takes another connectivity only together with another endpoint: give the one that belongs to it."
        found.append(unmet("R20", "xks_proxy_uri_endpoint", f"the same for {connectivity}", fix))
    if connectivity == VPC_CONNECTIVITY and not params["xks_proxy_vpc_endpoint_service_name"]:
        fix = "Give the name of the endpoint service through which AWS KMS is to reach the proxy."
        found.append(unmet("R73", "xks_proxy_vpc_endpoint_service_name", f"not given for {connectivity}", fix))
    return found


def warnings(
    params: Params, current: Mapping[str, Any], keys: Sequence[str], live: bool, through: bool
) -> tuple[str, ...]:
    """What an operator must know about a change: an outage, or two credentials in use."""
    store = current["store"]
    name = store["custom_key_store_name"]
    if through and store["connection_state"] == CONNECTED:
        affected = connections.key_list(current["keys"] or ())
        hit = f" Unusable meanwhile: {affected}." if affected else ""
        return (f"{name} is disconnected for this change and connected again, which takes about 10 minutes.{hit}",)
    if live and _CREDENTIAL in keys and not params["effective_after"]:
        old = properties(store)[_CREDENTIAL]
        return (
            f"AWS KMS may go on using the credential {old} of {name} for up to 5 minutes: let the proxy accept it "
            "until then (effective_after waits for that).",
        )
    return ()
