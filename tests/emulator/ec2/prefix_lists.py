# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS-managed prefix lists, and the routes to gateway endpoints that name them."""

from __future__ import annotations

from typing import Any

from ..registry import Call, operation
from . import graph
from .catalogue import GATEWAY
from .endpoint_state import Endpoints
from .generic import paged

_RANGES = {"s3": ["3.5.136.0/22", "52.219.44.0/22"], "dynamodb": ["52.94.17.0/24"]}


def prefix_list_id(call: Call, service_name: str) -> str | None:
    """The id of the list of a service's public addresses."""
    lists = graph.backend(call.account, call.region).managed_prefix_lists.values()
    return next((str(found.id) for found in lists if found.prefix_list_name == service_name), None)


@operation("ec2", "DescribePrefixLists")
def describe_prefix_lists(call: Call) -> dict[str, Any]:
    """Only the services that have gateway endpoints, with the ranges that rules of network ACLs are written from."""
    names = {f"com.amazonaws.{call.region}.{code}": _RANGES[code] for code in GATEWAY}
    result = paged(call)
    shown = [found for found in result["PrefixLists"] if found["PrefixListName"] in names]
    return {**result, "PrefixLists": [{**found, "Cidrs": names[found["PrefixListName"]]} for found in shown]}


@operation("ec2", "DescribeRouteTables")
def describe_route_tables(call: Call) -> dict[str, Any]:
    """A gateway endpoint is a route in each of its tables."""
    result = paged(call)
    for endpoint in call.store(Endpoints).by_id.values():
        if not endpoint.route_tables or endpoint.state != "available":
            continue
        route = {
            "DestinationPrefixListId": prefix_list_id(call, endpoint.service_name),
            "GatewayId": endpoint.id,
            "Origin": "CreateRoute",
            "State": "active",
        }
        for table in result["RouteTables"]:
            if table["RouteTableId"] in endpoint.route_tables:
                table["Routes"].append(route)
    return result
