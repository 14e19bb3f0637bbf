# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KMS endpoint with callers on either side of it, a trail, and the run of an audit on a clock of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock

from emulator.client import call_through
from scenarios import prerequisites as before
from scenarios.harness import CONNECTION, run_module

REGION = CONNECTION["region"]
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
USER_KEY = "AKIAUSER000000000001"
SESSION_KEY = "AKIASESSION000000001"
SESSION2_KEY = "AKIASESSION000000002"
STRANGER_KEY = "AKIAOTHERACCOUNT0001"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Payments"
NO_LISTING = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:ListKeys", "Resource": "*"},
    ]
}


@dataclass
class Ticks:
    """A clock that sleeps by pushing itself and the emulator's."""

    emulator: Any
    at: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.emulator.advance(seconds)

    @property
    def context(self) -> runner.Context:
        # The emulator runs in real time and is pushed by what is slept.
        clock = Clock(lambda: self.at, self.sleep, wall=lambda: time.time() + self.at)
        return runner.Context(clock=clock)


class Place:
    """A VPC with an interface endpoint for AWS KMS."""

    def __init__(self, emulator: Any, policy: dict[str, Any] | None = None) -> None:
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Payments"
        emulator.configure(
            accounts={STRANGER_KEY: OTHER_ACCOUNT},
            identities={USER_KEY: USER, SESSION_KEY: f"{session}/worker-1", SESSION2_KEY: f"{session}/worker-2"},
        )
        self.emulator, self.url = emulator, emulator.url
        self.ticks = Ticks(emulator)
        self.ec2, self.kms = before.client(self.url, "ec2"), before.client(self.url, "kms")
        self.vpc_id, self.subnet_ids = before.network(self.url)
        self.endpoint_id, self.host = self.endpoint(policy)

    def endpoint(self, policy: dict[str, Any] | None = None) -> tuple[str, str]:
        """Another endpoint for AWS KMS: its id and host name."""
        more = {"PolicyDocument": json.dumps(policy)} if policy else {}
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc_id, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.kms",
            SubnetIds=self.subnet_ids, PrivateDnsEnabled=False, **more,
        )["VpcEndpoint"]
        before.until(lambda: self._state(made["VpcEndpointId"]) == "available")
        return made["VpcEndpointId"], made["DnsEntries"][0]["DnsName"]

    def _state(self, endpoint_id: str) -> str:
        found = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        return str(found[0]["State"])

    def inside(self, access_key: str = USER_KEY, host: str | None = None) -> Any:
        """KMS by the host name of the endpoint."""
        make: Any = boto3.client
        kms = make(
            "kms", endpoint_url=self.url, region_name=REGION, aws_access_key_id=access_key,
            aws_secret_access_key=CONNECTION["secret_key"],
        )
        return call_through(kms, host or self.host)

    def trail(
        self, *advanced: dict[str, Any], name: str = "audit", log_group: str = "audit", runs: bool = True, **more: Any
    ) -> str:
        """A trail of this account, with a log group unless its name is empty."""
        cloudtrail, logs = before.client(self.url, "cloudtrail"), before.client(self.url, "logs")
        if log_group:
            logs.create_log_group(logGroupName=log_group)
            (group,) = logs.describe_log_groups(logGroupNamePrefix=log_group)["logGroups"]
            role = f"arn:aws:iam::{ACCOUNT}:role/trail"
            more |= {"CloudWatchLogsLogGroupArn": group["arn"], "CloudWatchLogsRoleArn": role}
        arn = cloudtrail.create_trail(Name=name, S3BucketName="audit-trails", **more)["TrailARN"]
        if advanced:
            cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=list(advanced))
        if runs:
            cloudtrail.start_logging(Name=name)
        return str(arn)

    def selectors(self, name: str = "audit") -> list[dict[str, Any]]:
        """The advanced event selectors of a trail, as somebody else sees them."""
        answer = before.client(self.url, "cloudtrail").get_event_selectors(TrailName=name)
        found: list[dict[str, Any]] = answer.get("AdvancedEventSelectors", [])
        return found

    def run(self, module: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """The result of MODULE, on a clock that waits for nothing."""
        return run_module(self.url, module, check=check, context=self.ticks.context, **options)

    def usage(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """vpc_endpoint_usage_info of the endpoint, unless OPTIONS name others."""
        named = {} if "vpc_id" in options else {"vpc_endpoint_ids": [self.endpoint_id]}
        return self.run("vpc_endpoint_usage_info", check=check, **{**named, **options})

    def network_activity(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """cloudtrail_network_activity of the trail audit."""
        return self.run("cloudtrail_network_activity", check=check, **{"trail": "audit", **options})

    def mark(self) -> int:
        calls = self.emulator.calls()
        return int(calls[-1]["seq"]) if calls else 0

    def actions(self, since: int, **wanted: Any) -> list[str]:
        return [call["action"] for call in self.emulator.calls(since=since, **wanted)]


def selector(name: str = "test", /, **fields: Sequence[str]) -> dict[str, Any]:
    return {"Name": name, "FieldSelectors": [{"Field": key, "Equals": list(value)} for key, value in fields.items()]}


MANAGEMENT = selector("Management events", eventCategory=["Management"])
NETWORK = selector("network", eventCategory=["NetworkActivity"], eventSource=["kms.amazonaws.com"])
DENIED = selector(
    "denied", eventCategory=["NetworkActivity"], eventSource=["kms.amazonaws.com"], errorCode=["VpceAccessDenied"]
)
