# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 3: the internal Network Load Balancer (R39-R42, R49, R50, N5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    changed_keys,
    listing,
    missing,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    FAILED,
    WAITING,
    Change,
    Step,
    Verdict,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_group import tag_steps

KIND = "Network Load Balancer"
# States in which it carries traffic; active_impaired only lacks resources to grow.
UP = ("active", "active_impaired")
_ATTRIBUTES = {
    "deletion_protection_enabled": ("deletion_protection.enabled", "deletion_protection"),
    "load_balancing_cross_zone_enabled": ("load_balancing.cross_zone.enabled", "cross_zone_load_balancing"),
}
ENFORCE = "enforce_security_group_inbound_rules_on_private_link_traffic"
_ENFORCE_API = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"

Params = Mapping[str, Any]
View = dict[str, Any]


def name_of(params: Params) -> str:
    return str(params["load_balancer_name"] or params["name"])


def option_of(params: Params) -> str:
    """The option that names it."""
    return "load_balancer_name" if params["load_balancer_name"] else "name"


def normalise(raw: Mapping[str, Any], attributes: Mapping[str, str] | None, tags: Mapping[str, str]) -> View:
    """The answers of Elastic Load Balancing as one state. attributes None: they were not read."""
    state = raw.get("State", {})
    zones = [
        {
            "zone_name": zone.get("ZoneName"),
            "subnet_id": zone.get("SubnetId"),
            "private_ipv4_address": next(
                (item.get("PrivateIPv4Address") for item in zone.get("LoadBalancerAddresses", [])), None
            ),
        }
        for zone in raw.get("AvailabilityZones", [])
    ]
    return {
        "load_balancer_arn": raw["LoadBalancerArn"],
        "load_balancer_name": raw["LoadBalancerName"],
        "type": raw.get("Type"),
        "scheme": raw.get("Scheme"),
        "ip_address_type": raw.get("IpAddressType"),
        "vpc_id": raw.get("VpcId"),
        "state": {"code": state.get("Code"), "reason": state.get("Reason")},
        "dns_name": raw.get("DNSName"),
        "canonical_hosted_zone_id": raw.get("CanonicalHostedZoneId"),
        "availability_zones": _sorted(zones),
        "security_groups": sorted(raw.get("SecurityGroups", [])),
        ENFORCE: raw.get(_ENFORCE_API, "on") if raw.get("SecurityGroups") else None,
        **{
            key: None if attributes is None else attributes.get(api) == "true"
            for key, (api, option) in _ATTRIBUTES.items()
        },
        "tags": dict(tags),
    }


def _sorted(zones: Sequence[View]) -> list[View]:
    return sorted(zones, key=lambda zone: (str(zone["zone_name"]), str(zone["subnet_id"])))


def shown(balancer: Mapping[str, Any]) -> View:
    """What a diff shows: what this module manages, and no state that comes and goes."""
    hidden = ("load_balancer_arn", "state", "dns_name", "canonical_hosted_zone_id", "availability_zones")
    view = {key: value for key, value in balancer.items() if key not in hidden and value is not None}
    view["subnet_ids"] = subnet_ids(balancer)
    return view


def subnet_ids(balancer: Mapping[str, Any] | None) -> list[str]:
    return [zone["subnet_id"] for zone in balancer["availability_zones"]] if balancer else []


def new_subnets(params: Params, balancer: Mapping[str, Any] | None) -> list[str]:
    """Subnets to add."""
    return sorted(missing(params["subnet_ids"], subnet_ids(balancer)))


def needs_attributes(params: Params) -> bool:
    """Whether the plan depends on attributes: where one is given, or where protection could refuse a deletion."""
    return params["state"] == "absent" or any(params[option] is not None for api, option in _ATTRIBUTES.values())


def plan(params: Params, view: Mapping[str, Any]) -> tuple[Change, View]:
    """What makes the load balancer as PARAMS want it, and what it is then."""
    before: View | None = view["load_balancer"]
    zones = _zones_after(params, view)
    after, steps = _create(params, zones) if before is None else _update(params, before, zones)
    change = Change(
        KIND, name_of(params), shown(before) if before else None, shown(after), steps, after["load_balancer_arn"]
    )
    return change, after


def _zones_after(params: Params, view: Mapping[str, Any]) -> list[View]:
    before = view["load_balancer"]
    subnets = view["network"]["subnets"]
    unknown = placeholder("load_balancer", name_of(params), "zone_name")
    added = [
        {"zone_name": subnets.get(item, {}).get("zone", unknown), "subnet_id": item, "private_ipv4_address": None}
        for item in new_subnets(params, before)
    ]
    return _sorted([*(before["availability_zones"] if before else []), *added])


def _create(params: Params, zones: list[View]) -> tuple[View, tuple[Step, ...]]:
    name = name_of(params)
    arn = placeholder("load_balancer", name, "load_balancer_arn")
    groups = sorted(set(params["security_group_ids"] or []))
    tags = params["tags"] or {}
    # AWS's own defaults are internet-facing and application.
    arguments: dict[str, Any] = {
        "Name": name, "Type": "network", "Scheme": "internal", "IpAddressType": "ipv4",
        "Subnets": sorted(set(params["subnet_ids"])),
    }
    if groups:
        arguments["SecurityGroups"] = groups
    if tags:
        arguments["Tags"] = aws_tags(tags)
    made = {
        "load_balancer_arn": arn, "load_balancer_name": name, "type": "network", "scheme": "internal",
        "ip_address_type": "ipv4", "vpc_id": params["vpc_id"], "state": {"code": "provisioning", "reason": None},
        "dns_name": placeholder("load_balancer", name, "dns_name"),
        "canonical_hosted_zone_id": placeholder("load_balancer", name, "canonical_hosted_zone_id"),
        "availability_zones": zones, "security_groups": groups, ENFORCE: "on" if groups else None,
        **{key: None if params[option] is None else False for key, (api, option) in _ATTRIBUTES.items()},
        "tags": dict(tags),
    }
    step = Step(
        "elbv2.create_load_balancer", arguments, {arn: "LoadBalancers.0.LoadBalancerArn"}, say=f"create {KIND} {name}"
    )
    # CreateLoadBalancer cannot say what is left: it is changed as on a load balancer that exists.
    after, steps = _update(params, made, zones)
    return after, (step, *steps)


def _update(params: Params, before: View, zones: list[View]) -> tuple[View, tuple[Step, ...]]:
    name, arn = before["load_balancer_name"], before["load_balancer_arn"]
    after = {
        **before,
        "availability_zones": zones,
        **_security(params, before),
        **{key: params[option] for key, (api, option) in _ATTRIBUTES.items() if params[option] is not None},
        "tags": tags_after(before["tags"], params["tags"], params["purge_tags"]),
    }
    changed = changed_keys(before, after)
    steps: list[Step] = []
    if "availability_zones" in changed:
        added = listing(new_subnets(params, before))
        arguments = {"LoadBalancerArn": arn, **_all_subnets(zones)}
        steps.append(Step("elbv2.set_subnets", arguments, say=f"add {added} to {KIND} {name}"))
    if "security_groups" in changed or ENFORCE in changed:
        arguments = {"LoadBalancerArn": arn, "SecurityGroups": after["security_groups"], _ENFORCE_API: after[ENFORCE]}
        steps.append(Step("elbv2.set_security_groups", arguments, say=f"set security groups of {KIND} {name}"))
    attributes = [
        {"Key": api, "Value": str(after[key]).lower()} for key, (api, option) in _ATTRIBUTES.items() if key in changed
    ]
    if attributes:
        arguments = {"LoadBalancerArn": arn, "Attributes": attributes}
        steps.append(Step("elbv2.modify_load_balancer_attributes", arguments, say=f"set attributes of {KIND} {name}"))
    steps += tag_steps(arn, f"{KIND} {name}", before["tags"], params)
    return after, tuple(steps)


def _all_subnets(zones: Sequence[View]) -> dict[str, Any]:
    """SetSubnets replaces the whole list, and forgets addresses that it is not told again."""
    if not any(zone["private_ipv4_address"] for zone in zones):
        return {"Subnets": [zone["subnet_id"] for zone in zones]}
    return {"SubnetMappings": [_mapping(zone) for zone in zones]}


def _mapping(zone: Mapping[str, Any]) -> dict[str, str]:
    address = zone["private_ipv4_address"]
    return {"SubnetId": zone["subnet_id"], **({"PrivateIPv4Address": address} if address else {})}


def _security(params: Params, before: Mapping[str, Any]) -> View:
    """Security groups and N5's switch. A load balancer that was made without a group never gets one."""
    if not before["security_groups"]:
        return {}
    groups = sorted(set(params["security_group_ids"] or before["security_groups"]))
    return {"security_groups": groups, ENFORCE: params[ENFORCE]}


def judge_active(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    """Whether a load balancer carries traffic."""
    if not raw:
        return Verdict(WAITING, "not visible yet")
    state = raw[0].get("State", {})
    code = state.get("Code", "provisioning")
    if code in UP:
        return Verdict(DONE, code)
    if code == "failed":
        text = f"AWS could not set it up: {state.get('Reason', 'no reason given')}. Delete it with state: absent."
        return Verdict(FAILED, text)
    return Verdict(WAITING, code)


def judge_gone(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    """Whether a load balancer is deleted."""
    return Verdict(WAITING, "still there") if raw else Verdict(DONE, "gone")


def judge_free(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    """Whether no endpoint service has the load balancer any more. raw: the services that have it."""
    going = ("Deleting", "Deleted")
    names = [item["ServiceId"] for item in raw]
    if all(item.get("ServiceState") in going for item in raw):
        return Verdict(WAITING, f"{listing(names)} is being deleted") if raw else Verdict(DONE, "free")
    fix = "AWS does not delete it while that lasts. First run keylink.aws.xks_endpoint_service with state: absent."
    held = unmet("N7", "load balancer", f"it belongs to endpoint service {listing(names)}", fix)
    text = f"{held.found}. {held.number}: {held.needed} {fix}"
    return Verdict(FAILED, text, {"unmet_requirements": [held.as_dict()]})
