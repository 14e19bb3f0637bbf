# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each thing that a requirement is about was seen, is missing, or must not be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.reading import Reading

View = Mapping[str, Any]

_VPC = ("there is no VPC yet", "keylink.aws.xks_vpc makes it so.")
_BALANCER = ("there is no load balancer yet", "keylink.aws.xks_load_balancer makes it so.")
_GROUP = ("there is no target group yet", "keylink.aws.xks_load_balancer makes it so.")
_SERVICE = ("there is no endpoint service yet", "keylink.aws.xks_endpoint_service makes it so.")
_STORE = ("there is no key store yet", "keylink.aws.xks_key_store makes it.")
_MAKERS = {"kms_endpoint": "kms_vpc_endpoint", "ssm": "ssm_vpc_endpoints"}
# What a key store has whose proxy is reached over the internet.
_EVERYWHERE = ("store", "stores", "host", "proxy", "keys", "balancers", "balancer_quota")
_NO_NAME = ("no private DNS name is known", "Give private_dns_name.")
_FOREIGN = (
    "the endpoint service belongs to another account, which alone can see this",
    "Ask its owner, or run this with credentials of that account.",
)
# Why a look was not taken, and what changes that.
ABSENCE: Mapping[str, tuple[str, str]] = {
    "vpcs": _VPC, "dns_support": _VPC, "dns_hostnames": _VPC, "subnets": _VPC, "route_tables": _VPC,
    "endpoints": _VPC, "listeners": _BALANCER, "health": _GROUP, "group_attributes": _GROUP,
    "principals": _SERVICE, "connections": _SERVICE, "consumer": _SERVICE,
    "keys": ("the keys were not looked for", "Set include_keys: true."),
    "aws_services": ("AWS's services were not asked for", ""),
    "security_groups": _VPC,
    "cluster": ("there is no CloudHSM cluster to look at", "Name the key store, or the cluster with cluster_id."),
    "balancer_quota": ("the quota was not asked for", ""), "endpoint_quota": ("the quota was not asked for", ""),
    "dns": ("public DNS was not asked", "Give private_dns_name, and set look_up_dns: true."),
    "proxy": (
        "the proxy was not asked",
        "Run it with probe: true on a host that reaches the proxy, and give uri_path, credential and targets, or "
        "probe_addresses.",
    ),
    "ranges": ("data_center_cidrs is not given", "Give the ranges of the key manager's data centre."),
}
# Thing -> what it is looked for in, and what is said where it is missing.
_THINGS: Mapping[str, tuple[str, tuple[str, str]]] = {
    "vpc": ("vpcs", _VPC),
    "chosen_subnets": ("subnets", ("there are no subnets yet", _VPC[1])),
    "balancer": ("balancers", _BALANCER),
    "listener": ("listeners", ("there is no listener yet", _BALANCER[1])),
    "group": ("groups", _GROUP),
    "seen_service": ("services", _SERVICE),
    "store": ("stores", _STORE),
    "job_endpoints": ("endpoints", ("there are no such endpoints yet", "")),
}


_DESCRIBE = "cloudhsm:DescribeClusters"
# Part of a cluster -> the actions that it takes to see it.
_OF_CLUSTER: Mapping[str, tuple[str, ...]] = {
    "cluster": (_DESCRIBE,),
    "cluster_subnets": (_DESCRIBE, "ec2:DescribeSubnets"),
    "cluster_group": (_DESCRIBE, "ec2:DescribeSecurityGroups"),
}
UNREAD = Reading(
    absent="the key store is connected, so nothing else was looked at", cure="Set skip_connected: false."
)


def complete(readings: Mapping[str, Reading]) -> dict[str, Reading]:
    """READINGS with a word on each that was not taken."""
    return {name: Reading(absent=why, cure=cure) for name, (why, cure) in ABSENCE.items()} | dict(readings)


def look(view: View, name: str) -> Reading:
    """What is known of a thing, or of a reading of that name."""
    if name not in _EVERYWHERE and _public(view):
        return Reading(absent="the key store reaches its proxy over the internet, without a VPC (R20)")
    if name in _OF_CLUSTER:
        return _cluster(view, name)
    if name in _LOOKS:
        return _LOOKS[name](view)
    return _thing(view, name) if name in _THINGS else _reading(view, name)


def _reading(view: View, name: str) -> Reading:
    if name in ("principals", "connections") and (view["seen_service"] or {}).get("source") == "consumer":
        return Reading(absent=_FOREIGN[0], cure=_FOREIGN[1])
    found: Reading = view["readings"][name]
    return found


def _thing(view: View, name: str) -> Reading:
    source, (why, cure) = _THINGS[name]
    found, reading = view["subnets"] if name == "chosen_subnets" else view[name], _reading(view, source)
    if name == "seen_service" and found and found["source"] == "denied":
        return Reading(denied=found["denied"])
    if found:
        return Reading(found)
    if name == "job_endpoints":
        cure = f"keylink.aws.{_MAKERS[view['params']['job']]} makes them."
    return Reading(absent=why, cure=cure) if reading.known else reading


def _ranges(view: View) -> Reading:
    given = view["params"]["data_center_cidrs"]
    return Reading(given) if given else _reading(view, "ranges")


def _host(view: View) -> Reading:
    known = view["private_dns_name"]
    return Reading(known) if known else Reading(absent=_NO_NAME[0], cure=_NO_NAME[1])


def _public(view: View) -> bool:
    proxy = (view["store"] or {}).get("xks_proxy_configuration") or {}
    return proxy.get("connectivity") == "PUBLIC_ENDPOINT"


def _cluster(view: View, name: str) -> Reading:
    """The cluster; its subnets and its security group can be unreadable apart from it."""
    seen = view["cluster"]
    if seen is None:
        reading: Reading = view["readings"]["cluster"]
        return reading
    missing = [action for action in seen["denied"] if action in _OF_CLUSTER[name]]
    return Reading(denied=missing[0]) if missing else Reading(seen)


def _answers(view: View) -> Reading:
    """What public DNS said, if it said anything."""
    seen: Reading = view["readings"]["dns"]
    if not seen.known:
        return seen
    if seen.value["silent"] or not any(answer["servers"] or answer["trouble"] for answer in seen.value["answers"]):
        why = str(seen.value.get("trouble") or "no DNS server answers from here")
        return Reading(absent=why, cure="Name DNS resolvers that can be reached with resolvers.")
    return seen


_LOOKS: Mapping[str, Callable[[View], Reading]] = {"ranges": _ranges, "host": _host, "dns_answers": _answers}


def unseen(view: View, needs: tuple[str, ...]) -> Reading | None:
    """The first of what is needed that is not known: a missing permission before what does not exist yet."""
    looks = [look(view, name) for name in needs]
    denied = [one for one in looks if one.denied]
    return next(iter([*denied, *(one for one in looks if not one.known)]), None)
