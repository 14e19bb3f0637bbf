# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an endpoint service for AWS KMS must not be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing, missing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_service_waits import HELD, LIVE
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

Params = Mapping[str, Any]

_NLB_ARN = re.compile(r"arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]+")
# AWS takes no path in a principal's ARN.
_PRINCIPAL = re.compile(
    r"arn:[a-z-]+:iam::\d{12}:(root|(user|role)/[\w+=,.@-]+)"
    r"|arn:[a-z-]+:organizations::\d{12}:(organization|ou)/[a-z0-9/-]+"
    r"|[a-z0-9.-]+\.amazonaws\.[a-z.]+"
)
_KMS_PRINCIPAL = re.compile(r"cks\.kms\.([a-z0-9-]+)\.amazonaws\.[a-z.]+")


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
    for item in params["allowed_principals"] or ():
        found += _check_principal("allowed_principals", item, region)
    return found + _check_principal("kms_principal", params["kms_principal"], region)


def _check_principal(option: str, principal: str | None, region: str) -> list[Unmet]:
    if not principal or is_pending(principal):
        return []
    if principal == "*":
        advice = "Without acceptance, everybody could connect: your load balancer would be public. Name the principals."
        return [unmet("R9", option, principal, advice)]
    if not _PRINCIPAL.fullmatch(principal):
        advice = "Give arn:aws:iam::ACCOUNT:root, arn:aws:iam::ACCOUNT:role/NAME (no path), or a service principal."
        return [unmet("R9", option, principal, advice)]
    kms = _KMS_PRINCIPAL.fullmatch(principal)
    if kms and kms.group(1) != region:
        return [unmet("R68", option, principal, f"Only AWS KMS of {region} can use a service of {region}.")]
    return []


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
    if current["service"] or params["service_id"]:
        return []
    found = []
    if not params["network_load_balancer_arns"]:
        advice = "Give the load balancer that keylink.aws.xks_load_balancer returns."
        found.append(unmet("R46", "network_load_balancer_arns", "nothing", advice))
    if not params["private_dns_name"]:
        advice = "Give a name below your public domain, such as xks-proxy.example.com."
        found.append(unmet("R52", "private_dns_name", "nothing", advice))
    return found


def neighbours(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """What other endpoint services of the Region have already."""
    found = []
    for other in current["others"]:
        owner = f"{other['service_id']} ({other['name']})"
        for arn in params["network_load_balancer_arns"] or ():
            if arn in other["network_load_balancer_arns"] and not other["ending"]:
                text = f"{arn}, which belongs to endpoint service {owner}"
                advice = "Use another load balancer, or name that service with service_id."
                found.append(unmet("N7", "network_load_balancer_arns", text, advice))
        if params["private_dns_name"] and other["private_dns_name"] == params["private_dns_name"]:
            text = f"{params['private_dns_name']}, which endpoint service {owner} has"
            found.append(unmet("R10", "private_dns_name", text, "Give each endpoint service a name of its own (R6)."))
    return found


def load_balancers(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """Whether the load balancers can stand behind a service."""
    found = []
    for arn in dict.fromkeys(params["network_load_balancer_arns"] or ()):
        if is_pending(arn):
            continue
        known = current["load_balancers"].get(arn)
        what = "network_load_balancer_arns"
        if not known:
            advice = "Give the load_balancer_arn that keylink.aws.xks_load_balancer returns."
            found.append(unmet("R29", what, f"{arn}, which does not exist", advice))
        elif known["state"] == "failed":
            found.append(unmet("R50", what, f"{arn} in state failed", "Delete it, and make it anew."))
        elif known["scheme"] == "internet-facing":
            advice = "AWS KMS does not need it; make an internal one."
            found.append(unmet("R39", what, f"{arn}, which is internet-facing", advice, blocking=False))
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Unmet]:
    """What AWS does not change in place."""
    removed = missing(before["network_load_balancer_arns"], after["network_load_balancer_arns"])
    live = live_connections(before)
    if not removed or not live:
        return []
    advice = f"AWS keeps it while endpoints are connected: {names(live)}. Disconnect the key store first."
    return [unmet("R46", "purge_network_load_balancer_arns", f"{listing(removed)} to remove", advice)]


def service(after: Mapping[str, Any]) -> list[Unmet]:
    """What the service itself will still lack."""
    found = []
    if after["acceptance_required"]:
        advice = "AWS KMS cannot use the service until acceptance_required is false."
        found.append(unmet("R8", "acceptance_required", "true", advice, blocking=False))
    if after["private_dns_name_configuration"]["state"] == "failed":
        advice = "Publish the TXT record that is returned, and verify it with keylink.aws.private_dns_verify."
        found.append(unmet("R12", "private_dns_name", f"{after['private_dns_name']}, whose verification failed", advice,
                           blocking=False))
    if after["gateway_load_balancer_arns"]:
        text = listing(after["gateway_load_balancer_arns"])
        found.append(unmet("R7", "gateway_load_balancer_arns", text, "Make a new endpoint service under another name."))
    zones = after["availability_zones"]
    if zones and len(zones) < 2 and not is_pending(zones):
        advice = "Give the load balancer a subnet in a second zone."
        found.append(unmet("R42", "network_load_balancer_arns", f"zones {listing(zones)}", advice, blocking=False))
    return found


def live_connections(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The connections that hold the service."""
    return _in_state(view, LIVE)


def held(view: Mapping[str, Any]) -> bool:
    """Whether AWS still counts a connection."""
    return bool(_in_state(view, HELD))


def _in_state(view: Mapping[str, Any], states: Sequence[str]) -> list[Mapping[str, Any]]:
    return [item for item in view["vpc_endpoint_connections"] if str(item["vpc_endpoint_state"]).lower() in states]


def names(connections: Sequence[Mapping[str, Any]]) -> str:
    """Connections for a sentence."""
    return listing(
        [f"{item['vpc_endpoint_id']} of account {item['vpc_endpoint_owner']} ({item['vpc_endpoint_state']})"
         for item in connections]
    )


def in_use(view: Mapping[str, Any], live: Sequence[Mapping[str, Any]], number: str = "N17") -> Unmet:
    """Why nothing is taken away from a service with live connections."""
    return unmet(
        number, "state", f"absent, but {view['service_id']} has live endpoint connections: {names(live)}",
        "Disconnect the key store that uses it first; or set force: true to cut it off.",
    )
