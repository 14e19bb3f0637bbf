# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small public DNS of real servers on loopback: BIND's named, three times.

PRIMARY has the root zone, and example.com with dynamic updates; SECONDARY has a copy of example.com, and
child.example.com, example.net and example.info as zones of its own. RESOLVER follows delegations from the root. The
same process answers on INSIDE with an internal copy of example.com, and on VPC with a private hosted zone as Route 53
makes them; AWS is a resolver like RESOLVER, with a cache of its own. named listens on the addresses of its interfaces
only, so relays bring it the others.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

from scenarios.relays import relay

PRIMARY, SECONDARY, RESOLVER, INSIDE, VPC, AWS = (f"127.0.0.{number}" for number in range(1, 7))
# Nothing listens here.
NOBODY = "127.0.0.9"
KEY = "keylink"
# Knows the server, but may not update.
STRANGER = "stranger"
TTL = 300
_ATTEMPTS = 5

_OPTIONS = """
options {{
  directory "{directory}"; port {port}; listen-on port {listen} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; lock-file none; dnssec-validation no; notify-delay 0; empty-zones-enable no; {more}
}};
controls {{ }};
key {key} {{ algorithm hmac-sha256; secret "{secret}"; }};
key {stranger} {{ algorithm hmac-sha256; secret "{strange}"; }};
"""
_PRIMARY = """
zone "." {{ type primary; file "root.zone"; }};
zone "example.com" {{
  type primary; file "example.com.zone"; allow-update {{ key {key}; }}; notify no;
}};
"""
_SECONDARY = """
zone "example.com" {{ type secondary; primaries {{ {primary}; }}; file "copy.zone"; allow-notify {{ {primary}; }}; }};
zone "child.example.com" {{ type primary; file "child.zone"; allow-update {{ key {key}; }}; }};
zone "example.net" {{ type primary; file "example.net.zone"; allow-update {{ key {key}; }}; }};
zone "example.info" {{ type primary; file "example.info.zone"; allow-update {{ key {key}; }}; }};
"""
_RESOLVER = """
view "inside" {{ match-clients {{ {inside}; }}; recursion yes;
  zone "." {{ type hint; file "hints.zone"; }};
  zone "example.com" {{ type primary; file "inside.zone"; allow-update {{ key {key}; }}; }}; }};
view "vpc" {{ match-clients {{ {vpc}; }}; recursion yes;
  zone "." {{ type hint; file "hints.zone"; }};
  zone "example.com" {{ type primary; file "vpc.zone"; allow-update {{ key {key}; }}; }}; }};
view "aws" {{ match-clients {{ {aws}; }}; recursion yes;
  zone "." {{ type hint; file "hints.zone"; }}; }};
view "open" {{ recursion yes;
  zone "." {{ type hint; file "hints.zone"; }}; }};
"""
_SOA = "$TTL 60\n@ SOA {server} hostmaster.example.com. 1 3600 600 86400 0\n"
_ZONES = {
    "hints": ". 60 NS a.root.\na.root. 60 A {primary}\n",
    "root": _SOA.format(server="a.root.") + """
@ NS a.root.
a.root. A {primary}
example.com. NS ns1.example.com.
example.com. NS ns2.example.com.
ns1.example.com. A {primary}
ns2.example.com. A {secondary}
example.net. NS ns2.example.com.
example.info. NS ns.example.info.
ns.example.info. A {secondary}
ns.example.info. A {nobody}
""",
    "example.com": _SOA.format(server="ns1") + """
@ NS ns1
@ NS ns2
ns1 A {primary}
ns2 A {secondary}
child NS ns2
""",
    "child": _SOA.format(server="ns2.example.com.") + "@ NS ns2.example.com.\n",
    "example.net": _SOA.format(server="ns2.example.com.") + "@ NS ns2.example.com.\n",
    # A name server of two addresses, one of which does not answer.
    "example.info": _SOA.format(server="ns") + "@ NS ns\nns A {secondary}\nns A {nobody}\n",
    # What is internal tells other values, but names the public servers.
    "inside": _SOA.format(server="ns1") + "@ NS ns1\n@ NS ns2\nns1 A {primary}\nns2 A {secondary}\n",
    "vpc": _SOA.format(server="ns-1536.awsdns-00.co.uk.") + """
@ NS ns-1536.awsdns-00.co.uk.
@ NS ns-0.awsdns-00.com.
@ NS ns-1024.awsdns-00.org.
@ NS ns-512.awsdns-00.net.
""",
}


def named() -> str | None:
    return shutil.which("named", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class NameServers:
    """The servers while they run. port: the one of all of them."""

    def __init__(self, ports: list[int]) -> None:
        # The one that all are asked at, and those that the processes behind the relays listen on.
        self.port, self.secondary_port, self.resolver_port = ports
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.strange_secret = base64.b64encode(secrets.token_bytes(32)).decode()

    @property
    def nsupdate(self) -> dict[str, Any]:
        """The module's option."""
        return {
            "server": PRIMARY, "port": self.port, "zone": "example.com", "key_name": KEY, "key_secret": self.secret,
        }

    def put(self, name: str, *values: str, ttl: int = TTL, server: str = PRIMARY, zone: str = "example.com") -> None:
        """Make VALUES all the TXT values there are at NAME."""
        update = self._update(zone)
        update.delete(f"{name}.", "TXT")
        for value in values:
            update.add(f"{name}.", ttl, "TXT", f'"{value}"')
        self.send(update, server)

    def alias(self, name: str, target: str) -> None:
        update = self._update("example.com")
        update.replace(f"{name}.", TTL, "CNAME", f"{target}.")
        self.send(update, PRIMARY)

    def delete(self, name: str) -> None:
        update = self._update("example.com")
        update.delete(f"{name}.")
        self.send(update, PRIMARY)

    def txt(self, name: str, server: str = PRIMARY) -> tuple[int, list[str]] | None:
        """TTL and values at NAME."""
        response = dns.query.tcp(dns.message.make_query(name, "TXT"), server, port=self.port, timeout=5)
        for found in response.answer:
            if found.rdtype == dns.rdatatype.TXT:
                return found.ttl, sorted(b"".join(rdata.strings).decode() for rdata in found)
        return None

    def spread(self) -> None:
        """Tell the secondary server that there is something new, and wait until it has it."""
        notice = dns.message.make_query("example.com", "SOA")
        notice.set_opcode(dns.opcode.NOTIFY)
        notice.flags = dns.opcode.to_flags(dns.opcode.NOTIFY) | dns.flags.AA
        dns.query.udp(notice, PRIMARY, port=self.secondary_port, timeout=5)
        _until(lambda: self.serial(SECONDARY) == self.serial(PRIMARY))

    @contextlib.contextmanager
    def spreading(self) -> Iterator[None]:
        """Keep the secondary server up to date, as NOTIFY does."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(0.05):
                # A busy machine may be late; the next round goes on.
                with contextlib.suppress(dns.exception.DNSException, OSError):
                    if self.serial(SECONDARY) != self.serial(PRIMARY):
                        self.spread()

        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def serial(self, server: str) -> int:
        response = dns.query.udp(dns.message.make_query("example.com", "SOA"), server, port=self.port, timeout=5)
        return int(response.answer[0][0].serial) if response.answer else 0

    def send(self, update: Any, server: str) -> None:
        response = dns.query.tcp(update, server, port=self.port, timeout=5)
        assert response.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(response.rcode())

    def _update(self, zone: str) -> Any:
        return dns.update.UpdateMessage(zone, keyring=dns.tsig.Key(KEY, self.secret, "hmac-sha256"))


def _until(true: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("the DNS servers did not do it")
        time.sleep(0.02)


@contextlib.contextmanager
def running(directory: Path) -> Iterator[NameServers]:
    """The servers, on ports that nobody took between the look for free ones and the start."""
    with contextlib.ExitStack() as stack:
        for attempt in range(_ATTEMPTS):
            with contextlib.suppress(*((OSError,) if attempt + 1 < _ATTEMPTS else ())):
                servers = stack.enter_context(_started(directory / str(attempt)))
                break
        yield servers


@contextlib.contextmanager
def _started(directory: Path) -> Iterator[NameServers]:
    servers = NameServers(_free_ports())
    places = {
        "primary": PRIMARY, "secondary": SECONDARY, "inside": INSIDE, "vpc": VPC, "aws": AWS, "nobody": NOBODY,
        "key": KEY,
    }
    roles = {
        "primary": (_PRIMARY, servers.port, "recursion no;"),
        "secondary": (_SECONDARY, servers.secondary_port, "recursion no;"),
        "resolver": (_RESOLVER, servers.resolver_port, "max-cache-ttl 1; max-ncache-ttl 0;"),
    }
    behind = {SECONDARY: servers.secondary_port, **dict.fromkeys((RESOLVER, INSIDE, VPC, AWS), servers.resolver_port)}
    with contextlib.ExitStack() as stack:
        for role, (text, listen, more) in roles.items():
            home = directory / role
            home.mkdir(parents=True)
            for zone, content in _ZONES.items():
                (home / f"{zone}.zone").write_text(content.format(**places), encoding="utf-8")
            options = _OPTIONS.format(
                directory=home, port=servers.port, listen=listen, more=more,
                key=KEY, secret=servers.secret, stranger=STRANGER, strange=servers.strange_secret,
            )
            (home / "named.conf").write_text(options + text.format(**places), encoding="utf-8")
            stack.enter_context(_process(home))
        for address, port in behind.items():
            stack.enter_context(relay(address, servers.port, port))
        for address in (PRIMARY, SECONDARY, RESOLVER):
            _until(partial(_answers, servers.port, address))
        yield servers


@contextlib.contextmanager
def _process(home: Path) -> Iterator[None]:
    with (home / "log").open("wb") as log:
        command = [str(named()), "-g", "-n", "1", "-c", str(home / "named.conf")]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, address: str) -> bool:
    query = dns.message.make_query("example.com", "SOA")
    try:
        return dns.query.udp(query, address, port=port, timeout=0.3).rcode() == dns.rcode.NOERROR
    except (dns.exception.DNSException, OSError):
        return False


def _free_ports() -> list[int]:
    """A port that is free on all the addresses, and two more; each for UDP and TCP."""
    for _attempt in range(50):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            ports = [_bound(stack, address, 0) for address in (PRIMARY, PRIMARY, PRIMARY)]
            for address in (SECONDARY, RESOLVER, INSIDE, VPC, AWS):
                _bound(stack, address, ports[0])
            return ports
    raise OSError("no port is free on all the addresses")


def _bound(stack: contextlib.ExitStack, address: str, port: int) -> int:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        held = stack.enter_context(socket.socket(socket.AF_INET, kind))
        held.bind((address, port))
        port = int(held.getsockname()[1])
    return port
