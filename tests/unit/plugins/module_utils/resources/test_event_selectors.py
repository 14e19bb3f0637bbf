# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.event_selectors import (
    Selector,
    basic_text,
    count_values,
    from_basic,
    network_selector,
)

KMS = "kms.amazonaws.com"
ONE, TWO = "vpce-0123456789abcdef0", "vpce-0123456789abcdef1"


def raw(**fields: Any) -> dict[str, Any]:
    """An advanced selector as the API has it; a list stands for Equals."""
    found = [
        {"Field": name, **(value if isinstance(value, dict) else {"Equals": value})} for name, value in fields.items()
    ]
    return {"Name": "x", "FieldSelectors": found}


def network(**more: Any) -> Selector:
    return Selector.of(raw(eventCategory=["NetworkActivity"], eventSource=[KMS], **more))


DENIED = {"errorCode": ["VpceAccessDenied"]}

# selector, endpoints asked for, denied only, covered
COVERS: list[tuple[str, Selector, list[str] | None, bool, bool]] = [
    ("all for one", network(), [ONE], False, True),
    ("all for all", network(), None, False, True),
    ("one for one", network(vpcEndpointId=[ONE]), [ONE], True, True),
    ("one for two", network(vpcEndpointId=[ONE]), [ONE, TWO], True, False),
    ("one for all", network(vpcEndpointId=[ONE]), None, True, False),
    ("by how ids begin", network(vpcEndpointId={"StartsWith": ["vpce-0123"]}), [ONE, TWO], True, True),
    ("all but one", network(vpcEndpointId={"NotEquals": [TWO]}), [ONE], True, True),
    ("all but this one", network(vpcEndpointId={"NotEquals": [ONE]}), [ONE], True, False),
    ("denied for denied", network(**DENIED), [ONE], True, True),
    ("denied for everything", network(**DENIED), [ONE], False, False),
    ("some operations", network(eventName=["Decrypt"]), [ONE], True, False),
    ("some callers", network(**{"userIdentity.arn": ["x"]}), [ONE], True, False),
    ("another service", Selector.of(raw(eventCategory=["NetworkActivity"], eventSource=["ssm.amazonaws.com"])), [ONE],
     True, False),
    ("management events", Selector.of(raw(eventCategory=["Management"])), [ONE], True, False),
]


@pytest.mark.parametrize(
    ("selector", "endpoints", "denied_only", "covered"), [row[1:] for row in COVERS], ids=[row[0] for row in COVERS]
)
def test_what_a_selector_covers(
    selector: Selector, endpoints: list[str] | None, denied_only: bool, covered: bool
) -> None:
    assert selector.covers(KMS, endpoints, denied_only) is covered


def test_order_does_not_matter() -> None:
    assert network(vpcEndpointId=[ONE, TWO]) == network(vpcEndpointId=[TWO, ONE])
    first, second = raw(eventCategory=["Data"], readOnly=["true"]), raw(readOnly=["true"], eventCategory=["Data"])
    assert Selector.of(first) == Selector.of(second)


def test_a_selector_goes_back_as_it_came() -> None:
    api = raw(eventCategory=["NetworkActivity"], eventSource=[KMS], vpcEndpointId={"NotStartsWith": ["vpce-a"]})
    assert Selector.of(api).api == api
    nameless = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    assert Selector.of(nameless).api == nameless


def test_the_selector_that_is_made() -> None:
    made = network_selector("x", KMS, [TWO, ONE], denied_only=True)
    assert made == network(**DENIED, vpcEndpointId=[ONE, TWO])
    assert network_selector("x", KMS, None, denied_only=False) == network()
    assert count_values([made, network()]) == 7
    assert made.text == (
        f"x: eventCategory Equals NetworkActivity; eventSource Equals {KMS}; errorCode Equals VpceAccessDenied; "
        f"vpcEndpointId Equals {ONE}, {TWO}"
    )


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}
BUCKET = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket/"]}
FUNCTION = {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}
TABLE = {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb:eu-central-1:1:table/a"]}


def data(kind: str, **more: Any) -> dict[str, Any]:
    return {"eventCategory": {"Equals": ["Data"]}, "resources.type": {"Equals": [kind]}, **more}


# basic selector, fields of the advanced ones
CONVERSIONS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("as every trail begins", {"ReadWriteType": "All", "IncludeManagementEvents": True}, [MANAGEMENT]),
    ("defaults", {}, [MANAGEMENT]),
    ("writes only", {"ReadWriteType": "WriteOnly"}, [{**MANAGEMENT, "readOnly": {"Equals": ["false"]}}]),
    ("reads only", {"ReadWriteType": "ReadOnly"}, [{**MANAGEMENT, "readOnly": {"Equals": ["true"]}}]),
    ("without KMS", {"ExcludeManagementEventSources": [KMS]}, [{**MANAGEMENT, "eventSource": {"NotEquals": [KMS]}}]),
    ("objects of a bucket", {"IncludeManagementEvents": False, "DataResources": [BUCKET]},
     [data("AWS::S3::Object", **{"resources.ARN": {"StartsWith": ["arn:aws:s3:::bucket/"]}})]),
    ("all functions, and management", {"DataResources": [FUNCTION]}, [MANAGEMENT, data("AWS::Lambda::Function")]),
    ("a table, writes only",
     {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [TABLE]},
     [data("AWS::DynamoDB::Table", readOnly={"Equals": ["false"]}, **{"resources.ARN": {"Equals": TABLE["Values"]}})]),
    ("no objects at all", {"DataResources": [{"Type": "AWS::S3::Object", "Values": []}]}, [MANAGEMENT]),
]


@pytest.mark.parametrize(("basic", "fields"), [row[1:] for row in CONVERSIONS], ids=[row[0] for row in CONVERSIONS])
def test_basic_selectors_become_advanced_ones(basic: dict[str, Any], fields: list[dict[str, Any]]) -> None:
    assert [one.fields for one in from_basic([basic])] == fields


def test_a_basic_selector_in_words() -> None:
    text = basic_text({"ReadWriteType": "All", "DataResources": [BUCKET], "ExcludeManagementEventSources": [KMS]})
    assert text == f"basic, All: management events yes; without {KMS}; AWS::S3::Object arn:aws:s3:::bucket/"
