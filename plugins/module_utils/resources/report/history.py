# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections and disconnections of a key store, as CloudTrail saw them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import BAD, OK

View = Mapping[str, Any]

EVENTS = {
    "CreateCustomKeyStore": "created",
    "ConnectCustomKeyStore": "connect asked for",
    "DisconnectCustomKeyStore": "disconnect asked for",
    "UpdateCustomKeyStore": "changed",
    "DeleteCustomKeyStore": "deleted",
}


def of_events(events: Sequence[View], store: View) -> list[dict[str, Any]]:
    """The events of the store, the latest first. They are as LookupEvents gives them, or the records themselves."""
    found = [_event(item, store) for item in map(_record, events) if item.get("eventName") in EVENTS]
    mine = [item for item in found if item]
    return sorted(mine, key=lambda item: (item["time"], item["what"], item["who"]), reverse=True)


def _record(event: View) -> View:
    text = event.get("CloudTrailEvent")
    if not isinstance(text, str):
        return text if isinstance(text, Mapping) else event
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    return record if isinstance(record, Mapping) else {}


def _event(record: View, store: View) -> dict[str, Any] | None:
    asked: View = record.get("requestParameters") or {}
    answered: View = record.get("responseElements") or {}
    extra: View = record.get("additionalEventData") or {}
    ids = {source.get("customKeyStoreId") for source in (asked, answered, extra)}
    names = {asked.get("customKeyStoreName"), extra.get("customKeyStoreName")}
    if not ({store.get("custom_key_store_id")} & ids - {None} or {store.get("custom_key_store_name")} & names - {None}):
        return None
    if record.get("awsRegion") not in (None, store.get("region", record.get("awsRegion"))):
        return None
    identity: View = record.get("userIdentity") or {}
    who = str(identity.get("arn") or identity.get("invokedBy") or identity.get("userName") or "somebody")
    error = record.get("errorCode")
    return {
        "time": str(record.get("eventTime") or ""),
        "what": EVENTS[str(record["eventName"])],
        "who": who.rpartition(":")[2],
        "error": str(error) if error else None,
        "state": BAD if error else OK,
    }
