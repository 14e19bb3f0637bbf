# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint services and the connections to them, and how to find them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import AwsError
from ..registry import Call
from ..world import World

# States in which a connection keeps an endpoint service from being deleted.
LIVE = ("available", "pendingAcceptance", "pending")


@dataclass
class Connection:
    """One endpoint that somebody connected to a service."""

    id: str
    endpoint_id: str
    owner: str
    state: str
    created: datetime
    region: str
    ip_address_type: str = "ipv4"


@dataclass
class EndpointService:
    """A VPC endpoint service."""

    id: str
    name: str
    account: str
    region: str
    load_balancers: list[str]
    acceptance_required: bool
    ip_types: list[str]
    zones: list[str]
    state: str = "Available"
    private_dns_name: str | None = None
    dns_state: str = "pendingVerification"
    dns_value: str = ""
    dns_name: str = ""
    # Counts verifications, so that one that was overtaken by a new name changes nothing.
    dns_round: int = 0
    principals: dict[str, str] = field(default_factory=dict)
    regions: list[str] = field(default_factory=list)
    payer: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    by_endpoint: dict[str, Connection] = field(default_factory=dict)

    @property
    def connections(self) -> list[Connection]:
        return [connection for connection in self.by_endpoint.values() if connection.state in LIVE]


class Services:
    """Endpoint services of one account and region, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, EndpointService] = {}


def service(call: Call, service_id: str) -> EndpointService:
    found = call.store(Services).by_id.get(service_id)
    if found is None:
        text = f"The VpcEndpointService Id '{service_id}' does not exist"
        raise AwsError("InvalidVpcEndpointServiceId.NotFound", text)
    return found


def all_services(world: World) -> list[EndpointService]:
    return [found for dummy, dummy, store in world.stores(Services) for found in store.by_id.values()]


def service_by_name(world: World, name: str) -> EndpointService | None:
    return next((found for found in all_services(world) if found.name == name and found.state != "Deleting"), None)


def services_of_load_balancer(world: World, arn: str) -> list[EndpointService]:
    return [found for found in all_services(world) if arn in found.load_balancers]


def unsuccessful(resource_id: str, error: AwsError) -> dict[str, Any]:
    return {"ResourceId": resource_id, "Error": {"Code": error.code, "Message": error.message}}
