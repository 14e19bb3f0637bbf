# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A chain as cards in frames: what a map shows, without saying where."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.report import proxy
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.chain import exists, known, zones
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    ABSENT,
    BAD,
    CONNECTED,
    CONNECTION,
    FAILED,
    GRAVITY,
    OK,
    PLAN,
    UNKNOWN,
    UNMET,
    WARN,
    gravest,
    number,
    short,
)

View = Mapping[str, Any]
Found = tuple[str, Sequence[str], str]

# More of them in one zone are counted, not drawn.
TARGETS_DRAWN = 4

_PLACES = {
    "private_dns": "R6 R10 R11 R12 R52 R56 R57 R58 R59 R60 R61 R62 R63 R64 R65 N8 N9",
    "allowed_principals": "R9 R66 R67 R68",
    "endpoint_service": "R5 R7 R8 R16 R46 R47 R48 R51 R55 N7 N16",
    "vpc": "R3 R4 R17 R18 R19 R21 R22 R23 R24 R25",
    "load_balancer": "R29 R39 R40 R41 R42 R49 R50 N5",
    "listener": "R43 R44 R45",
    "target_group": "R30 R31 R32 R33 R34 R35 R36 R37 R38 N6",
    "tls": "R13 R14 R53 R54 N1 N2",
    "health": "R1 R15 R26",
    "key_manager": "R2 R27 R28",
    "cluster": "N11 R123 R125 R126 R128 R129 R130 R131 R145",
}
# Number of a requirement -> where a map shows that it is not met; with the key store, if it is not in here.
PLACE = {number: place for place, numbers in _PLACES.items() for number in numbers.split()}


# What a requirement can be broken by that has a card of its own.
_THINGS = ("vpc", "endpoint service", "target group", "load balancer", "listener", "private dns name", "proxy",
           "key store", "allowed principals")


@dataclass(frozen=True)
class Card:
    """One thing. kind: what it is. title: which. faults: what is wrong with it, each with the number it breaks."""

    place: str
    kind: str
    title: str
    lines: tuple[str, ...]
    state: str
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Frame:
    """Things that are in one place. lanes: the frames that stand beside its cards, such as zones."""

    title: str
    cards: tuple[Card, ...]
    lanes: tuple[Frame, ...] = ()
    dashed: bool = False

    @property
    def way(self) -> str:
        """Whether the way leads through: over each card, and over any of the lanes."""
        return gravest([*(card.state for card in self.cards), *([mildest(self.lanes)] if self.lanes else [])])


def mildest(lanes: Sequence[Frame]) -> str:
    """The state of what is best in any of the lanes: one target that works is enough."""
    return max((card.state for lane in lanes for card in lane.cards), key=GRAVITY.index, default=OK)


def frames(chain: View, requirements: Sequence[View]) -> list[Frame]:
    """The frames on the way from the keys to the key manager."""
    broken = Broken(requirements)
    region = f"AWS KMS in {chain['region']}" if chain["region"] else "AWS KMS"
    kms = Frame(region, (_keys(chain), _store(chain, broken)))
    store = chain["key_store"] or {}
    if store.get("custom_key_store_type") == "AWS_CLOUDHSM" or chain["cluster"]:
        return [kms, _cluster(chain, broken)]
    behind = Frame("Proxy and key manager", proxy_cards(chain, broken))
    configuration = store.get("xks_proxy_configuration") or {}
    if configuration.get("connectivity") == "PUBLIC_ENDPOINT":
        return [kms, behind]
    link = Frame("AWS PrivateLink", (_dns(chain, broken), _principals(chain, broken), _service(chain, broken)))
    return [kms, link, *_network(chain, broken), behind]


class Broken:
    """The requirements that are not met, by place."""

    def __init__(self, requirements: Sequence[View]) -> None:
        self._unmet = [item for item in requirements if item["status"] == UNMET]

    def at(self, place: str, kind: str) -> tuple[tuple[tuple[str, str], ...], str]:
        """What is broken there, and how grave that is."""
        found = [item for item in self._unmet if PLACE.get(item["number"], "key_store") == place]
        states = [BAD if item["blocking"] else WARN for item in found]
        told: dict[str, list[str]] = {}
        for item in found:
            told.setdefault(_fault(item, kind), []).append(str(item["number"]))
        return tuple((" ".join(numbers), text) for text, numbers in told.items()), gravest(states)

    def card(self, place: str, kind: str, title: str, lines: Sequence[str], state: str) -> Card:
        faults, worst = self.at(place, kind)
        return Card(place, kind, title, tuple(line for line in lines if line), gravest([state, worst]), faults)


def _fault(item: View, kind: str) -> str:
    """What was found. The card says already of which thing, unless it is only a part or an option of it."""
    words = list(itertools.takewhile(lambda word: word.isalpha() or "_" in word, str(item["what"]).split()))
    what = " ".join(words).removesuffix(" at")
    said = not what or any(f"{what.lower()} ".startswith(f"{thing} ") for thing in (*_THINGS, kind.lower()))
    return str(item["found"]) if said else f"{what}: {item['found']}"


def _piece(piece: Any, kind: str) -> tuple[str, str] | None:
    """Title and state where there is nothing to show: it is not there, it would be made, or nobody looked."""
    if not known(piece):
        return "not looked at", UNKNOWN
    if exists(piece):
        return None
    return (str(piece.get("name") or "would be created"), PLAN) if piece.get("planned") else ("does not exist", ABSENT)


def _store(chain: View, broken: Broken) -> Card:
    store, kind = chain["key_store"] or {}, "Key store"
    missing = _piece(chain["key_store"], kind)
    name = str(store.get("custom_key_store_name") or "")
    if missing:
        title, state = missing
        return broken.card("key_store", kind, name or title, (title,) if name else (), state)
    connection, code = store.get("connection_state"), store.get("connection_error_code")
    lines = [str(store.get("custom_key_store_id", "")), str(connection), str(code or "")]
    return broken.card("key_store", kind, name, lines, CONNECTION.get(connection, UNKNOWN))


def _keys(chain: View) -> Card:
    counts, keys = chain["key_counts"], chain["keys"]
    if counts is None and keys is not None:
        states = [str(key.get("key_state")) for key in keys]
        counts = {"total": len(states), "by_state": {state: states.count(state) for state in sorted(set(states))}}
    if counts is None:
        store = chain["key_store"]
        if known(store) and not exists(store):
            return Card("keys", "KMS keys", "none yet", (), ABSENT)
        return Card("keys", "KMS keys", "not looked at", (), UNKNOWN)
    usable = (chain["key_store"] or {}).get("connection_state") == CONNECTED or not counts["total"]
    lines = [f"{count} {state}" for state, count in counts["by_state"].items()]
    if not usable:
        lines.append("cannot be used now")
    return Card("keys", "KMS keys", number(counts["total"], "key"), tuple(lines), OK if usable else WARN)


def _dns(chain: View, broken: Broken) -> Card:
    piece, kind = chain["private_dns"], "Private DNS name"
    missing = _piece(piece, kind)
    if missing:
        lines = ["would be verified"] if missing[1] == PLAN else []
        return broken.card("private_dns", kind, missing[0], lines, missing[1])
    verified = piece.get("state")
    state = {"verified": OK, "pendingVerification": WARN, None: UNKNOWN}.get(verified, BAD)
    lines = [f"domain {verified or 'unknown'}", "TXT record published" if piece.get("found_at") else ""]
    return broken.card("private_dns", kind, str(piece.get("name")), lines, state)


def _principals(chain: View, broken: Broken) -> Card:
    pieces, kind = chain["allowed_principals"], "Allowed principal"
    if pieces is None:
        return broken.card("allowed_principals", kind, "not looked at", (), UNKNOWN)
    names = [str(item["principal"] if isinstance(item, Mapping) else item) for item in pieces]
    planned = any(isinstance(item, Mapping) and item.get("planned") for item in pieces)
    missing = not pieces or not any(exists(item) for item in pieces)
    state = PLAN if planned else ABSENT if missing else OK
    lines = [*names[1:3], f"and {len(names) - 3} more" if len(names) > 3 else "", "would be allowed" if planned else ""]
    return broken.card("allowed_principals", kind, short(names[0]) if names else "nobody", lines, state)


def _service(chain: View, broken: Broken) -> Card:
    piece, kind = chain["endpoint_service"], "Endpoint service"
    missing = _piece(piece, kind)
    if missing:
        return broken.card("endpoint_service", kind, missing[0], (), missing[1])
    name = str(piece.get("service_id") or piece.get("service_name")).rpartition(".")[2]
    available = piece.get("service_state")
    acceptance = piece.get("acceptance_required")
    lines = [str(available or ""), "acceptance required" if acceptance else "",
             number(len(piece.get("availability_zones") or ()), "zone")]
    states = {"Available": BAD if acceptance else OK, "Pending": WARN, None: UNKNOWN}
    return broken.card("endpoint_service", kind, name, lines, states.get(available, BAD))


def _network(chain: View, broken: Broken) -> list[Frame]:
    pieces = ("vpc", "load_balancer", "listener", "target_group", "targets")
    if not any(known(chain[piece]) for piece in pieces):
        unseen = Card("vpc", "VPC and load balancer", "not looked at", ("the gate looks at them",), UNKNOWN)
        return [Frame("VPC", (unseen,), dashed=True)]
    vpc = chain["vpc"] or {}
    name = (vpc.get("tags") or {}).get("Name")
    cards = (_vpc(chain, broken), _balancer(chain, broken), _listener(chain, broken), _group(chain, broken))
    lanes = tuple(_zone(zone, chain) for zone in zones(chain))
    return [Frame(f"VPC {name}" if name else "VPC", cards, lanes, dashed=not exists(chain["vpc"]))]


def _vpc(chain: View, broken: Broken) -> Card:
    piece = chain["vpc"] or {}
    missing = _piece(chain["vpc"], "VPC")
    title, state = missing or (str(piece.get("vpc_id")), OK)
    dns = [piece.get("enable_dns_support"), piece.get("enable_dns_hostnames")]
    lines = [str(piece.get("cidr_block") or ""), "DNS on" if all(dns) else "DNS off" if False in dns else ""]
    return broken.card("vpc", "VPC", title, lines, state)


def _balancer(chain: View, broken: Broken) -> Card:
    piece, kind = chain["load_balancer"] or {}, "Network Load Balancer"
    missing = _piece(chain["load_balancer"], kind)
    name = str(piece.get("load_balancer_name") or "")
    if missing:
        return broken.card("load_balancer", kind, name or missing[0], [missing[0]] if name else [], missing[1])
    code = (piece.get("state") or {}).get("code")
    zone_count = len(piece.get("availability_zones") or ())
    lines = [str(code or ""), f"{piece.get('scheme') or ''}, {number(zone_count, 'zone')}".lstrip(", ")]
    states = {"active": OK, "provisioning": WARN, "failed": BAD}
    return broken.card("load_balancer", kind, name, lines, states.get(str(code), UNKNOWN))


def _listener(chain: View, broken: Broken) -> Card:
    piece = chain["listener"] or {}
    missing = _piece(chain["listener"], "Listener")
    words, state = missing or ("", OK)
    title = f"{piece['protocol']} {piece['port']}" if piece.get("port") else words
    return broken.card("listener", "Listener", title, [words] if words != title else [], state)


def _group(chain: View, broken: Broken) -> Card:
    piece, kind = chain["target_group"] or {}, "Target group"
    missing = _piece(chain["target_group"], kind)
    name = str(piece.get("target_group_name") or "")
    if missing:
        return broken.card("target_group", kind, name or missing[0], [missing[0]] if name else [], missing[1])
    targets = chain["targets"] or ()
    healthy = sum(item.get("state") == "healthy" for item in targets)
    kept = f"{piece.get('protocol')} {piece.get('port')}, {piece.get('target_type')}"
    lines = [kept, f"{healthy} of {len(targets)} healthy"]
    return broken.card("target_group", kind, name, lines, OK if healthy > 1 else WARN if healthy else BAD)


def _zone(zone: View, chain: View) -> Frame:
    subnet, targets = zone["subnet"], zone["targets"]
    cards = [_target(target, chain) for target in targets[:TARGETS_DRAWN]]
    rest = targets[TARGETS_DRAWN:]
    if rest:
        healthy = sum(item.get("state") == "healthy" for item in rest)
        state = OK if healthy == len(rest) else BAD
        cards.append(Card("targets", "Targets", f"and {len(rest)} more", (f"{healthy} healthy",), state))
    if subnet is None:
        return Frame("Outside these subnets", tuple(cards))
    if not cards:
        cards = [Card("targets", "Targets", "none in this subnet", (), ABSENT)]
    title = f"{subnet.get('availability_zone')}  {subnet.get('cidr_block') or ''}"
    return Frame(title, tuple(cards), dashed=not exists(subnet))


def _target(target: View, chain: View) -> Card:
    address = f"{target.get('id')}:{target.get('port')}"
    if not exists(target):
        words, state = ("would be registered", PLAN) if target.get("planned") else ("is not registered", ABSENT)
        return Card("targets", "Target", address, (words,), state)
    health = str(target.get("state"))
    states = {"healthy": OK, "unhealthy": BAD, "initial": UNKNOWN, "unavailable": UNKNOWN}
    fault = "" if health == "healthy" else str(target.get("explanation") or target.get("reason") or "")
    faults = [("", fault)] if fault and states.get(health, WARN) != UNKNOWN else []
    probe = next((item for item in chain["proxy"] or () if item.get("target") == address), None)
    code = (probe or {}).get("predicted_connection_error_code")
    if code:
        faults.append(("", f"{code} if AWS KMS comes here"))
    return Card("targets", "Target", address, (health,), BAD if code else states.get(health, WARN), tuple(faults))


def proxy_cards(chain: View, broken: Broken) -> tuple[Card, ...]:
    """What a probe of the proxy found, or AWS KMS measured."""
    probes = chain["proxy"] or ()
    days = proxy.days_left(chain)
    return (
        broken.card("tls", "TLS and certificate", *proxy.tls(probes, days)),
        broken.card("health", "XKS proxy", *proxy.health(probes)),
        broken.card("key_manager", "External key manager", *proxy.key_manager(probes)),
    )


def _cluster(chain: View, broken: Broken) -> Frame:
    piece = chain["cluster"] or {}
    missing = _piece(chain["cluster"], "cluster")
    store = chain["key_store"] or {}
    name = str(store.get("cloud_hsm_cluster_id") or piece.get("cluster_id") or "")
    if missing:
        return Frame("AWS CloudHSM", (broken.card("cluster", "Cluster", name or missing[0], [missing[0]], missing[1]),))
    active = int(piece.get("active_hsms") or 0)
    state = BAD if not active or piece.get("state") != "ACTIVE" else WARN if active < 2 else OK
    failed = store.get("connection_state") == FAILED
    card = broken.card("cluster", "Cluster", name, [str(piece.get("state")), number(active, "active HSM")],
                       gravest([state, WARN if failed else OK]))
    lanes = tuple(
        Frame(zone, (Card("hsm", "HSM", "active", (), OK),)) for zone in piece.get("availability_zones") or ()
    )
    return Frame("AWS CloudHSM", (card,), lanes)
