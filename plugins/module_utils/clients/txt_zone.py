# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones that a TXT record can be published in, whoever serves them: one way to read and to change them.

Where: {"kind": "route53", "role_arn", "external_id"} for Route 53 of this account or of the role's, or
{"kind": "nsupdate", "options", "timeout"} for a zone with dynamic updates. All of them answer as Route 53 does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

# A name has at most one set per type, apart from routing policies.
_SETS = "50"
# What CloudTrail of the zone's account shows.
_SESSION = "keylink-private-dns-verify"

# How often a change is tried that somebody else's came before.
_TRIES = 4
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')

Where = Mapping[str, Any]
Set = Mapping[str, Any]
Sets = list[dict[str, Any]]


class Provider(Protocol):
    """What serves zones."""

    def zones(self, zone_id: str | None, name: str | None) -> list[dict[str, Any]]:
        """The zone of an id, or those of a name."""

    def record_sets(self, zone_id: str, name: str) -> Sets:
        """The record sets of a zone at NAME; later names may follow."""

    def change(self, zone_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out what resources.txt_record.step says of a TXT record; the change's Id, or an empty one."""


class Route53:
    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def zones(self, zone_id: str | None, name: str | None) -> list[dict[str, Any]]:
        """The hosted zone of an id, or those of a name, or all of them for the name "auto"."""
        if zone_id:
            get = partial(self.aws.call, "route53", "get_hosted_zone", Id=zone_id)
            return missing_is([], ("NoSuchHostedZone",), lambda: [get()["HostedZone"]])
        if name == "auto":
            return self.aws.pages("route53", "list_hosted_zones", "HostedZones")
        # Sorted, from that name on: the zones of that name are at the beginning.
        return self.aws.call("route53", "list_hosted_zones_by_name", DNSName=name)["HostedZones"]

    def record_sets(self, zone_id: str, name: str) -> Sets:
        return self.aws.call(
            "route53", "list_resource_record_sets", HostedZoneId=zone_id, StartRecordName=name, MaxItems=_SETS
        )["ResourceRecordSets"]

    def change(self, zone_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """The set is replaced only if it still is what was read: a batch holds as a whole or not at all (N8)."""
        before, after = record["before"], record["after"]
        for _attempt in range(_TRIES):
            try:
                return self._replace(zone_id, before, after)
            except AwsError as error:
                if error.code != "InvalidChangeBatch":
                    raise
                refusal, seen = error, before
            before = self._now(zone_id, record["name"])
            after = _merged(before, record)
            if _shape(before) == _shape(seen):
                raise refusal
            if not before and not after:
                return {"Id": ""}
        raise refusal

    def _replace(self, zone_id: str, before: Set | None, after: Set | None) -> dict[str, Any]:
        wanted = (("DELETE", before), ("CREATE", after))
        changes = [{"Action": action, "ResourceRecordSet": _raw(item)} for action, item in wanted if item]
        batch = {"Changes": changes}
        return self.aws.call("route53", "change_resource_record_sets", HostedZoneId=zone_id, ChangeBatch=batch)[
            "ChangeInfo"
        ]

    def _now(self, zone_id: str, name: str) -> Set | None:
        for item in self.record_sets(zone_id, name):
            if item["Name"].rstrip(".").lower() == name.lower() and item["Type"] == "TXT" and "TTL" in item:
                values = [record["Value"] for record in item["ResourceRecords"]]
                return {"name": name, "ttl": item["TTL"], "values": values}
        return None


def _merged(before: Set | None, record: Mapping[str, Any]) -> Set | None:
    """The set with the record's value in it, or without."""
    others = [value for value in (before or {}).get("values", ()) if _plain(value) != record["value"]]
    values = [*others, f'"{record["value"]}"'] if record["present"] else others
    return {**(before or record["after"]), "values": values} if values else None


def _plain(value: str) -> str:
    return "".join(_STRING.findall(value))


def _raw(item: Set) -> dict[str, Any]:
    records = [{"Value": value} for value in item["values"]]
    return {"Name": item["name"], "Type": "TXT", "TTL": item["ttl"], "ResourceRecords": records}


def _shape(item: Set | None) -> Any:
    return item and (item["ttl"], sorted(item["values"]))


def provider(aws: Aws, where: Where) -> Provider:
    if where["kind"] == "nsupdate":
        # dnspython takes a tenth of a second to load.
        from ansible_collections.keylink.aws.plugins.module_utils.clients.nsupdate import DynamicZone

        return DynamicZone(where["options"], where["timeout"], aws.clock)
    return Route53(_account(aws, where))


def _account(aws: Aws, where: Where) -> Aws:
    return aws.as_role(where["role_arn"], _SESSION, where["external_id"]) if where["role_arn"] else aws


def zones(aws: Aws, where: Where, zone_id: str | None, name: str | None) -> list[dict[str, Any]]:
    return provider(aws, where).zones(zone_id, name) if zone_id or name else []


def record_sets(aws: Aws, where: Where, zone_id: str, name: str) -> Sets:
    return provider(aws, where).record_sets(zone_id, name)


def change_record(aws: Aws, where: Where, zone_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return provider(aws, where).change(zone_id, record)


def record_change(aws: Aws, where: Where, change_id: str) -> dict[str, Any]:
    """How far a change of Route 53's is. Without an id there was nothing left to change."""
    if not change_id:
        return {"ChangeInfo": {"Status": "INSYNC"}}
    return _account(aws, where).call("route53", "get_change", Id=change_id)
