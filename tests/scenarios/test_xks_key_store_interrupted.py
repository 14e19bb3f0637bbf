# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_key_store, killed at each call that writes, before and after its effect: the next run finishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws

from emulator.proxy import XksProxy
from scenarios import prerequisites as before
from scenarios.key_stores import NEW, connected, kms, last, run, stores

READS = ("describe_", "list_", "get_", "encrypt")
CREATE, CONNECT, DISCONNECT, UPDATE, DELETE = (
    f"{verb}CustomKeyStore" for verb in ("Create", "Connect", "Disconnect", "Update", "Delete")
)
OTHER_PATH = "/new/kms/xks/v1"


class Killed(BaseException):
    """The end of a process, which no code of it sees."""


def kill(monkeypatch: pytest.MonkeyPatch, number: int, after: bool) -> None:
    """Let the process die at its write NUMBER, before it leaves or after it arrived."""
    call = Aws.call
    written = [0]

    def mortal(self: Aws, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation.startswith(READS):
            return call(self, service, operation, **arguments)
        written[0] += 1
        if written[0] == number and not after:
            raise Killed
        answer = call(self, service, operation, **arguments)
        if written[0] == number:
            raise Killed
        return answer

    monkeypatch.setattr(Aws, "call", mortal)


def nothing(world: Any, service: before.EndpointService) -> None:
    """An account without the store."""


def up(world: Any, service: before.EndpointService) -> None:
    connected(world, service)


def down(world: Any, service: before.EndpointService) -> None:
    connected(world, service, state="disconnected")


def failed(world: Any, service: before.EndpointService) -> None:
    run(world, **before.options(service, xks_proxy_uri_path="/wrong/kms/xks/v1"))


Start = Callable[[Any, before.EndpointService], None]
# What there is at first, the options, the calls of a run that nobody kills, and the state in the end.
JOBS: dict[str, tuple[Start, dict[str, Any], list[str], str | None]] = {
    "create": (nothing, {}, [CREATE, CONNECT], "CONNECTED"),
    "connect": (down, {}, [CONNECT], "CONNECTED"),
    "disconnect": (up, {"state": "disconnected"}, [DISCONNECT], "DISCONNECTED"),
    "rotate": (up, {"xks_proxy_authentication_credential": NEW, "effective_after": 1}, [UPDATE], "CONNECTED"),
    "change at rest": (
        up,
        {"xks_proxy_uri_path": OTHER_PATH, "force": True, "live": False},
        [DISCONNECT, UPDATE, CONNECT],
        "CONNECTED",
    ),
    "recover": (failed, {}, [DISCONNECT, UPDATE, CONNECT], "CONNECTED"),
    "absent": (up, {"state": "absent"}, [DISCONNECT, DELETE], None),
    "absent from failed": (failed, {"state": "absent"}, [DISCONNECT, DELETE], None),
}
DEATHS = [
    pytest.param(name, number, after, id=f"{name} {'after' if after else 'before'} {calls[number]}")
    for name, (_start, _options, calls, _state) in JOBS.items()
    for number in range(len(calls))
    for after in (False, True)
]


@pytest.mark.parametrize(("name", "number", "after"), DEATHS)
def test_the_next_run_finishes_it_with_nothing_twice(
    world: Any, service: before.EndpointService, proxy: XksProxy, name: str, number: int, after: bool
) -> None:
    start, given, calls, state = JOBS[name]
    start(world, service)
    options = before.options(service, **given)
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    proxy.api.more_bases.append(OTHER_PATH)
    world.configure(live_updates=options.pop("live", True))
    mark = last(world)
    with pytest.MonkeyPatch.context() as patch:
        refused = name == "change at rest"
        kill(patch, number + 1 + refused, after)
        with pytest.raises(Killed):
            run(world, context=runner.Context(), **options)
    done = run(world, **options)
    assert not done.get("failed"), done
    effective = [call["action"] for call in world.calls(mutating=True, since=mark) if not call["error"]]
    assert effective == calls
    assert [store["ConnectionState"] for store in stores(world)] == ([state] if state else [])
    mark = last(world)
    assert run(world, **{**options, "effective_after": 0})["changed"] is False
    assert world.calls(mutating=True, since=mark) == []


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException"])
def test_what_aws_asks_to_repeat_is_repeated(
    world: Any, service: before.EndpointService, proxy: XksProxy, code: str
) -> None:
    for action in (CREATE, CONNECT):
        world.fault("error", action=action, code=code, status=500 if "Internal" in code else 400)
    connected(world, service)
    (store,) = kms(world).describe_custom_key_stores()["CustomKeyStores"]
    assert store["ConnectionState"] == "CONNECTED"


@pytest.mark.parametrize(
    ("action", "options", "state"),
    [
        (CREATE, {"custom_key_store_name": "new"}, "CONNECTED"),
        (CONNECT, {}, "CONNECTED"),
        (UPDATE, {"xks_proxy_authentication_credential": NEW}, "CONNECTED"),
        (DISCONNECT, {"state": "disconnected"}, "DISCONNECTED"),
        (DISCONNECT, {"state": "absent"}, None),
        (DELETE, {"state": "absent"}, None),
    ],
)
def test_a_lost_answer_is_no_failure(
    world: Any, service: before.EndpointService, proxy: XksProxy, action: str, options: dict[str, Any],
    state: str | None,
) -> None:
    """botocore repeats the call, and AWS KMS refuses to do again what it has done."""
    proxy.credentials[NEW["access_key_id"]] = NEW["raw_secret_access_key"]
    if action != CREATE:
        connected(world, service, state="connected" if action in (DISCONNECT, DELETE) else "disconnected")
    world.fault("reset_after", action=action)
    done = run(world, **before.options(service, **options))
    assert not done.get("failed"), done
    assert [store["ConnectionState"] for store in stores(world)] == ([state] if state else [])
