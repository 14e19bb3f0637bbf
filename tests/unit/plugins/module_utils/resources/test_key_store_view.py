# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an external key store and its surroundings, and what a look at it says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_view as views
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_waits
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.key_store_states import (
    OTHER_SERVICE,
    SERVICE_NAME,
    bare,
    params,
    raw,
    view,
)


@pytest.mark.parametrize(
    ("goal", "state", "drift", "read"),
    [
        ("connected", None, {}, True),
        ("present", None, {}, True),
        ("absent", None, {}, False),
        ("connected", "CONNECTED", {}, False),
        ("connected", "CONNECTING", {}, False),
        ("connected", "FAILED", {}, True),
        ("connected", "DISCONNECTED", {}, True),
        ("connected", "CONNECTED", {"UriPath": "/old/kms/xks/v1"}, False),
        ("disconnected", "CONNECTED", {}, False),
        ("disconnected", "CONNECTED", {"VpcEndpointServiceName": OTHER_SERVICE}, True),
        ("present", "DISCONNECTED", {"UriPath": "/old/kms/xks/v1"}, True),
        ("absent", "DISCONNECTED", {}, False),
    ],
)
def test_when_the_endpoint_service_is_read(goal: str, state: str | None, drift: dict[str, str], read: bool) -> None:
    given = params(state=goal)
    found = views.service_to_read(given, view(given, *([raw(state, **drift)] if state else [])))
    assert (found and found[0]) == (SERVICE_NAME if read else None)


@pytest.mark.parametrize(
    ("goal", "state", "read"),
    [
        ("disconnected", "CONNECTED", True),
        ("disconnected", "DISCONNECTED", False),
        ("connected", "CONNECTED", False),
        ("absent", "DISCONNECTED", True),
    ],
)
def test_when_keys_are_looked_for(goal: str, state: str, read: bool) -> None:
    given = bare(state=goal)
    assert bool(views.keys_to_read(given, view(given, raw(state)))) is read


@pytest.mark.parametrize(
    ("judge", "raw_state", "status"),
    [
        (key_store_waits.judge_connected, "CONNECTED", DONE),
        (key_store_waits.judge_connected, "CONNECTING", WAITING),
        (key_store_waits.judge_connected, "DISCONNECTED", WAITING),
        (key_store_waits.judge_connected, "FAILED", FAILED),
        (key_store_waits.judge_connected, None, WAITING),
        (key_store_waits.judge_disconnected, "DISCONNECTED", DONE),
        (key_store_waits.judge_disconnected, "DISCONNECTING", WAITING),
        (key_store_waits.judge_disconnected, None, WAITING),
        (key_store_waits.judge_made, "DISCONNECTED", DONE),
        (key_store_waits.judge_made, None, WAITING),
        (key_store_waits.judge_gone, "DISCONNECTED", WAITING),
        (key_store_waits.judge_gone, None, DONE),
    ],
)
def test_judges(judge: Any, raw_state: str | None, status: str) -> None:
    assert judge(raw(raw_state) if raw_state else None).status == status


def test_a_connection_that_fails_while_it_is_waited_for() -> None:
    verdict = key_store_waits.judge_connected(raw("FAILED"))
    assert verdict.details["remedy"]["code"] == "XKS_PROXY_NOT_REACHABLE"
    assert verdict.details["connection_state"] == "FAILED"
    assert "XKS_PROXY_NOT_REACHABLE" in verdict.text


def test_returns() -> None:
    given = params()
    done = views.returns(given, view(given, raw("FAILED")))
    assert done["connection_state"] == "FAILED"
    assert done["custom_key_store"]["creation_date"] == "2026-01-31T12:00:00+00:00"
    assert done["custom_key_store"]["connection_error_code"] == "XKS_PROXY_NOT_REACHABLE"
    assert set(views.returns(given, view(given)).values()) == {None}
