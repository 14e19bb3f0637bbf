# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event selectors of a trail: one form for comparing, the conversion of basic ones, and what a selector covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NETWORK = "NetworkActivity"
DENIED = "VpceAccessDenied"
# Services with endpoints that AWS does not list for network activity events.
NOT_OFFERED = ("ec2messages.amazonaws.com", "logs.amazonaws.com", "ssmmessages.amazonaws.com")
OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
# All conditions of a trail together have this many values at most.
MOST_VALUES = 500
# What a basic selector names to have all resources of a type.
_EVERY = (":s3", ":s3:::", ":lambda", ":dynamodb")
_READ_ONLY = {"ReadOnly": "true", "WriteOnly": "false"}

Conditions = dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Selector:
    """An advanced event selector: field -> operator -> values."""

    name: str
    fields: Conditions

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Selector:
        """As the API has it."""
        return cls(
            raw.get("Name") or "",
            {
                item["Field"]: {name: sorted(item[name]) for name in OPERATORS if item.get(name)}
                for item in raw["FieldSelectors"]
            },
        )

    @property
    def api(self) -> dict[str, Any]:
        fields = [{"Field": name, **conditions} for name, conditions in self.fields.items()]
        return {**({"Name": self.name} if self.name else {}), "FieldSelectors": fields}

    @property
    def text(self) -> str:
        """One line of a diff."""
        parts = [
            f"{field} {operator} {', '.join(values)}"
            for field, conditions in self.fields.items()
            for operator, values in conditions.items()
        ]
        return f"{self.name or 'no name'}: {'; '.join(parts)}"

    def equals(self, field: str) -> list[str] | None:
        """The values that FIELD may equal; None where the selector does not ask for it."""
        return self.fields[field].get("Equals", []) if field in self.fields else None

    @property
    def denied_only(self) -> bool:
        return "errorCode" in self.fields

    def is_network(self, source: str) -> bool:
        """Whether it selects network activity events of an event source."""
        return self.equals("eventCategory") == [NETWORK] and source in (self.equals("eventSource") or [])

    def sees(self, endpoint_id: str) -> bool:
        """Whether it selects events of an endpoint, as far as its id goes."""
        return _holds(self.fields.get("vpcEndpointId", {}), endpoint_id)

    def covers(self, source: str, endpoint_ids: Sequence[str] | None, denied_only: bool) -> bool:
        """Whether it selects all that is asked for. endpoint_ids None: those of all endpoints."""
        if not self.is_network(source) or {"eventName", "userIdentity.arn"}.intersection(self.fields):
            return False
        if self.denied_only and not denied_only:
            return False
        if endpoint_ids is None:
            return "vpcEndpointId" not in self.fields
        return all(self.sees(one) for one in endpoint_ids)


def _holds(conditions: Mapping[str, Sequence[str]], value: str) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "Equals": value.__eq__, "StartsWith": value.startswith, "EndsWith": value.endswith,
    }
    return all(
        any(tests[operator.removeprefix("Not")](one) for one in values) != operator.startswith("Not")
        for operator, values in conditions.items()
    )


def network_selector(name: str, source: str, endpoint_ids: Iterable[str] | None, denied_only: bool) -> Selector:
    """The selector of network activity events. endpoint_ids None: those of all endpoints."""
    fields: Conditions = {"eventCategory": {"Equals": [NETWORK]}, "eventSource": {"Equals": [source]}}
    if denied_only:
        fields["errorCode"] = {"Equals": [DENIED]}
    if endpoint_ids is not None:
        fields["vpcEndpointId"] = {"Equals": sorted(endpoint_ids)}
    return Selector(name, fields)


def count_values(selectors: Iterable[Selector]) -> int:
    return sum(
        len(values) for one in selectors for conditions in one.fields.values() for values in conditions.values()
    )


def basic_text(raw: Mapping[str, Any]) -> str:
    """A basic selector as one line of a diff."""
    parts = [f"management events {'yes' if raw.get('IncludeManagementEvents', True) else 'no'}"]
    parts += [f"without {source}" for source in raw.get("ExcludeManagementEventSources") or []]
    parts += [f"{item['Type']} {', '.join(item.get('Values') or [])}" for item in raw.get("DataResources") or []]
    return f"basic, {raw.get('ReadWriteType', 'All')}: {'; '.join(parts)}"


def from_basic(basic: Sequence[Mapping[str, Any]]) -> list[Selector]:
    """Advanced selectors that select what basic ones do. AWS has none that mix: a trail has one kind."""
    return [selector for raw in basic for selector in _converted(raw)]


def _converted(raw: Mapping[str, Any]) -> list[Selector]:
    kind = raw.get("ReadWriteType", "All")
    read_only: Conditions = {"readOnly": {"Equals": [_READ_ONLY[kind]]}} if kind in _READ_ONLY else {}
    suffix = {"ReadOnly": ", read only", "WriteOnly": ", write only"}.get(kind, "")
    found = []
    if raw.get("IncludeManagementEvents", True):
        excluded = raw.get("ExcludeManagementEventSources") or []
        without: Conditions = {"eventSource": {"NotEquals": sorted(excluded)}} if excluded else {}
        fields = {"eventCategory": {"Equals": ["Management"]}, **read_only, **without}
        found.append(Selector(f"Management events{suffix}", fields))
    for resource in raw.get("DataResources") or []:
        if resource.get("Values"):
            fields = {
                "eventCategory": {"Equals": ["Data"]},
                "resources.type": {"Equals": [resource["Type"]]},
                **read_only,
                **_resources(resource["Type"], resource["Values"]),
            }
            found.append(Selector(f"Data events of {resource['Type']}{suffix}", fields))
    return found


def _resources(kind: str, values: Sequence[str]) -> Conditions:
    """Basic selectors name S3 objects by how their ARN begins, functions and tables by their ARN."""
    if any(value.endswith(_EVERY) for value in values):
        return {}
    operator = "StartsWith" if kind == "AWS::S3::Object" else "Equals"
    return {"resources.ARN": {operator: sorted(values)}}
