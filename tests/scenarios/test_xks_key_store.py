# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store against the embedded AWS: making and connecting a store, and everything that is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.client import Emulator as Control
from emulator.proxy import XksProxy
from scenarios import prerequisites as before
from scenarios.harness import CONNECTION
from scenarios.key_stores import NEW, connected, kms, last, no_secret_in, numbers, run, stores, writes

OTHER_ACCOUNT = "210987654321"
OTHER_KEY = "AKIAOTHERACCOUNT0001"
SERVICE_PENDING = "(known after apply: endpoint_service.payments.service_name)"


@pytest.fixture
def world(emulator: Any) -> Any:
    emulator.configure(time_scale=0.0, accounts={OTHER_KEY: OTHER_ACCOUNT})
    return emulator


def test_the_plan_is_what_the_run_does(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    mark = last(world)
    planned = run(world, check=True, **before.options(service))
    assert not planned.get("failed"), planned
    assert writes(world, mark) == []
    assert planned["custom_key_store_id"] == "(known after apply: key_store.payments.custom_key_store_id)"
    assert planned["connection_state"] == "CONNECTED"
    done = run(world, **before.options(service))
    assert writes(world, mark) == ["CreateCustomKeyStore", "ConnectCustomKeyStore"]
    plan, deed = ([(item["resource"], item["action"]) for item in result["actions"]] for result in (planned, done))
    assert plan == deed == [("external key store", "create"), ("connection", "create")]
    assert set(planned) == set(done)
    assert (done["changed"], done["connection_state"], done["previous_connection_state"]) == (True, "CONNECTED", None)
    (store,) = stores(world)
    assert store["ConnectionState"] == "CONNECTED"
    assert done["custom_key_store_id"] == store["CustomKeyStoreId"]
    assert done["custom_key_store"]["xks_proxy_configuration"] == {
        "connectivity": "VPC_ENDPOINT_SERVICE",
        "access_key_id": before.CREDENTIAL["access_key_id"],
        "uri_endpoint": f"https://{before.PRIVATE_DNS_NAME}",
        "uri_path": before.URI_PATH,
        "vpc_endpoint_service_name": service.service_name,
        "vpc_endpoint_service_owner": "123456789012",
    }
    assert done["diff"][1]["after"] == {"connection_state": "CONNECTED"}


def test_a_second_run_makes_one_call_that_reads(world: Any, service: before.EndpointService, proxy: XksProxy) -> None:
    connected(world, service)
    for check in (False, True):
        mark = last(world)
        again = run(world, check=check, **before.options(service))
        assert (again["changed"], again["remedy"], again["connection_error_code"]) == (False, None, None)
        assert [call["action"] for call in world.calls(since=mark)] == ["DescribeCustomKeyStores"]


def test_check_mode_before_the_endpoint_service_exists(world: Any) -> None:
    options = before.options(before.EndpointService("", (), "", "", "", SERVICE_PENDING, ""))
    planned = run(world, check=True, **options)
    assert [item["action"] for item in planned["actions"]] == ["create", "create"]
    assert planned["custom_key_store"]["xks_proxy_configuration"]["vpc_endpoint_service_name"] == SERVICE_PENDING
    assert writes(world) == []
    refused = run(world, **options)
    assert refused["failed"]
    assert SERVICE_PENDING in refused["msg"]


def test_a_store_that_an_earlier_task_would_make(world: Any) -> None:
    pending = "(known after apply: key_store.payments.custom_key_store_id)"
    planned = run(world, check=True, key_store_id=pending, state="connected")
    assert [(item["resource"], item["action"]) for item in planned["actions"]] == [
        ("external key store", "keep"),
        ("connection", "update"),
    ]
    assert run(world, check=True, key_store_id=pending, state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ({"acceptance_required": True}, "R8"),
        ({"principals": ()}, "R9"),
        ({"principals": (f"arn:aws:iam::{OTHER_ACCOUNT}:root",)}, "R9"),
        ({"verified": False}, "R57"),
        ({"zones": ("a",)}, "R42"),
    ],
)
def test_the_gate(world: Any, fault: dict[str, Any], number: str) -> None:
    service = before.endpoint_service(world.url, **fault)
    mark = last(world)
    for check in (True, False):
        refused = run(world, check=check, **before.options(service))
        assert refused["failed"]
        assert numbers(refused) == {number}
        assert service.service_name in refused["msg"]
    assert writes(world, mark) == []


def test_the_gate_tells_everything_at_once(world: Any) -> None:
    service = before.endpoint_service(
        world.url, acceptance_required=True, principals=(), verified=False, zones=("a",)
    )
    options = before.options(service, xks_proxy_uri_endpoint="https://other.example.com")
    refused = run(world, **options)
    assert numbers(refused) == {"R6", "R8", "R9", "R42", "R57"}
    assert refused["msg"].startswith("5 requirements are not met, so nothing was changed")


def test_an_endpoint_service_that_does_not_exist(world: Any) -> None:
    name = f"com.amazonaws.vpce.{before.REGION}.vpce-svc-0123456789abcdef0"
    refused = run(world, **before.options(before.EndpointService("", (), "", "", "", name, "")))
    assert numbers(refused) == {"R48"}


@pytest.mark.parametrize(
    "denied",
    [
        [],
        ["ec2:DescribeVpcEndpointServices"],
        ["ec2:DescribeVpcEndpointServiceConfigurations", "ec2:DescribeVpcEndpointServicePermissions"],
    ],
)
def test_an_endpoint_service_of_another_account(world: Any, proxy: XksProxy, denied: list[str]) -> None:
    """R47: with the owner named, such a service will do."""
    principals = (f"cks.kms.{before.REGION}.amazonaws.com", "arn:aws:iam::123456789012:root")
    service = before.endpoint_service(world.url, principals=principals, access_key=OTHER_KEY)
    world.configure(denied=denied)
    done = run(
        world,
        **before.options(
            service,
            xks_proxy_vpc_endpoint_service_owner=OTHER_ACCOUNT,
            xks_proxy_uri_endpoint=f"https://{before.PRIVATE_DNS_NAME}",
        ),
    )
    assert not done.get("failed"), done
    assert numbers(done) == {"N16"}
    assert done["connection_state"] == "CONNECTED"


def test_an_endpoint_service_of_another_account_is_gated_as_far_as_it_can_be_seen(world: Any) -> None:
    principals = ("arn:aws:iam::123456789012:root",)
    service = before.endpoint_service(
        world.url, principals=principals, access_key=OTHER_KEY, verified=False, acceptance_required=True
    )
    refused = run(world, **before.options(service, xks_proxy_vpc_endpoint_service_owner=OTHER_ACCOUNT))
    assert numbers(refused) == {"R8", "R57", "N16"}


def test_what_only_a_new_store_needs(world: Any) -> None:
    refused = run(world, name="payments")
    assert {item["what"] for item in refused["unmet_requirements"]} == {
        "xks_proxy_uri_path",
        "xks_proxy_vpc_endpoint_service_name",
        "xks_proxy_authentication_credential",
    }
    missing = run(world, key_store_id="cks-0123456789abcdef0")
    assert "cks-0123456789abcdef0" in missing["msg"]
    assert writes(world) == []


def test_a_second_store_on_the_same_endpoint_service(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    connected(world, service, state="present")
    mark = last(world)
    refused = run(world, **before.options(service, custom_key_store_name="second"))
    assert numbers(refused) == {"R5", "R6"}
    assert "payments (cks-" in refused["msg"]
    assert writes(world, mark) == []


def test_the_quota_is_explained(world: Any, service: before.EndpointService) -> None:
    world.configure(key_store_quota=0)
    # botocore takes this code for throttling, and would repeat the call for half a minute.
    refused = run(world, **before.options(service), aws_config={"retries": {"total_max_attempts": 1}})
    assert refused["error"]["code"] == "LimitExceededException"
    assert "N4" in refused["msg"]


def test_a_refusal_of_aws_is_explained(world: Any, service: before.EndpointService) -> None:
    Control(world.url).fault(
        "error", action="CreateCustomKeyStore", code="XksProxyInvalidConfigurationException", status=400, message="No."
    )
    refused = run(world, **before.options(service))
    assert "create external key store payments" in refused["msg"]
    assert "R8" in refused["msg"]
    assert "xks_proxy_uri_path" in refused["msg"]
    assert refused["iam_action"] == "kms:CreateCustomKeyStore"


def test_an_answer_that_got_lost_makes_no_second_store(
    world: Any, service: before.EndpointService, proxy: XksProxy
) -> None:
    Control(world.url).fault("reset_after", action="CreateCustomKeyStore")
    assert connected(world, service)["connection_state"] == "CONNECTED"
    assert len(stores(world)) == 1


def test_a_missing_permission_is_named(world: Any, service: before.EndpointService) -> None:
    for action in ("kms:DescribeCustomKeyStores", "kms:CreateCustomKeyStore"):
        world.configure(denied=[action])
        assert action in run(world, **before.options(service))["msg"]


@pytest.mark.parametrize(
    ("options", "number", "said"),
    [
        ({"xks_proxy_uri_path": "/xks/v1"}, "N3", "/kms/xks/v1"),
        ({"xks_proxy_uri_path": "/kms/xks/v1/health"}, "N3", "nothing after it"),
        ({"xks_proxy_uri_endpoint": "https://xks.example.com:8443"}, "N3", "no port"),
        ({"xks_proxy_uri_endpoint": "https://Xks.example.com"}, "N3", "lower-case"),
        ({"xks_proxy_uri_endpoint": "https://example.com"}, "R11", "whole domain"),
        ({"xks_proxy_vpc_endpoint_service_name": "vpce-svc-0123456789abcdef0"}, "N3", "com.amazonaws.vpce"),
        (
            {"xks_proxy_vpc_endpoint_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"},
            "R48",
            "us-east-1",
        ),
        ({"xks_proxy_vpc_endpoint_service_owner": "12345678901"}, "N3", "12 digits"),
        ({"custom_key_store_name": "x" * 257}, "N3", "1 to 256"),
        ({"region": "cn-north-1"}, "R17", "China"),
    ],
)
def test_bad_options_are_refused_before_any_call(
    world: Any, service: before.EndpointService, options: dict[str, str], number: str, said: str
) -> None:
    mark = last(world)
    refused = run(world, **{**before.options(service), **options})
    assert refused["failed"]
    assert number in numbers(refused)
    assert said in refused["msg"]
    assert world.calls(since=mark) == []


def test_a_bad_credential_is_refused_without_showing_it(world: Any, service: before.EndpointService) -> None:
    credential = {"access_key_id": "AKIA0189", "raw_secret_access_key": "much-too-weak-a-word"}
    refused = run(world, **before.options(service, xks_proxy_authentication_credential=credential))
    assert "yours has 20" in refused["msg"]
    assert "43 to 64 characters" in refused["msg"]
    assert "AKIA0189" in refused["msg"]
    assert "much-too-weak" not in json.dumps(refused, default=str)


def test_a_cloudhsm_key_store_is_not_ours(world: Any) -> None:
    cluster = {"password": "kmsPswd1", "trust_anchor": "certificate", "hsms": [before.REGION + zone for zone in "ab"]}
    made = Control(world.url).cloudhsm(region=before.REGION, **cluster)
    kms(world).create_custom_key_store(
        CustomKeyStoreName="payments",
        CloudHsmClusterId=made["id"],
        TrustAnchorCertificate=cluster["trust_anchor"],
        KeyStorePassword=cluster["password"],
    )
    mark = last(world)
    for state in ("connected", "disconnected", "present", "absent"):
        refused = run(world, name="payments", state=state)
        assert "is an AWS CloudHSM key store" in refused["msg"]
    assert writes(world, mark) == []


@pytest.mark.parametrize("in_process", [True, False])
def test_ansible_prints_the_secret_nowhere(
    world: Any, service: before.EndpointService, proxy: XksProxy, tmp_path: Path, in_process: bool
) -> None:
    """Peers E6: at -vvvv, with a diff and the registered result, in runs that work, that the module refuses, that AWS
    fails, and that AWS does not answer; as it is, in base64, and encoded for a URL."""
    good = before.options(service)
    refused = {**good, "custom_key_store_name": "second"}
    rotated = {**good, "xks_proxy_authentication_credential": NEW, "force_update_credential": True}
    tasks = [good, refused, {**refused, "xks_proxy_uri_path": "/bad"}, rotated, rotated]
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    world.fault("reset_before", action="UpdateCustomKeyStore", skip=1, times=0)
    once = {"aws_config": {"retries": {"total_max_attempts": 1}}}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"keylink_in_process": in_process, "ansible_python_interpreter": sys.executable},
        "tasks": [
            step
            for options in tasks
            for step in (
                {
                    "keylink.aws.xks_key_store": {**CONNECTION, "endpoint_url": world.url, **once, **options},
                    "ignore_errors": True,
                    "register": "found",
                },
                {"ansible.builtin.debug": {"var": "found"}},
            )
        ],
    }
    book = tmp_path / "play.yml"
    book.write_text(json.dumps([play]))
    ansible = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [ansible, "-vvvv", "--diff", "-i", "localhost,", str(book)]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_INJECT_INVOCATION": "true",
                   "ANSIBLE_LOG_PATH": str(tmp_path / "log")}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert '"connection_state": "CONNECTED"' in answer.stdout
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in answer.stdout
    assert "R5" in answer.stdout
    assert "kms:UpdateCustomKeyStore got no answer from AWS" in answer.stdout
    calls = json.dumps(world.calls(), default=str)
    no_secret_in(answer.stdout + answer.stderr + (tmp_path / "log").read_text() + calls)
