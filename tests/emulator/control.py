# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API under /_emulator/, a path that no AWS client asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from . import cloudhsm, cloudwatch, managed_nodes
from .errors import ClientFault
from .front import Front
from .protocol import HttpRequest, HttpResponse

PREFIX = "/_emulator/"


class Control:
    """Looks into the emulator and changes it from outside."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any], dict[str, str]], Any]] = {
            ("GET", "health"): lambda body, query: {"status": "ok"},
            ("GET", "config"): lambda body, query: asdict(front.world.settings),
            ("PUT", "config"): self._configure,
            ("POST", "reset"): self._reset,
            ("GET", "clock"): lambda body, query: {"now": front.world.clock.now()},
            ("POST", "clock"): self._advance,
            ("GET", "calls"): lambda body, query: {"calls": front.log.entries(query)},
            ("DELETE", "calls"): lambda body, query: front.log.clear(),
            ("GET", "faults"): lambda body, query: {"faults": front.faults.list()},
            ("POST", "faults"): lambda body, query: front.faults.add(body),
            ("DELETE", "faults"): lambda body, query: front.faults.clear(),
            ("GET", "outcomes"): lambda body, query: {"outcomes": front.world.outcomes},
            ("PUT", "outcomes"): self._outcomes,
            ("DELETE", "outcomes"): lambda body, query: front.world.outcomes.clear(),
            ("PUT", "cloudhsm"): self._cloudhsm,
            ("PUT", "managed_nodes"): lambda body, query: managed_nodes.seed(front.world, body),
            ("PUT", "metrics"): lambda body, query: cloudwatch.seed(front.world, body),
        }

    def handle(self, request: HttpRequest) -> HttpResponse:
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX).strip("/")))
        if route is None:
            known = sorted(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return _json(404, {"error": "no such control call", "known": known})
        try:
            body = json.loads(request.body) if request.body else {}
            with self._front.lock:
                return _json(200, route(body, dict(parse_qsl(request.query))) or {})
        except (ClientFault, ValueError, TypeError, KeyError) as error:
            return _json(400, {"error": f"{type(error).__name__}: {error}"})

    def _configure(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._front.world.settings.update(body)
        return asdict(self._front.world.settings)

    def _reset(self, body: dict[str, Any], query: dict[str, str]) -> None:
        self._front.reset()

    def _advance(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, float]:
        clock = self._front.world.clock
        clock.run_due()
        clock.advance(float(body["advance"]))
        clock.run_due()
        return {"now": clock.now()}

    def _outcomes(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._front.world.outcomes.update(body)
        return {"outcomes": self._front.world.outcomes}

    def _cloudhsm(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return cloudhsm.seed(self._front.world, body)


def _json(status: int, document: Any) -> HttpResponse:
    return HttpResponse(status, json.dumps(document, default=str).encode(), {"Content-Type": "application/json"})
