# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold before an endpoint is made or changed, so that AWS does not refuse half of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    DEAD,
    ENDING,
    GATEWAY,
    RECORD_TYPES,
    View,
    Wanted,
)


def identity(want: Wanted, found: Sequence[View]) -> list[Unmet]:
    """Whether WANT names one endpoint, and one that can become what is wanted."""
    if len(found) > 1:
        ids = listing([item["vpc_endpoint_id"] for item in found])
        text = f"{len(found)} endpoints of {want.service_name} in {want.vpc_id}: {ids}"
        return [unmet("R83", "vpc_id", text, "Name one of them with vpc_endpoint_id.")]
    if not found:
        if want.endpoint_id and not is_pending(want.endpoint_id):
            text = f"no endpoint {want.endpoint_id} in this Region"
            return [unmet("R83", "vpc_endpoint_id", text, "Give the id of an existing one, or vpc_id to make one.")]
        return []
    return _for_life(want, found[0]) + _alive(found[0])


def _for_life(want: Wanted, endpoint: View) -> list[Unmet]:
    """AWS changes neither VPC nor service nor type of an endpoint."""
    wanted = {"vpc_id": want.vpc_id, "service_name": want.service_name, "vpc_endpoint_type": want.kind}
    option = {"vpc_id": "vpc_id", "service_name": "service", "vpc_endpoint_type": "vpc_endpoint_type"}
    advice = (
        "AWS does not change that. Name what it has; or make a second endpoint without vpc_endpoint_id, move the "
        "clients, and delete this one with state: absent."
    )
    return [
        unmet("R83", option[key], f"{value}, but {endpoint['vpc_endpoint_id']} has {endpoint[key]}", advice)
        for key, value in wanted.items()
        if endpoint[key] != value
    ]


def _alive(endpoint: View) -> list[Unmet]:
    state = endpoint["state"]
    if state not in (*DEAD, *ENDING):
        return []
    reason = endpoint["failure_reason"] or "AWS gives no reason"
    text = f"{endpoint['vpc_endpoint_id']} in state {state} ({reason})"
    advice = "Delete it with state: absent and vpc_endpoint_id, and run again."
    if state in ENDING:
        text, advice = f"{endpoint['vpc_endpoint_id']} in state {state}", "Leave vpc_endpoint_id out to make a new one."
    return [unmet("R83", "state", text, advice)]


def ip_types(want: Wanted, wanted: View, subnets: Mapping[str, View], service: View) -> list[Unmet]:
    """Whether IP address type, DNS record type, subnets and service fit each other."""
    kind, record = wanted["ip_address_type"], wanted["dns_options"]["dns_record_ip_type"]
    fitting = RECORD_TYPES.get(kind or "", ())
    found = []
    if fitting and record and record not in fitting:
        text, advice = f"{record} with ip_address_type {kind}", f"Give {' or '.join(fitting)}."
        found.append(unmet("R83", "dns_record_ip_type", text, advice))
    if not want.ip_address_type:
        return found
    needs = {"ipv4": ("ipv4",), "ipv6": ("ipv6",), "dualstack": ("ipv4", "ipv6")}[want.ip_address_type]
    for family in needs:
        if family not in service["ip_address_types"]:
            text = f"{want.ip_address_type}, but {service['service_name']} has {listing(service['ip_address_types'])}"
            found.append(unmet("R83", "ip_address_type", text, "Give a type that the service has."))
        lacking = [item for item in wanted["subnet_ids"] if item in subnets and not subnets[item][family]]
        if lacking:
            text = f"{want.ip_address_type}, but {listing(lacking)} without an {family.replace('ip', 'IP')} range"
            found.append(unmet("R83", "ip_address_type", text, "Give subnets that have it."))
    both = [item for item in wanted["subnet_ids"] if item in subnets and subnets[item]["ipv4"]]
    if want.ip_address_type == "ipv6" and both:
        text = f"ipv6, but {listing(both)} with an IPv4 range"
        found.append(unmet("R83", "ip_address_type", text, "Give subnets that have IPv6 only, or dualstack."))
    return found


def policy_support(want: Wanted, service: View) -> list[Unmet]:
    """Some services give full access only, and refuse a policy."""
    if want.policy is None or service["policy_supported"]:
        return []
    text = f"a policy for {service['service_name']}, which takes none"
    return [unmet("R83", "policy", text, "Leave the policy out: the service has no endpoint policies.")]


def private_dns(
    want: Wanted, before: View | None, wanted: View, others: Sequence[View], service: View,
    hosted_zones: Sequence[Mapping[str, Any]] = (),
) -> list[Unmet]:
    """N14: who answers already for the names that private DNS is to be switched on for.

    others: endpoints of the VPC. hosted_zones: {"zone_id", "name"} of private hosted zones of customers in the VPC.
    """
    if not wanted["private_dns_enabled"] or (before and before["private_dns_enabled"]):
        return []
    names = service["private_dns_names"]
    if not names:
        text = f"true, but {service['service_name']} has no private DNS name"
        return [unmet("N14", "private_dns_enabled", text, "Set it to false, and use the DNS names of the endpoint.")]
    found = []
    for item in others:
        clash = item["private_dns_enabled"] and item["service_name"] == want.service_name
        if clash and item["vpc_endpoint_id"] != wanted["vpc_endpoint_id"] and item["state"] not in ENDING:
            text = f"true, but endpoint {item['vpc_endpoint_id']} of {want.vpc_id} answers for {listing(names)} already"
            advice = "Adopt it with vpc_endpoint_id, or switch its private DNS off first."
            found.append(unmet("N14", "private_dns_enabled", text, advice))
    for zone in hosted_zones:
        if zone["name"].rstrip(".") in names:
            text = f"true, but private hosted zone {zone['zone_id']} ({zone['name']}) is associated with {want.vpc_id}"
            advice = "Take it off the VPC first, or set private_dns_enabled to false."
            found.append(unmet("N14", "private_dns_enabled", text, advice))
    return found


def route_tables(want: Wanted, wanted: View, others: Sequence[View]) -> list[Unmet]:
    """A route table takes one gateway endpoint of a service."""
    if want.kind != GATEWAY:
        return []
    return [
        unmet(
            "R83", "route_table_ids", f"{listing(taken)}, which has {item['vpc_endpoint_id']} of this service",
            "Adopt that endpoint, or take the route table off it first.",
        )
        for item in others
        if item["service_name"] == want.service_name and item["vpc_endpoint_id"] != wanted["vpc_endpoint_id"]
        for taken in [sorted(set(item["route_table_ids"]).intersection(wanted["route_table_ids"]))]
        if taken and item["vpc_endpoint_type"] == GATEWAY and item["state"] not in ENDING
    ]
