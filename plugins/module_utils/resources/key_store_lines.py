# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report of key stores as lines for a terminal: what needs somebody comes with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.resources.remedies import EXTERNAL

# AWS recommends an alarm 10 days before a certificate ends; people who have to order one need longer.
_SOON = 30
_HSMS = 2
_INDENT = "      "

Store = Mapping[str, Any]


def lines(stores: Sequence[Store], regions: Sequence[Mapping[str, Any]]) -> list[str]:
    """The count, a line for each key store, and what could not be seen."""
    found = [_count(stores, regions)]
    widths = [max((len(column) for column in columns), default=0) for columns in zip(*map(_columns, stores))]
    for store in stores:
        cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(_columns(store), widths))
        trouble = _trouble(store)
        found.append(f"{'!' if trouble else ' '} {cells}  {_facts(store)}".rstrip())
        found += [_INDENT + text for text in trouble]
    return found + _gaps(stores, regions)


def _count(stores: Sequence[Store], regions: Sequence[Mapping[str, Any]]) -> str:
    read = [item["region"] for item in regions if item["status"] == "ok"]
    where = f"in {listing(read)}" if len(read) <= 3 else f"in {len(read)} Regions"
    if not stores:
        return f"No key stores {where}"
    states = Counter(str(store["connection_state"]) for store in stores)
    noun = "key store" if len(stores) == 1 else "key stores"
    return f"{len(stores)} {noun} {where}: {listing([f'{count} {state}' for state, count in sorted(states.items())])}"


def _columns(store: Store) -> tuple[str, str, str, str]:
    kind = "external" if store["custom_key_store_type"] == EXTERNAL else "CloudHSM"
    return store["region"], store["custom_key_store_name"], kind, str(store["connection_state"])


def _facts(store: Store) -> str:
    cluster, days = store["cluster"], store["certificate_days_to_expire"]
    found = [_keys(store["kms_keys"])]
    if days is not None:
        found.append(f"certificate ends in {days} days")
    if store["credential_age_days"] is not None:
        found.append(f"credential {store['credential_age_days']} days old")
    if cluster:
        found.append(f"cluster {cluster['state']}, {cluster['active_hsms']} active HSMs")
    return ", ".join(filter(None, found))


def _keys(keys: Mapping[str, Any] | None) -> str:
    if keys is None:
        return ""
    if not keys["total"]:
        return "no keys" if not keys["unreadable"] else "no keys that can be seen"
    states = listing([f"{count} {state}" for state, count in keys["by_state"].items()])
    return f"{keys['total']} {'key' if keys['total'] == 1 else 'keys'} ({states})"


def _trouble(store: Store) -> list[str]:
    """What needs somebody, and what to do."""
    found = []
    advice, days, cluster = store["remedy"], store["certificate_days_to_expire"], store["cluster"]
    if advice:
        found.append(f"{advice['code']}: {advice['cause']}")
        found += [f"({number}) {step}" for number, step in enumerate(advice["steps"], 1)]
    if days is not None and days <= _SOON:
        found.append(
            f"The certificate {store['certificate_name']} ends in {days} days: renew it on the proxy. No key of the "
            "store can be used after that."
        )
    if cluster and cluster["active_hsms"] < _HSMS:
        found.append(
            f"The cluster {store['cloud_hsm_cluster_id']} has fewer than two active HSMs: new keys need two in "
            "different Availability Zones (N11)."
        )
    found += [
        f"At its next connect: {item['what']}: {item['found']}. {item['number']}: {item['fix']}"
        for item in store["unmet_requirements"]
        if item["blocking"]
    ]
    return found


def _gaps(stores: Sequence[Store], regions: Sequence[Mapping[str, Any]]) -> list[str]:
    lost = [f"* {item['region']}: {item['message']}" for item in regions if item["status"] != "ok"]
    lacking: dict[tuple[str, str], list[str]] = {}
    for store in stores:
        for item in store["unknown"]:
            lacking.setdefault((item["what"], item["iam_action"]), []).append(store["custom_key_store_name"])
    lost += [f"* {what} of {listing(names)}: needs {action}" for (what, action), names in lacking.items()]
    return ["Not shown:", *(f"  {text}" for text in lost)] if lost else []
