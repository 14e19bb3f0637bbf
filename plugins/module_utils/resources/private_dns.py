# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 5: the domain of the private DNS name, verified by a TXT record (R11, R12, R57-R65, N8, N9)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import txt_lookup, txt_record, zones
from ansible_collections.keylink.aws.plugins.module_utils.resources.dns_record import domains
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_service_checks import (
    in_use,
    live_connections,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_service_waits import released
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

_GONE = ("deleting", "deleted")
_LONGEST_TTL = 2**31 - 1
_USUAL = "a few minutes"
_USUAL_ELSEWHERE = "that a DNS change can take 48 hours to be seen everywhere"

# What AWS's refusals mean here.
ADVICE = {
    "InvalidChangeBatch": "The record may have changed since it was read; run again. "
    "If it stays, another record or a protection of the zone stands in the way.",
    "PriorRequestNotComplete": "Another change of the zone is under way; run again later.",
    "NoSuchHostedZone": "The zone is gone, or belongs to another account.",
}

Params = Mapping[str, Any]
View = dict[str, Any]


def query(params: Params) -> dict[str, str | None]:
    """The arguments of clients.private_dns.services: a service that is not made yet is not looked for."""
    service_id = params["service_id"]
    return {
        "service_id": None if is_pending(service_id) else service_id,
        "name": None if service_id else params["name"],
    }


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    found = zones.check(params)
    found += check_private_dns_name("private_dns_name", params["private_dns_name"])
    for address in params["resolvers"] or ():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            found.append(unmet("R63", "resolvers", address, "Give the IP addresses of DNS resolvers."))
    if not 0 < params["dns_port"] < 65536:
        found.append(unmet("R63", "dns_port", str(params["dns_port"]), "Give a port from 1 to 65535."))
    if params["query_timeout"] <= 0:
        found.append(unmet("R63", "query_timeout", str(params["query_timeout"]), "Give seconds, more than 0."))
    if not 0 <= params["ttl"] <= _LONGEST_TTL:
        found.append(unmet("R58", "ttl", str(params["ttl"]), f"Give seconds, from 0 to {_LONGEST_TTL}."))
    return found


def normalise(params: Params, services: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]) -> View:
    """The answers of EC2 and of who has the zone (HELD) as one state; record_sets and seen are added once it is known
    where to look."""
    alive = [item for item in services if item.get("ServiceState", "").lower() not in _GONE]
    service = _service(alive[0]) if len(alive) == 1 else None
    if service and params["state"] == "present" and is_pending(params["record_value"]):
        # Check mode: the name is about to change, and AWS will answer with another record.
        service = _expected(params, service["service_id"])
    name = (service or {}).get("private_dns_name") or params["private_dns_name"]
    found = zones.normalise_zones(params, held, name)
    return {
        "matches": [item["ServiceId"] for item in alive],
        "service": service,
        "zones": found,
        "zone": zones.choose(found),
        "record_sets": [],
        "vpc_endpoint_connections": [],
        "seen": None,
        # In a predicted state: what is there now, in words.
        "told": None,
    }


def _service(raw: Mapping[str, Any]) -> View:
    configuration = raw.get("PrivateDnsNameConfiguration") or {}
    return {
        "service_id": raw["ServiceId"],
        "private_dns_name": raw.get("PrivateDnsName"),
        "configuration": {key: configuration.get(key.capitalize()) for key in ("name", "type", "value", "state")},
    }


def _expected(params: Params, service_id: str | None = None) -> View:
    """A service that does not exist yet, or not with this name."""
    name = params["private_dns_name"] or placeholder("endpoint service", params["name"] or "new", "private_dns_name")
    label = params["private_dns_name"] or "new"
    return {
        "service_id": service_id or params["service_id"],
        "private_dns_name": name,
        "configuration": {
            "name": placeholder("domain verification", label, "name"),
            "type": "TXT",
            "value": placeholder("domain verification", label, "value"),
            "state": "pendingVerification",
        },
    }


def _given(params: Params, service: Mapping[str, Any]) -> View:
    """The record as the options tell it, for when the service is gone."""
    configuration = {"name": params["record_name"], "type": "TXT", "value": params["record_value"], "state": None}
    return {
        "service_id": service.get("service_id"),
        "private_dns_name": params["private_dns_name"] or service.get("private_dns_name"),
        "configuration": configuration,
    }


def subject(params: Params, view: Mapping[str, Any]) -> View | None:
    """The service that this run is about; predicted where it is not made yet, from the options where it is gone."""
    if params["state"] == "absent" and params["record_value"]:
        return _given(params, view["service"] or {})
    if view["service"]:
        return dict(view["service"])
    if params["state"] == "absent":
        return None
    return _expected(params) if is_pending(params["service_id"]) else None


def record_name(service: Mapping[str, Any] | None, zone: Mapping[str, Any] | None) -> str | None:
    """Where the record goes: the nearest domain above the private DNS name that the zone holds."""
    name = service["configuration"]["name"] if service else None
    if not service or not name:
        return None
    held = zone["name"] if zone else None
    if not is_pending(name) and "." in name:
        # The full name of a record that was published; of one elsewhere only the first label matters.
        if held is None or name.endswith(f".{held}"):
            return str(name)
        name = name.partition(".")[0]
    private = service["private_dns_name"]
    if not private or is_pending(private):
        return f"{name}.{held}" if held else (str(name) if is_pending(name) else None)
    places = [place for place in domains(private) if held is None or place == held or place.endswith(f".{held}")]
    return f"{name}.{places[0]}" if places else None


def place(params: Params, view: Mapping[str, Any]) -> View | None:
    """The arguments of clients.txt_zone.record_sets; None where there can be none yet."""
    zone = view["zone"]
    name = record_name(subject(params, view), zone)
    if not zone or not name or is_pending(zone["zone_id"]) or is_pending(name):
        return None
    return {**_held(params, zone), "name": name}


def _held(params: Params, zone: Mapping[str, Any]) -> View:
    """Whose zone it is, and which."""
    return {"where": zones.where(params), "zone_id": zone["zone_id"]}


def asks_dns(params: Params, view: Mapping[str, Any]) -> bool:
    """Whether public DNS is worth a look: not for a record that AWS has verified and its own zone tells about."""
    service = view["service"]
    if params["state"] == "absent" or not params["verify_published"] or not _knows_record(service):
        return False
    return service["configuration"]["state"] != "verified" or zones.publisher(params) == "none"


def _knows_record(service: Mapping[str, Any] | None) -> bool:
    configuration = service["configuration"] if service else {}
    return bool(configuration.get("value")) and not is_pending(service)


def question(params: Params, view: Mapping[str, Any]) -> View:
    """What to ask public DNS."""
    service = view["service"]
    configuration = service["configuration"]
    return txt_lookup.question(service["private_dns_name"], configuration["name"], configuration["value"], params)


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What publishes the record and verifies the domain; or removes our value."""
    facts = {"verification_started": False}
    service = subject(params, current)
    if params["state"] == "absent":
        return _plan_absent(params, current, service)
    found = _service_problems(params, current, service)
    if service and service["private_dns_name"]:
        found += zones.zone_problems(params, current, service["private_dns_name"])
        found += txt_record.problems(current["record_sets"])
        found += _dns_problems(params, current)
    if found or not service:
        return Plan((), current, tuple(found), facts=facts)
    txt, sets, in_sync = _plan_record(params, current, service)
    verification, after_state, settle = _plan_verification(params, current, service, in_sync)
    after_service = {**service, "configuration": {**service["configuration"], "state": after_state}}
    after = {
        **current, "service": after_service, "matches": [service["service_id"]], "record_sets": sets,
        "told": _explanation(params, current, service),
    }
    starts = bool(verification.steps)
    changes = (*([txt] if txt else []), verification)
    open_points = () if starts else _open_points(params, current, service)
    # Such a host may see a record that AWS does not.
    doubts = tuple(txt_lookup.doubts(current["seen"])) if starts else ()
    return Plan(changes, after, open_points, settle, doubts, {"verification_started": starts})


def _service_problems(params: Params, current: Mapping[str, Any], service: Mapping[str, Any] | None) -> list[Unmet]:
    option = "service_id" if params["service_id"] else "name"
    if service is None:
        matches = current["matches"]
        text = f"{len(matches)} endpoint services with the Name tag {params['name']}: {listing(matches)}"
        if not matches:
            text = f"no endpoint service {params[option]} in this Region"
        return [unmet("R52", option, text, "Give the service_id that xks_endpoint_service returned.")]
    found, wanted = service["private_dns_name"], params["private_dns_name"]
    if not found:
        text = f"{service['service_id']} has no private DNS name"
        return [unmet("R52", option, text, "Set private_dns_name with xks_endpoint_service first.")]
    if wanted and wanted != found:
        text = f"{wanted}, but {service['service_id']} has {found}"
        advice = "Give the name that the service has, or change the service first."
        return [unmet("R52", "private_dns_name", text, advice)]
    return []


def _dns_problems(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    seen = current["seen"]
    if not seen or not seen["silent"] or current["service"]["configuration"]["state"] == "verified":
        return []
    if _waits_for_somebody(params, current, False):
        return []
    text = listing(params["resolvers"] or []) or "the system's DNS resolvers"
    advice = "Name resolvers that can be reached, or set verify_published to false: then AWS alone looks, and a "
    return [unmet("R63", "resolvers", f"no answer from {text}", f"{advice}missing record is found out by waiting.")]


def _plan_record(
    params: Params, current: Mapping[str, Any], service: Mapping[str, Any]
) -> tuple[Change | None, list[View], tuple[Wait, ...]]:
    """The TXT record's change, the sets after it, and the wait for Route 53 where that changes."""
    sets = current["record_sets"]
    zone = current["zone"]
    if not zone:
        return None, sets, ()
    value = service["configuration"]["value"]
    name = record_name(service, zone) or ""
    label = service["private_dns_name"]
    before = txt_record.find(sets)
    if txt_record.holds(sets, value):
        return _record_change(label, before, before, (), zone), sets, ()
    after_sets = txt_record.added(sets, name, value, params["ttl"])
    after = txt_record.find(after_sets)
    change_id = placeholder("TXT record", label, "change_id")
    step = txt_record.step(before, after, value, _held(params, zone), change_id, f"publish TXT record {name}")
    return _record_change(label, before, after, (step,), zone), after_sets, _in_sync(params, name, change_id)


def _record_change(
    label: str, before: View | None, after: View | None, steps: tuple[Step, ...], zone: Mapping[str, Any]
) -> Change:
    return Change("TXT record", label, txt_record.shown(before), txt_record.shown(after), steps, zone["zone_id"])


def _in_sync(params: Params, name: str, change_id: str) -> tuple[Wait, ...]:
    """Route 53 tells when all its servers have a change; of others only the servers themselves do."""
    if zones.publisher(params) == zones.NSUPDATE:
        return ()
    what = f"Route 53's change of {name}"
    arguments = {"where": zones.where(params), "change_id": change_id}
    return (Wait(what, "record_change", arguments, txt_record.judge_in_sync, "60 seconds or less"),)


def _plan_verification(
    params: Params, current: Mapping[str, Any], service: Mapping[str, Any], in_sync: tuple[Wait, ...]
) -> tuple[Change, str, tuple[Wait, ...]]:
    """The verification's change, the state after it, and what to wait for at the end."""
    configuration = service["configuration"]
    state = configuration["state"]
    name, service_id = service["private_dns_name"], service["service_id"]
    # One that is only pending does not exist yet: the name came with it.
    before = {"state": state} if state in ("verified", "failed") else None
    if state == "verified":
        return Change("domain verification", name, before, before, id=service_id), state, in_sync
    asked = txt_lookup.question(name, configuration["name"], configuration["value"], params)
    held_in = current["zone"]["title"] if current["zone"] else None
    seen_there = txt_lookup.published(asked, current["seen"])
    if _waits_for_somebody(params, current, seen_there):
        return Change("domain verification", name, before, before, id=service_id), state, ()
    needs = in_sync
    if params["verify_published"] and not seen_there:
        what = f"TXT record {record_name(service, current['zone'])} with the value {configuration['value']}"
        judge_published = partial(txt_lookup.judge_published, asked, held_in)
        needs += (Wait(what, "look_up", asked, judge_published, "" if current["zone"] else _USUAL_ELSEWHERE),)
    start = Step("start_verification", {"service_id": service_id}, needs=needs, say=f"verify the domain of {name}")
    change = Change("domain verification", name, before, {"state": "verified"}, (start,), service_id)
    arguments = {"service_id": service_id, "question": asked if params["verify_published"] else None}
    judge = partial(txt_lookup.judge_verified, asked, held_in)
    return change, "verified", (Wait(f"domain verification of {name}", "verification", arguments, judge, _USUAL),)


def _waits_for_somebody(params: Params, current: Mapping[str, Any], seen_there: bool) -> bool:
    """Whether this run ends without a start: somebody else must publish first, and it was told not to wait."""
    return bool(not current["zone"] and params["verify_published"] and not seen_there and not params["wait"])


def _open_points(params: Params, current: Mapping[str, Any], service: Mapping[str, Any]) -> tuple[Unmet, ...]:
    """What does not hold and stops nothing: a record that somebody else must publish."""
    seen = current["seen"]
    if seen is None or current["zone"]:
        return ()
    asked = question(params, {"service": service})
    if txt_lookup.published(asked, seen):
        return ()
    configuration = service["configuration"]
    text = txt_lookup.explain(asked, seen, None)
    where = record_name(service, None)
    if configuration["state"] != "verified":
        advice = f"Publish TXT {where} with the value {configuration['value']}, then run again."
        return (unmet("R58", "TXT record", text, advice, blocking=False),)
    if not txt_lookup.known(seen):
        return ()
    advice = f"Publish TXT {where} with the value {configuration['value']} again."
    return (unmet("N9", "TXT record", text, advice, blocking=False),)


def _plan_absent(params: Params, current: Mapping[str, Any], service: Mapping[str, Any] | None) -> Plan:
    """Remove our value. Without a zone, or without knowing the value, there is nothing that could be removed."""
    facts = {"verification_started": False}
    zone = current["zone"]
    public = [item for item in current["zones"] if not item["private"]]
    if len(public) > 1 and service:
        return Plan((), current, tuple(zones.zone_problems(params, current, service["private_dns_name"])), facts=facts)
    sets = current["record_sets"]
    value = service["configuration"]["value"] if service else None
    before = txt_record.find(sets)
    if not zone or not value or before is None or not txt_record.holds(sets, value):
        return Plan((), current, facts=facts)
    live = live_connections(current)
    if live and not (params["force"] or params["wait_for_disconnect"]):
        return Plan((), current, (in_use(service or {}, live, "N9"),), facts=facts)
    name = before["name"]
    after_sets = txt_record.removed(sets, value)
    left = txt_record.find(after_sets)
    label = (service or {}).get("private_dns_name") or name
    change_id = placeholder("TXT record", label, "change_id")
    say = f"remove our value from TXT record {name}"
    step = txt_record.step(before, left, value, _held(params, zone), change_id, say)
    if current["vpc_endpoint_connections"] and service and not params["force"]:
        step = replace(step, needs=(released(service["service_id"], label),))
    change = _record_change(label, before, left, (step,), zone)
    after = {**current, "record_sets": after_sets, "told": _explanation(params, current, service)}
    return Plan((change,), after, settle=_in_sync(params, name, change_id), facts=facts)


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    service = subject(params, view)
    configuration = service["configuration"] if service else None
    return {
        "private_dns_name": service["private_dns_name"] if service else params["private_dns_name"],
        "private_dns_name_configuration": configuration,
        "verification_state": configuration["state"] if configuration else None,
        "record": _record(params, view, service),
        "txt_found": txt_lookup.found(view["seen"]),
        "dns_seen": txt_lookup.looked_up(view["seen"]),
        "explanation": view["told"] or _explanation(params, view, service),
    }


def _record(params: Params, view: Mapping[str, Any], service: Mapping[str, Any] | None) -> View | None:
    name = record_name(service, view["zone"])
    if not service or not name or not service["configuration"]["value"]:
        return None
    value = service["configuration"]["value"]
    published = txt_record.find(view["record_sets"])
    return {
        "name": name,
        "type": "TXT",
        "value": value,
        "quoted_value": f'"{value}"',
        "ttl": published["ttl"] if published else params["ttl"],
        "zone": view["zone"]["name"] if view["zone"] else None,
    }


def _explanation(params: Params, view: Mapping[str, Any], service: Mapping[str, Any] | None) -> str:
    zone = view["zone"]
    value = service["configuration"]["value"] if service else None
    if not service or not value:
        return "Nothing tells a TXT record: there is no endpoint service with a private DNS name."
    told = []
    held_in = None
    if zone:
        held_in = zone["title"] if txt_record.holds(view["record_sets"], value) else None
        told.append(f"{zone['title']} {'has' if held_in else 'does not have'} the value")
    if view["seen"] and view["service"]:
        told.append(txt_lookup.explain(question(params, view), view["seen"], held_in))
    return "; ".join(told) or "neither a zone nor public DNS was asked"
