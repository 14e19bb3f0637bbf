# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners of Network Load Balancers."""

from __future__ import annotations

from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from .load_balancers import change_attributes, listed
from .state import Listener, elb, listener, load_balancer, page, read_tags, target_group

PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP")
# Listener protocol -> protocols of a target group that it can forward to.
COMPATIBLE = {"TCP": ("TCP", "TCP_UDP"), "TLS": ("TCP", "TLS"), "UDP": ("UDP", "TCP_UDP"), "TCP_UDP": ("TCP_UDP",)}
QUOTA = 50


def _shown(found: Listener) -> dict[str, Any]:
    return {
        "ListenerArn": found.arn,
        "LoadBalancerArn": found.load_balancer_arn,
        "Port": found.port,
        "Protocol": found.protocol,
        "DefaultActions": found.actions,
    }


def _actions(call: Call, asked: list[dict[str, Any]], protocol: str, balancer_arn: str) -> list[dict[str, Any]]:
    if len(asked) != 1:
        raise AwsError("TooManyActions" if asked else "ValidationError", "A listener takes exactly one default action")
    action = asked[0]
    if action["Type"] != "forward":
        text = f"Action type '{action['Type']}' is not supported for listeners of Network Load Balancers"
        raise AwsError("InvalidLoadBalancerAction", text)
    configured = action.get("ForwardConfig", {}).get("TargetGroups", [])
    arns = [action["TargetGroupArn"]] if action.get("TargetGroupArn") else []
    arns = arns or [entry["TargetGroupArn"] for entry in configured]
    if not arns:
        raise AwsError("ValidationError", "A forward action needs a target group ARN")
    for arn in arns:
        group = target_group(call, arn)
        if group.protocol not in COMPATIBLE[protocol]:
            text = f"Protocol {group.protocol} of target group '{arn}' does not fit a listener with {protocol}"
            raise AwsError("IncompatibleProtocols", text)
        if group.vpc_id != load_balancer(call, balancer_arn).vpc_id:
            text = f"Target group '{arn}' is not in the VPC of load balancer '{balancer_arn}'"
            raise AwsError("InvalidConfigurationRequest", text)
        others = [known for known in elb(call).load_balancers_of(arn) if known != balancer_arn]
        if others:
            text = f"The following target groups cannot be associated with more than one load balancer: {arn}"
            raise AwsError("TargetGroupAssociationLimit", text)
    groups = [{"TargetGroupArn": arn} for arn in arns]
    shown: dict[str, Any] = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    if len(arns) == 1:
        shown["TargetGroupArn"] = arns[0]
    return [shown]


def _check_protocol(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        text = f"Listener protocol '{protocol}' is not supported for Network Load Balancers"
        raise AwsError("UnsupportedProtocol", text)


@operation("elbv2", "CreateListener")
def create_listener(call: Call) -> dict[str, Any]:
    params = call.params
    balancer = load_balancer(call, params["LoadBalancerArn"])
    for name in ("Port", "Protocol"):
        if name not in params:
            raise AwsError("ValidationError", f"A listener {name.lower()} must be specified")
    protocol, port = params["Protocol"], params["Port"]
    _check_protocol(protocol)
    if protocol == "TLS" and not params.get("Certificates"):
        raise AwsError("CertificateNotFound", "A certificate must be specified for TLS listeners")
    actions = _actions(call, params["DefaultActions"], protocol, balancer.arn)
    state = elb(call)
    for known in state.listeners_of(balancer.arn):
        if known.port == port:
            if known.protocol == protocol and known.actions == actions:
                return {"Listeners": [_shown(known)]}
            raise AwsError("DuplicateListener", f"A listener already exists on this port: {port}")
    if len(state.listeners_of(balancer.arn)) >= QUOTA:
        raise AwsError("TooManyListeners", "The maximum number of listeners has been reached")
    arn = call.arn("elasticloadbalancing", f"listener/net/{balancer.name}/{balancer.suffix}/{hex_id('', 16)}")
    made = Listener(arn, balancer.arn, protocol, port, actions, tags=read_tags(params.get("Tags")))
    if protocol == "TCP":
        made.attributes["tcp.idle_timeout.seconds"] = "350"
    state.listeners[arn] = made
    return {"Listeners": [_shown(made)]}


@operation("elbv2", "DescribeListeners")
def describe_listeners(call: Call) -> dict[str, Any]:
    arns, balancer_arn = call.params.get("ListenerArns"), call.params.get("LoadBalancerArn")
    if bool(arns) == bool(balancer_arn):
        raise AwsError("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
    if arns:
        found = [listener(call, arn) for arn in arns]
    else:
        found = elb(call).listeners_of(load_balancer(call, str(balancer_arn)).arn)
    return page(call, [_shown(item) for item in found], "Listeners")


@operation("elbv2", "ModifyListener")
def modify_listener(call: Call) -> dict[str, Any]:
    params = call.params
    found = listener(call, params["ListenerArn"])
    protocol, port = params.get("Protocol", found.protocol), params.get("Port", found.port)
    _check_protocol(protocol)
    actions = _actions(call, params.get("DefaultActions", found.actions), protocol, found.load_balancer_arn)
    others = [known for known in elb(call).listeners_of(found.load_balancer_arn) if known.arn != found.arn]
    if any(known.port == port for known in others):
        raise AwsError("DuplicateListener", f"A listener already exists on this port for this load balancer: {port}")
    found.protocol, found.port, found.actions = protocol, port, actions
    return {"Listeners": [_shown(found)]}


@operation("elbv2", "DeleteListener")
def delete_listener(call: Call) -> dict[str, Any]:
    del elb(call).listeners[listener(call, call.params["ListenerArn"]).arn]
    return {}


@operation("elbv2", "DescribeListenerAttributes")
def describe_listener_attributes(call: Call) -> dict[str, Any]:
    return {"Attributes": listed(listener(call, call.params["ListenerArn"]).attributes)}


@operation("elbv2", "ModifyListenerAttributes")
def modify_listener_attributes(call: Call) -> dict[str, Any]:
    found = listener(call, call.params["ListenerArn"])
    change_attributes(found.attributes, call.params["Attributes"], "Listener")
    return {"Attributes": listed(found.attributes)}
