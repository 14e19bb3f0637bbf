# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outbound rules of the nodes' security groups: HTTPS to the endpoints, and to Amazon S3's prefix list (R181)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group

View = dict[str, Any]

KIND = "outbound rules"
_EVERYWHERE = "0.0.0.0/0"
_HTTPS, _LIST = "tcp 443-443 ", "prefix list "


@dataclass(frozen=True)
class WantedEgress:
    """Where the nodes must get to on 443. group_ids: the endpoints' security groups. ranges: of their subnets.
    prefix_list: that of Amazon S3, None where it is not used. mark: the description of the rules that are ours."""

    mark: str
    group_ids: Sequence[str]
    ranges: Sequence[str]
    prefix_list: str | None


def normalise(raw: Mapping[str, Any], mark: str) -> View:
    """The outbound rules of a group of DescribeSecurityGroups, and those of them that are described as MARK."""
    rules = raw.get("IpPermissionsEgress", [])
    return {"outbound": _texts(raw, rules), "marked": _texts(raw, [_marked(item, mark) for item in rules])}


def _texts(raw: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]) -> list[str]:
    found: list[str] = endpoint_group.normalise({**raw, "IpPermissions": list(rules)})["rules"]
    return found


def _marked(permission: Mapping[str, Any], mark: str) -> View:
    return {
        key: [item for item in value if item.get("Description") == mark] if isinstance(value, list) else value
        for key, value in permission.items()
    }


def lacking(want: WantedEgress, group: Mapping[str, Any]) -> list[str]:
    """The rules that a group lacks, as text. One that lets all out lacks none."""
    open_to = endpoint_group.admitted([{"rules": group["outbound"]}])
    if open_to.covers(_EVERYWHERE):
        return []
    found = []
    known = [item for item in want.ranges if not is_pending(item)]
    reached = bool(known) and all(open_to.covers(item) for item in known)
    if not reached and not set(want.group_ids).intersection(open_to.others):
        found.append(endpoint_group.group_rule(want.group_ids[0]))
    if want.prefix_list and want.prefix_list not in open_to.others:
        found.append(f"{_HTTPS}{_LIST}{want.prefix_list}")
    return found


def plan(want: WantedEgress, group: Mapping[str, Any], wanted: bool, purge: bool) -> tuple[Change, View]:
    """The rules of one group: what it lacks is added if they are WANTED, and ours that are not go with PURGE."""
    add = lacking(want, group) if wanted else []
    ours = [*(endpoint_group.group_rule(item) for item in want.group_ids), f"{_HTTPS}{_LIST}{want.prefix_list}"]
    surplus = [rule for rule in group["marked"] if not (wanted and rule in ours)] if purge else []
    after = {
        **group,
        "outbound": sorted([*(rule for rule in group["outbound"] if rule not in surplus), *add]),
        "marked": sorted([*(rule for rule in group["marked"] if rule not in surplus), *add]),
    }
    group_id, what = group["group_id"], f"security group {group['group_name']}"
    steps = []
    if add:
        arguments = {"GroupId": group_id, "IpPermissions": _permissions(add, want.mark)}
        steps.append(Step("authorize_outbound", arguments, say=f"let HTTPS out of {what}"))
    if surplus:
        arguments = {"GroupId": group_id, "IpPermissions": _permissions(surplus, None)}
        steps.append(Step("ec2.revoke_security_group_egress", arguments, say=f"take outbound rules off {what}"))
    before = _shown(group)
    return Change(KIND, str(group["group_name"]), before, _shown(after), tuple(steps), group_id, True), after


def _shown(group: Mapping[str, Any]) -> View:
    return {"group_id": group["group_id"], "outbound": group["outbound"]}


def _permissions(rules: Sequence[str], mark: str | None) -> list[View]:
    found = []
    for text in rules:
        rest = text.removeprefix(_HTTPS)
        listed = rest.startswith(_LIST)
        key, name = ("PrefixListIds", "PrefixListId") if listed else ("UserIdGroupPairs", "GroupId")
        source = rest.removeprefix(_LIST if listed else "group ")
        item = {name: source} if mark is None else {name: source, "Description": mark}
        found.append({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, key: [item]})
    return found
