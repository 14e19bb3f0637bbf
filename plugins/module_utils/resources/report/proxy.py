# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What probes of a proxy, or AWS KMS's own measurements, say of it: a title, lines and a state for each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    BAD,
    OK,
    UNKNOWN,
    WARN,
    days,
    expiry,
)

View = Mapping[str, Any]
Part = tuple[str, list[str], str]

_NOT_PROBED: Part = ("not looked at", [], UNKNOWN)


def certificates(chain: View) -> list[dict[str, Any]]:
    """The proxy's certificates, the one that ends first at the top: name, days, date, and where it was seen."""
    found = [
        {"name": leaf.get("common_name") or leaf.get("subject"), "days": leaf.get("days_left"),
         "not_after": leaf.get("not_after"), "seen": str(probe.get("target"))}
        for probe in chain["proxy"] or ()
        for leaf in [_leaf(probe)] if leaf
    ]
    store = chain["key_store"] or {}
    if store.get("certificate_days_to_expire") is not None:
        found.append({"name": store.get("certificate_name"), "days": store["certificate_days_to_expire"],
                      "not_after": None, "seen": "by AWS KMS"})
    return sorted(found, key=lambda item: (item["days"] is None, item["days"] or 0, item["seen"]))


def _leaf(probe: View) -> View:
    """The certificate of the proxy itself: the gate shows it alone, xks_proxy_info with its chain."""
    return probe.get("certificate") or next(iter(probe.get("certificate_chain") or ()), {})


def days_left(chain: View) -> int | None:
    """Until the first of them ends."""
    return next((item["days"] for item in certificates(chain)), None)


def tls(probes: Sequence[View], left: int | None) -> Part:
    """What AWS KMS meets before it can ask anything."""
    if not probes:
        return (days(left), ["measured by AWS KMS"], expiry(left)) if left is not None else _NOT_PROBED
    versions = sorted({str(probe["tls_version"]) for probe in probes if probe.get("tls_version")})
    states = [str(probe.get("predicted_connection_error_code") or "") for probe in probes]
    lines = [listing(versions) or "no handshake"]
    leaf = next(filter(None, map(_leaf, probes)), {})
    if leaf:
        issuer = str(leaf.get("issuer") or "").removeprefix("CN=").partition(",")[0]
        lines += [f"{leaf.get('key_type')} {leaf.get('key_size')}", issuer]
    state = BAD if any("TLS" in code for code in states) or not versions else expiry(left)
    return days(left) if leaf else "no certificate seen", lines, state


def health(probes: Sequence[View]) -> Part:
    """Whether the proxy answers AWS KMS, and how fast."""
    if not probes:
        return _NOT_PROBED
    reached = [probe for probe in probes if probe.get("reachable")]
    answers = [probe["health"] for probe in probes if probe.get("health")]
    title = f"{len(reached)} of {len(probes)} reachable"
    if len(reached) < len(probes):
        return title, [], WARN if reached else BAD
    if not answers:
        return title, ["no health request sent"], UNKNOWN
    wrong = [answer for answer in answers if answer.get("status") != 200]
    slowest = max((answer.get("ms") or 0 for answer in answers), default=0)
    lines = [f"health {answers[0].get('status')} in {slowest} ms", str(answers[0].get("proxy_model") or "")]
    return title, lines, BAD if wrong else OK


def key_manager(probes: Sequence[View]) -> Part:
    """The external key managers, as the proxy sees them."""
    fleet = [item for probe in probes for item in (probe.get("health") or {}).get("ekm_fleet") or ()]
    if not fleet:
        return _NOT_PROBED
    seen = {str(item.get("id")): str(item.get("health_status")) for item in fleet}
    lines = [f"{name}: {status}" for name, status in sorted(seen.items())[:4]]
    active = sum(status == "ACTIVE" for status in seen.values())
    return f"{active} of {len(seen)} active", lines, OK if active == len(seen) else WARN if active else BAD
