# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an endpoint service waits for, and what holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Verdict, Wait

# States of an endpoint connection in which AWS still counts it.
LIVE = ("available", "pendingacceptance", "pending")
# And those in which it still holds the service.
HELD = (*LIVE, "deleting")
# What the client says while AWS does not take up a zone yet.
ZONES_NOT_READY = "ZonesNotReady"


def load_balancer_active(arn: str) -> Wait:
    """R50: an endpoint service takes only a load balancer that is active."""
    name = arn.split("/")[-2] if "/" in arn else arn
    return Wait(
        f"Network Load Balancer {name}",
        "elbv2.describe_load_balancers",
        {"LoadBalancerArns": [arn]},
        judge_load_balancer,
        "a few minutes",
    )


def judge_load_balancer(raw: Mapping[str, Any]) -> Verdict:
    state = raw["LoadBalancers"][0].get("State", {})
    code = state.get("Code", "provisioning")
    if code == "failed":
        return Verdict(FAILED, f"AWS could not set it up: {state.get('Reason', 'no reason given')}. Make it anew.")
    return Verdict(DONE if code.startswith("active") else WAITING, code)


def available(service_id: str, name: str) -> Wait:
    return Wait(f"endpoint service {name}", "service", {"ServiceId": service_id}, judge_available, "a few seconds")


def judge_available(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    state = raw[0].get("ServiceState", "Pending") if raw else "not visible yet"
    if state in ("Failed", "Deleting", "Deleted"):
        return Verdict(FAILED, f"its state is {state}. Delete it and run again.")
    return Verdict(DONE if state == "Available" else WAITING, state)


def gone(service_id: str, name: str) -> Wait:
    return Wait(f"endpoint service {name}", "service", {"ServiceId": service_id}, judge_gone)


def judge_gone(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    state = raw[0].get("ServiceState", "Deleting") if raw else "Deleted"
    return Verdict(DONE if state == "Deleted" else WAITING, state)


def released(service_id: str, name: str) -> Wait:
    """After a key store was disconnected, AWS KMS deletes its endpoint by itself."""
    return Wait(
        f"endpoint connections of {name}",
        "service_connections",
        {"ServiceId": service_id},
        judge_released,
        "about 5 minutes to disconnect a key store",
    )


def judge_released(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    held = [item for item in raw if str(item.get("VpcEndpointState", "")).lower() in HELD]
    if not held:
        return Verdict(DONE, "none")
    text = ", ".join(f"{item['VpcEndpointId']} {item['VpcEndpointState']}" for item in held)
    return Verdict(WAITING, f"{text} (if it stays, disconnect the key store that uses the service, or set force: true)")


def normalise_connections(raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The endpoint connections of a service."""
    return [
        {
            "vpc_endpoint_id": item["VpcEndpointId"],
            "vpc_endpoint_owner": item.get("VpcEndpointOwner"),
            "vpc_endpoint_state": item.get("VpcEndpointState"),
        }
        for item in raw
    ]
