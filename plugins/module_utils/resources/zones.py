# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of Route 53's hosted zones the TXT record goes into (R58, R59)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.dns_record import domains
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

AUTO = "auto"

Params = Mapping[str, Any]
View = dict[str, Any]


def uses_route53(params: Params) -> bool:
    """Whether the record is in Route 53: said with publish, or by naming a zone."""
    if params["publish"]:
        return bool(params["publish"] == "route53")
    return bool(params["hosted_zone_id"] or params["zone"])


def query(params: Params) -> dict[str, str | None]:
    """The arguments of clients.private_dns.zones."""
    zone_id = params["hosted_zone_id"]
    if not uses_route53(params) or is_pending(zone_id) or is_pending(params["zone"]):
        return {"zone_id": None, "name": None}
    if zone_id:
        return {"zone_id": zone_id, "name": None}
    return {"zone_id": None, "name": _plain(params["zone"] or AUTO)}


def normalise_zones(params: Params, raw: Sequence[Mapping[str, Any]], private_dns_name: str | None) -> list[View]:
    """The zones in question. Of all zones of an account: those with the longest name above the private DNS name,
    public ones if there are any."""
    if uses_route53(params) and is_pending(params["hosted_zone_id"]):
        return [{"zone_id": params["hosted_zone_id"], "name": None, "private": False}]
    zones = [
        {
            "zone_id": item["Id"].rpartition("/")[2],
            "name": _plain(item["Name"]),
            "private": bool(item.get("Config", {}).get("PrivateZone")),
        }
        for item in raw
    ]
    wanted = query(params)
    if wanted["zone_id"]:
        return zones
    if wanted["name"] != AUTO:
        return [zone for zone in zones if zone["name"] == wanted["name"]]
    above = domains(private_dns_name) if private_dns_name and not is_pending(private_dns_name) else []
    covering = [zone for zone in zones if _covers(zone["name"], above)]
    candidates = [zone for zone in covering if not zone["private"]] or covering
    longest = max((len(zone["name"]) for zone in candidates), default=0)
    return [zone for zone in candidates if len(zone["name"]) == longest]


def choose(zones: Sequence[View]) -> View | None:
    """The zone to use; None where none or several would do."""
    public = [zone for zone in zones if not zone["private"]]
    return public[0] if len(public) == 1 else None


def zone_problems(params: Params, current: Mapping[str, Any], private_dns_name: str) -> list[Unmet]:
    """Why no zone can take the record."""
    if not uses_route53(params):
        return []
    option = "hosted_zone_id" if params["hosted_zone_id"] else "zone"
    value = params["hosted_zone_id"] or params["zone"] or AUTO
    zones, zone = current["zones"], current["zone"]
    if zone:
        if zone["name"] is None or is_pending(private_dns_name) or _covers(zone["name"], domains(private_dns_name)):
            return []
        text = f"{zone['name']} ({zone['zone_id']}), which does not hold {private_dns_name}"
        return [unmet("R59", option, text, f"Give a zone of {listing(domains(private_dns_name)[:-1])}.")]
    ids = listing([item["zone_id"] for item in zones])
    if not zones and value == AUTO:
        if is_pending(private_dns_name):
            return []
        text = f"auto, but no zone of this account holds {private_dns_name}"
        advice = "Make a public zone for its domain, or publish the record elsewhere with publish=none."
    elif not zones:
        text, advice = f"no hosted zone {value} in this account", "Give a public zone of this account."
    elif all(item["private"] for item in zones):
        text = f"{zones[0]['name']} ({ids}) is a private zone"
        advice = "Give a public zone: AWS looks in public DNS only, so a private zone never verifies."
    else:
        text = f"{len(zones)} public zones of the name {zones[0]['name']}: {ids}"
        advice = "Give the one that the domain is delegated to with hosted_zone_id."
    return [unmet("R58", option, text, advice)]


def _covers(zone: str, places: Sequence[str]) -> bool:
    return any(place == zone or place.endswith(f".{zone}") for place in places)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
