# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store from each state to each goal, with and without force: check mode tells just what the run then does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from emulator.proxy import XksProxy
from scenarios import prerequisites as before
from scenarios.key_stores import connected, key_in, kms, last, run, stores, writes

Service = before.EndpointService
OTHER_PATH = "/new/kms/xks/v1"
STATES = ("NONE", "CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING")
REACHED = {"connected": "CONNECTED", "disconnected": "DISCONNECTED", "absent": None}


def bring(world: Any, service: Service, proxy: XksProxy, state: str) -> None:
    """A store with one KMS key in STATE; one that passes does so in 0.3 seconds."""
    if state == "NONE":
        return
    store_id = connected(world, service)["custom_key_store_id"]
    key_in(world, store_id)
    call: Callable[..., Any] = kms(world).disconnect_custom_key_store
    if state != "CONNECTED":
        if state == "DISCONNECTING":
            world.configure(time_scale=1.0, delays={"xks_connect": 0, "xks_disconnect": 0.3})
        call(CustomKeyStoreId=store_id)
    if state in ("CONNECTING", "FAILED"):
        if state == "FAILED":
            world.outcome("*", "INTERNAL_ERROR")
        else:
            world.configure(time_scale=1.0, delays={"xks_connect": 0.3, "xks_disconnect": 0})
        kms(world).connect_custom_key_store(CustomKeyStoreId=store_id)
    assert stores(world)[0]["ConnectionState"] == state
    world.clear_outcomes()


@pytest.mark.parametrize(
    ("state", "goal", "force"),
    [
        pytest.param(*row, id=f"{row[0]} to {row[1]}{' with force' if row[2] else ''}")
        for row in itertools.product(STATES, ("connected", "disconnected", "present", "absent"), (False, True))
    ],
)
def test_the_plan_is_what_the_run_does(
    world: Any, service: Service, proxy: XksProxy, state: str, goal: str, force: bool
) -> None:
    bring(world, service, proxy, state)
    proxy.api.more_bases.append(OTHER_PATH)
    options = before.options(service, state=goal, force=force, xks_proxy_uri_path=OTHER_PATH)
    mark = last(world)
    planned = run(world, check=True, **options)
    assert writes(world, mark) == []
    done = run(world, **options)
    same = ("changed", "actions", "diff", "msg", "failed", "kms_keys", "connection_error_code")
    shown = [{key: result.get(key) for key in same} for result in (planned, done)]
    if state == "NONE":
        # What AWS assigns is a placeholder in a plan.
        shown = [{key: item[key] for key in ("changed", "failed", "msg")} for item in shown]
    # A state that passes may have passed between the two.
    if state not in ("CONNECTING", "DISCONNECTING"):
        assert shown[0] == shown[1]
        assert set(planned) == set(done)
    assert bool(writes(world, mark)) is done["changed"]
    if done.get("failed"):
        assert done["unmet_requirements"]
        return
    found = [store["ConnectionState"] for store in stores(world)]
    if goal in REACHED:
        assert found == ([REACHED[goal]] if REACHED[goal] else [])
    assert [store["XksProxyConfiguration"]["UriPath"] for store in stores(world)] == [OTHER_PATH] * len(found)
    mark = last(world)
    again = run(world, **options)
    assert (again["changed"], writes(world, mark)) == (False, [])
