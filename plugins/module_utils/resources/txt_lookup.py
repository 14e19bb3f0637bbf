# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What public DNS has where AWS looks for the TXT record, in words (R58-R63)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Verdict
from ansible_collections.keylink.aws.plugins.module_utils.resources import txt_horizon
from ansible_collections.keylink.aws.plugins.module_utils.resources.dns_record import candidates, domains

# What a server that has an opinion says; the others are no proof either way.
_SETTLED = ("found", "nodata", "nxdomain")
_SILENT = (
    "no DNS server answers from here; name reachable ones with resolvers, "
    "or set verify_published to false and let AWS alone look"
)
_FOR_EVER = (
    "AWS looks in public DNS only, for the exact value: the verification of a name that is not below a public domain, "
    "or whose record only an internal or private zone has, stays pending for ever."
)
_TROUBLES = {
    "no zone": "no zone of public DNS holds {name}; its domain may not be registered or delegated, and while no public "
    "domain is above the name, AWS's verification stays pending for ever (R11)",
    "no servers": "the name servers of the zone of {name} have no addresses",
    "refused": "the DNS resolver cannot resolve {name}; its domain may not be registered or delegated, and while no "
    "public domain is above the name, AWS's verification stays pending for ever (R11)",
    "silence": "the DNS resolver did not answer for {name}",
}

Answer = Mapping[str, Any]


def question(private_dns_name: str, record_name: str, value: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of clients.dns.look_up."""
    return {
        "names": candidates(private_dns_name, record_name),
        "strays": _strays(private_dns_name, record_name),
        "value": value,
        "resolvers": params["resolvers"],
        "port": params["dns_port"],
        "timeout": params["query_timeout"],
    }


def _strays(private_dns_name: str, record_name: str) -> list[str]:
    """Where the record ends up when a provider appends the zone's name to a name that has it already, or leaves out
    the underscore."""
    places = domains(private_dns_name)
    bare = [f"{record_name.lstrip('_')}.{place}" for place in places if record_name.startswith("_")]
    return bare + [
        f"{record_name}.{place}.{zone}"
        for place in places
        for zone in places[:-1]
        if place == zone or place.endswith(f".{zone}")
    ]


def found(seen: Mapping[str, Any] | None) -> dict[str, dict[str, list[str]]]:
    """Name -> server -> the TXT values there."""
    result: dict[str, dict[str, list[str]]] = {}
    for answer in (seen or {}).get("answers", ()):
        values = {server["server"]: list(server["values"]) for server in answer["servers"] if server["values"]}
        if values:
            result[answer["name"]] = values
    return result


def looked_up(seen: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Each name that was asked for, as each server and the resolver tell it."""
    return [dict(answer) for answer in (seen or {}).get("answers", ())]


def doubts(seen: Mapping[str, Any] | None) -> list[str]:
    """Why what this host sees may not be what AWS sees."""
    return txt_horizon.internal((seen or {}).get("answers", ()))


def published(asked: Mapping[str, Any], seen: Mapping[str, Any] | None) -> bool:
    """Whether AWS finds the value: every server that answers has it, at one of the names where AWS looks."""
    return seen is not None and _complete(asked, seen) is not None


def known(seen: Mapping[str, Any] | None) -> bool:
    """Whether any authoritative server answered at all."""
    return any(_settled(answer) for answer in (seen or {}).get("answers", ()))


def _complete(asked: Mapping[str, Any], seen: Mapping[str, Any]) -> Answer | None:
    for answer in _answers(asked["names"], seen):
        settled = _settled(answer)
        if settled and all(asked["value"] in server["values"] for server in settled):
            return answer
    return None


def _answers(names: Sequence[str], seen: Mapping[str, Any]) -> list[Answer]:
    by_name = {answer["name"]: answer for answer in seen["answers"]}
    return [by_name[name] for name in names if name in by_name]


def _settled(answer: Answer) -> list[Mapping[str, Any]]:
    return [server for server in answer["servers"] if server["status"] in _SETTLED]


def explain(asked: Mapping[str, Any], seen: Mapping[str, Any] | None, held_in: str | None) -> str:
    """What is seen, and what it means. held_in: the zone that has the value, if one is known to."""
    if seen is None:
        return "DNS was not asked"
    if seen["silent"]:
        return _SILENT
    complete = _complete(asked, seen)
    if complete:
        return "; ".join([_has_it(asked, complete), *txt_horizon.internal([complete])])
    reasons = _nearly(asked, seen) + txt_horizon.split(_answers(asked["names"], seen), asked["value"])
    internal = txt_horizon.internal(_answers(asked["names"], seen))
    return "; ".join([*(reasons or [_nowhere(asked, seen, held_in)]), *internal])


def _has_it(asked: Mapping[str, Any], answer: Answer) -> str:
    servers = listing([server["server"] for server in _settled(answer)])
    text = f"{answer['name']} has the value on {servers}"
    aliases = sorted({server["alias"] for server in answer["servers"] if server.get("alias")})
    if aliases:
        text += f" (through the alias to {listing(aliases)})"
    others = [server for server in answer["servers"] if server["status"] not in (*_SETTLED, "unreachable")]
    text += "".join(f"; {server['server']} could not tell ({server['status']})" for server in others)
    if not _prefixed(answer["name"], asked):
        text += "; that is the domain itself, where AWS looks for providers that do not allow an underscore in a name"
    return text


def _nearly(asked: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """What is close to the record: on some servers, altered, or at a wrong name."""
    value = asked["value"]
    reasons: list[str] = []
    for answer in _answers(asked["names"], seen):
        having = [server["server"] for server in answer["servers"] if value in server["values"]]
        if having:
            lacking = [server["server"] for server in _settled(answer) if value not in server["values"]]
            reasons.append(
                f"{answer['name']} has the value on {listing(having)}, but not yet on {listing(lacking)}: "
                "DNS is still spreading it"
            )
            continue
        reasons += _altered(answer, value, _prefixed(answer["name"], asked))
    for answer in _answers(asked["strays"], seen):
        if any(value in server["values"] for server in answer["servers"]):
            reasons.append(_astray(asked, answer["name"]))
    return list(dict.fromkeys(reasons))


def _astray(asked: Mapping[str, Any], name: str) -> str:
    if _prefixed(name, asked):
        return (
            f"the value is at {name}: the DNS provider appended the zone's name a second time; "
            "enter the name with a dot at its end, or without the zone's name"
        )
    place = name.partition(".")[2]
    return (
        f"the value is at {name}, without the underscore that the name begins with: AWS does not look there. A DNS "
        f"provider that takes no underscore can have the value at the domain itself, {place}"
    )


def _altered(answer: Answer, value: str, prefixed: bool) -> list[str]:
    name = answer["name"]
    values = sorted({found for server in answer["servers"] for found in server["values"]})
    for seen in values:
        if seen.lower() == value.lower():
            return [
                f"{name} has {seen}, which differs in upper and lower case from {value}: AWS compares exactly, "
                "so the DNS provider must keep the value as it is"
            ]
        if seen.strip("\"' ") == value:
            return [f"{name} has {seen}, with quotation marks or spaces of its own: enter the value without them"]
    if values and prefixed:
        return [f"{name} has other values only ({listing(values[:3])}): add the value beside them"]
    return []


def _nowhere(asked: Mapping[str, Any], seen: Mapping[str, Any], held_in: str | None) -> str:
    answers = _answers(asked["names"], seen)
    looked = [answer for answer in answers if _settled(answer)]
    servers = listing(sorted({server["server"] for answer in looked for server in _settled(answer)}))
    parts = []
    if looked:
        parts.append(f"not on {servers} at {_listed([answer['name'] for answer in looked], asked)}")
    parts += list(
        dict.fromkeys(
            f"{server['server']} answers {answer['name']} with {server['status']}"
            for answer in answers
            for server in answer["servers"]
            # An address of a kind that this host has no way to says nothing, beside others.
            if server["status"] not in (_SETTLED if not looked else (*_SETTLED, "unreachable"))
        )
    )[:4]
    troubles = [_TROUBLES[answer["trouble"]].format(name=answer["name"]) for answer in answers if answer["trouble"]]
    if held_in and looked:
        parts.append(
            f"{held_in} has it, so the domain is perhaps delegated to other servers than that zone's"
        )
    # One is enough where nothing is known; beside facts, those of other names only confuse.
    parts += troubles[:1] if not looked else []
    return "; ".join(parts) or "no DNS server was found to ask"


def _listed(names: Sequence[str], asked: Mapping[str, Any]) -> str:
    """Names where AWS looks; the bare domains, which few use, in one word."""
    prefixed = [name for name in names if _prefixed(name, asked)]
    bare = "their domains themselves" if prefixed else listing(names)
    return listing([*prefixed, bare]) if len(prefixed) < len(names) else listing(prefixed)


def _prefixed(name: str, asked: Mapping[str, Any]) -> bool:
    return name.partition(".")[0] == str(asked["names"][0]).partition(".")[0]


def judge_published(asked: Mapping[str, Any], held_in: str | None, seen: Mapping[str, Any]) -> Verdict:
    """Whether the record is there for AWS to find."""
    text = explain(asked, seen, held_in)
    if published(asked, seen):
        return Verdict(DONE, text)
    return Verdict(WAITING, text, _told(text, seen))


def judge_verified(asked: Mapping[str, Any], held_in: str | None, raw: Mapping[str, Any]) -> Verdict:
    """Whether AWS has verified the domain."""
    state = raw["state"]
    if state == "verified":
        return Verdict(DONE, state)
    if not state:
        return Verdict(FAILED, "the endpoint service or its private DNS name is gone")
    if state != "failed":
        return Verdict(WAITING, state, advice=_FOR_EVER)
    text = explain(asked, raw["seen"], held_in)
    if published(asked, raw["seen"]):
        text += ". Public DNS has the record now: run again to start the verification again"
    return Verdict(
        FAILED,
        f"AWS did not find the TXT record (state failed). Seen now: {text}.",
        {"verification_state": state, **_told(text, raw["seen"])},
    )


def _told(text: str, seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Keys of the result of a run that ends here."""
    return {"explanation": text, "txt_found": found(seen), "dns_seen": looked_up(seen)}
