# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS server, asked as resolvers ask it: over UDP and TCP on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.resolver
import pytest

from emulator.dns_server import DnsServer

TOKEN = "_6e86v84tqgqubxbwii1m"
VALUE = '"vpce:l6p0ERxlTt45jevFwOCp"'
LONG = [f'"{letter * 200}"' for letter in "abcdefgh"]

Records = dict[tuple[str, str], Sequence[str]]


def new_zones() -> dict[str, Records]:
    return {
        "example.com": {
            (f"{TOKEN}.xks.example.com", "TXT"): [VALUE, '"of a sibling"'],
            ("two.example.com", "TXT"): ['"first half, " "second half"'],
            ("big.example.com", "TXT"): LONG,
            ("alias.example.com", "CNAME"): ["two.example.com"],
            ("away.example.com", "CNAME"): ["elsewhere.example.net."],
            ("broken.example.com", "A"): ["not an address"],
            ("example.com", "NS"): ["ns-1.awsdns-01.org."],
        },
        "deep.example.com": {("host.deep.example.com", "A"): ["192.0.2.7"]},
    }


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    zones = new_zones()
    with DnsServer(lambda: zones) as running:
        yield running


def ask(server: DnsServer, name: str, rdtype: str, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype)
    exchange = dns.query.tcp if tcp else dns.query.udp
    return exchange(query, "127.0.0.1", timeout=5, port=server.port)


def texts(answer: dns.message.Message) -> list[str]:
    return sorted(record.to_text() for rrset in answer.answer for record in rrset)


CASES = [
    (f"{TOKEN}.xks.example.com", "TXT", "NOERROR", ['"of a sibling"', VALUE]),
    (f"{TOKEN.upper()}.XKS.Example.COM", "TXT", "NOERROR", ['"of a sibling"', VALUE]),
    ("two.example.com", "TXT", "NOERROR", ['"first half, " "second half"']),
    ("alias.example.com", "TXT", "NOERROR", ['"first half, " "second half"', "two.example.com."]),
    ("away.example.com", "A", "NOERROR", ["elsewhere.example.net."]),
    ("alias.example.com", "CNAME", "NOERROR", ["two.example.com."]),
    ("example.com", "NS", "NOERROR", ["ns1.example.com."]),
    ("ns1.example.com", "A", "NOERROR", ["127.0.0.1"]),
    ("deep.example.com", "NS", "NOERROR", ["ns1.deep.example.com."]),
    ("host.deep.example.com", "A", "NOERROR", ["192.0.2.7"]),
    ("two.example.com", "A", "NOERROR", []),
    ("xks.example.com", "TXT", "NOERROR", []),
    ("absent.example.com", "TXT", "NXDOMAIN", []),
    ("absent.deep.example.com", "A", "NXDOMAIN", []),
    ("example.net", "TXT", "REFUSED", []),
    ("notexample.com", "TXT", "REFUSED", []),
    ("broken.example.com", "A", "SERVFAIL", []),
]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize(("name", "rdtype", "code", "values"), CASES, ids=lambda value: str(value)[:40])
def test_answers(server: DnsServer, name: str, rdtype: str, code: str, values: list[str], tcp: bool) -> None:
    answer = ask(server, name, rdtype, tcp)
    assert dns.rcode.to_text(answer.rcode()) == code
    assert texts(answer) == values


@pytest.mark.parametrize("name", ["absent.example.com", "xks.example.com"])
def test_nothing_is_said_with_the_soa(server: DnsServer, name: str) -> None:
    answer = ask(server, name, "TXT")
    assert [str(rrset.name) for rrset in answer.authority] == ["example.com."]
    assert answer.authority[0].rdtype.name == "SOA"


def test_flags_are_of_an_authority_that_also_resolves(server: DnsServer) -> None:
    flags = ask(server, "example.com", "SOA").flags
    assert flags & dns.flags.AA
    assert flags & dns.flags.RA
    assert not ask(server, "example.net", "SOA").flags & dns.flags.AA


def test_big_answers_are_cut_over_udp_and_whole_over_tcp(server: DnsServer) -> None:
    cut = ask(server, "big.example.com", "TXT")
    assert cut.flags & dns.flags.TC
    assert texts(cut) == []
    assert texts(ask(server, "big.example.com", "TXT", tcp=True)) == sorted(LONG)


def test_a_stub_resolver_works_unmodified(server: DnsServer) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port
    assert sorted(record.to_text() for record in resolver.resolve("big.example.com", "TXT")) == sorted(LONG)
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("absent.example.com", "TXT")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("xks.example.com", "TXT")


def test_a_change_of_the_zones_counts_at_the_next_query() -> None:
    zones = new_zones()
    with DnsServer(lambda: zones) as server:
        assert ask(server, "late.example.com", "TXT").rcode() == dns.rcode.NXDOMAIN
        zones["example.com"]["late.example.com", "TXT"] = ['"vpce:Here"']
        assert texts(ask(server, "late.example.com", "TXT")) == ['"vpce:Here"']
        del zones["example.com"]
        assert ask(server, "late.example.com", "TXT").rcode() == dns.rcode.REFUSED


def test_rubbish_gets_a_format_error_and_does_no_harm(server: DnsServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"short", ("127.0.0.1", server.port))
        client.sendto(b"\xab\xcd\x01\x00" + b"\xff" * 20, ("127.0.0.1", server.port))
        answer = dns.message.from_wire(client.recv(512))
    assert (answer.id, answer.rcode()) == (0xABCD, dns.rcode.FORMERR)
    assert texts(ask(server, "ns1.example.com", "A")) == ["127.0.0.1"]


def test_other_opcodes_are_not_implemented(server: DnsServer) -> None:
    query = dns.message.make_query("example.com", "SOA")
    query.set_opcode(dns.opcode.STATUS)
    assert dns.query.udp(query, "127.0.0.1", timeout=5, port=server.port).rcode() == dns.rcode.NOTIMP


def test_a_wanted_port_is_taken_and_given_back() -> None:
    nothing: Mapping[str, Records] = {}
    with DnsServer(lambda: nothing) as first:
        port = first.port
        with pytest.raises(OSError, match="in use"):
            DnsServer(lambda: nothing, port=port).start()
    with DnsServer(lambda: nothing, port=port) as second:
        assert second.port == port
    with pytest.raises(RuntimeError):
        second.port.bit_length()
