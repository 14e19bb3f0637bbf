# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Elastic Load Balancing says about the health of a target, in words that help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING, Verdict

Target = Mapping[str, Any]

PORT = 443
# AWS KMS needs two proxy hosts that answer.
ENOUGH = 2
DRAINING = "draining"
_HEALTHY = "healthy"
# States that mend themselves while a load balancer comes up; the others need somebody to look.
_PASSING = ("initial", _HEALTHY, DRAINING)

EXPLANATIONS: dict[str, str] = {
    "Elb.RegistrationInProgress": (
        "It is being registered, which takes until the load balancer is active: a few minutes."
    ),
    "Elb.InitialHealthChecking": (
        "The first health checks are under way: as many as healthy_threshold_count, health_check_interval apart."
    ),
    "Target.ResponseCodeMismatch": (
        "It answers, but with another HTTP code than successful_response_codes. Check health_check_path and "
        "health_check_port against the proxy's documentation. The XKS API itself takes signed POST requests only, "
        "so it answers no health check with 200."
    ),
    "Target.Timeout": (
        "It does not answer. Check that the proxy runs, that its firewall or security group lets the subnets of the "
        "load balancer in on port 443 and on health_check_port, and that there is a route from the VPC to it and back."
    ),
    "Target.FailedHealthChecks": (
        "The connection was refused, cut, or answered with something that is not health_check_protocol. Check that "
        "the proxy listens on health_check_port, and whether it expects TLS there (HTTPS) or not (HTTP)."
    ),
    "Target.NotRegistered": "It is not registered in the target group. Run again with it in targets.",
    "Target.NotInUse": (
        "No load balancer sends to it: the listener is missing, or the target's Availability Zone is not one of "
        "the load balancer's. Add a subnet of that zone to subnet_ids."
    ),
    "Target.DeregistrationInProgress": "It was deregistered, and its last connections are coming to an end.",
    "Target.InvalidState": "Its instance is stopped or terminated. Start it, or list another target.",
    "Target.IpUnusable": "The address belongs to a load balancer. List the addresses of the proxy hosts themselves.",
    "Target.HealthCheckDisabled": "Health checks are switched off for the target group, so AWS cannot tell.",
    "Elb.InternalError": "AWS had an internal error when it checked. It mends itself, or ask AWS Support.",
}
# Where AWS gives no reason.
_STATES: dict[str, str] = {
    "initial": EXPLANATIONS["Elb.InitialHealthChecking"],
    "unhealthy": "Its health checks fail. Check that the proxy runs and can be reached from the VPC.",
    "unhealthy.draining": "Its health checks fail, and its last connections are coming to an end.",
    "unused": EXPLANATIONS["Target.NotInUse"],
    DRAINING: EXPLANATIONS["Target.DeregistrationInProgress"],
    "unavailable": "AWS cannot tell its health at present.",
}


def normalise(raw: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The answer of DescribeTargetHealth, in a stable order."""
    targets = [
        {
            "id": item["Target"]["Id"],
            "port": item["Target"].get("Port"),
            "availability_zone": item["Target"].get("AvailabilityZone"),
            "state": item.get("TargetHealth", {}).get("State"),
            "reason": item.get("TargetHealth", {}).get("Reason"),
            "description": item.get("TargetHealth", {}).get("Description"),
        }
        for item in raw
    ]
    return sorted(targets, key=lambda target: (target["id"], target["port"] or 0))


def explain(target: Target) -> str:
    """Why a target is not healthy and what to look at; empty for a healthy one."""
    if target["state"] == _HEALTHY:
        return ""
    said = EXPLANATIONS.get(target["reason"] or "") or _STATES.get(target["state"] or "", "AWS gives no reason.")
    # A description of AWS's own tells the code that came back, and the like.
    own = target["description"] or ""
    return f"{said} AWS says: {own}." if "[" in own else said


def explained(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """TARGETS, each with its explanation."""
    return [{**target, "explanation": explain(target)} for target in targets]


def healthy(targets: Iterable[Target]) -> list[str]:
    """The addresses that answer on the port of external key stores."""
    return sorted({item["id"] for item in targets if item["state"] == _HEALTHY and item["port"] == PORT})


def ailing(targets: Iterable[Target]) -> list[str]:
    """One sentence for each target that will not become healthy by waiting."""
    return [
        f"Target {item['id']} is {item['state']}: {explain(item)}" for item in targets if item["state"] not in _PASSING
    ]


def judge(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    """Whether enough targets are healthy."""
    targets = normalise(raw)
    count = len(healthy(targets))
    if count >= ENOUGH:
        return Verdict(DONE, f"{count} healthy")
    others = [f"{item['id']} is {item['state']}: {explain(item)}" for item in targets if item["state"] != _HEALTHY]
    return Verdict(WAITING, f"{count} of {len(targets)} healthy" + (f" ({listing(others)})" if others else ""))
