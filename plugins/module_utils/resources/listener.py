# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 3: the listener of the Network Load Balancer (R43-R45)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import aws_tags, changed_keys, tags_after
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_group import tag_steps
from ansible_collections.keylink.aws.plugins.module_utils.resources.target_health import PORT

KIND = "listener"
_PROTOCOL = "TCP"

Params = Mapping[str, Any]
View = dict[str, Any]


def name_of(balancer: Mapping[str, Any]) -> str:
    return f"{balancer['load_balancer_name']}:{PORT}"


def normalise(raw: Mapping[str, Any], tags: Mapping[str, str]) -> View:
    """The answer of DescribeListeners as a state; an action that forwards to several groups counts as several."""
    actions = []
    for action in raw.get("DefaultActions", []):
        groups = [item["TargetGroupArn"] for item in action.get("ForwardConfig", {}).get("TargetGroups", [])]
        arns = groups or [action.get("TargetGroupArn")]
        actions += [{"type": action.get("Type"), "target_group_arn": arn} for arn in arns]
    return {
        "listener_arn": raw["ListenerArn"],
        "load_balancer_arn": raw["LoadBalancerArn"],
        "protocol": raw.get("Protocol"),
        "port": raw.get("Port"),
        "default_actions": actions,
        "tags": dict(tags),
    }


def shown(listener: Mapping[str, Any]) -> View:
    """What a diff shows."""
    return {key: value for key, value in listener.items() if key != "listener_arn"}


def plan(
    params: Params, before: View | None, group: Mapping[str, Any], balancer: Mapping[str, Any]
) -> tuple[Change, View]:
    """What makes the listener forward TCP 443 to GROUP, and what it is then."""
    name = name_of(balancer)
    actions = [{"type": "forward", "target_group_arn": group["target_group_arn"]}]
    forward = [{"Type": "forward", "TargetGroupArn": group["target_group_arn"]}]
    if before is None:
        arn = placeholder("listener", name, "listener_arn")
        tags = params["tags"] or {}
        after = {
            "listener_arn": arn, "load_balancer_arn": balancer["load_balancer_arn"], "protocol": _PROTOCOL,
            "port": PORT, "default_actions": actions, "tags": dict(tags),
        }
        arguments = {
            "LoadBalancerArn": balancer["load_balancer_arn"], "Protocol": _PROTOCOL, "Port": PORT,
            "DefaultActions": forward, **({"Tags": aws_tags(tags)} if tags else {}),
        }
        step = Step(
            "elbv2.create_listener", arguments, {arn: "Listeners.0.ListenerArn"}, say=f"create {KIND} {name}"
        )
        return Change(KIND, name, None, shown(after), (step,), arn), after
    after = {
        **before, "protocol": _PROTOCOL, "default_actions": actions,
        "tags": tags_after(before["tags"], params["tags"], params["purge_tags"]),
    }
    changed = changed_keys(before, after)
    arguments = {"ListenerArn": before["listener_arn"]}
    if "protocol" in changed:
        arguments["Protocol"] = _PROTOCOL
    if "default_actions" in changed:
        arguments["DefaultActions"] = forward
    steps = [Step("elbv2.modify_listener", arguments, say=f"change {KIND} {name}")] if len(arguments) > 1 else []
    steps += tag_steps(before["listener_arn"], f"{KIND} {name}", before["tags"], params)
    return Change(KIND, name, shown(before), shown(after), tuple(steps), before["listener_arn"]), after
