# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TXT record that proves the ownership of a private DNS name (R12, R58, R59)."""

from __future__ import annotations

from typing import Any

# What AWS PrivateLink's guide suggests.
TTL = 1800


def domains(private_dns_name: str) -> list[str]:
    """The domains whose ownership may be proved, in the order in which AWS looks: for a.xks.example.com
    xks.example.com, then example.com, then the name itself."""
    labels = private_dns_name.rstrip(".").split(".")
    parents = [".".join(labels[index:]) for index in range(1, len(labels) - 1)]
    return [*parents, ".".join(labels)]


def candidates(private_dns_name: str, record_name: str) -> list[str]:
    """The full names at which the TXT value may be published, in the order in which AWS looks.

    After the prefixed names come the bare domains, for providers that do not take an underscore in a name.
    """
    places = domains(private_dns_name)
    return [f"{record_name}.{place}" for place in places] + places


def record(private_dns_name: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """The record, ready to publish. CONFIGURATION: name, value and state of AWS's PrivateDnsNameConfiguration."""
    names = candidates(private_dns_name, configuration["name"])
    return {
        "name": names[0],
        "candidates": names,
        "type": configuration.get("type") or "TXT",
        "value": configuration["value"],
        "quoted_value": f'"{configuration["value"]}"',
        "ttl": TTL,
        "state": configuration["state"],
    }
