# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be learned from an external key store proxy by connecting to it: raw facts, several addresses at once.

An address that does not accept a connection, or accepts and says nothing, is left after its first time-out.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients import certificates, tls_wire, xks_proxy, xks_tls
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
# The suites that AWS lists: version and number in the registry of TLS.
SUITES: Mapping[str, tuple[str, int]] = {
    "TLS_AES_256_GCM_SHA384": ("TLSv1.3", 0x1302),
    "TLS_CHACHA20_POLY1305_SHA256": ("TLSv1.3", 0x1303),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": ("TLSv1.2", 0xC030),
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": ("TLSv1.2", 0xC02C),
}
_AT_ONCE = 16
_HEALTH_TRIES = 3
# Nothing that follows would tell more about such a peer.
_HOPELESS = (xks_tls.UNREACHABLE, xks_tls.SILENT, xks_tls.HUNG_UP, xks_tls.PLAIN_HTTP, xks_tls.NOT_TLS)


@dataclass(frozen=True)
class Question:
    """What to find out. anchors: SHA-256 fingerprints of roots that count as trusted where the proxy sends them.

    credential: access_key_id and raw_secret_access_key, or None: then nothing is signed.
    quick: milliseconds; a health status that takes longer is asked for again, since one slow answer proves nothing.
    """

    server_name: str
    timeout: float
    tries: int
    quick: float
    uri_path: str | None = None
    region: str = ""
    credential: Mapping[str, str] | None = field(default=None, repr=False)
    external_key_id: str | None = None
    round_trip: bool = False
    principal_arn: str = ""
    kms_key_arn: str = ""
    ca_file: str | None = None
    anchors: frozenset[str] = frozenset()


def read_file(path: str | None) -> str | None:
    """The text of a file on the host that runs the module."""
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Failure(f"{path} cannot be read on the host that runs this module: {error.strerror}") from error


def probe(targets: Sequence[tuple[str, int]], question: Question) -> list[dict[str, Any]]:
    """Raw facts of each target, in their order; all are asked at the same time."""
    certificates.demand_library()
    if question.ca_file:
        _check_ca_file(question.ca_file)
    return _together(lambda target: _facts(target[0], target[1], question), targets)


def _check_ca_file(path: str) -> None:
    try:
        xks_tls.verifying(xks_tls.aws_context(), path, b"")
    except OSError as error:
        raise Failure(f"ca_file: {path} has no readable certificates in PEM ({error.strerror or error}).") from error


def _together(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(call, items))


def _facts(host: str, port: int, question: Question) -> dict[str, Any]:
    address, trouble = _resolved(host, port)
    facts: dict[str, Any] = {
        "host": host, "port": port, "address": address, "asked_at": int(time.time()), "trouble": trouble, "detail": "",
        "connect_ms": [],
        "handshake_ms": [], "version": None, "suite": None, "versions": {}, "suites": {}, "wants_certificate": None,
        "chain": [], "unreadable": "", "trust": None, "get": None, "health": None, "metadata": None, "round_trip": None,
    }
    if trouble:
        return facts
    place = xks_tls.Place(address, port, question.server_name, question.timeout)
    tried = _tries(place, question.tries)
    facts.update(tried)
    if tried["trouble"] not in _HOPELESS:
        facts.update(_closer_look(place, question, tried))
    try:
        facts["chain"] = certificates.described(facts["chain"])
    except ValueError as error:
        facts.update(chain=[], unreadable=str(error))
    return facts


def _resolved(host: str, port: int) -> tuple[str, str]:
    """An IPv4 address, since AWS KMS uses no other (R19), and what is wrong."""
    for family, trouble in ((socket.AF_INET, ""), (socket.AF_INET6, "no IPv4")):
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            continue
        return str(found[0][4][0]), trouble
    return "", "unresolved"


def _tries(place: xks_tls.Place, tries: int) -> dict[str, Any]:
    """The times of several connections with what AWS KMS offers; the first that fails is the last."""
    facts: dict[str, Any] = {"trouble": "", "detail": "", "connect_ms": [], "handshake_ms": [], "chain": []}
    for number in range(max(1, tries)):
        try:
            with xks_tls.Channel(place, xks_tls.aws_context()) as channel:
                facts["connect_ms"].append(channel.connect_ms)
                facts["handshake_ms"].append(channel.handshake())
                if not facts["chain"]:
                    facts["chain"] = xks_tls.served_chain(channel)
                    facts.update(version=channel.tls.version(), suite=channel.tls.cipher()[0])
        except xks_tls.Trouble as trouble:
            before = f", after {number} that went well" if number else ""
            facts.update(trouble=trouble.kind, detail=f"{trouble.detail}{before}")
            break
    return facts


def _closer_look(place: xks_tls.Place, question: Question, tried: Mapping[str, Any]) -> dict[str, Any]:
    looks = [lambda version=version: _look(place, version) for version in VERSIONS]
    suites = [lambda suite=suite: _speaks(place, *suite) for suite in SUITES.values()]
    requests = [] if tried["trouble"] else [lambda: _requests(place, question)]
    found = _together(lambda call: call(), [*looks, *suites, *requests])
    seen, spoken = found[:len(VERSIONS)], found[len(VERSIONS):len(VERSIONS) + len(SUITES)]
    chain = _fullest([tried["chain"], *(look["chain"] for look in reversed(seen))])
    facts = {
        "versions": dict(zip(VERSIONS, (look["spoken"] for look in seen))),
        "suites": dict(zip(SUITES, spoken)),
        "wants_certificate": any(look["wants_certificate"] for look in seen),
        "chain": chain,
        "trust": _trust(place, question, chain, tried, seen) if chain else None,
    }
    return {**facts, **(found[-1] if requests else {})}


def _fullest(chains: Sequence[list[bytes]]) -> list[bytes]:
    """The first chain is what AWS KMS would be served; another version may show more of the same."""
    shown = [chain for chain in chains if chain]
    return max((chain for chain in shown if chain[0] == shown[0][0]), key=len, default=[])


def _look(place: xks_tls.Place, version: str) -> dict[str, Any]:
    """A handshake in one version: whether it is spoken (None: this Python cannot ask), and what the peer shows."""
    seen: dict[str, Any] = {"spoken": None, "wants_certificate": False, "chain": [], "trouble": "", "detail": ""}
    context = xks_tls.version_context(version)
    if context is None:
        return seen
    try:
        with xks_tls.Channel(place, context) as channel:
            try:
                channel.handshake()
            except xks_tls.Trouble as trouble:
                seen.update(trouble=trouble.kind, detail=trouble.detail)
            seen["chain"] = xks_tls.served_chain(channel)
            seen["wants_certificate"] = xks_tls.wants_certificate(channel)
            seen["spoken"] = xks_tls.chosen_version(channel) == version
    except xks_tls.Trouble as trouble:
        seen.update(spoken=None, trouble=trouble.kind, detail=trouble.detail)
    return seen


def _speaks(place: xks_tls.Place, version: str, suite: int) -> bool | None:
    """Whether the peer goes on after a hello with one suite alone; None where it cannot be told."""
    hello = xks_tls.hello_with(version, suite, place.server_name)
    if not hello:
        return None
    try:
        with xks_tls.Channel(place) as channel:
            return {tls_wire.HANDSHAKE: True, tls_wire.ALERT: False}.get(channel.greet(hello))
    except xks_tls.Trouble:
        return None


def _trust(
    place: xks_tls.Place, question: Question, chain: Sequence[bytes], tried: Mapping[str, Any], seen: Sequence[Any]
) -> dict[str, Any]:
    """Whether the chain leads to a trusted root, whatever its dates and names; the path, where Python tells it."""
    spoken = [version for version, look in zip(VERSIONS, seen) if look["spoken"]]
    anchors = [der for der in chain if certificates.fingerprint(der) in question.anchors]
    lenient = xks_tls.version_context(spoken[-1]) if tried["trouble"] and spoken else None
    context = xks_tls.verifying(lenient or xks_tls.aws_context(), question.ca_file, b"".join(anchors))
    verdict: dict[str, Any] = {"trusted": True, "detail": "", "path": []}
    try:
        with xks_tls.Channel(place, context) as channel:
            try:
                channel.handshake()
            except xks_tls.Trouble as trouble:
                # One that refuses us for lack of a client certificate does so once its own was accepted.
                accepted = True if xks_tls.wants_certificate(channel) else None
                verdict["trusted"] = False if trouble.kind == xks_tls.UNTRUSTED else accepted
                verdict["detail"] = trouble.detail
            if verdict["trusted"]:
                verdict["path"] = _path(channel, chain, context)
    except xks_tls.Trouble as trouble:
        verdict.update(trusted=None, detail=trouble.detail)
    return verdict


def _path(channel: xks_tls.Channel, chain: Sequence[bytes], context: Any) -> list[dict[str, Any]]:
    try:
        told = xks_tls.verified_chain(channel)
        return certificates.described(told or certificates.path_to_root(chain, context.get_ca_certs(True)))
    except ValueError:
        return []


def _health(proxy: xks_proxy.Proxy, quick: float) -> xks_proxy.Answer:
    """The quickest of a few answers, or the first that is quick enough."""
    answers = []
    for _number in range(_HEALTH_TRIES):
        answers.append(xks_proxy.get_health_status(proxy))
        if answers[-1]["ms"] is None or answers[-1]["ms"] <= quick:
            return answers[-1]
    return min(answers, key=lambda answer: float(answer["ms"]))


def _requests(place: xks_tls.Place, question: Question) -> dict[str, Any]:
    """The answers of the proxy's API; signed ones only where there is a credential."""
    path = question.uri_path or ""
    calls: dict[str, Callable[[], Any]] = {"get": lambda: xks_proxy.get(place, f"{path}/health" if path else "/")}
    if question.credential and path:
        proxy = xks_proxy.Proxy(
            place, path, question.region, question.credential["access_key_id"],
            question.credential["raw_secret_access_key"], question.principal_arn, question.kms_key_arn,
        )
        calls["health"] = lambda: _health(proxy, question.quick)
        key_id = question.external_key_id
        if key_id:
            calls["metadata"] = lambda: xks_proxy.get_key_metadata(proxy, key_id)
        if key_id and question.round_trip:
            calls["round_trip"] = lambda: xks_proxy.round_trip(proxy, key_id)
    return dict(zip(calls, _together(lambda call: call(), list(calls.values()))))
