# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zones with their records, as asked for and as published, and the changes on their way."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call

# Route 53 is one service for all regions.
EVERYWHERE = "aws-global"

Key = tuple[str, str, str]


@dataclass
class Zone:
    """A hosted zone."""

    id: str
    name: str
    private: bool
    comment: str
    caller_reference: str
    name_servers: list[str]
    vpcs: list[dict[str, str]] = field(default_factory=list)
    # (name, type, set identifier) -> record set
    records: dict[Key, dict[str, Any]] = field(default_factory=dict)
    # What the name servers answer: the records of the last change that is in sync.
    in_sync: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def published(self) -> dict[tuple[str, str], list[str]]:
        return self.in_sync

    def snapshot(self) -> dict[tuple[str, str], list[str]]:
        values: dict[tuple[str, str], list[str]] = {}
        for (name, kind, dummy), record in self.records.items():
            values.setdefault((name, kind), []).extend(
                entry["Value"] for entry in record.get("ResourceRecords", [])
            )
        return values


@dataclass
class Change:
    """A change that becomes visible."""

    id: str
    submitted: datetime
    comment: str | None
    status: str = "PENDING"


class Hosted:
    """Zones and changes of one account."""

    def __init__(self) -> None:
        self.zones: dict[str, Zone] = {}
        self.changes: dict[str, Change] = {}

    def public_zones(self) -> list[Zone]:
        # A copy: the DNS server looks while requests change the zones.
        return [zone for zone in list(self.zones.values()) if not zone.private]


def hosted(call: Call) -> Hosted:
    return call.world.store(Hosted, call.account, EVERYWHERE)


def zone_of(call: Call, zone_id: str) -> Zone:
    short = zone_id.rsplit("/", 1)[-1]
    found = hosted(call).zones.get(short)
    if found is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {short}", 404)
    return found


def new_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(string.ascii_uppercase + string.digits) for dummy in range(20))


def submit(call: Call, zone: Zone | None, comment: str | None = None) -> dict[str, Any]:
    """A change that is pending now and published when it is in sync."""
    change = Change(new_id("C"), call.world.clock.datetime(), comment)
    hosted(call).changes[change.id] = change
    call.later("route53_change", partial(_publish, change, zone, {} if zone is None else zone.snapshot()))
    return shown_change(change)


def _publish(change: Change, zone: Zone | None, records: dict[tuple[str, str], list[str]]) -> None:
    change.status = "INSYNC"
    if zone is not None:
        zone.in_sync = records


def shown_change(change: Change) -> dict[str, Any]:
    shown = {"Id": f"/change/{change.id}", "Status": change.status, "SubmittedAt": change.submitted}
    return {**shown, "Comment": change.comment} if change.comment else shown


def order(name: str) -> list[str]:
    """Route 53 lists names by their labels from the right."""
    return list(reversed(name.rstrip(".").split(".")))


def full_name(name: str) -> str:
    """Lower case, with the final dot, and with Route 53's escape of a wildcard."""
    lower = name.lower()
    lower = lower if lower.endswith(".") else lower + "."
    return r"\052" + lower[1:] if lower.startswith("*") else lower
