# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the CloudHSM cluster of a key store, with its subnets and its security group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.key_store import key_store, keys
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_DENIED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "CloudHsmAccessDeniedException")


def cluster(aws: Aws, cluster_id: str, former_id: str | None = None) -> dict[str, Any]:
    """A cluster, its subnets and its security group, as far as this identity may look; and the one that it replaces.

    cluster and former are None where there is none. denied: the IAM actions that were missing, each with nothing read.
    """
    denied: list[str] = []
    ids = {"clusterIds": [cluster_id, *([former_id] if former_id else [])]}
    found = {
        item["ClusterId"]: item
        for item in _permitted(denied, lambda: aws.pages("cloudhsmv2", "describe_clusters", "Clusters", Filters=ids))
    }
    described = found.get(cluster_id)
    subnets, groups = _network(aws, described, denied) if described else ([], [])
    return {
        "id": cluster_id,
        "cluster": described,
        "former": found.get(former_id or ""),
        "subnets": subnets,
        "groups": groups,
        "denied": denied,
    }


def clusters(aws: Aws, cluster_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Those clusters of the ids that exist, alone."""
    return aws.pages("cloudhsmv2", "describe_clusters", "Clusters", Filters={"clusterIds": list(cluster_ids)})


def _network(aws: Aws, described: dict[str, Any], denied: list[str]) -> tuple[list[Any], list[Any]]:
    # Filters leave out what does not exist; a list of ids would be refused as a whole.
    subnets = [{"Name": "subnet-id", "Values": sorted(described.get("SubnetMapping", {}).values())}]
    groups = [{"Name": "group-id", "Values": [described.get("SecurityGroup", "")]}]

    def read_subnets() -> list[dict[str, Any]]:
        return _permitted(denied, lambda: aws.pages("ec2", "describe_subnets", "Subnets", Filters=subnets))

    def read_groups() -> list[dict[str, Any]]:
        if not described.get("SecurityGroup"):
            return []
        return _permitted(
            denied, lambda: aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=groups)
        )

    read = aws.together(subnets=read_subnets, groups=read_groups)
    return read["subnets"], read["groups"]


def _permitted(denied: list[str], read: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The answer of READ; empty, and noted in DENIED, where this identity may not ask: AWS KMS checks by itself."""
    try:
        return read()
    except AwsError as error:
        if error.code not in _DENIED:
            raise
        denied.append(error.action)
        return []


def key_store_answers(aws: Aws, store_id: str) -> dict[str, Any]:
    """A key store, and what refused a few random bytes of its HSMs; "" where they gave them, None where it is not
    connected and was not asked."""
    store = key_store(aws, store_id)
    if not store or store["ConnectionState"] != "CONNECTED":
        return {"store": store, "refused": None}
    try:
        aws.call("kms", "generate_random", NumberOfBytes=1, CustomKeyStoreId=store_id)
    except AwsError as error:
        if error.code in _DENIED:
            raise
        return {"store": store, "refused": f"{error.code}: {error.message}"}
    return {"store": store, "refused": ""}


def surroundings(aws: Aws, clusters: tuple[str, str | None] | None, store_id: str | None) -> dict[str, Any]:
    """What there is around a key store, read side by side: the cluster, with the one that it replaces, and the keys;
    each None where it is not asked for."""
    return aws.together(
        cluster=lambda: cluster(aws, *clusters) if clusters else None,
        keys=lambda: keys(aws, store_id) if store_id else None,
    )
