# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TXT record set, as Route 53 shows one, that several endpoint services share: one value comes and goes, the others
stay (N8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING, Step, Verdict
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

View = dict[str, Any]

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")


def unquote(value: str) -> str:
    """The text of a TXT value as Route 53 keeps it: one or more quoted strings."""
    return "".join(_ESCAPE.sub(_unescape, part) for part in _STRING.findall(value))


def _unescape(match: re.Match[str]) -> str:
    text = match.group(1)
    return chr(int(text, 8)) if len(text) == 3 else text


def normalise(raw: Sequence[Mapping[str, Any]], name: str) -> list[View]:
    """The record sets at NAME in the answer of ListResourceRecordSets, which goes on with later names."""
    return [
        {
            "name": name,
            "type": item["Type"],
            "ttl": item.get("TTL"),
            "values": [record["Value"] for record in item.get("ResourceRecords", [])],
            "plain": "SetIdentifier" not in item and "AliasTarget" not in item,
        }
        for item in raw
        if item["Name"].rstrip(".").lower() == name.lower()
    ]


def find(sets: Sequence[Mapping[str, Any]]) -> View | None:
    """The TXT set among the sets of one name."""
    return next((dict(item) for item in sets if item["type"] == "TXT"), None)


def holds(sets: Sequence[Mapping[str, Any]], value: str) -> bool:
    """Whether VALUE, exactly, is in the TXT set."""
    found = find(sets)
    return found is not None and value in map(unquote, found["values"])


def problems(sets: Sequence[Mapping[str, Any]]) -> list[Unmet]:
    """What at that name stands in the way of a TXT value."""
    found = []
    for item in sets:
        if item["type"] == "CNAME":
            text = f"{item['name']} is a CNAME to {', '.join(item['values'])}, and DNS allows nothing beside a CNAME"
            found.append(unmet("R58", "zone", text, "Delete the CNAME, or publish the TXT value where it leads."))
        elif item["type"] == "TXT" and not item["plain"]:
            text = f"the TXT record set {item['name']} is an alias or has a routing policy"
            found.append(unmet("N8", "zone", text, "Make it a simple record set, so that a value can be added."))
    return found


def added(sets: Sequence[Mapping[str, Any]], name: str, value: str, ttl: int) -> list[View]:
    """The sets with VALUE in the TXT set. An existing set keeps its TTL, which is somebody else's as well."""
    before = find(sets) or {"name": name, "type": "TXT", "ttl": ttl, "values": [], "plain": True}
    return [*_others(sets), {**before, "values": [*before["values"], f'"{value}"']}]


def removed(sets: Sequence[Mapping[str, Any]], value: str) -> list[View]:
    """The sets without VALUE; without the TXT set, where that was all."""
    before = find(sets)
    left = [item for item in before["values"] if unquote(item) != value] if before else []
    return [*_others(sets), *([{**before, "values": left}] if before and left else [])]


def _others(sets: Sequence[Mapping[str, Any]]) -> list[View]:
    return [dict(item) for item in sets if item["type"] != "TXT"]


def step(
    before: View | None, after: View | None, value: str, place: Mapping[str, Any], change_id: str, say: str
) -> Step:
    """The change of the set from BEFORE to AFTER, which is VALUE coming or going. place: the arguments where and
    zone_id. change_id: what stands for the id of Route 53's change."""
    record = {
        "name": (after or before or {})["name"],
        "value": value,
        "present": holds([after] if after else [], value),
        "before": before,
        "after": after,
    }
    return Step(
        "change_record",
        {**place, "record": record},
        {change_id: "Id"},
        retry=("PriorRequestNotComplete",),
        say=say,
    )


def shown(item: Mapping[str, Any] | None) -> View | None:
    """A set as a diff shows it."""
    if item is None:
        return None
    return {"name": item["name"], "type": "TXT", "ttl": item["ttl"], "values": sorted(map(unquote, item["values"]))}


def judge_in_sync(raw: Mapping[str, Any]) -> Verdict:
    """Whether all of Route 53's servers have the change."""
    status = raw["ChangeInfo"]["Status"]
    return Verdict(DONE if status == "INSYNC" else WAITING, status)
