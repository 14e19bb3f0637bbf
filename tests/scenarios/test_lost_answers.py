# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are lost or late: nothing is made twice, and nothing is reported that AWS does not show."""

from __future__ import annotations

from typing import Any

import boto3

from scenarios.harness import CONNECTION, run_module


def vpcs(emulator: Any) -> list[str]:
    ec2 = boto3.client(
        "ec2",
        endpoint_url=emulator.url,
        region_name=CONNECTION["region"],
        aws_access_key_id=CONNECTION["access_key"],
        aws_secret_access_key=CONNECTION["secret_key"],
    )
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["payments"]}])["Vpcs"]
    return [item["VpcId"] for item in found]


def test_a_vpc_whose_answer_was_lost_is_not_made_twice(emulator: Any) -> None:
    emulator.fault("reset_after", service="ec2", action="CreateVpc", times=1)
    failed = run_module(emulator.url, "xks_vpc", name="payments")
    assert failed["failed"]
    assert "The next run looks what has become of it" in failed["msg"]
    done = run_module(emulator.url, "xks_vpc", name="payments")
    assert vpcs(emulator) == [done["vpc_id"]]


def test_a_throttled_creation_is_repeated(emulator: Any) -> None:
    emulator.fault("throttle", service="ec2", action="CreateVpc", times=2)
    done = run_module(emulator.url, "xks_vpc", name="payments")
    assert vpcs(emulator) == [done["vpc_id"]]


def test_what_aws_does_not_show_yet_is_waited_for(emulator: Any) -> None:
    emulator.fault("stale", service="ec2", action="DescribeVpcs", times=2, skip=1)
    done = run_module(emulator.url, "xks_vpc", name="payments")
    assert vpcs(emulator) == [done["vpc_id"]]
    assert len(done["subnet_ids"]) == 2
