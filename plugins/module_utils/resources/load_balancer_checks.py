# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an existing load balancer, and the options for one, must satisfy (R23, R39-R42, R49, R50, N5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.load_balancer import (
    ENFORCE,
    name_of,
    new_subnets,
    option_of,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_group import check_name

# AWS wants this many free addresses in a subnet that it puts a load balancer in.
_FREE_ADDRESSES = 8
# What is not changed in place: key of the state, number, value that is needed.
_FIXED = (("type", "R49", "network"), ("scheme", "R39", "internal"), ("ip_address_type", "R40", "ipv4"))

Params = Mapping[str, Any]
View = dict[str, Any]


def check_names(params: Params) -> list[Unmet]:
    """Whether AWS takes the name."""
    found = check_name(option_of(params), name_of(params))
    if name_of(params).startswith("internal-"):
        fix = "AWS keeps names that begin with internal- for itself: use another."
        found.append(unmet("R29", option_of(params), name_of(params), fix))
    return found


def check(params: Params) -> list[Unmet]:
    """What the options of the load balancer alone say."""
    subnets = set(params["subnet_ids"] or [])
    if len(subnets) >= 2:
        return []
    fix = "Give one private subnet in each of two or more Availability Zones."
    return [unmet("R42", "subnet_ids", listing(sorted(subnets)) or "none", fix)]


def fixed_problems(balancer: Mapping[str, Any], option: str) -> list[Unmet]:
    """What makes an existing load balancer useless for an external key store, and is not changed."""
    return [
        unmet(number, option, f"load balancer {balancer['load_balancer_name']} has {key} {balancer[key]}",
              f"It is not changed or replaced: name another load balancer, or delete this one. It must be {needed}.")
        for key, number, needed in _FIXED
        if balancer[key] != needed
    ]


def problems(params: Params, view: Mapping[str, Any], after: Mapping[str, Any]) -> list[Unmet]:
    """What does not hold, given the current state and what it would become."""
    before = view["load_balancer"]
    found: list[Unmet] = []
    if before:
        found += fixed_problems(before, option_of(params))
        if before["vpc_id"] != params["vpc_id"]:
            text = f"{params['vpc_id']}, but load balancer {before['load_balancer_name']} is in {before['vpc_id']}"
            found.append(unmet("R41", "vpc_id", text, "Give that VPC, or name another load balancer."))
        if before["state"]["code"] == "failed":
            text = f"load balancer {before['load_balancer_name']} has failed: {before['state']['reason']}"
            fix = "AWS could not set it up. Delete it with state: absent, and run again."
            found.append(unmet("R50", option_of(params), text, fix))
    found += _security_problems(params, before, after)
    return found + _subnet_problems(params, view, after)


def _security_problems(params: Params, before: View | None, after: Mapping[str, Any]) -> list[Unmet]:
    wanted = params["security_group_ids"]
    name = after["load_balancer_name"]
    if before and wanted and not before["security_groups"]:
        text = f"{listing(wanted)}, but load balancer {name} was created without any"
        fix = "AWS then never takes one. Leave the option out: no rule applies to it. Or delete it first."
        return [unmet("N5", "security_group_ids", text, fix)]
    if before and wanted == [] and before["security_groups"]:
        text = f"none, but load balancer {name} has {listing(before['security_groups'])}"
        fix = "AWS does not take the last one away. Give one or more, or leave the option out."
        return [unmet("N5", "security_group_ids", text, fix)]
    if after[ENFORCE] == "on":
        fix = "Set it to 'off', unless the rules let everybody in on port 443."
        return [unmet("N5", ENFORCE, "on", fix, blocking=False)]
    return []


def _subnet_problems(params: Params, view: Mapping[str, Any], after: Mapping[str, Any]) -> list[Unmet]:
    known = view["network"]["subnets"]
    found: list[Unmet] = []
    for subnet in new_subnets(params, view["load_balancer"]):
        if is_pending(subnet):
            continue
        if subnet not in known:
            fix = "Give subnets of the VPC that vpc_id names."
            found.append(unmet("R42", "subnet_ids", f"no subnet {subnet} in this Region", fix))
            continue
        if known[subnet]["vpc_id"] != params["vpc_id"]:
            text = f"{subnet} is in {known[subnet]['vpc_id']}, not in {params['vpc_id']}"
            found.append(unmet("R41", "subnet_ids", text, "Give subnets of the VPC that vpc_id names."))
        free = known[subnet]["free"]
        if free is not None and free < _FREE_ADDRESSES:
            text = f"{subnet} has {free} free addresses"
            fix = f"AWS wants {_FREE_ADDRESSES} free for a load balancer."
            found.append(unmet("R42", "subnet_ids", text, fix))
    return found or _zone_problems(after["availability_zones"])


def _zone_problems(zones: Sequence[Mapping[str, Any]]) -> list[Unmet]:
    by_zone: dict[str, list[str]] = {}
    for zone in zones:
        if not is_pending(zone["zone_name"]):
            by_zone.setdefault(zone["zone_name"], []).append(zone["subnet_id"])
    if len(by_zone) == 1 and not any(is_pending(zone["zone_name"]) for zone in zones):
        name, subnets = next(iter(by_zone.items()))
        text = f"{listing(subnets)}, all in {name}"
        return [unmet("R42", "subnet_ids", text, "Give subnets in two or more Availability Zones.")]
    return [
        unmet("R23", "subnet_ids", f"{listing(subnets)} in {name}",
              "A load balancer takes one subnet per zone, and AWS does not swap them in place: give one of them.")
        for name, subnets in by_zone.items()
        if len(subnets) > 1
    ]
