# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record sets: batches that hold as a whole or not at all."""

from __future__ import annotations

import re
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from .state import Key, Zone, full_name, order, submit, zone_of
from .zones import limit

# One or more strings in double quotes, each of at most 255 characters, parted by blanks.
_TXT = re.compile(r'^"([^"\\]|\\.)*"(\s+"([^"\\]|\\.)*")*$')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ADDRESS = re.compile(r"^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$")
_LABELS = re.compile(r"^(\\052\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$")


def _label(key: Key) -> str:
    identifier = f", set identifier='{key[2]}'" if key[2] else ""
    return f"resource record set [name='{key[0]}', type='{key[1]}'{identifier}]"


def _value_flaw(kind: str, value: str) -> str | None:
    if kind in ("TXT", "SPF"):
        if not _TXT.match(value):
            return f"InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '{value}'"
        if any(len(part) > 255 for part in _STRING.findall(value)):
            return f"CharacterStringTooLong (Value is too long) encountered with '{value}'"
        if len(value) > 4000:
            return f"The value is longer than 4000 characters: '{value[:20]}...'"
    if kind == "A" and not _ADDRESS.match(value):
        return f"ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '{value}'"
    return None


def _record_flaw(zone: Zone, key: Key, record: dict[str, Any]) -> str | None:
    name, kind, dummy = key
    if not _LABELS.match(name):
        return f"FATAL problem: DomainLabel (the name is not valid) encountered with '{name}'"
    if name != zone.name and not name.endswith("." + zone.name):
        return f"RRSet with DNS name {name} is not permitted in zone {zone.name}"
    values = [entry["Value"] for entry in record.get("ResourceRecords") or []]
    if record.get("AliasTarget"):
        return None if not values else "Invalid request: both AliasTarget and ResourceRecords are given"
    if not values or record.get("TTL") is None:
        wanted = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"
        return f"Invalid request: {wanted} for {_label(key)}"
    if len(set(values)) < len(values):
        return f"Duplicate Resource Record: '{next(value for value in values if values.count(value) > 1)}'"
    return next((flaw for flaw in (_value_flaw(kind, value) for value in values) if flaw), None)


def _same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Equal but for the order of values."""

    def shape(record: dict[str, Any]) -> dict[str, Any]:
        values = sorted(entry["Value"] for entry in record.get("ResourceRecords") or [])
        return {**record, "ResourceRecords": values}

    return shape(left) == shape(right)


def _apply(zone: Zone, records: dict[Key, dict[str, Any]], action: str, record: dict[str, Any]) -> str | None:
    """Change the records, or say what AWS says against it."""
    key = (full_name(record["Name"]), record["Type"], record.get("SetIdentifier", ""))
    record = {**record, "Name": key[0]}
    known = records.get(key)
    if action == "DELETE":
        if known is None:
            return f"Tried to delete {_label(key)} but it was not found"
        if not _same(known, record):
            return f"Tried to delete {_label(key)} but the values provided do not match the current values"
        if key[0] == zone.name and key[1] in ("NS", "SOA"):
            return f"A HostedZone must contain at least one {key[1]} record for the zone itself."
        del records[key]
        return None
    flaw = _record_flaw(zone, key, record)
    if flaw is not None:
        return flaw
    if action == "CREATE" and known is not None:
        return f"Tried to create {_label(key)} but it already exists"
    others = [kind for name, kind, dummy in records if name == key[0] and kind != key[1]]
    if others and (key[1] == "CNAME" or "CNAME" in others):
        clash = f"conflicts with other records with the same DNS name in zone {zone.name}"
        return f"RRSet of type {key[1]} with DNS name {key[0]} is not permitted because it {clash}"
    records[key] = record
    return None


@operation("route53", "ChangeResourceRecordSets")
def change_records(call: Call) -> dict[str, Any]:
    zone = zone_of(call, call.params["HostedZoneId"])
    batch = call.params["ChangeBatch"]
    records = dict(zone.records)
    flaws = [_apply(zone, records, change["Action"], change["ResourceRecordSet"]) for change in batch["Changes"]]
    said = [flaw for flaw in flaws if flaw is not None]
    if said:
        raise AwsError("InvalidChangeBatch", f"[{', '.join(said)}]")
    zone.records = records
    return {"ChangeInfo": submit(call, zone, batch.get("Comment"))}


@operation("route53", "ListResourceRecordSets")
def list_records(call: Call) -> dict[str, Any]:
    params = call.params
    zone = zone_of(call, params["HostedZoneId"])
    name, kind = params.get("StartRecordName"), params.get("StartRecordType")
    if kind and not name:
        raise AwsError("InvalidInput", "The input is not valid: a record type needs a record name")
    keys = sorted(zone.records, key=lambda key: (order(key[0]), key[1], key[2]))
    if name:
        start = (order(full_name(name)), kind or "", params.get("StartRecordIdentifier") or "")
        keys = [key for key in keys if (order(key[0]), key[1], key[2]) >= start]
    size = limit(call)
    result: dict[str, Any] = {
        "ResourceRecordSets": [zone.records[key] for key in keys[:size]],
        "IsTruncated": len(keys) > size,
        "MaxItems": str(size),
    }
    if len(keys) > size:
        result |= {"NextRecordName": keys[size][0], "NextRecordType": keys[size][1]}
        if keys[size][2]:
            result["NextRecordIdentifier"] = keys[size][2]
    return result
