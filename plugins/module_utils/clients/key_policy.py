# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and putting the policy of a KMS key, and what such a policy names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_NAME = "default"
_NO_PRINCIPAL = "invalid principals"
_UNSEEN = "MalformedPolicyDocumentException.InvalidPrincipals"


def around(
    aws: Aws, key: str | None, endpoints: Sequence[str], vpcs: Sequence[str], caller: bool
) -> dict[str, Any]:
    """The key and its policy, who calls, and which of the endpoints and VPCs there are, side by side.

    key: an id, ARN or alias; None where it does not exist yet.
    """
    reads: dict[str, Callable[[], Any]] = {}
    if key:
        reads["key"] = lambda: _with_policy(aws, key)
    if caller:
        reads["caller"] = lambda: aws.call("sts", "get_caller_identity")
    if endpoints:
        reads["endpoints"] = lambda: _endpoints(aws, "vpc-endpoint-id", endpoints)
    if vpcs:
        reads["vpcs"] = lambda: aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=_filter("vpc-id", vpcs))
        reads["vpc_endpoints"] = lambda: _endpoints(aws, "vpc-id", vpcs)
    return aws.together(**reads)


def _with_policy(aws: Aws, key: str) -> dict[str, Any]:
    """GetKeyPolicy takes no alias."""
    metadata = aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]
    return {"metadata": metadata, "policy": get_policy(aws, metadata["Arn"])}


def get_policy(aws: Aws, KeyId: str) -> str:
    """The text of a key's policy."""
    return str(aws.call("kms", "get_key_policy", KeyId=KeyId, PolicyName=_NAME)["Policy"])


def _endpoints(aws: Aws, name: str, values: Sequence[str]) -> list[dict[str, Any]]:
    return aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=_filter(name, values))


def _filter(name: str, values: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def put_policy(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """A user or role that was just made is not a principal for AWS KMS at once: that is worth a repetition, and the
    other refusals of a document are not."""
    try:
        return aws.call("kms", "put_key_policy", PolicyName=_NAME, **arguments)
    except AwsError as error:
        if _NO_PRINCIPAL in error.message:
            raise AwsError(error.action, _UNSEEN, error.message, error.request_id) from error
        raise


CALLS: Mapping[str, Callable[..., Any]] = {"put_key_policy": put_policy, "key_policy": get_policy}
