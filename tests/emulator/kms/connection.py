# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting and disconnecting: what happens between the call and the state."""

from __future__ import annotations

from ..cloudhsm import Cluster
from ..ec2 import graph
from ..ec2.connections import connect as connect_endpoint
from ..ec2.service_state import service_by_name
from ..world import KMS_ACCOUNT, World, hex_id
from . import hsm, reach
from .state import CLOUDHSM, EXTERNAL, VPC_CONNECTIVITY, KeyStore


def forced_outcome(world: World, store: KeyStore) -> str | None:
    return world.outcomes.get(store.id) or world.outcomes.get(store.name) or world.outcomes.get("*")


def finish_connect(world: World, store: KeyStore, started: int) -> None:
    """End CONNECTING in CONNECTED, or in FAILED with a code."""
    if store.round != started or store.state != "CONNECTING":
        return
    forced = forced_outcome(world, store)
    try:
        if forced not in (None, "CONNECTED"):
            raise reach.Obstacle(str(forced), "forced through the control API")
        if store.kind == CLOUDHSM:
            _connect_cluster(world, store, forced == "CONNECTED")
        else:
            _connect_proxy(world, store, forced == "CONNECTED")
    except reach.Obstacle as obstacle:
        store.state, store.error_code = "FAILED", obstacle.code
        return
    store.state = "CONNECTED"


def _connect_proxy(world: World, store: KeyStore, skip_proxy: bool) -> None:
    proxy = store.proxy
    if proxy is None:
        return
    if not skip_proxy:
        reach.check_proxy(world, store.account, store.region, proxy, "ConnectCustomKeyStore")
    if proxy.connectivity == VPC_CONNECTIVITY:
        found = reach.find_service(world, store.account, store.region, proxy)
        reach.check_service(world, found, proxy)
        store.endpoint_id = hex_id("vpce-")
        connect_endpoint(world, found, store.endpoint_id, KMS_ACCOUNT, store.region)


def _connect_cluster(world: World, store: KeyStore, skip_checks: bool) -> None:
    side = store.hsm
    if side is None or skip_checks:
        return
    cluster = hsm.check_connection(world, store, side)
    _enter_network(store, cluster)
    hsm.take_over(cluster, store, side)


def _enter_network(store: KeyStore, cluster: Cluster) -> None:
    """The group and the interfaces through which KMS reaches the HSMs."""
    account, region = store.account, store.region
    group = graph.group(account, region, cluster.group_id) if cluster.group_id else None
    if group is None:
        return
    backend, vpc_id = graph.backend(account, region), group.vpc_id
    name = f"kms-{store.id}"
    if backend.get_security_group_from_name(name, vpc_id) is not None:
        # Only KMS makes groups of this name, so it is not prepared for one.
        raise reach.Obstacle("INTERNAL_ERROR", f"There is a security group {name} already.")
    made = backend.create_security_group(name, f"KMS custom key store {store.id}", vpc_id)
    graph.allow_from(account, region, made.id, cluster.group_id)
    store.group_id = made.id
    text = f"KMS managed ENI for cluster {cluster.id}"
    groups = [made.id, cluster.group_id]
    store.interfaces = [
        graph.add_interface(account, region, subnet_id, text, "interface", groups).id
        for subnet_id in cluster.subnet_ids
    ]


def release(world: World, store: KeyStore) -> None:
    """Take down what a connect put up."""
    name = store.proxy.service_name if store.kind == EXTERNAL and store.proxy else None
    found = service_by_name(world, name) if name else None
    if found is not None and store.endpoint_id is not None:
        found.by_endpoint.pop(store.endpoint_id, None)
    store.endpoint_id = None
    hsm.let_go(world, store)
    store.former.clear()
    for interface_id in store.interfaces:
        graph.remove_interface(store.account, store.region, interface_id)
    store.interfaces = []
    if store.group_id is not None:
        graph.backend(store.account, store.region).delete_security_group(group_id=store.group_id)
        store.group_id = None


def finish_disconnect(world: World, store: KeyStore, started: int) -> None:
    if store.round == started and store.state == "DISCONNECTING":
        release(world, store)
        store.state = "DISCONNECTED"
