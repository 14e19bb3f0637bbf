# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint policies for Systems Manager's endpoints, and what the nodes' own role needs of the buckets.

Two presets. "agent": what SSM Agent itself calls, and nothing else. "account": every call of the service by this
account's identities. Both leave hybrid nodes in: their agent registers, and fetches credentials, with requests that
bear no AWS signature, so no principal and no condition on one fits them (D27).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.policy import FULL_ACCESS, VERSION, listed
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_buckets import bucket_arns, object_arns

AGENT, ACCOUNT, FULL = "agent", "account", "full_access"
Policy = dict[str, Any]

# Signed by the node's own key, not by AWS credentials.
UNSIGNED = ("ssm:RegisterManagedInstance", "ssm:RequestManagedInstanceRoleToken", "ssm:UpdateManagedInstancePublicKey")
# The calls of AWS's policy AmazonSSMManagedInstanceCore, by endpoint, and those of the features that add an endpoint.
_AGENT_ACTIONS: Mapping[str, Sequence[str]] = {
    "ssm": (
        "DescribeAssociation", "DescribeDocument", "GetDeployablePatchSnapshotForInstance", "GetDocument",
        "GetManifest", "GetParameter", "GetParameters", "ListAssociations", "ListInstanceAssociations",
        "PutComplianceItems", "PutConfigurePackageResult", "PutInventory", "UpdateAssociationStatus",
        "UpdateInstanceAssociationStatus", "UpdateInstanceInformation",
    ),
    "ssmmessages": ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"),
    "ec2messages": (
        "AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply",
    ),
    "ec2": (
        "CreateImage", "CreateSnapshot", "CreateSnapshots", "CreateTags", "DescribeImages",
        "DescribeInstanceAttribute", "DescribeInstances", "DescribeSnapshots", "DescribeVolumes",
    ),
    "kms": ("Decrypt", "GenerateDataKey"),
    "logs": ("CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents"),
}
# Scripts, output and logs in buckets of one's own (R180).
_OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")
_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:ListBucket")


def endpoint_policy(
    preset: str, service: str, region: str, accounts: Sequence[str], managed: Sequence[str], own: Sequence[str]
) -> Policy:
    """The policy of the endpoint of SERVICE ("ssm", "s3", ...). accounts: whose nodes use it. managed: AWS's buckets.
    own: buckets of one's own."""
    if preset == FULL:
        return dict(FULL_ACCESS)
    if service == "s3":
        return _s3(preset, region, accounts, managed, own)
    actions = [f"{service}:*"] if preset == ACCOUNT else [f"{service}:{name}" for name in _AGENT_ACTIONS[service]]
    found = [_ours("ManagedNodes", actions, "*", accounts)]
    if service == "ssm":
        found.append(
            {
                "Sid": "HybridNodes", "Effect": "Allow", "Principal": "*", "Action": list(UNSIGNED), "Resource": "*",
                "Condition": {"StringEquals": {"ssm:NodeAccountId": listed(accounts)}},
            }
        )
    return {"Version": VERSION, "Statement": found}


def _s3(preset: str, region: str, accounts: Sequence[str], managed: Sequence[str], own: Sequence[str]) -> Policy:
    """A gateway endpoint knows no principal but "*": conditions tell who."""
    found: list[dict[str, Any]] = []
    if managed:
        found.append(
            {
                "Sid": "BucketsOfSystemsManager", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": object_arns(region, managed),
            }
        )
    if preset == ACCOUNT:
        found.append(_ours("OwnAccount", ["s3:*"], "*", accounts))
    elif own:
        found.append(_ours("OwnObjects", list(_OBJECT_ACTIONS), object_arns(region, own), accounts))
        found.append(_ours("OwnBuckets", list(_BUCKET_ACTIONS), bucket_arns(region, own), accounts))
    return {"Version": VERSION, "Statement": found}


def _ours(sid: str, actions: list[str], resource: str | list[str], accounts: Sequence[str]) -> dict[str, Any]:
    return {
        "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resource,
        "Condition": {"StringEquals": {"aws:PrincipalAccount": listed(accounts)}},
    }


def instance_policy(region: str, managed: Sequence[str], own: Sequence[str]) -> Policy | None:
    """R171, R185: what the instance profile, or the role of hybrid nodes, needs besides AmazonSSMManagedInstanceCore.
    None where no bucket is known."""
    found: list[dict[str, Any]] = []
    if managed:
        resources = object_arns(region, managed)
        found.append(
            {"Sid": "BucketsOfSystemsManager", "Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}
        )
    if own:
        found += [
            {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
            for sid, actions, resources in (
                ("OwnObjects", _OBJECT_ACTIONS, object_arns(region, own)),
                ("OwnBuckets", _BUCKET_ACTIONS, bucket_arns(region, own)),
            )
        ]
    return {"Version": VERSION, "Statement": found} if found else None
