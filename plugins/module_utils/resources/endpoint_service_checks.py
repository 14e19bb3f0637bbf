# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an endpoint service for AWS KMS must not be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_service_waits import LIVE
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

Params = Mapping[str, Any]

_NLB_ARN = re.compile(r"arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]+")
# AWS takes no path in a principal's ARN.
_PRINCIPAL = re.compile(r"arn:[a-z-]+:iam::\d{12}:(root|(user|role)/[\w+=,.@-]+)|[a-z0-9.-]+\.amazonaws\.[a-z.]+")


def arguments(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    if params["state"] == "absent":
        return []
    found = check_private_dns_name("private_dns_name", params["private_dns_name"])
    if region.startswith("cn-"):
        found.append(unmet("R17", "region", region, "Use a Region outside China."))
    if region.startswith("eusc-") and not params["kms_principal"]:
        found.append(unmet("R68", "kms_principal", "nothing", "AWS does not document it for this Region: ask AWS."))
    if "ipv4" not in params["supported_ip_address_types"]:
        text = listing(params["supported_ip_address_types"]) or "none"
        found.append(unmet("R55", "supported_ip_address_types", text, "Add ipv4."))
    for arn in params["network_load_balancer_arns"] or ():
        if not is_pending(arn) and not _NLB_ARN.fullmatch(arn):
            advice = "Give the ARN of a Network Load Balancer, with loadbalancer/net/ in it."
            found.append(unmet("R49", "network_load_balancer_arns", arn, advice))
        elif f":{region}:" not in arn and not is_pending(arn):
            found.append(unmet("R48", "network_load_balancer_arns", arn, f"Give a load balancer of {region}."))
    for option in ("kms_principal", "allowed_principals"):
        given = params[option] or ()
        found += [_bad_principal(option, item) for item in ([given] if isinstance(given, str) else given)
                  if not _PRINCIPAL.fullmatch(item)]
    return found


def _bad_principal(option: str, principal: str) -> Unmet:
    if principal == "*":
        advice = "Without acceptance, everybody could connect: your load balancer would be public. Name the principals."
    else:
        advice = "Give arn:aws:iam::ACCOUNT:root, arn:aws:iam::ACCOUNT:role/NAME without a path, or a service principal."
    return unmet("R9", option, principal, advice)


def identity(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """Whether the name or the id says one service."""
    matches = current["matches"]
    if len(matches) > 1:
        text = f"{len(matches)} endpoint services with the Name tag {params['name']}: {listing(matches)}"
        return [unmet("R5", "name", text, "Name one of them with service_id.")]
    if params["service_id"] and not matches and not is_pending(params["service_id"]):
        text = f"no endpoint service {params['service_id']} in this Region"
        return [unmet("R46", "service_id", text, "Give the id of an existing service, or a name to make one.")]
    return []


def creation(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """What is needed to make a service."""
    if current["service"]:
        return []
    found = []
    if not params["network_load_balancer_arns"]:
        advice = "Give the load balancer that keylink.aws.xks_load_balancer returns."
        found.append(unmet("R46", "network_load_balancer_arns", "nothing", advice))
    if not params["private_dns_name"]:
        advice = "Give a name below your public domain, such as xks-proxy.example.com."
        found.append(unmet("R52", "private_dns_name", "nothing", advice))
    if not params["name"]:
        found.append(unmet("R46", "name", "nothing", "Give the name that a new service is found by."))
    return found


def neighbours(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """What other endpoint services of the Region have already."""
    found = []
    for other in current["others"]:
        owner = f"{other['service_id']} ({other['name']})"
        for arn in params["network_load_balancer_arns"] or ():
            if arn in other["network_load_balancer_arns"]:
                text = f"{arn}, which belongs to endpoint service {owner}"
                found.append(unmet("N7", "network_load_balancer_arns", text, "Use another load balancer."))
        if params["private_dns_name"] and other["private_dns_name"] == params["private_dns_name"]:
            text = f"{params['private_dns_name']}, which endpoint service {owner} has"
            found.append(unmet("R10", "private_dns_name", text, "Give each endpoint service a name of its own (R6)."))
    return found


def service(after: Mapping[str, Any]) -> list[Unmet]:
    """What the service itself will still lack."""
    found = []
    if after["gateway_load_balancer_arns"]:
        text = listing(after["gateway_load_balancer_arns"])
        found.append(unmet("R7", "gateway_load_balancer_arns", text, "Make a new endpoint service under another name."))
    zones = after["availability_zones"]
    if zones and len(zones) < 2:
        advice = "Give the load balancer a subnet in a second zone."
        found.append(unmet("R42", "network_load_balancer_arns", f"zones {listing(zones)}", advice, blocking=False))
    return found


def live_connections(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The connections that hold the service."""
    return [
        item for item in view["vpc_endpoint_connections"] if str(item["vpc_endpoint_state"]).lower() in LIVE
    ]


def in_use(view: Mapping[str, Any], live: Sequence[Mapping[str, Any]]) -> Unmet:
    """Why a service with live connections is not deleted."""
    held = listing(
        [f"{item['vpc_endpoint_id']} of account {item['vpc_endpoint_owner']} ({item['vpc_endpoint_state']})"
         for item in live]
    )
    return unmet(
        "N17", "state", f"absent, but {view['service_id']} has live endpoint connections: {held}",
        "Disconnect the key store that uses it first; or set force: true to reject the connections, which cuts it off.",
    )
