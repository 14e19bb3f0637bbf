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
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight_cluster as hsm
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight_endpoints as endpoints
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight_outside as outside

View = Mapping[str, Any]
Check = Callable[[View], list[Unmet]]


@dataclass(frozen=True)
class Judged:
    """check: finds the requirement broken. needs: what has to be known before it can be said to hold.
    shown: what is shown then, by name of preflight_evidence.EVIDENCE.
    """

    check: Check
    needs: tuple[str, ...] = ()
    shown: str = ""


_SUBNETS = ("vpc", "chosen_subnets")
_SERVICE = ("seen_service",)
_PRINCIPALS = ("seen_service", "principals")
_TARGETS = ("group", "health")
_PROXY = ("proxy",)

XKS: Mapping[str, Judged] = {
    "R1": Judged(outside.proxy, _PROXY),
    "R3": Judged(checks.network, (*_SUBNETS, "route_tables"), "subnets"),
    "R4": Judged(checks.network, ("vpc",), "vpc"),
    "R5": Judged(checks.key_stores, ("stores", *_SERVICE), "service"),
    "R6": Judged(checks.key_stores, ("stores", "services", "host"), "host"),
    "R7": Judged(checks.endpoint_service, _SERVICE, "load_balancers"),
    "R8": Judged(checks.endpoint_service, _SERVICE, "acceptance"),
    "R9": Judged(checks.endpoint_service, _PRINCIPALS, "principals"),
    "R10": Judged(checks.endpoint_service, ("services", "host"), "host"),
    "R11": Judged(outside.public_dns, ("dns_answers",), "zone"),
    "R12": Judged(checks.verification, _SERVICE, "verification"),
    "R13": Judged(outside.proxy, _PROXY),
    "R14": Judged(outside.proxy, _PROXY),
    "R15": Judged(outside.proxy, _PROXY),
    "R16": Judged(checks.owner, _SERVICE, "owner"),
    "R17": Judged(checks.options, (), "region"),
    "R18": Judged(checks.network, ("vpc", "ranges"), "vpc"),
    "R19": Judged(checks.network, _SUBNETS, "subnets"),
    "R21": Judged(checks.zones, _SUBNETS, "subnets"),
    "R23": Judged(checks.network, _SUBNETS, "subnets"),
    "R24": Judged(checks.network, ("vpc", "dns_hostnames"), "dns_hostnames"),
    "R25": Judged(checks.network, ("vpc", "dns_support"), "dns_support"),
    "R26": Judged(checks.targets, ("group", "health", "listener"), "healthy"),
    "R28": Judged(outside.proxy, _PROXY),
    "R29": Judged(checks.endpoint_service, ("balancer", "group"), "balancer"),
    "R30": Judged(checks.targets, _TARGETS, "targets"),
    "R31": Judged(checks.targets, ("group",), "target_type"),
    "R32": Judged(checks.targets, ("group",), "group_protocol"),
    "R33": Judged(checks.targets, ("group",), "group_port"),
    "R34": Judged(checks.targets, ("group",), "group_addresses"),
    "R35": Judged(checks.targets, ("group", "balancer"), "group_vpc"),
    "R36": Judged(checks.targets, ("group",), "health_check"),
    "R37": Judged(checks.targets, (*_TARGETS, "vpcs"), "targets"),
    "R38": Judged(checks.targets, _TARGETS, "targets"),
    "R39": Judged(checks.balancing, ("balancer",), "scheme"),
    "R40": Judged(checks.balancing, ("balancer",), "balancer_addresses"),
    "R41": Judged(checks.balancing, ("balancer", "vpc"), "balancer_vpc"),
    "R42": Judged(checks.balancing, ("balancer",), "zones"),
    "R43": Judged(checks.balancing, ("listener",), "listener"),
    "R44": Judged(checks.balancing, ("listener",), "listener"),
    "R45": Judged(checks.balancing, ("listener", "group"), "listener"),
    "R46": Judged(checks.endpoint_service, (*_SERVICE, "balancer"), "load_balancers"),
    "R48": Judged(checks.endpoint_service, _SERVICE, "service"),
    "R49": Judged(checks.balancing, ("balancer",), "balancer_type"),
    "R50": Judged(checks.balancing, ("balancer",), "balancer_state"),
    "R51": Judged(checks.acceptance, _SERVICE, "acceptance"),
    "R52": Judged(checks.endpoint_service, _SERVICE, "host"),
    "R53": Judged(outside.proxy, _PROXY),
    "R54": Judged(outside.proxy, _PROXY),
    "R55": Judged(checks.endpoint_service, _SERVICE, "service_addresses"),
    "R57": Judged(checks.endpoint_service, _SERVICE, "verification"),
    "R58": Judged(outside.public_dns, (*_SERVICE, "dns_answers"), "txt"),
    "R66": Judged(checks.permission, _PRINCIPALS, "principals"),
    "R67": Judged(checks.permission, _PRINCIPALS, "principals"),
    "R68": Judged(checks.endpoint_service, _PRINCIPALS, "principals"),
    "R73": Judged(checks.endpoint_service, _SERVICE, "service_state"),
    "N1": Judged(outside.proxy, _PROXY),
    "N2": Judged(outside.proxy, _PROXY),
    "N3": Judged(checks.options, (), "options"),
    "N4": Judged(checks.key_stores, ("stores",), "stores"),
    "N5": Judged(checks.balancing, ("balancer",), "security_groups"),
    "N6": Judged(checks.targets, ("group", "group_attributes"), "proxy_protocol"),
    "N7": Judged(checks.endpoint_service, ("services", "balancer"), "balancer"),
    "N9": Judged(outside.public_dns, (*_SERVICE, "dns_answers"), "txt"),
    "N16": Judged(checks.endpoint_service, _SERVICE, "owner"),
    "N19": Judged(checks.balancers, ("balancers",), "balancer_quota"),
}
_ENDPOINTS = ("vpc", "job_endpoints")
_OF_VPC: Mapping[str, Judged] = {
    "R81": Judged(endpoints.state, _ENDPOINTS, "endpoints"),
    "R83": Judged(endpoints.state, _ENDPOINTS, "endpoints"),
    "R91": Judged(endpoints.attributes, (*_ENDPOINTS, "dns_support", "dns_hostnames"), "endpoints"),
    "N14": Judged(endpoints.one_name, _ENDPOINTS, "endpoints"),
    "N20": Judged(endpoints.room, ("vpc", "endpoints"), "endpoint_quota"),
}
KMS_ENDPOINT: Mapping[str, Judged] = {
    "R80": Judged(endpoints.service, ("aws_services",), "aws_service"),
    "R87": Judged(endpoints.service, ("aws_services",), "aws_service"),
    **_OF_VPC,
    "R88": Judged(endpoints.admittance, (*_ENDPOINTS, "security_groups"), "endpoints"),
    "R97": Judged(endpoints.policies, _ENDPOINTS, "endpoints"),
    "R99": Judged(endpoints.policies, _ENDPOINTS, "endpoints"),
    "R104": Judged(endpoints.policies, _ENDPOINTS, "endpoints"),
}
SSM: Mapping[str, Judged] = {
    "R169": Judged(endpoints.admittance, (*_ENDPOINTS, "security_groups"), "endpoints"),
    "R175": Judged(endpoints.service, ("aws_services",), "aws_service"),
    "R176": Judged(endpoints.complete, _ENDPOINTS, "endpoints"),
    "R180": Judged(endpoints.complete, _ENDPOINTS, "endpoints"),
    "R182": Judged(endpoints.complete, _ENDPOINTS, "endpoints"),
    "R186": Judged(endpoints.policies, _ENDPOINTS, "endpoints"),
    **_OF_VPC,
}
CLOUD_HSM: Mapping[str, Judged] = {
    "R123": Judged(hsm.working, ("cluster",), "cluster"),
    "R126": Judged(hsm.cluster, ("cluster", "cluster_subnets"), "cluster_subnets"),
    "R128": Judged(hsm.cluster, ("cluster",), "cluster"),
    "R132": Judged(hsm.key_store, ("store",), "key_store"),
    "R133": Judged(hsm.key_store, ("store",), "key_store"),
    "R143": Judged(hsm.key_store, ("store",), "key_store"),
    "R145": Judged(hsm.cluster, ("cluster",), "cluster"),
    "N4": Judged(checks.key_stores, ("stores",), "stores"),
    "N11": Judged(hsm.cluster, ("cluster", "cluster_group"), "cluster"),
}
# What the modules see to whatever is there: nothing of the account can break it.
BY_DESIGN: Mapping[str, tuple[str, ...]] = {
    "xks": (
        "R20", "R22", "R47", "R56", "R59", "R60", "R61", "R62", "R63", "R64", "R72", "N8", "N10", "N12", "N13", "N17",
        "N18",
    ),
    "kms_endpoint": (
        "R82", "R85", "R89", "R92", "R93", "R94", "R96", "R98", "R100", "R101", "R102", "R105", "R109",
    ),
    "ssm": (
        "R160", "R161", "R163", "R164", "R165", "R166", "R167", "N15",
    ),
    "cloudhsm": (
        "R120", "R121", "R122", "R124", "R125", "R127", "R129", "R134", "R135", "R136", "R137", "R138", "R139", "R140",
        "R141", "R142", "R144", "R146",
    ),
}
# What is not looked at here -> the module that does.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("R86", "R108", "R110"), "vpc_endpoint_usage_info"),
    "R95": "kms_vpc_endpoint",
    **dict.fromkeys(("R90", "R103", "R106", "R107"), "kms_key_policy"),
    **dict.fromkeys(
        ("R168", "R170", "R171", "R173", "R177", "R178", "R179", "R181", "R183", "R184", "R185"), "ssm_vpc_endpoints"
    ),
}
# Said by another number already: it is listed among the unmet ones only where that one is not.
SAID_BY: Mapping[str, str] = {
    "R12": "R57", "R21": "R3", "R51": "R8", "R54": "R14", "R66": "R9", "R67": "R9", "R68": "R9",
    "R87": "R80", "R123": "R128",
}
TABLES: Mapping[str, Mapping[str, Judged]] = {
    "xks": XKS, "kms_endpoint": KMS_ENDPOINT, "cloudhsm": CLOUD_HSM, "ssm": SSM,
}
