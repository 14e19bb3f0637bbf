# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CloudHSM key store: made, renamed, given another cluster, deleted. Its connection is another module's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder
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
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_checks import neighbours
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    DISCONNECTED,
    DISCONNECTING,
    FAILED,
    RACE,
    Connection,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_waits import wait_made
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

_NEEDED = {
    "cloud_hsm_cluster_id": "Give the id of an active CloudHSM cluster.",
    "trust_anchor_certificate": "Give the content of customerCA.crt, with which the cluster was initialized.",
    "key_store_password": "Give the password of the crypto user kmsuser.",
}

Params = Mapping[str, Any]
View = dict[str, Any]


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    if params["state"] == "absent":
        return []
    return [
        *checks.name("custom_key_store_name", params["custom_key_store_name"]),
        *checks.name("new_custom_key_store_name", params["new_custom_key_store_name"]),
        *checks.cluster_id(params["cloud_hsm_cluster_id"]),
        *checks.trust_anchor(params["trust_anchor_certificate"]),
        *checks.password(params["key_store_password"]),
    ]


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the key store as PARAMS want it."""
    store = current["store"]
    facts = {
        **connections.facts(current),
        "active_hsm_count": hsm_cluster.active_hsm_count(current["cluster"]),
        "waited_seconds": 0,
    }
    option, absent = identity(params), params["state"] == "absent"
    if store is None and absent:
        return Plan((), current, facts=facts)
    if store is None and (option == "custom_key_store_id" or params["new_custom_key_store_name"]):
        return Plan((), current, (_nobody(option, params[option]),), facts=facts)
    if store is None:
        return _plan_create(params, current, facts)
    problems = wrong_type(option, store)
    if problems:
        return Plan((), current, tuple(problems), facts=facts)
    if absent:
        after = {**current, "store": None, "trust_anchor": None, "keys": None, "unreadable_keys": 0}
        gone = connections.plan_absent(Connection.of(KIND, store), current, params["force"], shown(store), after)
        return Plan(gone.changes, gone.after, gone.unmet, gone.settle, facts=facts)
    return _plan_existing(params, current, facts)


def _nobody(option: str, value: str) -> Unmet:
    """R139: what only an existing store can get, where there is none."""
    fix = "Give the id or name of an existing key store; custom_key_store_name alone makes one."
    return unmet("R139", option, f"no key store {value} in this account and Region", fix)


def _plan_create(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    name = params["custom_key_store_name"]
    # Parentheses are what marks the end of a placeholder.
    announced = name.replace("(", "").replace(")", "")
    store_id = placeholder("key_store", announced, "custom_key_store_id")
    store = {
        "custom_key_store_id": store_id,
        "custom_key_store_name": name,
        "custom_key_store_type": CLOUDHSM,
        "cloud_hsm_cluster_id": params["cloud_hsm_cluster_id"],
        "connection_state": DISCONNECTED,
        "connection_error_code": None,
        "creation_date": placeholder("key_store", announced, "creation_date"),
        "xks_proxy_configuration": None,
    }
    problems = [
        unmet("R120", option, "not given, and the key store does not exist yet", fix)
        for option, fix in _NEEDED.items()
        if not params[option]
    ]
    problems += _taken(params, current)
    problems += neighbours((), {}, len(current["others"]))
    problems += hsm_cluster.preflight(current["cluster"], two=True)
    step = Step(
        "kms.create_custom_key_store",
        {
            "CustomKeyStoreName": name,
            "CustomKeyStoreType": CLOUDHSM,
            "CloudHsmClusterId": params["cloud_hsm_cluster_id"],
            "TrustAnchorCertificate": params["trust_anchor_certificate"],
            "KeyStorePassword": params["key_store_password"],
        },
        {store_id: "CustomKeyStoreId"},
        say=f"create {KIND} {name}",
    )
    change = Change(KIND, name, None, shown(store), (step,), store_id)
    after = {**current, "store": store, "trust_anchor": params["trust_anchor_certificate"]}
    return Plan((change,), after, tuple(problems), (wait_made(name, store_id),), facts=facts)


def _taken(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """One key store per cluster; AWS KMS also refuses one that shares the backup history of another's."""
    cluster_id = params["cloud_hsm_cluster_id"]
    return [
        unmet("R145", "cloud_hsm_cluster_id", f"{cluster_id}, which key store {other['custom_key_store_name']} "
              f"({other['custom_key_store_id']}) uses", "Give a cluster that no key store uses.")
        for other in current["others"]
        if cluster_id and other["cloud_hsm_cluster_id"] == cluster_id
    ]


def _plan_existing(params: Params, current: Mapping[str, Any], facts: View) -> Plan:
    before = current["store"]
    connection = Connection.of(KIND, before)
    arguments, after = {}, dict(before)
    renamed = params["new_custom_key_store_name"]
    if params["change_existing"] and renamed and renamed != before["custom_key_store_name"]:
        arguments["NewCustomKeyStoreName"] = after["custom_key_store_name"] = renamed
    moves = params["change_existing"] and cluster_changes(params, before)
    if moves:
        arguments["CloudHsmClusterId"] = after["cloud_hsm_cluster_id"] = params["cloud_hsm_cluster_id"]
    problems = [*_anchor_problems(params, current), *_state_problems(params, before, bool(arguments), moves)]
    if moves:
        problems += [*_taken(params, current), *hsm_cluster.preflight(current["cluster"], two=True)]
    needs: tuple[Wait, ...] = connections.route(connection, "present", bool(arguments)).needs
    step = Step(
        "kms.update_custom_key_store",
        {"CustomKeyStoreId": before["custom_key_store_id"], **arguments},
        needs=needs,
        retry=RACE if needs else (),
        say=f"update {KIND} {connection.name}",
    )
    steps = (step,) if arguments else ()
    change = Change(KIND, connection.name, shown(before), shown(after), steps, connection.store_id)
    return Plan((change,), {**current, "store": after}, tuple(problems), facts=facts)


def _anchor_problems(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """The trust anchor is for ever; two spellings of it are the same."""
    wanted, found = params["trust_anchor_certificate"], current["trust_anchor"]
    if not wanted or not found or checks.der(wanted) == checks.der(found) or wanted.strip() == found.strip():
        return []
    fix = "AWS KMS never changes it: give the certificate that the store was made with, or make another store."
    return [unmet("N11", "trust_anchor_certificate", "another certificate than that of the key store", fix)]


def _state_problems(params: Params, store: View, changes: bool, moves: bool) -> list[Unmet]:
    """What AWS KMS does not change in the connection state."""
    name, state = store["custom_key_store_name"], store["connection_state"]
    if state == FAILED and changes:
        fix = "AWS KMS changes nothing in this state: use keylink.aws.cloudhsm_key_store_connect, which repairs it."
        found = f"FAILED with {store['connection_error_code']}, and the key store would change"
        return [unmet("N10", f"connection of {name}", found, fix)]
    if moves and state not in (DISCONNECTED, DISCONNECTING):
        cluster_id = params["cloud_hsm_cluster_id"]
        found = f"{cluster_id}, but {name} is {state} with {store['cloud_hsm_cluster_id']}"
        fix = (
            "AWS KMS changes this only while the store is disconnected: give cloud_hsm_cluster_id to "
            "keylink.aws.cloudhsm_key_store_connect, which disconnects, changes and connects it."
        )
        return [unmet("N17", "cloud_hsm_cluster_id", found, fix)]
    return []
