# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints that consumers made, and how to find them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Endpoint:
    """An interface or gateway endpoint."""

    id: str
    kind: str
    vpc_id: str
    service_name: str
    account: str
    created: datetime
    policy: str
    state: str = "pending"
    # Subnet id -> id of the interface there.
    interfaces: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    route_tables: list[str] = field(default_factory=list)
    private_dns: bool = False
    ip_address_type: str = "ipv4"
    dns_record_ip_type: str = "ipv4"
    only_inbound: bool = False
    # Why it failed.
    error: dict[str, str] | None = None
    dns_suffix: str = ""
    # What private DNS answers for.
    private_names: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


class Endpoints:
    """Endpoints of one account and region, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Endpoint] = {}
