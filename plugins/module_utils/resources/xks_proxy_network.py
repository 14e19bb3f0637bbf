# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to an external key store proxy: whether it can be reached, and how far away it is (R1, R19, R26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import (
    ERROR,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
)

# AWS's figures, in milliseconds: the round trip to the Region, and the time for an answer.
ROUND_TRIP = 35.0
ANSWER = 250.0
NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
TIMED_OUT = "XKS_PROXY_TIMED_OUT"

Facts = Mapping[str, Any]

_WAY = "Check that the proxy runs, and that firewalls, security groups and routes let this host through to its port."


def times(samples: Sequence[float]) -> dict[str, float] | None:
    """Milliseconds as a result has them; None where nothing was measured."""
    if not samples:
        return None
    return {"min": round(min(samples), 1), "median": round(median(samples), 1)}


def reach(facts: Facts) -> Finding:
    """Whether it can be reached at all."""
    trouble, detail = facts["trouble"], facts["detail"]
    what = "network"
    if trouble == "unresolved":
        fix = "Give its addresses in targets: a private DNS name needs no address record (R64)."
        return Finding("R26", UNKNOWN, what, f"{facts['host']} does not resolve on this host", fix)
    if trouble == "no IPv4":
        return Finding("R19", ERROR, what, f"{facts['host']} has no IPv4 address", "Give an IPv4 address.",
                       NOT_REACHABLE)
    if trouble == "unreachable":
        return Finding("R26", ERROR, what, f"no TCP connection: {detail}", _WAY, NOT_REACHABLE)
    if trouble == "hung up":
        fix = "Check that the proxy runs behind this address; a load balancer without healthy targets does the same."
        return Finding("R26", ERROR, what, f"the connection is accepted, then: {detail}", fix, NOT_REACHABLE)
    if trouble == "silent":
        fix = "Check that the proxy itself listens there, and its load."
        return Finding("R1", ERROR, what, f"the connection is accepted, then {detail}", fix, TIMED_OUT)
    return Finding("R26", OK, what, "the proxy accepts connections from this host")


def distance(facts: Facts) -> list[Finding]:
    """The round trip that a TCP connection takes."""
    taken = times(facts["connect_ms"])
    if taken is None:
        return []
    found = f"a TCP connection from this host takes {taken['min']:g} ms at least, {taken['median']:g} ms as a rule"
    if taken["min"] <= ROUND_TRIP:
        return [Finding("R1", OK, "round trip", found)]
    fix = "Measure from a host in the VPC. If it is the same there, use a Region nearer to the proxy, or a faster link."
    return [Finding("R1", WARNING, "round trip", found, fix)]


def handshake(facts: Facts) -> list[Finding]:
    """How long TLS takes. Two round trips are the network's, which may be longer from here than from the Region."""
    taken = times(facts["handshake_ms"])
    if taken is None:
        return []
    found = f"a TLS handshake takes {taken['min']:g} ms at least, {taken['median']:g} ms as a rule"
    if taken["min"] <= ANSWER:
        return [Finding("R1", OK, "TLS handshake", found)]
    if taken["min"] - 2 * min(facts["connect_ms"]) <= ANSWER:
        fix = "The distance to this host makes it slow. Measure from a host in the VPC."
        return [Finding("R1", WARNING, "TLS handshake", found, fix)]
    fix = "Check the load of the proxy."
    return [Finding("R1", ERROR, "TLS handshake", f"{found}; AWS KMS waits 250 ms for an answer", fix, TIMED_OUT)]
