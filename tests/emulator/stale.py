# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client read before the last write, for reads that come too early."""

from __future__ import annotations

import re
import time
from collections import OrderedDict

from .errors import AwsError
from .protocol import HttpResponse, Identified

_KEPT = 500
_ID = re.compile(rb"\b(?:[a-z]+(?:-[a-z]+)?-[0-9a-f]{17}|cks-[0-9a-f]{17})\b")
# Kind of id -> the code with which EC2 denies that it exists.
_NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "rtb": "InvalidRouteTableID.NotFound",
    "vpce-svc": "InvalidVpcEndpointServiceId.NotFound",
    "vpce": "InvalidVpcEndpointId.NotFound",
    "cks": "CustomKeyStoreNotFoundException",
}


class Memory:
    """The last answers to reads, and what the last write made."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, str, str], tuple[int, HttpResponse]] = OrderedDict()
        self._writes = 0
        self._written_at = 0.0
        self._made: set[str] = set()
        self._seen: set[str] = set()

    def wrote(self, now: float, body: bytes) -> None:
        self._writes += 1
        self._written_at = now
        ids = {found.decode() for found in _ID.findall(body)}
        self._made = ids - self._seen
        self._seen |= ids

    def read(self, identified: Identified, params: str, response: HttpResponse) -> None:
        self._seen |= {found.decode() for found in _ID.findall(response.body)}
        key = self._key(identified, params)
        self._answers[key] = (self._writes, response)
        self._answers.move_to_end(key)
        if len(self._answers) > _KEPT:
            self._answers.popitem(last=False)

    def before_last_write(
        self, identified: Identified, params: str, window: float, request_id: str
    ) -> HttpResponse | None:
        """The answer of before, a NotFound for what the write made, or None to answer truly."""
        if time.monotonic() - self._written_at > window:
            return None
        for made in self._made:
            if f'"{made}"' in params:
                kind = made.rsplit("-", 1)[0]
                raise AwsError(_NOT_FOUND.get(kind, "ResourceNotFound"), f"The ID '{made}' does not exist")
        known = self._answers.get(self._key(identified, params))
        if known is None:
            return None
        answer = known[1]
        return HttpResponse(answer.status, answer.body, {**answer.headers, "x-amzn-RequestId": request_id})

    def _key(self, identified: Identified, params: str) -> tuple[str, str, str, str]:
        return identified.service, identified.operation, identified.region, params
