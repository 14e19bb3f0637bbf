# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says about a proxy, with each cause made real: a row per error code and cause, over real TLS."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import pki
from emulator.connect import (
    ConnectResult,
    KeyResult,
    check_proxy,
    describe_external_key,
)
from emulator.peers import Peer, answering, dripping, hanging_up, resetting, silent
from emulator.proxy import DEGRADED, UNAVAILABLE, Behaviour, ExternalKey, XksProxy
from emulator.proxy.errors import STATUS

NAME = "myproxy-private.xks.example.com"
KEY_ID = "AAAAAAAAAAAAAAAAAAAA"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="
# Answers that a test waits for get all the time a busy machine needs; the 250 ms have a test of their own.
PATIENCE = 5.0

TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
RESPONSE = "XKS_PROXY_INVALID_RESPONSE"
UNREACHABLE = "XKS_PROXY_NOT_REACHABLE"
TIMED_OUT = "XKS_PROXY_TIMED_OUT"


@dataclasses.dataclass(frozen=True)
class House:
    """Certificates made once for the file."""

    directory: Path
    root: pki.Issued
    stranger: pki.Issued
    intermediate: pki.Issued

    def files(self, leaf: pki.Issued, stem: str, complete: bool = True) -> pki.Files:
        return pki.write_leaf(self.directory, self.root, leaf, stem, complete)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    root = pki.new_root()
    return House(tmp_path_factory.mktemp("pki"), root, pki.new_root("stranger"), pki.new_intermediate(root))


@pytest.fixture(scope="module")
def good(house: House) -> pki.Files:
    return house.files(pki.issue_leaf(house.root, NAME), "good")


def proxy_with(files: pki.Files, behaviour: Behaviour | None = None) -> XksProxy:
    return XksProxy(
        certificate=files.chain,
        private_key=files.key,
        credentials={KEY_ID: SECRET},
        uri_path_prefix="/example",
        keys={
            "good": ExternalKey(),
            "disabled": ExternalKey(status="DISABLED"),
            "short": ExternalKey(spec="AES_128"),
            "encrypt-only": ExternalKey(usage=("ENCRYPT",)),
            "extra": ExternalKey(usage=("ENCRYPT", "DECRYPT", "WRAP")),
        },
        behaviour=behaviour,
    )


def check(files: pki.Files, *targets: tuple[str, int], **changes: Any) -> ConnectResult:
    options: dict[str, Any] = {
        "server_name": NAME,
        "uri_path": "/example/kms/xks/v1",
        "access_key_id": KEY_ID,
        "raw_secret_access_key": SECRET,
        "ca_file": str(files.ca),
        "region": "eu-central-1",
        "timeout": PATIENCE,
        "handshake_timeout": PATIENCE,
    }
    result = check_proxy(targets, **(options | changes))
    assert SECRET not in result.detail
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


BEHAVIOURS: list[tuple[str, Behaviour, str | None, str]] = [
    ("healthy", Behaviour(), None, "healthy: ACTIVE, ACTIVE"),
    ("one manager left", Behaviour(health=[UNAVAILABLE, DEGRADED]), None, "UNAVAILABLE, DEGRADED"),
    ("TLS 1.2 only", Behaviour(tls_maximum=ssl.TLSVersion.TLSv1_2), None, "healthy"),
    ("TLS 1.3 only", Behaviour(tls_minimum=ssl.TLSVersion.TLSv1_3), None, "healthy"),
    ("all managers gone", Behaviour(health=[UNAVAILABLE, UNAVAILABLE]), UNREACHABLE, "all 2 external key managers"),
    ("authorization refuses", Behaviour(denied=frozenset({"health"})), "XKS_PROXY_ACCESS_DENIED", "403"),
    ("throttled", Behaviour(error="ThrottlingException"), UNREACHABLE, "429"),
    ("dependency slow", Behaviour(error="DependencyTimeoutException"), TIMED_OUT, "503"),
    ("internal error", Behaviour(error="InternalException"), RESPONSE, "500 InternalException"),
    ("unsupported", Behaviour(error="UnsupportedOperationException"), RESPONSE, "501"),
    ("not JSON", Behaviour(body=b"<html>It works!</html>"), RESPONSE, "without a JSON body"),
    ("JSON, no object", Behaviour(body=b"[1]"), RESPONSE, "not an object"),
    ("empty object", Behaviour(body=b"{}"), RESPONSE, "xksProxyFleetSize"),
    ("empty body", Behaviour(body=b""), RESPONSE, "without a JSON body"),
    ("a status alone", Behaviour(status=403, body=b""), RESPONSE, "403"),
    ("an error without a name", Behaviour(status=401, body=b'{"message": "no"}'), RESPONSE, "without an errorName"),
    ("no managers at all", Behaviour(health=[]), RESPONSE, "1 to 10 entries"),
    ("eleven managers", Behaviour(health=["ACTIVE"] * 11), RESPONSE, "1 to 10 entries"),
    ("unknown health", Behaviour(health=["SLEEPY"]), RESPONSE, "healthStatus"),
    ("closes without answer", Behaviour(close_without_answer=True), RESPONSE, "no interpretable answer"),
    ("plain HTTP", Behaviour(plain_http=True), TLS, "wrong version number"),
    (
        "TLS 1.1 only",
        Behaviour(tls_minimum=ssl.TLSVersion.TLSv1_1, tls_maximum=ssl.TLSVersion.TLSv1_1),
        TLS,
        "protocol version",
    ),
    (
        "no listed suite",
        Behaviour(tls_maximum=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256"),
        TLS,
        "handshake failure",
    ),
]


@pytest.mark.parametrize(
    ("behaviour", "code", "detail"), [row[1:] for row in BEHAVIOURS], ids=[row[0] for row in BEHAVIOURS]
)
def test_behaviour_of_the_proxy(good: pki.Files, behaviour: Behaviour, code: str | None, detail: str) -> None:
    with proxy_with(good, behaviour) as proxy:
        result = check(good, proxy.address)
    assert result.code == code
    assert detail in result.detail


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_demanded_client_certificate_is_a_tls_error(good: pki.Files, version: ssl.TLSVersion) -> None:
    behaviour = Behaviour(client_ca_file=str(good.ca), tls_minimum=version, tls_maximum=version)
    with proxy_with(good, behaviour) as proxy:
        # Several times, because the alert must arrive before the connection is reset, always.
        results = [check(good, proxy.address) for _attempt in range(5)]
    assert {result.code for result in results} == {TLS}


Maker = Callable[[House], pki.Issued]
CERTIFICATES: list[tuple[str, Maker, bool, str | None, str]] = [
    ("exact name", lambda h: pki.issue_leaf(h.root, NAME), True, None, "healthy"),
    ("with intermediate", lambda h: pki.issue_leaf(h.intermediate, NAME), True, None, "healthy"),
    (
        "wildcard of one label",
        lambda h: pki.issue_leaf(h.root, NAME, alternative_names=["*.xks.example.com"]),
        True,
        None,
        "healthy",
    ),
    ("common name, no SAN", lambda h: pki.issue_leaf(h.root, NAME, alternative_names=[]), True, None, "healthy"),
    (
        "SAN among others",
        lambda h: pki.issue_leaf(h.root, NAME, common_name="", alternative_names=["a.example.com", NAME]),
        True,
        None,
        "healthy",
    ),
    ("another CA", lambda h: pki.issue_leaf(h.stranger, NAME), True, TLS, "unable to get local issuer"),
    ("chain incomplete", lambda h: pki.issue_leaf(h.intermediate, NAME), False, TLS, "unable to get local issuer"),
    ("expired", lambda h: pki.expired_leaf(h.root, NAME), True, TLS, "expired"),
    ("not yet valid", lambda h: pki.future_leaf(h.root, NAME), True, TLS, "not yet valid"),
    ("another name", lambda h: pki.issue_leaf(h.root, "other.example.com"), True, TLS, "Hostname mismatch"),
    (
        "SAN wins over common name",
        lambda h: pki.issue_leaf(h.root, NAME, alternative_names=["other.example.com"]),
        True,
        TLS,
        "Hostname mismatch",
    ),
    (
        "wildcard two labels up",
        lambda h: pki.issue_leaf(h.root, NAME, alternative_names=["*.example.com"]),
        True,
        TLS,
        "Hostname mismatch",
    ),
    (
        "wildcard for a part of a label",
        lambda h: pki.issue_leaf(h.root, NAME, alternative_names=["myproxy-*.xks.example.com"]),
        True,
        TLS,
        "Hostname mismatch",
    ),
    (
        "the address, not the name",
        lambda h: pki.issue_leaf(h.root, NAME, alternative_names=["127.0.0.1"], common_name="proxy"),
        True,
        TLS,
        "Hostname mismatch",
    ),
]


@pytest.mark.parametrize(
    ("make", "complete", "code", "detail"), [row[1:] for row in CERTIFICATES], ids=[row[0] for row in CERTIFICATES]
)
def test_certificate(house: House, make: Maker, complete: bool, code: str | None, detail: str) -> None:
    files = house.files(make(house), "candidate", complete)
    with proxy_with(files) as proxy:
        result = check(files, proxy.address)
    assert result.code == code
    assert detail in result.detail


def test_the_system_store_does_not_know_a_private_ca(good: pki.Files) -> None:
    with proxy_with(good) as proxy:
        assert check(good, proxy.address, ca_file=None).code == TLS


REQUESTS: list[tuple[str, dict[str, str], str]] = [
    ("wrong secret", {"raw_secret_access_key": "x" * 43}, "INVALID_CREDENTIALS"),
    ("unknown access key id", {"access_key_id": "B" * 20}, "INVALID_CREDENTIALS"),
    ("wrong path", {"uri_path": "/other/kms/xks/v1"}, "XKS_PROXY_INVALID_CONFIGURATION"),
    ("no prefix", {"uri_path": "/kms/xks/v1"}, "XKS_PROXY_INVALID_CONFIGURATION"),
    ("another version", {"uri_path": "/example/kms/xks/v2"}, "XKS_PROXY_INVALID_CONFIGURATION"),
]


@pytest.mark.parametrize(("changes", "code"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_configuration_of_the_store(good: pki.Files, changes: dict[str, str], code: str) -> None:
    with proxy_with(good) as proxy:
        assert check(good, proxy.address, **changes).code == code


def test_silence_after_250_ms_is_a_time_out(good: pki.Files) -> None:
    with proxy_with(good, Behaviour(delay=1.0)) as proxy:
        result = check(good, proxy.address, timeout=0.25)
        assert (result.code, "250 ms" in result.detail) == (TIMED_OUT, True)
        assert check(good, proxy.address, timeout=PATIENCE).code is None


@pytest.fixture(scope="module")
def tls(good: pki.Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good.chain, good.key)
    return context


def test_garbage_over_tls_is_an_invalid_response(good: pki.Files, tls: ssl.SSLContext) -> None:
    with Peer(answering(b"\x00\x01 not HTTP at all\r\n\r\n"), tls) as address:
        assert check(good, address).code == RESPONSE


def test_a_slow_drip_is_a_time_out(good: pki.Files, tls: ssl.SSLContext) -> None:
    with Peer(dripping, tls) as address:
        assert check(good, address, timeout=0.25).code == TIMED_OUT


def test_a_half_answer_is_an_invalid_response(good: pki.Files, tls: ssl.SSLContext) -> None:
    half = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"xksProxyFleetSize": 1'
    with Peer(answering(half), tls) as address:
        assert check(good, address).code == RESPONSE


def test_chunked_answers_are_understood(good: pki.Files, tls: ssl.SSLContext) -> None:
    manager = {"id": "1", "model": "m", "healthStatus": "ACTIVE"}
    health = {"xksProxyFleetSize": 1, "xksProxyVendor": "v", "xksProxyModel": "m", "ekmVendor": "e"}
    body = json.dumps(health | {"ekmFleetDetails": [manager]}).encode()
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with Peer(answering(chunked), tls) as address:
        assert check(good, address).code is None


def test_a_peer_that_speaks_something_else_has_no_tls(good: pki.Files) -> None:
    with Peer(answering(b"220 mail.example.com ESMTP\r\n")) as address:
        assert check(good, address).code == TLS


@pytest.mark.parametrize("action", [resetting, hanging_up, lambda connection: None], ids=["reset", "end", "at once"])
def test_a_peer_that_hangs_up_on_the_handshake_is_not_reachable(
    good: pki.Files, action: Callable[[socket.socket], None]
) -> None:
    """It says nothing about TLS: a load balancer without healthy targets does the same."""
    with Peer(action) as address:
        assert check(good, address).code == UNREACHABLE


def test_a_peer_that_never_shakes_hands_is_a_time_out(good: pki.Files) -> None:
    with Peer(silent) as address:
        assert check(good, address, handshake_timeout=0.2).code == TIMED_OUT


def test_nothing_listening_is_not_reachable(good: pki.Files) -> None:
    port = free_port()
    result = check(good, ("127.0.0.1", port))
    assert result.code == UNREACHABLE
    assert f"127.0.0.1:{port}" in result.detail
    assert check(good).code == UNREACHABLE


def test_the_first_target_that_accepts_decides(good: pki.Files, house: House) -> None:
    expired = house.files(pki.expired_leaf(house.root, NAME), "second")
    dead = ("127.0.0.1", free_port())
    with proxy_with(good) as healthy, proxy_with(expired) as flawed:
        assert check(good, dead, healthy.address, flawed.address).code is None
        assert check(good, flawed.address, healthy.address).code == TLS


KEYS: list[tuple[str, Behaviour, str, str | None]] = [
    ("fit", Behaviour(), "good", None),
    ("more usages than needed", Behaviour(), "extra", None),
    ("unknown", Behaviour(), "absent", "XksKeyNotFoundException"),
    ("disabled", Behaviour(), "disabled", "XksKeyInvalidConfigurationException"),
    ("too short", Behaviour(), "short", "XksKeyInvalidConfigurationException"),
    ("cannot decrypt", Behaviour(), "encrypt-only", "XksKeyInvalidConfigurationException"),
    ("blocked", Behaviour(error="InvalidStateException"), "good", "XksKeyInvalidConfigurationException"),
    ("denied", Behaviour(denied=frozenset({"metadata"})), "good", "CustomKeyStoreInvalidStateException"),
    ("rubbish", Behaviour(body=b"{}"), "good", "CustomKeyStoreInvalidStateException"),
    ("broken proxy", Behaviour(error="InternalException"), "good", "CustomKeyStoreInvalidStateException"),
    ("no TLS", Behaviour(plain_http=True), "good", "CustomKeyStoreInvalidStateException"),
]


@pytest.mark.parametrize(("behaviour", "key_id", "error"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_external_key(good: pki.Files, behaviour: Behaviour, key_id: str, error: str | None) -> None:
    with proxy_with(good, behaviour) as proxy:
        assert describe(good, proxy, key_id).error == error


def test_a_fit_key_is_described(good: pki.Files) -> None:
    with proxy_with(good) as proxy:
        result = describe(good, proxy, "good")
    assert result == KeyResult(None, "AES_256, ENABLED, ENCRYPT/DECRYPT", "ENABLED", ("ENCRYPT", "DECRYPT"))


def test_a_stopped_proxy_is_no_key_store(good: pki.Files) -> None:
    proxy = proxy_with(good).start()
    address = proxy.address
    proxy.stop()
    assert check(good, address).code == UNREACHABLE


def describe(files: pki.Files, proxy: XksProxy, key_id: str) -> KeyResult:
    return describe_external_key(
        [proxy.address],
        NAME,
        proxy.uri_path,
        KEY_ID,
        SECRET,
        str(files.ca),
        "eu-central-1",
        PATIENCE,
        key_id=key_id,
    )


def test_every_error_of_the_api_has_a_documented_outcome(good: pki.Files) -> None:
    documented = {"INVALID_CREDENTIALS", "XKS_PROXY_ACCESS_DENIED", "XKS_PROXY_INVALID_CONFIGURATION"}
    behaviour = Behaviour()
    with proxy_with(good, behaviour) as proxy:
        for name in STATUS:
            behaviour.error = name
            assert check(good, proxy.address).code in documented | {RESPONSE, UNREACHABLE, TIMED_OUT}, name


def test_pki_is_made_once_and_private_keys_are_private(tmp_path: Path) -> None:
    first = pki.ensure(tmp_path, NAME)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert pki.ensure(tmp_path, NAME) == first
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    modes = {path.name: os.stat(path).st_mode & 0o777 for path in tmp_path.glob("*key.pem")}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 2


def test_pki_renews_a_leaf_that_ends_or_is_of_another_ca(tmp_path: Path) -> None:
    files = pki.ensure(tmp_path, NAME)
    for leaf in (pki.expired_leaf(pki.new_root(), NAME), pki.issue_leaf(pki.new_root(), NAME)):
        files.chain.write_bytes(leaf.chain_pem())
        assert pki.ensure(tmp_path, NAME) == files
        with proxy_with(files) as proxy:
            assert check(files, proxy.address).code is None
