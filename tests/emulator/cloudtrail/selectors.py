# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event selectors, basic and advanced: which ones CloudTrail takes, and which records they select."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..access import IAM_PREFIX
from ..errors import AwsError

_REQUIRED = {
    "Management": ["eventCategory"],
    "Data": ["eventCategory", "resources.type"],
    "NetworkActivity": ["eventCategory", "eventSource"],
}
_FIELDS = {
    "Management": {"eventCategory", "eventSource", "readOnly", "userIdentity.arn"},
    "Data": {
        "eventCategory", "eventName", "eventSource", "eventType", "resources.type", "readOnly", "resources.ARN",
        "sessionCredentialFromConsole", "userIdentity.arn",
    },
    "NetworkActivity": {"eventCategory", "eventSource", "eventName", "errorCode", "vpcEndpointId", "userIdentity.arn"},
}
_EQUALS_ONLY = {"eventCategory", "resources.type", "readOnly", "errorCode"}
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "Equals": (str.__eq__, True),
    "StartsWith": (str.startswith, True),
    "EndsWith": (str.endswith, True),
    "NotEquals": (str.__eq__, False),
    "NotStartsWith": (str.startswith, False),
    "NotEndsWith": (str.endswith, False),
}
_BASIC_TYPES = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
# Of AWS's list, the services that are served here; ssmmessages, ec2messages and logs are not on it.
_NETWORK_SERVICES = (
    "kms", "ssm", "ec2", "s3", "cloudhsm", "secretsmanager", "cloudtrail", "monitoring", "events",
    IAM_PREFIX["elbv2"], "dynamodb",
)
_MOST_VALUES = 500
_MOST_BASIC = 5
_MOST_RESOURCES = 250

DEFAULT: list[dict[str, Any]] = [
    {
        "ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]


def _refuse(text: str) -> AwsError:
    return AwsError("InvalidEventSelectorsException", text)


def check(basic: list[dict[str, Any]], advanced: list[dict[str, Any]]) -> None:
    """Refuse what CloudTrail refuses."""
    if bool(basic) == bool(advanced):
        raise _refuse("Specify either EventSelectors or AdvancedEventSelectors, and not both.")
    if len(basic) > _MOST_BASIC:
        raise _refuse(f"A trail has at most {_MOST_BASIC} event selectors.")
    resources = [resource for selector in basic for resource in selector.get("DataResources") or []]
    if any(resource.get("Type") not in _BASIC_TYPES for resource in resources):
        raise _refuse(f"The types of data resources are {', '.join(_BASIC_TYPES)}.")
    if sum(len(resource.get("Values") or []) for resource in resources) > _MOST_RESOURCES:
        raise _refuse(f"A trail has at most {_MOST_RESOURCES} data resources.")
    for selector in advanced:
        _check_advanced(selector)
    values = sum(len(item.get(name) or []) for one in advanced for item in one["FieldSelectors"] for name in _OPERATORS)
    if values > _MOST_VALUES:
        raise _refuse(f"All conditions of a trail together have at most {_MOST_VALUES} values.")


def _check_advanced(selector: Mapping[str, Any]) -> None:
    fields = {item["Field"]: item for item in selector["FieldSelectors"]}
    if len(fields) < len(selector["FieldSelectors"]):
        raise _refuse("A field can be in a selector once only.")
    category = (fields.get("eventCategory", {}).get("Equals") or [""])[0]
    if category not in _FIELDS:
        raise _refuse("eventCategory must equal Management, Data or NetworkActivity.")
    missing = [name for name in _REQUIRED[category] if len(fields.get(name, {}).get("Equals") or []) != 1]
    if missing:
        raise _refuse(f"A selector of {category} events needs one value that {missing[0]} equals.")
    for name, item in fields.items():
        _check_field(category, name, [operator for operator in _OPERATORS if item.get(operator)])
    if "errorCode" in fields and fields["errorCode"]["Equals"] != ["VpceAccessDenied"]:
        raise _refuse("errorCode can equal VpceAccessDenied only.")
    source = (fields.get("eventSource", {}).get("Equals") or [""])[0]
    if category == "NetworkActivity" and source.removesuffix(".amazonaws.com") not in _NETWORK_SERVICES:
        raise _refuse(f"{source} has no network activity events.")


def _check_field(category: str, name: str, operators: list[str]) -> None:
    if name not in _FIELDS[category]:
        raise _refuse(f"{name} is not a field of {category} events.")
    if not operators:
        raise _refuse(f"{name} has no condition.")
    if operators != ["Equals"] and (name in _EQUALS_ONLY or (name == "eventSource" and category == "NetworkActivity")):
        raise _refuse(f"{name} can be used with Equals only.")


def selects(basic: list[dict[str, Any]], advanced: list[dict[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether a trail with these selectors records an event."""
    if not advanced:
        return record["eventCategory"] == "Management" and any(_basic_fits(one, record) for one in basic)
    return any(all(_holds(item, record) for item in one["FieldSelectors"]) for one in advanced)


def _basic_fits(selector: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    kind = {"ReadOnly": True, "WriteOnly": False}.get(selector.get("ReadWriteType", "All"), record["readOnly"])
    excluded = selector.get("ExcludeManagementEventSources") or []
    wanted = selector.get("IncludeManagementEvents", True) and record["eventSource"] not in excluded
    return bool(wanted) and bool(record["readOnly"] == kind)


def _holds(item: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    value: Any = record
    for part in item["Field"].split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return all(
        any(test(text, one) for one in item[operator]) == positive
        for operator, (test, positive) in _OPERATORS.items()
        if item.get(operator)
    )
