# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CloudHSM cluster of a key store: what AWS KMS wants of it, as far as anybody outside the HSMs can see.

Mutual TLS and the crypto user kmsuser are settings inside the HSMs, which no API of AWS shows (R130, R131).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

_PORTS = (2223, 2225)
_DESCRIBE_CLUSTERS = "cloudhsm:DescribeClusters"
_DESCRIBE_SUBNETS = "ec2:DescribeSubnets"
_DESCRIBE_GROUPS = "ec2:DescribeSecurityGroups"

View = dict[str, Any]


def normalise(raw: Mapping[str, Any]) -> View:
    """A cluster as clients.cloudhsm read it."""
    cluster, denied = raw["cluster"], sorted(raw["denied"])
    facts = cluster or {}
    source = "read" if cluster else "denied" if _DESCRIBE_CLUSTERS in denied else "missing"
    free = {item["SubnetId"]: item["AvailableIpAddressCount"] for item in raw["subnets"]}
    return {
        "cluster_id": raw["id"],
        "source": source,
        "denied": denied,
        "state": facts.get("State"),
        "stranger_to": _stranger_to(facts, raw["former"]),
        "network_type": facts.get("NetworkType", "IPV4"),
        "active_hsm_zones": sorted(
            hsm["AvailabilityZone"] for hsm in facts.get("Hsms", []) if hsm.get("State") == "ACTIVE"
        ),
        "subnets": [
            {"subnet_id": subnet_id, "free": free.get(subnet_id)}
            for subnet_id in sorted(facts.get("SubnetMapping", {}).values())
        ],
        "security_group_id": facts.get("SecurityGroup"),
        "ports_open": _ports_open(raw["groups"][0]) if raw["groups"] else None,
    }


def _stranger_to(cluster: Mapping[str, Any], former: Mapping[str, Any] | None) -> str | None:
    """The cluster that this one replaces, if they cannot share a backup history: neither is made from a backup."""
    if not cluster or not former or cluster.get("SourceBackupId") or former.get("SourceBackupId"):
        return None
    return str(former["ClusterId"])


def _ports_open(group: Mapping[str, Any]) -> bool:
    """Whether a cluster's security group lets its members talk to each other, both ways."""
    return all(
        any(_covers(rule, group["GroupId"]) for rule in group.get(direction, []))
        for direction in ("IpPermissions", "IpPermissionsEgress")
    )


def _covers(rule: Mapping[str, Any], group_id: str) -> bool:
    first, last = _PORTS
    protocol = rule.get("IpProtocol")
    tcp = protocol in ("tcp", "6") and rule.get("FromPort", 0) <= first and last <= rule.get("ToPort", 0)
    peers = [pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", [])]
    # Ranges narrower than everything may or may not cover the subnets; only AWS KMS finds out.
    return (tcp or protocol == "-1") and (group_id in peers or bool(rule.get("IpRanges")))


def active_hsm_count(cluster: Mapping[str, Any] | None) -> int | None:
    """None where it was not read."""
    return len(cluster["active_hsm_zones"]) if cluster and cluster["source"] == "read" else None


def preflight(cluster: Mapping[str, Any] | None, two: bool, holds_addresses: bool = False) -> list[Unmet]:
    """What AWS KMS would refuse, all of it at once. A cluster that was not read passes.

    two: whether AWS wants two active HSMs, as for anything but a connect. holds_addresses: whether the store has its
    interfaces in the subnets now, so that a disconnect frees what the next connect needs.
    """
    if cluster is None:
        return []
    unchecked = [_not_checked(_what(cluster), action) for action in cluster["denied"]]
    return unchecked + _problems(cluster, two, holds_addresses)


def health(cluster: Mapping[str, Any] | None) -> list[Unmet]:
    """R123: what is wrong with the cluster of a connected store. It stops nothing, since nothing is to be done."""
    found = _problems(cluster, two=False, holds_addresses=True) if cluster else []
    return [replace(item, blocking=False) for item in found]


def _what(cluster: Mapping[str, Any]) -> str:
    return f"CloudHSM cluster {cluster['cluster_id']}"


def _problems(cluster: Mapping[str, Any], two: bool, holds_addresses: bool) -> list[Unmet]:
    what = _what(cluster)
    if cluster["source"] == "missing":
        fix = (
            "Check the id. If the cluster was deleted, make one from a recent backup of it, and give its id as "
            "cloud_hsm_cluster_id."
        )
        return [unmet("R145", what, "not found in this account and Region", fix)]
    if cluster["source"] == "denied":
        return []
    found = _hsms(cluster, what, two)
    if cluster["stranger_to"]:
        fix = "Give a cluster that was made from a backup of the other."
        text = f"neither it nor {cluster['stranger_to']}, which the key store has, was made from a backup"
        found.append(unmet("R145", what, text, fix))
    if _DESCRIBE_SUBNETS not in cluster["denied"]:
        found += _subnets(cluster, what, holds_addresses)
    if cluster["ports_open"] is False or (cluster["ports_open"] is None and _may_see_group(cluster)):
        group = f"its security group {cluster['security_group_id']}"
        fix = "Let the group reach itself on TCP 2223-2225, inbound and outbound, as CloudHSM sets it up."
        text = "does not exist" if cluster["ports_open"] is None else "does not let its members talk to each other"
        found.append(unmet("N11", what, f"{group} {text}", fix))
    if cluster["network_type"] != "IPV4":
        fix = "AWS KMS reaches it over IPv4 alone: check that every subnet has free IPv4 addresses."
        found.append(unmet("N11", what, f"its network type is {cluster['network_type']}", fix, blocking=False))
    return found


def _may_see_group(cluster: Mapping[str, Any]) -> bool:
    return bool(cluster["security_group_id"]) and _DESCRIBE_GROUPS not in cluster["denied"]


def _not_checked(what: str, action: str) -> Unmet:
    fix = f"The identity in use needs {action} to check it before; AWS KMS checks it in any case."
    return unmet("R128", what, f"not checked, for want of the permission {action}", fix, blocking=False)


def _hsms(cluster: Mapping[str, Any], what: str, two: bool) -> list[Unmet]:
    found = []
    if cluster["state"] != "ACTIVE":
        fix = "Initialize and activate the cluster, or wait until it is ACTIVE again."
        found.append(unmet("R128", what, f"its state is {cluster['state']}", fix))
    zones = cluster["active_hsm_zones"]
    if not zones:
        fix = "Add an HSM, better two in different Availability Zones, and wait until it is ACTIVE (R129)."
        found.append(unmet("R128", what, "it has no active HSM", fix))
    elif len(set(zones)) < 2:
        number = "1 active HSM" if len(zones) == 1 else f"{len(zones)} active HSMs"
        fix = "Add an HSM in another Availability Zone."
        if not two:
            fix += " It can be connected as it is, but no key can be made in it."
        found.append(unmet("N11", what, f"it has {number}, all in {zones[0]}", fix, blocking=two))
    return found


def _subnets(cluster: Mapping[str, Any], what: str, holds_addresses: bool) -> list[Unmet]:
    gone = [item["subnet_id"] for item in cluster["subnets"] if item["free"] is None]
    full = [item["subnet_id"] for item in cluster["subnets"] if item["free"] == 0 and not holds_addresses]
    tight = [item["subnet_id"] for item in cluster["subnets"] if item["free"] == 1 and not holds_addresses]
    found = []
    if gone:
        fix = "Make a cluster from a recent backup in subnets that exist, and give its id as cloud_hsm_cluster_id."
        found.append(unmet("R126", what, f"{_these(gone, 'was', 'were')} deleted", fix))
    if full:
        fix = "Free an address, better two, in each of them, or make a cluster from a backup in larger subnets."
        found.append(unmet("R126", what, f"{_these(full, 'has', 'have')} no free address", fix))
    if tight:
        found.append(unmet("R126", what, f"{_these(tight, 'has', 'have')} one free address",
                           "AWS prefers two in each subnet.", blocking=False))
    return found


def _these(subnet_ids: list[str], one: str, many: str) -> str:
    return f"subnet{'s' if len(subnet_ids) > 1 else ''} {listing(subnet_ids)} {many if len(subnet_ids) > 1 else one}"


def cause_is_gone(code: str | None, cluster: Mapping[str, Any] | None) -> bool:
    """Whether AWS shows that what made a connect fail with CODE is no longer so."""
    if cluster is None or cluster["source"] != "read":
        return False
    free = [item["free"] for item in cluster["subnets"]]
    subnets_seen = _DESCRIBE_SUBNETS not in cluster["denied"] and None not in free
    return {
        "CLUSTER_NOT_FOUND": True,
        "INSUFFICIENT_CLOUDHSM_HSMS": bool(cluster["active_hsm_zones"]),
        "SUBNET_NOT_FOUND": subnets_seen,
        "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": subnets_seen and 0 not in free,
    }.get(code or "", False)
