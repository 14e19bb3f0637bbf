# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the VPC endpoint of AWS KMS stands in, as one state, and what the module returns of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group, vpc_endpoint
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import ENDING, INTERFACE, View
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import (
    find_service,
    normalise_services,
    normalise_subnets,
    places,
    short_name,
)

Params = Mapping[str, Any]

_DEFAULT_GROUP = "default"


def vpc_of(params: Params, pinned: Sequence[Mapping[str, Any]]) -> str | None:
    """The VPC to look at: that of the option, or else of the endpoint that is pinned by id."""
    given = params["vpc_id"] or (pinned[0]["VpcId"] if pinned else None)
    return None if is_pending(given) else given


def normalise(
    params: Params, region: str, pinned: Sequence[Mapping[str, Any]], around: Mapping[str, Any]
) -> View:
    """The answers of AWS as one state. around: services, and of the VPC its attributes, endpoints, subnets, groups.

    What a closer look tells is added by with_more().
    """
    found = {item["VpcEndpointId"]: vpc_endpoint.normalise(item) for item in (*around.get("endpoints", ()), *pinned)}
    groups = [endpoint_group.normalise(item) for item in around.get("groups", ())]
    own = endpoint_group.find(params["security_group_name"] or "", groups)
    known = normalise_services(around["services"])
    return {
        "region": region,
        "vpc": _vpc(around) if around.get("vpc") else None,
        "endpoints": list(found.values()),
        "service": find_service(known, region, params["service"]),
        "kms_services": [
            item["service_name"]
            for item in known
            if item["kind"] == INTERFACE and short_name(item["service_name"], region).startswith("kms")
        ],
        "subnets": normalise_subnets(around.get("subnets", ())),
        "groups": {item["group_id"]: item for item in groups},
        "hosted_zones": None,
        "caller": None,
        "group_interfaces": [],
        "group_referred_by": endpoint_group.referring(own["group_id"], around["groups"]) if own else [],
    }


def _vpc(around: Mapping[str, Any]) -> View:
    raw = around["vpc"]
    blocks = [
        item["CidrBlock"]
        for item in raw.get("CidrBlockAssociationSet", [])
        if item.get("CidrBlockState", {}).get("State") == "associated"
    ]
    six = [
        item["Ipv6CidrBlock"]
        for item in raw.get("Ipv6CidrBlockAssociationSet", [])
        if item.get("Ipv6CidrBlockState", {}).get("State") == "associated"
    ]
    return {
        "vpc_id": raw["VpcId"],
        "cidr_blocks": blocks or [raw["CidrBlock"]],
        "ipv6_cidr_blocks": six,
        "enable_dns_support": around.get("dns_support"),
        "enable_dns_hostnames": around.get("dns_hostnames"),
    }


def with_more(view: Mapping[str, Any], more: Mapping[str, Any]) -> View:
    """The state with what a closer look told: hosted zones and caller where private DNS or the policy is about to
    change (None where they may not be looked at), interfaces of a security group that is about to go."""
    zones = more.get("zones")
    return {
        **view,
        "hosted_zones": None
        if zones is None
        else [{"zone_id": item["HostedZoneId"], "name": item["Name"]} for item in zones],
        "caller": more.get("caller"),
        "group_interfaces": sorted(item["NetworkInterfaceId"] for item in more.get("interfaces", ())),
    }


def managed_group(params: Params, view: Mapping[str, Any]) -> View | None:
    """The security group that the endpoint has by name."""
    name = params["security_group_name"]
    return endpoint_group.find(name, view["groups"].values()) if name else None


def default_group(view: Mapping[str, Any]) -> View | None:
    """The security group that AWS takes when none is given."""
    return endpoint_group.find(_DEFAULT_GROUP, view["groups"].values())


def candidates(params: Params, view: Mapping[str, Any]) -> list[View]:
    """The endpoints that the options name. One on its way out counts only where nothing else does."""
    pinned = params["vpc_endpoint_id"]
    if pinned:
        return [item for item in view["endpoints"] if item["vpc_endpoint_id"] == pinned]
    named = [
        item
        for item in view["endpoints"]
        if item["vpc_id"] == params["vpc_id"]
        and item["vpc_endpoint_type"] == INTERFACE
        and params["service"] in (item["service_name"], short_name(item["service_name"], view["region"]))
    ]
    alive = [item for item in named if item["state"] not in ENDING]
    return alive or (named[:1] if params["state"] == "absent" else [])


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    found = candidates(params, view)
    endpoint = found[0] if len(found) == 1 and found[0]["state"] not in ENDING else None
    skipped: Sequence[View] = ()
    if view["service"] and params["state"] == "present":
        skipped = places(params["vpc_endpoint_subnets"] or (), view["subnets"], view["service"]).skipped
    return {
        "vpc_endpoint": endpoint,
        "result": endpoint,
        "vpc_endpoint_id": endpoint["vpc_endpoint_id"] if endpoint else None,
        "skipped_subnets": list(skipped),
        **_addresses(endpoint, view["service"]),
    }


def _addresses(endpoint: View | None, service: View | None) -> View:
    """R88, R89: how clients reach AWS KMS. The names are AWS's own: their service part is kms, whatever the guide
    prints."""
    if endpoint is None:
        return {"endpoint_url": None, "endpoint_urls": [], "private_dns_names": []}
    entries = [item["dns_name"] for item in endpoint["dns_entries"] if item["dns_name"]]
    private = (service or {}).get("private_dns_names") or [name for name in entries if ".vpce." not in name]
    own = [name for name in entries if name not in private]
    names = private if endpoint["private_dns_enabled"] else []
    preferred = names or own
    return {
        "endpoint_url": f"https://{preferred[0]}" if preferred else None,
        "endpoint_urls": [f"https://{name}" for name in own],
        "private_dns_names": list(names),
    }
