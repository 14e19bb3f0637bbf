# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint service as the options want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import list_after, tags_after
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder

Params = Mapping[str, Any]
View = dict[str, Any]

_PLACE = "endpoint_service"


def wanted(params: Params, current: Mapping[str, Any]) -> View:
    """The state that PARAMS lead to from CURRENT."""
    before = current["service"] or _nothing(params)
    balancers = list_after(
        before["network_load_balancer_arns"],
        params["network_load_balancer_arns"],
        params["purge_network_load_balancer_arns"],
    )
    name = params["private_dns_name"] or before["private_dns_name"]
    same_name = name == before["private_dns_name"]
    return {
        **before,
        "acceptance_required": bool(params["acceptance_required"]),
        "network_load_balancer_arns": balancers,
        "availability_zones": _zones(params, current, before, balancers),
        "supported_ip_address_types": sorted(set(params["supported_ip_address_types"])),
        "private_dns_name": name,
        "private_dns_name_configuration": before["private_dns_name_configuration"]
        if same_name
        else _unknown_record(label(params, before)),
        "allowed_principals": list_after(
            before["allowed_principals"], principals(params, current["region"]), params["purge_allowed_principals"]
        ),
        "tags": tags_after(before["tags"], wanted_tags(params, before), purge_tags(params)),
    }


def label(params: Params, service: Mapping[str, Any]) -> str:
    """What to call the service."""
    name = params["name"] or service["tags"].get("Name")
    return str(name or ("existing" if is_pending(service["service_id"]) else service["service_id"]))


def principals(params: Params, region: str) -> list[str]:
    """Who is to be allowed: AWS KMS first (R68), then those of the option."""
    kms = params["kms_principal"] or f"cks.kms.{region}.amazonaws.com"
    return list(dict.fromkeys([kms, *(params["allowed_principals"] or ())]))


def _zones(params: Params, current: Mapping[str, Any], before: View, balancers: Sequence[str]) -> list[str]:
    """A service has the zones of its load balancers; one that does not exist yet does not tell."""
    known = current["load_balancers"]
    if not current["service"] and any(arn not in known for arn in balancers):
        return [placeholder(_PLACE, label(params, before), "availability_zones")]
    return sorted({*before["availability_zones"], *(zone for arn in balancers for zone in zones_of(current, arn))})


def zones_of(current: Mapping[str, Any], arn: str) -> list[str]:
    """The zones of a load balancer, as far as it was looked at."""
    return list(current["load_balancers"].get(arn, {}).get("availability_zones", []))


def wanted_tags(params: Params, before: Mapping[str, Any]) -> dict[str, str] | None:
    """A service that is pinned by id keeps its own Name."""
    name = params["name"] or before["tags"].get("Name")
    own = {"Name": name} if name else {}
    if params["tags"] is None:
        return own or None
    return {**own, **params["tags"], **({"Name": params["name"]} if params["name"] else {})}


def purge_tags(params: Params) -> bool:
    return bool(params["purge_tags"]) and params["tags"] is not None


def _nothing(params: Params) -> View:
    """A service that does not exist yet, with what AWS will assign."""
    name = params["name"] or "existing"
    return {
        "service_id": params["service_id"] or placeholder(_PLACE, name, "service_id"),
        "service_name": placeholder(_PLACE, name, "service_name"),
        "service_state": "Available",
        "service_type": ["Interface"],
        "availability_zones": [],
        "availability_zone_ids": [],
        "acceptance_required": False,
        "manages_vpc_endpoints": False,
        "network_load_balancer_arns": [],
        "gateway_load_balancer_arns": [],
        "supported_ip_address_types": [],
        "base_endpoint_dns_names": [],
        "private_dns_name": None,
        "private_dns_name_configuration": {"name": None, "type": None, "value": None, "state": None},
        "allowed_principals": [],
        "vpc_endpoint_connections": [],
        "tags": {},
    }


def _unknown_record(name: str) -> View:
    """AWS makes a new record for each private DNS name, to be verified anew (R56)."""
    return {
        "name": placeholder(_PLACE, name, "record_name"),
        "type": "TXT",
        "value": placeholder(_PLACE, name, "record_value"),
        "state": "pendingVerification",
    }
