# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event history: what each call looks like in CloudTrail's records."""

from __future__ import annotations

import itertools
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .. import access, calllog, moto_base
from ..ec2 import graph
from ..ec2.endpoint_policy import role_of
from ..ec2.endpoint_state import Endpoint
from ..protocol import HttpRequest, HttpResponse, Identified
from ..world import World

DAYS = 90
VPCE_DENIED = "VpceAccessDenied"
_KEPT = 20_000
_KEY_NAMES = ("KeyId", "SourceKeyId", "DestinationKeyId", "TargetKeyId")
# moto's ciphertexts begin with the id of their key.
_KEY_ID_LENGTH = 36


@dataclass
class Event:
    """One call, and what only CloudTrail wants to know of it."""

    seq: int
    at: float
    entry: dict[str, Any]
    account: str
    arn: str
    source: str
    address: str
    agent: str
    host: str
    message: str
    # ARNs of the KMS keys that it used.
    keys: list[str]
    endpoint: Endpoint | None
    # Whether the policy of the endpoint denied it.
    denied: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def username(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def read_only(self) -> bool:
        return not self.entry["mutating"]


class History:
    """The events of one account and region, oldest first."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=_KEPT)
        # When the last requests of LookupEvents came.
        self.lookups: deque[float] = deque(maxlen=100)


_numbers = itertools.count(1)


def make_event(
    world: World,
    identified: Identified,
    request: HttpRequest,
    entry: dict[str, Any],
    answer: HttpResponse,
    message: str,
    endpoint: Endpoint | None,
    denied: bool,
) -> Event:
    """The event of a call that was answered."""
    account = world.account_of(identified.access_key)
    return Event(
        seq=next(_numbers),
        at=world.clock.now(),
        entry=entry,
        account=account,
        arn=access.caller(identified.access_key, account, identified.region, world.settings),
        source=f"{access.IAM_PREFIX.get(identified.service, identified.service)}.amazonaws.com",
        address=_address(endpoint, identified.region),
        agent=request.headers.get("user-agent", ""),
        host=request.headers.get("host", ""),
        message=message,
        keys=keys_of(identified, account, entry["params"], answer.body) if identified.service == "kms" else [],
        endpoint=endpoint,
        denied=denied,
    )


def _address(endpoint: Endpoint | None, region: str) -> str:
    """Calls through an endpoint come from a private address of its VPC."""
    if endpoint is None:
        return "127.0.0.1"
    networks = graph.vpc_networks(endpoint.account, region, endpoint.vpc_id)
    return str(networks[0].network_address + 10) if networks else "10.0.0.10"


def keys_of(identified: Identified, account: str, params: dict[str, Any], body: bytes = b"") -> list[str]:
    """ARNs of the keys that a call to KMS names by id, ARN or alias, or whose ciphertext it brings."""
    backend = moto_base.backend("kms", account, identified.region)
    names = [str(params[name]) for name in _KEY_NAMES if name in params]
    blob = params.get("CiphertextBlob")
    if not names and isinstance(blob, bytes):
        names = [blob[:_KEY_ID_LENGTH].decode("ascii", "replace")]
    if not names and identified.operation == "CreateKey" and body:
        names = [json.loads(body).get("KeyMetadata", {}).get("KeyId", "")]
    known = [backend.keys.get(_key_id(backend, name)) for name in names]
    return [str(key.arn) for key in known if key is not None]


def _key_id(backend: Any, name: str) -> str:
    try:
        return str(backend.any_id_to_key_id(name))
    except AttributeError:
        # moto looks into the key of an alias that does not exist.
        return ""


def record(event: Event, category: str = "Management") -> dict[str, Any]:
    """The JSON record. Of network activity, without parameters; a caller of another account is its account only."""
    entry, network = event.entry, category == "NetworkActivity"
    found: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(event, network),
        "eventTime": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": event.source,
        "eventName": entry["action"],
        "awsRegion": entry["region"],
        "sourceIPAddress": event.address,
    }
    found |= _error(event, network)
    if not network:
        found |= {
            "userAgent": event.agent,
            "requestParameters": _parameters(entry["params"]) or None,
            "responseElements": None,
            "readOnly": event.read_only,
            "resources": [
                {"accountId": arn.split(":")[4], "type": "AWS::KMS::Key", "ARN": arn} for arn in event.keys
            ],
            "managementEvent": True,
            "tlsDetails": {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": event.host},
        }
    found |= {
        "requestID": entry["request_id"],
        "eventID": event.id if not network else str(uuid.uuid4()),
        "eventType": "AwsVpceEvent" if network else "AwsApiCall",
        "recipientAccountId": event.endpoint.account if network and event.endpoint else event.account,
        "eventCategory": category,
    }
    if event.endpoint is not None:
        found |= {"vpcEndpointId": event.endpoint.id, "vpcEndpointAccountId": event.endpoint.account}
    return found


def _error(event: Event, network: bool) -> dict[str, str]:
    if network:
        text = "The request was denied due to a VPC endpoint policy"
        return {"errorCode": VPCE_DENIED, "errorMessage": text} if event.denied else {}
    code = event.entry["error"]
    prefix = "Client." if event.source == "ec2.amazonaws.com" else ""
    return {"errorCode": prefix + code, "errorMessage": event.message} if code else {}


def _identity(event: Event, network: bool) -> dict[str, Any]:
    key = event.entry["access_key"]
    if network and event.endpoint is not None and event.endpoint.account != event.account:
        return {"type": "AWSAccount", "principalId": key, "accountId": event.account}
    common = {"arn": event.arn, "accountId": event.account, "accessKeyId": key}
    if ":assumed-role/" not in event.arn:
        return {"type": "IAMUser", "principalId": "AIDAEMULATED000000000", **common, "userName": event.username}
    role = role_of(event.arn)
    issuer = {
        "type": "Role", "principalId": "AROAEMULATED000000000", "arn": role, "accountId": event.account,
        "userName": role.rpartition("/")[2],
    }
    principal = f"AROAEMULATED000000000:{event.username}"
    return {"type": "AssumedRole", "principalId": principal, **common, "sessionContext": {"sessionIssuer": issuer}}


def _parameters(params: dict[str, Any]) -> dict[str, Any]:
    """Names begin with a small letter; secrets, plaintexts and ciphertexts are left out."""
    return {
        name[:1].lower() + name[1:]: value
        for name, value in params.items()
        if name not in calllog.SECRETS and not isinstance(value, bytes)
    }
