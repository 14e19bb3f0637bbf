# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target groups of Network Load Balancers and their health checks."""

from __future__ import annotations

import re
from typing import Any

from ..ec2 import graph
from ..errors import AwsError
from ..registry import Call, operation
from ..world import hex_id
from .load_balancers import change_attributes, listed
from .state import TargetGroup, elb, load_balancer, page, read_name, read_tags, target_group

PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP")
CHECK_PROTOCOLS = ("TCP", "HTTP", "HTTPS")
CHECK_DEFAULTS: dict[str, Any] = {
    "HealthCheckProtocol": "TCP",
    "HealthCheckPort": "traffic-port",
    "HealthCheckEnabled": True,
    "HealthCheckIntervalSeconds": 30,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
}
# Health check timeouts that AWS chooses, by protocol.
TIMEOUTS = {"TCP": 10, "HTTP": 6, "HTTPS": 10}
ATTRIBUTES = {
    "stickiness.enabled": "false",
    "stickiness.type": "source_ip",
    "deregistration_delay.timeout_seconds": "300",
    "deregistration_delay.connection_termination.enabled": "false",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
    "target_health_state.unhealthy.draining_interval_seconds": "0",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
_CODES = re.compile(r"^[2-5]\d\d([,-][2-5]\d\d)*$")


def _check_settings(asked: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """The health check that results, or AWS's refusal."""
    given = {name: asked[name] for name in asked if name.startswith("HealthC") or name in ("HealthyThresholdCount",)}
    given |= {name: asked[name] for name in ("UnhealthyThresholdCount", "Matcher") if name in asked}
    result = {**current, **given}
    protocol = result["HealthCheckProtocol"]
    if protocol not in CHECK_PROTOCOLS:
        text = f"Health check protocol '{protocol}' must be one of {', '.join(CHECK_PROTOCOLS)}"
        raise AwsError("ValidationError", text)
    port = str(result["HealthCheckPort"])
    if port != "traffic-port" and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise AwsError("ValidationError", f"Health check port '{port}' must be 'traffic-port' or in the range 1-65535")
    if protocol == "TCP":
        for name in ("HealthCheckPath", "Matcher"):
            if name in given:
                raise AwsError("InvalidConfigurationRequest", f"{name} is not supported for health checks with TCP")
            result.pop(name, None)
    else:
        result.setdefault("HealthCheckPath", "/")
        result.setdefault("Matcher", {"HttpCode": "200-399"})
        if not result["HealthCheckPath"].startswith("/"):
            raise AwsError("ValidationError", f"Health check path '{result['HealthCheckPath']}' must begin with a '/'")
        if not _CODES.match(result["Matcher"].get("HttpCode", "")):
            raise AwsError("ValidationError", f"Health check matcher '{result['Matcher']}' is not valid")
    if result.get("HealthCheckEnabled") is False:
        raise AwsError("InvalidConfigurationRequest", "Health checks cannot be disabled for targets of type ip")
    result.setdefault("HealthCheckTimeoutSeconds", TIMEOUTS[protocol])
    if result["HealthCheckTimeoutSeconds"] > result["HealthCheckIntervalSeconds"]:
        raise AwsError("ValidationError", "Health check interval must be greater than or equal to the timeout")
    return result


def _shown(call: Call, group: TargetGroup) -> dict[str, Any]:
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc_id,
        "TargetType": group.target_type,
        "IpAddressType": group.ip_address_type,
        "LoadBalancerArns": elb(call).load_balancers_of(group.arn),
        **group.check,
    }


@operation("elbv2", "CreateTargetGroup")
def create_target_group(call: Call) -> dict[str, Any]:
    params = call.params
    name = read_name(params["Name"], "target group")
    target_type = params.get("TargetType", "instance")
    if target_type not in ("ip", "instance"):
        raise AwsError("InvalidConfigurationRequest", f"The emulator has no targets of type '{target_type}'")
    for required in ("Protocol", "Port", "VpcId"):
        if required not in params:
            raise AwsError("ValidationError", f"A target group {required} must be specified")
    if params["Protocol"] not in PROTOCOLS:
        text = f"The emulator has target groups for Network Load Balancers only, not with {params['Protocol']}"
        raise AwsError("InvalidConfigurationRequest", text)
    if graph.vpc(call.account, call.region, params["VpcId"]) is None:
        raise AwsError("ValidationError", f"The VPC ID '{params['VpcId']}' is not found")
    check = _check_settings(params, dict(CHECK_DEFAULTS))
    wanted = {
        "protocol": params["Protocol"],
        "port": params["Port"],
        "vpc": params["VpcId"],
        "type": target_type,
        "ip": params.get("IpAddressType", "ipv4"),
        "check": check,
    }
    state = elb(call)
    for known in state.target_groups.values():
        if known.name == name:
            if {**known.asked, "check": known.check} == wanted:
                return {"TargetGroups": [_shown(call, known)]}
            text = f"A target group with the same name '{name}' exists, but with different settings"
            raise AwsError("DuplicateTargetGroupName", text)
    group = TargetGroup(
        arn=call.arn("elasticloadbalancing", f"targetgroup/{name}/{hex_id('', 16)}"),
        name=name,
        protocol=params["Protocol"],
        port=params["Port"],
        vpc_id=params["VpcId"],
        target_type=target_type,
        ip_address_type=wanted["ip"],
        check=check,
        asked=wanted,
        attributes=dict(ATTRIBUTES),
        tags=read_tags(params.get("Tags")),
    )
    if target_type == "instance":
        group.attributes["preserve_client_ip.enabled"] = "true"
    state.target_groups[group.arn] = group
    return {"TargetGroups": [_shown(call, group)]}


@operation("elbv2", "DescribeTargetGroups")
def describe_target_groups(call: Call) -> dict[str, Any]:
    params = call.params
    given = [name for name in ("LoadBalancerArn", "TargetGroupArns", "Names") if params.get(name)]
    if len(given) > 1:
        raise AwsError("ValidationError", f"{' and '.join(given)} cannot be specified together")
    state = elb(call)
    found = list(state.target_groups.values())
    if params.get("LoadBalancerArn"):
        arn = load_balancer(call, params["LoadBalancerArn"]).arn
        found = [group for group in found if arn in state.load_balancers_of(group.arn)]
    if params.get("TargetGroupArns"):
        found = [target_group(call, arn) for arn in params["TargetGroupArns"]]
    if params.get("Names"):
        by_name = {group.name: group for group in found}
        if not set(params["Names"]) <= set(by_name):
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        found = [by_name[name] for name in params["Names"]]
    return page(call, [_shown(call, group) for group in found], "TargetGroups")


@operation("elbv2", "ModifyTargetGroup")
def modify_target_group(call: Call) -> dict[str, Any]:
    group = target_group(call, call.params["TargetGroupArn"])
    group.check = _check_settings(call.params, group.check)
    return {"TargetGroups": [_shown(call, group)]}


@operation("elbv2", "DeleteTargetGroup")
def delete_target_group(call: Call) -> dict[str, Any]:
    arn = call.params["TargetGroupArn"]
    state = elb(call)
    if state.load_balancers_of(arn):
        raise AwsError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
    state.target_groups.pop(arn, None)
    return {}


@operation("elbv2", "DescribeTargetGroupAttributes")
def describe_target_group_attributes(call: Call) -> dict[str, Any]:
    return {"Attributes": listed(target_group(call, call.params["TargetGroupArn"]).attributes)}


@operation("elbv2", "ModifyTargetGroupAttributes")
def modify_target_group_attributes(call: Call) -> dict[str, Any]:
    group = target_group(call, call.params["TargetGroupArn"])
    change_attributes(group.attributes, call.params["Attributes"], "Target group")
    return {"Attributes": listed(group.attributes)}
