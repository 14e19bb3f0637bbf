# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that a private DNS name is its owner's: a TXT record in public DNS."""

from __future__ import annotations

import re
import secrets
import string
from functools import partial

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from ..errors import AwsError
from ..public_dns import public_records
from ..registry import Call
from ..world import World
from .service_state import EndpointService

_LABEL = re.compile(r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$")
_RESOLVE_SECONDS = 1.0


def check_name(name: str) -> str:
    """Lower-case labels of at most 63, 255 in all, at least two; a wildcard only as the first."""
    labels = name.removeprefix("*.").split(".")
    if len(labels) < 2 or len(name) > 255 or not all(_LABEL.match(label) for label in labels):
        raise AwsError("InvalidParameter", f"The private DNS name {name} is not valid.")
    return name


def assign(call: Call, service: EndpointService, name: str | None) -> None:
    """A name starts over as pending, with a record of its own; the same name stays what it was."""
    if name == service.private_dns_name:
        return
    service.private_dns_name = None if name is None else check_name(name)
    service.dns_state = "pendingVerification"
    service.dns_round += 1
    letters = string.ascii_letters + string.digits
    service.dns_name = "_" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for dummy in range(19))
    service.dns_value = "vpce:" + "".join(secrets.choice(letters) for dummy in range(20))


def start(call: Call, service: EndpointService) -> None:
    if service.private_dns_name is None:
        text = f"The service {service.id} does not have a private DNS name to verify"
        raise AwsError("InvalidParameter", text)
    if service.dns_state == "verified":
        text = f"The private DNS name of service {service.id} is already verified"
        raise AwsError("IncorrectState", text)
    # A failed name is looked at anew.
    service.dns_state = "pendingVerification"
    service.dns_round += 1
    call.later("dns_verification", partial(_finish, call.world, service, service.dns_round))


def _finish(world: World, service: EndpointService, started: int) -> None:
    if service.dns_round == started:
        service.dns_state = "verified" if is_published(world, service) else "failed"


def candidates(service: EndpointService) -> list[str]:
    """Where AWS looks: below the name and its parents, and at these themselves for providers without underscores."""
    labels = (service.private_dns_name or "").removeprefix("*.").split(".")
    parents = [".".join(labels[index:]) for index in range(len(labels) - 1)]
    return [f"{service.dns_name}.{parent}" for parent in parents] + parents


def is_published(world: World, service: EndpointService) -> bool:
    server = world.settings.dns_server
    for name in candidates(service):
        values = _asked(server, name) if server else public_records(world, name, "TXT")
        # The value is compared as it is: a provider that lower-cases it breaks the proof.
        if service.dns_value in values:
            return True
    return False


def _asked(server: str, name: str) -> list[str]:
    host, dummy, port = server.rpartition(":")
    query = dns.message.make_query(name, dns.rdatatype.TXT)
    try:
        answer = dns.query.udp_with_fallback(query, host, timeout=_RESOLVE_SECONDS, port=int(port))[0]
    except (dns.exception.DNSException, OSError):
        return []
    found = [rdata for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for rdata in rrset]
    return [b"".join(rdata.strings).decode() for rdata in found]
