# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VPC endpoints that Systems Manager needs, as one intent (R160-R186, N15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    endpoint_group,
    node_egress,
    ssm_nodes,
    vpc_endpoint_checks,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_vpc_endpoints_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_vpc_endpoints_view as views
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_vpc_endpoints_wanted as wants
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import (
    Member,
    is_ours,
    members,
    pick,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_vpc_endpoints_absent import absent, delete
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    GATEWAY,
    Wanted,
    group_ids,
    leaving,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_plan import Planned, plan_present
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_together import jointly, together

Params = Mapping[str, Any]
View = dict[str, Any]

# What AWS's refusals mean here.
EXPLAIN = {
    "VpcEndpointLimitExceeded": "A VPC takes 50 interface endpoints, a Region 20 gateway endpoints, unless AWS raised "
    "the quota: delete some, or ask AWS.",
    "DependencyViolation": "Something still uses the security group, such as a network interface or a rule of another "
    "group: take it away first. The next run goes on from here.",
    "RulesPerSecurityGroupLimitExceeded": "Give fewer ranges in node_cidrs, or security groups of the nodes instead.",
    "RouteAlreadyExists": "Another gateway endpoint of S3 has this route table: leave it out of route_table_ids.",
}
_KIND = "VPC"


@dataclass(frozen=True)
class _Item:
    """A member of the set, the endpoint that stands for it, and what becomes of that."""

    member: Member
    before: View | None
    want: Wanted
    planned: Planned
    skipped: tuple[View, ...]

    @property
    def after(self) -> View:
        return self.planned.after or {}


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What gives the VPC the endpoints that PARAMS ask for, and no more."""
    if params["state"] == "absent":
        return absent(params, current)
    missing = checks.vpc(params, current)
    if missing:
        return Plan((), current, tuple(missing))
    chosen, problems = members(params, current)
    problems += [*checks.place(params, current), *checks.dns_problems(params, current)]
    group_change, group = _group(params, current)
    items, more = _items(params, current, chosen, group)
    problems += more
    facts = _facts(params, current, items)
    if any(item.blocking for item in problems):
        return Plan((), current, tuple(problems), facts=facts)
    egress_changes, groups, lacking = _egress(params, current, group)
    unneeded, stays = _unneeded(params, current, items)
    endpoint_changes = [item.planned.change for item in items] + [item.change for item in unneeded]
    changes = [*_dns(params, current), *([group_change] if group_change else []), *egress_changes]
    changes += together(endpoint_changes)
    gone = [item.change.id for item in unneeded]
    state = {
        **current,
        "dns": dict.fromkeys(current["dns"], True) if checks.dns_attributes(params, current) else current["dns"],
        "groups": groups,
        "endpoints": _endpoints_after(current, items, gone),
    }
    notes = [
        *problems, *lacking, *checks.for_people(params, current),
        *checks.hybrid_access(params, current, views.account(params, current)), *_buckets(params, current, items),
    ]
    settle = jointly(wait for planned in [*(item.planned for item in items), *unneeded] for wait in planned.settle)
    if any(change.steps for change in changes) or not ssm_nodes.all_online(current["nodes"]):
        settle += ssm_nodes.wait(params, _around(current, items, lacking))
    warnings = (*(f"{item}" for item in notes), *stays)
    return Plan(tuple(changes), state, tuple(notes), settle, warnings, facts)


def _group(params: Params, current: Mapping[str, Any]) -> tuple[Change | None, View | None]:
    """The security group, where none is given by id."""
    if params["security_group_ids"]:
        return None, None
    before = endpoint_group.find(views.group_name(params), current["groups"].values())
    change, group = endpoint_group.plan_present(wants.wanted_group(params, current, before), before)
    adopted = before is not None and not views.is_own_group(params, before)
    return replace(change, adopted=adopted), {"outbound": ["-1 all ipv4 0.0.0.0/0"], "marked": [], **group}


def _items(
    params: Params, current: Mapping[str, Any], chosen: Sequence[Member], group: View | None
) -> tuple[list[_Item], list[Unmet]]:
    groups = [group["group_id"]] if group else params["security_group_ids"]
    names = {key: item["group_name"] for key, item in current["groups"].items()}
    zones = {key: item["availability_zone"] for key, item in current["subnets"].items()}
    tables = views.route_tables(params, current["subnets"])
    if group:
        names[group["group_id"]] = group["group_name"]
    found, problems = [], []
    for member in chosen:
        before, several = pick(params, member, current, tables)
        place = wants.where(params, member, current)
        want = wants.wanted(params, member, current, before, place.subnet_ids, groups)
        planned = plan_present(
            want, before, zones=zones, group_names=names, leaving=leaving(want, current["endpoints"])
        )
        adopted = before is not None and not is_ours(params, before, current["region"])
        item = _Item(
            member, before, want, replace(planned, change=replace(planned.change, adopted=adopted)), place.skipped
        )
        found.append(item)
        # What is wrong with a subnet is said once, not for each endpoint.
        problems += [*several, *(one for one in place.unmet if one not in problems), *_problems(item, current)]
    return found, problems + checks.admittance(params, current, views.sources(params, current["subnets"]))


def _problems(item: _Item, current: Mapping[str, Any]) -> list[Unmet]:
    want, wanted, service = item.want, item.after, item.member.service
    return [
        *vpc_endpoint_checks.identity(want, [item.before] if item.before else []),
        *vpc_endpoint_checks.policy_support(want, service),
        *vpc_endpoint_checks.route_tables(want, wanted, current["endpoints"]),
        *(
            vpc_endpoint_checks.private_dns(
                want, item.before, wanted, current["endpoints"], service, current["hosted_zones"]
            )
            if item.member.kind != GATEWAY
            else []
        ),
    ]


def _dns(params: Params, current: Mapping[str, Any]) -> list[Change]:
    """R91: both attributes of the VPC on, in AWS's order."""
    off = checks.dns_attributes(params, current)
    if not off:
        return []
    vpc_id = params["vpc_id"]
    steps = tuple(
        Step("ec2.modify_vpc_attribute", {"VpcId": vpc_id, api: {"Value": True}}, say=f"set {api} of VPC {vpc_id}")
        for api in off
    )
    after = dict.fromkeys(current["dns"], True)
    return [Change(_KIND, vpc_id, current["dns"], after, steps, vpc_id, adopted=True)]


def _egress(
    params: Params, current: Mapping[str, Any], group: View | None
) -> tuple[list[Change], dict[str, View], list[Unmet]]:
    """The outbound rules of the nodes' groups, all groups of the VPC after it, and what stays closed (R181)."""
    own = [group["group_id"]] if group else list(params["security_group_ids"])
    want = node_egress.WantedEgress(
        mark=views.mark(params),
        group_ids=own,
        ranges=views.known_ranges(params["subnet_ids"], current["subnets"]),
        prefix_list=current["prefix_list"],
    )
    groups = {**current["groups"], **({group["group_id"]: group} if group else {})}
    listed = params["node_security_group_ids"] or ()
    changes, lacking = [], checks.prefix_list(params, current)
    for group_id, view in current["groups"].items():
        asked = bool(params["node_egress_rules"]) and group_id in listed
        change, after = node_egress.plan(want, groups[group_id], asked, params["purge_rules"])
        if change.steps or asked:
            changes.append(change)
        groups[group_id] = after
        missing = node_egress.lacking(want, view) if group_id in listed and not asked else []
        if missing:
            where = [f"S3's {item}" if item.startswith("prefix") else "the endpoints" for item in map(_source, missing)]
            text, fix = f"{group_id} lets no HTTPS out to {listing(where)}", "Set node_egress_rules: true."
            lacking.append(unmet("R181", "node_security_group_ids", text, fix, blocking=False))
    return changes, groups, lacking


def _source(rule: str) -> str:
    return rule.split(" ", 2)[2]


def _unneeded(
    params: Params, current: Mapping[str, Any], items: Sequence[_Item]
) -> tuple[list[Planned], list[str]]:
    """Endpoints that an earlier run made and the options do not ask for any more; who keeps them is told."""
    used = [item.before["vpc_endpoint_id"] for item in items if item.before]
    spare = [
        item
        for item in current["endpoints"]
        if is_ours(params, item, current["region"]) and item["vpc_endpoint_id"] not in used
    ]
    if params["purge_endpoints"]:
        return [delete(item, current["region"]) for item in spare], []
    text = "made by an earlier run and not asked for any more, stays. Set purge_endpoints: true to delete it."
    return [], [f"{item['service_name']} ({item['vpc_endpoint_id']}), {text}" for item in spare]


def _endpoints_after(current: Mapping[str, Any], items: Sequence[_Item], gone: Sequence[str]) -> list[View]:
    known = [item.after["vpc_endpoint_id"] for item in items]
    others = [item for item in current["endpoints"] if item["vpc_endpoint_id"] not in (*known, *gone)]
    return [*(item.after for item in items), *others]


def _buckets(params: Params, current: Mapping[str, Any], items: Sequence[_Item]) -> list[Unmet]:
    """What the nodes do not get of AWS's buckets, and where these are not known."""
    region, who = current["region"], views.account(params, current)
    managed = wants.managed_buckets(params, region)
    found = []
    for item in items:
        if item.member.code == "s3":
            found += checks.bucket_access(params, region, who, item.after["policy_document"], managed)
    if not managed and params["s3"] != "none":
        text, fix = f"{region}, whose buckets are not known here", "Give them as managed_buckets; they are not guessed."
        found.append(unmet("R185", "managed_buckets", text, fix, blocking=False))
    return found


def _around(current: Mapping[str, Any], items: Sequence[_Item], lacking: Sequence[Unmet]) -> View:
    """What is known of the nodes' network."""
    vpc = current["vpc"] or {}
    return {
        "region": current["region"],
        "vpc_id": vpc.get("vpc_id"),
        "dns_servers": vpc.get("dns_servers", []),
        "ec2messages": any(item.member.code == "ec2messages" for item in items),
        "closed": [f"{item.found} ({item.number}). {item.fix}" for item in lacking],
    }


def _facts(params: Params, current: Mapping[str, Any], items: Sequence[_Item]) -> View:
    return {
        "skipped_subnets": [{**one, "service": item.member.code} for item in items for one in item.skipped],
        "managed_buckets": wants.managed_buckets(params, current["region"]),
        "instance_policy": wants.instance_policy(params, current["region"]),
    }


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    found = _chosen(params, view) if params["state"] == "present" else []
    by_label = {member.label: endpoint for member, endpoint in found}
    groups = {item for endpoint in by_label.values() for item in group_ids(endpoint)}
    return {
        "vpc_id": params["vpc_id"],
        "vpc_endpoints": [{"service": name, **endpoint} for name, endpoint in by_label.items()],
        "vpc_endpoint_ids": {name: endpoint["vpc_endpoint_id"] for name, endpoint in by_label.items()},
        "security_group_ids": sorted(groups),
        "route_table_ids": sorted({item for endpoint in by_label.values() for item in endpoint["route_table_ids"]}),
        "nodes": view["nodes"],
    }


def _chosen(params: Params, view: Mapping[str, Any]) -> list[tuple[Member, View]]:
    tables = views.route_tables(params, view["subnets"])
    found = [(member, pick(params, member, view, tables)[0]) for member in members(params, view)[0]]
    return [(member, endpoint) for member, endpoint in found if endpoint]
