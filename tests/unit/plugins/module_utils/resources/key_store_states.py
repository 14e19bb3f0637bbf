# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key stores as AWS KMS describes them, and options that name them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import blocking
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_view as views

REGION = "eu-central-1"
SERVICE_NAME = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0"
OTHER_SERVICE = "com.amazonaws.vpce.eu-central-1.vpce-svc-0fedcba9876543210"
SECRET = "c2VjcmV0LW9mLXRoZS1wcm94eS1uZXZlci1wcmludGVkIQ=="
GOALS = ("connected", "disconnected", "present", "absent")
STATES = ("CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING")
CREATE, UPDATE = "create_key_store", "kms.update_custom_key_store"
CONNECT, DISCONNECT = "kms.connect_custom_key_store", "kms.disconnect_custom_key_store"
DELETE = "kms.delete_custom_key_store"


def params(**others: Any) -> dict[str, Any]:
    return {
        "state": "connected",
        "custom_key_store_name": "payments",
        "custom_key_store_id": None,
        "new_custom_key_store_name": None,
        "xks_proxy_connectivity": None,
        "xks_proxy_uri_endpoint": "https://xks-proxy.example.com",
        "xks_proxy_uri_path": "/kms/xks/v1",
        "xks_proxy_vpc_endpoint_service_name": SERVICE_NAME,
        "xks_proxy_vpc_endpoint_service_owner": None,
        "xks_proxy_authentication_credential": {
            "access_key_id": "ABCDEFGHIJKLMNOPQRST",
            "raw_secret_access_key": SECRET,
        },
        "force_update_credential": False,
        "effective_after": 0,
        "verify_key_id": None,
        "recover_failed": True,
        "transient_retries": 2,
        "transient_retry_delay": 120,
        "force": False,
        "wait": True,
        "wait_timeout": 1200,
        **others,
    }


def bare(**others: Any) -> dict[str, Any]:
    """Options that name a store and say nothing about it."""
    given = {key: None for key in params() if key.startswith("xks_proxy")}
    return params(**{**given, **others})


def raw(state: str = "CONNECTED", name: str = "payments", number: int = 1, **proxy: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "CustomKeyStoreId": f"cks-{number:017x}",
        "CustomKeyStoreName": name,
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "ConnectionState": state,
        "CreationDate": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "XksProxyConfiguration": {
            "Connectivity": "VPC_ENDPOINT_SERVICE",
            "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
            "UriEndpoint": "https://xks-proxy.example.com",
            "UriPath": "/kms/xks/v1",
            "VpcEndpointServiceName": SERVICE_NAME,
            "VpcEndpointServiceOwner": "123456789012",
            **proxy,
        },
    }
    if state == "FAILED":
        found["ConnectionErrorCode"] = "XKS_PROXY_NOT_REACHABLE"
    return found


def service(**others: Any) -> dict[str, Any]:
    own = {
        "ServiceState": "Available",
        "NetworkLoadBalancerArns": ["arn"],
        "AcceptanceRequired": False,
        "SupportedIpAddressTypes": ["ipv4"],
        "AvailabilityZones": ["eu-central-1a", "eu-central-1b"],
        "PrivateDnsName": "from-the-service.example.com",
        "PrivateDnsNameConfiguration": {"State": "verified"},
    }
    principals = [{"Principal": "cks.kms.eu-central-1.amazonaws.com"}]
    return {"name": SERVICE_NAME, "own": own, "principals": principals, "seen": None, "denied": "", **others}


def neighbour(number: int = 2) -> dict[str, Any]:
    endpoint = f"https://xks-{number}.example.com"
    service = f"com.amazonaws.vpce.eu-central-1.vpce-svc-{number:017x}"
    return raw("CONNECTED", f"store-{number}", number, UriEndpoint=endpoint, VpcEndpointServiceName=service)


def view(given: dict[str, Any], *stores: dict[str, Any]) -> dict[str, Any]:
    return views.normalise(given, REGION, stores)


def keys(found: dict[str, Any], *states: str, unreadable: int = 0) -> dict[str, Any]:
    metadata = [{"KeyId": f"key-{number}", "KeyState": state} for number, state in enumerate(states)]
    return views.with_keys(found, {"keys": metadata[::-1], "unreadable": ["?"] * unreadable})


def verbs(plan: Plan) -> list[str]:
    return [step.verb for step in plan.steps]


def stops(plan: Plan) -> list[str]:
    return [item.number for item in blocking(plan.unmet)]
