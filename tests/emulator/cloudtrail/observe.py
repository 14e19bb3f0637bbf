# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a call besides its answer: the endpoint's policy before it, CloudTrail's records after it."""

from __future__ import annotations

from typing import Any

from .. import access
from ..ec2 import endpoint_policy
from ..ec2.endpoint_state import Endpoint
from ..errors import AwsError
from ..protocol import HttpRequest, HttpResponse, Identified
from ..world import World
from .history import History, keys_of, make_event
from .trails import deliver

# Calls that broke on their way leave no trace.
_LOST = ("http", "reset_before", "timeout")


class VpceDenied(AwsError):
    """A refusal by the policy of an endpoint."""


def check_endpoint_policy(world: World, identified: Identified, params: dict[str, Any], endpoint: Endpoint) -> None:
    """Refuse a call through an endpoint whose policy does not allow it."""
    account = world.account_of(identified.access_key)
    arn = access.caller(identified.access_key, account, identified.region, world.settings)
    keys = keys_of(identified, account, params) if identified.service == "kms" else []
    context = {"aws:sourcevpce": endpoint.id, "aws:sourcevpc": endpoint.vpc_id, "aws:principalisawsservice": "false"}
    why = endpoint_policy.refusal(endpoint.policy, arn, access.action_name(identified), keys, context)
    if why:
        error = access.refusal(identified, arn, why)
        raise VpceDenied(error.code, error.message, error.status)


def call(
    world: World,
    identified: Identified,
    request: HttpRequest,
    entry: dict[str, Any],
    answer: HttpResponse,
    refusal: AwsError | None,
    endpoint: Endpoint | None,
) -> None:
    """Record a call: in the caller's event history unless the endpoint denied it, and with the trails."""
    nobody = entry["error"] in access.STRANGERS or entry["error"] == "InternalFailure"
    if identified.operation_model is None or entry["fault"] in _LOST or nobody:
        return
    denied = isinstance(refusal, VpceDenied)
    message = refusal.message if refusal is not None else ""
    event = make_event(world, identified, request, entry, answer, message, endpoint, denied)
    if not denied:
        world.store(History, event.account, identified.region).events.append(event)
    deliver(world, identified.region, event)
