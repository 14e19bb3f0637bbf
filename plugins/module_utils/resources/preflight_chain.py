# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which VPC, load balancer, endpoint service and key store belong together, from any one of them, as one state.

By what the options name; otherwise from the key store backwards: its service, the service's load balancer, that one's
target group and VPC. So a set-up that somebody else made by hand is found as well as one of ours, or none at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import plain_tags
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.reading import Reading
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    endpoint_service,
    hsm_cluster,
    key_store_view,
    load_balancing,
    preflight_things,
    vpc_view,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_checks import SCHEME

Params = Mapping[str, Any]
Raw = Mapping[str, Any]
Readings = Mapping[str, Reading]
View = dict[str, Any]

_ENDING = ("Deleting", "Deleted")


def given(value: Any) -> Any:
    """An option's value, unless it is empty or a placeholder of check mode: that does not exist yet."""
    return None if not value or is_pending(value) else value


def store(params: Params, readings: Readings) -> Raw | None:
    """The key store that is meant."""
    stores = readings["stores"].or_else([])
    for option, key in (("custom_key_store_id", "CustomKeyStoreId"), ("custom_key_store_name", "CustomKeyStoreName")):
        if given(params[option]):
            return next((item for item in stores if item[key] == params[option]), None)
    return None


def connected(params: Params, readings: Readings) -> bool:
    """Whether the key store is connected, as far as READINGS tell."""
    found = store(params, readings) if "stores" in readings else None
    return bool(found) and (found or {}).get("ConnectionState") == "CONNECTED"


def alone(readings: Readings) -> dict[str, Reading]:
    """READINGS, and for everything else that there was no need to look."""
    every = ("services", "balancers", "groups", *preflight_things.ABSENCE)
    return dict.fromkeys(every, preflight_things.UNREAD) | dict(readings)


def service_name(params: Params, readings: Readings) -> str | None:
    """The name of the endpoint service, where an option or the key store tells it."""
    found = store(params, readings)
    of_store = found.get("XksProxyConfiguration", {}).get("VpcEndpointServiceName") if found else None
    return given(params["service_name"]) or of_store


def service(params: Params, readings: Readings) -> Raw | None:
    """The endpoint service that is meant, if it is of this account."""
    alive = [item for item in readings["services"].or_else([]) if item.get("ServiceState") not in _ENDING]
    if given(params["service_id"]):
        return _first(alive, "ServiceId", params["service_id"])
    name = service_name(params, readings)
    if name:
        return _first(alive, "ServiceName", name)
    named = [item for item in alive if params["name"] and plain_tags(item.get("Tags")).get("Name") == params["name"]]
    balancer = given(params["load_balancer_arn"])
    behind = [item for item in alive if balancer and balancer in item.get("NetworkLoadBalancerArns", [])]
    host = given(params["private_dns_name"])
    answering = [item for item in alive if host and item.get("PrivateDnsName") == host]
    found: Raw | None = next(iter([*named, *behind, *answering]), None)
    return found


def balancer(params: Params, readings: Readings) -> Raw | None:
    """The load balancer: the one that is named, or the one of the service."""
    everyone = readings["balancers"].or_else([])
    if given(params["load_balancer_arn"]):
        return _first(everyone, "LoadBalancerArn", params["load_balancer_arn"])
    behind = (service(params, readings) or {}).get("NetworkLoadBalancerArns", [])
    if behind:
        return _first(everyone, "LoadBalancerArn", behind[0])
    return _first(everyone, "LoadBalancerName", params["name"])


def group(params: Params, readings: Readings) -> Raw | None:
    """The target group: the one that is named, or the one that the load balancer forwards to."""
    everyone = readings["groups"].or_else([])
    if given(params["target_group_arn"]):
        return _first(everyone, "TargetGroupArn", params["target_group_arn"])
    front = balancer(params, readings)
    if front:
        fed = [item for item in everyone if front["LoadBalancerArn"] in item.get("LoadBalancerArns", [])]
        fed.sort(key=lambda item: (item.get("Port") != load_balancing.PORT, item["TargetGroupName"]))
        if fed:
            chosen: Raw = fed[0]
            return chosen
    return _first(everyone, "TargetGroupName", params["name"])


def _first(items: Sequence[Raw], key: str, value: Any) -> Raw | None:
    return next((item for item in items if value and item.get(key) == value), None)


def vpc_id(params: Params, readings: Readings) -> str | None:
    """The VPC: the one that is named, the one of the load balancer, or the one of a Name tag."""
    front, targets = balancer(params, readings) or {}, group(params, readings) or {}
    found = given(params["vpc_id"]) or front.get("VpcId") or targets.get("VpcId")
    named = readings["vpcs"].or_else([]) if "vpcs" in readings else []
    return found or (named[0]["VpcId"] if len(named) == 1 else None)


def places(params: Params, readings: Readings) -> View:
    """What clients.preflight.around is to look at."""
    found, own = store(params, readings) or {}, service(params, readings) or {}
    name = None if own else service_name(params, readings)
    vpc = vpc_id(params, readings)
    seen = readings["vpcs"].or_else([]) if "vpcs" in readings else []
    cluster = found.get("CloudHsmClusterId") or given(params["cluster_id"])
    return {
        "service_id": own.get("ServiceId"),
        "foreign_service": name,
        "load_balancer_arn": (balancer(params, readings) or {}).get("LoadBalancerArn"),
        "target_group_arn": (group(params, readings) or {}).get("TargetGroupArn"),
        "vpc_id": vpc,
        "vpc_read": any(item["VpcId"] == vpc for item in seen),
        "endpoints": params["job"] in ("kms_endpoint", "ssm"),
        "keys_of": found.get("CustomKeyStoreId") if params["include_keys"] else None,
        "cluster_id": cluster if params["job"] == "cloudhsm" else None,
    }


def private_dns_name(params: Params, readings: Readings) -> str | None:
    """The name that AWS KMS will ask for: of the options, of the service, or of the key store."""
    proxy = (store(params, readings) or {}).get("XksProxyConfiguration", {})
    of_store = str(proxy.get("UriEndpoint") or "").removeprefix(SCHEME)
    of_service = (service(params, readings) or {}).get("PrivateDnsName")
    return given(params["private_dns_name"]) or of_service or of_store or None


def view(params: Params, region: str, readings: Readings) -> View:
    """Everything as one state, in the forms that the modules of the chain have."""
    raw_store, raw_service = store(params, readings), service(params, readings)
    stores = [key_store_view.described(item) for item in readings["stores"].or_else([])]
    chosen = raw_store["CustomKeyStoreId"] if raw_store else None
    return {
        "region": region,
        "params": params,
        "readings": readings,
        "private_dns_name": private_dns_name(params, readings),
        "store": next((item for item in stores if item["custom_key_store_id"] == chosen), None),
        "others": [item for item in stores if item["custom_key_store_id"] != chosen],
        "keys": _keys(readings),
        "services": _services(region, raw_service, readings),
        "seen_service": _seen_service(params, raw_service, readings),
        "cluster": _cluster(readings),
        **_balancing(params, readings),
        **_network(params, readings),
    }


def _cluster(readings: Readings) -> View | None:
    raw = readings["cluster"].or_else(None)
    return hsm_cluster.normalise(raw) if raw else None


def _keys(readings: Readings) -> list[View] | None:
    raw = readings["keys"].or_else(None)
    return key_store_view.with_keys({}, raw)["keys"] if raw else None


def _services(region: str, raw: Raw | None, readings: Readings) -> View:
    """As xks_endpoint_service sees them."""
    chosen = {"service_id": raw["ServiceId"] if raw else "(known after apply: none)", "name": None, "state": "present"}
    details = {
        "permissions": readings["principals"].or_else([]), "connections": readings["connections"].or_else([]),
    }
    return endpoint_service.normalise(
        chosen, region, readings["services"].or_else([]), readings["balancers"].or_else([]), details
    )


def _seen_service(params: Params, own: Raw | None, readings: Readings) -> View | None:
    """The service as xks_key_store sees it before it lets AWS KMS check it; None where none is named."""
    name = own["ServiceName"] if own else service_name(params, readings)
    if not name or readings["services"].absent:
        return None
    seen = None if own else next(iter(readings["consumer"].or_else([])), None)
    denied = "" if own else readings["services"].denied or readings["consumer"].denied
    principals = readings["principals"].or_else([])
    raw = {"name": name, "own": own, "principals": principals, "seen": seen, "denied": denied}
    found: View = key_store_view.with_service({}, raw)["service"]
    return found


def _balancing(params: Params, readings: Readings) -> View:
    """As xks_load_balancer sees it, with the listeners on other ports."""
    front, targets = balancer(params, readings), group(params, readings)
    listeners = readings["listeners"].or_else([])
    details = {
        "health": readings["health"].or_else([]),
        "group_attributes": readings["group_attributes"].or_else([]),
        "listeners": [item for item in listeners if item.get("Port") == load_balancing.PORT],
    }
    found = {"target_groups": [targets] if targets else [], "load_balancers": [front] if front else []}
    seen = load_balancing.normalise(found, details)
    return {
        "group": seen["target_group"],
        "balancer": seen["load_balancer"],
        "listener": seen["listener"],
        "other_listeners": sorted(item["Port"] for item in listeners if item.get("Port") != load_balancing.PORT),
        "balancing": seen,
    }


def _network(params: Params, readings: Readings) -> View:
    """As xks_vpc sees it, with those subnets that the load balancer has, or is to have."""
    around = {name: readings[name].or_else(None) for name in ("dns_support", "dns_hostnames")}
    around |= {name: readings[name].or_else([]) for name in ("subnets", "route_tables")}
    wanted = vpc_id(params, readings)
    raw = [item for item in readings["vpcs"].or_else([]) if wanted in (None, item["VpcId"])]
    seen = vpc_view.normalise(raw, around)
    front = balancer(params, readings)
    mapped = [zone["SubnetId"] for zone in (front or {}).get("AvailabilityZones", [])]
    named = [item for item in params["subnet_ids"] or () if given(item)] or mapped
    chosen = vpc_view.chosen_subnets({"subnet_ids": named, "name": params["name"]}, seen)
    return {"vpc": seen["vpc"], "vpc_matches": seen["matches"], "vpc_seen": seen, "subnets": chosen}
