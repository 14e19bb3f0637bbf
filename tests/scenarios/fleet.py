# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key stores of both types in several Regions, in the states that an audit has to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios import prerequisites as before
from scenarios.harness import CONNECTION

REGIONS = ["eu-central-1", "eu-west-1", "us-east-1"]
ACCOUNT = "123456789012"
ANCHOR = "-----BEGIN CERTIFICATE-----\nemulated\n-----END CERTIFICATE-----"
BROKEN = "XKS_PROXY_INVALID_TLS_CONFIGURATION"


@dataclass(frozen=True)
class Fleet:
    """The ids of the key stores. payments is connected, broken and vault FAILED, ledger was never connected."""

    payments: str
    broken: str
    ledger: str
    vault: str


def build(emulator: Any) -> Fleet:
    """Two external key stores in the first Region, and a CloudHSM key store in each of the others."""
    ledger, _cluster = cloudhsm(emulator, REGIONS[1], "ledger")
    vault, cluster = cloudhsm(emulator, REGIONS[2], "vault")
    emulator.cloudhsm(id=cluster, region=REGIONS[2], hsms=[])
    connect(emulator, REGIONS[2], vault)
    payments = external(emulator, "payments", "CONNECTED")
    for number, state in enumerate(("Enabled", "Disabled", "Enabled")):
        key(emulator, payments, f"key-{number}", state)
    return Fleet(payments, external(emulator, "broken", BROKEN), ledger, vault)


def external(emulator: Any, name: str, outcome: str) -> str:
    """An external key store of the first Region over an endpoint service, whose connect ends with OUTCOME."""
    service = before.endpoint_service(emulator.url, f"{name}.example.com", name=name)
    made = before.client(emulator.url, "kms").create_custom_key_store(
        CustomKeyStoreName=name,
        CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyConnectivity="VPC_ENDPOINT_SERVICE",
        XksProxyUriEndpoint=f"https://{service.private_dns_name}",
        XksProxyUriPath=before.URI_PATH,
        XksProxyVpcEndpointServiceName=service.service_name,
        XksProxyAuthenticationCredential={
            "AccessKeyId": before.CREDENTIAL["access_key_id"],
            "RawSecretAccessKey": before.CREDENTIAL["raw_secret_access_key"],
        },
    )["CustomKeyStoreId"]
    emulator.outcome(made, outcome)
    connect(emulator, before.REGION, made)
    return str(made)


def cloudhsm(
    emulator: Any, region: str, name: str, account: str = ACCOUNT, access_key: str = CONNECTION["access_key"]
) -> tuple[str, str]:
    """A CloudHSM key store that was never connected, and its cluster."""
    cluster = str(emulator.cloudhsm(account=account, region=region, hsms=[f"{region}a", f"{region}b"])["id"])
    made = before.client(emulator.url, "kms", access_key, region).create_custom_key_store(
        CustomKeyStoreName=name, CloudHsmClusterId=cluster, TrustAnchorCertificate=ANCHOR, KeyStorePassword="kmsPswd"
    )
    return str(made["CustomKeyStoreId"]), cluster


def connect(emulator: Any, region: str, store_id: str) -> None:
    kms = before.client(emulator.url, "kms", region=region)
    kms.connect_custom_key_store(CustomKeyStoreId=store_id)
    # What a connect leads to is there at the next request.
    kms.describe_custom_key_stores(CustomKeyStoreId=store_id)


def key(emulator: Any, store_id: str, external_id: str, state: str) -> str:
    kms = before.client(emulator.url, "kms")
    made = kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store_id, XksKeyId=external_id)
    key_id = str(made["KeyMetadata"]["KeyId"])
    if state == "Disabled":
        kms.disable_key(KeyId=key_id)
    return key_id
