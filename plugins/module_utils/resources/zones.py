# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who serves the zone that the TXT record goes into, and which zone that is (R58, R59)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.dns_record import domains
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

AUTO = "auto"
ROUTE53, NSUPDATE = "route53", "nsupdate"

# The option nsupdate.
NSUPDATE_OPTIONS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "server": {"required": True},
        "port": {"type": "int", "default": 53},
        "zone": {"required": True},
        "key_name": {"no_log": False},
        "key_secret": {"no_log": True},
        "key_algorithm": {
            "choices": ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"],
            "default": "hmac-sha256",
        },
        "protocol": {"choices": ["tcp", "udp"], "default": "tcp"},
    },
    "required_together": [("key_name", "key_secret")],
}
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_NAME = re.compile(r"(?=.{1,254}$)([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")

Params = Mapping[str, Any]
View = dict[str, Any]


def publisher(params: Params) -> str:
    """Who publishes: said with publish, or by naming a zone."""
    if params["publish"]:
        return str(params["publish"])
    if params["nsupdate"]:
        return NSUPDATE
    return ROUTE53 if params["hosted_zone_id"] or params["zone"] or params["zone_role_arn"] else "none"


def where(params: Params) -> View:
    """What clients.txt_zone must know to reach the zone."""
    if publisher(params) == NSUPDATE:
        return {"kind": NSUPDATE, "options": params["nsupdate"], "timeout": params["query_timeout"]}
    return {"kind": ROUTE53, "role_arn": params["zone_role_arn"], "external_id": params["zone_role_external_id"]}


def check(params: Params) -> list[Unmet]:
    """What is wrong with the options of the publisher themselves."""
    found = []
    role = params["zone_role_arn"]
    if role and not is_pending(role) and not _ROLE.fullmatch(role):
        found.append(unmet("R58", "zone_role_arn", role, "Give the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME."))
    options = params["nsupdate"]
    if not options:
        return found
    if not 0 < options["port"] < 65536:
        found.append(unmet("R58", "nsupdate.port", str(options["port"]), "Give a port from 1 to 65535."))
    for option in ("zone", "key_name"):
        if options[option] and not _NAME.fullmatch(options[option]):
            found.append(unmet("R58", f"nsupdate.{option}", options[option], "Give a domain name."))
    try:
        base64.b64decode(options["key_secret"] or "", validate=True)
    except (binascii.Error, ValueError):
        text = "no base64, so no secret of a TSIG key"
        found.append(unmet("R58", "nsupdate.key_secret", text, "Give it as the file of the key has it."))
    return found


def query(params: Params) -> View:
    """The arguments of clients.txt_zone.zones."""
    place = {"where": where(params), "zone_id": None, "name": None}
    if publisher(params) == NSUPDATE:
        return {**place, "name": _plain(params["nsupdate"]["zone"])}
    zone_id = params["hosted_zone_id"]
    if publisher(params) != ROUTE53 or is_pending((zone_id, params["zone"], params["zone_role_arn"])):
        return place
    if zone_id:
        return {**place, "zone_id": zone_id}
    return {**place, "name": _plain(params["zone"] or AUTO)}


def normalise_zones(params: Params, raw: Sequence[Mapping[str, Any]], private_dns_name: str | None) -> list[View]:
    """The zones in question. Of all zones of an account: those with the longest name above the private DNS name,
    public ones if there are any."""
    if publisher(params) == ROUTE53 and is_pending(params["hosted_zone_id"]):
        zone_id = params["hosted_zone_id"]
        return [{"zone_id": zone_id, "name": None, "private": False, "title": f"Route 53's zone {zone_id}"}]
    zones = [_zone(params, item) for item in raw]
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


def _zone(params: Params, raw: Mapping[str, Any]) -> View:
    name, zone_id = _plain(raw["Name"]), str(raw["Id"]).rpartition("/")[2]
    title = f"Route 53's zone {name} ({zone_id})"
    if publisher(params) == NSUPDATE:
        title = f"the zone {name} on {params['nsupdate']['server']}"
    return {
        "zone_id": zone_id,
        "name": name,
        "private": bool(raw.get("Config", {}).get("PrivateZone")),
        "title": title,
    }


def choose(zones: Sequence[View]) -> View | None:
    """The zone to use; None where none or several would do."""
    public = [zone for zone in zones if not zone["private"]]
    return public[0] if len(public) == 1 else None


def zone_problems(params: Params, current: Mapping[str, Any], private_dns_name: str) -> list[Unmet]:
    """Why no zone can take the record."""
    if publisher(params) not in (ROUTE53, NSUPDATE):
        return []
    option, value = _asked(params)
    zones, zone = current["zones"], current["zone"]
    if zone:
        if zone["name"] is None or is_pending(private_dns_name) or _covers(zone["name"], domains(private_dns_name)):
            return []
        text = f"{zone['name']} ({zone['zone_id']}), which does not hold {private_dns_name}"
        return [unmet("R59", option, text, f"Give a zone of {listing(domains(private_dns_name)[:-1])}.")]
    if zones:
        return [_unusable(option, zones)]
    if is_pending(params["zone_role_arn"]) or (value == AUTO and is_pending(private_dns_name)):
        return []
    account = _account(params["zone_role_arn"])
    if publisher(params) == NSUPDATE:
        text = f"{params['nsupdate']['server']} does not serve a zone {value}"
        advice = "Give the name of the zone as its primary server has it, and that server."
    elif value == AUTO:
        text = f"auto, but no zone of {account} holds {private_dns_name}"
        advice = "Make a public zone for its domain, or publish the record elsewhere with publish=none."
    else:
        text = f"no hosted zone {value} in {account}"
        advice = f"Give a public zone of {account}, or with zone_role_arn a role of the account that has it."
    return [unmet("R58", option, text, advice)]


def _asked(params: Params) -> tuple[str, str]:
    """The option that names the zone, and its value."""
    if publisher(params) == NSUPDATE:
        return "nsupdate.zone", _plain(params["nsupdate"]["zone"])
    if params["hosted_zone_id"]:
        return "hosted_zone_id", params["hosted_zone_id"]
    return "zone", params["zone"] or AUTO


def _account(role_arn: str | None) -> str:
    return f"account {role_arn.split(':')[4]}" if role_arn and not is_pending(role_arn) else "this account"


def _unusable(option: str, zones: Sequence[View]) -> Unmet:
    ids = listing([item["zone_id"] for item in zones])
    if all(item["private"] for item in zones):
        text = f"{zones[0]['name']} ({ids}) is a private zone"
        advice = "Give a public zone: AWS looks in public DNS only, so a private zone never verifies."
    else:
        text = f"{len(zones)} public zones of the name {zones[0]['name']}: {ids}"
        advice = "Give the one that the domain is delegated to with hosted_zone_id."
    return unmet("R58", option, text, advice)


def _covers(zone: str, places: Sequence[str]) -> bool:
    return any(place == zone or place.endswith(f".{zone}") for place in places)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
