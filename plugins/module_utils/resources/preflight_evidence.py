# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of a requirement that holds: the values that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    preflight_checks,
    preflight_endpoints,
    target_health,
    txt_lookup,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.load_balancer import ENFORCE

View = Mapping[str, Any]
Shown = tuple[str, str]


def _vpc(text: str) -> Callable[[View], Shown]:
    return lambda view: (f"VPC {view['vpc']['vpc_id']}", text.format(**view["vpc"]))


def _group(text: str) -> Callable[[View], Shown]:
    return lambda view: (f"target group {view['group']['target_group_name']}", text.format(**view["group"]))


def _balancer(text: str) -> Callable[[View], Shown]:
    return lambda view: (f"load balancer {view['balancer']['load_balancer_name']}", text.format(**view["balancer"]))


def _service(text: str) -> Callable[[View], Shown]:
    def show(view: View) -> Shown:
        seen = view["seen_service"]
        lists = {key: listing([str(item) for item in value]) for key, value in seen.items() if isinstance(value, list)}
        return f"endpoint service {seen['service_name']}", text.format(**{**seen, **lists})

    return show


def _subnets(view: View) -> Shown:
    places = [f"{item['subnet_id']} in {item['availability_zone']}" for item in view["subnets"]]
    return f"VPC {view['vpc']['vpc_id']}", listing(places)


def _targets(view: View) -> Shown:
    group = view["group"]
    hosts = [f"{item['id']}:{item['port']}" for item in group["targets"] if item["state"] != target_health.DRAINING]
    return f"target group {group['target_group_name']}", listing(hosts)


def _healthy(view: View) -> Shown:
    group = view["group"]
    states = [f"{item['id']} is {item['state']}" for item in group["targets"]]
    return f"target group {group['target_group_name']}", listing(states) or "it has no targets"


def _zones(view: View) -> Shown:
    front = view["balancer"]
    places = sorted({str(zone["zone_name"]) for zone in front["availability_zones"]})
    return f"load balancer {front['load_balancer_name']}", listing(places)


def _security_groups(view: View) -> Shown:
    front = view["balancer"]
    groups = listing(front["security_groups"])
    text = f"{groups}, not applied to PrivateLink ({ENFORCE}: {front[ENFORCE]})" if groups else "no security group"
    return f"load balancer {front['load_balancer_name']}", text


def _listener(view: View) -> Shown:
    front = view["listener"]
    aims = [str(action["target_group_arn"]).rpartition("targetgroup/")[2] for action in front["default_actions"]]
    text = f"{front['protocol']} {front['port']} to {listing(aims)}"
    return f"load balancer {view['balancer']['load_balancer_name']}", text


def _region(view: View) -> Shown:
    return "region", str(view["region"])


def _host(view: View) -> Shown:
    return "private DNS name", str(view["private_dns_name"])


def _zone(view: View) -> Shown:
    answers = view["readings"]["dns"].value["answers"]
    held = [answer["zone"] for answer in answers if answer["zone"]]
    found = f"public DNS has the zone {held[0]}" if held else "AWS found its domain in public DNS and verified it"
    return str(view["private_dns_name"]), found


def _txt(view: View) -> Shown:
    asked = view["dns_question"]
    return str(view["private_dns_name"]), txt_lookup.explain(asked, view["readings"]["dns"].value, None)


def _owner(view: View) -> Shown:
    seen = view["seen_service"]
    mine = "it belongs to this account" if seen["source"] == "own" else "it belongs to another account"
    return f"endpoint service {seen['service_name']}", mine


def _stores(view: View) -> Shown:
    count = len(view["others"]) + (1 if view["store"] else 0)
    return "custom key stores", f"{count} exist in this Region"


def _balancer_quota(view: View) -> Shown:
    everyone = view["readings"]["balancers"].or_else([])
    count = sum(item.get("Type") == "network" for item in everyone)
    return "Network Load Balancers", f"{count} of {preflight_checks.quota(view, 'balancer_quota')[1]}"


def _options(view: View) -> Shown:
    return "options", "they have the form that AWS takes"


def _endpoints(view: View) -> Shown:
    own = [f"{item['vpc_endpoint_id']} of {item['service_name']} is {item['state']}"
           for item in preflight_endpoints.own(view)]
    return f"VPC {view['vpc']['vpc_id']}", listing(own)


def _endpoint_quota(view: View) -> Shown:
    count, said = len(preflight_endpoints.interfaces(view)), preflight_checks.quota(view, "endpoint_quota")[1]
    return f"VPC {view['vpc']['vpc_id']}", f"{count} of {said} interface endpoints"


def _aws_service(view: View) -> Shown:
    return "region", f"AWS lists the service for {view['region']}"


def _cluster(view: View) -> Shown:
    seen = view["cluster"]
    zones = listing(seen["active_hsm_zones"]) or "no zone"
    return f"CloudHSM cluster {seen['cluster_id']}", f"it is {seen['state']}, with active HSMs in {zones}"


def _cluster_subnets(view: View) -> Shown:
    seen = view["cluster"]
    free = [f"{item['subnet_id']} has {item['free']} free addresses" for item in seen["subnets"]]
    return f"CloudHSM cluster {seen['cluster_id']}", listing(free)


def _key_store(view: View) -> Shown:
    store = view["store"]
    return f"key store {store['custom_key_store_name']}", f"it is {store['connection_state']}"


EVIDENCE: Mapping[str, Callable[[View], Shown]] = {
    "vpc": _vpc("{cidr_block}"),
    "dns_support": _vpc("enableDnsSupport is true"),
    "dns_hostnames": _vpc("enableDnsHostnames is true"),
    "subnets": _subnets,
    "targets": _targets,
    "healthy": _healthy,
    "target_type": _group("target type {target_type}"),
    "group_protocol": _group("protocol {protocol}"),
    "group_port": _group("port {port}"),
    "group_addresses": _group("IP address type {ip_address_type}"),
    "group_vpc": _group("in {vpc_id}"),
    "health_check": _group("health check by {health_check_protocol}"),
    "proxy_protocol": _group("proxy_protocol_v2.enabled is false"),
    "balancer": _balancer("it exists"),
    "balancer_type": _balancer("type {type}"),
    "scheme": _balancer("scheme {scheme}"),
    "balancer_addresses": _balancer("IP address type {ip_address_type}"),
    "balancer_vpc": _balancer("in {vpc_id}"),
    "balancer_state": _balancer("state {state[code]}"),
    "zones": _zones,
    "security_groups": _security_groups,
    "listener": _listener,
    "service": _service("it exists, and is for this key store"),
    "service_state": _service("state {service_state}"),
    "service_addresses": _service("it supports {supported_ip_address_types}"),
    "load_balancers": _service("it has a Network Load Balancer"),
    "acceptance": _service("it requires no acceptance"),
    "principals": _service("it allows {allowed_principals}"),
    "verification": _service("{private_dns_name} is {private_dns_state}"),
    "owner": _owner,
    "region": _region,
    "host": _host,
    "zone": _zone,
    "txt": _txt,
    "stores": _stores,
    "balancer_quota": _balancer_quota,
    "options": _options,
    "endpoints": _endpoints,
    "endpoint_quota": _endpoint_quota,
    "aws_service": _aws_service,
    "cluster": _cluster,
    "cluster_subnets": _cluster_subnets,
    "key_store": _key_store,
}
