# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small authoritative DNS server on loopback, UDP and TCP, whose zones are asked for at every query."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

# Zone name to records; a record set is named by owner and type and holds values in presentation format.
Records = Mapping[tuple[str, str], Sequence[str]]
Zones = Mapping[str, Records]

TTL = 60
PLAIN_UDP_LIMIT = 512
EDNS_UDP_LIMIT = 1232
CNAME_LIMIT = 8
PORT_ATTEMPTS = 20
TCP_IDLE_SECONDS = 5.0
NAME_SERVER_ADDRESS = "127.0.0.1"


class DnsServer:
    """start(), stop(), port; one port number for UDP and TCP. `zones` is called from several threads."""

    def __init__(self, zones: Callable[[], Zones], host: str = "127.0.0.1", port: int = 0) -> None:
        self._zones = zones
        self._host = host
        self._wanted_port = port
        self._servers: tuple[_Udp, _Tcp] | None = None

    @property
    def port(self) -> int:
        if self._servers is None:
            raise RuntimeError("the DNS server is not running")
        return int(self._servers[0].server_address[1])

    def start(self) -> Self:
        self._servers = self._bound()
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="dns-server", daemon=True).start()
        return self

    def stop(self) -> None:
        servers, self._servers = self._servers, None
        for server in servers or ():
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _bound(self) -> tuple[_Udp, _Tcp]:
        for attempt in range(PORT_ATTEMPTS):
            tcp = _Tcp((self._host, self._wanted_port), _TcpHandler, self._zones)
            try:
                return _Udp((self._host, tcp.server_address[1]), _UdpHandler, self._zones), tcp
            except OSError:
                # The port that TCP was given may be somebody's UDP port: try another, unless one was asked for.
                tcp.server_close()
                if self._wanted_port or attempt == PORT_ATTEMPTS - 1:
                    raise
        raise OSError("no port is free for both UDP and TCP")


def respond(wire: bytes, zones: Callable[[], Zones], limit: int | None = None) -> bytes | None:
    """The answer to one packet, or nothing for what is not a query. `limit` None is TCP: no limit."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return _format_error(wire)
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, recursion_available=True)
    try:
        _fill(response, query, zones())
    except dns.exception.DNSException:
        # A value of the zone that is not in presentation format.
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(dns.rcode.SERVFAIL)
    if limit is None:
        return response.to_wire(max_size=65535)
    try:
        return response.to_wire(max_size=max(limit, min(query.payload, EDNS_UDP_LIMIT)))
    except dns.exception.TooBig:
        return _truncated(query, response).to_wire()


def _fill(response: dns.message.Message, query: dns.message.Message, zones: Zones) -> None:
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return
    question = query.question[0]
    table = {_plain(name): _records(_plain(name), records) for name, records in zones.items()}
    name = question.name
    zone = _zone_of(_plain(str(name)), table)
    if zone is None or question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return
    response.flags |= dns.flags.AA
    for _hop in range(CNAME_LIMIT):
        found = _lookup(table[zone], _plain(str(name)), question.rdtype)
        response.answer.extend(_rrset(name, rdtype, values) for rdtype, values in found)
        alias = [values[0] for rdtype, values in found if rdtype == "CNAME" and question.rdtype != dns.rdatatype.CNAME]
        if not alias:
            break
        name = dns.name.from_text(alias[0])
        target = _zone_of(_plain(alias[0]), table)
        if target is None:
            return
        zone = target
    if not found:
        if not _exists(table[zone], _plain(str(name))):
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_rrset(dns.name.from_text(zone), "SOA", table[zone][zone, "SOA"]))


def _records(zone: str, records: Records) -> dict[tuple[str, str], Sequence[str]]:
    """The zone as served: whatever it says about its servers, they are here."""
    served = {(_plain(owner), rdtype.upper()): values for (owner, rdtype), values in records.items()}
    served[zone, "NS"] = [f"ns1.{zone}."]
    served[f"ns1.{zone}", "A"] = [NAME_SERVER_ADDRESS]
    served[zone, "SOA"] = [f"ns1.{zone}. hostmaster.{zone}. 1 7200 900 1209600 {TTL}"]
    return served


def _zone_of(name: str, table: Mapping[str, Any]) -> str | None:
    inside = [zone for zone in table if name == zone or name.endswith(f".{zone}")]
    return max(inside, key=len, default=None)


def _lookup(records: Records, name: str, rdtype: dns.rdatatype.RdataType) -> list[tuple[str, Sequence[str]]]:
    wanted = dns.rdatatype.to_text(rdtype)
    return [
        (kind, values)
        for (owner, kind), values in records.items()
        if owner == name and values and (kind in (wanted, "CNAME") or rdtype == dns.rdatatype.ANY)
    ]


def _exists(records: Records, name: str) -> bool:
    # A name that only has names below it exists as well: NODATA, not NXDOMAIN.
    return any(owner == name or owner.endswith(f".{name}") for owner, _kind in records)


def _rrset(owner: dns.name.Name, rdtype: str, values: Sequence[str]) -> dns.rrset.RRset:
    kind = dns.rdatatype.from_text(rdtype)
    # Names in values are absolute, with or without the final dot.
    records = [
        dns.rdata.from_text(dns.rdataclass.IN, kind, value, origin=dns.name.root, relativize=False) for value in values
    ]
    return dns.rrset.from_rdata_list(owner, TTL, records)


def _truncated(query: dns.message.Message, response: dns.message.Message) -> dns.message.Message:
    empty = dns.message.make_response(query, recursion_available=True)
    empty.flags |= dns.flags.TC | (response.flags & dns.flags.AA)
    empty.set_rcode(response.rcode())
    return empty


def _format_error(wire: bytes) -> bytes | None:
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + struct.pack("!HHHHH", dns.flags.QR | dns.rcode.FORMERR, 0, 0, 0, 0)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: Any, handler: Any, zones: Callable[[], Zones]) -> None:
        self.zones = zones
        super().__init__(address, handler)


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: Any, handler: Any, zones: Callable[[], Zones]) -> None:
        self.zones = zones
        super().__init__(address, handler)


class _UdpHandler(socketserver.BaseRequestHandler):
    server: _Udp
    request: tuple[bytes, socket.socket]

    def handle(self) -> None:
        wire, connection = self.request
        answer = respond(wire, self.server.zones, PLAIN_UDP_LIMIT)
        if answer is not None:
            connection.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    server: _Tcp
    timeout = TCP_IDLE_SECONDS

    def handle(self) -> None:
        try:
            while len(size := self.rfile.read(2)) == 2:
                answer = respond(self.rfile.read(int.from_bytes(size, "big")), self.server.zones)
                if answer is None:
                    return
                self.wfile.write(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            return
