# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an external key store demands of its options, of its neighbours and of its endpoint service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.key_store_view import (
    AT_REST,
    PUBLIC_CONNECTIVITY,
    SERVICE,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

SCHEME = "https://"
QUOTA = 10
# The patterns and lengths of AWS's model of KMS.
_ENDPOINT = re.compile(r"https://[a-zA-Z0-9.-]+")
_PATH = re.compile(r"(/[a-zA-Z0-9/_-]+)?/kms/xks/v\d{1,2}")
_PATH_LENGTH = (10, 128)
_SERVICE = re.compile(r"(?:com|eu)\.amazonaws\.vpce\.((?:[a-z]+-){2,3}\d+)\.vpce-svc-[0-9a-z]+")
_OWNER = re.compile(r"[0-9]{12}")
_ACCESS_KEY = re.compile(r"[A-Z2-7]{20,30}")
_SECRET_LENGTH = (43, 64)
_SECRET = re.compile(r"[a-zA-Z0-9/+=]*")

Params = Mapping[str, Any]
View = Mapping[str, Any]


def check(params: Params, region: str) -> list[Unmet]:
    """What the arguments alone say."""
    if params["state"] == "absent":
        return []
    found: list[Unmet] = []
    if region.startswith("cn-"):
        found.append(
            unmet("R17", "region", region, "AWS KMS has no external key stores there. Use a Region outside China.")
        )
    found += _check_name("custom_key_store_name", params["custom_key_store_name"])
    found += _check_name("new_custom_key_store_name", params["new_custom_key_store_name"])
    found += _check_connectivity(params)
    found += _check_endpoint(params["xks_proxy_uri_endpoint"], params["xks_proxy_connectivity"])
    found += check_path("xks_proxy_uri_path", params["xks_proxy_uri_path"])
    found += _check_service(params["xks_proxy_vpc_endpoint_service_name"], region)
    owner = params["xks_proxy_vpc_endpoint_service_owner"]
    if _given(owner) and not _OWNER.fullmatch(owner):
        fix = "Give the id of the account that owns the endpoint service: 12 digits, quoted in YAML."
        found.append(unmet("N3", "xks_proxy_vpc_endpoint_service_owner", owner, fix))
    option = "xks_proxy_authentication_credential"
    return found + check_credential(option, params[option] or {})


def _given(value: str | None) -> bool:
    return value is not None and not is_pending(value)


def _check_name(option: str, name: str | None) -> list[Unmet]:
    if name is None or 1 <= len(name) <= 256:
        return []
    return [unmet("N3", option, f"{len(name)} characters", "Give a name of 1 to 256 characters.")]


def _check_connectivity(params: Params) -> list[Unmet]:
    if params["xks_proxy_connectivity"] != PUBLIC_CONNECTIVITY:
        return []
    fix = f"Leave it out: with {PUBLIC_CONNECTIVITY}, AWS KMS reaches the proxy over the internet."
    options = [AT_REST[key][0] for key in SERVICE]
    return [unmet("R20", option, str(params[option]), fix) for option in options if params[option]]


def _check_endpoint(endpoint: str | None, connectivity: str | None) -> list[Unmet]:
    option = "xks_proxy_uri_endpoint"
    if endpoint is None or is_pending(endpoint):
        return []
    if not _ENDPOINT.fullmatch(endpoint):
        fix = "Give https:// and the host name alone, such as https://xks-proxy.example.com: no port, no path."
        return [unmet("N3", option, endpoint or "an empty text", fix)]
    if connectivity == PUBLIC_CONNECTIVITY:
        return []
    return check_private_dns_name(option, endpoint.removeprefix(SCHEME))


def check_path(option: str, path: str | None) -> list[Unmet]:
    """The form of the proxy's path. Nothing given, or not known yet, is not wrong."""
    if path is None or is_pending(path):
        return []
    shortest, longest = _PATH_LENGTH
    if not _PATH.fullmatch(path):
        fix = (
            "Give an optional prefix of A-Z a-z 0-9 / _ - and then /kms/xks/v1, such as /kms/xks/v1 or "
            "/payments/kms/xks/v1; nothing after it."
        )
        return [unmet("N3", option, path or "an empty text", fix)]
    if not shortest <= len(path) <= longest:
        return [unmet("N3", option, f"{path} with {len(path)} characters", f"Give {shortest} to {longest} characters.")]
    return []


def _check_service(name: str | None, region: str) -> list[Unmet]:
    option = "xks_proxy_vpc_endpoint_service_name"
    if name is None or is_pending(name):
        return []
    match = _SERVICE.fullmatch(name)
    if not match or not 20 <= len(name) <= 64:
        fix = f"Give the service's name, such as com.amazonaws.vpce.{region}.vpce-svc-0123456789abcdef0."
        return [unmet("N3", option, name or "an empty text", fix)]
    if match.group(1) != region:
        fix = f"Make the endpoint service in {region}, or the key store in {match.group(1)}."
        return [unmet("R48", option, f"{name}, a service of {match.group(1)}", fix)]
    return []


def check_credential(option: str, credential: Mapping[str, str]) -> list[Unmet]:
    """The form of the credential. The secret itself must never be part of a message."""
    found = []
    access_key = credential.get("access_key_id")
    if access_key is not None and not is_pending(access_key) and not _ACCESS_KEY.fullmatch(access_key):
        fix = f"Give 20 to 30 characters of A-Z and 2-7, yours has {len(access_key)}."
        found.append(unmet("N3", f"{option}.access_key_id", access_key or "an empty text", fix))
    secret = credential.get("raw_secret_access_key")
    if secret is not None and not is_pending(secret):
        shortest, longest = _SECRET_LENGTH
        fix = f"Give {shortest} to {longest} characters of A-Z a-z 0-9 / + =, yours has {len(secret)}."
        if not _SECRET.fullmatch(secret):
            found.append(unmet("N3", f"{option}.raw_secret_access_key", "a character that is not allowed", fix))
        elif not shortest <= len(secret) <= longest:
            found.append(unmet("N3", f"{option}.raw_secret_access_key", f"{len(secret)} characters", fix))
    return found


def missing_options(params: Params, unknown_endpoint: bool) -> list[Unmet]:
    """Options that only a new key store needs; whether it is new is known once the stores were read.

    unknown_endpoint: the endpoint was not given, and the endpoint service cannot tell its private DNS name.
    """
    public = params["xks_proxy_connectivity"] == PUBLIC_CONNECTIVITY
    endpoint = "the public name of the proxy" if public else "the private DNS name of the endpoint service"
    advice = {
        "xks_proxy_uri_endpoint": f"Give https:// and {endpoint}.",
        "xks_proxy_uri_path": "Give the path that the proxy serves, such as /kms/xks/v1.",
        "xks_proxy_vpc_endpoint_service_name": "Give the name of the endpoint service, such as the service_name that "
        "keylink.aws.xks_endpoint_service returns; or xks_proxy_connectivity PUBLIC_ENDPOINT.",
        "xks_proxy_authentication_credential": "Give access_key_id and raw_secret_access_key as the proxy has them.",
    }
    if not (unknown_endpoint or public):
        advice.pop("xks_proxy_uri_endpoint")
    if public:
        advice.pop("xks_proxy_vpc_endpoint_service_name")
    return [
        unmet("R73", option, "not given, and the key store does not exist yet", fix)
        for option, fix in advice.items()
        if not params[option]
    ]


def name_in_use(others: Iterable[View], wanted: View) -> list[Unmet]:
    """Whether another key store has the name that one is to get."""
    name = wanted["custom_key_store_name"]
    return [
        unmet("N3", "new_custom_key_store_name", f"{name}, the name of {other['custom_key_store_id']}",
              "A name is unique in the account and Region: give another one.")
        for other in others
        if other["custom_key_store_name"] == name
    ]


def foreign_key(key: View | None, store: View) -> list[Unmet]:
    """A key that is to prove that the store works must be one of the store's."""
    if key is None or key["store_id"] == store["custom_key_store_id"]:
        return []
    found = f"{key['key_id']}, a key of {key['store_id'] or 'AWS KMS itself'}"
    fix = f"Give an enabled KMS key of {store['custom_key_store_name']}, or leave it out."
    return [unmet("R135", "verify_key_id", found, fix)]


def neighbours(others: Iterable[View], wanted: View, count: int | None) -> list[Unmet]:
    """What other external key stores of the Region already use. count: of all the stores, where one is to be made."""
    found = []
    for other in others:
        name = f"{other['custom_key_store_name']} ({other['custom_key_store_id']})"
        proxy = other["xks_proxy_configuration"] or {}
        service = proxy.get("vpc_endpoint_service_name")
        if service and service == wanted["vpc_endpoint_service_name"]:
            found.append(
                unmet("R5", "xks_proxy_vpc_endpoint_service_name", f"{service}, which key store {name} uses",
                      "Make an endpoint service for this key store.")
            )
        if _same_uri(proxy, wanted):
            found.append(
                unmet("R6", "xks_proxy_uri_endpoint", f"{proxy['uri_endpoint']}, which key store {name} uses",
                      "Give this key store a private DNS name of its own, or a path of its own where both are public.")
            )
    if count is not None and count >= QUOTA:
        fix = "AWS KMS refuses another one unless your quota is higher: delete one, or ask AWS to raise the quota."
        found.append(unmet("N4", "custom key stores", f"{count} exist in this Region", fix, blocking=False))
    return found


def _same_uri(proxy: View, wanted: View) -> bool:
    """Public proxies may share an endpoint, if their paths differ; that of an endpoint service is for one store."""
    if not proxy.get("uri_endpoint") or proxy["uri_endpoint"] != wanted["uri_endpoint"]:
        return False
    public = proxy.get("connectivity") == wanted.get("connectivity") == PUBLIC_CONNECTIVITY
    return not public or proxy["uri_path"] == wanted["uri_path"]


def gate(service: View | None, wanted: View, region: str) -> list[Unmet]:
    """What AWS KMS would refuse about the endpoint service, all of it. A service that was not read passes."""
    if service is None:
        return []
    what = f"endpoint service {service['service_name']}"
    if service["source"] == "denied":
        fix = f"The identity in use needs {service['denied']} to check it; AWS KMS checks it in any case."
        return [unmet("N16", what, "not readable from this account", fix, blocking=False)]
    if service["source"] == "missing":
        fix = (
            "Check the name. If another account owns the service, it must allow a principal of this account, and "
            "xks_proxy_vpc_endpoint_service_owner must name that account."
        )
        return [unmet("R48", what, f"not found in {region}", fix)]
    return [*_connection_rules(service, what), *_principals(service, what, region), *_dns_rules(service, wanted, what)]


def _connection_rules(service: View, what: str) -> list[Unmet]:
    found = []
    if service["service_state"] not in ("Available", None):
        found.append(unmet("R73", what, f"its state is {service['service_state']}", "Wait until it is Available."))
    if not service["network"]:
        found.append(unmet("R7", what, f"its load balancer is {service['load_balancer']}",
                           "Make a service with a Network Load Balancer."))
    if service["acceptance_required"]:
        found.append(unmet("R8", what, "it requires acceptance", "Turn acceptance off."))
    if "ipv4" not in service["supported_ip_address_types"]:
        types = ", ".join(service["supported_ip_address_types"])
        found.append(unmet("R55", what, f"it supports {types or 'no address type'}", "Let it support IPv4."))
    zones = service["availability_zones"]
    if len(set(zones)) < 2:
        found.append(unmet("R42", what, f"it is in {', '.join(sorted(zones)) or 'no zone'}",
                           "Give its load balancer a subnet in a second Availability Zone."))
    return found


def _principals(service: View, what: str, region: str) -> list[Unmet]:
    # The suffix is not amazonaws.com in every partition.
    kms = f"cks.kms.{region}."
    if service["source"] == "consumer":
        fix = f"Ask the owner whether it allows {kms}amazonaws.com (R9) and a principal of this account."
        found = "owned by another account, which alone sees its principals"
        return [unmet("N16", what, found, fix, blocking=False)]
    allowed: Sequence[str] = service["allowed_principals"]
    if any(principal == "*" or principal.startswith(kms) for principal in allowed):
        return []
    found = f"it allows {', '.join(sorted(allowed))}" if allowed else "it allows nobody"
    return [unmet("R9", what, found, f"Allow the principal {kms}amazonaws.com (R68).")]


def _dns_rules(service: View, wanted: View, what: str) -> list[Unmet]:
    name = service["private_dns_name"]
    if not name:
        return [unmet("R52", what, "it has no private DNS name", "Set one; it is the host of the proxy's URI.")]
    found = []
    if service["private_dns_state"] != "verified":
        fix = "Publish its TXT record and let AWS verify it (keylink.aws.private_dns_verify)."
        state = service["private_dns_state"] or "unknown"
        found.append(unmet("R57", what, f"the verification of {name} is {state}", fix))
    endpoint = wanted["uri_endpoint"]
    if endpoint and not is_pending(endpoint) and endpoint.removeprefix(SCHEME).lower() != name.lower():
        fix = f"Give {SCHEME}{name}, or set the service's private DNS name to that host."
        found.append(
            unmet("R6", "xks_proxy_uri_endpoint", f"{endpoint}, but the private DNS name of the service is {name}", fix)
        )
    return found
