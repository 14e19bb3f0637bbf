# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of what the emulator holds itself; moto has those of the rest."""

from __future__ import annotations

from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from .endpoint_state import Endpoints
from .query import check_tag, page, select
from .service_state import Services

_KINDS = {"vpce-svc-": "vpc-endpoint-service", "vpce-": "vpc-endpoint"}


def _own(call: Call) -> dict[str, Any]:
    return {**call.store(Endpoints).by_id, **call.store(Services).by_id}


def _split(call: Call) -> tuple[list[Any], list[str]]:
    """The resources of ours, and the ids that are moto's."""
    own, ours, others = _own(call), [], []
    for resource_id in call.params["Resources"]:
        if resource_id in own:
            ours.append(own[resource_id])
        elif resource_id.startswith("vpce-"):
            kind = "VpcEndpointService" if resource_id.startswith("vpce-svc-") else "VpcEndpoint"
            text = f"The {kind} Id '{resource_id}' does not exist"
            raise AwsError(f"Invalid{kind}Id.NotFound", text)
        else:
            others.append(resource_id)
    return ours, others


@operation("ec2", "CreateTags")
def create_tags(call: Call) -> dict[str, Any]:
    ours, others = _split(call)
    new: dict[str, str] = {}
    for tag in call.params["Tags"]:
        check_tag(tag, new)
        new[tag["Key"]] = tag.get("Value", "")
    if others:
        call.moto("CreateTags", {**call.params, "Resources": others})
    for item in ours:
        if len({**item.tags, **new}) > 50:
            raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
        item.tags.update(new)
    return {}


@operation("ec2", "DeleteTags")
def delete_tags(call: Call) -> dict[str, Any]:
    ours, others = _split(call)
    if others:
        call.moto("DeleteTags", {**call.params, "Resources": others})
    for item in ours:
        for tag in call.params.get("Tags") or [{"Key": key} for key in list(item.tags)]:
            if tag.get("Value", item.tags.get(tag["Key"])) == item.tags.get(tag["Key"]):
                item.tags.pop(tag["Key"], None)
    return {}


class _Tag:
    """One tag, for the filters of DescribeTags."""

    def __init__(self, resource_id: str, kind: str, key: str, value: str) -> None:
        self.resource_id, self.kind, self.key, self.value = resource_id, kind, key, value


_FILTERS = {
    "resource-id": lambda tag: tag.resource_id,
    "resource-type": lambda tag: tag.kind,
    "key": lambda tag: tag.key,
    "value": lambda tag: tag.value,
}


@operation("ec2", "DescribeTags")
def describe_tags(call: Call) -> dict[str, Any]:
    asked = {name: value for name, value in call.params.items() if name == "Filters"}
    shown = call.moto("DescribeTags", asked).get("Tags", [])
    own = []
    for resource_id, item in _own(call).items():
        kind = next(kind for prefix, kind in _KINDS.items() if resource_id.startswith(prefix))
        own += [_Tag(resource_id, kind, key, value) for key, value in item.tags.items()]
    for tag in select(call, own, _FILTERS):
        shown.append({"ResourceId": tag.resource_id, "ResourceType": tag.kind, "Key": tag.key, "Value": tag.value})
    return page(call, {"Tags": shown}, "Tags")
