# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store against the embedded AWS: failed connections, drift, disconnecting and deleting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator import pki
from emulator.proxy import UNAVAILABLE, XksProxy
from scenarios import prerequisites as before
from scenarios.key_stores import SECRET, connected, key_in, kms, last, numbers, run, stores, writes

FAILURES = {
    "XKS_PROXY_INVALID_TLS_CONFIGURATION": "certificate",
    "INVALID_CREDENTIALS": "credential",
    "XKS_PROXY_NOT_REACHABLE": "external key managers",
}


def break_proxy(code: str, proxy: XksProxy) -> None:
    if code == "XKS_PROXY_INVALID_TLS_CONFIGURATION":
        root = pki.new_root("stranger")
        leaf = pki.write_leaf(Path(str(proxy.certificate)).parent / "strange", root, pki.issue_leaf(root, "other.name"))
        proxy.certificate, proxy.private_key = leaf.chain, leaf.key
    elif code == "INVALID_CREDENTIALS":
        proxy.credentials.clear()
    else:
        proxy.behaviour.health = [UNAVAILABLE]


@pytest.mark.parametrize("code", FAILURES)
def test_a_failed_connection_tells_why(
    world: Any, service: before.EndpointService, proxy: XksProxy, code: str
) -> None:
    break_proxy(code, proxy)
    failed = run(world, **before.options(service))
    # The store was made before the connect failed.
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert failed["connection_error_code"] == failed["remedy"]["code"] == code
    assert code in failed["msg"]
    assert FAILURES[code] in failed["msg"]
    assert failed["remedy"]["steps"]
    # The next run finds it FAILED: it says the same, and does not touch it (N10), since nothing shows a repair.
    known = None if code == "INVALID_CREDENTIALS" else before.CREDENTIAL
    for check in (True, False):
        mark = last(world)
        again = run(world, check=check, **before.options(service, xks_proxy_authentication_credential=known))
        assert (again["failed"], again["changed"]) == (True, False)
        assert (again["connection_error_code"], again["remedy"]["code"]) == (code, code)
        assert numbers(again) == {"N10"}
        assert writes(world, mark) == []
    assert stores(world)[0]["ConnectionState"] == "FAILED"


def test_out_of_failed_by_way_of_disconnected(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    wrong = {"xks_proxy_uri_path": "/wrong/kms/xks/v1"}
    assert run(world, **before.options(service, **wrong))["connection_error_code"] == "XKS_PROXY_INVALID_CONFIGURATION"
    present = run(world, **before.options(service, **wrong), state="present")
    assert (present["changed"], present["remedy"]["code"]) == (False, "XKS_PROXY_INVALID_CONFIGURATION")
    refused = run(world, **before.options(service), state="present")
    assert numbers(refused) == {"N10"}
    apart = run(world, **before.options(service), state="disconnected")
    assert (apart["previous_connection_state"], apart["connection_state"]) == ("FAILED", "DISCONNECTED")
    assert apart["remedy"]["code"] == "XKS_PROXY_INVALID_CONFIGURATION"
    assert apart["custom_key_store"]["xks_proxy_configuration"]["uri_path"] == before.URI_PATH
    assert connected(world, service)["connection_state"] == "CONNECTED"


def test_a_store_that_is_connecting_is_waited_for(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    connected(world, service, state="disconnected")
    world.configure(time_scale=1.0, delays={"xks_connect": 0.5})
    store_id = stores(world)[0]["CustomKeyStoreId"]
    kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    mark = last(world)
    hasty = run(world, **before.options(service), wait=False)
    assert (hasty["changed"], hasty["connection_state"]) == (False, "CONNECTING")
    patient = run(world, **before.options(service))
    assert (patient["changed"], patient["connection_state"]) == (False, "CONNECTED")
    assert patient["previous_connection_state"] == "CONNECTING"
    assert writes(world, mark) == []


def test_a_wait_that_runs_out_is_gone_on_with(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    world.configure(time_scale=1.0, delays={"xks_connect": 3600})
    late = run(world, **before.options(service), wait_timeout=1)
    assert late["failed"]
    assert "CONNECTING" in late["msg"]
    assert "the next run goes on from here" in late["msg"]
    world.advance(3600)
    mark = last(world)
    assert connected(world, service)["changed"] is False
    assert writes(world, mark) == []


def test_a_store_that_is_disconnecting_is_waited_for_and_connected(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    connected(world, service)
    world.configure(time_scale=1.0, delays={"xks_disconnect": 0.5, "xks_connect": 0})
    kms(world).disconnect_custom_key_store(CustomKeyStoreId=stores(world)[0]["CustomKeyStoreId"])
    mark = last(world)
    done = connected(world, service)
    assert (done["previous_connection_state"], done["connection_state"]) == ("DISCONNECTING", "CONNECTED")
    assert writes(world, mark) == ["ConnectCustomKeyStore"]


def test_present_leaves_the_connection_alone(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    made = connected(world, service, state="present")
    assert made["connection_state"] == "DISCONNECTED"
    assert connected(world, service, state="present")["changed"] is False
    connected(world, service)
    mark = last(world)
    assert connected(world, service, state="present")["connection_state"] == "CONNECTED"
    assert writes(world, mark) == []


@pytest.mark.parametrize("state", ["connected", "disconnected"])
def test_a_property_that_differs_is_repaired_alone(
    world: Any, service: before.EndpointService, proxy: XksProxy, state: str
) -> None:
    connected(world, service, state=state)
    store_id = stores(world)[0]["CustomKeyStoreId"]
    new = {"access_key_id": "ZYXWVUTSRQPONMLKJIHG", "raw_secret_access_key": SECRET[::-1]}
    proxy.credentials[new["access_key_id"]] = new["raw_secret_access_key"]
    options = before.options(service, state=state, xks_proxy_authentication_credential=new)
    for check in (True, False):
        mark = last(world)
        done = run(world, check=check, **options)
        assert [item["action"] for item in done["actions"] if item["resource"] == "external key store"] == ["update"]
        (diff,) = done["diff"]
        changed = {key for key in diff["after"] if diff["after"][key] != diff["before"][key]}
        assert changed == {"access_key_id"}
        assert new["raw_secret_access_key"] not in json.dumps(done, default=str)
        assert writes(world, mark) == ([] if check else ["UpdateCustomKeyStore"])
    # AWS's console moves the path away; the next run brings it back, and nothing else.
    proxy.api.base = "/elsewhere/kms/xks/v1"
    kms(world).update_custom_key_store(CustomKeyStoreId=store_id, XksProxyUriPath="/elsewhere/kms/xks/v1")
    proxy.api.base = before.URI_PATH
    mark = last(world)
    back = run(world, **options)
    assert back["custom_key_store"]["xks_proxy_configuration"]["uri_path"] == before.URI_PATH
    (update,) = world.calls(mutating=True, since=mark)
    assert set(update["params"]) == {"CustomKeyStoreId", "XksProxyUriPath"}
    assert back["connection_state"] == state.upper()
    mark = last(world)
    assert run(world, **options)["changed"] is False
    assert writes(world, mark) == []


def test_another_endpoint_needs_a_disconnected_store(
    world: Any, service: before.EndpointService, proxy: XksProxy, tmp_path: Path
) -> None:
    connected(world, service)
    other = before.endpoint_service(world.url, "other-proxy.example.com", name="other")
    options = before.options(other, xks_proxy_uri_endpoint="https://other-proxy.example.com")
    mark = last(world)
    refused = run(world, **options)
    assert numbers(refused) == {"N17"}
    assert "with state disconnected first" in refused["msg"]
    assert writes(world, mark) == []
    apart = run(world, **options, state="disconnected")
    assert writes(world, mark) == ["DisconnectCustomKeyStore", "UpdateCustomKeyStore"]
    proxied = apart["custom_key_store"]["xks_proxy_configuration"]
    assert (proxied["vpc_endpoint_service_name"], proxied["uri_endpoint"]) == (
        other.service_name,
        "https://other-proxy.example.com",
    )


def test_keys_are_not_made_unusable_by_accident(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    store_id = connected(world, service)["custom_key_store_id"]
    kms(world).create_key()
    key = key_in(world, store_id)
    mark = last(world)
    refused = run(world, name="payments", state="disconnected")
    assert numbers(refused) == {"N17"}
    assert key in refused["msg"]
    assert "force" in refused["msg"]
    assert [item["key_id"] for item in refused["kms_keys"]] == [key]
    assert writes(world, mark) == []
    planned = run(world, check=True, name="payments", state="disconnected", force=True)
    assert planned["connection_state"] == "DISCONNECTED"
    done = run(world, name="payments", state="disconnected", force=True)
    assert (done["previous_connection_state"], done["connection_state"]) == ("CONNECTED", "DISCONNECTED")
    assert [item["xks_key_id"] for item in done["kms_keys"]] == ["key-1"]
    mark = last(world)
    again = run(world, name="payments", state="disconnected")
    assert again["changed"] is False
    assert [call["action"] for call in world.calls(since=mark)] == ["DescribeCustomKeyStores"]


def test_a_store_without_keys_is_disconnected_when_asked(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    connected(world, service)
    done = run(world, name="payments", state="disconnected")
    assert (done["changed"], done["connection_state"], done["kms_keys"]) == (True, "DISCONNECTED", [])


def test_keys_that_cannot_be_looked_at_count_as_a_risk(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    connected(world, service)
    kms(world).create_key()
    world.configure(denied=["kms:DescribeKey"])
    refused = run(world, name="payments", state="absent")
    assert numbers(refused) == {"N17"}
    assert "cannot be looked at" in refused["msg"]
    assert run(world, name="payments", state="absent", force=True)["changed"] is True


def test_absent(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    """Terraform says "destroyed" of a connected store that lives on (peers E8)."""
    store_id = connected(world, service)["custom_key_store_id"]
    mark = last(world)
    planned = run(world, check=True, name="payments", state="absent")
    assert [(item["resource"], item["action"]) for item in planned["actions"]] == [("external key store", "delete")]
    assert writes(world, mark) == []
    done = run(world, name="payments", state="absent")
    assert set(planned) == set(done)
    assert done["actions"] == planned["actions"]
    assert done["actions"][0]["id"] == store_id
    assert (done["custom_key_store"], done["connection_state"]) == (None, None)
    assert writes(world, mark) == ["DisconnectCustomKeyStore", "DeleteCustomKeyStore"]
    assert stores(world) == []
    mark = last(world)
    again = run(world, name="payments", state="absent")
    assert again["changed"] is False
    assert [call["action"] for call in world.calls(since=mark)] == ["DescribeCustomKeyStores"]


def test_absent_waits_for_a_disconnect(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    store_id = connected(world, service)["custom_key_store_id"]
    world.configure(time_scale=1.0, delays={"xks_disconnect": 0.5})
    done = run(world, key_store_id=store_id, state="absent", wait=False)
    assert done["changed"] is True
    assert stores(world) == []


@pytest.mark.parametrize("doomed", [False, True])
def test_absent_is_refused_while_there_are_keys(
    world: Any, service: before.EndpointService, proxy: XksProxy, doomed: bool
) -> None:
    store_id = connected(world, service)["custom_key_store_id"]
    key = key_in(world, store_id)
    if doomed:
        kms(world).schedule_key_deletion(KeyId=key)
    mark = last(world)
    for force in (False, True):
        refused = run(world, name="payments", state="absent", force=force)
        assert numbers(refused) == {"N18"}
        assert key in refused["msg"]
    assert writes(world, mark) == []
    assert stores(world)[0]["ConnectionState"] == "CONNECTED"
