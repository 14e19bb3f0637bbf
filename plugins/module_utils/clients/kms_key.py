# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KMS keys in custom key stores, their aliases, tags and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.clients.cloudhsm import clusters
from ansible_collections.keylink.aws.plugins.module_utils.clients.key_store import key_store, key_stores, keys
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import DENIED, Aws, missing_is
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError, Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.markers import KEY_ALIAS

_POLICY = "default"
_GONE = ("NotFoundException",)
_LATE = "KMSInvalidStateException"


def around(aws: Aws, with_stores: bool, with_aliases: bool) -> dict[str, Any]:
    """The key stores and the aliases of the Region, as far as they are asked for, side by side."""
    return aws.together(
        stores=lambda: key_stores(aws) if with_stores else [],
        aliases=lambda: aws.pages("kms", "list_aliases", "Aliases") if with_aliases else [],
    )


def described(aws: Aws, names: Iterable[str]) -> list[dict[str, Any]]:
    """The metadata of those keys of the ids that exist."""
    wanted = list(names)
    answers = aws.together(**{name: (lambda name=name: describe(aws, name)) for name in wanted}) if wanted else {}
    return [answers[name] for name in wanted if answers[name]]


def describe(aws: Aws, key_id: str) -> dict[str, Any] | None:
    """A key's metadata, or None where there is no such key."""
    return missing_is(None, _GONE, lambda: aws.call("kms", "describe_key", KeyId=key_id)["KeyMetadata"])


def in_store(aws: Aws, store_id: str) -> dict[str, Any]:
    """The keys of a store, and the ids of those that cannot be looked at."""
    return keys(aws, store_id)


def marked(aws: Aws, found: Iterable[Mapping[str, Any]], aliases: Sequence[str]) -> list[Mapping[str, Any]]:
    """Those of the keys that were made for one of the aliases by a run that ended before it could give them one."""
    wanted = list(found)
    tags = aws.together(**{key["KeyId"]: (lambda key=key: _tags(aws, key["KeyId"])) for key in wanted})
    return [key for key in wanted if (tags[key["KeyId"]] or {}).get(KEY_ALIAS) in aliases]


def details(aws: Aws, key_id: str, with_policy: bool, with_usage: bool) -> dict[str, Any]:
    """Aliases, tags, policy and last use of a key, side by side. None where this identity may not see them."""
    return aws.together(
        aliases=lambda: [item["AliasName"] for item in aws.pages("kms", "list_aliases", "Aliases", KeyId=key_id)],
        tags=lambda: _tags(aws, key_id),
        policy=lambda: _policy(aws, key_id) if with_policy else None,
        usage=lambda: _usage(aws, key_id) if with_usage else None,
    )


def _usage(aws: Aws, key_id: str) -> dict[str, Any] | None:
    """When the key was used last. boto3 has the call since 2026 only."""
    if not hasattr(aws.client("kms"), "get_key_last_usage"):
        return None
    return _unless_denied(lambda: aws.call("kms", "get_key_last_usage", KeyId=key_id))


def _policy(aws: Aws, key_id: str) -> str:
    return str(aws.call("kms", "get_key_policy", KeyId=key_id, PolicyName=_POLICY)["Policy"])


def _tags(aws: Aws, key_id: str) -> dict[str, str] | None:
    found = _unless_denied(
        lambda: missing_is([], _GONE, lambda: aws.pages("kms", "list_resource_tags", "Tags", KeyId=key_id))
    )
    return None if found is None else {tag["TagKey"]: tag["TagValue"] for tag in found}


def _unless_denied(read: Callable[[], Any]) -> Any:
    """The answer of READ, or None where this identity may not have it."""
    return missing_is(None, DENIED, read)


def active_zones(aws: Aws, cluster_id: str) -> list[str] | None:
    """The zone of each active HSM of a CloudHSM cluster; None where this identity may not see them."""
    found = _unless_denied(lambda: clusters(aws, [cluster_id]))
    if found is None:
        return None
    hsms = [hsm for cluster in found for hsm in cluster.get("Hsms", [])]
    return [hsm["AvailabilityZone"] for hsm in hsms if hsm.get("State") == "ACTIVE"]


def create_key(aws: Aws, **arguments: Any) -> dict[str, Any]:
    """CreateKey has no client token and is sent once. When its answer is lost, the key is looked for: by its external
    key, which belongs to no other key of the store, or by its marker and for want of an alias."""
    try:
        return _created(aws.call("kms", "create_key", **arguments)["KeyMetadata"])
    except Failure:
        made = _made_by(aws, arguments)
        if not made:
            raise
        return _created(made)


def _created(metadata: Mapping[str, Any]) -> dict[str, Any]:
    # Placeholders are bound to texts.
    return {"KeyId": metadata["KeyId"], "Arn": metadata["Arn"], "CreationDate": metadata["CreationDate"].isoformat()}


def _made_by(aws: Aws, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = in_store(aws, arguments["CustomKeyStoreId"])["keys"]
    external = arguments.get("XksKeyId")
    if external:
        made = [key for key in found if (key.get("XksKeyConfiguration") or {}).get("Id") == external]
    else:
        named = {item.get("TargetKeyId") for item in aws.pages("kms", "list_aliases", "Aliases")}
        aliases = [tag["TagValue"] for tag in arguments.get("Tags", []) if tag["TagKey"] == KEY_ALIAS]
        made = [dict(key) for key in marked(aws, (key for key in found if key["KeyId"] not in named), aliases)]
    return made[0] if made else None


def create_alias(aws: Aws, AliasName: str, TargetKeyId: str) -> dict[str, Any]:
    """botocore repeats a call whose answer was lost, and is then told that the alias exists."""

    def is_ours() -> bool:
        found = aws.pages("kms", "list_aliases", "Aliases", KeyId=TargetKeyId)
        return any(item["AliasName"] == AliasName for item in found)

    arguments: dict[str, Any] = {"AliasName": AliasName, "TargetKeyId": TargetKeyId}
    return _unless("AlreadyExistsException", is_ours, lambda: aws.call("kms", "create_alias", **arguments))


def schedule_deletion(aws: Aws, KeyId: str, PendingWindowInDays: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {"KeyId": KeyId, "PendingWindowInDays": PendingWindowInDays}
    return _unless(
        _LATE, lambda: _is_pending(aws, KeyId), lambda: aws.call("kms", "schedule_key_deletion", **arguments)
    )


def cancel_deletion(aws: Aws, KeyId: str) -> dict[str, Any]:
    return _unless(
        _LATE, lambda: not _is_pending(aws, KeyId), lambda: aws.call("kms", "cancel_key_deletion", KeyId=KeyId)
    )


def _is_pending(aws: Aws, key_id: str) -> bool:
    return (describe(aws, key_id) or {}).get("KeyState") == "PendingDeletion"


def _unless(code: str, holds: Callable[[], bool], call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of CALL; a refusal with CODE is none where what was wanted holds already."""
    try:
        return call()
    except AwsError as error:
        if error.code != code or not holds():
            raise
        return {}


def put_policy(aws: Aws, KeyId: str, Policy: str) -> dict[str, Any]:
    return aws.call("kms", "put_key_policy", KeyId=KeyId, PolicyName=_POLICY, Policy=Policy)


CALLS: Mapping[str, Callable[..., Any]] = {
    "create_key": create_key,
    "create_alias": create_alias,
    "schedule_deletion": schedule_deletion,
    "cancel_deletion": cancel_deletion,
    "put_policy": put_policy,
    "key": describe,
    "key_store": key_store,
}
