# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a call: through an interface endpoint, by its host name or by its VPC's private DNS, or not."""

from __future__ import annotations

import re

from ..access import IAM_PREFIX
from ..errors import AwsError
from ..protocol import HttpRequest, Identified
from ..world import World
from .endpoint_state import Endpoint, Endpoints

_HOST = re.compile(r"(vpce-[0-9a-f]{17})-[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+\.vpce\.amazonaws\.com(:\d+)?")


def through(world: World, identified: Identified, request: HttpRequest) -> Endpoint | None:
    """The endpoint that a call comes through. A host name of an endpoint that does not serve it leads nowhere."""
    named = _HOST.fullmatch(request.headers.get("host", ""))
    if named is not None:
        found = _by_id(world, named.group(1))
        if found is None or found.state != "available" or not _serves(found, identified):
            raise AwsError("InternalFailure", f"The emulator has no endpoint for {named.group(0)}.", 500)
        return found
    vpc_id = world.settings.callers_in_vpc.get(identified.access_key)
    for found in _endpoints(world) if vpc_id else ():
        private = found.vpc_id == vpc_id and found.private_dns and found.state == "available"
        if private and _serves(found, identified):
            return found
    return None


def _by_id(world: World, endpoint_id: str) -> Endpoint | None:
    return next((found for found in _endpoints(world) if found.id == endpoint_id), None)


def _endpoints(world: World) -> list[Endpoint]:
    """Of all accounts: whoever can reach an endpoint can call through it."""
    return [found for dummy, dummy, store in world.stores(Endpoints) for found in store.by_id.values()]


def _serves(endpoint: Endpoint, identified: Identified) -> bool:
    code = endpoint.service_name.rpartition(".")[2].removesuffix("-fips")
    return code in (identified.service, IAM_PREFIX.get(identified.service, identified.service))
