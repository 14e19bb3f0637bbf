# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KMS wants of a CloudHSM cluster, when a store is made and when it connects."""

from __future__ import annotations

import secrets
from dataclasses import replace

from .. import cloudhsm
from ..ec2 import graph
from ..errors import AwsError
from ..registry import Call
from ..world import World
from .reach import Obstacle
from .state import HsmSide, KeyStore, KeyStores


def check_for_store(call: Call, side: HsmSide, own: KeyStore | None = None) -> None:
    """The refusals of create and update."""
    found = cloudhsm.find(call.world, call.account, call.region, side.cluster_id)
    if found is None:
        raise AwsError("CloudHsmClusterNotFoundException", f"The cluster {side.cluster_id} was not found.")
    before = own.hsm.cluster_id if own is not None and own.hsm is not None else side.cluster_id
    if cloudhsm.lineage(call.world, call.account, call.region, before) != found.lineage:
        text = f"The cluster {side.cluster_id} does not share a backup history with {before}."
        raise AwsError("CloudHsmClusterNotRelatedException", text)
    for store in call.store(KeyStores).by_id.values():
        if store is own or store.hsm is None:
            continue
        if cloudhsm.lineage(call.world, call.account, call.region, store.hsm.cluster_id) == found.lineage:
            text = f"The cluster {side.cluster_id}, or one of its backup history, is used by {store.id}."
            raise AwsError("CloudHsmClusterInUseException", text)
    check_active(found)
    if len(set(found.active_zones)) < 2:
        text = f"The cluster {side.cluster_id} needs two active HSMs in different Availability Zones."
        raise AwsError("CloudHsmClusterInvalidConfigurationException", text)
    check_settings(call, found)
    if found.trust_anchor.strip() != side.trust_anchor.strip():
        text = "The trust anchor certificate is not that of the cluster."
        raise AwsError("IncorrectTrustAnchorException", text)


def check_active(found: cloudhsm.Cluster) -> None:
    if found.state != "ACTIVE":
        text = f"The cluster {found.id} is not active: it is {found.state}."
        raise AwsError("CloudHsmClusterNotActiveException", text)


def check_settings(call: Call, found: cloudhsm.Cluster) -> None:
    """What makes a cluster unfit for a key store whatever its HSMs do."""
    if found.mtls:
        text = f"The cluster {found.id} demands mutual TLS, which KMS does not speak."
        raise AwsError("CloudHsmClusterInvalidConfigurationException", text)
    if not cloudhsm.talks_to_itself(found, call.account, call.region):
        text = f"The security group of cluster {found.id} lacks the rules for TCP 2223-2225."
        raise AwsError("CloudHsmClusterInvalidConfigurationException", text)


def check_at_once(call: Call, side: HsmSide) -> None:
    """What ConnectCustomKeyStore finds at once; the store stays disconnected then."""
    found = cloudhsm.find(call.world, call.account, call.region, side.cluster_id)
    if found is not None:
        check_active(found)
        check_settings(call, found)


def check_connection(world: World, store: KeyStore, side: HsmSide) -> cloudhsm.Cluster:
    """What only shows while connecting."""
    found = cloudhsm.find(world, store.account, store.region, side.cluster_id)
    if found is None:
        raise Obstacle("CLUSTER_NOT_FOUND", side.cluster_id)
    if not found.active_zones:
        raise Obstacle("INSUFFICIENT_CLOUDHSM_HSMS", side.cluster_id)
    for subnet_id in found.subnet_ids:
        _check_subnet(store, subnet_id)
    met = found.log_in(side.password)
    if met:
        raise Obstacle(met, found.id)
    return found


def _check_subnet(store: KeyStore, subnet_id: str) -> None:
    account, region = store.account, store.region
    if graph.subnet(account, region, subnet_id) is None:
        raise Obstacle("SUBNET_NOT_FOUND", subnet_id)
    if graph.free_addresses(account, region, subnet_id) < 1:
        raise Obstacle("INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", subnet_id)
    if not graph.admits(account, region, subnet_id, 2223):
        raise Obstacle("NETWORK_ERRORS", f"A network ACL keeps TCP 2223 out of {subnet_id}.")


def answers(call: Call, store: KeyStore) -> bool:
    """Whether a cluster that was connected once still has an HSM to talk to."""
    found = cloudhsm.find(call.world, store.account, store.region, store.hsm.cluster_id) if store.hsm else None
    return found is not None and bool(found.active_zones)


def take_over(found: cloudhsm.Cluster, store: KeyStore, side: HsmSide) -> None:
    """KMS stays logged in as kmsuser and gives it a password that only KMS knows."""
    rotated = secrets.token_hex(16)
    found.password, found.session = rotated, store.id
    store.hsm = replace(side, password=rotated)


def let_go(world: World, store: KeyStore) -> None:
    """KMS logs out."""
    found = cloudhsm.find(world, store.account, store.region, store.hsm.cluster_id) if store.hsm else None
    if found is not None and found.session == store.id:
        found.session = ""
