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
from .world import World

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
# The crypto user is locked by this many wrong passwords in a row.
_TRIES = 5


def _id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for dummy in range(11))


@dataclass
class Hsm:
    """One HSM of a cluster."""

    zone: str
    state: str = "ACTIVE"
    id: str = field(default_factory=lambda: _id("hsm-"))


@dataclass
class Cluster:
    """A cluster, and what only an HSM client could tell about its crypto user."""

    id: str
    state: str = "ACTIVE"
    network_type: str = "IPV4"
    mtls: bool = False
    subnet_ids: list[str] = field(default_factory=list)
    hsms: list[Hsm] = field(default_factory=list)
    trust_anchor: str = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----"
    # Clusters made from the backups of one another share this.
    lineage: str = ""
    # The kmsuser: present, missing, locked or logged_in; its password, and how many wrong ones came in a row.
    user: str = "present"
    password: str = "kmsPswd"
    wrong: int = 0
    # The key store that is logged in as kmsuser.
    session: str = ""
    # Whether the security group lets the cluster talk to itself, where there is no network to have a group in.
    rules: bool = True
    group_id: str = ""

    @property
    def active_zones(self) -> list[str]:
        return [hsm.zone for hsm in self.hsms if hsm.state == "ACTIVE"]

    def log_in(self, password: str) -> str:
        """The ConnectionErrorCode that a login as kmsuser meets; empty when it succeeds."""
        refused = {"missing": "USER_NOT_FOUND", "locked": "USER_LOCKED_OUT", "logged_in": "USER_LOGGED_IN"}
        if self.user in refused:
            return refused[self.user]
        if password == self.password:
            self.wrong = 0
            return ""
        self.wrong += 1
        if self.wrong >= _TRIES:
            self.user = "locked"
        return "INVALID_CREDENTIALS"

    def new_password(self, password: str) -> None:
        """What a crypto officer does to an account: a new password also ends a lock-out."""
        self.password, self.wrong = password, 0
        if self.user == "locked":
            self.user = "present"


class Clusters:
    """Clusters of one account and region, and as backups those that are gone."""

    def __init__(self) -> None:
        self.by_id: dict[str, Cluster] = {}
        self.gone: list[Cluster] = []

    def made(self, cluster_id: str, lineage: str) -> Cluster:
        """A new cluster; one from a backup has the certificate and the users of the original."""
        kin = [found for found in (*self.by_id.values(), *self.gone) if found.lineage == lineage]
        made = Cluster(cluster_id, lineage=lineage or cluster_id)
        if kin:
            made.trust_anchor, made.password = kin[0].trust_anchor, kin[0].password
        self.by_id[cluster_id] = made
        return made


def seed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """Make a cluster, change one (`id`), forget one (`forget`), or log in as its kmsuser (`login`, `logout`)."""
    world.clock.run_due()
    document = dict(document)
    account = document.pop("account", world.settings.account)
    region = document.pop("region", world.settings.region)
    clusters = world.store(Clusters, account, region)
    forget = document.pop("forget", None)
    if forget is not None:
        if forget in clusters.by_id:
            clusters.gone.append(clusters.by_id.pop(forget))
        return {}
    login, logout = document.pop("login", None), document.pop("logout", False)
    unknown = set(document) - {item.name for item in fields(Cluster)}
    if unknown:
        raise ClientFault(f"unknown members of a cluster: {', '.join(sorted(unknown))}")
    cluster_id = document.pop("id", None) or _id("cluster-")
    cluster = clusters.by_id.get(cluster_id) or clusters.made(cluster_id, document.get("lineage", ""))
    if "hsms" in document:
        document["hsms"] = [Hsm(item) if isinstance(item, str) else Hsm(**item) for item in document["hsms"]]
    if "password" in document:
        cluster.new_password(document.pop("password"))
    for name, value in document.items():
        setattr(cluster, name, value)
    _place(cluster, account, region, "rules" in document)
    met = _session(cluster, login, logout)
    return {"id": cluster.id, "group_id": cluster.group_id, "login": met, "session": cluster.session}


def _session(cluster: Cluster, login: str | None, logout: bool) -> str:
    """Someone at the CloudHSM CLI logs in as kmsuser, or out; what a login met."""
    if logout and cluster.user == "logged_in":
        cluster.user = "present"
    if login is None:
        return ""
    met = cluster.log_in(login)
    if not met:
        cluster.user = "logged_in"
    return met


def _place(cluster: Cluster, account: str, region: str, changed: bool) -> None:
    """The security group that CloudHSM makes with a cluster, with its rules as they are wanted."""
    places = [found for found in (graph.subnet(account, region, item) for item in cluster.subnet_ids) if found]
    if not cluster.group_id and places:
        name = f"cloudhsm-{cluster.id}-sg"
        cluster.group_id = graph.backend(account, region).create_security_group(name, name, places[0].vpc_id).id
        changed = True
    if cluster.group_id and changed:
        graph.allow_within(account, region, cluster.group_id, cluster.rules)


def find(world: World, account: str, region: str, cluster_id: str) -> Cluster | None:
    return world.store(Clusters, account, region).by_id.get(cluster_id)


def lineage(world: World, account: str, region: str, cluster_id: str) -> str | None:
    """The backup history of a cluster, which outlives it."""
    clusters = world.store(Clusters, account, region)
    known = (*clusters.by_id.values(), *clusters.gone)
    return next((found.lineage for found in known if found.id == cluster_id), None)


def talks_to_itself(cluster: Cluster, account: str, region: str) -> bool:
    """Whether the security group lets the HSMs and their clients through on TCP 2223-2225."""
    return graph.allowed_within(account, region, cluster.group_id) if cluster.group_id else cluster.rules


def _shown(call: Call, cluster: Cluster) -> dict[str, Any]:
    mapping = {}
    vpc_id = ""
    for number, subnet_id in enumerate(cluster.subnet_ids):
        found = graph.subnet(call.account, call.region, subnet_id)
        # A cluster keeps a subnet in its description that somebody has deleted.
        zone = found.availability_zone if found else f"{call.region}{'abcdef'[number]}"
        mapping[zone] = subnet_id
        vpc_id = found.vpc_id if found else vpc_id
    shown = {
        "ClusterId": cluster.id,
        "State": cluster.state,
        "HsmType": "hsm2m.medium",
        "Mode": "FIPS",
        "NetworkType": cluster.network_type,
        "VpcId": vpc_id,
        "SubnetMapping": mapping,
        "Hsms": [
            {"HsmId": hsm.id, "ClusterId": cluster.id, "AvailabilityZone": hsm.zone, "State": hsm.state}
            for hsm in cluster.hsms
        ],
    }
    if cluster.group_id:
        shown["SecurityGroup"] = cluster.group_id
    if cluster.lineage != cluster.id:
        shown["SourceBackupId"] = "backup-" + cluster.lineage.rpartition("-")[2].ljust(11, "a")
    return shown


@operation("cloudhsmv2", "DescribeClusters")
def describe_clusters(call: Call) -> dict[str, Any]:
    wanted = (call.params.get("Filters") or {}).get("clusterIds")
    found = call.store(Clusters).by_id.values()
    return {"Clusters": [_shown(call, cluster) for cluster in found if not wanted or cluster.id in wanted]}


@operation("cloudhsmv2", "*")
def not_emulated(call: Call) -> dict[str, Any]:
    raise AwsError("UnknownOperationException", f"The emulator does not answer {call.operation}.")
