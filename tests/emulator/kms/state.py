# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom key stores and the keys in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..errors import AwsError
from ..registry import Call

CLOUDHSM = "AWS_CLOUDHSM"
EXTERNAL = "EXTERNAL_KEY_STORE"
VPC_CONNECTIVITY = "VPC_ENDPOINT_SERVICE"
PUBLIC_CONNECTIVITY = "PUBLIC_ENDPOINT"


@dataclass
class XksProxy:
    """How KMS reaches the proxy of an external key store."""

    connectivity: str
    uri_endpoint: str
    uri_path: str
    access_key_id: str
    secret: str
    service_name: str | None = None
    service_owner: str | None = None

    @property
    def uri(self) -> str:
        return self.uri_endpoint + self.uri_path

    @property
    def server_name(self) -> str:
        return self.uri_endpoint.removeprefix("https://")


@dataclass
class HsmSide:
    """How KMS reaches the cluster of a CloudHSM key store."""

    cluster_id: str
    trust_anchor: str
    password: str


@dataclass
class KeyStore:
    """A custom key store of either kind."""

    id: str
    name: str
    kind: str
    account: str
    region: str
    created: datetime
    proxy: XksProxy | None = None
    hsm: HsmSide | None = None
    state: str = "DISCONNECTED"
    error_code: str | None = None
    # Counts connects and disconnects, so that one that was overtaken changes nothing.
    round: int = 0
    # What an update of a connected store replaced, while some of KMS's hosts go on with it; and how many updates
    # and uses there were.
    former: list[XksProxy] = field(default_factory=list)
    updates: int = 0
    uses: int = 0
    # What a connected store put into the network: endpoint and interfaces.
    endpoint_id: str | None = None
    group_id: str | None = None
    interfaces: list[str] = field(default_factory=list)


@dataclass
class StoredKey:
    """A KMS key that lives in a store."""

    key_id: str
    store_id: str
    external_id: str | None


class KeyStores:
    """Key stores of one account and region, and their keys by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, KeyStore] = {}
        self.keys: dict[str, StoredKey] = {}


def key_store(call: Call, store_id: str) -> KeyStore:
    found = call.store(KeyStores).by_id.get(store_id)
    if found is None:
        raise AwsError("CustomKeyStoreNotFoundException", f"The custom key store {store_id} was not found.")
    return found


def invalid_state(store: KeyStore, doing: str) -> AwsError:
    text = f"The custom key store {store.id} is in state {store.state}, in which you cannot {doing}."
    return AwsError("CustomKeyStoreInvalidStateException", text)
