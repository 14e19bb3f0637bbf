# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases, tags, pages and the states of keys; the metrics of a proxy; a Region that is closed to somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fidelity.chain import Chain, client, refused

Aws = Callable[[str], Any]
TAG = {"TagKey": "team", "TagValue": "payments"}


@pytest.fixture
def key(aws: Aws) -> str:
    return str(aws("kms").create_key()["KeyMetadata"]["KeyId"])


# operation, parameters besides the key
CARE: list[tuple[str, dict[str, Any]]] = [
    ("create_alias", {"AliasName": "alias/new"}),
    ("tag_resource", {"Tags": [TAG]}),
    ("untag_resource", {"TagKeys": ["team"]}),
    ("update_key_description", {"Description": "other"}),
    ("enable_key", {}),
    ("disable_key", {}),
    ("schedule_key_deletion", {"PendingWindowInDays": 7}),
]


@pytest.mark.parametrize(("name", "params"), CARE, ids=[row[0] for row in CARE])
def test_a_key_that_waits_for_its_deletion_is_left_alone(aws: Aws, key: str, name: str, params: dict[str, Any]) -> None:
    kms = aws("kms")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    target = {"TargetKeyId": key} if name == "create_alias" else {"KeyId": key}
    refused("KMSInvalidStateException", getattr(kms, name), **target, **params)


def test_an_alias_may_leave_a_key_but_not_come_to_it_before_its_deletion(aws: Aws, key: str) -> None:
    kms = aws("kms")
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=other)
    kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
    kms.update_alias(AliasName="alias/one", TargetKeyId=key)
    refused("KMSInvalidStateException", kms.update_alias, AliasName="alias/one", TargetKeyId=other)
    refused("AlreadyExistsException", kms.create_alias, AliasName="alias/one", TargetKeyId=key)
    refused("NotAuthorizedException", kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=key)
    refused("NotFoundException", kms.update_alias, AliasName="alias/none", TargetKeyId=key)


def test_deletion_is_scheduled_and_cancelled_once(aws: Aws, key: str) -> None:
    kms = aws("kms")
    refused("KMSInvalidStateException", kms.cancel_key_deletion, KeyId=key)
    for days in (6, 31):
        refused("ValidationException", kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert "DeletionDate" in kms.describe_key(KeyId=key)["KeyMetadata"]
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


TAGS: list[tuple[str, list[dict[str, str]], str]] = [
    ("twice", [TAG, TAG], "TagException"),
    ("reserved", [{"TagKey": "aws:x", "TagValue": ""}], "TagException"),
    ("long", [{"TagKey": "x", "TagValue": "x" * 257}], "ValidationException"),
    ("many", [{"TagKey": str(number), "TagValue": ""} for number in range(51)], "LimitExceededException"),
]


@pytest.mark.parametrize(("tags", "code"), [row[1:] for row in TAGS], ids=[row[0] for row in TAGS])
def test_tags_that_are_refused(aws: Aws, key: str, tags: list[dict[str, str]], code: str) -> None:
    refused(code, aws("kms").tag_resource, KeyId=key, Tags=tags)


def test_keys_and_aliases_come_in_pages(aws: Aws) -> None:
    kms = aws("kms")
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for dummy in range(5)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Keys"]) for page in pages] == [2, 2, 1]
    assert {key["KeyId"] for page in pages for key in page["Keys"]} == made
    for key in made:
        kms.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
    pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3}))
    assert {f"alias/{key}" for key in made} <= {alias["AliasName"] for page in pages for alias in page["Aliases"]}
    refused("InvalidMarkerException", kms.list_keys, Marker="no marker")


def test_an_unavailable_key_is_managed_all_the_same(chain: Chain) -> None:
    kms, store = chain.kms, chain.connected()
    key = kms.create_key(CustomKeyStoreId=store, Origin="EXTERNAL_KEY_STORE", XksKeyId="key")["KeyMetadata"]["KeyId"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.disable_key(KeyId=key)
    kms.tag_resource(KeyId=key, Tags=[TAG])
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_metrics_are_found_by_a_part_of_their_dimensions(emulator: Any, aws: Aws) -> None:
    cloudwatch, name = aws("cloudwatch"), "XksProxyCertificateDaysToExpire"
    dimensions = {"CustomKeyStoreId": "cks-1", "CertificateName": "proxy.example.com"}
    for value, age in ((12, 600), (11, 300)):
        emulator.metric(name=name, value=value, dimensions=dimensions, age=age, region="eu-central-1")
    (found,) = cloudwatch.list_metrics(Namespace="AWS/KMS", MetricName=name)["Metrics"]
    assert {item["Name"]: item["Value"] for item in found["Dimensions"]} == dimensions
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"StartTime": now - timedelta(hours=1), "EndTime": now}
    query = {"Id": "m0", "MetricStat": {"Metric": found, "Period": 3600, "Stat": "Minimum"}}
    (read,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **asked)["MetricDataResults"]
    assert min(read["Values"]) == 11.0
    query["MetricStat"] = {**query["MetricStat"], "Metric": {**found, "Dimensions": found["Dimensions"][:1]}}
    (read,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **asked)["MetricDataResults"]
    assert read["Values"] == []


def test_an_action_is_denied_in_one_region(emulator: Any, aws: Aws) -> None:
    emulator.configure(denied=["kms:*@us-west-2"])
    aws("kms").list_keys()
    emulator.configure(denied=["kms:*@eu-central-1"])
    refused("AccessDeniedException", aws("kms").list_keys)


def test_the_last_use_of_a_key_is_known(aws: Aws, key: str) -> None:
    kms = aws("kms")
    assert "KeyLastUsage" not in kms.get_key_last_usage(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    found = kms.get_key_last_usage(KeyId=key)
    assert found["KeyLastUsage"]["Operation"] == "Encrypt"
    assert found["KeyLastUsage"]["Timestamp"] >= found["KeyCreationDate"]


def test_an_assumed_role_acts_in_its_account(emulator: Any, aws: Aws) -> None:
    role = aws("sts").assume_role(RoleArn="arn:aws:iam::210987654321:role/audit", RoleSessionName="me")["Credentials"]
    other = client(emulator.url, "sts", role["AccessKeyId"])
    assert other.get_caller_identity()["Account"] == "210987654321"
