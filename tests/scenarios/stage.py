# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An embedded AWS with a proxy behind it, each in a process of its own, and the playbook that users run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from emulator.client import Emulator as Control

TESTS = Path(__file__).resolve().parent.parent
DOMAIN = "example.com"
NAME = f"myproxy-private.xks.{DOMAIN}"
TARGETS = ("10.0.0.11", "10.0.16.11")
REGION = "eu-central-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE01",
    "AWS_SECRET_ACCESS_KEY": "exampleSecretExampleSecretExampleSecret0",
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True)
class Stage:
    """Where things are. variables: the file of extra variables. control: the emulator's control API."""

    url: str
    dns_port: int
    variables: Path
    control: Control

    @property
    def environment(self) -> dict[str, str]:
        # A new user has none of these; they would only hide what a scenario sets.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
        return {**kept, **ENVIRONMENT, "AWS_ENDPOINT_URL": self.url, "AWS_URL": self.url, "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_INJECT_INVOCATION": "true", "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}

    def client(self, service: str) -> Any:
        """Outside hands: a plain boto3 client."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        )

    def command(self, *options: str, playbook: str = "xks") -> list[str]:
        """The command line of a playbook for external key stores."""
        return self.command_for(f"keylink.aws.{playbook}", "-e", f"@{self.variables}", *options)

    def command_for(self, playbook: str, *options: str) -> list[str]:
        """The command line of any playbook."""
        return [str(Path(sys.executable).parent / "ansible-playbook"), playbook, *options]

    def play(self, *options: str, playbook: str = "xks") -> subprocess.CompletedProcess[str]:
        """Run a playbook; stdout and stderr together."""
        return subprocess.run(
            self.command(*options, playbook=playbook), env=self.environment, text=True, check=False, timeout=300,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """AWS calls so far."""
        return self.control.calls(**wanted)

    def empty_account(self) -> None:
        """Nothing in the account but the public zone of the domain."""
        self.control.reset()
        self.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="stage")


@contextlib.contextmanager
def running(folder: Path, time_scale: float = 0.0) -> Iterator[Stage]:
    """Start proxy and emulator, and stop them in the end."""
    credential = folder / "credential.json"
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(
            _process(
                "emulator.proxy", "--port", "0", "--pki", str(folder / "pki"), "--server-name", NAME,
                "--uri-path-prefix", "/example", "--credential-file", str(credential), "--key-id", "demo-key",
            )
        )
        address = proxy.split("https://")[1].split()[0]
        mapping = [part for target in TARGETS for part in ("--map", f"{target}={address}")]
        ready = stack.enter_context(
            _process(
                "emulator", "--port", "0", "--dns-port", "0", "--time-scale", str(time_scale),
                "--ca-file", str(folder / "pki" / "ca.pem"), *mapping,
            )
        ).split()
        url, dns_port = ready[2], int(ready[4].rpartition(":")[2])
        pair = json.loads(credential.read_text())["XksProxyAuthenticationCredential"]
        yield at(folder, url, dns_port, pair["AccessKeyId"], pair["RawSecretAccessKey"])


def at(
    folder: Path, url: str, dns_port: int, access_key: str, secret: str, path: str = "/example/kms/xks/v1"
) -> Stage:
    """A stage whose emulator and proxy run already."""
    variables = folder / "my-store.json"
    variables.write_text(json.dumps(_variables(dns_port, access_key, secret, path), indent=2))
    variables.chmod(0o600)
    stage = Stage(url, dns_port, variables, Control(url))
    stage.empty_account()
    return stage


def _variables(dns_port: int, access_key: str, secret: str, path: str) -> dict[str, Any]:
    return {
        "xks_region": REGION,
        "xks_connectivity_name": "payments",
        "xks_connectivity_private_dns_name": NAME,
        "xks_connectivity_targets": list(TARGETS),
        "xks_connectivity_zone": DOMAIN,
        "xks_connectivity_resolvers": ["127.0.0.1"],
        "xks_connectivity_dns_port": dns_port,
        "xks_key_store_uri_path": path,
        "xks_key_store_credential": {"access_key_id": access_key, "raw_secret_access_key": secret},
    }


@contextlib.contextmanager
def _process(module: str, *arguments: str) -> Iterator[str]:
    """A server of ours; gives its readiness line."""
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError(f"{module} has no output")
        line = process.stdout.readline()
        if " ready " not in line:
            process.kill()
            raise RuntimeError(f"{module} did not start: {line}")
        try:
            yield line
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)


def kill(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Kill PROCESS and all that it started: Ansible's workers have sessions of their own, and would go on."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    doomed = [process.pid]
    for parent in doomed:
        doomed += [pid for pid, ppid in pairs if ppid == parent]
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
