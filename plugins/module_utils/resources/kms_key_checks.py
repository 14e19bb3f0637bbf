# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a KMS key in a custom key store demands of its options, its store and its external key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_connection import (
    CONNECTED,
    CONNECTING,
    FAILED,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.kms_key_view import (
    PENDING_DELETION,
    aliases_of,
    names_store,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import CLOUDHSM, EXTERNAL
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

WINDOW = (7, 30)
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")
_OWN_ALIAS = "alias/aws/"
_EXTERNAL_KEY = re.compile(r"[a-zA-Z0-9-_.]{1,128}")
_LONGEST_DESCRIPTION = 8192
_ADDRESS = re.compile(r"[^:\s]+(:\d{1,5})?")
_ZONES = 2
# What CreateKey says of an external key -> what to do.
EXTERNAL_KEY_FIXES = {
    "XksKeyNotFoundException": "The proxy knows no external key of that name: give xks_key_id exactly as the proxy "
    "names it, and check that the key was made in the key manager behind this proxy.",
    "XksKeyInvalidConfigurationException": "Enable the external key for encryption and decryption in the key manager, "
    "or make a 256-bit AES key there.",
}

Params = Mapping[str, Any]
View = Mapping[str, Any]


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    found = []
    external = params["xks_key_id"]
    if external and not is_pending(external) and not _EXTERNAL_KEY.fullmatch(external):
        fix = "Give the name that the proxy has for the external key: 1 to 128 characters of A-Z a-z 0-9 - _ and dot."
        found.append(unmet("N3", "xks_key_id", external, fix))
    for alias in aliases_of(params) or ():
        found += _check_alias(alias)
    description = params["description"] or ""
    if len(description) > _LONGEST_DESCRIPTION:
        fix = f"Give at most {_LONGEST_DESCRIPTION} characters."
        found.append(unmet("N3", "description", f"{len(description)} characters", fix))
    for tag in params["tags"] or ():
        if tag.lower().startswith("aws:"):
            found.append(unmet("N3", "tags", tag, "Choose another name: AWS keeps aws: for itself."))
    address = params["xks_proxy_address"]
    if address and not _ADDRESS.fullmatch(address):
        fix = "Give a host name or an IPv4 address, with a port unless it is 443: 10.0.0.10 or proxy.example.com:8443."
        found.append(unmet("N3", "xks_proxy_address", address, fix))
    found += policy_checks.key_policy("policy", params["policy"])
    return found + _check_window(params["pending_window_in_days"])


def _check_alias(alias: str) -> list[Unmet]:
    if is_pending(alias) or (_ALIAS.fullmatch(alias) and not alias.startswith(_OWN_ALIAS)):
        return []
    fix = "Give 1 to 250 characters of A-Z a-z 0-9 / _ and -, not beginning with aws/; alias/ may stand before them."
    return [unmet("N3", "alias", alias or "an empty text", fix)]


def _check_window(days: int | None) -> list[Unmet]:
    shortest, longest = WINDOW
    if days is None or shortest <= days <= longest:
        return []
    return [unmet("N3", "pending_window_in_days", str(days), f"AWS KMS takes {shortest} to {longest} days.")]


def identity(params: Params, view: View) -> list[Unmet]:
    """Whether what PARAMS name is one key, in the store that they name."""
    if view["conflicts"]:
        fix = "Name one key: by xks_key_id, key_id, or by aliases that all belong to it."
        return [unmet("N32", "alias", f"names several keys: {listing(view['conflicts'])}", fix)]
    key, store = view["key"], view["store"]
    if names_store(params) and store is None and params["state"] == "present":
        return [_no_store(params)]
    if key is None:
        if params["key_id"] and params["state"] == "present":
            fix = "Give the id of an existing key, or its store with xks_key_id or alias to make one."
            return [unmet("N30", "key_id", f"no key {params['key_id']} in this account and Region", fix)]
        return []
    return _mismatches(params, key, store)


def _no_store(params: Params) -> Unmet:
    option = "custom_key_store_id" if params["custom_key_store_id"] else "custom_key_store_name"
    fix = "Make it first, with keylink.aws.xks_key_store for an external one."
    return unmet("R135", option, f"no key store {params[option]} in this account and Region", fix)


def _mismatches(params: Params, key: View, store: View | None) -> list[Unmet]:
    name = f"KMS key {key['key_id']}"
    if not key["custom_key_store_id"]:
        fix = "It belongs to no custom key store; amazon.aws.kms_key manages such keys."
        return [unmet("N30", "key_id", f"{name} has the origin {key['origin']}", fix)]
    found = []
    if store and key["custom_key_store_id"] != store["custom_key_store_id"]:
        fix = f"Leave key_id out to make a key in {store['custom_key_store_name']}, or name the store that it is in."
        found.append(unmet("N30", "key_id", f"{name} is in key store {key['custom_key_store_id']}", fix))
    external = params["xks_key_id"]
    if external and key["xks_key_id"] != external:
        fix = (
            "Leave key_id out to make another KMS key for this external key, and let the alias go over to it with "
            "move_alias. What the old key encrypted still needs the old key."
        )
        was = f"has the external key {key['xks_key_id']}" if key["xks_key_id"] else "is in a CloudHSM key store"
        found.append(unmet("N30", "xks_key_id", f"{external}, but {name} {was}", fix))
    return found


def creation(params: Params, view: View) -> list[Unmet]:
    """What AWS KMS would refuse of a new key."""
    store = view["store"]
    if store is None:
        fix = "Give custom_key_store_id or custom_key_store_name."
        return [unmet("R135", "custom_key_store_id", "not given, and the key does not exist yet", fix)]
    found = []
    if store["custom_key_store_type"] == EXTERNAL and not params["xks_key_id"]:
        fix = "Give xks_key_id, the name that the proxy has for the external key."
        found.append(unmet("N31", "xks_key_id", "not given, and the key does not exist yet", fix))
    if store["custom_key_store_type"] == CLOUDHSM:
        found += _hsm(params, store, view["active_zones"])
    return [*found, *_connection(store), *_external_key(params, view["external_key"])]


def _hsm(params: Params, store: View, zones: list[str] | None) -> list[Unmet]:
    found = []
    name = store["custom_key_store_name"]
    if params["xks_key_id"]:
        fix = "Leave xks_key_id out: AWS KMS makes the key in the cluster."
        found.append(unmet("R143", "xks_key_id", f"{name} is an AWS CloudHSM key store", fix))
    if not params["alias"]:
        fix = "Give an alias: nothing else finds a key of a CloudHSM key store again."
        found.append(unmet("N32", "alias", "not given, and the key does not exist yet", fix))
    if zones is not None and len(set(zones)) < _ZONES:
        where = f"active HSMs in {listing(sorted(set(zones)))} only" if zones else "no active HSM"
        fix = "Add an HSM in another Availability Zone and wait until it is ACTIVE."
        found.append(unmet("N11", f"cluster {store['cloud_hsm_cluster_id']}", where, fix))
    return found


def _connection(store: View) -> list[Unmet]:
    state = store["connection_state"]
    if state in (CONNECTED, CONNECTING):
        return []
    module = "xks_key_store" if store["custom_key_store_type"] == EXTERNAL else "cloudhsm_key_store_connect"
    fix = f"Connect it with keylink.aws.{module}."
    if state == FAILED:
        fix = f"keylink.aws.{module} says why, and what to do about it."
    return [unmet("R135", f"key store {store['custom_key_store_name']}", f"its connection is {state}", fix)]


def _external_key(params: Params, answer: View | None) -> list[Unmet]:
    """What the proxy says about the external key, where it was asked. From elsewhere AWS KMS may get through."""
    if not answer or not answer["error"]:
        return []
    fix = EXTERNAL_KEY_FIXES.get(answer["error"])
    if fix:
        return [unmet("N31", "xks_key_id", f"{params['xks_key_id']}: {answer['found']}", fix)]
    fix = "Check the proxy with keylink.aws.xks_proxy_info; AWS KMS asks it in any case."
    found = f"the proxy could not be asked at {params['xks_proxy_address']}: {answer['found']}"
    return [unmet("N31", "xks_key_id", found, fix, blocking=False)]


def doomed(params: Params, key: View) -> list[Unmet]:
    """A key that waits for its deletion is brought back by name only."""
    if key["key_state"] != PENDING_DELETION or params["cancel_deletion"]:
        return []
    fix = "Run with cancel_deletion: true to keep it. It is disabled then, unless enabled: true is given too."
    found = f"is going to be deleted on {key['deletion_date']}, and can be neither used nor changed"
    return [unmet("N18", f"KMS key {key['key_id']}", found, fix)]


def moves(params: Params, view: View) -> list[Unmet]:
    """Aliases that belong to another key."""
    own = view["key"]["key_id"] if view["key"] else None
    fix = (
        "Choose another alias, or run with move_alias: true. Then everything that uses the alias encrypts with this "
        "key; what was encrypted before still needs the other one."
    )
    return [
        unmet("N32", "alias", f"{alias} belongs to KMS key {target}", fix)
        for alias, target in view["alias_targets"].items()
        if target != own and not params["move_alias"]
    ]


def deletion(params: Params, view: View) -> list[Unmet]:
    """N18: what becomes unreadable, before the window is named."""
    if params["pending_window_in_days"] is not None:
        return []
    shortest, longest = WINDOW
    fix = (
        f"If that is what you want, give pending_window_in_days: {shortest} to {longest}, the days in which it can be "
        "cancelled."
    )
    return [unmet("N18", f"deleting KMS key {view['key']['key_id']}", loss(view["key"], view["last_usage"]), fix)]


def loss(key: View, usage: View | None) -> str:
    """What goes with a key, and when it was used last."""
    who = f", as {listing(key['aliases'])}," if key["aliases"] else ""
    other = (
        "The external key alone cannot decrypt it, and neither can a new KMS key for it"
        if key["xks_key_id"]
        else "AWS KMS deletes its key material in the CloudHSM cluster too, which must be connected then"
    )
    lost = f"everything that was encrypted with it{who} and with data keys of it becomes unreadable for good. {other}"
    if usage is None:
        return lost
    if usage["timestamp"]:
        return f"{lost}. It was last used at {usage['timestamp']} ({usage['operation']})"
    return f"{lost}. There is no use on record since {usage['tracked_since']}"
