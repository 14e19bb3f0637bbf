# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What raw facts about a proxy mean: the figures, and what cannot be had on loopback or with every Python."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    xks_proxy_api,
    xks_proxy_certificate,
    xks_proxy_network,
    xks_proxy_tls,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.trust_list import Anchor
from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import Finding, first_code, merged

NAME = "xks-proxy.keys.example.com"
NOW = 1_800_000_000
DAY = 86_400
TIMED_OUT = "XKS_PROXY_TIMED_OUT"
TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"


def certificate(**changes: Any) -> dict[str, Any]:
    return {
        "subject": f"CN={NAME}", "issuer": "CN=Issuer", "common_name": NAME, "dns_names": [NAME],
        "not_before": NOW - DAY, "not_after": NOW + 100 * DAY, "key_type": "EC", "key_size": 256, "sha256": "aa" * 32,
        "self_issued": False, "issuer_urls": [], **changes,
    }


ISSUER = certificate(subject="CN=Issuer", issuer="CN=Root", sha256="bb" * 32)
ROOT = certificate(subject="CN=Root", issuer="CN=Root", sha256="cc" * 32, self_issued=True)


def facts(**changes: Any) -> dict[str, Any]:
    """A proxy without a flaw."""
    answer = {"status": 200, "document": None, "error_name": "", "ms": 20.0, "trouble": "", "detail": ""}
    chain = [certificate(), ISSUER]
    return {
        "host": "10.0.0.10", "port": 443, "address": "10.0.0.10", "asked_at": NOW, "trouble": "", "detail": "",
        "connect_ms": [10.0, 12.0, 40.0], "handshake_ms": [25.0, 30.0, 90.0], "version": "TLSv1.3",
        "suite": "TLS_AES_256_GCM_SHA384", "versions": {"TLSv1": False, "TLSv1.1": False, "TLSv1.2": True,
                                                        "TLSv1.3": True},
        "suites": {"TLS_AES_256_GCM_SHA384": True, "TLS_CHACHA20_POLY1305_SHA256": True}, "wants_certificate": False,
        "chain": chain, "unreadable": "", "trust": {"trusted": True, "detail": "", "path": [*chain, ROOT]},
        "get": {**answer, "status": 405}, "health": answer, "metadata": None, "round_trip": None, **changes,
    }


DISTANCES = [([34.9, 60.0], "ok"), ([35.0], "ok"), ([35.1, 36.0], "warning")]


@pytest.mark.parametrize(("samples", "severity"), DISTANCES)
def test_r1_35_ms_to_the_proxy(samples: list[float], severity: str) -> None:
    found = xks_proxy_network.distance(facts(connect_ms=samples))
    assert [(one.number, one.severity, one.code) for one in found] == [("R1", severity, None)]


# The network's part is two round trips: far away is not slow.
HANDSHAKES = [(1.0, 250.0, "ok", None), (1.0, 253.0, "error", TIMED_OUT), (100.0, 440.0, "warning", None)]


@pytest.mark.parametrize(("connect", "handshake", "severity", "code"), HANDSHAKES)
def test_r1_250_ms_for_a_handshake(connect: float, handshake: float, severity: str, code: str | None) -> None:
    found = xks_proxy_network.handshake(facts(connect_ms=[connect], handshake_ms=[handshake]))
    assert [(one.severity, one.code) for one in found] == [(severity, code)]


ANSWERS = [(1.0, 250.0, "ok", None), (1.0, 252.0, "error", TIMED_OUT), (100.0, 340.0, "warning", None)]


@pytest.mark.parametrize(("connect", "ms", "severity", "code"), ANSWERS)
def test_r1_250_ms_for_an_answer(connect: float, ms: float, severity: str, code: str | None) -> None:
    health = {**facts()["health"], "ms": ms}
    found = xks_proxy_api.judge(facts(connect_ms=[connect], health=health), True, "/kms/xks/v1")
    assert [(one.severity, one.code) for one in found if one.number == "R1"] == [(severity, code)]


def test_minimum_and_median() -> None:
    assert xks_proxy_network.times([30.04, 10.0, 20.0]) == {"min": 10.0, "median": 20.0}
    assert xks_proxy_network.times([]) is None


REACH = [
    ({"trouble": "unreachable", "detail": "Connection refused"}, "R26", "error", "XKS_PROXY_NOT_REACHABLE"),
    ({"trouble": "no IPv4"}, "R19", "error", "XKS_PROXY_NOT_REACHABLE"),
    ({"trouble": "unresolved"}, "R26", "unknown", None),
    ({"trouble": "hung up"}, "R26", "error", "XKS_PROXY_NOT_REACHABLE"),
    ({"trouble": "silent"}, "R1", "error", TIMED_OUT),
    ({}, "R26", "ok", None),
]


@pytest.mark.parametrize(("changes", "number", "severity", "code"), REACH)
def test_r26_reach(changes: dict[str, Any], number: str, severity: str, code: str | None) -> None:
    found = xks_proxy_network.reach(facts(**changes))
    assert (found.number, found.severity, found.code) == (number, severity, code)


CHACHA = {"TLS_AES_256_GCM_SHA384": False, "TLS_CHACHA20_POLY1305_SHA256": True}
SUITES = [
    ("eu-central-1", CHACHA, "ok"),
    ("us-gov-west-1", CHACHA, "error"),
    ("eu-central-1", {"TLS_AES_256_GCM_SHA384": None, "TLS_CHACHA20_POLY1305_SHA256": False}, "unknown"),
    ("eu-central-1", dict.fromkeys(CHACHA, False), "error"),
]


@pytest.mark.parametrize(("region", "suites", "severity"), SUITES)
def test_n2_suites(region: str, suites: dict[str, Any], severity: str) -> None:
    found = [one for one in xks_proxy_tls.judge(facts(suites=suites), region) if one.number == "N2"]
    assert [(one.severity, one.code) for one in found] == [(severity, TLS if severity == "error" else None)]


NAMES_UNKNOWN = {"trouble": "refused", "detail": "tlsv1 unrecognized name"}
REFUSALS = [
    (NAMES_UNKNOWN, {("R14", "error"), ("N1", "unknown"), ("N2", "ok")}),
    ({"trouble": "refused", "detail": "internal error"}, {("N2", "error"), ("N1", "unknown"), ("N2", "ok")}),
    ({"versions": {"TLSv1": True, "TLSv1.1": True, "TLSv1.2": None, "TLSv1.3": None}},
     {("N2", "unknown"), ("N1", "ok")}),
    ({"wants_certificate": True}, {("N1", "ok"), ("N2", "ok")}),
    ({"wants_certificate": True, "trouble": "refused", "detail": "handshake failure"}, {("N1", "error"), ("N2", "ok")}),
]


@pytest.mark.parametrize(("changes", "expected"), REFUSALS)
def test_n1_and_n2_of_a_refusal(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    found = xks_proxy_tls.judge(facts(**changes), "eu-central-1")
    assert {(one.number, one.severity) for one in found} == expected


MATCHES = [
    (NAME, True), (NAME.upper(), True), ("*.keys.example.com", True), ("*.example.com", False),
    ("*.xks-proxy.keys.example.com", False), ("xks-*.keys.example.com", False), ("keys.example.com", False),
    ("*", False), ("", False),
]


@pytest.mark.parametrize(("pattern", "match"), MATCHES)
def test_r14_a_wildcard_is_one_level_up(pattern: str, match: bool) -> None:
    assert xks_proxy_certificate.matches(pattern, NAME) is match


def judged(anchors: list[Anchor] | None = None, **changes: Any) -> list[tuple[str, str, str]]:
    found = xks_proxy_certificate.judge(facts(**changes), NAME, anchors, "the system's store")
    return [(one.what.removeprefix("certificate "), one.severity, one.found) for one in found if one.severity != "ok"]


def test_r13_expiry_is_told_in_days() -> None:
    chain = [certificate(not_after=NOW + 30 * DAY), {**ISSUER, "not_after": NOW}]
    told = judged([Anchor("root", "CN=Root", ROOT["sha256"], 0)], chain=chain)
    assert told == [
        ("dates", "warning", f"CN={NAME} is valid for 30 more days, until 2027-02-14"),
        ("dates", "error", "CN=Issuer expired on 2027-01-15"),
    ]


def test_r13_a_certificate_that_cannot_be_read_is_told() -> None:
    assert judged(chain=[], unreadable="extra data") == [("certificate", "error", "one cannot be read: extra data")]


def test_r13_a_small_key_is_told() -> None:
    chain = [certificate(key_type="RSA", key_size=1024), ISSUER]
    assert ("key", "warning", "an RSA key of 1024 bits") in judged(chain=chain)


ANCHOR = Anchor("root", "CN=Root", "cc" * 32, NOW + DAY)
OTHER = Anchor("other", "CN=Other", "dd" * 32, NOW + DAY)
NO_ISSUER = {"trusted": False, "detail": "unable to get local issuer certificate", "path": []}
CHAINS = [
    ("listed", [ANCHOR], {}, "ok", None, True),
    ("not listed", [OTHER], {}, "error", TLS, True),
    ("no list", None, {}, "unknown", None, True),
    ("listed, but ended", [Anchor("root", "CN=Root", "cc" * 32, NOW - DAY)], {}, "warning", None, True),
    ("listed by name, root not here", [ANCHOR], {"trust": NO_ISSUER}, "unknown", None, True),
    ("incomplete", [ANCHOR], {"trust": NO_ISSUER, "chain": [certificate()]}, "error", TLS, False),
    ("own root, sent", [ANCHOR], {"trust": NO_ISSUER, "chain": [certificate(), ISSUER, {**ROOT, "sha256": "ee" * 32}]},
     "error", TLS, True),
    ("in disorder", [ANCHOR], {"trust": NO_ISSUER, "chain": [certificate(), ROOT, ISSUER]}, "error", TLS, True),
    ("signature wrong", [ANCHOR], {"trust": {**NO_ISSUER, "detail": "certificate signature failure"}}, "error", TLS,
     True),
    ("path not told by Python", [ANCHOR], {"trust": {"trusted": True, "detail": "", "path": []},
                                           "chain": [certificate()]}, "unknown", None, True),
    ("not asked", [ANCHOR], {"trust": None}, "unknown", None, None),
    ("handshake broke", [ANCHOR], {"trust": {"trusted": None, "detail": "", "path": []}, "chain": [certificate()]},
     "unknown", None, None),
]


@pytest.mark.parametrize(
    ("anchors", "changes", "severity", "code", "complete"), [row[1:] for row in CHAINS], ids=[row[0] for row in CHAINS]
)
def test_r13_the_chain_and_its_root(
    anchors: list[Anchor] | None, changes: dict[str, Any], severity: str, code: str | None, complete: bool | None
) -> None:
    found = xks_proxy_certificate.judge(facts(**changes), NAME, anchors, "the system's store")[-1]
    assert (found.number, found.severity, found.code) == ("R13", severity, code)
    assert xks_proxy_certificate.complete(facts(**changes), anchors) is complete


def test_a_missing_intermediate_is_told_with_the_place_to_get_it() -> None:
    chain = [certificate(issuer_urls=["http://ca.example.com/issuer.crt"])]
    found = xks_proxy_certificate.judge(facts(chain=chain, trust=NO_ISSUER), NAME, [ANCHOR], "the system's store")[-1]
    assert "beginning with the one of CN=Issuer (published at http://ca.example.com/issuer.crt)" in found.fix


def test_findings_of_several_targets_are_merged_and_the_gravest_come_first() -> None:
    fine, bad = Finding("R26", "ok", "network", "fine"), Finding("R13", "error", "chain", "bad", code=TLS)
    found = merged([("a:443", [fine]), ("b:443", [fine, bad])])
    assert [(one.severity, one.targets) for one in found] == [("error", ("b:443",)), ("ok", ("a:443", "b:443"))]
    assert (first_code(found), first_code([fine])) == (TLS, None)
