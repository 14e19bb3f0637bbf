# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration of targets, and their health by real connections to where their addresses are served."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from typing import Any

from ..ec2 import graph
from ..errors import AwsError
from ..registry import Call, operation
from ..settings import Settings
from ..world import World
from .state import Elb, LoadBalancer, Target, TargetGroup, elb, target_group

# Where the addresses of ip targets may lie outside the VPC.
OUTSIDE = [ipaddress.ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
QUOTA = 1000
TIMEOUT = 0.25


def mapped(settings: Settings, address: str, port: int) -> tuple[str, int] | None:
    """Where an address is really served: the map may name it with its port, or alone."""
    found = settings.address_map.get(f"{address}:{port}") or settings.address_map.get(address)
    if found is None:
        return None
    host, dummy, number = found.rpartition(":")
    return host, int(number)


def _check_target(call: Call, group: TargetGroup, target: dict[str, Any]) -> Target:
    port = target.get("Port", group.port)
    if group.target_type == "instance":
        return Target(target["Id"], port, None, call.world.clock.now())
    try:
        address = ipaddress.IPv4Address(target["Id"])
    except ValueError as error:
        raise AwsError("ValidationError", f"The IP address '{target['Id']}' is not a valid IPv4 address") from error
    zone = target.get("AvailabilityZone")
    inside = any(address in network for network in graph.vpc_networks(call.account, call.region, group.vpc_id))
    if not inside and not any(address in network for network in OUTSIDE):
        text = f"The IP address '{address}' is not within a permitted range of the target group"
        raise AwsError("InvalidTarget", text)
    if not inside and zone != "all":
        text = f"You must specify an Availability Zone of 'all' for '{address}', which is not in the group's VPC"
        raise AwsError("ValidationError", text)
    if inside and zone is None:
        zone = next(
            (
                found.availability_zone
                for found in graph.subnets(call.account, call.region)
                if found.vpc_id == group.vpc_id and address in ipaddress.ip_network(found.cidr_block)
            ),
            None,
        )
    return Target(str(address), port, zone, call.world.clock.now())


@operation("elbv2", "RegisterTargets")
def register_targets(call: Call) -> dict[str, Any]:
    group = target_group(call, call.params["TargetGroupArn"])
    if not call.params["Targets"]:
        raise AwsError("ValidationError", "At least one target must be specified")
    made = [_check_target(call, group, target) for target in call.params["Targets"]]
    if len(group.targets) + len(made) > QUOTA:
        raise AwsError("TooManyTargets", "The maximum number of targets has been reached")
    for target in made:
        known = group.targets.get((target.id, target.port))
        if known is None or known.draining_until is not None:
            group.targets[target.id, target.port] = target
    return {}


@operation("elbv2", "DeregisterTargets")
def deregister_targets(call: Call) -> dict[str, Any]:
    group = target_group(call, call.params["TargetGroupArn"])
    scale, now = call.settings.time_scale, call.world.clock.now()
    delay = float(group.attributes["deregistration_delay.timeout_seconds"]) * scale
    for asked in call.params["Targets"]:
        for key, target in list(group.targets.items()):
            if target.id != asked["Id"] or asked.get("Port", target.port) != target.port:
                continue
            # Only a target that gets traffic drains.
            if elb(call).load_balancers_of(group.arn) and delay:
                target.draining_until = now + delay
            else:
                del group.targets[key]
    return {}


@operation("elbv2", "DescribeTargetHealth")
def describe_target_health(call: Call) -> dict[str, Any]:
    group = target_group(call, call.params["TargetGroupArn"])
    forget_drained(group, call.world.clock.now())
    found = list(group.targets.values())
    asked = call.params.get("Targets")
    shown = []
    if asked:
        found = []
        for target in asked:
            known = group.targets.get((target["Id"], target.get("Port", group.port)))
            if known is None:
                text = "Target is not registered to the target group"
                health = {"State": "unused", "Reason": "Target.NotRegistered", "Description": text}
                shown.append({"Target": target, "TargetHealth": health})
            else:
                found.append(known)
    for target in found:
        described: dict[str, Any] = {"Id": target.id, "Port": target.port}
        if target.zone:
            described["AvailabilityZone"] = target.zone
        port = group.check["HealthCheckPort"]
        shown.append(
            {
                "Target": described,
                "HealthCheckPort": str(target.port) if port == "traffic-port" else port,
                "TargetHealth": health_of(call.world, elb(call), group, target),
            }
        )
    return {"TargetHealthDescriptions": shown}


def forget_drained(group: TargetGroup, now: float) -> None:
    for key, target in list(group.targets.items()):
        if target.draining_until is not None and target.draining_until <= now:
            del group.targets[key]


def health_of(world: World, state: Elb, group: TargetGroup, target: Target) -> dict[str, str]:
    """The state of a target, with AWS's reason when it is not healthy."""
    now = world.clock.now()
    if target.draining_until is not None:
        text = "Target deregistration is in progress"
        return _not(state="draining", reason="Target.DeregistrationInProgress", text=text)
    balancers = [state.load_balancers[arn] for arn in state.load_balancers_of(group.arn)]
    if not balancers:
        text = "Target group is not configured to receive traffic from the load balancer"
        return _not(state="unused", reason="Target.NotInUse", text=text)
    zones = {zone for balancer in balancers for zone in _zones(balancer)}
    if target.zone not in (None, "all") and target.zone not in zones:
        text = "Target is in an Availability Zone that is not enabled for the load balancer"
        return _not(state="unused", reason="Target.NotInUse", text=text)
    if all(balancer.state == "provisioning" for balancer in balancers):
        return _not(state="initial", reason="Elb.RegistrationInProgress", text="Target registration is in progress")
    if target.checked_from is None:
        target.checked_from = now
    if now < target.checked_from + world.settings.delay("target_initial"):
        return _not(state="initial", reason="Elb.InitialHealthChecking", text="Initial health checks in progress")
    return _probe(world.settings, group, target)


def _zones(balancer: LoadBalancer) -> list[str]:
    region, account = balancer.arn.split(":")[3:5]
    found = [graph.subnet(account, region, subnet_id) for subnet_id in balancer.subnets]
    return [subnet.availability_zone for subnet in found if subnet is not None]


def _not(state: str, reason: str, text: str) -> dict[str, str]:
    return {"State": state, "Reason": reason, "Description": text}


def _probe(settings: Settings, group: TargetGroup, target: Target) -> dict[str, str]:
    wanted = group.check["HealthCheckPort"]
    place = mapped(settings, target.id, target.port if wanted == "traffic-port" else int(wanted))
    if place is None:
        if settings.unmapped_targets == "healthy":
            return {"State": "healthy"}
        return _not(state="unhealthy", reason="Target.Timeout", text="Request timed out")
    try:
        with socket.create_connection(place, TIMEOUT):
            if group.check["HealthCheckProtocol"] == "TCP":
                return {"State": "healthy"}
        return _probe_http(group, place)
    except TimeoutError:
        return _not(state="unhealthy", reason="Target.Timeout", text="Request timed out")
    except (OSError, http.client.HTTPException):
        return _not(state="unhealthy", reason="Target.FailedHealthChecks", text="Health checks failed")


def _probe_http(group: TargetGroup, place: tuple[str, int]) -> dict[str, str]:
    connection = http.client.HTTPConnection(*place, timeout=TIMEOUT)
    if group.check["HealthCheckProtocol"] == "HTTPS":
        # A load balancer does not check the certificates of its targets.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(*place, timeout=TIMEOUT, context=context)
    try:
        connection.request("GET", group.check["HealthCheckPath"])
        status = connection.getresponse().status
    finally:
        connection.close()
    for part in group.check["Matcher"]["HttpCode"].split(","):
        low, dummy, high = part.partition("-")
        if int(low) <= status <= int(high or low):
            return {"State": "healthy"}
    text = f"Health checks failed with these codes: [{status}]"
    return _not(state="unhealthy", reason="Target.ResponseCodeMismatch", text=text)
