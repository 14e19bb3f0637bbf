# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XKS proxy against its published API, spoken to over real HTTPS; and its command line."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from emulator import pki
from emulator.connect import check_proxy
from emulator.proxy import DEGRADED, Behaviour, ExternalKey, XksProxy
from emulator.proxy.client import Endpoint, send
from emulator.proxy.crypto import Sealed, bound_data
from emulator.proxy.errors import STATUS, XksError
from emulator.proxy.sigv4 import SignedRequest, authenticate

NAME = "myproxy-private.xks.example.com"
KEY_ID = "AAAAAAAAAAAAAAAAAAAA"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="
REGION = "eu-central-1"
METADATA = {
    "kmsRequestId": "4112f4d6-db54-4af4-ae30-c55a22a8dfae",
    "kmsOperation": "Encrypt",
    "awsPrincipalArn": "arn:aws:iam::123456789012:user/Alice",
    "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
}
HEALTH = {"requestMetadata": {"kmsRequestId": "1", "kmsOperation": "KmsHealthCheck"}}
Document = dict[str, Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> pki.Files:
    return pki.ensure(tmp_path_factory.mktemp("pki"), NAME)


@pytest.fixture(scope="module")
def shared(files: pki.Files) -> Iterator[XksProxy]:
    keys = {
        "demo": ExternalKey(),
        "other": ExternalKey(),
        "disabled": ExternalKey(status="DISABLED"),
        "decrypt-only": ExternalKey(usage=("DECRYPT",)),
        "no-metadata": ExternalKey(ciphertext_metadata=b""),
    }
    with XksProxy(
        certificate=files.chain,
        private_key=files.key,
        credentials={KEY_ID: SECRET},
        uri_path_prefix="/example",
        keys=keys,
    ) as running:
        yield running


@pytest.fixture
def proxy(shared: XksProxy) -> Iterator[XksProxy]:
    """The shared proxy with its switches and credentials as they were, whatever the test did to them."""
    credentials, switches = dict(shared.credentials), dataclasses.asdict(Behaviour())
    shared.served.clear()
    yield shared
    shared.credentials.clear()
    shared.credentials.update(credentials)
    for name, value in switches.items():
        setattr(shared.behaviour, name, value)


def connection(proxy: XksProxy, files: pki.Files) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(files.ca))
    # The certificate has the private DNS name, the socket a loopback address.
    context.check_hostname = False
    return http.client.HTTPSConnection(*proxy.address, timeout=5, context=context)


def post(proxy: XksProxy, files: pki.Files, operation: str, document: Document, **changes: str) -> tuple[int, Document]:
    pair = (changes.get("access_key_id", KEY_ID), changes.get("secret", SECRET))
    endpoint = Endpoint([proxy.address], NAME, proxy.uri_path, *pair, str(files.ca), REGION, 5.0, 5.0)
    answer = send(endpoint, operation, document)
    return answer.status, dict(answer.document)


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def encrypt_request(plaintext: bytes = b"Hello World!", **more: Any) -> Document:
    return {
        "requestMetadata": METADATA,
        "plaintext": b64(plaintext),
        "encryptionAlgorithm": "AES_GCM",
        **more,
    }


def decrypt_request(encrypted: Document, **more: Any) -> Document:
    names = ("ciphertext", "ciphertextMetadata", "initializationVector", "authenticationTag")
    taken = {name: encrypted[name] for name in names if name in encrypted}
    return {"requestMetadata": METADATA, "encryptionAlgorithm": "AES_GCM", **taken, **more}


def test_health_has_every_required_member(proxy: XksProxy, files: pki.Files) -> None:
    proxy.behaviour.health = ["ACTIVE", DEGRADED]
    status, document = post(proxy, files, "health", HEALTH)
    assert status == 200
    assert document["xksProxyFleetSize"] >= 1
    assert all(isinstance(document[name], str) for name in ("xksProxyVendor", "xksProxyModel", "ekmVendor"))
    assert [manager["healthStatus"] for manager in document["ekmFleetDetails"]] == ["ACTIVE", "DEGRADED"]
    assert all({"id", "model", "healthStatus"} == set(manager) for manager in document["ekmFleetDetails"])


def test_metadata_of_enabled_and_disabled_keys(proxy: XksProxy, files: pki.Files) -> None:
    request = {"requestMetadata": METADATA}
    expected = {"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED"}
    assert post(proxy, files, "keys/demo/metadata", request) == (200, expected)
    assert post(proxy, files, "keys/disabled/metadata", request) == (200, expected | {"keyStatus": "DISABLED"})


@pytest.mark.parametrize("key", ["demo", "no-metadata"])
@pytest.mark.parametrize("aad", [None, b"project=nile,department=marketing", b"a" * 8192], ids=["no", "some", "most"])
def test_what_is_encrypted_decrypts(proxy: XksProxy, files: pki.Files, key: str, aad: bytes | None) -> None:
    plaintext = os.urandom(4300)
    bound: Document = {} if aad is None else {"additionalAuthenticatedData": b64(aad)}
    status, encrypted = post(proxy, files, f"keys/{key}/encrypt", encrypt_request(plaintext, **bound))
    assert status == 200
    assert len(base64.b64decode(encrypted["ciphertext"])) == len(plaintext)
    assert len(base64.b64decode(encrypted["initializationVector"])) in (12, 16)
    assert len(base64.b64decode(encrypted["authenticationTag"])) == 16
    assert len(base64.b64decode(encrypted.get("ciphertextMetadata", ""))) <= 20
    assert ("ciphertextMetadata" in encrypted) == (key == "demo")
    decrypted = post(proxy, files, f"keys/{key}/decrypt", decrypt_request(encrypted, **bound))
    assert decrypted == (200, {"plaintext": b64(plaintext)})


def test_the_integrity_value_is_the_hash_of_the_parts_in_order(proxy: XksProxy, files: pki.Files) -> None:
    aad = b"project=nile,department=marketing"
    more: Document = {"additionalAuthenticatedData": b64(aad), "ciphertextDataIntegrityValueAlgorithm": "SHA_256"}
    _status, encrypted = post(proxy, files, "keys/demo/encrypt", encrypt_request(**more))
    parts = [encrypted[name] for name in ("ciphertextMetadata", "initializationVector", "ciphertext")]
    parts.append(encrypted["authenticationTag"])
    whole = aad + b"".join(base64.b64decode(part) for part in parts)
    assert encrypted["ciphertextDataIntegrityValue"] == b64(hashlib.sha256(whole).digest())


def test_the_published_integrity_example() -> None:
    sealed = Sealed(
        ciphertext=base64.b64decode("ghxkK1txeDNn3q8Y"),
        metadata=base64.b64decode("a2V5X3ZlcnNpb249MQ=="),
        iv=base64.b64decode("HMrlRw85cAJUd5Ax"),
        tag=base64.b64decode("vBxN2ncH1oEkR8WVXpmyYQ=="),
    )
    value = sealed.integrity_value(b"project=nile,department=marketing")
    assert b64(value) == "qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc="


def test_bytes_cannot_move_between_aad_and_metadata() -> None:
    assert bound_data(b"ab", b"c") != bound_data(b"a", b"bc")
    assert bound_data(b"", b"") == b"\x00\x00\x00"


TAMPERED = [
    ("ciphertext", b64(b"Hello World?")),
    ("ciphertext", "not Base64!"),
    ("ciphertext", None),
    ("ciphertextMetadata", b64(b"version=2")),
    ("ciphertextMetadata", None),
    ("initializationVector", b64(b"i" * 12)),
    ("initializationVector", b64(b"i" * 13)),
    ("authenticationTag", b64(b"t" * 16)),
    ("authenticationTag", b64(b"t" * 15)),
    ("additionalAuthenticatedData", b64(b"other")),
]


@pytest.mark.parametrize(("member", "value"), TAMPERED)
def test_tampering_is_found(proxy: XksProxy, files: pki.Files, member: str, value: str | None) -> None:
    _status, encrypted = post(proxy, files, "keys/demo/encrypt", encrypt_request())
    request = decrypt_request(encrypted) | {member: value}
    status, document = post(proxy, files, "keys/demo/decrypt", request)
    assert (status, document["errorName"]) == (400, "InvalidCiphertextException")


def test_another_key_does_not_decrypt(proxy: XksProxy, files: pki.Files) -> None:
    _status, encrypted = post(proxy, files, "keys/demo/encrypt", encrypt_request())
    status, document = post(proxy, files, "keys/other/decrypt", decrypt_request(encrypted))
    assert (status, document["errorName"]) == (400, "InvalidCiphertextException")


WRONG: list[tuple[str, str, Document, str]] = [
    ("no metadata", "keys/demo/metadata", {}, "ValidationException"),
    ("no principal", "keys/demo/metadata", HEALTH, "ValidationException"),
    ("no plaintext", "keys/demo/encrypt", encrypt_request() | {"plaintext": None}, "ValidationException"),
    ("plaintext not Base64", "keys/demo/encrypt", encrypt_request() | {"plaintext": "a"}, "ValidationException"),
    ("algorithm", "keys/demo/encrypt", encrypt_request(encryptionAlgorithm="AES_CBC"), "ValidationException"),
    (
        "integrity algorithm",
        "keys/demo/encrypt",
        encrypt_request(ciphertextDataIntegrityValueAlgorithm="MD5"),
        "ValidationException",
    ),
    ("unknown key", "keys/absent/encrypt", encrypt_request(), "KeyNotFoundException"),
    ("disabled key", "keys/disabled/encrypt", encrypt_request(), "InvalidStateException"),
    ("usage", "keys/decrypt-only/encrypt", encrypt_request(), "InvalidKeyUsageException"),
    ("operation", "keys/demo/sign", encrypt_request(), "InvalidUriPathException"),
    ("key id too long", f"keys/{'k' * 129}/metadata", {"requestMetadata": METADATA}, "InvalidUriPathException"),
    ("key id characters", "keys/a~b/metadata", {"requestMetadata": METADATA}, "InvalidUriPathException"),
    ("no operation", "keys/demo", encrypt_request(), "InvalidUriPathException"),
]


@pytest.mark.parametrize(("operation", "document", "name"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_refusals(proxy: XksProxy, files: pki.Files, operation: str, document: Document, name: str) -> None:
    status, answer = post(proxy, files, operation, document)
    assert (status, answer["errorName"]) == (STATUS[name], name)


@pytest.mark.parametrize("name", sorted(STATUS))
def test_every_error_of_the_api_can_be_asked_for(proxy: XksProxy, files: pki.Files, name: str) -> None:
    proxy.behaviour.error = name
    status, answer = post(proxy, files, "health", HEALTH)
    assert (status, answer["errorName"]) == (STATUS[name], name)


def test_error_messages_are_short_and_printable() -> None:
    message = XksError("InternalException", "caf\u00e9\n" + "x" * 600).document()["errorMessage"]
    assert len(message) < 512
    assert re.fullmatch(r"[ -~]+", message)


def test_authorization_can_refuse_one_operation(proxy: XksProxy, files: pki.Files) -> None:
    proxy.behaviour.denied = frozenset({"encrypt"})
    status, answer = post(proxy, files, "keys/demo/encrypt", encrypt_request())
    assert (status, answer["errorName"]) == (403, "AccessDeniedException")
    assert post(proxy, files, "health", HEALTH)[0] == 200


def test_both_pairs_are_good_while_credentials_rotate(proxy: XksProxy, files: pki.Files) -> None:
    new = {"access_key_id": "B" * 20, "secret": "n" * 43}
    assert post(proxy, files, "health", HEALTH, **new)[0] == 401
    proxy.credentials["B" * 20] = "n" * 43
    assert post(proxy, files, "health", HEALTH, **new)[0] == 200
    assert post(proxy, files, "health", HEALTH)[0] == 200
    del proxy.credentials[KEY_ID]
    assert post(proxy, files, "health", HEALTH)[0] == 401
    assert post(proxy, files, "health", HEALTH, **new)[0] == 200
    assert [(served.access_key_id[:1], served.status) for served in proxy.served] == [
        ("", 401),
        ("B", 200),
        ("A", 200),
        ("", 401),
        ("B", 200),
    ]


class DateOnly(SigV4Auth):
    """Signs correctly, but less than the API asks for."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        headers["x-amz-date"] = request.headers["X-Amz-Date"]
        return headers


def signed(
    service: str = "kms-xks-proxy",
    region: str = REGION,
    body: bytes = b"{}",
    signer: type[SigV4Auth] = SigV4Auth,
) -> SignedRequest:
    request = AWSRequest("POST", f"https://{NAME}/kms/xks/v1/health", {"Host": NAME}, body)
    signer(Credentials(KEY_ID, SECRET), service, region).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return SignedRequest("POST", "/kms/xks/v1/health", headers, body)


def test_a_right_signature_names_its_owner() -> None:
    assert authenticate(signed(), {KEY_ID: SECRET, "B" * 20: "other"}, REGION) == KEY_ID


def without(request: SignedRequest, header: str) -> SignedRequest:
    headers = {name: value for name, value in request.headers.items() if name != header}
    return dataclasses.replace(request, headers=headers)


def replaced(request: SignedRequest, header: str, pattern: str, text: str) -> SignedRequest:
    headers = {**request.headers, header: re.sub(pattern, text, request.headers[header])}
    return dataclasses.replace(request, headers=headers)


FORGED = {
    "another service": signed(service="kms"),
    "another region": signed(region="us-east-1"),
    "no header": without(signed(), "authorization"),
    "no date": without(signed(), "x-amz-date"),
    "no host": without(signed(), "host"),
    "changed body": dataclasses.replace(signed(), body=b'{"a": 1}'),
    "changed path": dataclasses.replace(signed(), path="/other/kms/xks/v1/health"),
    "changed method": dataclasses.replace(signed(), method="PUT"),
    "changed host": replaced(signed(), "host", ".*(?=.)", "example."),
    "changed scope date": replaced(signed(), "authorization", r"/\d{8}/", "/20200101/"),
    "host not signed": signed(signer=DateOnly),
    "basic": replaced(signed(), "authorization", ".+", "Basic QTpi"),
}


@pytest.mark.parametrize("request_", FORGED.values(), ids=FORGED)
def test_forged_requests_are_refused(request_: SignedRequest) -> None:
    with pytest.raises(XksError) as refused:
        authenticate(request_, {KEY_ID: SECRET}, REGION)
    assert (refused.value.status, refused.value.name) == (401, "AuthenticationFailedException")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(("minutes", "good"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_requests_are_recent(minutes: int, good: bool) -> None:
    request = signed()
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    if good:
        assert authenticate(request, {KEY_ID: SECRET}, now=moment) == KEY_ID
    else:
        with pytest.raises(XksError, match="five minutes"):
            authenticate(request, {KEY_ID: SECRET}, now=moment)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
@pytest.mark.parametrize("path", ["/health", "/keys/demo/metadata", "/keys/demo/encrypt", "/keys/demo/decrypt"])
def test_only_post_is_allowed(proxy: XksProxy, files: pki.Files, method: str, path: str) -> None:
    client = connection(proxy, files)
    client.request(method, proxy.uri_path + path)
    response = client.getresponse()
    assert (response.status, response.getheader("Allow")) == (405, "POST")
    client.close()


def test_a_load_balancer_has_something_to_get(proxy: XksProxy, files: pki.Files) -> None:
    client = connection(proxy, files)
    client.request("GET", "/ping")
    assert client.getresponse().status == 200
    client.close()


def test_one_connection_serves_many_requests(proxy: XksProxy, files: pki.Files) -> None:
    client = connection(proxy, files)
    client.connect()
    first = client.sock
    for status, path in ((200, "/ping"), (405, f"{proxy.uri_path}/health"), (404, "/nothing"), (200, "/ping")):
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        assert response.status == status
    assert client.sock is first
    client.close()


def test_oversized_requests_are_refused_unread(proxy: XksProxy, files: pki.Files) -> None:
    client = connection(proxy, files)
    client.putrequest("POST", f"{proxy.uri_path}/health")
    client.putheader("Content-Length", str(10**9))
    client.endheaders()
    assert client.getresponse().status == 413
    client.close()


@pytest.mark.parametrize(
    ("version", "suite"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (ssl.TLSVersion.TLSv1_3, "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_the_suites_that_aws_lists(proxy: XksProxy, files: pki.Files, version: ssl.TLSVersion, suite: str) -> None:
    context = ssl.create_default_context(cafile=str(files.ca))
    context.minimum_version = context.maximum_version = version
    raw = socket.create_connection(proxy.address, timeout=5)
    with context.wrap_socket(raw, server_hostname=NAME) as secured:
        negotiated = secured.cipher()
    assert negotiated is not None
    assert negotiated[0] == suite


def test_no_secret_shows(proxy: XksProxy) -> None:
    endpoint = Endpoint([], NAME, "/kms/xks/v1", KEY_ID, SECRET, None, REGION)
    shown = repr((endpoint, list(proxy.served), proxy.keys, pki.new_root()))
    assert SECRET not in shown
    assert "material" not in shown


def test_a_stopped_proxy_says_nothing_more_on_old_connections(files: pki.Files) -> None:
    proxy = XksProxy(certificate=files.chain, private_key=files.key, credentials={}).start()
    client = connection(proxy, files)
    client.request("GET", "/ping")
    client.getresponse().read()
    proxy.stop()
    proxy.stop()
    try:
        client.sock.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = client.sock.recv(1)
    except OSError:
        answer = b""
    assert answer == b""
    client.close()


def run_proxy(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    tests = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-m", "emulator.proxy", *arguments],
        env={**os.environ, "PYTHONPATH": str(tests), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGTERM, signal.SIGINT]],
    ids=["interrupt", "terminate", "impatient"],
)
def test_command_line_with_one_command(tmp_path: Path, signals: list[signal.Signals]) -> None:
    credential_file = tmp_path / "proxy.json"
    process = run_proxy(
        *("--pki", str(tmp_path), "--server-name", NAME, "--credential-file", str(credential_file)),
        *("--uri-path-prefix", "/example", "--key-id", "demo-key", "--port", "0"),
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    ready = re.fullmatch(r"xks proxy ready https://127\.0\.0\.1:(\d+) path (/example/kms/xks/v1)", line)
    assert ready is not None
    configuration = json.loads(credential_file.read_text())
    pair = configuration["XksProxyAuthenticationCredential"]
    assert configuration["XksProxyUriPath"] == ready[2]
    assert re.fullmatch(r"[A-Z2-7]{20,30}", pair["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9/+=]{43,64}", pair["RawSecretAccessKey"])
    assert credential_file.stat().st_mode & 0o777 == 0o600
    address = ("127.0.0.1", int(ready[1]))
    ca_file = str(tmp_path / "ca.pem")
    result = check_proxy(
        [address], NAME, ready[2], pair["AccessKeyId"], pair["RawSecretAccessKey"], ca_file, REGION, 5.0
    )
    assert result.code is None
    for number in signals:
        process.send_signal(number)
    output, errors = process.communicate(timeout=5)
    assert (process.returncode, output, errors) == (0, "", "")


def test_command_line_with_the_secret_in_the_environment(files: pki.Files) -> None:
    process = run_proxy(
        *("--certificate", str(files.chain), "--private-key", str(files.key), "--access-key-id", KEY_ID),
        XKS_RAW_SECRET_ACCESS_KEY=SECRET,
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line.endswith("path /kms/xks/v1")
    address = ("127.0.0.1", int(line.split(" path ")[0].rsplit(":", 1)[1]))
    result = check_proxy([address], NAME, "/kms/xks/v1", KEY_ID, SECRET, str(files.ca), REGION, 5.0)
    assert result.code is None
    process.terminate()
    assert process.communicate(timeout=5) == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--access-key-id", KEY_ID),
        ("--pki", "PKI", "--server-name", NAME),
        ("--pki", "PKI", "--server-name", NAME, "--access-key-id", KEY_ID, "--uri-path-prefix", "example"),
        ("--pki", "PKI", "--server-name", NAME, "--access-key-id", KEY_ID, "--secret-file", "/nonexistent"),
        ("--certificate", "/nonexistent", "--private-key", "/nonexistent", "--access-key-id", KEY_ID),
    ],
    ids=["no certificate", "no credential", "prefix without slash", "no secret file", "no such certificate"],
)
def test_command_line_says_what_is_missing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    process = run_proxy(
        *(str(tmp_path) if argument == "PKI" else argument for argument in arguments),
        XKS_RAW_SECRET_ACCESS_KEY=SECRET,
    )
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output) == (2, "")
    assert "error:" in errors
    assert "Traceback" not in errors
    assert SECRET not in errors
