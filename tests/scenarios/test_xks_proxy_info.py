# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What xks_proxy_info says of real proxies with one flaw each, and that the embedded AWS's connect says the same."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from emulator import peers, pki
from emulator.proxy import DEGRADED, UNAVAILABLE, Behaviour, ExternalKey
from scenarios import proxies
from scenarios.proxies import NAME, PATIENCE, House, Make, connected, finding, look, said

TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
UNREACHABLE = "XKS_PROXY_NOT_REACHABLE"
TIMED_OUT = "XKS_PROXY_TIMED_OUT"
RESPONSE = "XKS_PROXY_INVALID_RESPONSE"


def careless(house: House) -> peers.Peer:
    """Answers whatever it is asked with a health status."""
    health = {"xksProxyFleetSize": 1, "xksProxyVendor": "v", "xksProxyModel": "m", "ekmVendor": "e",
              "ekmFleetDetails": [{"id": "1", "model": "m", "healthStatus": "ACTIVE"}]}
    body = json.dumps(health).encode()
    return peers.Peer(peers.answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)),
                      house.context())


def row(
    name: str, make: Make, code: str | None, number: str, words: str, severity: str = "error",
    options: dict[str, Any] | None = None, connect: dict[str, Any] | None = None,
) -> Any:
    """A proxy, the code that it gives, the finding, and what the module and the connect are told besides."""
    return pytest.param(make, code, number, severity, words, options or {}, connect or {}, id=name)


def tls_1_2(**changes: Any) -> Behaviour:
    return Behaviour(tls_maximum=ssl.TLSVersion.TLSv1_2, **changes)


def proxy(behaviour: Behaviour) -> Make:
    return lambda house: house.serve(behaviour=behaviour)


WILDCARD = "*.keys.example.com"
FLAWS = [
    row("expired", lambda h: h.serve(pki.expired_leaf(h.root, NAME)), TLS, "R13", f"CN={NAME} expired on"),
    row("not yet valid", lambda h: h.serve(pki.future_leaf(h.root, NAME)), TLS, "R13", "is not valid before"),
    row("wrong name", lambda h: h.serve(pki.issue_leaf(h.root, "a.example.org")), TLS, "R14",
        f"alternative names: a.example.org; common name: a.example.org; private DNS name: {NAME}"),
    row("wildcard of the right level", lambda h: h.serve(h.leaf(alternative_names=[WILDCARD], common_name=WILDCARD)),
        None, "R14", f"match {NAME}", "ok"),
    row("wildcard of the wrong level",
        lambda h: h.serve(h.leaf(alternative_names=["*.example.com"], common_name="*.example.com")), TLS, "R14",
        "alternative names: *.example.com"),
    row("common name alone", lambda h: h.serve(h.leaf(alternative_names=[])), None, "R14",
        "it has no alternative name", "warning"),
    row("common name is another", lambda h: h.serve(h.leaf(common_name="proxy")), None, "R53",
        "an alternative name matches, the common name does not: proxy", "warning"),
    row("alternative names are others", lambda h: h.serve(h.leaf(alternative_names=["a.example.org"])), TLS, "R54",
        f"alternative names: a.example.org; common name: {NAME}"),
    row("missing intermediate", lambda h: h.serve(pki.issue_leaf(h.intermediate, NAME), complete=False), TLS, "R13",
        f"it ends with CN={NAME}; the issuer CN=keylink.aws test intermediate is neither sent"),
    row("untrusted root, sent", lambda h: h.serve(pki.issue_leaf(h.stranger, NAME), extra=[h.stranger]), TLS, "R13",
        "its root is CN=stranger, which ca_file"),
    row("untrusted root, not sent", lambda h: h.serve(pki.issue_leaf(h.stranger, NAME)), TLS, "R13",
        "the issuer CN=stranger is neither sent nor trusted"),
    row("TLS 1.1 only", proxy(proxies.old_tls(ssl.TLSVersion.TLSv1_1)), TLS, "N2", "it speaks TLSv1.1 only"),
    row("wrong suites only", proxy(tls_1_2(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")), TLS, "N2",
        "it speaks TLSv1.2, but with no cipher suite of AWS's list"),
    row("client certificate, TLS 1.2", lambda h: h.serve(behaviour=tls_1_2(client_ca_file=h.ca_file)), TLS, "N1",
        "the proxy demands one"),
    row("client certificate, TLS 1.3",
        lambda h: h.serve(behaviour=Behaviour(client_ca_file=h.ca_file, tls_minimum=ssl.TLSVersion.TLSv1_3)), TLS,
        "N1", "the proxy demands one"),
    row("slow handshake", proxy(Behaviour(handshake_delay=0.5)), TIMED_OUT, "R1", "AWS KMS waits 250 ms for an answer",
        options={"tries": 1}, connect={"handshake_timeout": 0.25}),
    row("never answers", lambda h: peers.Peer(peers.silent), TIMED_OUT, "R1",
        "the connection is accepted, then no answer within 0.3 s", options={"timeout": 0.3},
        connect={"handshake_timeout": 0.3}),
    row("resets", lambda h: peers.Peer(peers.resetting), UNREACHABLE, "R26",
        "the connection is accepted, then: the connection was reset"),
    row("hangs up", lambda h: peers.Peer(peers.hanging_up), UNREACHABLE, "R26", "it closed the connection"),
    row("plain HTTP", proxy(Behaviour(plain_http=True)), TLS, "N2", "it answers in HTTP without TLS"),
    row("another protocol", lambda h: peers.Peer(peers.answering(b"220 mail ESMTP\r\n")), TLS, "N2", "is not TLS"),
    row("managers gone", proxy(Behaviour(health=[UNAVAILABLE] * 2)), UNREACHABLE, "R28", "2 UNAVAILABLE"),
    row("a manager gone", proxy(Behaviour(health=["ACTIVE", UNAVAILABLE, DEGRADED])), None, "R28",
        "1 ACTIVE, 1 DEGRADED, 1 UNAVAILABLE", "warning"),
    row("wrong secret", proxy(Behaviour()), "INVALID_CREDENTIALS", "R15", "401 AuthenticationFailedException",
        options={"credential": {"access_key_id": "ABCDEFGHIJKLMNOPQRST", "raw_secret_access_key": "x" * 43}},
        connect={"raw_secret_access_key": "x" * 43}),
    row("wrong path", proxy(Behaviour()), "XKS_PROXY_INVALID_CONFIGURATION", "R15", "404 InvalidUriPathException",
        options={"uri_path": "/other/kms/xks/v1"}, connect={"uri_path": "/other/kms/xks/v1"}),
    row("denied", proxy(Behaviour(denied=frozenset({"health"}))), "XKS_PROXY_ACCESS_DENIED", "R15", "403"),
    row("throttled", proxy(Behaviour(error="ThrottlingException")), UNREACHABLE, "R15", "429"),
    row("slow manager", proxy(Behaviour(error="DependencyTimeoutException")), TIMED_OUT, "R15", "503"),
    row("internal error", proxy(Behaviour(error="InternalException")), RESPONSE, "R15", "500 InternalException"),
    row("not JSON", proxy(Behaviour(body=b"<html>")), RESPONSE, "R15", "not a JSON object"),
    row("empty object", proxy(Behaviour(body=b"{}")), RESPONSE, "R15", "xksProxyFleetSize"),
    row("no answer", proxy(Behaviour(close_without_answer=True)), RESPONSE, "R15", "without an answer"),
    row("any method", careless, None, "R15", "GET is answered with 200", "warning"),
    row("slow answer", proxy(Behaviour(delay=0.4)), TIMED_OUT, "R1", "AWS KMS waits 250 ms",
        connect={"timeout": 0.25}),
]


@pytest.mark.parametrize(("make", "code", "number", "severity", "words", "options", "connect"), FLAWS)
def test_a_flaw_is_found_and_the_connect_ends_as_predicted(
    house: House, make: Make, code: str | None, number: str, severity: str, words: str, options: dict[str, Any],
    connect: dict[str, Any],
) -> None:
    with make(house) as address:
        result = look(house, address, **options)
        assert words in finding(result, number, severity)["found"]
        assert result["predicted_connection_error_code"] == code
        assert connected(house, address, **connect) == code
    assert {one["connection_error_code"] for one in result["findings"]} <= {None, code}
    assert (result["remedy"] or {}).get("code") == code
    assert {one["number"] for one in result["unmet_requirements"]} == said(result, "error", "warning")
    assert code is None or f"AWS KMS would end a connect with {code}." in result["explanation"]
    assert (severity == "error") == any(one["blocking"] for one in result["unmet_requirements"])


def test_a_proxy_without_a_flaw(house: House) -> None:
    with house.serve(pki.issue_leaf(house.intermediate, NAME)) as address:
        result = look(house, address, trusted_ca_content=proxies.listed(house.stranger, house.root))
        assert connected(house, address) is None
    assert (result["changed"], result["unmet_requirements"]) == (False, [])
    assert said(result, "ok") == {"R1", "R13", "R14", "R15", "R26", "R28", "N1", "N2"}
    assert said(result, "error", "warning", "unknown") == set()
    assert (result["predicted_connection_error_code"], result["remedy"], result["health_checked"]) == (None, None, True)
    target = result["targets"][0]
    assert target["tls_versions"] == {"TLSv1": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": True}
    assert target["cipher_suites"] == {
        "TLS_AES_256_GCM_SHA384": True, "TLS_CHACHA20_POLY1305_SHA256": True,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": False, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": True,
    }
    leaf, above = target["certificate_chain"]
    assert (leaf["key_type"], leaf["key_size"], leaf["days_left"]) == ("EC", 256, 364)
    assert above["subject"] == "CN=keylink.aws test intermediate"
    assert (target["chain_complete"], target["client_certificate_demanded"]) == (True, False)
    assert (target["root"]["in_aws_list"], target["root"]["aws_alias"]) == (True, "root1")
    assert [one["health_status"] for one in target["health"]["ekm_fleet"]] == ["ACTIVE", "ACTIVE"]
    assert target["wrong_method_status"] == 405


def test_the_root_is_looked_up_in_awss_list(house: House, tmp_path: Path) -> None:
    """R13: by fingerprint; a root that the proxy sends counts too, and one that ended is told."""
    strange = house.serve(pki.issue_leaf(house.stranger, NAME), extra=[house.stranger])
    file = tmp_path / "TrustedCertificateAuthorities"
    with house.serve() as address, strange as other:
        file.write_text(proxies.listed(house.stranger))
        result = look(house, address, trusted_ca_file=str(file))
        assert "which AWS's list does not have" in finding(result, "R13", "error")["found"]
        assert result["predicted_connection_error_code"] == TLS
        assert look(house, other, trusted_ca_file=str(file))["targets"][0]["root"]["in_aws_list"] is True
        ended = proxies.listed(house.root, until="Wed Jun 30 10:00:00 PDT 2021")
        result = look(house, address, trusted_ca_content=ended)
        assert "which ended on 2021-06-30" in finding(result, "R13", "warning")["found"]
        assert result["predicted_connection_error_code"] is None
        result = look(house, other, trusted_ca_content=proxies.listed(house.root), ca_file=None)
        assert "its root is CN=stranger" in finding(result, "R13", "error")["found"]
        result = look(house, address, trusted_ca_content=proxies.listed(house.root), ca_file=None)
        assert "AWS's list has a root of that name, the system's store does not" in finding(
            result, "R13", "unknown")["found"]
        result = look(house, address)
        assert "whether AWS's list has it was not checked" in finding(result, "R13", "unknown")["found"]


def test_all_flaws_are_told_at_once(house: House) -> None:
    leaf = pki.expired_leaf(house.stranger, "a.example.org")
    behaviour = Behaviour(denied=frozenset({"health"}), tls_minimum=ssl.TLSVersion.TLSv1_3)
    with house.serve(leaf, behaviour) as address:
        result = look(house, address)
    wrong = [(one["number"], one["what"]) for one in result["findings"] if one["severity"] == "error"]
    assert wrong == [
        ("R14", "certificate name"), ("R13", "certificate dates"), ("R13", "certificate chain"),
        ("R15", "GetHealthStatus"),
    ]
    assert result["predicted_connection_error_code"] == TLS


def test_targets_are_judged_together(house: House) -> None:
    """A dead one is left out by the balancer; a flawed one may be chosen."""
    dead = ("127.0.0.1", 1)
    flawed = house.serve(pki.expired_leaf(house.root, NAME))
    with house.serve() as good, house.serve() as also_good, flawed as bad:
        result = look(house, dead)
        assert (result["predicted_connection_error_code"], result["health_checked"]) == (UNREACHABLE, False)
        result = look(house, dead, good, also_good)
        assert result["predicted_connection_error_code"] is None
        assert [target["reachable"] for target in result["targets"]] == [False, True, True]
        assert len(finding(result, "R14", "ok")["targets"]) == 2
        assert look(house, good, bad)["predicted_connection_error_code"] == TLS


def test_targets_are_asked_at_the_same_time(house: House) -> None:
    """Each of these waits until all were called."""
    everybody = threading.Barrier(6)

    def patient(connection: socket.socket) -> None:
        connection.recv(65536)
        everybody.wait(PATIENCE)

    with ExitStack() as stack:
        addresses = [stack.enter_context(peers.Peer(patient)) for _number in range(everybody.parties)]
        result = look(house, *addresses)
    assert {target["predicted_connection_error_code"] for target in result["targets"]} == {UNREACHABLE}


def test_silence_is_met_once(house: House) -> None:
    """So an address that never answers costs one time-out, however many tries and looks there would be."""
    calls = []

    def counting(connection: socket.socket) -> None:
        calls.append(connection)
        peers.silent(connection)

    with peers.Peer(counting) as address:
        assert look(house, address, timeout=0.3, tries=5)["predicted_connection_error_code"] == TIMED_OUT
    assert len(calls) == 1


KEYS = [
    ("good", "ok", "AES_256, ENABLED, ENCRYPT/DECRYPT", None),
    ("absent", "error", "404 KeyNotFoundException", "XksKeyNotFoundException"),
    ("disabled", "error", "AES_256, DISABLED", "XksKeyInvalidConfigurationException"),
    ("short", "error", "AES_128", "XksKeyInvalidConfigurationException"),
    ("encrypt-only", "error", "ENABLED, ENCRYPT", "XksKeyInvalidConfigurationException"),
]


def test_an_external_key_is_looked_at_and_tried(house: House) -> None:
    keys = {"good": ExternalKey(), "disabled": ExternalKey(status="DISABLED"), "short": ExternalKey(spec="AES_128"),
            "encrypt-only": ExternalKey(usage=("ENCRYPT",))}
    serving = house.serve(keys=keys)
    with serving as address:
        for key_id, severity, words, error in KEYS:
            result = look(house, address, external_key_id=key_id)
            found = [one for one in result["findings"] if one["what"] == "external key"]
            assert [(one["severity"], words in one["found"]) for one in found] == [(severity, True)], key_id
            key = result["targets"][0]["external_key"]
            assert (key["create_key_error"], key["round_trip"]) == (error, None)
        assert {served.operation for served in serving.proxy.served} == {"health", "metadata"}
        result = look(house, address, external_key_id="good", round_trip=True)
        assert result["targets"][0]["external_key"]["round_trip"] is True
        serving.proxy.behaviour.denied = frozenset({"decrypt"})
        result = look(house, address, external_key_id="good", round_trip=True)
        assert [one["found"] for one in result["findings"] if one["what"] == "encrypt and decrypt"] == [
            "decrypt: the proxy answers 403 AccessDeniedException"]


def test_without_a_credential_only_tls_is_looked_at(house: House) -> None:
    serving = house.serve(behaviour=Behaviour(health=[UNAVAILABLE]))
    with serving as address:
        result = look(house, address, credential=None, uri_path=None)
    assert (result["predicted_connection_error_code"], result["health_checked"]) == (None, False)
    assert "not sent" in finding(result, "R15", "unknown")["found"]
    assert [served.status for served in serving.proxy.served] == [404]


def test_what_cannot_be_asked_is_unknown(house: House) -> None:
    """R64: the private DNS name needs no address; a placeholder of check mode is no name yet."""
    result = look(house, targets=["no-such-host.invalid"])
    assert "does not resolve on this host" in finding(result, "R26", "unknown")["found"]
    assert look(house, targets=["[::1]:1", "::1"])["failed"]
    pending = "(known after apply: endpoint_service.payments.private_dns_name)"
    result = look(house, check=True, targets=None, private_dns_name=pending)
    assert (said(result, "unknown"), result["targets"]) == ({"R26"}, [])


OPTIONS = [
    ({"private_dns_name": "https://proxy.example.com"}, "N3"),
    ({"private_dns_name": "proxy"}, "R11"),
    ({"uri_path": "/kms/xks"}, "N3"),
    ({"external_key_id": "../metadata"}, "N3"),
    ({"targets": ["10.0.0.1:https"]}, "R37"),
    ({"credential": {"access_key_id": "ABCDEFGHIJKLMNOPQRST", "raw_secret_access_key": "short"}}, "N3"),
]


@pytest.mark.parametrize(("changes", "number"), OPTIONS)
def test_options_are_checked_before_anything_is_asked(house: House, changes: dict[str, Any], number: str) -> None:
    result = look(house, ("127.0.0.1", 1), **changes)
    assert (result["failed"], {one["number"] for one in result["unmet_requirements"]}) == (True, {number})


def test_files_that_are_no_files(house: House, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("nothing of use")
    address = ("127.0.0.1", 1)
    assert "cannot be read" in look(house, address, trusted_ca_file=str(tmp_path / "none"))["msg"]
    assert "no SHA-256 fingerprint" in look(house, address, trusted_ca_file=str(tmp_path / "empty"))["msg"]
    assert "no readable certificates" in look(house, address, ca_file=str(tmp_path / "empty"))["msg"]


def test_a_proxy_that_answers_now_and_then_is_told(house: House) -> None:
    calls: list[int] = []

    def moody(connection: socket.socket) -> None:
        calls.append(1)
        if len(calls) < 3:
            with house.context().wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
        else:
            peers.hanging_up(connection)

    with peers.Peer(moody) as address:
        result = look(house, address)
    assert "during the TLS handshake, after 2 that went well" in finding(result, "R26", "error")["found"]
    assert result["predicted_connection_error_code"] == UNREACHABLE
