# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store against the embedded AWS: changes of a connected store, live and at rest, and its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.proxy import XksProxy
from scenarios import prerequisites as before
from scenarios.key_stores import (
    NEW,
    connected,
    encrypting,
    key_in,
    kms,
    last,
    no_secret_in,
    numbers,
    run,
    stores,
    writes,
)

AT_REST = ["DisconnectCustomKeyStore", "UpdateCustomKeyStore", "ConnectCustomKeyStore"]


@pytest.fixture
def elsewhere(world: Any, service: before.EndpointService, proxy: XksProxy) -> dict[str, Any]:
    """Options for another endpoint service with another name."""
    other = before.endpoint_service(world.url, before.OTHER_NAME, name="other")
    return before.options(other, xks_proxy_uri_endpoint=f"https://{before.OTHER_NAME}")


def settings(world: Any) -> dict[str, Any]:
    found: dict[str, Any] = stores(world)[0]["XksProxyConfiguration"]
    return found


def test_name_path_and_credential_change_while_it_is_connected(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    key = key_in(world, connected(world, service)["custom_key_store_id"])
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    proxy.api.more_bases.append("/new/kms/xks/v1")
    options = before.options(
        service, new_name="renamed", xks_proxy_uri_path="/new/kms/xks/v1", xks_proxy_authentication_credential=NEW
    )
    mark = last(world)
    planned = run(world, check=True, **options)
    with encrypting(world, key, every=0.01) as answers:
        done = run(world, **options)
    assert set(answers) == {"ok"}
    assert writes(world, mark) == ["UpdateCustomKeyStore"]
    assert (planned["diff"], planned["actions"]) == (done["diff"], done["actions"])
    assert done["custom_key_store"]["custom_key_store_name"] == "renamed"
    assert (settings(world)["UriPath"], settings(world)["AccessKeyId"]) == ("/new/kms/xks/v1", NEW["access_key_id"])
    assert done["previous_access_key_id"] == before.CREDENTIAL["access_key_id"]
    assert any("for up to 5 minutes" in text for text in done["warnings"])
    # Found under the new name, by either name, and by its id.
    for again in (options, {**options, "custom_key_store_name": "renamed"}):
        assert run(world, **again)["changed"] is False
    by_id = {"key_store_id": done["custom_key_store_id"], "new_name": "payments", "state": "present"}
    assert run(world, **by_id)["custom_key_store"]["custom_key_store_name"] == "payments"


def test_a_new_name_that_is_taken(world: Any, service: before.EndpointService, elsewhere: dict[str, Any]) -> None:
    connected(world, service, state="present")
    run(world, **{**elsewhere, "custom_key_store_name": "second", "state": "present"})
    refused = run(world, name="second", new_name="payments", state="present")
    assert numbers(refused) == {"N3"}
    assert numbers(run(world, name="third", new_name="fourth", state="present")) == {"R73"}


@pytest.mark.parametrize("force", [False, True])
def test_where_aws_refuses_a_live_change(
    world: Any, service: before.EndpointService, proxy: XksProxy, force: bool
) -> None:
    """AWS's pages disagree on it (D23): the live way first, then by way of DISCONNECTED if that is allowed."""
    key = key_in(world, connected(world, service)["custom_key_store_id"])
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    world.configure(live_updates=False)
    mark = last(world)
    done = run(world, **before.options(service, xks_proxy_authentication_credential=NEW), force=force)
    if not force:
        assert done["error"]["code"] == "CustomKeyStoreInvalidStateException"
        assert "with force: true" in done["msg"]
        assert writes(world, mark) == ["UpdateCustomKeyStore"]
        return
    assert writes(world, mark) == ["UpdateCustomKeyStore", *AT_REST]
    assert (done["connection_state"], settings(world)["AccessKeyId"]) == ("CONNECTED", NEW["access_key_id"])
    assert [item["key_id"] for item in done["kms_keys"]] == [key]
    (told,) = [text for text in done["warnings"] if "Done instead" in text]
    assert "CustomKeyStoreInvalidStateException" in told
    assert "disconnect external key store payments" in told


def test_another_endpoint_in_one_task(world: Any, service: before.EndpointService, elsewhere: dict[str, Any]) -> None:
    key = key_in(world, connected(world, service)["custom_key_store_id"])
    mark = last(world)
    refused = run(world, **elsewhere)
    assert numbers(refused) == {"N17"}
    assert key in refused["msg"]
    assert "force: true" in refused["msg"]
    planned = run(world, check=True, **elsewhere, force=True)
    assert writes(world, mark) == []
    done = run(world, **elsewhere, force=True)
    assert writes(world, mark) == AT_REST
    for result in (planned, done):
        assert [(item["resource"], item["action"]) for item in result["actions"]] == [
            ("connection", "update"), ("external key store", "update"), ("connection", "update"),
        ]
        assert [item["key_id"] for item in result["kms_keys"]] == [key]
        assert key in result["warnings"][0]
    assert set(planned) == set(done)
    assert (done["connection_state"], settings(world)["UriEndpoint"]) == ("CONNECTED", f"https://{before.OTHER_NAME}")
    mark = last(world)
    assert run(world, **elsewhere, force=True)["changed"] is False
    assert writes(world, mark) == []


def test_a_refused_change_leaves_the_store_as_it_was(
    world: Any, service: before.EndpointService, elsewhere: dict[str, Any]
) -> None:
    key = key_in(world, connected(world, service)["custom_key_store_id"])
    found = stores(world)
    world.fault(
        "error", action="UpdateCustomKeyStore", code="XksProxyVpcEndpointServiceInvalidConfigurationException",
        status=400, message="No.",
    )
    mark = last(world)
    failed = run(world, **elsewhere, force=True)
    assert failed["error"]["code"] == "XksProxyVpcEndpointServiceInvalidConfigurationException"
    assert "update external key store payments" in failed["msg"]
    assert "was brought back: connect external key store payments." in failed["msg"]
    assert writes(world, mark) == AT_REST
    assert stores(world) == found
    kms(world).encrypt(KeyId=key, Plaintext=b"text")


def test_a_secret_that_changed_alone(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    """Drift shows on the access key id only; another secret is sent when that is asked for (N13)."""
    connected(world, service)
    same_id = {**NEW, "access_key_id": before.CREDENTIAL["access_key_id"]}
    proxy.credentials[same_id["access_key_id"]] = same_id["raw_secret_access_key"]
    options = before.options(service, xks_proxy_authentication_credential=same_id)
    mark = last(world)
    assert run(world, **options)["changed"] is False
    done = run(world, **options, force_update_credential=True)
    assert writes(world, mark) == ["UpdateCustomKeyStore"]
    assert done["diff"][0]["after"]["raw_secret_access_key"] == "(sent again)"
    no_secret_in(json.dumps(world.calls(), default=str))


def test_a_public_endpoint_and_back(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    """R20: no VPC, no endpoint service; and from one to the other, keys and all."""
    host, port = proxy.address
    world.configure(address_map={**world.settings.address_map, before.PUBLIC_NAME: f"{host}:{port}"})
    public = {
        "custom_key_store_name": "payments",
        "xks_proxy_connectivity": "PUBLIC_ENDPOINT",
        "xks_proxy_uri_endpoint": f"https://{before.PUBLIC_NAME}",
        "xks_proxy_uri_path": before.URI_PATH,
        "xks_proxy_authentication_credential": before.CREDENTIAL,
    }
    mark = last(world)
    done = run(world, **public)
    assert writes(world, mark) == ["CreateCustomKeyStore", "ConnectCustomKeyStore"]
    assert not [call for call in world.calls(since=mark) if call["service"] == "ec2"]
    assert done["custom_key_store"]["xks_proxy_configuration"]["vpc_endpoint_service_name"] is None
    mark = last(world)
    assert run(world, **public)["changed"] is False
    assert run(world, name="payments")["changed"] is False
    assert [call["action"] for call in world.calls(since=mark)] == ["DescribeCustomKeyStores"] * 2
    key = key_in(world, done["custom_key_store_id"])
    private = before.options(
        service,
        xks_proxy_connectivity="VPC_ENDPOINT_SERVICE",
        xks_proxy_uri_endpoint=f"https://{before.PRIVATE_DNS_NAME}",
    )
    for options, connectivity in ((private, "VPC_ENDPOINT_SERVICE"), (public, "PUBLIC_ENDPOINT")):
        assert numbers(run(world, **options)) == {"N17"}
        mark = last(world)
        assert run(world, **options, force=True)["connection_state"] == "CONNECTED"
        assert writes(world, mark) == AT_REST
        assert settings(world)["Connectivity"] == connectivity
        kms(world).encrypt(KeyId=key, Plaintext=b"text")


def test_a_public_endpoint_has_no_service(world: Any) -> None:
    name = f"com.amazonaws.vpce.{before.REGION}.vpce-svc-0123456789abcdef0"
    none = before.EndpointService("", (), "", "", "", name, "")
    assert numbers(run(world, **before.options(none, xks_proxy_connectivity="PUBLIC_ENDPOINT"))) == {"R20"}
    assert world.calls() == []


def test_a_proxy_that_aws_cannot_use_makes_no_public_store(world: Any, proxy: XksProxy) -> None:
    refused = run(
        world, name="payments", xks_proxy_connectivity="PUBLIC_ENDPOINT",
        xks_proxy_uri_endpoint="https://nowhere.example.com", xks_proxy_uri_path=before.URI_PATH,
        xks_proxy_authentication_credential=before.CREDENTIAL,
    )
    assert refused["error"]["code"] == "XksProxyUriUnreachableException"
    assert "within 250 ms" in refused["msg"]


def test_a_store_that_somebody_made_by_hand(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    made = kms(world).create_custom_key_store(
        CustomKeyStoreName="payments",
        CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyConnectivity="VPC_ENDPOINT_SERVICE",
        XksProxyVpcEndpointServiceName=service.service_name,
        XksProxyUriEndpoint=f"https://{before.PRIVATE_DNS_NAME}",
        XksProxyUriPath="/kms/xks/v1",
        XksProxyAuthenticationCredential={"AccessKeyId": NEW["access_key_id"], "RawSecretAccessKey": "a" * 43},
    )["CustomKeyStoreId"]
    mark = last(world)
    done = run(world, **before.options(service))
    assert writes(world, mark) == ["UpdateCustomKeyStore", "ConnectCustomKeyStore"]
    assert (done["custom_key_store_id"], done["connection_state"]) == (made, "CONNECTED")
    assert run(world, **before.options(service))["changed"] is False


def test_the_owner_of_a_service_of_another_account_changes_at_rest(world: Any, proxy: XksProxy) -> None:
    """D1, N16."""
    other_account, other_key = "210987654321", "AKIAOTHERACCOUNT0001"
    world.configure(accounts={other_key: other_account})
    own = before.endpoint_service(world.url)
    connected(world, own)
    principals = (f"cks.kms.{before.REGION}.amazonaws.com", "arn:aws:iam::123456789012:root")
    theirs = before.endpoint_service(
        world.url, before.OTHER_NAME, name="theirs", principals=principals, access_key=other_key, verified=False
    )
    before.verify(world.url, theirs.service_id, access_key=other_key, zone_key=before.CONNECTION["access_key"])
    options = before.options(
        theirs,
        xks_proxy_uri_endpoint=f"https://{before.OTHER_NAME}",
        xks_proxy_vpc_endpoint_service_owner=other_account,
        force=True,
    )
    mark = last(world)
    done = run(world, **options)
    assert not done.get("failed"), done
    assert writes(world, mark) == AT_REST
    assert settings(world)["VpcEndpointServiceOwner"] == other_account
    assert run(world, **options)["changed"] is False
