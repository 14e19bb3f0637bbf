# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the way from KMS keys to the proxy, in one form, whoever looked at it.

A piece is None where nobody looked. Otherwise "exists" says whether it is there, and "planned" whether a run would make
it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending

View = Mapping[str, Any]
Chain = dict[str, Any]

PIECES = (
    "region", "vpc", "subnets", "load_balancer", "listener", "target_group", "targets", "endpoint_service",
    "private_dns", "allowed_principals", "proxy", "key_store", "keys", "key_counts", "cluster",
)
# Piece -> the key of it that AWS assigns.
_IDS = {
    "vpc": "vpc_id", "load_balancer": "load_balancer_arn", "listener": "listener_arn",
    "target_group": "target_group_arn", "endpoint_service": "service_id", "key_store": "custom_key_store_id",
}
# Piece -> its key in the result of the module that makes it.
_RESULTS = {
    **{piece: piece for piece in ("vpc", "load_balancer", "listener", "target_group")},
    "endpoint_service": "vpc_endpoint_service", "key_store": "custom_key_store",
}


def merged(chains: Iterable[View]) -> Chain:
    """One chain of several: of each piece what tells most of it, and the first of what tells as much. That it is there
    is told later than that it is not, whoever looked first."""
    told = list(chains)
    return {piece: min((chain.get(piece) for chain in told), key=_rank, default=None) for piece in PIECES}


def _rank(piece: Any) -> int:
    if not known(piece):
        return 4 if piece is None else 3
    items = piece if isinstance(piece, list) else [piece]
    if any(exists(item) for item in items):
        return 0
    return 1 if any(isinstance(item, Mapping) and item.get("planned") for item in items) else 2


def known(piece: Any) -> bool:
    """Whether anybody looked."""
    return piece is not None and piece != []


def exists(piece: Any) -> bool:
    """Whether it is there. A text, such as a principal, is."""
    return bool(piece.get("exists", True)) if isinstance(piece, Mapping) else piece is not None


def of_key_store(store: View) -> Chain:
    """What key_store_info knows of it."""
    service = store["endpoint_service"]
    name = service["private_dns_name"] if service else None
    counts = store["kms_keys"]
    return {
        "region": store["region"],
        "key_store": {**store, "exists": True},
        "endpoint_service": service,
        "private_dns": {"name": name, "state": service["private_dns_state"], "exists": bool(name)} if service else None,
        "allowed_principals": service["allowed_principals"] if service else None,
        "key_counts": counts,
        "cluster": {**store["cluster"], "exists": store["cluster"]["state"] != "missing"} if store["cluster"] else None,
    }


def of_results(results: Sequence[View]) -> Chain:
    """What the results of the modules of the chain tell, of a run or of one that was only planned."""
    return merged([_of_result(result) for result in results])


def _of_result(result: View) -> Chain:
    found: Chain = {
        piece: _made(result[key], _IDS[piece]) for piece, key in _RESULTS.items() if result.get(key)
    }
    if "vpc" in result:
        found["subnets"] = [_made(item, "subnet_id") for item in result.get("subnets", ())]
    if "target_group" in result:
        pending = is_pending(result.get("target_group_arn"))
        found["targets"] = [
            {**item, "exists": not pending and bool(item.get("state")), "planned": pending or not item.get("state")}
            for item in result.get("targets") or ()
        ]
    service = result.get("vpc_endpoint_service")
    if service:
        found |= _of_service(service, found["endpoint_service"]["exists"])
    if "verification_state" in result:
        record = result.get("record") or {}
        found["private_dns"] = {
            "name": result.get("private_dns_name"), "state": result["verification_state"], "record": record.get("name"),
            **_there(result["verification_state"] is not None and not is_pending(record)),
        }
    if "certificate_chain" in (result.get("targets") or [{}])[0]:
        found["proxy"] = result["targets"]
    if result.get("kms_keys"):
        found["keys"] = result["kms_keys"]
    return found


def _of_service(service: View, there: bool) -> Chain:
    record = service.get("private_dns_name_configuration") or {}
    principals = service.get("allowed_principals") or ()
    return {
        "allowed_principals": [{"principal": item, **_there(there)} for item in principals] or None,
        "private_dns": {"name": service.get("private_dns_name"), "state": record.get("state"), **_there(there)},
    }


def _made(piece: View, key: str) -> dict[str, Any]:
    return {**piece, **_there(not is_pending(piece.get(key)))}


def _there(there: bool) -> dict[str, bool]:
    return {"exists": there, "planned": not there}


def zones(chain: View) -> list[dict[str, Any]]:
    """The subnets with the targets that lie in each; what lies in none comes last."""
    subnets = sorted(chain["subnets"] or (), key=lambda item: str(item.get("availability_zone")))
    found = [{"subnet": subnet, "targets": []} for subnet in subnets]
    elsewhere: list[View] = []
    for target in sorted(chain["targets"] or (), key=_order):
        place = next((zone for zone in found if _in(target, zone["subnet"])), None)
        (place["targets"] if place else elsewhere).append(target)
    return found + ([{"subnet": None, "targets": elsewhere}] if elsewhere else [])


def _order(target: View) -> tuple[bool, str]:
    """What is not healthy first: it must not be among those that are only counted."""
    return target.get("state") == "healthy", str(target.get("id"))


def _in(target: View, subnet: View) -> bool:
    try:
        return ipaddress.ip_address(target["id"]) in ipaddress.ip_network(subnet["cidr_block"])
    except (KeyError, ValueError):
        return False
