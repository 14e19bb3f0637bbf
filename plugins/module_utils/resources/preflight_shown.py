# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The set-up as it was found, link by link, for results and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight_things, target_health, txt_lookup

View = Mapping[str, Any]
Result = dict[str, Any]


def chain(view: View) -> Result:
    """Each link with `exists`; null for what was not read, or is not there to be read."""
    group = view["group"]
    service = view["seen_service"]
    return {
        "region": view["region"],
        "vpc": _thing(view, "vpc", "vpcs", ("vpc_id", "cidr_block", "enable_dns_support", "enable_dns_hostnames")),
        "subnets": [{"exists": True, **{key: value for key, value in item.items() if key != "tags"}}
                    for item in view["subnets"]],
        "load_balancer": _thing(view, "balancer", "balancers", (
            "load_balancer_arn", "load_balancer_name", "type", "scheme", "vpc_id", "state", "availability_zones",
            "dns_name",
        )),
        "listener": _thing(view, "listener", "listeners", ("listener_arn", "protocol", "port", "default_actions")),
        "target_group": _thing(view, "group", "groups", (
            "target_group_arn", "target_group_name", "target_type", "protocol", "port", "ip_address_type", "vpc_id",
        )),
        "targets": [{"exists": True, **item} for item in target_health.explained(group["targets"])]
        if group and view["readings"]["health"].known else None,
        "endpoint_service": _service(view, service),
        "private_dns": _private_dns(view, service),
        "allowed_principals": service["allowed_principals"]
        if service and view["readings"]["principals"].known else None,
        "proxy": _proxy(view),
        "key_store": _thing(view, "store", "stores", tuple(view["store"] or ())),
        "keys": None if view["keys"] is None else [{"exists": True, **key} for key in view["keys"]],
    }


def _thing(view: View, name: str, source: str, keys: Sequence[str]) -> Result | None:
    """None where it was not possible to look."""
    found = view[name]
    if found is None:
        return None if _unread(view, source) else {"exists": False}
    return {"exists": True, **{key: found[key] for key in keys}}


def _unread(view: View, source: str) -> bool:
    reading = view["readings"][source]
    return bool(reading.denied) or reading == preflight_things.UNREAD


def _service(view: View, seen: View | None) -> Result | None:
    if seen is None:
        return None if _unread(view, "services") else {"exists": False}
    if seen["source"] == "denied":
        return None
    own = view["services"]["service"] or {}
    kept = ("service_name", "service_state", "acceptance_required", "supported_ip_address_types", "availability_zones")
    return {
        "exists": seen["source"] != "missing",
        "service_id": seen["service_name"].rpartition(".")[2],
        **{key: seen[key] for key in kept},
        "owned": seen["source"] == "own",
        "network_load_balancer_arns": own.get("network_load_balancer_arns"),
        "vpc_endpoint_connections": own.get("vpc_endpoint_connections"),
    }


def _private_dns(view: View, seen: View | None) -> Result | None:
    name = view["private_dns_name"]
    if not name:
        return None
    own = view["services"]["service"] or {}
    proof = own.get("private_dns_name_configuration") or {}
    record = {"name": proof["name"], "type": proof["type"], "value": proof["value"]} if proof.get("value") else None
    looked = view["readings"]["dns"].or_else(None)
    return {
        "exists": bool(seen and seen["private_dns_name"]),
        "name": name,
        "state": seen["private_dns_state"] if seen else None,
        "record": record,
        "found_at": txt_lookup.found(looked) if looked else None,
    }


def _proxy(view: View) -> list[Result] | None:
    told = view["readings"]["proxy"].or_else(None)
    if told is None:
        return None
    kept = (
        "target", "address", "reachable", "tcp_connect_ms", "tls_handshake_ms", "tls_version", "cipher_suite",
        "chain_complete", "name_match", "root", "health", "severity_counts", "predicted_connection_error_code",
    )
    return [
        {
            "exists": target["reachable"],
            **{key: target[key] for key in kept},
            "certificate": next(iter(target["certificate_chain"]), None),
        }
        for target in told["targets"]
    ]
