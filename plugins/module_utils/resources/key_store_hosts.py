# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key stores as hosts of an inventory: their names and their groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_report

Raw = Mapping[str, Any]
View = dict[str, Any]

GROUP = "key_stores"
# What a host name is made of, and what may not be in one: an inventory reads it as a range, a list or a pattern.
PARTS = ("custom_key_store_name", "region", "account", "account_id", "custom_key_store_id", "custom_key_store_type")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


def normalise(accounts: Iterable[Raw], answers: Iterable[Raw]) -> View:
    """The key stores with the account that they are in, and what could not be read. It holds no credentials."""
    stores: list[View] = []
    problems: list[str] = []
    for account, answer in zip(accounts, answers):
        label = account["name"] or account["profile"] or answer["id"] or ""
        where = f"account {label}: " if label else ""
        if answer["error"]:
            problems.append(f"{where}{answer['error']}")
        report = key_store_report.normalise(answer["regions"])
        problems += [f"{where}{item['region']}: {item['message']}" for item in report["regions"] if item["message"]]
        about = {
            "account": account["name"] or "",
            "account_id": answer["id"],
            "profile": account["profile"],
            "assume_role_arn": account["assume_role_arn"],
        }
        stores += [{**store, **about} for store in report["key_stores"]]
    return {"stores": stores, "problems": problems}


def named(stores: Sequence[Raw], parts: Sequence[str]) -> dict[str, Raw]:
    """Host name -> key store. Where several would have the same name, each has its id in it as well."""
    names = [_name(store, parts) for store in stores]
    count = Counter(names)
    return {
        name if count[name] == 1 else f"{name}.{store['custom_key_store_id']}": store
        for name, store in zip(names, stores)
    }


def _name(store: Raw, parts: Sequence[str]) -> str:
    return ".".join(_UNFIT.sub("_", str(store[part])) for part in parts if store[part])


def groups(store: Raw) -> list[str]:
    """The groups of a key store besides that of all."""
    values = {
        "state": store["connection_state"],
        "type": store["custom_key_store_type"],
        "error": store["connection_error_code"],
        "region": store["region"],
        "account": store["account"] or store["account_id"],
    }
    found = [f"{name}_{_group(value)}" for name, value in values.items() if value]
    return [*found, "unmet"] if any(item["blocking"] for item in store["unmet_requirements"]) else found


def _group(value: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", str(value).lower())
