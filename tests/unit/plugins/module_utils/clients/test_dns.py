# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS look-ups against a real DNS server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import dns.message
import dns.rcode
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import dns as client
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure

from emulator.dns_server import DnsServer

VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
RECORD = "_6e86.xks.example.com"
SERVER = {"server": "ns1.example.com", "address": "127.0.0.1"}


class World:
    """Public DNS, as far as these tests go."""

    def __init__(self) -> None:
        self.zones: dict[str, dict[tuple[str, str], list[str]]] = {"example.com": {}}
        self.port = 0

    def look_up(self, *names: str, strays: tuple[str, ...] = (), timeout: float = 2) -> dict[str, Any]:
        return client.look_up(None, names, strays, VALUE, ["127.0.0.1"], self.port, timeout)

    def servers(self, name: str, **options: Any) -> list[dict[str, Any]]:
        return self.look_up(name, **options)["answers"][0]["servers"]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    with DnsServer(lambda: world.zones) as server:
        world.port = server.port
        yield world


def test_value_is_read_from_the_servers_of_the_zone_that_holds_the_name(world: World) -> None:
    world.zones["example.com"] = {(RECORD, "TXT"): [f'"{VALUE}"', '"other"']}
    assert world.look_up(RECORD) == {
        "silent": False,
        "answers": [
            {
                "name": RECORD,
                "zone": "example.com",
                "trouble": "",
                "name_servers": ["ns1.example.com"],
                "resolver": None,
                "servers": [{**SERVER, "status": "found", "values": ["other", VALUE], "alias": ""}],
            }
        ],
    }


def test_strings_of_one_value_are_joined_and_keep_their_case(world: World) -> None:
    world.zones["example.com"] = {(RECORD, "TXT"): [f'"{VALUE[:9]}" "{VALUE[9:]}"']}
    assert world.servers(RECORD)[0]["values"] == [VALUE]


def test_delegated_zone_is_asked_instead_of_its_parent(world: World) -> None:
    world.zones = {"example.com": {(RECORD, "TXT"): ['"shadowed"']}, "xks.example.com": {(RECORD, "TXT"): ['"seen"']}}
    answer = world.look_up(RECORD)["answers"][0]
    assert answer["zone"] == "xks.example.com"
    assert answer["servers"][0]["values"] == ["seen"]


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ({}, "nxdomain"),
        ({(RECORD, "A"): ["192.0.2.1"]}, "nodata"),
        ({(f"below.{RECORD}", "TXT"): ['"x"']}, "nodata"),
    ],
)
def test_missing_record(world: World, records: dict[tuple[str, str], list[str]], status: str) -> None:
    world.zones["example.com"] = records
    assert [(server["status"], server["values"]) for server in world.servers(RECORD)] == [(status, [])]


def test_alias_in_the_same_zone_is_followed(world: World) -> None:
    world.zones["example.com"] = {
        (RECORD, "CNAME"): ["proof.example.com"], ("proof.example.com", "TXT"): [f'"{VALUE}"'],
    }
    assert world.servers(RECORD)[0] == {
        **SERVER, "status": "found", "values": [VALUE], "alias": "proof.example.com",
    }


def test_alias_into_another_zone_is_followed_to_its_servers(world: World) -> None:
    world.zones = {
        "example.com": {(RECORD, "CNAME"): ["proof.example.net"]},
        "example.net": {("proof.example.net", "TXT"): [f'"{VALUE}"']},
    }
    assert world.servers(RECORD)[0]["values"] == [VALUE]


def test_aliases_in_a_circle_end(world: World) -> None:
    world.zones["example.com"] = {(RECORD, "CNAME"): ["b.example.com"], ("b.example.com", "CNAME"): [RECORD]}
    assert world.servers(RECORD)[0]["values"] == []


def test_answer_too_long_for_udp_comes_by_tcp(world: World) -> None:
    others = [f'"{number:03}{"x" * 200}"' for number in range(20)]
    world.zones["example.com"] = {(RECORD, "TXT"): [*others, f'"{VALUE}"']}
    values = world.servers(RECORD)[0]["values"]
    assert VALUE in values
    assert len(values) == 21


def test_name_outside_every_zone_is_refused_by_the_resolver(world: World) -> None:
    seen = world.look_up("_6e86.example.org")
    assert seen["answers"] == [{
        "name": "_6e86.example.org", "zone": "", "trouble": "refused", "name_servers": [], "servers": [],
        "resolver": None,
    }]
    assert not seen["silent"]


def test_domain_that_only_a_top_level_domain_knows_has_no_zone(world: World) -> None:
    world.zones = {"com": {}}
    assert world.look_up(RECORD)["answers"][0]["trouble"] == "no zone"


def test_strays_are_asked_only_where_the_value_is_nowhere_else(world: World) -> None:
    stray = f"{RECORD}.example.com"
    world.zones["example.com"] = {(stray, "TXT"): [f'"{VALUE}"']}
    assert [answer["name"] for answer in world.look_up(RECORD, strays=(stray,))["answers"]] == [RECORD, stray]
    world.zones["example.com"] = {(RECORD, "TXT"): [f'"{VALUE}"']}
    assert [answer["name"] for answer in world.look_up(RECORD, strays=(stray,))["answers"]] == [RECORD]


def test_nobody_listening_is_silence(world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        world.port = free.getsockname()[1]
        assert world.look_up(RECORD, timeout=0.2)["silent"]


def test_closed_port_is_silence(world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        world.port = free.getsockname()[1]
    assert world.look_up(RECORD, timeout=0.5)["silent"]


def test_host_without_the_library_says_what_to_install(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HAS_DNSPYTHON", False)
    with pytest.raises(Failure, match="pip install dnspython"):
        world.look_up(RECORD)


class Moody:
    """A second name server, on another loopback address and the first one's port, that always answers the same."""

    def __init__(self, server: DnsServer, rcode: dns.rcode.Rcode) -> None:
        self.rcode = rcode
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.2", server.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                wire, client_address = self.socket.recvfrom(4096)
            except OSError:
                return
            response = dns.message.make_response(dns.message.from_wire(wire))
            response.set_rcode(self.rcode)
            self.socket.sendto(response.to_wire(), client_address)

    def __enter__(self) -> Moody:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()


@pytest.mark.parametrize(("rcode", "status"), [(dns.rcode.SERVFAIL, "servfail"), (dns.rcode.REFUSED, "refused")])
def test_each_server_is_asked_on_its_own(monkeypatch: pytest.MonkeyPatch, rcode: dns.rcode.Rcode, status: str) -> None:
    both = [("good.example.com", "127.0.0.1"), ("bad.example.com", "127.0.0.2")]
    monkeypatch.setattr(client._Lookup, "servers_of", lambda self, zone: ([name for name, dummy in both], both))
    world = World()
    world.zones["example.com"] = {(RECORD, "TXT"): [f'"{VALUE}"']}
    with DnsServer(lambda: world.zones) as server, Moody(server, rcode):
        world.port = server.port
        said = {entry["server"]: (entry["status"], entry["values"]) for entry in world.servers(RECORD)}
    assert said == {"good.example.com": ("found", [VALUE]), "bad.example.com": (status, [])}
