# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module does when a run cannot go on: said here once, with xks_vpc."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.modules import xks_vpc
from ansible_collections.keylink.aws.plugins.plugin_utils import converge

from scenarios.balancing import writes
from scenarios.harness import CONNECTION, run_module

PENDING = "(known after apply: vpc.network.vpc_id)"

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(emulator: Any) -> Run:
    return lambda **given: run_module(emulator.url, "xks_vpc", **{"name": "payments", **given})


@pytest.fixture
def plan(emulator: Any) -> Run:
    """A plan without an option that says who asks."""
    arguments = {
        "name": "payments", "region": "eu-central-1", "endpoint_url": emulator.url, "_ansible_check_mode": True,
        "_ansible_module_name": "xks_vpc",
    }
    return lambda **given: converge.outcome(xks_vpc.SPEC, {**arguments, **given}, runner.Context())


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user who has set up nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
                 "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def test_a_placeholder_is_refused_outside_check_mode_before_any_call(emulator: Any, run: Run) -> None:
    result = run(vpc_id=PENDING, tags={"origin": [PENDING]})
    assert result["failed"] is True
    assert f"{PENDING} is what check mode returns" in result["msg"]
    assert "register the result of a real run" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.usefixtures("bare")
def test_no_credentials(emulator: Any, plan: Run) -> None:
    result = plan()
    assert result["failed"] is True
    assert "No AWS credentials were found, so ec2:DescribeVpcs was not called." in result["msg"]
    assert "AWS_ACCESS_KEY_ID" in result["msg"]
    assert "credential to the job template" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.usefixtures("bare")
def test_credentials_of_one_task_are_not_those_of_the_next(
    emulator: Any, plan: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE02")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exampleSecretExampleSecretExampleSecret0")
    assert "failed" not in plan()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "No AWS credentials were found" in plan()["msg"]


@pytest.mark.usefixtures("bare")
def test_a_credentials_file_of_one_task_is_not_read_for_the_next(
    plan: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE01\naws_secret_access_key = example\n")
    bad.write_text("")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(good))
    assert "failed" not in plan()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(bad))
    assert "No AWS credentials were found" in plan()["msg"]


def test_half_a_credential(emulator: Any, run: Run) -> None:
    result = run(secret_key=None)
    assert result["failed"] is True
    assert "secret" in result["msg"].lower()
    assert emulator.calls() == []


@pytest.mark.usefixtures("bare")
def test_a_profile_that_is_not_there(emulator: Any, plan: Run) -> None:
    result = plan(profile="payments-admin")
    assert result["failed"] is True
    assert "payments-admin" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.usefixtures("bare")
def test_no_region(emulator: Any, run: Run) -> None:
    result = run(region=None)
    assert result["failed"] is True
    assert "No Region: set the option region, the environment variable AWS_REGION" in result["msg"]
    assert emulator.calls() == []


def test_a_misspelt_option_is_named_before_any_call(emulator: Any, run: Run) -> None:
    result = run(cidr="10.0.0.0/16")
    assert "cidr. Supported parameters include" in result["msg"]
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("settings", "code", "advice"),
    [
        ({"expired": ["*"]}, "RequestExpired", "The credentials have expired: sign in again"),
        ({"access_keys": ["AKIAOTHER"]}, "AuthFailure", "AWS does not accept these credentials"),
        ({"denied": ["ec2:Describe*"]}, "UnauthorizedOperation", "The identity in use needs the permission ec2:Desc"),
    ],
)
def test_credentials_that_aws_refuses(emulator: Any, run: Run, settings: Any, code: str, advice: str) -> None:
    emulator.configure(**settings)
    result = run()
    assert result["failed"] is True
    assert f"AWS refused ec2:DescribeVpcs with {code}: " in result["msg"]
    assert advice in result["msg"]
    assert result["error"]["code"] == code
    assert result["request_id"] in result["msg"]
    assert emulator.calls(mutating=True) == []


def test_a_missing_permission_is_named_and_nothing_is_half_done(emulator: Any, run: Run) -> None:
    emulator.configure(denied=["ec2:CreateVpc"])
    result = run()
    assert result["failed"] is True
    assert "create VPC payments: AWS refused ec2:CreateVpc with UnauthorizedOperation" in result["msg"]
    assert "The identity in use needs the permission ec2:CreateVpc." in result["msg"]
    assert result["iam_action"] == "ec2:CreateVpc"
    assert writes(emulator, 0) == ["CreateVpc"]
    emulator.configure(denied=[])
    assert [item["action"] for item in run()["actions"]] == ["create"] * 3


@pytest.mark.parametrize("denied", ["ec2:ModifyVpcAttribute", "ec2:CreateSubnet"])
def test_a_run_that_was_cut_off_is_finished_by_the_next(emulator: Any, run: Run, denied: str) -> None:
    emulator.configure(denied=[denied])
    assert denied in run()["msg"]
    emulator.configure(denied=[])
    finished = run()
    assert "failed" not in finished
    assert len(finished["subnet_ids"]) == 2
    assert writes(emulator, 0).count("CreateVpc") == 1
    assert run()["changed"] is False


@pytest.mark.parametrize("kind", ["throttle", "http"])
def test_a_busy_aws_is_asked_again(emulator: Any, run: Run, kind: str) -> None:
    emulator.fault(kind, service="ec2", action="DescribeVpcs", times=2, status=503)
    emulator.fault(kind, service="ec2", action="CreateSubnet", times=2, status=503)
    result = run()
    assert "failed" not in result
    assert len(result["subnet_ids"]) == 2
    assert run()["changed"] is False


def test_what_is_not_visible_yet_is_asked_again(emulator: Any, run: Run) -> None:
    emulator.fault("error", service="ec2", action="CreateSubnet", times=2, code="InvalidVpcID.NotFound", status=400)
    assert len(run()["subnet_ids"]) == 2


def test_a_vpc_that_is_not_visible_yet_is_waited_for(emulator: Any, run: Run) -> None:
    # The first look comes before the VPC is made; the next ones are those of the wait.
    emulator.fault(
        "error", service="ec2", action="DescribeVpcs", skip=1, times=2, code="InvalidVpcID.NotFound", status=400
    )
    result = run()
    assert "failed" not in result
    assert result["vpc"]["state"] == "available"


def test_when_wait_timeout_runs_out_the_next_run_finishes(emulator: Any, run: Run) -> None:
    emulator.configure(time_scale=1.0, delays={"vpc": 3600})
    started = time.monotonic()
    late = run(wait_timeout=1)
    assert 1 <= time.monotonic() - started < 15
    assert late["failed"] is True
    assert late["msg"].startswith("Not finished after wait_timeout=1 seconds. VPC payments is still: pending.")
    assert "the next run goes on from here" in late["msg"]
    since = len(writes(emulator, 0))
    assert "VPC payments is still: pending." in run(wait_timeout=1)["msg"]
    emulator.advance(3600)
    finished = run()
    assert (finished["changed"], finished["vpc"]["state"]) == (False, "available")
    assert writes(emulator, since) == []


def test_without_wait_nobody_waits(emulator: Any, run: Run) -> None:
    emulator.configure(time_scale=1.0, delays={"vpc": 3600})
    result = run(wait=False)
    assert (result["changed"], result["vpc"]["state"]) == (True, "pending")


def test_check_mode_waits_for_nothing(emulator: Any, run: Run) -> None:
    emulator.configure(time_scale=1.0, delays={"vpc": 3600})
    run(wait=False)
    assert run(check=True)["changed"] is False


@pytest.mark.parametrize("options", [{}, {"cidr_block": "x"}, {"vpc_id": PENDING}, {"region": None}])
@pytest.mark.parametrize("check", [True, False])
def test_the_secret_is_in_no_result(run: Run, check: bool, options: dict[str, Any]) -> None:
    result = run(check=check, **options)
    assert CONNECTION["secret_key"] not in json.dumps(result, default=str)
    assert result["invocation"]["module_args"]["secret_key"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_an_endpoint_that_does_not_answer_is_named() -> None:
    # Fewer repeats than usual: nobody answers there.
    result = run_module(
        "http://127.0.0.1:9", "xks_vpc", name="payments", aws_config={"retries": {"total_max_attempts": 1}}
    )
    assert "ec2:DescribeVpcs got no answer from AWS" in result["msg"]
    assert "http://127.0.0.1:9" in result["msg"]
