# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What VPC endpoints are waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Verdict, Wait
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import AVAILABLE, DEAD, ENDING, KIND

_USUAL = "a few minutes"


def available(endpoint_id: str, label: str, private_dns: bool | None = None) -> Wait:
    """Until an endpoint is available, and says of private DNS what is wanted."""
    judge = partial(judge_available, private_dns)
    return Wait(f"{KIND} {label}", "endpoint", {"VpcEndpointId": endpoint_id}, judge, _USUAL)


def judge_available(private_dns: bool | None, raw: Sequence[Mapping[str, Any]]) -> Verdict:
    if not raw:
        return Verdict(WAITING, "not visible yet")
    state = str(raw[0].get("State", "pending")).lower()
    if state == "pendingacceptance":
        return Verdict(WAITING, "pendingAcceptance: the owner of the service must accept it")
    if state in (*DEAD, *ENDING):
        error = raw[0].get("LastError") or {}
        reason = raw[0].get("FailureReason") or error.get("Message") or "AWS gives no reason"
        return Verdict(FAILED, f"its state is {state} ({reason}). Delete it with state: absent and run again.")
    if state != AVAILABLE:
        return Verdict(WAITING, state)
    if private_dns is not None and bool(raw[0].get("PrivateDnsEnabled")) != private_dns:
        return Verdict(WAITING, f"available, private DNS not {'on' if private_dns else 'off'} yet")
    return Verdict(DONE, state)


def gone(endpoint_id: str, label: str) -> Wait:
    """Until AWS does not show an endpoint any more, and its network interfaces with it."""
    return Wait(f"deletion of {KIND} {label}", "endpoint", {"VpcEndpointId": endpoint_id}, judge_gone, _USUAL)


def judge_gone(raw: Sequence[Mapping[str, Any]]) -> Verdict:
    state = str(raw[0].get("State", "deleting")).lower() if raw else "deleted"
    return Verdict(DONE if state == "deleted" else WAITING, state)
