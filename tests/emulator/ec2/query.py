# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, tags and pages in the manner of EC2."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import botocore.loaders

from ..errors import AwsError
from ..registry import Call

Item = TypeVar("Item")
Getter = Callable[[Any], Any]


def select(call: Call, items: list[Item], getters: Mapping[str, Getter]) -> list[Item]:
    """Those that pass every filter; a filter that the operation does not have is refused."""
    for wanted in call.params.get("Filters") or []:
        items = [item for item in items if _fits(item, wanted.get("Name", ""), wanted.get("Values") or [], getters)]
    return items


def _fits(item: Any, name: str, values: list[str], getters: Mapping[str, Getter]) -> bool:
    tags: Mapping[str, str] = getattr(item, "tags", {})
    if name.startswith("tag:"):
        found: list[Any] = [tags[name[4:]]] if name[4:] in tags else []
    elif name == "tag-key":
        found = list(tags)
    elif name == "tag-value":
        found = list(tags.values())
    elif name in getters:
        value = getters[name](item)
        found = list(value) if isinstance(value, (list, tuple)) else [value]
    else:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in found]
    return any(fnmatchcase(text, pattern.replace("[", "[[]")) for text in texts for pattern in values)


def shown_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(call: Call, kind: str) -> dict[str, str]:
    """The tags that a creation asks for, on the kind of resource that it makes."""
    tags: dict[str, str] = {}
    for specification in call.params.get("TagSpecifications") or []:
        asked = specification.get("ResourceType")
        if asked != kind:
            text = f"'{asked}' is not a valid taggable resource type for this operation."
            raise AwsError("InvalidParameterValue", text)
        for tag in specification.get("Tags") or []:
            check_tag(tag, tags)
            tags[tag["Key"]] = tag.get("Value", "")
    return tags


def check_tag(tag: Mapping[str, str], others: Mapping[str, str]) -> None:
    key = tag.get("Key", "")
    if not key or len(key) > 128:
        raise AwsError("InvalidParameterValue", "Tag keys have between 1 and 128 characters.")
    if key.startswith("aws:"):
        raise AwsError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
    if key in others:
        raise AwsError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
    if len(tag.get("Value", "")) > 256:
        raise AwsError("InvalidParameterValue", "Tag values have at most 256 characters.")


@functools.cache
def _paginators() -> dict[str, Any]:
    found: dict[str, Any] = botocore.loaders.create_loader().load_service_model("ec2", "paginators-1")["pagination"]
    return found


def page(call: Call, result: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """One page of a whole result, when the caller asked for pages."""
    size, token = call.params.get("MaxResults"), call.params.get("NextToken")
    keys = [key] if key else _page_keys(call.operation)
    if not keys or (size is None and token is None):
        return result
    start = _offset(token) if token else 0
    end = start + (size or 1000)
    cut = {**result, **{name: result.get(name, [])[start:end] for name in keys}}
    if end < len(result.get(keys[0], [])):
        cut["NextToken"] = base64.b64encode(f"next:{end}".encode()).decode()
    return cut


def _page_keys(operation: str) -> list[str]:
    keys = _paginators().get(operation, {}).get("result_key", [])
    return [keys] if isinstance(keys, str) else list(keys)


def _offset(token: str) -> int:
    try:
        prefix, dummy, number = base64.b64decode(token, validate=True).decode().partition(":")
        if prefix == "next":
            return int(number)
    except ValueError:
        pass
    raise AwsError("InvalidNextToken", f"The token '{token}' is not valid.")
