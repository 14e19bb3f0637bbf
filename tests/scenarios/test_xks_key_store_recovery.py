# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store against the embedded AWS: out of FAILED, for every code that an external key store can fail with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.resources import remedies

from emulator import pki
from emulator.proxy import ACTIVE, UNAVAILABLE, XksProxy
from scenarios import prerequisites as before
from scenarios.harness import run_module
from scenarios.key_stores import NEW, connected, last, no_secret_in, numbers, run, stores, writes

Service = before.EndpointService
Act = Callable[[Any, Service, XksProxy], Any]
KMS = f"cks.kms.{before.REGION}.amazonaws.com"
RECOVERED = ["DisconnectCustomKeyStore", "ConnectCustomKeyStore"]
CHANGED = ["DisconnectCustomKeyStore", "UpdateCustomKeyStore", "ConnectCustomKeyStore"]


def strange_certificate(world: Any, service: Service, proxy: XksProxy) -> None:
    root = pki.new_root("stranger")
    leaf = pki.write_leaf(Path(str(proxy.certificate)).parent / "strange", root, pki.issue_leaf(root, "other.name"))
    vars(proxy).update(good=(proxy.certificate, proxy.private_key), certificate=leaf.chain, private_key=leaf.key)


def good_certificate(world: Any, service: Service, proxy: XksProxy) -> None:
    proxy.certificate, proxy.private_key = vars(proxy)["good"]


def permissions(change: str) -> Act:
    return lambda world, service, proxy: before.client(world.url, "ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=service.service_id, **{change: [KMS]}
    )


def acceptance(wanted: bool) -> Act:
    return lambda world, service, proxy: before.client(world.url, "ec2").modify_vpc_endpoint_service_configuration(
        ServiceId=service.service_id, AcceptanceRequired=wanted
    )


def behaviour(**switches: Any) -> Act:
    return lambda world, service, proxy: vars(proxy.behaviour).update(switches)


def forced(code: str) -> Act:
    return lambda world, service, proxy: world.outcome("*", code)


def nothing(world: Any, service: Service, proxy: XksProxy) -> None:
    """The task itself carries the fix."""


def unforced(world: Any, service: Service, proxy: XksProxy) -> None:
    world.clear_outcomes()


UNSEEN = {"XKS_PROXY_ACCESS_DENIED", "XKS_PROXY_INVALID_TLS_CONFIGURATION", "XKS_PROXY_NOT_REACHABLE"}
WRONG_SECRET = {**NEW, "access_key_id": before.CREDENTIAL["access_key_id"]}
# code, what differs in the options before the fix, cause, fix, what the recovery writes.
FAILURES: list[tuple[str, dict[str, Any], Act, Act, list[str]]] = [
    ("INVALID_CREDENTIALS", {"xks_proxy_authentication_credential": NEW}, nothing, nothing, CHANGED),
    ("INVALID_CREDENTIALS", {"xks_proxy_authentication_credential": WRONG_SECRET}, nothing, nothing, CHANGED),
    ("XKS_PROXY_INVALID_CONFIGURATION", {"xks_proxy_uri_path": "/kms/xks/v1"}, nothing, nothing, CHANGED),
    ("XKS_PROXY_ACCESS_DENIED", {}, behaviour(denied=frozenset({"health"})), behaviour(denied=frozenset()), RECOVERED),
    ("XKS_PROXY_INVALID_RESPONSE", {}, behaviour(body=b"<html>"), behaviour(body=None), RECOVERED),
    ("XKS_PROXY_INVALID_TLS_CONFIGURATION", {}, strange_certificate, good_certificate, RECOVERED),
    ("XKS_PROXY_NOT_REACHABLE", {}, behaviour(health=[UNAVAILABLE]), behaviour(health=[ACTIVE]), RECOVERED),
    ("XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", {}, permissions("RemoveAllowedPrincipals"),
     permissions("AddAllowedPrincipals"), RECOVERED),
    ("XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION", {}, acceptance(True), acceptance(False), RECOVERED),
    # A slow proxy would make a slow test; the time limit has its own in tests/fidelity.
    ("XKS_PROXY_TIMED_OUT", {}, forced("XKS_PROXY_TIMED_OUT"), unforced, RECOVERED),
    ("INTERNAL_ERROR", {}, forced("INTERNAL_ERROR"), unforced, RECOVERED),
    ("NETWORK_ERRORS", {}, forced("NETWORK_ERRORS"), unforced, RECOVERED),
]


def test_every_code_of_an_external_key_store_is_recovered_here() -> None:
    assert {row[0] for row in FAILURES} == set(remedies.REMEDIES[remedies.EXTERNAL])


@pytest.mark.parametrize(("code", "wrong", "cause", "fix", "written"), FAILURES, ids=[row[0] for row in FAILURES])
def test_a_failed_store_is_a_difference_and_is_repaired(
    world: Any, service: Service, proxy: XksProxy, code: str, wrong: dict[str, Any], cause: Act, fix: Act,
    written: list[str],
) -> None:
    """Terraform sees no changes here (peers E7)."""
    connected(world, service, **wrong, state="present")
    cause(world, service, proxy)
    broken = run(world, **before.options(service, **wrong), recover_failed=False)
    if broken.get("connection_error_code") is None:
        # The gate saw it first; somebody who connects by hand does not look.
        assert numbers(broken) <= {"R8", "R9"}
        store_id = stores(world)[0]["CustomKeyStoreId"]
        before.client(world.url, "kms").connect_custom_key_store(CustomKeyStoreId=store_id)
    assert (stores(world)[0]["ConnectionState"], stores(world)[0]["ConnectionErrorCode"]) == ("FAILED", code)
    refused = run(world, **before.options(service), recover_failed=False)
    assert (refused["failed"], numbers(refused), refused["connection_error_code"]) == (True, {"N10"}, code)

    fix(world, service, proxy)
    # A certificate or a rule on the proxy is nothing that AWS or the task could show.
    options = before.options(service, force=code in UNSEEN)
    mark = last(world)
    planned = run(world, check=True, **options)
    assert (planned["changed"], writes(world, mark)) == (True, [])
    assert {"connection_state": "FAILED"} in [item["before"] for item in planned["diff"]]
    done = run(world, **options)
    assert writes(world, mark) == written
    assert (done["previous_connection_state"], done["connection_state"]) == ("FAILED", "CONNECTED")
    # What the disconnect erased was read before (N10).
    assert done["connection_error_code"] == done["remedy"]["code"] == code
    assert done["actions"] == planned["actions"]
    mark = last(world)
    assert run(world, **options)["changed"] is False
    assert writes(world, mark) == []


def test_what_still_stands_in_the_way_is_told_before_anything_is_erased(
    world: Any, service: Service, proxy: XksProxy
) -> None:
    connected(world, service, state="present")
    acceptance(True)(world, service, proxy)
    before.client(world.url, "kms").connect_custom_key_store(CustomKeyStoreId=stores(world)[0]["CustomKeyStoreId"])
    mark = last(world)
    refused = run(world, **before.options(service))
    assert numbers(refused) == {"R8", "N10"}
    assert refused["connection_error_code"] == "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
    assert writes(world, mark) == []


class Heard(list[str]):
    """What a run says, and what happens when it says it."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then = then

    def context(self) -> runner.Context:
        return runner.Context(progress=self._hear)

    def _hear(self, text: str) -> None:
        self.append(text)
        self._then()


def test_a_failure_that_passes_is_tried_again(world: Any, service: Service, proxy: XksProxy) -> None:
    connected(world, service, state="present")
    world.outcome("*", "XKS_PROXY_TIMED_OUT")
    heard = Heard(world.clear_outcomes)
    options = before.options(service, transient_retry_delay=0)
    mark = last(world)
    done = run_module(world.url, "xks_key_store", context=heard.context(), **options)
    assert writes(world, mark) == ["ConnectCustomKeyStore", *RECOVERED]
    assert done["connection_state"] == "CONNECTED"
    assert "XKS_PROXY_TIMED_OUT" in heard[0]
    assert "Trying again" in heard[0]
    no_secret_in(json.dumps([done, heard], default=str))


def test_but_not_for_ever(world: Any, service: Service, proxy: XksProxy) -> None:
    connected(world, service, state="present")
    world.outcome("*", "XKS_PROXY_TIMED_OUT")
    mark = last(world)
    failed = run(world, **before.options(service), transient_retry_delay=0)
    assert writes(world, mark) == ["ConnectCustomKeyStore", *RECOVERED * 2]
    assert (failed["failed"], failed["connection_error_code"]) == (True, "XKS_PROXY_TIMED_OUT")
    # Without leave to, once is enough; and what does not pass is never tried again.
    for code, options in (("XKS_PROXY_TIMED_OUT", {"recover_failed": False}), ("XKS_PROXY_ACCESS_DENIED", {})):
        run(world, name="payments", state="disconnected")
        world.outcome("*", code)
        mark = last(world)
        run(world, **before.options(service), transient_retry_delay=0, **options)
        assert writes(world, mark) == ["ConnectCustomKeyStore"]
