# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone with dynamic updates (RFC 2136), signed with TSIG where there is a key: BIND, Knot, PowerDNS and others."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdataset
    import dns.rdatatype
    import dns.tsig
    import dns.update

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

# How often a change is tried that somebody else's came before.
_TRIES = 6
# The prerequisites of an update do not hold: another writer was faster.
_OVERTAKEN = ("NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN")
_MEANING = {
    "REFUSED": "its policy does not let {who} do that: see allow-update, update-policy and allow-query of BIND, acl of "
    "Knot. Some DNS providers refuse a name that begins with an underscore this way",
    "NOTAUTH": "it does not serve the zone as its primary: give the primary server, and the zone's name as it has it",
    "NOTZONE": "the name is not in the zone",
    "NOTIMP": "it does not know dynamic updates: publish the record by hand, with publish=none",
    "SERVFAIL": "it cannot write the zone: is it frozen, is its file or journal not writable, or is this a secondary "
    "server that cannot reach its primary? Its log tells",
    "FORMERR": "it does not understand the update",
    "BADKEY": "it does not know {who}, or knows it for another algorithm: compare key_name and key_algorithm",
    "BADSIG": "it has another secret for {who}: compare key_secret, and key_algorithm",
    "BADTIME": "its clock and the clock of this host are more than five minutes apart",
    "BADTRUNC": "it does not take a signature of that length",
    "UNSIGNED": "its answer is not signed with {who}, so that anybody may have sent it. A server that does not serve "
    "the zone may answer that way: compare zone",
    "DELEGATED": "it has delegated the name to other servers: give the zone that holds it, and its primary server",
}


class Refused(Exception):
    """What a server says instead of doing it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DynamicZone:
    """options: the module's option nsupdate. timeout: seconds for one answer."""

    def __init__(self, options: Mapping[str, Any], timeout: float, clock: Clock) -> None:
        if not HAS_DNSPYTHON:
            raise Failure("dnspython is needed for dynamic updates: pip install dnspython where the module runs.")
        self.server: str = options["server"]
        self.port: int = options["port"]
        self.timeout = timeout
        self.clock = clock
        self.tcp = options["protocol"] == "tcp"
        self.zone = dns.name.from_text(options["zone"])
        self.who = f"the key {options['key_name']}" if options["key_name"] else "unsigned requests of this host"
        self.key: Any = None
        if options["key_name"]:
            self.key = dns.tsig.Key(options["key_name"], options["key_secret"], algorithm=options["key_algorithm"])
        self._address = ""

    def zones(self, zone_id: str | None, name: str | None) -> list[dict[str, Any]]:
        """The zone, if the server is one of its own."""
        what = f"the zone {self._plain(self.zone)}"
        try:
            response = self._ask(self.zone, "SOA")
        except Refused as refused:
            if refused.code in ("NXDOMAIN", "NOTAUTH", "DELEGATED"):
                return []
            raise self._failure("to tell about", what, refused.code) from refused
        held = response.get_rrset(response.answer, self.zone, dns.rdataclass.IN, dns.rdatatype.SOA)
        return [{"Id": self._plain(self.zone), "Name": str(self.zone)}] if held else []

    def record_sets(self, zone_id: str, name: str) -> list[dict[str, Any]]:
        try:
            return [
                {
                    "Name": name,
                    "Type": dns.rdatatype.to_text(found.rdtype),
                    "TTL": found.ttl,
                    "ResourceRecords": [{"Value": _shown(rdata)} for rdata in found],
                }
                for found in self._sets(dns.name.from_text(name))
            ]
        except Refused as refused:
            raise self._failure("to tell about", f"TXT {name}", refused.code) from refused

    def change(self, zone_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Add or remove one value on the condition that the set still is what was just read: nobody's value is lost,
        whoever else writes at the same time."""
        name, code = record["name"], ""
        for attempt in range(_TRIES):
            if attempt:
                self.clock.sleep(self.clock.jitter() * 0.05 * 2**attempt)
            try:
                self._change(dns.name.from_text(name), record)
            except Refused as refused:
                code = refused.code
                if code not in _OVERTAKEN:
                    raise self._failure("a dynamic update of", f"TXT {name}", code) from refused
            else:
                return {"Id": ""}
        raise Failure(
            f"TXT {name} in the zone {self._plain(self.zone)} was changed by somebody else each time before this "
            f"change of it ({_TRIES} times, {code}). Nothing of theirs is lost: run again.",
            error={"code": code, "message": "the prerequisites of the update do not hold"},
        )

    def _change(self, name: Any, record: Mapping[str, Any]) -> None:
        held = next((found for found in self._sets(name) if found.rdtype == dns.rdatatype.TXT), None)
        ours = [rdata for rdata in held or () if _text(rdata) == record["value"]]
        if bool(ours) == record["present"]:
            return
        update = dns.update.UpdateMessage(self.zone, keyring=self.key)
        if held:
            # This set and nothing else, value by value.
            update.present(name, dns.rdataset.from_rdata_list(0, list(held)))
        else:
            update.absent(name, dns.rdatatype.TXT)
        if record["present"]:
            # All records of a set have one TTL: another one would change that of the others.
            value = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, f'"{record["value"]}"')
            update.add(name, held.ttl if held else record["after"]["ttl"], value)
        for rdata in ours:
            update.delete(name, rdata)
        self._send(update)

    def _sets(self, name: Any) -> list[Any]:
        """The TXT record set at NAME, or the CNAME in its place."""
        try:
            response = self._ask(name, "TXT")
        except Refused as refused:
            if refused.code == "NXDOMAIN":
                return []
            raise
        return [found for found in response.answer if found.name == name]

    def _ask(self, name: Any, kind: str) -> Any:
        query = dns.message.make_query(name, kind)
        query.flags &= ~dns.flags.RD
        if self.key:
            query.use_tsig(self.key)
        response = self._send(query)
        if not response.flags & dns.flags.AA:
            raise Refused("DELEGATED" if response.authority else "NOTAUTH")
        return response

    def _send(self, message: Any) -> Any:
        """The answer to a query or an update; what is no success is raised."""
        try:
            response = self._exchange(message)
        except dns.tsig.PeerBadKey as error:
            raise Refused("BADKEY") from error
        except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature) as error:
            raise Refused("BADSIG") from error
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
            raise Refused("BADTIME") from error
        except dns.tsig.PeerBadTruncation as error:
            raise Refused("BADTRUNC") from error
        except (dns.exception.DNSException, OSError, EOFError) as error:
            # dnspython's own refusal of an unsigned answer, which others of its versions leave to the caller.
            if self.key and isinstance(error, dns.exception.FormError):
                raise Refused("UNSIGNED") from error
            way = "tcp" if self.tcp else "udp"
            raise Failure(
                f"nsupdate: no answer from {self.server}, port {self.port}, {way}: {error or type(error).__name__}. "
                "Check server, port and protocol, and firewalls on the way. The next run looks what has become of it."
            ) from error
        if response.rcode() != dns.rcode.NOERROR:
            raise Refused(dns.rcode.to_text(response.rcode()))
        if self.key and not response.had_tsig:
            raise Refused("UNSIGNED")
        return response

    def _exchange(self, message: Any) -> Any:
        address = self._resolved()
        if not self.tcp:
            response = dns.query.udp(message, address, timeout=self.timeout, port=self.port)
            if not response.flags & dns.flags.TC:
                return response
        return dns.query.tcp(message, address, timeout=self.timeout, port=self.port)

    def _resolved(self) -> str:
        if not self._address:
            found = socket.getaddrinfo(self.server, self.port, type=socket.SOCK_STREAM)
            self._address = str(found[0][4][0])
        return self._address

    def _failure(self, tried: str, what: str, code: str) -> Failure:
        meaning = _MEANING.get(code, "its log tells why").format(who=self.who)
        return Failure(
            f"nsupdate: {self.server}, port {self.port}, refused {tried} {what} with {code}: {meaning}.",
            error={"code": code, "message": meaning},
        )

    @staticmethod
    def _plain(name: Any) -> str:
        return str(name).rstrip(".").lower()


def _text(rdata: Any) -> str:
    return b"".join(rdata.strings).decode("utf-8", "backslashreplace")


def _shown(rdata: Any) -> str:
    """A record's value as Route 53 writes it: quoted strings, with octal escapes."""
    if rdata.rdtype != dns.rdatatype.TXT:
        return str(rdata)
    return " ".join(f'"{"".join(_escaped(string))}"' for string in rdata.strings)


def _escaped(string: bytes) -> Iterable[str]:
    for byte in string:
        if byte in b'"\\':
            yield f"\\{chr(byte)}"
        else:
            yield chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
