# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading key stores, their endpoint service and their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError

_DENIED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
_NO_SUCH_STORE = ("CustomKeyStoreNotFoundException",)
# How AWS KMS tells its callers that a proxy does not do what it should.
_UNUSABLE = ("KMSInvalidStateException", "KMSInternalException", "DependencyTimeoutException", "DisabledException")
_PROOF = b"keylink.aws: does the key store work?"
# AWS KMS answers thousands of DescribeKey per second; this many at a time are quick and far from the quota.
_SIDE_BY_SIDE = 10
_TELL_EVERY = 200


def key_stores(aws: Aws) -> list[dict[str, Any]]:
    """Every custom key store of the account in the Region, of both types."""
    return aws.pages("kms", "describe_custom_key_stores", "CustomKeyStores")


def key_store(aws: Aws, store_id: str) -> dict[str, Any] | None:
    """One key store, or None where AWS says that it does not exist."""
    answer = missing_is(
        None, _NO_SUCH_STORE, lambda: aws.call("kms", "describe_custom_key_stores", CustomKeyStoreId=store_id)
    )
    return answer["CustomKeyStores"][0] if answer and answer["CustomKeyStores"] else None


def create_key_store(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """CreateCustomKeyStore, which has no client token: a call whose answer got lost is repeated by botocore, and is
    then told that the name is in use, by the very store that it made."""
    try:
        return aws.call("kms", "create_custom_key_store", **arguments)
    except AwsError as error:
        if error.code != "CustomKeyStoreNameInUseException":
            raise
        made = [store["CustomKeyStoreId"] for store in key_stores(aws) if _is_made_by(store, arguments)]
        if not made:
            raise
        return {"CustomKeyStoreId": made[0]}


def _is_made_by(store: dict[str, Any], arguments: dict[str, Any]) -> bool:
    proxy = store.get("XksProxyConfiguration", {})
    return (
        store["CustomKeyStoreName"] == arguments["CustomKeyStoreName"]
        and store["ConnectionState"] == "DISCONNECTED"
        and proxy.get("AccessKeyId") == arguments["XksProxyAuthenticationCredential"]["AccessKeyId"]
        and proxy.get("UriEndpoint") == arguments["XksProxyUriEndpoint"]
        and proxy.get("UriPath") == arguments["XksProxyUriPath"]
        and proxy.get("VpcEndpointServiceName") == arguments.get("XksProxyVpcEndpointServiceName")
    )


def endpoint_service(aws: Aws, name: str, owner: str | None) -> dict[str, Any]:
    """An endpoint service as its owner sees it, with its principals; where it is not ours, as a consumer sees it.

    own and seen are None where there is no such service; denied: the IAM action that the consumer's view lacked.
    """
    # Who only uses another account's service need not be allowed to look into this account's own.
    tolerated = _DENIED if owner else ()
    filters = [{"Name": "service-name", "Values": [name]}]
    # The id is the last part of the name, so the principals need not wait for the configuration.
    service_id = name.rpartition(".")[2]

    def configurations() -> list[dict[str, Any]]:
        return aws.pages(
            "ec2", "describe_vpc_endpoint_service_configurations", "ServiceConfigurations", Filters=filters
        )

    def permissions() -> list[dict[str, Any]]:
        return aws.pages("ec2", "describe_vpc_endpoint_service_permissions", "AllowedPrincipals", ServiceId=service_id)

    found = aws.together(
        own=lambda: missing_is([], tolerated, configurations),
        principals=lambda: missing_is([], ("InvalidVpcEndpointServiceId.NotFound", *tolerated), permissions),
    )
    own = found["own"][0] if found["own"] else None
    seen, denied = (None, "") if own else _as_consumer(aws, name)
    return {"name": name, "own": own, "principals": found["principals"], "seen": seen, "denied": denied}


def _as_consumer(aws: Aws, name: str) -> tuple[dict[str, Any] | None, str]:
    try:
        answer = missing_is(
            None,
            ("InvalidServiceName",),
            lambda: aws.call("ec2", "describe_vpc_endpoint_services", ServiceNames=[name]),
        )
    except AwsError as error:
        if error.code in _DENIED:
            return None, error.action
        raise
    details = (answer or {}).get("ServiceDetails", [])
    return (details[0] if details else None), ""


def keys(aws: Aws, store_id: str | None = None) -> dict[str, Any]:
    """The KMS keys of a key store, or of all of them, and the ids of keys that cannot be looked at. AWS KMS has no
    filter for it."""
    ids = [key["KeyId"] for key in aws.pages("kms", "list_keys", "Keys")]
    found: list[dict[str, Any]] = []
    unreadable: list[str] = []
    for start in range(0, len(ids), _SIDE_BY_SIDE):
        if start and start % _TELL_EVERY == 0:
            whose = store_id or "key stores"
            aws.say(f"looking for the keys of {whose}: {start} of {len(ids)} KMS keys of the Region")
        batch = ids[start:start + _SIDE_BY_SIDE]
        answers = aws.together(**{key_id: (lambda key_id=key_id: _key(aws, key_id)) for key_id in batch})
        found += [key for key in answers.values() if key and _is_in(key, store_id)]
        unreadable += [key_id for key_id, key in answers.items() if key is None]
    return {"keys": found, "unreadable": unreadable}


def _is_in(key: dict[str, Any], store_id: str | None) -> bool:
    place = key.get("CustomKeyStoreId")
    return place == store_id if store_id else bool(place)


def key(aws: Aws, key_id: str) -> dict[str, Any]:
    """The metadata of one KMS key, by id, ARN or alias."""
    found: dict[str, Any] = aws.call("kms", "describe_key", KeyId=key_id)["KeyMetadata"]
    return found


def key_store_in_use(aws: Aws, store_id: str, key_id: str | None) -> dict[str, Any]:
    """One key store, whether a KMS key of it was used just now, and what refused that."""
    store = key_store(aws, store_id)
    used, refused = False, ""
    if key_id and store and store["ConnectionState"] == "CONNECTED":
        try:
            aws.call("kms", "encrypt", KeyId=key_id, Plaintext=_PROOF)
            used = True
        except AwsError as error:
            if error.code not in _UNUSABLE:
                raise
            refused = f"{error.code}: {error.message}."
    return {"store": store, "used": used, "refused": refused}


def _key(aws: Aws, key_id: str) -> dict[str, Any] | None:
    """A key's metadata; empty where it is gone meanwhile, None where this identity may not see it."""
    try:
        return missing_is(
            {}, ("NotFoundException",), lambda: aws.call("kms", "describe_key", KeyId=key_id)["KeyMetadata"]
        )
    except AwsError as error:
        if error.code in _DENIED:
            return None
        raise


# What steps and waits call by name.
CALLS: Mapping[str, Callable[..., Any]] = {
    "create_key_store": create_key_store,
    "key_store": key_store,
    "key_store_in_use": key_store_in_use,
}
