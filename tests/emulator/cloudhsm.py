# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudHSM clusters as far as a key store looks at them: seeded through the control API, described to callers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields
from typing import Any

from .ec2 import graph
from .errors import AwsError, ClientFault
from .registry import Call, operation
from .world import World, hex_id

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass
class Cluster:
    """A cluster, and what only an HSM client could tell about its crypto user."""

    id: str
    state: str = "ACTIVE"
    subnet_ids: list[str] = field(default_factory=list)
    # Availability Zone of every active HSM.
    hsms: list[str] = field(default_factory=list)
    trust_anchor: str = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----"
    # Clusters made from the backups of one another share this.
    lineage: str = ""
    # The kmsuser: its password, or what is wrong with it.
    password: str = "kmsPswd"
    user: str = "present"
    rules: bool = True


class Clusters:
    """Clusters of one account and region."""

    def __init__(self) -> None:
        self.by_id: dict[str, Cluster] = {}


def seed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """Make a cluster, change one (`id`), or forget one (`forget`)."""
    document = dict(document)
    account = document.pop("account", world.settings.account)
    clusters = world.store(Clusters, account, document.pop("region", world.settings.region))
    forget = document.pop("forget", None)
    if forget is not None:
        clusters.by_id.pop(forget, None)
        return {}
    unknown = set(document) - {item.name for item in fields(Cluster)}
    if unknown:
        raise ClientFault(f"unknown members of a cluster: {', '.join(sorted(unknown))}")
    cluster_id = document.pop("id", None) or "cluster-" + "".join(secrets.choice(_ALPHABET) for dummy in range(11))
    cluster = clusters.by_id.setdefault(cluster_id, Cluster(cluster_id, lineage=cluster_id))
    for name, value in document.items():
        setattr(cluster, name, value)
    return {"id": cluster.id}


def find(world: World, account: str, region: str, cluster_id: str) -> Cluster | None:
    return world.store(Clusters, account, region).by_id.get(cluster_id)


def _shown(call: Call, cluster: Cluster) -> dict[str, Any]:
    mapping = {}
    vpc_id = ""
    for subnet_id in cluster.subnet_ids:
        found = graph.subnet(call.account, call.region, subnet_id)
        if found is not None:
            mapping[found.availability_zone] = subnet_id
            vpc_id = found.vpc_id
    return {
        "ClusterId": cluster.id,
        "State": cluster.state,
        "HsmType": "hsm2m.medium",
        "Mode": "FIPS",
        "NetworkType": "IPV4",
        "VpcId": vpc_id,
        "SubnetMapping": mapping,
        "Hsms": [
            {"HsmId": hex_id("hsm-", 11), "ClusterId": cluster.id, "AvailabilityZone": zone, "State": "ACTIVE"}
            for zone in cluster.hsms
        ],
    }


@operation("cloudhsmv2", "DescribeClusters")
def describe_clusters(call: Call) -> dict[str, Any]:
    wanted = (call.params.get("Filters") or {}).get("clusterIds")
    found = call.store(Clusters).by_id.values()
    return {"Clusters": [_shown(call, cluster) for cluster in found if not wanted or cluster.id in wanted]}


@operation("cloudhsmv2", "*")
def not_emulated(call: Call) -> dict[str, Any]:
    raise AwsError("UnknownOperationException", f"The emulator does not answer {call.operation}.")
