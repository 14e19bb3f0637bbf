# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surrounds a key: aliases, tags, lists in pages; and what its state forbids (KMS guide, key states)."""

from __future__ import annotations

import base64
from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from .keys import key_metadata
from .tags import check_tags

_MOST_TAGS = 50
_OWN = "alias/aws/"


def _not_pending(call: Call, name: str) -> None:
    metadata = key_metadata(call, call.params[name])
    if metadata["KeyState"] == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{metadata['Arn']} is pending deletion.")


@operation("kms", "CreateAlias", "UpdateAlias")
def point_alias(call: Call) -> dict[str, Any]:
    if call.params["AliasName"].startswith(_OWN):
        raise AwsError("NotAuthorizedException", f"The prefix {_OWN} is reserved for AWS managed keys.")
    _not_pending(call, "TargetKeyId")
    return call.by_moto()


@operation("kms", "TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    _not_pending(call, "KeyId")
    asked = call.params["Tags"]
    check_tags(asked)
    held = call.moto("ListResourceTags", {"KeyId": call.params["KeyId"]})["Tags"]
    if len({tag["TagKey"] for tag in [*held, *asked]}) > _MOST_TAGS:
        raise AwsError("LimitExceededException", f"A key has at most {_MOST_TAGS} tags.")
    return call.by_moto()


@operation("kms", "UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    _not_pending(call, "KeyId")
    return call.by_moto()


@operation("kms", "ListKeys")
def list_keys(call: Call) -> dict[str, Any]:
    return _page(call, "Keys", call.moto("ListKeys", {})["Keys"], 100)


@operation("kms", "ListAliases")
def list_aliases(call: Call) -> dict[str, Any]:
    wanted = {name: value for name, value in call.params.items() if name == "KeyId"}
    return _page(call, "Aliases", call.moto("ListAliases", wanted)["Aliases"], 50)


@operation("kms", "ListResourceTags")
def list_resource_tags(call: Call) -> dict[str, Any]:
    return _page(call, "Tags", call.moto("ListResourceTags", {"KeyId": call.params["KeyId"]})["Tags"], 50)


def _page(call: Call, member: str, items: list[Any], usual: int) -> dict[str, Any]:
    """KMS answers with a part, and with where the next one begins."""
    start, size = _offset(call.params.get("Marker")), call.params.get("Limit") or usual
    answer: dict[str, Any] = {member: items[start : start + size], "Truncated": start + size < len(items)}
    if answer["Truncated"]:
        answer["NextMarker"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _offset(marker: str | None) -> int:
    if marker is None:
        return 0
    try:
        return int(base64.b64decode(marker, validate=True))
    except ValueError as error:
        raise AwsError("InvalidMarkerException", "The marker is not valid.") from error
