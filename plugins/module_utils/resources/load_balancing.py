# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps 2 and 3 together: target group, Network Load Balancer and listener as one plan (R29-R45, R49, R50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing, plain_tags
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    listener,
    load_balancer,
    load_balancer_checks,
    target_group,
    target_health,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_health import PORT

Params = Mapping[str, Any]
View = dict[str, Any]

__all__ = [
    "PORT", "REFUSALS", "check", "lookups", "names", "needs_attributes", "normalise", "plan", "returns", "with_network",
]

needs_attributes = load_balancer.needs_attributes

_QUOTA = "Ask AWS for a higher quota of Elastic Load Balancing, or delete what is not used."
# Refusals that no look beforehand can exclude: AWS's code -> what to do.
REFUSALS = {
    "InvalidSecurityGroup": "Give security groups of the VPC that vpc_id names.",
    "InvalidSubnet": "A subnet of a load balancer needs 8 free addresses.",
    "InvalidTarget": "Give private IPv4 addresses in subnets of the VPC, or in the data centre.",
    "OperationNotPermitted": "Deletion protection is on: run with state: present and deletion_protection: false first.",
    "ResourceInUse": "Another resource of AWS still has it, such as an endpoint service or a rule: delete that first.",
    "TargetGroupAssociationLimit": "A target group works with one load balancer only: name another target group.",
    "TooManyLoadBalancers": _QUOTA,
    "TooManyTargetGroups": _QUOTA,
    "TooManyTargets": _QUOTA,
}


def names(params: Params) -> tuple[str, str]:
    """The names of the target group and of the load balancer."""
    return target_group.name_of(params), load_balancer.name_of(params)


def check(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    found = load_balancer_checks.check_names(params)
    if params["state"] == "absent":
        return found
    return [*found, *target_group.check(params), *load_balancer_checks.check(params)]


def normalise(found: Mapping[str, Any], details: Mapping[str, Any]) -> View:
    """The answers of Elastic Load Balancing as one state. What vanished between two calls is not there."""
    tags = {item["ResourceArn"]: plain_tags(item.get("Tags")) for item in details.get("tags", [])}
    group = balancer = front = None
    if found["target_groups"] and details["health"] is not None and details["group_attributes"] is not None:
        raw = found["target_groups"][0]
        of_group = _attributes(details["group_attributes"]) or {}
        group = target_group.normalise(raw, details["health"], of_group, tags.get(raw["TargetGroupArn"], {}))
    if found["load_balancers"] and details["listeners"] is not None:
        raw = found["load_balancers"][0]
        of_balancer = _attributes(details.get("balancer_attributes"))
        balancer = load_balancer.normalise(raw, of_balancer, tags.get(raw["LoadBalancerArn"], {}))
        if details["listeners"]:
            raw = details["listeners"][0]
            front = listener.normalise(raw, tags.get(raw["ListenerArn"], {}))
    return with_network({"target_group": group, "load_balancer": balancer, "listener": front}, None, {})


def _attributes(raw: Sequence[Mapping[str, str]] | None) -> dict[str, str] | None:
    return None if raw is None else {item["Key"]: item.get("Value", "") for item in raw}


def lookups(params: Params, view: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The VPC and the subnets that the plan must know more about: only where something is to be added."""
    if params["state"] == "absent":
        return None, []
    vpc_id = params["vpc_id"] if target_group.missing_targets(params, view["target_group"]) else None
    subnets = [item for item in load_balancer.new_subnets(params, view["load_balancer"]) if not is_pending(item)]
    return None if is_pending(vpc_id) else vpc_id, subnets


def with_network(view: View, vpc_id: str | None, network: Mapping[str, Any]) -> View:
    """VIEW with what was looked up. cidr_blocks None: not known."""
    blocks = None
    for vpc in network.get("vpcs", []):
        associations = vpc.get("CidrBlockAssociationSet", [])
        used = [item for item in associations if item.get("CidrBlockState", {}).get("State") == "associated"]
        blocks = [item["CidrBlock"] for item in used] or [vpc["CidrBlock"]]
    subnets = {
        item["SubnetId"]: {
            "zone": item["AvailabilityZone"],
            "vpc_id": item["VpcId"],
            "free": item.get("AvailableIpAddressCount"),
        }
        for item in network.get("subnets", [])
    }
    return {**view, "network": {"vpc_id": vpc_id, "cidr_blocks": blocks, "subnets": subnets}}


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes all three as PARAMS want them."""
    if params["state"] == "absent":
        return _plan_absent(params, current)
    group_change, group = target_group.plan(params, current)
    balancer_change, balancer = load_balancer.plan(params, current)
    listener_change, front = listener.plan(params, current["listener"], group, balancer)
    changes = (group_change, balancer_change, listener_change)
    problems = [
        *target_group.problems(params, current, group),
        *_foreign_problems(params, current),
        *load_balancer_checks.problems(params, current, balancer),
    ]
    group = {**group, "load_balancer_arns": [balancer["load_balancer_arn"]]}
    after = {**current, "target_group": group, "load_balancer": balancer, "listener": front}
    warnings = () if any(change.steps for change in changes) else _warnings(params, after)
    return Plan(changes, after, tuple(problems), _settle(params, after), warnings)


def _foreign_problems(params: Params, current: Mapping[str, Any]) -> list[Unmet]:
    """A target group works with one load balancer only."""
    group, balancer = current["target_group"], current["load_balancer"]
    if not group:
        return []
    own = balancer["load_balancer_arn"] if balancer else None
    # What a load balancer of the same name left behind when it was deleted is on its way out.
    mine = f":loadbalancer/net/{load_balancer.name_of(params)}/"
    others = [arn for arn in group["load_balancer_arns"] if arn != own and mine not in arn]
    option = "target_group_name" if params["target_group_name"] else "name"
    text = f"target group {group['target_group_name']} is used by {listing(others)}"
    return [unmet("R45", option, text, "Name another target group.")] if others else []


def _settle(params: Params, after: Mapping[str, Any]) -> tuple[Wait, ...]:
    waits = []
    balancer, group = after["load_balancer"], after["target_group"]
    if params["wait_for_active"] and balancer["state"]["code"] not in load_balancer.UP:
        waits.append(
            Wait(f"{load_balancer.KIND} {balancer['load_balancer_name']}", "load_balancers",
                 {"LoadBalancerArn": balancer["load_balancer_arn"]}, load_balancer.judge_active, "a few minutes")
        )
    if params["wait_for_targets"] and len(target_health.healthy(group["targets"])) < target_health.ENOUGH:
        waits.append(
            Wait(f"targets of {group['target_group_name']}", "target_health",
                 {"TargetGroupArn": group["target_group_arn"]}, target_health.judge, "a few minutes")
        )
    return tuple(waits)


def _warnings(params: Params, view: Mapping[str, Any]) -> tuple[str, ...]:
    """What is as the options want it and still does not work."""
    balancer, targets = view["load_balancer"], view["target_group"]["targets"]
    if balancer["state"]["code"] not in load_balancer.UP or params["wait_for_targets"]:
        return ()
    found = target_health.ailing(targets)
    zones = {target["availability_zone"] for target in targets if target["state"] != target_health.DRAINING}
    own = view["target_group"]["load_balancing_cross_zone_enabled"]
    crossing = own == "true" or (own != "false" and balancer["load_balancing_cross_zone_enabled"])
    bare = sorted({zone["zone_name"] for zone in balancer["availability_zones"]} - zones)
    if bare and not crossing and not zones & {None, "all"}:
        found.append(
            f"No target is in {listing(bare)}. Unless cross-zone load balancing is on, what arrives there reaches no "
            "target: list a target of each zone, or set cross_zone_load_balancing: true."
        )
    return tuple(found)


def _plan_absent(params: Params, current: Mapping[str, Any]) -> Plan:
    group, balancer, front = current["target_group"], current["load_balancer"], current["listener"]
    problems: list[Unmet] = []
    changes: list[Change] = []
    if balancer:
        problems += _kept_balancer(params, balancer)
        changes += _delete_balancer(balancer, front)
    if group:
        option = "target_group_name" if params["target_group_name"] else "name"
        problems += target_group.fixed_problems(group, option) + _foreign_problems(params, current)
        name = group["target_group_name"]
        # A listener that was just deleted holds its target group for a moment.
        step = Step("elbv2.delete_target_group", {"TargetGroupArn": group["target_group_arn"]},
                    retry=("ResourceInUse",), say=f"delete {target_group.KIND} {name}")
        changes.append(
            Change(target_group.KIND, name, target_group.shown(group), None, (step,), group["target_group_arn"])
        )
    after = {**current, "target_group": None, "load_balancer": None, "listener": None}
    return Plan(tuple(changes), after, tuple(problems), _settle_absent(balancer))


def _kept_balancer(params: Params, balancer: Mapping[str, Any]) -> list[Unmet]:
    """A load balancer that this module would not have made is not its to delete."""
    found = load_balancer_checks.fixed_problems(balancer, load_balancer.option_of(params))
    if balancer["deletion_protection_enabled"]:
        text = f"on for load balancer {balancer['load_balancer_name']}"
        fix = "It is never switched off by the way: run with state: present and deletion_protection: false first."
        found.append(unmet("R29", "deletion_protection", text, fix))
    return found


def _delete_balancer(balancer: Mapping[str, Any], front: Mapping[str, Any] | None) -> list[Change]:
    """The first step waits until no endpoint service has it, or stops there: before anything was cut off."""
    name, arn = balancer["load_balancer_name"], balancer["load_balancer_arn"]
    free = Wait(f"{load_balancer.KIND} {name}", "endpoint_services", {"LoadBalancerArn": arn}, load_balancer.judge_free)
    changes = []
    if front:
        title = listener.name_of(balancer)
        step = Step("delete_listener", {"ListenerArn": front["listener_arn"]}, needs=(free,),
                    say=f"delete {listener.KIND} {title}")
        changes.append(Change(listener.KIND, title, listener.shown(front), None, (step,), front["listener_arn"]))
    step = Step("elbv2.delete_load_balancer", {"LoadBalancerArn": arn}, needs=() if front else (free,),
                retry=("ResourceInUse",), say=f"delete {load_balancer.KIND} {name}")
    changes.append(Change(load_balancer.KIND, name, load_balancer.shown(balancer), None, (step,), arn))
    return changes


def _settle_absent(balancer: Mapping[str, Any] | None) -> tuple[Wait, ...]:
    if not balancer:
        return ()
    arguments = {"LoadBalancerArn": balancer["load_balancer_arn"]}
    what = f"{load_balancer.KIND} {balancer['load_balancer_name']}"
    return (Wait(what, "load_balancers", arguments, load_balancer.judge_gone, "a few seconds"),)


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    group, balancer, front = view["target_group"], view["load_balancer"], view["listener"]
    targets = target_health.explained(group["targets"]) if group else []
    return {
        "target_group": {key: value for key, value in group.items() if key != "targets"} if group else None,
        "target_group_arn": group["target_group_arn"] if group else None,
        "load_balancer": balancer,
        "load_balancer_arn": balancer["load_balancer_arn"] if balancer else None,
        "load_balancer_state": balancer["state"]["code"] if balancer else None,
        "listener": front,
        "listener_arn": front["listener_arn"] if front else None,
        "targets": targets,
        "healthy_target_count": len(target_health.healthy(targets)),
    }
