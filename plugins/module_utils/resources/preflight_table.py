# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which check judges which requirement, from what, and what is shown where it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight_checks as checks

View = Mapping[str, Any]
Check = Callable[[View], list[Unmet]]


@dataclass(frozen=True)
class Judged:
    """check: finds the requirement broken. needs: what has to be known before it can be said to hold.
    shown: what is shown then, by name of preflight_evidence.EVIDENCE. options: whether the options alone can break it.
    """

    check: Check
    needs: tuple[str, ...] = ()
    shown: str = ""
    options: bool = False


_SUBNETS = ("vpc", "chosen_subnets")
_SERVICE = ("seen_service",)
_PRINCIPALS = ("seen_service", "principals")
_TARGETS = ("group", "health")
_PROXY = ("proxy",)

XKS: Mapping[str, Judged] = {
    "R1": Judged(checks.proxy, _PROXY),
    "R3": Judged(checks.network, (*_SUBNETS, "route_tables"), "subnets", True),
    "R4": Judged(checks.network, ("vpc",), "vpc"),
    "R5": Judged(checks.key_stores, ("stores", *_SERVICE), "service"),
    "R6": Judged(checks.key_stores, ("stores", "services", "host"), "host"),
    "R7": Judged(checks.endpoint_service, _SERVICE, "load_balancers"),
    "R8": Judged(checks.endpoint_service, _SERVICE, "acceptance"),
    "R9": Judged(checks.endpoint_service, _PRINCIPALS, "principals"),
    "R10": Judged(checks.endpoint_service, ("services", "host"), "host"),
    "R11": Judged(checks.public_dns, ("dns_answers",), "zone", True),
    "R12": Judged(checks.verification, _SERVICE, "verification"),
    "R13": Judged(checks.proxy, _PROXY),
    "R14": Judged(checks.proxy, _PROXY),
    "R15": Judged(checks.proxy, _PROXY),
    "R16": Judged(checks.owner, _SERVICE, "owner"),
    "R17": Judged(checks.options, (), "region", True),
    "R18": Judged(checks.network, ("vpc", "ranges"), "vpc", True),
    "R19": Judged(checks.network, _SUBNETS, "subnets", True),
    "R21": Judged(checks.zones, _SUBNETS, "subnets", True),
    "R23": Judged(checks.network, _SUBNETS, "subnets", True),
    "R24": Judged(checks.network, ("vpc", "dns_hostnames"), "dns_hostnames"),
    "R25": Judged(checks.network, ("vpc", "dns_support"), "dns_support"),
    "R26": Judged(checks.targets, ("group", "health", "listener"), "healthy"),
    "R28": Judged(checks.proxy, _PROXY),
    "R29": Judged(checks.endpoint_service, ("balancer", "group"), "balancer"),
    "R30": Judged(checks.targets, _TARGETS, "targets", True),
    "R31": Judged(checks.targets, ("group",), "target_type"),
    "R32": Judged(checks.targets, ("group",), "group_protocol"),
    "R33": Judged(checks.targets, ("group",), "group_port"),
    "R34": Judged(checks.targets, ("group",), "group_addresses"),
    "R35": Judged(checks.targets, ("group", "balancer"), "group_vpc"),
    "R36": Judged(checks.targets, ("group",), "health_check", True),
    "R37": Judged(checks.targets, (*_TARGETS, "vpcs"), "targets", True),
    "R38": Judged(checks.targets, _TARGETS, "targets"),
    "R39": Judged(checks.balancing, ("balancer",), "scheme"),
    "R40": Judged(checks.balancing, ("balancer",), "balancer_addresses"),
    "R41": Judged(checks.balancing, ("balancer", "vpc"), "balancer_vpc"),
    "R42": Judged(checks.balancing, ("balancer",), "zones"),
    "R43": Judged(checks.balancing, ("listener",), "listener"),
    "R44": Judged(checks.balancing, ("listener",), "listener"),
    "R45": Judged(checks.balancing, ("listener", "group"), "listener"),
    "R46": Judged(checks.endpoint_service, (*_SERVICE, "balancer"), "load_balancers"),
    "R48": Judged(checks.endpoint_service, _SERVICE, "service", True),
    "R49": Judged(checks.balancing, ("balancer",), "balancer_type"),
    "R50": Judged(checks.balancing, ("balancer",), "balancer_state"),
    "R51": Judged(checks.acceptance, _SERVICE, "acceptance"),
    "R52": Judged(checks.endpoint_service, _SERVICE, "host"),
    "R53": Judged(checks.proxy, _PROXY),
    "R54": Judged(checks.proxy, _PROXY),
    "R55": Judged(checks.endpoint_service, _SERVICE, "service_addresses"),
    "R57": Judged(checks.endpoint_service, _SERVICE, "verification"),
    "R58": Judged(checks.public_dns, (*_SERVICE, "dns_answers"), "txt"),
    "R66": Judged(checks.permission, _PRINCIPALS, "principals"),
    "R67": Judged(checks.permission, _PRINCIPALS, "principals"),
    "R68": Judged(checks.endpoint_service, _PRINCIPALS, "principals"),
    "R73": Judged(checks.endpoint_service, _SERVICE, "service_state"),
    "N1": Judged(checks.proxy, _PROXY),
    "N2": Judged(checks.proxy, _PROXY),
    "N3": Judged(checks.options, (), "options", True),
    "N4": Judged(checks.key_stores, ("stores",), "stores"),
    "N5": Judged(checks.balancing, ("balancer",), "security_groups"),
    "N6": Judged(checks.targets, ("group", "group_attributes"), "proxy_protocol"),
    "N7": Judged(checks.endpoint_service, ("services", "balancer"), "balancer"),
    "N9": Judged(checks.public_dns, (*_SERVICE, "dns_answers"), "txt"),
    "N16": Judged(checks.endpoint_service, _SERVICE, "owner"),
    "N19": Judged(checks.balancers, ("balancers",), "balancer_quota"),
}
# What the modules see to whatever is there: nothing of the account can break it.
BY_DESIGN: Mapping[str, tuple[str, ...]] = {
    "xks": (
        "R20", "R22", "R47", "R56", "R59", "R60", "R61", "R62", "R63", "R64", "R72", "N8", "N10", "N12", "N13", "N17",
        "N18",
    ),
}
# Said by another number already: it is listed among the unmet ones only where that one is not.
SAID_BY: Mapping[str, str] = {
    "R12": "R57", "R21": "R3", "R51": "R8", "R54": "R14", "R66": "R9", "R67": "R9", "R68": "R9",
}
TABLES: Mapping[str, Mapping[str, Judged]] = {"xks": XKS}
