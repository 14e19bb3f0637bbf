# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VPC endpoint of AWS KMS, with its security group and what its VPC needs (R80-R99, N14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing, missing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group, vpc_endpoint_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import kms_endpoint_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_group import WantedGroup
from ansible_collections.keylink.aws.plugins.module_utils.resources.kms_endpoint_view import (
    candidates,
    default_group,
    managed_group,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    View,
    Wanted,
    after,
    leaving,
    same_policy,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import (
    Places,
    places,
    short_name,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_plan import (
    Planned,
    plan_absent,
    plan_present,
)

Params = Mapping[str, Any]

# What AWS's refusals mean here.
EXPLAIN = {
    "VpcEndpointLimitExceeded": "A VPC takes 50 interface endpoints unless AWS raised the quota: delete one, or ask "
    "AWS.",
    "DuplicateSubnetsInSameZone": "AWS takes one subnet per zone: run once without the subnet that is to be replaced.",
    "DependencyViolation": "Something still uses the security group, such as a network interface or a rule of another "
    "group: take it away first. The next run goes on from here.",
    "IncorrectState": "The endpoint is being changed by somebody else: run again in a minute.",
}
_ATTRIBUTES = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the endpoint as PARAMS want it."""
    view = dict(current)
    if params["state"] == "absent":
        return _absent(params, view)
    problems = checks.place(params, view)
    if problems:
        return Plan((), view, tuple(problems))
    return _present(params, view)


def closer(params: Params, current: View) -> dict[str, Any]:
    """What is worth a closer look: hosted zones and the caller where private DNS is switched on, or its policy
    changed; the interfaces of a security group that is to be deleted."""
    if params["state"] == "absent":
        group = managed_group(params, current)
        return {"vpc_id": None, "caller": False, "group_id": group["group_id"] if group else None}
    vpc_id = current["vpc"]["vpc_id"] if current["vpc"] else None
    changes = _dns_or_policy_changes(params, current)
    return {"vpc_id": vpc_id if changes else None, "caller": changes, "group_id": None}


def _dns_or_policy_changes(params: Params, current: View) -> bool:
    if not current["service"]:
        return False
    found = candidates(params, current)
    before = found[0] if len(found) == 1 else None
    wanted = after(_wanted(params, current, before, ()), before)
    same = (
        before
        and before["private_dns_enabled"]
        and same_policy(before["policy_document"], wanted["policy_document"])
    )
    return bool(wanted["private_dns_enabled"]) and not same


def _wanted(params: Params, current: View, before: View | None, subnets: tuple[str, ...]) -> Wanted:
    service, default = current["service"], default_group(current)
    vpc_id = params["vpc_id"] or (before["vpc_id"] if before else _unknown(params, "vpc_id"))
    return Wanted(
        label=short_name(service["service_name"], current["region"]),
        vpc_id=vpc_id,
        service_name=service["service_name"],
        endpoint_id=params["vpc_endpoint_id"],
        subnet_ids=None if params["vpc_endpoint_subnets"] is None else subnets,
        purge_subnets=params["purge_subnets"],
        security_group_ids=params["vpc_endpoint_security_groups"] or None,
        purge_security_groups=params["purge_security_groups"],
        default_groups=[default["group_id"] if default else _unknown(params, "default_security_group")],
        private_dns_enabled=params["private_dns_enabled"],
        ip_address_type=params["ip_address_type"],
        dns_record_ip_type=params["dns_record_ip_type"],
        policy=params["policy"],
        reset_policy=params["purge_policy"],
        tags=params["tags"],
        purge_tags=params["purge_tags"],
    )


def _unknown(params: Params, attribute: str) -> str:
    return placeholder("vpc_endpoint", params["service"], attribute)


def _present(params: Params, current: View) -> Plan:
    found = candidates(params, current)
    before = found[0] if len(found) == 1 else None
    chosen = places(params["vpc_endpoint_subnets"] or (), current["subnets"], current["service"])
    if is_pending(params["vpc_id"]) or not current["vpc"]:
        # A VPC that another task of this play will make: nothing of it can be looked at.
        chosen = Places(tuple(params["vpc_endpoint_subnets"] or ()))
    want = _wanted(params, current, before, chosen.subnet_ids)
    problems = [*vpc_endpoint_checks.identity(want, found), *checks.creation(params, before), *chosen.unmet]
    if problems:
        return Plan((), current, tuple(problems))
    group_change, group = _group(params, current, want, before)
    if group:
        want = replace(want, security_group_ids=[group["group_id"]])
    groups = {**current["groups"], **({group["group_id"]: group} if group else {})}
    planned = plan_present(
        want,
        before,
        zones={item: subnet["availability_zone"] for item, subnet in current["subnets"].items()},
        group_names={item: known["group_name"] for item, known in groups.items()},
        leaving=leaving(want, current["endpoints"]),
    )
    vpc_change, vpc = _vpc(params, current)
    wanted: View = planned.after or {}
    changes = [item for item in (vpc_change, group_change, planned.change) if item]
    problems = _problems(params, current, want, before, wanted, groups)
    others = [item for item in current["endpoints"] if item["vpc_endpoint_id"] != wanted["vpc_endpoint_id"]]
    state = {**current, "vpc": vpc, "groups": groups, "endpoints": [*others, wanted]}
    warnings = _warnings(params, current, before, wanted, planned)
    return Plan(tuple(changes), state, tuple(problems), planned.settle, tuple(warnings))


def _vpc(params: Params, current: View) -> tuple[Change | None, View | None]:
    """R92: both attributes set where that is asked for; resolution first, since host names need it."""
    vpc = current["vpc"]
    if not vpc or not params["enable_vpc_dns"]:
        return None, vpc
    vpc_id, off = vpc["vpc_id"], [key for key in _ATTRIBUTES if not vpc[key]]
    steps = tuple(
        Step(
            "ec2.modify_vpc_attribute", {"VpcId": vpc_id, _ATTRIBUTES[key]: {"Value": True}},
            say=f"set {_ATTRIBUTES[key]} of VPC {vpc_id}",
        )
        for key in off
    )
    before = {key: vpc[key] for key in ("vpc_id", *_ATTRIBUTES)}
    wanted = {**before, **dict.fromkeys(_ATTRIBUTES, True)}
    return Change("VPC", vpc_id, before, wanted, steps, vpc_id, adopted=True), {**vpc, **wanted}


def _group(
    params: Params, current: View, want: Wanted, before: View | None
) -> tuple[Change | None, View | None]:
    """The security group that the endpoint has by name."""
    name = params["security_group_name"]
    if not name:
        return None, None
    cidrs = checks.client_cidrs(params, current, after(want, before))
    if not current["vpc"] and params["client_cidrs"] is None and not params["client_security_groups"]:
        cidrs = [_unknown(params, "vpc_cidr_block")]
    group = WantedGroup(
        name=name,
        vpc_id=want.vpc_id,
        description="Clients of AWS KMS in this VPC",
        cidrs=cidrs,
        group_ids=params["client_security_groups"] or (),
        purge=params["purge_clients"],
        tags=params["tags"],
        purge_tags=params["purge_tags"],
    )
    return endpoint_group.plan_present(group, managed_group(params, current))


def _problems(
    params: Params, current: View, want: Wanted, before: View | None, wanted: View, groups: Mapping[str, View]
) -> list[Unmet]:
    service = current["service"]
    switching = wanted["private_dns_enabled"] and not (before and before["private_dns_enabled"])
    known = checks.groups_of(wanted, groups)
    have = checks.groups_of(before, current["groups"]) if before else []
    changing = switching or known != have
    return [
        *vpc_endpoint_checks.ip_types(want, wanted, current["subnets"], service),
        *vpc_endpoint_checks.policy_support(want, service),
        *vpc_endpoint_checks.private_dns(
            want, before, wanted, current["endpoints"], service, current["hosted_zones"] or ()
        ),
        *checks.interfaces(before),
        *checks.vpc_attributes(params, current, wanted, switching),
        *checks.unknown_groups(params, current),
        *checks.clients(params, current, wanted, known, changing),
        *checks.lockout(params, current, before, wanted),
    ]


def _warnings(
    params: Params, current: View, before: View | None, wanted: View, planned: Planned
) -> list[str]:
    found = []
    given = params["vpc_endpoint_security_groups"] or params["security_group_name"]
    if before is None and planned.change.steps and not given:
        text = listing([item["group_id"] for item in wanted["groups"]])
        found.append(
            f"No security group is given, so AWS takes the VPC's default one, {text}. Name one with "
            "vpc_endpoint_security_groups, or let security_group_name make one."
        )
    switching = wanted["private_dns_enabled"] and not (before and before["private_dns_enabled"])
    if switching and current["vpc"] and current["hosted_zones"] is None:
        found.append(
            "Whether a private hosted zone of this VPC answers for AWS KMS already (N14) was not looked at: the "
            "identity in use needs the permission route53:ListHostedZonesByVPC."
        )
    return found


def _absent(params: Params, current: View) -> Plan:
    found = candidates(params, current)
    before = found[0] if len(found) == 1 else None
    label = short_name(before["service_name"], current["region"]) if before else params["service"].rpartition(".")[2]
    # The full name where the endpoint has it: what is asked for by its short name is no other service.
    same = before and params["service"] in (label, before["service_name"])
    want = Wanted(
        label,
        params["vpc_id"] or (before["vpc_id"] if before else ""),
        before["service_name"] if before and same else params["service"],
        endpoint_id=params["vpc_endpoint_id"],
    )
    problems = vpc_endpoint_checks.identity(want, found) if found else []
    # What came to nothing, or is going already, can be deleted.
    problems = [item for item in problems if item.what != "state"]
    if problems:
        return Plan((), current, tuple(problems))
    planned = plan_absent(want, before)
    left = [item for item in current["endpoints"] if item is not before]
    group_change, kept = _group_absent(params, current, before, planned)
    state = {**current, "endpoints": left}
    if group_change and group_change.steps:
        state["groups"] = {key: item for key, item in current["groups"].items() if key != group_change.id}
    warnings = list(kept)
    if before and planned.change.steps:
        warnings.append(
            f"A KMS key whose policy demands aws:sourceVpce {before['vpc_endpoint_id']} cannot be used any more once "
            "the endpoint is gone: change such key policies first (R106)."
        )
    changes = [item for item in (planned.change, group_change) if item]
    return Plan(tuple(changes), state, (), planned.settle, tuple(warnings))


def _group_absent(
    params: Params, current: View, before: View | None, planned: Planned
) -> tuple[Change | None, list[str]]:
    """The security group goes after the endpoint, unless others use it; then why it stays."""
    group = managed_group(params, current)
    if not group:
        return None, []
    others = missing(current["group_interfaces"], before["network_interface_ids"] if before else ())
    reasons = [f"network interfaces of others have it, {listing(others)}"] if others else []
    if current["group_referred_by"]:
        reasons.append(f"rules of other groups name it, {listing(current['group_referred_by'])}")
    if not reasons:
        return endpoint_group.plan_absent(group["group_name"], group, planned.settle), []
    text = f"Security group {group['group_name']} ({group['group_id']}) stays: {'; '.join(reasons)}."
    return endpoint_group.kept(group["group_name"], group), [text]
