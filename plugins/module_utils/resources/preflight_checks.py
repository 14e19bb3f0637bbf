# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What does not hold of a set-up, found by the checks that the modules of the chain have, and by a few for what those
modules repair without a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    endpoint_service_checks,
    health_check,
    key_store_checks,
    load_balancer,
    load_balancer_checks,
    target_group,
    target_health,
    vpc_checks,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

View = Mapping[str, Any]

# AWS's default where Service Quotas does not tell.
DEFAULT_QUOTAS = {"balancer_quota": 50, "endpoint_quota": 50}


def options(view: View) -> list[Unmet]:
    """What the options alone say."""
    params, region = view["params"], view["region"]
    found = vpc_checks.check(_vpc_options(params), region)
    if params["targets"]:
        found += target_group.check({**_NO_HEALTH_CHECK, **params, "target_group_name": None})
        found += target_group.not_private(params["targets"], view["vpc"]["cidr_blocks"] if view["vpc"] else [])
    found += check_private_dns_name("private_dns_name", params["private_dns_name"])
    found += key_store_checks.check_path("uri_path", params["uri_path"])
    found += key_store_checks.check_credential("credential", params["credential"] or {})
    return found + _of_names(params, region)


_NO_HEALTH_CHECK: Mapping[str, Any] = {
    "health_check_protocol": None, "health_check_port": None, "health_check_path": None,
    "health_check_interval": None, "health_check_timeout": None, "healthy_threshold_count": None,
    "unhealthy_threshold_count": None, "successful_response_codes": None,
}


def _vpc_options(params: Mapping[str, Any]) -> dict[str, Any]:
    wanted = ("name", "vpc_id", "subnet_ids", "cidr_block", "availability_zones", "data_center_cidrs")
    return {**{name: params[name] for name in wanted}, "subnet_cidrs": None, "state": "present"}


def _of_names(params: Mapping[str, Any], region: str) -> list[Unmet]:
    """Names of the key store and of the service, under the options that they have here."""
    told = {
        "state": "connected", "custom_key_store_name": params["custom_key_store_name"],
        "new_custom_key_store_name": None, "xks_proxy_connectivity": "VPC_ENDPOINT_SERVICE",
        "xks_proxy_uri_endpoint": None, "xks_proxy_uri_path": None,
        "xks_proxy_vpc_endpoint_service_name": params["service_name"],
        "xks_proxy_vpc_endpoint_service_owner": params["service_owner"],
        "xks_proxy_authentication_credential": None,
    }
    found = [item for item in key_store_checks.check(told, region) if item.number != "R17"]
    return [replace(item, what=item.what.removeprefix("xks_proxy_vpc_endpoint_")) for item in found]


def network(view: View) -> list[Unmet]:
    """The VPC and its subnets."""
    params = view["params"]
    wanted = {**_vpc_options(params), "cidr_block": None}
    found = []
    if params["vpc_id"] or len(view["vpc_matches"]) > 1:
        found += vpc_checks.identity_problems(wanted, {"matches": view["vpc_matches"], "vpc": view["vpc"]})
    vpc = view["vpc"]
    if vpc is None:
        return found
    what = f"VPC {vpc['vpc_id']}"
    # Options that contradict themselves were reported as such.
    if view["subnets"] and not any(item.number == "R19" for item in options(view)):
        of_subnets = vpc_checks.state_problems(wanted, vpc, view["subnets"])
        found += [replace(item, what=what) if item.what in ("name", "vpc_id", "cidr_block") else item
                  for item in of_subnets]
    if vpc["enable_dns_support"] is False:
        found.append(unmet("R25", what, "enableDnsSupport is false", "Set it with ModifyVpcAttribute, before R24."))
    if vpc["enable_dns_hostnames"] is False:
        found.append(unmet("R24", what, "enableDnsHostnames is false", "Set it with ModifyVpcAttribute."))
    return found


def zones(view: View) -> list[Unmet]:
    """R21, which R3 says together with what else it says."""
    own = {item["availability_zone"] for item in view["subnets"]}
    if not view["subnets"] or len(own) > 1:
        return []
    return [unmet("R21", f"VPC {view['vpc']['vpc_id']}", f"subnets in {listing(sorted(own))} alone",
                  "Add a private subnet in another Availability Zone.")]


def targets(view: View) -> list[Unmet]:
    """The target group and what is in it."""
    group, health = view["group"], view["readings"]["health"]
    if group is None:
        return []
    what = f"target group {group['target_group_name']}"
    found = [replace(item, what=what) for item in target_group.fixed_problems(group, "name")]
    if group["proxy_protocol_v2_enabled"]:
        found.append(unmet("N6", what, "proxy_protocol_v2.enabled is true", "Set it to false."))
    found += _health_check(group, what)
    front = view["balancer"]
    if front and front["vpc_id"] != group["vpc_id"]:
        text = f"it is in {group['vpc_id']}, load balancer {front['load_balancer_name']} in {front['vpc_id']}"
        found.append(unmet("R35", what, text, "Make a target group in the load balancer's VPC."))
    return found + (_registered(view, group, what) if health.known else [])


def _health_check(group: View, what: str) -> list[Unmet]:
    if group["health_check_protocol"] not in ("TCP", "HTTP", "HTTPS", None):
        text = f"its health check uses {group['health_check_protocol']}"
        return [unmet("R36", what, text, "Use TCP, HTTP or HTTPS.")]
    if group["health_check_path"] and not group["matcher"]:
        return []
    return [replace(item, what=what) for item in health_check.problems(_NO_HEALTH_CHECK, dict(group))]


def _registered(view: View, group: View, what: str) -> list[Unmet]:
    alive = [item for item in group["targets"] if item["state"] != target_health.DRAINING]
    hosts = sorted({item["id"] for item in alive if item["port"] == target_health.PORT})
    found = []
    if len(hosts) < target_health.ENOUGH and not any(item["port"] != target_health.PORT for item in alive):
        text = f"it has {listing(hosts)} alone" if hosts else "it has no target"
        fix = "Register the private addresses of two or more proxy hosts, on port 443."
        found.append(unmet("R30", what, text, fix))
    found += [
        unmet("R38", what, f"{item['id']} is registered on port {item['port']}", "Register it on port 443.")
        for item in alive
        if item["port"] != target_health.PORT
    ]
    blocks = view["vpc"]["cidr_blocks"] if view["vpc"] else []
    found += [replace(item, what=what) for item in target_group.not_private([item["id"] for item in alive], blocks)]
    if _fed(view) and alive and all(item["state"] in ("unhealthy", "unavailable", "unused") for item in alive):
        first = alive[0]
        text = f"no target is healthy: {first['id']} is {first['state']}"
        found.append(unmet("R26", what, text, target_health.explain(first), blocking=False))
    return found


def _fed(view: View) -> bool:
    """Whether the listener forwards to the target group: only then the load balancer checks its targets."""
    actions = view["listener"]["default_actions"] if view["listener"] else []
    return view["group"]["target_group_arn"] in [action["target_group_arn"] for action in actions]


def balancing(view: View) -> list[Unmet]:
    """The load balancer and its listener."""
    front = view["balancer"]
    if front is None:
        return []
    what = f"load balancer {front['load_balancer_name']}"
    own_vpc = view["vpc"]["vpc_id"] if view["vpc"] else front["vpc_id"]
    told = {
        "name": front["load_balancer_name"], "load_balancer_name": None, "vpc_id": own_vpc, "security_group_ids": None,
        "subnet_ids": load_balancer.subnet_ids(front),
    }
    found = [replace(item, what=what) for item in load_balancer_checks.problems(told, view["balancing"], front)]
    if front["state"]["code"] == "provisioning":
        found.append(unmet("R50", what, "its state is provisioning", "Wait until it is active: a few minutes."))
    if view["readings"]["listeners"].known:
        found += _listener(view, what)
    return found


def _listener(view: View, what: str) -> list[Unmet]:
    front, group = view["listener"], view["group"]
    if front is None:
        # A set-up that is still being made has none yet; without a target group, R29 says it.
        if not view["other_listeners"] and not (group and view["services"]["service"]):
            return []
        ports = listing([str(port) for port in view["other_listeners"]])
        text = f"it listens on {ports}, and not on 443" if ports else "it has no listener"
        return [unmet("R44", what, text, "Make a listener for TCP 443.")]
    found = []
    if front["protocol"] != "TCP":
        text = f"its listener on 443 speaks {front['protocol']}"
        found.append(unmet("R43", what, text, "Set its protocol to TCP: TLS ends on the proxy."))
    aims = [action["target_group_arn"] for action in front["default_actions"]]
    if group and aims != [group["target_group_arn"]]:
        text = f"its listener forwards to {listing([str(aim) for aim in aims]) or 'nothing'}"
        found.append(unmet("R45", what, text, f"Let it forward to {group['target_group_arn']} alone."))
    return found


def endpoint_service(view: View) -> list[Unmet]:
    """The endpoint service, as AWS KMS checks it, and what other services have already."""
    seen = view["seen_service"]
    if seen is None:
        return _missing_service(view)
    host = view["private_dns_name"]
    wanted = {"uri_endpoint": key_store_checks.SCHEME + host if host else None}
    found = [] if seen["source"] == "denied" else key_store_checks.gate(seen, wanted, view["region"])
    if not view["readings"]["principals"].known and seen["source"] == "own":
        found = [item for item in found if item.number != "R9"]
    own = view["services"]["service"]
    if own is None:
        return found
    what = f"endpoint service {seen['service_name']}"
    front = view["balancer"]
    if front and own["network_load_balancer_arns"] and (
        front["load_balancer_arn"] not in own["network_load_balancer_arns"]
    ):
        text = f"it has {listing(own['network_load_balancer_arns'])}, not {front['load_balancer_arn']}"
        found.append(unmet("R46", what, text, "Give it this load balancer."))
    if own["network_load_balancer_arns"] and view["readings"]["balancers"].known and front is None:
        text = f"its load balancer {own['network_load_balancer_arns'][0]} does not exist"
        found.append(unmet("R29", what, text, "Make a load balancer, and then a service with it."))
    mine = front and front["load_balancer_arn"] in own["network_load_balancer_arns"]
    if front and mine and view["group"] is None and view["readings"]["groups"].known:
        text = f"its load balancer {front['load_balancer_name']} has no target group"
        found.append(unmet("R29", what, text, "Make a target group, and a listener that forwards to it."))
    return found + _other_regions(own, what, view["region"]) + _neighbours(view, own)


def _missing_service(view: View) -> list[Unmet]:
    wanted = view["params"]["service_id"]
    if not wanted or not view["readings"]["services"].known:
        return []
    text = f"no endpoint service {wanted} in {view['region']}"
    return [unmet("R48", "service_id", text, "Give the id of a service of this Region.")]


def _other_regions(own: View, what: str, region: str) -> list[Unmet]:
    strange = [
        principal for principal in own["allowed_principals"]
        if principal.startswith("cks.kms.") and not principal.startswith(f"cks.kms.{region}.")
    ]
    fix = f"AWS KMS of {region} is cks.kms.{region}.amazonaws.com."
    return [unmet("R68", what, f"it allows {listing(strange)}", fix, blocking=False)] if strange else []


def _neighbours(view: View, own: View) -> list[Unmet]:
    named = view["params"]["load_balancer_arn"]
    mine = {
        "network_load_balancer_arns": [*own["network_load_balancer_arns"], *([named] if named else [])],
        "private_dns_name": own["private_dns_name"],
    }
    return endpoint_service_checks.neighbours(mine, view["services"])


def key_stores(view: View) -> list[Unmet]:
    """What other key stores have already, and how many there are."""
    if not view["readings"]["stores"].known:
        return []
    seen, host = view["seen_service"], view["private_dns_name"]
    wanted = {
        "vpc_endpoint_service_name": seen["service_name"] if seen else None,
        "uri_endpoint": key_store_checks.SCHEME + host if host else None,
        "connectivity": "VPC_ENDPOINT_SERVICE",
    }
    count = None if view["store"] else len(view["others"])
    return key_store_checks.neighbours(view["others"], wanted, count)


def balancers(view: View) -> list[Unmet]:
    """N19: whether a load balancer can still be made."""
    everyone = view["readings"]["balancers"].or_else([])
    count = sum(item.get("Type") == "network" for item in everyone)
    limit, said = quota(view, "balancer_quota")
    if view["balancer"] or count < limit:
        return []
    return [unmet("N19", "Network Load Balancers", f"{count} of {said} in this Region",
                  "Delete one that is not used, or ask AWS for a higher quota.")]


def quota(view: View, name: str) -> tuple[float, str]:
    """A quota, and how it is known."""
    reading = view["readings"][name]
    told = reading.or_else(None)
    if told is not None:
        return told, f"{told:.0f}"
    usual = DEFAULT_QUOTAS[name]
    why = f", since {reading.denied} is not allowed" if reading.denied else ""
    return usual, f"{usual} (AWS's default{why})"


def renumbered(found: list[Unmet], number: str, other: str) -> list[Unmet]:
    """What breaks NUMBER breaks OTHER, too."""
    return [unmet(other, item.what, item.found, item.fix, item.blocking) for item in found if item.number == number]


def verification(view: View) -> list[Unmet]:
    """R12, which is R57 for the time after the key store was made."""
    return renumbered(endpoint_service(view), "R57", "R12")


def acceptance(view: View) -> list[Unmet]:
    """R51: what breaking R8 leads to."""
    return renumbered(endpoint_service(view), "R8", "R51")


def permission(view: View) -> list[Unmet]:
    """R66 and R67: what R9 is for, and what breaking it leads to."""
    found = endpoint_service(view)
    return [*renumbered(found, "R9", "R66"), *renumbered(found, "R9", "R67")]


def owner(view: View) -> list[Unmet]:
    """R16: whose service it is, and whether the key store says so."""
    seen, told = view["seen_service"], view["params"]["service_owner"]
    store = (view["store"] or {}).get("xks_proxy_configuration") or {}
    if not seen or seen["source"] != "consumer" or told or store.get("vpc_endpoint_service_owner"):
        return []
    text = "it belongs to another account, and service_owner is not given"
    return [unmet("R16", f"endpoint service {seen['service_name']}", text, "Give the id of that account.")]
