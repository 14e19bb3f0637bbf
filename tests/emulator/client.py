# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control of an emulator in another process, with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode


def call_through(client: Any, host: str) -> Any:
    """Let a boto3 client call its service by a host name of an interface endpoint, at the emulator's address."""

    def name(request: Any, **dummy: Any) -> None:
        request.headers["Host"] = host

    client.meta.events.register(f"before-sign.{client.meta.service_model.service_id.hyphenize()}", name)
    return client


class Emulator:
    """The control API of the emulator at a URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The call log, filtered by mutating, service, action, region, since."""
        found: list[dict[str, Any]] = self._ask("GET", "calls?" + urlencode(wanted))["calls"]
        return found

    def configure(self, **settings: Any) -> dict[str, Any]:
        return self._ask("PUT", "config", settings)

    def config(self) -> dict[str, Any]:
        return self._ask("GET", "config")

    def reset(self) -> None:
        self._ask("POST", "reset")

    def advance(self, seconds: float) -> None:
        """Push the clock; everything that is due by then has happened afterwards."""
        self._ask("POST", "clock", {"advance": seconds})

    def fault(self, kind: str, **rule: Any) -> dict[str, Any]:
        """Break calls: kind, service, action, contains, times, skip, code, message, status, seconds."""
        return self._ask("POST", "faults", {"kind": kind, **rule})

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def outcome(self, store: str, code: str) -> None:
        """End every connect of a key store (id or name) with a ConnectionErrorCode, or with CONNECTED."""
        self._ask("PUT", "outcomes", {store: code})

    def clear_outcomes(self) -> None:
        self._ask("DELETE", "outcomes")

    def cloudhsm(self, **cluster: Any) -> dict[str, Any]:
        """Make or change a CloudHSM cluster; see the README for its members."""
        return self._ask("PUT", "cloudhsm", cluster)

    def managed_node(self, **node: Any) -> dict[str, Any]:
        """Make, change or forget a managed node of Systems Manager; see the README for its members."""
        return self._ask("PUT", "managed_nodes", node)

    def metric(self, **datum: Any) -> dict[str, Any]:
        """Record a value of a CloudWatch metric; see the README for its members."""
        return self._ask("PUT", "metrics", datum)

    def healthy(self) -> bool:
        try:
            return bool(self._ask("GET", "health")["status"] == "ok")
        except OSError:
            return False

    def _ask(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise ValueError(json.loads(error.read())["error"]) from error
