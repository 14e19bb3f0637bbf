# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to endpoint services, seen from the provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import World, hex_id
from .query import page, select
from .service_state import Connection, EndpointService, Services, service, unsuccessful

Change = Callable[[EndpointService, Connection], None]


def connect(world: World, found: EndpointService, endpoint_id: str, owner: str, region: str) -> Connection:
    """An endpoint of somebody's on a service: available, or waiting for the provider to accept it."""
    state = "pendingAcceptance" if found.acceptance_required else "available"
    made = Connection(hex_id("vpce-conn-"), endpoint_id, owner, state, world.clock.datetime(), region)
    found.by_endpoint[endpoint_id] = made
    return made


def _shown(found: EndpointService, connection: Connection) -> dict[str, Any]:
    return {
        "ServiceId": found.id,
        "VpcEndpointId": connection.endpoint_id,
        "VpcEndpointOwner": connection.owner,
        "VpcEndpointState": connection.state,
        "CreationTimestamp": connection.created,
        "DnsEntries": [{"DnsName": f"{connection.endpoint_id}.{found.id}.{found.region}.vpce.amazonaws.com"}],
        "NetworkLoadBalancerArns": found.load_balancers,
        "IpAddressType": connection.ip_address_type,
        "VpcEndpointConnectionId": connection.id,
        "VpcEndpointRegion": connection.region,
    }


_FILTERS = {
    "service-id": lambda pair: pair[0].id,
    "vpc-endpoint-id": lambda pair: pair[1].endpoint_id,
    "vpc-endpoint-owner": lambda pair: pair[1].owner,
    "vpc-endpoint-state": lambda pair: pair[1].state,
    "ip-address-type": lambda pair: pair[1].ip_address_type,
    "vpc-endpoint-region": lambda pair: pair[1].region,
}


@operation("ec2", "DescribeVpcEndpointConnections")
def describe_connections(call: Call) -> dict[str, Any]:
    pairs = [
        (found, connection)
        for found in call.store(Services).by_id.values()
        for connection in found.by_endpoint.values()
    ]
    shown = [_shown(*pair) for pair in select(call, pairs, _FILTERS)]
    return page(call, {"VpcEndpointConnections": shown}, "VpcEndpointConnections")


def _change(call: Call, allowed: tuple[str, ...], change: Change) -> dict[str, Any]:
    found = service(call, call.params["ServiceId"])
    refused = []
    for endpoint_id in call.params.get("VpcEndpointIds") or []:
        connection = found.by_endpoint.get(endpoint_id)
        if connection is None:
            text = f"The VpcEndpoint Id '{endpoint_id}' does not exist"
            refused.append(unsuccessful(endpoint_id, AwsError("InvalidVpcEndpointId.NotFound", text)))
        elif connection.state not in allowed:
            text = f"The connection of {endpoint_id} is in state {connection.state}, which does not allow this"
            refused.append(unsuccessful(endpoint_id, AwsError("InvalidState", text)))
        else:
            change(found, connection)
    return {"Unsuccessful": refused}


@operation("ec2", "AcceptVpcEndpointConnections")
def accept(call: Call) -> dict[str, Any]:
    def available(connection: Connection) -> None:
        connection.state = "available" if connection.state == "pending" else connection.state

    def change(found: EndpointService, connection: Connection) -> None:
        connection.state = "pending"
        call.later("endpoint_connection", partial(available, connection))

    return _change(call, ("pendingAcceptance", "rejected"), change)


@operation("ec2", "RejectVpcEndpointConnections")
def reject(call: Call) -> dict[str, Any]:
    def change(found: EndpointService, connection: Connection) -> None:
        connection.state = "rejected"

    return _change(call, ("pendingAcceptance", "pending", "available"), change)


@operation("ec2", "DescribeVpcEndpointConnectionNotifications")
def describe_notifications(call: Call) -> dict[str, Any]:
    return {"ConnectionNotificationSet": []}
