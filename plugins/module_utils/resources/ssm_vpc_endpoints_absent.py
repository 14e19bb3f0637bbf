# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: what this module made goes, in the order that AWS demands; what it adopted stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing, missing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group, node_egress
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_vpc_endpoints_view as views
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import SERVICES, is_ours, label
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    ENDING,
    KIND,
    Wanted,
    group_ids,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import short_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_plan import Planned, plan_absent, shown
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_together import jointly, together

Params = Mapping[str, Any]
View = dict[str, Any]


def absent(params: Params, current: Mapping[str, Any]) -> Plan:
    """Endpoints and rules first, then the security group that they hold."""
    region = current["region"]
    group = next((item for item in current["groups"].values() if views.is_own_group(params, item)), None)
    order = list(SERVICES)
    own = sorted(
        (item for item in current["endpoints"] if is_ours(params, item, region)),
        key=lambda item: (order.index(short_name(item["service_name"], region)), item["vpc_endpoint_type"]),
    )
    others = [item for item in current["endpoints"] if item not in own and group and _has(item, group)]
    problems = _held(current, group, others) if group else []
    if problems:
        return Plan((), current, tuple(problems))
    rules = [
        node_egress.plan(node_egress.WantedEgress(views.mark(params), [], [], None), item, False, True)
        for item in current["groups"].values()
    ]
    deleted = [delete(item, region) for item in own]
    returned = [_give_back(item, region, group) for item in others if group]
    changes = [change for change, dummy in rules if change.steps]
    changes += together([*(item.change for item in deleted), *(change for change, dummy in returned)])
    settle = jointly(wait for item in deleted for wait in item.settle)
    if group:
        changes.append(endpoint_group.plan_absent(group["group_name"], group, settle))
    kept = {view["vpc_endpoint_id"]: view for dummy, view in returned}
    gone = group["group_id"] if group else None
    after = {
        **current,
        "endpoints": [kept.get(item["vpc_endpoint_id"], item) for item in current["endpoints"] if item not in own],
        "groups": {view["group_id"]: view for dummy, view in rules if view["group_id"] != gone},
    }
    return Plan(tuple(changes), after, (), settle)


def delete(endpoint: View, region: str) -> Planned:
    """An endpoint that this module made."""
    kind = endpoint["vpc_endpoint_type"]
    return plan_absent(Wanted(_label(endpoint, region), endpoint["vpc_id"], endpoint["service_name"], kind), endpoint)


def _label(endpoint: View, region: str) -> str:
    return label(short_name(endpoint["service_name"], region), endpoint["vpc_endpoint_type"])


def _has(endpoint: View, group: View) -> bool:
    return group["group_id"] in group_ids(endpoint) and endpoint["state"] not in ENDING


def _give_back(endpoint: View, region: str, group: View) -> tuple[Change, View]:
    """An adopted endpoint loses the security group that it was given."""
    endpoint_id, name = endpoint["vpc_endpoint_id"], _label(endpoint, region)
    left = [item for item in endpoint["groups"] if item["group_id"] != group["group_id"]]
    after = {**endpoint, "groups": left}
    arguments = {"VpcEndpointId": endpoint_id, "RemoveSecurityGroupIds": [group["group_id"]]}
    step = Step("modify_endpoint", arguments, say=f"take security group {group['group_name']} off {KIND} {name}")
    return Change(KIND, name, shown(endpoint), shown(after), (step,), endpoint_id, adopted=True), after


def _held(current: Mapping[str, Any], group: View, others: Sequence[View]) -> list[Unmet]:
    """What would keep the security group from being deleted, told before anything is. others: endpoints that this
    module did not make and that have the group; those of Systems Manager were adopted, and lose it."""
    found = []
    naming = [
        item["group_id"]
        for item in current["groups"].values()
        if item["group_id"] != group["group_id"]
        and any(
            text.endswith(f" group {group['group_id']}")
            for text in [*item["rules"], *missing(item["outbound"], item["marked"])]
        )
    ]
    if naming:
        found.append(_in_use(group, f"named by rules of {listing(naming)}", "Take these rules away first."))
    foreign = [
        item["vpc_endpoint_id"]
        for item in others
        if short_name(item["service_name"], current["region"]) not in SERVICES
    ]
    if foreign:
        found.append(_in_use(group, f"used by {listing(foreign)}", "Give these endpoints other security groups first."))
    if current["interfaces"]:
        fix = "Give these network interfaces other security groups first."
        found.append(_in_use(group, f"used by {listing(current['interfaces'])}", fix))
    alone = [item["vpc_endpoint_id"] for item in others if len(item["groups"]) == 1]
    if alone:
        found.append(_in_use(group, f"the only one of {listing(alone)}", "Give that endpoint another one first."))
    return found


def _in_use(group: View, how: str, fix: str) -> Unmet:
    return unmet("R169", group["group_id"], f"security group {group['group_name']}, {how}", fix)
