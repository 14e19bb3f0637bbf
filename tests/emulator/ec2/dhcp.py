# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP options: the set that AWS keeps in each region, which every new VPC has."""

from __future__ import annotations

from typing import Any

from ..registry import Call, operation
from ..world import hex_id
from .generic import paged
from .query import page, select


class DefaultSet:
    """The region's own set."""

    def __init__(self) -> None:
        self.id = hex_id("dopt-")


def default_id(call: Call) -> str:
    """The id that a VPC shows when nobody gave it other options."""
    return call.store(DefaultSet).id


def _default(call: Call) -> dict[str, Any]:
    domain = "ec2.internal" if call.region == "us-east-1" else f"{call.region}.compute.internal"
    settings = {"domain-name": domain, "domain-name-servers": "AmazonProvidedDNS"}
    return {
        "DhcpOptionsId": default_id(call),
        "OwnerId": call.account,
        "DhcpConfigurations": [{"Key": key, "Values": [{"Value": value}]} for key, value in settings.items()],
        "Tags": [],
    }


_FILTERS = {
    "dhcp-options-id": lambda found: found["DhcpOptionsId"],
    "key": lambda found: [item["Key"] for item in found["DhcpConfigurations"]],
    "value": lambda found: [value["Value"] for item in found["DhcpConfigurations"] for value in item["Values"]],
    "owner-id": lambda found: found["OwnerId"],
}


@operation("ec2", "DescribeDhcpOptions")
def describe(call: Call) -> dict[str, Any]:
    own = _default(call)
    wanted = call.params.get("DhcpOptionsIds")
    if wanted == [own["DhcpOptionsId"]]:
        return {"DhcpOptions": [own]}
    if wanted and own["DhcpOptionsId"] in wanted:
        call.params["DhcpOptionsIds"] = [item for item in wanted if item != own["DhcpOptionsId"]]
        return {"DhcpOptions": [own, *paged(call)["DhcpOptions"]]}
    if wanted:
        return paged(call)
    asked = {name: value for name, value in call.params.items() if name == "Filters"}
    found = call.moto("DescribeDhcpOptions", asked)["DhcpOptions"]
    return page(call, {"DhcpOptions": [*select(call, [own], _FILTERS), *found]}, "DhcpOptions")


@operation("ec2", "AssociateDhcpOptions")
def associate(call: Call) -> dict[str, Any]:
    if call.params["DhcpOptionsId"] == default_id(call):
        return call.moto("AssociateDhcpOptions", {**call.params, "DhcpOptionsId": "default"})
    return call.by_moto()
