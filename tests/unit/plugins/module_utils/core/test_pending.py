# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import (
    find,
    is_pending,
    name_in,
    placeholder,
    substitute,
)

VPC = "(known after apply: vpc.payments.vpc_id)"
SUBNET = "(known after apply: subnet.payments-eu-central-1a.subnet_id)"


def test_a_placeholder_names_kind_resource_and_attribute() -> None:
    assert placeholder("vpc", "payments", "vpc_id") == VPC
    assert is_pending(VPC)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (VPC, [VPC]),
        (f"arn:aws:{VPC}/{SUBNET}", [VPC, SUBNET]),
        ([VPC, "vpc-1", [SUBNET]], [VPC, SUBNET]),
        ((VPC,), [VPC]),
        ({"a": {"b": [{"c": VPC}]}, "d": SUBNET}, [VPC, SUBNET]),
        ("vpc-1", []),
        ("(known before)", []),
        ("", []),
        (None, []),
        (7, []),
        ({}, []),
        ({VPC: "a key is a name, not a value"}, []),
    ],
)
def test_placeholders_are_found_however_deep(value: object, found: list[str]) -> None:
    assert list(find(value)) == found
    assert is_pending(value) == bool(found)


@pytest.mark.parametrize("name", ["payments", "my proxy.xks.example.com", "_a1.example.com", "payments:443"])
def test_any_name_of_a_resource_gives_a_placeholder_that_is_found(name: str) -> None:
    pending = placeholder("kind", name, "id")
    assert list(find(f"before {pending} after")) == [pending]


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (VPC, "vpc-1"),
        (f"arn:{VPC}:{SUBNET}", f"arn:vpc-1:{SUBNET}"),
        ({"Filters": [{"Values": [VPC, "x"]}], "Dry": False}, {"Filters": [{"Values": ["vpc-1", "x"]}], "Dry": False}),
        ((VPC, 1, None), ["vpc-1", 1, None]),
        (SUBNET, SUBNET),
        (None, None),
    ],
)
def test_what_is_known_is_put_in_its_place(value: Any, result: Any) -> None:
    assert substitute(value, {VPC: "vpc-1"}) == result


def test_the_original_stays_as_it_is() -> None:
    original = {"Tags": [{"Value": VPC}]}
    substitute(original, {VPC: "vpc-1"})
    assert original == {"Tags": [{"Value": VPC}]}


@pytest.mark.parametrize("name", ["payments", "payments.eu", "a b"])
def test_the_name_in_a_placeholder(name: str) -> None:
    assert name_in(placeholder("key_store", name, "custom_key_store_id")) == name
    assert name_in("cks-1") == "cks-1"
