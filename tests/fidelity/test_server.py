# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, end, control API, call log, and the plain AWS CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fidelity.chain import REGION, client, refused

from emulator.__main__ import main
from emulator.client import Emulator as Control

TESTS = Path(__file__).parents[1]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def spawn(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "emulator", "--port", "0", "--time-scale", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    log = tmp_path_factory.mktemp("emulator") / "calls.jsonl"
    started = spawn("--dns-port", "0", "--call-log", str(log), "--map", "10.0.0.10=127.0.0.1:4443")
    line = started.stdout.readline() if started.stdout else ""
    yield started, line, log
    started.kill()
    started.wait()


def test_readiness_line_names_both_addresses(process: tuple[Any, str, Path]) -> None:
    words = process[1].split()
    assert words[:2] == ["emulator", "ready"]
    assert words[2].startswith("http://127.0.0.1:")
    assert words[3] == "dns"
    assert Control(words[2]).config()["address_map"] == {"10.0.0.10": "127.0.0.1:4443"}


def test_aws_cli_works_unmodified(process: tuple[Any, str, Path], tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\ncli_follow_urlparam = false\n")
    environment = {
        **os.environ,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
    }
    url = process[1].split()[2]

    def aws(*words: str) -> tuple[int, str, str]:
        command = [str(SCRIPTS / "aws"), "--endpoint-url", url, "--output", "json", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    code, out, dummy = aws("ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")
    assert code == 0
    assert json.loads(out)["Vpc"]["State"] == "pending"
    code, dummy, err = aws(
        "kms", "create-custom-key-store", "--custom-key-store-name", "s", "--custom-key-store-type",
        "EXTERNAL_KEY_STORE", "--xks-proxy-connectivity", "VPC_ENDPOINT_SERVICE", "--xks-proxy-uri-path",
        "/kms/xks/v1", "--xks-proxy-uri-endpoint", "https://a.example.com",
        "--xks-proxy-vpc-endpoint-service-name", f"com.amazonaws.vpce.{REGION}.vpce-svc-0123456789abcdef0",
        "--xks-proxy-authentication-credential", f"AccessKeyId={'A' * 20},RawSecretAccessKey={'a' * 43}",
    )  # fmt: skip
    assert code != 0
    assert "XksProxyVpcEndpointServiceNotFoundException" in err
    logged = process[2].read_text()
    assert "a" * 43 not in logged
    assert '"RawSecretAccessKey": "***"' in logged
    assert [json.loads(line)["action"] for line in logged.splitlines()][-1] == "CreateCustomKeyStore"


def test_ctrl_c_ends_it_cleanly(process: tuple[subprocess.Popen[str], str, Path]) -> None:
    started = process[0]
    started.send_signal(signal.SIGINT)
    dummy, err = started.communicate(timeout=20)
    assert (started.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_one_line(
    emulator: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = emulator.url.rsplit(":", 1)[1]
    monkeypatch.setattr(sys, "argv", ["emulator", "--port", port])
    monkeypatch.setattr(signal, "signal", lambda *dummy: None)
    assert main() == 1
    assert "cannot listen" in capsys.readouterr().err


def test_control_client(emulator: Any) -> None:
    control = Control(emulator.url)
    assert control.healthy()
    assert control.configure(time_scale=0.5)["time_scale"] == 0.5
    client(emulator.url, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    client(emulator.url, "ec2").describe_vpcs()
    assert [(call["action"], call["mutating"]) for call in control.calls()] == [
        ("CreateVpc", True),
        ("DescribeVpcs", False),
    ]
    assert [call["action"] for call in control.calls(mutating=True)] == ["CreateVpc"]
    control.reset()
    assert control.calls() == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"no_such": 1}, "unknown setting"),
        ({"time_scale": "fast"}, "wrong type"),
        ({"delays": {"x": 1}}, "unknown delays"),
    ],
)
def test_control_refuses_what_it_does_not_know(emulator: Any, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Control(emulator.url).configure(**settings)


def test_unknown_control_call_lists_the_known_ones(emulator: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{emulator.url}/_emulator/nonsense")
    assert "GET /_emulator/calls" in json.loads(error.value.read())["known"]
    error.value.close()


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_trunk_interface_associations", "InvalidAction"),
        ("elbv2", "describe_trust_stores", "InvalidAction"),
        ("route53", "list_health_checks", "InvalidInput"),
        ("ec2", "describe_vpc_endpoint_associations", "InvalidAction"),
        ("cloudhsmv2", "describe_backups", "UnknownOperationException"),
    ],
)
def test_what_is_not_emulated_is_a_clean_error(
    aws: Callable[[str], Any], service: str, operation: str, code: str
) -> None:
    refused(code, getattr(aws(service), operation))


def test_moto_serves_the_rest(aws: Callable[[str], Any]) -> None:
    assert "QueueUrls" not in aws("sqs").list_queues()


def test_a_call_takes_milliseconds(emulator: Any, aws: Callable[[str], Any]) -> None:
    ec2 = aws("ec2")
    ec2.describe_vpcs()
    for dummy in range(5):
        ec2.describe_vpc_endpoint_service_configurations()
    spent = [call["ms"] for call in emulator.calls(action="DescribeVpcEndpointServiceConfigurations")]
    # Generous: a busy machine must not fail the test, an accidental second must.
    assert min(spent) < 100


def test_time_scale_and_pushed_clock(emulator: Any, aws: Callable[[str], Any]) -> None:
    emulator.configure(time_scale=1.0)
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert aws("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "pending"
    emulator.advance(3)
    assert aws("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "available"
    assert time.time() < emulator.world.clock.now()
