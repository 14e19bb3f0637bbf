# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that exists in the emulated AWS, and the means to make it move."""

from __future__ import annotations

import secrets
from typing import Any, TypeVar

from .clock import Clock
from .settings import Settings

Store = TypeVar("Store")

# The account that the endpoints of AWS's own services belong to, as far as their other side can tell.
KMS_ACCOUNT = "810000000001"


class World:
    """Settings, clock and one store of each kind per account and region."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self._stores: dict[tuple[type[Any], str, str], Any] = {}
        self._tokens: dict[tuple[str, ...], tuple[dict[str, Any], Any]] = {}
        # Key store id or name -> the ConnectionErrorCode (or "CONNECTED") its next connect ends with.
        self.outcomes: dict[str, str] = {}

    def store(self, kind: type[Store], account: str, region: str) -> Store:
        found = self._stores.get((kind, account, region))
        if found is None:
            found = self._stores[kind, account, region] = kind()
        result: Store = found
        return result

    def stores(self, kind: type[Store]) -> list[tuple[str, str, Store]]:
        """All the stores of a kind, with account and region: for what AWS looks up across accounts."""
        return [(key[1], key[2], found) for key, found in list(self._stores.items()) if key[0] is kind]

    def account_of(self, access_key: str) -> str:
        return self.settings.accounts.get(access_key, self.settings.account)

    def tokens(self) -> dict[tuple[str, ...], tuple[dict[str, Any], Any]]:
        """Client tokens: (account, region, operation, token) -> the parameters and the answer of the first call."""
        return self._tokens

    def clear(self) -> None:
        self._stores.clear()
        self._tokens.clear()
        self.outcomes.clear()
        self.clock = Clock()


def hex_id(prefix: str, length: int = 17) -> str:
    return f"{prefix}{secrets.token_hex((length + 1) // 2)[:length]}"


def partition(region: str) -> str:
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if region.startswith(start):
            return name
    return "aws"
