# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that the emulator answers itself, by service and name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import AwsError
from .settings import Settings
from .world import World, partition

Store = TypeVar("Store")
Handler = Callable[["Call"], "dict[str, Any]"]
Answer = TypeVar("Answer", bound=Handler)

OPERATIONS: dict[tuple[str, str], Handler] = {}


@dataclass
class Call:
    """One validated request: who asks what of which service in which region."""

    world: World
    service: str
    operation: str
    params: dict[str, Any]
    region: str
    account: str
    access_key: str
    # Carries a request of this service out by moto, whose backends hold whatever is not emulated here.
    moto: Callable[[str, dict[str, Any]], dict[str, Any]]
    # Condition keys that say through which endpoint the call came, if any.
    source: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def partition(self) -> str:
        return partition(self.region)

    def store(self, kind: type[Store]) -> Store:
        return self.world.store(kind, self.account, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def by_moto(self) -> dict[str, Any]:
        return self.moto(self.operation, self.params)

    def later(self, delay: str, action: Callable[[], None]) -> None:
        self.world.clock.after(self.settings.delay(delay), action)

    def once(self, token: str | None, answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The idempotence of a ClientToken: same token and parameters give the first answer again."""
        if not token:
            return answer()
        key = (self.account, self.region, self.operation, token)
        known = self.world.tokens().get(key)
        if known is None:
            result = answer()
            self.world.tokens()[key] = (json.loads(json.dumps(self.params, default=str)), result)
            return result
        if known[0] != json.loads(json.dumps(self.params, default=str)):
            raise AwsError(
                "IdempotentParameterMismatch",
                f"The client token {token} was used before with other parameters: the request must be identical.",
            )
        first: dict[str, Any] = known[1]
        return first


def operation(service: str, *names: str) -> Callable[[Answer], Answer]:
    """Register a function as the answer to one or more operations of a service."""

    def register(handler: Answer) -> Answer:
        for name in names:
            OPERATIONS[service, name] = handler
        return handler

    return register
