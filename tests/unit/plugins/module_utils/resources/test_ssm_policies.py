# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's buckets, and the policies that let nodes read them (R171, R185, R186)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import is_full_access
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import Request, evaluate
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_buckets, ssm_policies
from ansible_collections.keylink.aws.plugins.module_utils.resources.policy_checks import endpoint_policy as lint
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import SERVICES

REGION, ACCOUNT, OTHER = "eu-central-1", "123456789012", "210987654321"


def caller(account: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/node/i-0123456789abcdef0"


def test_the_buckets_of_a_region() -> None:
    """R164, R165 and R166: buckets, host names and calls are those of one Region."""
    assert ssm_buckets.managed_buckets(REGION) == [
        "aws-windows-downloads-eu-central-1", "amazon-ssm-eu-central-1", "aws-ssm-eu-central-1",
        "eu-central-1-birdwatcher-prod", "patch-baseline-snapshot-eu-central-1",
        "aws-patch-manager-eu-central-1-9163fdaaf", "aws-patchmanager-macos-eu-central-1-9163fdaaf",
    ]


# Region, what its snapshots of patch baselines are in
SNAPSHOTS = [
    ("us-east-1", "patch-baseline-snapshot-us-east-1"),
    ("af-south-1", "patch-baseline-snapshot-af-south-1-tbxdb5b9"),
    ("ap-south-2", "patch-baseline-snapshot-ap-south-2-50209442"),
    ("ap-southeast-3", "patch-baseline-snapshot-ap-southeast-3-be0a3174"),
    ("ap-southeast-4", "patch-baseline-snapshot-ap-southeast-4-dc6f76ce"),
    ("eu-south-2", "patch-baseline-snapshot-eu-south-2-df2c9d70"),
    ("me-south-1", "patch-baseline-snapshot-me-south-1-uduvl7q8"),
]


@pytest.mark.parametrize(("region", "bucket"), SNAPSHOTS)
def test_some_buckets_have_a_suffix(region: str, bucket: str) -> None:
    assert bucket in ssm_buckets.managed_buckets(region)


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "ap-southeast-7", "mx-central-1"])
def test_buckets_of_other_regions_are_those_that_are_given(region: str) -> None:
    assert not ssm_buckets.is_known(region)
    assert ssm_buckets.managed_buckets(region) == []
    assert ssm_buckets.managed_buckets(region, ["aws-ssm-x", "aws-ssm-x"]) == ["aws-ssm-x"]


PARTITIONS = [
    ("eu-central-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eusc-de-east-1", "aws-eusc"),
    ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"),
]


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
def test_arns_are_those_of_the_partition(region: str, partition: str) -> None:
    assert ssm_buckets.object_arns(region, ["b"]) == [f"arn:{partition}:s3:::b/*"]
    found = ssm_policies.instance_policy(region, ["b"], ["own"])
    assert found is not None
    assert all(
        arn.startswith(f"arn:{partition}:s3:::") for item in found["Statement"] for arn in item["Resource"]
    )


def made(preset: str, service: str, own: tuple[str, ...] = ("own",)) -> dict[str, Any]:
    managed = ssm_buckets.managed_buckets(REGION)
    return ssm_policies.endpoint_policy(preset, service, REGION, [ACCOUNT], managed, own)


@pytest.mark.parametrize("preset", ["agent", "account", "full_access"])
@pytest.mark.parametrize("service", SERVICES)
def test_presets_are_what_aws_accepts(preset: str, service: str) -> None:
    document = made(preset, service)
    assert lint("policy", document, gateway=service == "s3") == []
    assert is_full_access(document) == (preset == "full_access")


AGENT = "arn:aws:s3:::amazon-ssm-eu-central-1/latest"
# preset, service, action, resource, allowed to this account, to another one
ALLOWED: list[tuple[str, str, str, str, bool, bool]] = [
    ("agent", "ssm", "ssm:UpdateInstanceInformation", "*", True, False),
    ("agent", "ssm", "ssm:GetDeployablePatchSnapshotForInstance", "*", True, False),
    ("agent", "ssm", "ssm:SendCommand", "*", False, False),
    ("agent", "ssmmessages", "ssmmessages:OpenControlChannel", "*", True, False),
    ("agent", "ec2messages", "ec2messages:GetMessages", "*", True, False),
    ("agent", "ec2", "ec2:CreateSnapshots", "*", True, False),
    ("agent", "ec2", "ec2:RunInstances", "*", False, False),
    ("agent", "kms", "kms:Decrypt", "*", True, False),
    ("agent", "logs", "logs:PutLogEvents", "*", True, False),
    ("agent", "s3", "s3:GetObject", AGENT, True, True),
    ("agent", "s3", "s3:PutObject", AGENT, False, False),
    ("agent", "s3", "s3:PutObject", "arn:aws:s3:::own/log", True, False),
    ("agent", "s3", "s3:ListBucket", "arn:aws:s3:::own", True, False),
    ("agent", "s3", "s3:GetObject", "arn:aws:s3:::other/x", False, False),
    ("account", "ssm", "ssm:SendCommand", "*", True, False),
    ("account", "ec2", "ec2:DescribeInstances", "*", True, False),
    ("account", "s3", "s3:GetObject", "arn:aws:s3:::other/x", True, False),
    ("account", "s3", "s3:GetObject", AGENT, True, True),
]


@pytest.mark.parametrize(("preset", "service", "action", "resource", "own", "other"), ALLOWED)
def test_who_is_allowed_what(preset: str, service: str, action: str, resource: str, own: bool, other: bool) -> None:
    document = made(preset, service)
    answers = [
        evaluate(
            document, Request(caller(account), action, resource, {"aws:PrincipalAccount": account}, complete=True)
        ).allowed
        for account in (ACCOUNT, OTHER)
    ]
    assert answers == [own, other]


@pytest.mark.parametrize("action", ssm_policies.UNSIGNED)
@pytest.mark.parametrize("preset", ["agent", "account"])
def test_hybrid_nodes_register_without_a_principal(preset: str, action: str) -> None:
    document = made(preset, "ssm")
    answers = [
        evaluate(document, Request("anonymous", action, "*", {"ssm:NodeAccountId": account}, complete=True)).allowed
        for account in (ACCOUNT, OTHER)
    ]
    assert answers == [True, False]


def test_without_buckets_there_is_no_policy_for_the_role() -> None:
    assert ssm_policies.instance_policy("cn-north-1", [], []) is None
