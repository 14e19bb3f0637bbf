# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 2: the target group and the targets in it (R30-R38, N6)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    listing,
    tag_changes,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import health_check, target_health
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_health import DRAINING, ENOUGH, PORT

KIND = "target group"
# Where the addresses of targets may lie outside the VPC (Network Load Balancer guide).
_PRIVATE = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
_NAME_FIX = "Use at most 32 letters, digits and hyphens, and no hyphen at either end."
_PROXY_PROTOCOL = "proxy_protocol_v2.enabled"
_CROSS_ZONE = "load_balancing.cross_zone.enabled"
# What cannot be changed in place: key of the state, number, value that is needed, words.
_FIXED: tuple[tuple[str, str, Any], ...] = (
    ("target_type", "R31", "ip"),
    ("protocol", "R32", "TCP"),
    ("port", "R33", PORT),
    ("ip_address_type", "R34", "ipv4"),
)

Params = Mapping[str, Any]
View = dict[str, Any]


def name_of(params: Params) -> str:
    return str(params["target_group_name"] or params["name"])


def check_name(option: str, value: str | None) -> list[Unmet]:
    """Whether VALUE can name a target group or a load balancer."""
    if value is None or is_pending(value) or _NAME.fullmatch(value):
        return []
    return [unmet("R29", option, value or "empty", _NAME_FIX)]


def check(params: Params) -> list[Unmet]:
    """What the options of the target group alone say."""
    found = check_name("target_group_name", params["target_group_name"])
    targets = params["targets"] or []
    if len(set(targets)) < ENOUGH:
        given = listing(sorted(set(targets))) or "none"
        found.append(unmet("R30", "targets", given, "Give the private IPv4 addresses of two or more proxy hosts."))
    found += [
        unmet("R37", "targets", target, "Give private IPv4 addresses, such as 10.0.1.10.")
        for target in targets
        if not is_pending(target) and _address(target) is None
    ]
    if is_pending(params["vpc_id"]):
        found += not_private(targets, ())
    return found + health_check.check(params)


def _address(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def normalise(
    raw: Mapping[str, Any], health: Sequence[Mapping[str, Any]], attributes: Mapping[str, str], tags: Mapping[str, str]
) -> View:
    """The answers of Elastic Load Balancing as one state."""
    code = raw.get("Matcher", {}).get("HttpCode")
    return {
        "target_group_arn": raw["TargetGroupArn"],
        "target_group_name": raw["TargetGroupName"],
        "target_type": raw.get("TargetType", "instance"),
        "protocol": raw.get("Protocol"),
        "port": raw.get("Port"),
        "ip_address_type": raw.get("IpAddressType", "ipv4"),
        "vpc_id": raw.get("VpcId"),
        **{key: raw.get(parameter) for key, parameter in health_check.API.items()},
        "matcher": {"http_code": code} if code else None,
        "load_balancer_arns": sorted(raw.get("LoadBalancerArns", [])),
        "proxy_protocol_v2_enabled": attributes.get(_PROXY_PROTOCOL) == "true",
        "load_balancing_cross_zone_enabled": attributes.get(_CROSS_ZONE),
        "targets": target_health.normalise(health),
        "tags": dict(tags),
    }


def shown(group: Mapping[str, Any]) -> View:
    """What a diff shows: what this module manages, and no state that comes and goes."""
    hidden = ("target_group_arn", "load_balancer_arns", "load_balancing_cross_zone_enabled")
    view = {key: value for key, value in group.items() if key not in hidden and value is not None}
    view["targets"] = [f"{item['id']}:{item['port']}" for item in group["targets"] if item["state"] != DRAINING]
    return view


def missing_targets(params: Params, group: Mapping[str, Any] | None) -> list[str]:
    """Those of the option that are not registered on the right port, or are on their way out."""
    targets = group["targets"] if group else []
    have = {item["id"] for item in targets if item["port"] == PORT and item["state"] != DRAINING}
    return sorted(set(params["targets"]) - have)


def surplus_targets(params: Params, group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Registered ones that the option does not list, or on another port."""
    return [
        item
        for item in group["targets"]
        if item["state"] != DRAINING and not (item["id"] in params["targets"] and item["port"] == PORT)
    ]


def plan(params: Params, view: Mapping[str, Any]) -> tuple[Change, View]:
    """What makes the target group as PARAMS want it, and what it is then."""
    name = name_of(params)
    before: View | None = view["target_group"]
    settings = health_check.wanted(params, before)
    if before is None:
        base, steps = _create(params, name, settings)
    else:
        base, steps = _update(params, before, settings)
    targets, target_steps = _plan_targets(params, view["network"], base)
    after = {**base, "targets": targets}
    change = Change(
        KIND, name, shown(before) if before else None, shown(after), (*steps, *target_steps), after["target_group_arn"]
    )
    return change, after


def _create(params: Params, name: str, settings: Mapping[str, Any]) -> tuple[View, tuple[Step, ...]]:
    arn = placeholder("target_group", name, "target_group_arn")
    tags = params["tags"] or {}
    arguments = {
        "Name": name, "TargetType": "ip", "Protocol": "TCP", "Port": PORT, "IpAddressType": "ipv4",
        "VpcId": params["vpc_id"], **health_check.arguments(settings, None, params),
    }
    if tags:
        arguments["Tags"] = aws_tags(tags)
    after = {
        "target_group_arn": arn, "target_group_name": name, "target_type": "ip", "protocol": "TCP", "port": PORT,
        "ip_address_type": "ipv4", "vpc_id": params["vpc_id"], **settings, "load_balancer_arns": [],
        "proxy_protocol_v2_enabled": False, "load_balancing_cross_zone_enabled": "use_load_balancer_configuration",
        "targets": [], "tags": dict(tags),
    }
    step = Step(
        "elbv2.create_target_group", arguments, {arn: "TargetGroups.0.TargetGroupArn"}, say=f"create {KIND} {name}"
    )
    return after, (step,)


def _update(params: Params, before: View, settings: Mapping[str, Any]) -> tuple[View, tuple[Step, ...]]:
    name, arn = before["target_group_name"], before["target_group_arn"]
    steps: list[Step] = []
    changed = health_check.arguments(settings, before, params)
    if changed:
        text = f"change the health check of {KIND} {name}"
        steps.append(Step("elbv2.modify_target_group", {"TargetGroupArn": arn, **changed}, say=text))
    if before["proxy_protocol_v2_enabled"]:
        off = {"TargetGroupArn": arn, "Attributes": [{"Key": _PROXY_PROTOCOL, "Value": "false"}]}
        steps.append(
            Step("elbv2.modify_target_group_attributes", off, say=f"switch proxy protocol off in {KIND} {name}")
        )
    steps += tag_steps(arn, f"{KIND} {name}", before["tags"], params)
    tags = tags_after(before["tags"], params["tags"], params["purge_tags"])
    return {**before, **settings, "proxy_protocol_v2_enabled": False, "tags": tags}, tuple(steps)


def tag_steps(arn: str, what: str, current: Mapping[str, str], params: Params) -> list[Step]:
    """The calls that make the tags of a resource of Elastic Load Balancing as PARAMS want them."""
    to_set, surplus = tag_changes(current, params["tags"], params["purge_tags"])
    steps = []
    if to_set:
        steps.append(Step("elbv2.add_tags", {"ResourceArns": [arn], "Tags": aws_tags(to_set)}, say=f"tag {what}"))
    if surplus:
        steps.append(Step("elbv2.remove_tags", {"ResourceArns": [arn], "TagKeys": surplus}, say=f"untag {what}"))
    return steps


def _plan_targets(
    params: Params, network: Mapping[str, Any], group: Mapping[str, Any]
) -> tuple[list[View], list[Step]]:
    name, arn = group["target_group_name"], group["target_group_arn"]
    missing = missing_targets(params, group)
    surplus = surplus_targets(params, group) if params["purge_targets"] else []
    register = [_registration(target, network["cidr_blocks"]) for target in missing]
    steps = []
    if missing:
        steps.append(
            Step("elbv2.register_targets", {"TargetGroupArn": arn, "Targets": register},
                 say=f"register {listing(missing)} in {KIND} {name}")
        )
    if surplus:
        leave = [{"Id": item["id"], "Port": item["port"]} for item in surplus]
        steps.append(
            Step("elbv2.deregister_targets", {"TargetGroupArn": arn, "Targets": leave},
                 say=f"deregister {listing([str(item['id']) for item in surplus])} from {KIND} {name}")
        )
    # A target that drains is replaced by its new registration.
    stay = [
        item
        for item in group["targets"]
        if item not in surplus and not (item["id"] in missing and item["port"] == PORT)
    ]
    new = [
        {
            "id": item["Id"], "port": PORT, "availability_zone": item.get("AvailabilityZone"),
            "state": "initial", "reason": "Elb.RegistrationInProgress", "description": None,
        }
        for item in register
    ]
    return sorted([*stay, *new], key=lambda item: (item["id"], item["port"] or 0)), steps


def _registration(target: str, vpc_ranges: Sequence[str] | None) -> dict[str, Any]:
    """AWS finds the zone of an address in the VPC by itself, and wants "all" for any other."""
    address = _address(target)
    outside = address is not None and vpc_ranges is not None and not _within(address, vpc_ranges)
    return {"Id": target, "Port": PORT, **({"AvailabilityZone": "all"} if outside else {})}


def _within(address: ipaddress.IPv4Address, ranges: Sequence[str]) -> bool:
    return any(address in ipaddress.IPv4Network(item) for item in ranges)


def fixed_problems(group: Mapping[str, Any], option: str) -> list[Unmet]:
    """What makes an existing target group useless for an external key store, and cannot be changed."""
    return [
        unmet(number, option, f"{KIND} {group['target_group_name']} has {key} {group[key]}",
              f"AWS cannot change it: name another {KIND}, or delete this one. It must be {needed}.")
        for key, number, needed in _FIXED
        if group[key] != needed
    ]


def problems(params: Params, view: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Unmet]:
    """What does not hold, given the current state."""
    group, network = view["target_group"], view["network"]
    option = "target_group_name" if params["target_group_name"] else "name"
    found = health_check.problems(params, settings)
    if group:
        found += fixed_problems(group, option)
        if group["vpc_id"] != params["vpc_id"]:
            text = f"{params['vpc_id']}, but {KIND} {group['target_group_name']} is in {group['vpc_id']}"
            found.append(unmet("R35", "vpc_id", text, f"Give that VPC, or name another {KIND}."))
        if not params["purge_targets"]:
            found += _wrong_ports(params, group)
    if network["vpc_id"] and network["cidr_blocks"] is None:
        text = f"no VPC {network['vpc_id']} in this Region"
        found.append(unmet("R35", "vpc_id", text, "Give the id of an existing VPC."))
    own = network["cidr_blocks"] or []
    return found + not_private(missing_targets(params, view["target_group"]), own)


def _wrong_ports(params: Params, group: Mapping[str, Any]) -> list[Unmet]:
    return [
        unmet("R38", "targets", f"{item['id']} is registered on port {item['port']} too",
              "Set purge_targets: true to deregister it there.", blocking=False)
        for item in surplus_targets(params, group)
        if item["port"] != PORT
    ]


def not_private(targets: Sequence[str], own: Sequence[str]) -> list[Unmet]:
    """Addresses that are neither private nor in OWN, the ranges of the VPC."""
    found = []
    for target in targets:
        address = _address(target)
        if address is None or any(address in block for block in _PRIVATE) or _within(address, own):
            continue
        fix = (
            "AWS takes addresses of the VPC, and of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 100.64.0.0/10. "
            "Give the proxy host's private address."
        )
        found.append(unmet("R37", "targets", f"{target}, which is no private address", fix))
    return found
