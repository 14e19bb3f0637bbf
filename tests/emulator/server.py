# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a whole: in this process, on a thread of its own, or in the foreground."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from . import cloudhsm, cloudwatch, managed_nodes, moto_base, public_dns, services
from .calllog import CallLog
from .control import PREFIX, Control
from .front import Front
from .listener import Listener
from .protocol import HttpRequest, HttpResponse
from .settings import Settings
from .world import World


class Emulator:
    """A running emulator; stop it, or use it as a context manager."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        dns_port: int | None = None,
        call_log: str | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings()
        self.settings.update(settings)
        self._started_with = dict(settings)
        # A port that is taken is found before the time for the rest is spent; who connects early waits.
        self._listener = Listener(host, port, self._handle)
        services.load()
        moto_base.preload(self.settings.region, self.settings.account)
        self.world = World(self.settings)
        self._log = CallLog(call_log)
        self.front = Front(self.world, self._log)
        self._control = Control(self.front)
        self._thread: threading.Thread | None = None
        self._dns = public_dns.serve(self.world, self.front.lock, host, dns_port) if dns_port is not None else None

    @property
    def url(self) -> str:
        host, port = self._listener.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def dns_port(self) -> int | None:
        return None if self._dns is None else int(self._dns.port)

    def serve_forever(self) -> None:
        self._listener.serve_forever(poll_interval=0.1)

    def start(self) -> Emulator:
        self._thread = threading.Thread(target=self.serve_forever, name="emulator", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._listener.stopping.set()
        if self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
        self.close()

    def close(self) -> None:
        self._listener.server_close()
        if self._dns is not None:
            self._dns.stop()

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The call log, filtered by mutating, service, action, region, since."""
        with self.front.lock:
            return self._log.entries({name: str(value) for name, value in wanted.items()})

    def reset(self, **settings: Any) -> None:
        """An empty account again, with the settings of the start unless others are given."""
        with self.front.lock:
            fresh = Settings()
            fresh.update({**self._started_with, **settings})
            vars(self.settings).update(vars(fresh))
            self.front.reset()

    def configure(self, **settings: Any) -> None:
        with self.front.lock:
            self.settings.update(settings)

    def fault(self, kind: str, **rule: Any) -> dict[str, Any]:
        """Break calls: kind, service, action, contains, times, skip, code, message, status, seconds."""
        with self.front.lock:
            return self.front.faults.add({"kind": kind, **rule})

    def clear_faults(self) -> None:
        with self.front.lock:
            self.front.faults.clear()

    def outcome(self, store: str, code: str) -> None:
        """End every connect of a key store (id, name or "*") with a ConnectionErrorCode, or with CONNECTED."""
        with self.front.lock:
            self.world.outcomes[store] = code

    def clear_outcomes(self) -> None:
        with self.front.lock:
            self.world.outcomes.clear()

    def cloudhsm(self, **cluster: Any) -> dict[str, Any]:
        """Make, change or forget a CloudHSM cluster."""
        with self.front.lock:
            return cloudhsm.seed(self.world, cluster)

    def managed_node(self, **node: Any) -> dict[str, Any]:
        """Make, change or forget a managed node of Systems Manager."""
        with self.front.lock:
            return managed_nodes.seed(self.world, node)

    def metric(self, **datum: Any) -> dict[str, Any]:
        """Record a value of a CloudWatch metric."""
        with self.front.lock:
            return cloudwatch.seed(self.world, datum)

    def advance(self, seconds: float) -> None:
        """Push the clock; everything that is due by then has happened afterwards."""
        with self.front.lock:
            clock = self.world.clock
            clock.run_due()
            clock.advance(seconds)
            clock.run_due()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PREFIX):
            return self._control.handle(request)
        return self.front.handle(request)


def start(**settings: Any) -> Emulator:
    """Start an emulator in this process; host, port, dns_port, call_log and every setting can be given."""
    return Emulator(**settings).start()
