# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TXT records as the authoritative servers of their zones have them: no cache is in between (R63)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

# A chain of aliases that is longer leads nowhere.
_ALIASES = 8
_AT_ONCE = 16
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def look_up(
    aws: Aws | None,
    names: Sequence[str],
    strays: Sequence[str],
    value: str,
    resolvers: Sequence[str] | None,
    port: int,
    timeout: float,
) -> dict[str, Any]:
    """What each authoritative server has as TXT at NAMES. Where VALUE is at none of them, also what is at STRAYS, and
    what the resolver has that led there: a split horizon shows two different answers.

    resolvers: addresses of DNS resolvers, instead of the system's. port: of resolvers and authoritative servers.
    {"silent": no resolver answered, "answers": [{"name", "zone", "trouble", "name_servers", "servers": [...],
    "resolver": values or None if it was not asked}]}; a server is one address of a name server: {"server", "address",
    "status", "values", "alias"}, its status one of found, nodata, nxdomain, not authoritative, timeout, no answer,
    unreachable, or another rcode.
    """
    if not HAS_DNSPYTHON:
        raise Failure(
            "dnspython is needed to look TXT records up: pip install dnspython on the host that runs this module, "
            "or set verify_published to false."
        )
    looking = _Lookup(resolvers, port, timeout)
    answers = looking.answers(names)
    silent = bool(answers) and all(answer["trouble"] == "silence" for answer in answers)
    if not silent and not any(value in server["values"] for answer in answers for server in answer["servers"]):
        answers += looking.answers(strays)
        looking.ask_resolver(answers)
    return {"silent": silent, "answers": answers}


class _Lookup:
    def __init__(self, resolvers: Sequence[str] | None, port: int, timeout: float) -> None:
        self.port = port
        self.timeout = float(timeout)
        try:
            self.resolver = dns.resolver.Resolver(configure=not resolvers)
            if resolvers:
                self.resolver.nameservers = list(resolvers)
        except dns.exception.DNSException as error:
            raise Failure(f"This host has no DNS resolver: name one with the option resolvers ({error}).") from error
        except ValueError as error:
            raise Failure(f"resolvers: {error}") from error
        self.resolver.port = port
        self.resolver.lifetime = self.timeout
        self.resolver.timeout = min(2.0, self.timeout)
        # Zone -> the names of its name servers, and a label with an address for each address of them.
        self.servers: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}

    def answers(self, names: Iterable[str], hops: int = 0) -> list[dict[str, Any]]:
        """What the servers of each name's zone say."""
        names = list(dict.fromkeys(names))
        zones = dict(zip(names, _side_by_side(self.zone_of, names)))
        unknown = sorted({zone for zone, trouble in zones.values() if not trouble} - set(self.servers))
        self.servers.update(zip(unknown, _side_by_side(self.servers_of, unknown)))
        questions = [
            (name, server, address)
            for name, (zone, trouble) in zones.items()
            if not trouble
            for server, address in self.servers[zone][1]
        ]
        said = dict(zip(questions, _side_by_side(lambda question: self.ask(question[0], question[2], hops), questions)))
        return [
            {
                "name": name,
                "zone": zone,
                "trouble": trouble or ("" if self.servers[zone][1] else "no servers"),
                "name_servers": [] if trouble else self.servers[zone][0],
                "servers": [
                    {"server": server, "address": address, **answer}
                    for (asked, server, address), answer in said.items()
                    if asked == name
                ],
                "resolver": None,
            }
            for name, (zone, trouble) in zones.items()
        ]

    def ask_resolver(self, answers: Sequence[dict[str, Any]]) -> None:
        """Add what the resolver has, which may be another zone of the same name."""
        asked = [answer for answer in answers if answer["zone"]]
        names = [dns.name.from_text(answer["name"]) for answer in asked]
        told = _side_by_side(lambda name: self.resolve(name, "TXT")[0], names)
        for answer, response in zip(asked, told):
            answer["resolver"] = sorted(_text(rdata) for rdata in _records(response, dns.rdatatype.TXT))

    def zone_of(self, name: str) -> tuple[str, str]:
        """The zone that NAME is in, and what is wrong: silence, an rcode, or no zone below a top-level domain."""
        owner = dns.name.from_text(name)
        while len(owner) > 2:
            response, trouble = self.resolve(owner, "SOA")
            if trouble:
                return "", trouble
            apex = _apex(response, owner)
            if apex is not None:
                return (_plain(apex), "") if len(apex) > 2 else ("", "no zone")
            owner = owner.parent()
        return "", "no zone"

    def servers_of(self, zone: str) -> tuple[list[str], list[tuple[str, str]]]:
        """The zone's authoritative servers, and all their addresses, as far as they are found."""
        response, _trouble = self.resolve(dns.name.from_text(zone), "NS")
        names = sorted(str(rdata.target) for rdata in _records(response, dns.rdatatype.NS))
        plain = [_plain(name) for name in names]
        places = []
        for name, addresses in zip(plain, _side_by_side(self.addresses_of, names)):
            places += [(name if len(addresses) == 1 else f"{name} ({address})", address) for address in addresses]
        return plain, places

    def addresses_of(self, name: str) -> list[str]:
        kinds = ("A", "AAAA")
        told = _side_by_side(lambda kind: self.resolve(dns.name.from_text(name), kind)[0], kinds)
        return [
            str(rdata.address)
            for kind, response in zip(kinds, told)
            for rdata in _records(response, dns.rdatatype.from_text(kind))
        ]

    def resolve(self, name: Any, kind: str) -> tuple[Any, str]:
        """A resolver's response, and why there is none: refused or silence."""
        try:
            return self.resolver.resolve(name, kind, raise_on_no_answer=False, search=False).response, ""
        except dns.resolver.NXDOMAIN as error:
            return error.response(name), ""
        except dns.resolver.NoNameservers as error:
            # Each error ends with the response, if there was one.
            codes = [entry[-1].rcode() for entry in error.kwargs.get("errors", ()) if entry[-1] is not None]
            if not codes:
                return None, "silence"
            # An answer of no use, such as aliases in a circle, is no refusal.
            return None, "" if dns.rcode.NOERROR in codes else "refused"
        except (dns.exception.Timeout, OSError):
            return None, "silence"
        except dns.exception.DNSException:
            return None, ""

    def ask(self, name: str, address: str, hops: int, delegated: bool = False) -> dict[str, Any]:
        """What the server at ADDRESS has as TXT at NAME. An alias is followed to the servers of its own zone, and a
        delegation that the resolver does not know to the servers that it names."""
        query = dns.message.make_query(name, "TXT")
        query.flags &= ~dns.flags.RD
        response = self.send(query, address)
        if isinstance(response, str):
            return {"status": response, "values": [], "alias": ""}
        values = [_text(rdata) for rdata in _records(response, dns.rdatatype.TXT)]
        alias = _alias(response)
        if alias and not values and hops < _ALIASES:
            told = [server for answer in self.answers([alias], hops + 1) for server in answer["servers"]]
            values = sorted({value for server in told for value in server["values"]})
        if values:
            return {"status": "found", "values": sorted(values), "alias": alias}
        status = _status(response)
        if status == "not authoritative" and not delegated:
            places = [place for server in _referral(response, name) for place in self.addresses_of(server)]
            told = _side_by_side(lambda place: self.ask(name, place, hops, True), places[:_AT_ONCE])
            # A server of the delegated zone that lacks the value counts: AWS may ask that one.
            return min(told, key=lambda answer: len(answer["values"]), default={
                "status": status, "values": [], "alias": alias,
            })
        return {"status": status, "values": [], "alias": alias}

    def send(self, query: Any, address: str) -> Any:
        """The response; where UDP gets none or half of one, by TCP. Otherwise what went wrong, in a word."""
        try:
            return dns.query.udp_with_fallback(query, address, timeout=self.timeout, port=self.port)[0]
        except (dns.exception.DNSException, OSError):
            pass
        try:
            return dns.query.tcp(query, address, timeout=self.timeout, port=self.port)
        except dns.exception.Timeout:
            return "timeout"
        except OSError as error:
            # Such as an IPv6 address, on a host that has none.
            return "unreachable" if error.errno in _NO_WAY else "no answer"
        except (dns.exception.DNSException, EOFError):
            return "no answer"


def _side_by_side(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(call, items))


def _apex(response: Any, owner: Any) -> Any:
    """The zone's name that a response to a question for SOA tells; None where it tells nothing about OWNER."""
    if response is None:
        return None
    if response.get_rrset(response.answer, owner, dns.rdataclass.IN, dns.rdatatype.SOA):
        return owner
    if any(rrset.rdtype == dns.rdatatype.CNAME for rrset in response.answer):
        return None
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA and owner.is_subdomain(rrset.name):
            return rrset.name
    return None


def _records(response: Any, kind: Any) -> list[Any]:
    answer = response.answer if response is not None else ()
    return [rdata for rrset in answer if rrset.rdtype == kind for rdata in rrset]


def _alias(response: Any) -> str:
    """Where a chain of CNAME records in the answer ends; empty without one."""
    targets: Mapping[Any, Any] = {
        rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME
    }
    name = response.question[0].name
    for _hop in range(_ALIASES):
        if name not in targets:
            break
        name = targets[name]
    return "" if name == response.question[0].name else _plain(name)


def _referral(response: Any, name: str) -> list[str]:
    """The servers that the zone of NAME is delegated to, as a server of its parent says."""
    owner = dns.name.from_text(name)
    found = (rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.NS)
    # Further down only: a server that points back up knows nothing.
    below = (rrset for rrset in found if owner.is_subdomain(rrset.name) and len(rrset.name) > 2)
    return [str(rdata.target) for rrset in below for rdata in rrset]


def _status(response: Any) -> str:
    if response.rcode() == dns.rcode.NOERROR:
        # A server that only points elsewhere does not know whether the record is there.
        return "nodata" if response.flags & dns.flags.AA else "not authoritative"
    return str(dns.rcode.to_text(response.rcode())).lower()


def _text(rdata: Any) -> str:
    return b"".join(rdata.strings).decode("utf-8", "backslashreplace")


def _plain(name: Any) -> str:
    return str(name).rstrip(".").lower()
