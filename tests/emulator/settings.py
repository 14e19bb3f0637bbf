# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be configured, at the start or through the control API."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .errors import ClientFault

# Seconds, as AWS documents them; "a few minutes" is read as two or three.
DELAYS: dict[str, float] = {
    "vpc": 2,
    "load_balancer": 150,
    "load_balancer_subnets": 60,
    "target_initial": 90,
    "route53_change": 45,
    "dns_verification": 120,
    "endpoint_connection": 60,
    "endpoint": 120,
    "endpoint_delete": 60,
    "endpoint_service_delete": 10,
    "xks_connect": 300,
    "xks_disconnect": 300,
    "xks_update": 300,
    "cloudhsm_connect": 1200,
    "cloudhsm_disconnect": 120,
    "cloudtrail_event": 300,
}


@dataclass
class Settings:
    """Every switch of the emulator; `/_emulator/config` reads and changes them by these names."""

    time_scale: float = 1.0
    account: str = "123456789012"
    region: str = "us-east-1"
    # Private address or host name -> HOST:PORT where it is really served.
    address_map: dict[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    # What health checks say of a target that is not in the map: "healthy" or "unhealthy".
    unmapped_targets: str = "unhealthy"
    # HOST:PORT of a DNS server that domain verification asks instead of the emulated public zones.
    dns_server: str | None = None
    # Access key id -> account; every other key belongs to `account`.
    accounts: dict[str, str] = field(default_factory=dict)
    # Access key id -> the ARN of who has it; everybody else is user/emulated.
    identities: dict[str, str] = field(default_factory=dict)
    # Access key id -> the VPC that its calls come from: private DNS takes them through the endpoints there.
    callers_in_vpc: dict[str, str] = field(default_factory=dict)
    # When not empty, only these access key ids exist.
    access_keys: list[str] = field(default_factory=list)
    # Access key ids whose session is over ("*": all of them).
    expired: list[str] = field(default_factory=list)
    # Actions nobody may perform, with wildcards: "ec2:CreateVpc", "kms:*"; "kms:*@us-east-1" in one Region.
    denied: list[str] = field(default_factory=list)
    # Code of an AWS service -> Availability Zones in which it has no endpoints.
    zones_without: dict[str, list[str]] = field(default_factory=dict)
    # Interface endpoints that a VPC can have.
    endpoint_quota: int = 50
    # Seconds of the clock by name, where they differ from DELAYS.
    delays: dict[str, float] = field(default_factory=dict)
    key_store_quota: int = 10
    # Network Load Balancers that an account can have, as Service Quotas tells it.
    balancer_quota: int = 50
    # Whether credential and URI path of a connected external store may change: AWS's pages disagree.
    live_updates: bool = True
    # Requests of LookupEvents a second that CloudTrail takes (AWS: 2); 0 is any number.
    lookup_rate: float = 0
    # Seconds that a proxy has for an answer.
    proxy_timeout: float = 0.25

    def delay(self, name: str) -> float:
        return self.delays.get(name, DELAYS[name]) * self.time_scale

    def update(self, changes: dict[str, Any]) -> None:
        """Set some of the settings; an unknown name or a wrong kind of value changes nothing."""
        known = {item.name for item in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ClientFault(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
            if not _same_kind(getattr(self, name), value):
                raise ClientFault(f"setting {name!r}: {value!r} is of the wrong type")
        unknown = set(changes.get("delays", {})) - set(DELAYS)
        if unknown:
            raise ClientFault(f"unknown delays: {', '.join(sorted(unknown))}; known: {', '.join(sorted(DELAYS))}")
        for name, value in changes.items():
            setattr(self, name, value)


def _same_kind(current: Any, value: Any) -> bool:
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(current, bool)
    if isinstance(current, (int, float)):
        return isinstance(value, (int, float))
    if current is None or isinstance(current, str):
        return value is None or isinstance(value, str)
    return isinstance(value, type(current))
