# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate of an external key store proxy: names (R14, R53, R54), dates, chain and root (R13)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.trust_list import Anchor, same_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import (
    ERROR,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_proxy_tls import INVALID_TLS

DAY = 86400
_SOON = 30
_SMALLEST_RSA = 2048

Certificate = Mapping[str, Any]
Facts = Mapping[str, Any]


def judge(facts: Facts, server_name: str, anchors: Sequence[Anchor] | None, store: str) -> list[Finding]:
    """All there is to say about the certificate. anchors: AWS's list, or None. store: what else was trusted."""
    chain = facts["chain"]
    if facts["unreadable"]:
        fix = "Replace it, and let its authority know."
        return [Finding("R13", ERROR, "certificate", f"one cannot be read: {facts['unreadable']}", fix, INVALID_TLS)]
    if not chain:
        return []
    names = _names(chain[0], server_name)
    return [names, *_dates(chain, facts["asked_at"]), *_key(chain[0]), _root(facts, anchors, store)]


def matches(pattern: str, name: str) -> bool:
    """Whether a name of a certificate is NAME, or a wildcard in place of its first label."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    return pattern == name or (pattern.startswith("*.") and pattern[2:] == name.partition(".")[2])


def name_match(leaf: Certificate, server_name: str) -> dict[str, Any]:
    """The match by subject alternative names, and apart from it by common name, which is how AWS words it."""
    return {
        "subject_alternative_name": any(matches(one, server_name) for one in leaf["dns_names"]),
        "common_name": matches(leaf["common_name"], server_name),
        "subject_alternative_names": list(leaf["dns_names"]),
        "subject_common_name": leaf["common_name"],
    }


def _names(leaf: Certificate, server_name: str) -> Finding:
    match = name_match(leaf, server_name)
    by_alternative, by_common = match["subject_alternative_name"], match["common_name"]
    what = "certificate name"
    listed = ", ".join(leaf["dns_names"]) or "none"
    common = leaf["common_name"] or "none"
    wanted = f"{server_name} or *.{server_name.partition('.')[2]}"
    if by_alternative and by_common:
        return Finding("R14", OK, what, f"its alternative and its common name match {server_name}")
    if by_alternative:
        fix = f"AWS KMS's guide asks for the common name; let the next certificate have the common name {wanted}."
        return Finding("R53", WARNING, what, f"an alternative name matches, the common name does not: {common}", fix)
    if by_common and not leaf["dns_names"]:
        fix = "Let the next certificate have the name as alternative name too; public authorities issue no others."
        return Finding("R14", WARNING, what, f"the common name {common} matches; it has no alternative name", fix)
    fix = f"Give the proxy a certificate with {wanted} as alternative and common name; else connecting fails (R54)."
    found = f"alternative names: {listed}; common name: {common}; private DNS name: {server_name}"
    # Where there are alternative names, TLS looks at nothing else: the guide's rule holds, and connecting fails.
    return Finding("R54" if by_common else "R14", ERROR, what, found, fix, INVALID_TLS)


def days_left(certificate: Certificate, now: int) -> int:
    return int((certificate["not_after"] - now) // DAY)


def _dates(chain: Sequence[Certificate], now: int) -> list[Finding]:
    found = [_date(certificate, now) for certificate in chain]
    wrong = [finding for finding in found if finding.severity != OK]
    return wrong or found[:1]


def _date(certificate: Certificate, now: int) -> Finding:
    what = "certificate dates"
    name = certificate["subject"] or "the certificate"
    left = days_left(certificate, now)
    if certificate["not_after"] <= now:
        fix = "Renew the certificate, and let the proxy load it."
        return Finding("R13", ERROR, what, f"{name} expired on {_day(certificate['not_after'])}", fix, INVALID_TLS)
    if certificate["not_before"] > now:
        fix = "Use a certificate that is valid now, and check the clocks."
        found = f"{name} is not valid before {_day(certificate['not_before'])}"
        return Finding("R13", ERROR, what, found, fix, INVALID_TLS)
    found = f"{name} is valid for {left} more days, until {_day(certificate['not_after'])}"
    return Finding("R13", WARNING if left <= _SOON else OK, what, found, "Renew it in time." if left <= _SOON else "")


def moment(seconds: int) -> str:
    """As results have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _key(leaf: Certificate) -> list[Finding]:
    if leaf["key_type"] != "RSA" or leaf["key_size"] >= _SMALLEST_RSA:
        return []
    fix = f"Use an RSA key of {_SMALLEST_RSA} bits or more, or an elliptic curve."
    return [Finding("R13", WARNING, "certificate key", f"an RSA key of {leaf['key_size']} bits", fix)]


def end_of(chain: Sequence[Certificate]) -> Certificate:
    """The last certificate that can be reached from the first, however the proxy ordered them."""
    end, rest = chain[0], list(chain[1:])
    while not end["self_issued"]:
        issuers = [one for one in rest if one["subject"] == end["issuer"]]
        if not issuers:
            break
        end = issuers[0]
        rest.remove(end)
    return end


def complete(facts: Facts, anchors: Sequence[Anchor] | None) -> bool | None:
    """Whether the chain as served leads to a root; None where it cannot be told."""
    if not facts["chain"] or facts["trust"] is None:
        return None
    end = end_of(facts["chain"])
    if facts["trust"]["trusted"] or end["self_issued"] or _named(end, anchors):
        return True
    return None if facts["trust"]["trusted"] is None else False


def _named(end: Certificate, anchors: Sequence[Anchor] | None) -> Anchor | None:
    """The root of AWS's list that END names as its issuer; a root that was sent itself is judged by its fingerprint."""
    if end["self_issued"]:
        return None
    return next((anchor for anchor in anchors or () if same_name(anchor.owner, end["issuer"])), None)


def root(facts: Facts, anchors: Sequence[Anchor] | None, store: str) -> dict[str, Any] | None:
    """The root as a result: its name, and whether AWS's list and the trusted store have it; None: not known."""
    if not facts["chain"]:
        return None
    trust = facts["trust"] or {"trusted": None, "path": []}
    anchor = _listed(facts, anchors)
    end = trust["path"][-1] if trust["path"] else end_of(facts["chain"])
    known = bool(trust["path"]) or end["self_issued"]
    return {
        "subject": anchor.owner if anchor else end["subject"] if known else None,
        "sha256": anchor.sha256 if anchor else end["sha256"] if known else None,
        "in_aws_list": None if anchors is None else _in_list(facts, anchors),
        "aws_alias": anchor.alias if anchor else None,
        "trusted": trust["trusted"],
        "trusted_by": store,
    }


def _listed(facts: Facts, anchors: Sequence[Anchor] | None) -> Anchor | None:
    """The root of AWS's list that the chain leads to, by fingerprint."""
    known = {anchor.sha256: anchor for anchor in anchors or ()}
    trust = facts["trust"]
    # A root that the proxy sends counts only once the signatures up to it were checked.
    path = [*trust["path"], *facts["chain"]] if trust and trust["trusted"] else []
    return next((known[one["sha256"]] for one in path if one["sha256"] in known), None)


def _in_list(facts: Facts, anchors: Sequence[Anchor]) -> bool | None:
    if _listed(facts, anchors):
        return True
    trust = facts["trust"]
    if trust and trust["trusted"]:
        return False if trust["path"] else None
    return None if _named(end_of(facts["chain"]), anchors) else False


def _root(facts: Facts, anchors: Sequence[Anchor] | None, store: str) -> Finding:
    trust = facts["trust"]
    if trust is None or trust["trusted"] is None:
        fix = "Settle the other findings, and look again."
        return Finding("R13", UNKNOWN, "certificate chain", "the signatures could not be checked", fix)
    listed = _listed(facts, anchors)
    if listed:
        return _listed_root(listed, facts["asked_at"])
    if trust["trusted"]:
        return _unlisted_root(facts, anchors, store)
    end = end_of(facts["chain"])
    named = _named(end, anchors)
    if named and _issuer_missing(trust):
        fix = f"Give the certificate of {named.alias} in ca_file, so that the signatures can be checked."
        found = f"the chain ends below {end['issuer']}; AWS's list has a root of that name, {store} does not"
        return Finding("R13", UNKNOWN, "certificate chain", found, fix)
    return _untrusted(trust, store, end)


def _issuer_missing(trust: Mapping[str, Any]) -> bool:
    """OpenSSL's words for a chain that ends too early."""
    return "issuer" in trust["detail"] or "first certificate" in trust["detail"]


def _listed_root(anchor: Anchor, now: int) -> Finding:
    found = f"it leads to {anchor.alias} of AWS's list ({anchor.owner})"
    if anchor.not_after and anchor.not_after < now:
        fix = "Use a certificate of another authority of AWS's list."
        return Finding("R13", WARNING, "certificate chain", f"{found}, which ended on {_day(anchor.not_after)}", fix)
    return Finding("R13", OK, "certificate chain", found)


def _unlisted_root(facts: Facts, anchors: Sequence[Anchor] | None, store: str) -> Finding:
    path = facts["trust"]["path"]
    if not path:
        found = f"{store} trusts it, but Python on this host does not tell by which root"
        return Finding("R13", UNKNOWN, "certificate chain", found, "Use Python 3.10 or newer there.")
    name = path[-1]["subject"]
    if anchors is None:
        fix = "Name AWS's file of trusted certificate authorities in trusted_ca_file, to have that checked."
        found = f"it leads to {name}, trusted by {store}; whether AWS's list has it was not checked"
        return Finding("R13", UNKNOWN, "certificate chain", found, fix)
    fix = "Use a certificate of an authority of AWS's list, such as one that AWS Certificate Manager issues."
    return Finding("R13", ERROR, "certificate chain", f"its root is {name}, which AWS's list does not have", fix,
                   INVALID_TLS)


def _untrusted(trust: Mapping[str, Any], store: str, end: Certificate) -> Finding:
    what = "certificate chain"
    if end["self_issued"]:
        fix = "Use a certificate of a public authority of AWS's list."
        found = f"its root is {end['subject']}, which {store} does not trust"
        return Finding("R13", ERROR, what, found, fix, INVALID_TLS)
    if not _issuer_missing(trust):
        fix = "Replace the certificate that the message is about."
        return Finding("R13", ERROR, what, f"it does not verify: {trust['detail']}", fix, INVALID_TLS)
    where = f" (published at {end['issuer_urls'][0]})" if end["issuer_urls"] else ""
    fix = (
        f"Let the proxy send every certificate between its own and the root, beginning with the one of "
        f"{end['issuer']}{where}. If that is a root of your own, use a public authority of AWS's list instead."
    )
    found = (
        f"it ends with {end['subject'] or 'the certificate of the proxy'}; the issuer {end['issuer']} is neither sent "
        f"nor trusted by {store}: an intermediate certificate is missing, or the root is not trusted"
    )
    return Finding("R13", ERROR, what, found, fix, INVALID_TLS)
