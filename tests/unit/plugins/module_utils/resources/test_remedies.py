# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of what can go wrong, against AWS's own model of KMS."""

from __future__ import annotations

import json

import botocore.session
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import refusals, remedies
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE

KMS = botocore.session.get_session().get_service_model("kms")
OPERATIONS = (
    "CreateCustomKeyStore",
    "ConnectCustomKeyStore",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DescribeCustomKeyStores",
)


def test_every_connection_error_code_has_a_remedy() -> None:
    assert remedies.codes() == set(KMS.shape_for("ConnectionErrorCodeType").enum)


def test_every_documented_exception_is_explained() -> None:
    documented = {shape.name for name in OPERATIONS for shape in KMS.operation_model(name).error_shapes}
    assert set(refusals.REFUSALS) == documented


def test_explanations_name_requirements_that_exist() -> None:
    for code, (number, advice) in refusals.REFUSALS.items():
        assert not number or number in CATALOGUE, code
        assert refusals.explanations()[code].endswith(advice)
        assert advice.endswith(".")


@pytest.mark.parametrize("store_type", remedies.REMEDIES)
def test_a_remedy_begins_with_a_disconnect_and_ends_with_a_connect(store_type: str) -> None:
    for code in remedies.REMEDIES[store_type]:
        advice = remedies.remedy(code, store_type)
        assert advice is not None
        assert advice["code"] == code
        assert "state: disconnected" in advice["steps"][0]
        assert "state: connected" in advice["steps"][-1]
        assert advice["documentation"].startswith("https://docs.aws.amazon.com/kms/")
        assert len(advice["steps"]) > 2 or advice["retryable"]
        assert json.loads(json.dumps(advice)) == advice
        assert all(step in remedies.in_words(advice) for step in advice["steps"])


@pytest.mark.parametrize(
    ("code", "applies"),
    [
        ("INTERNAL_ERROR", "both"),
        ("INVALID_CREDENTIALS", "both"),
        ("USER_LOCKED_OUT", "cloudhsm"),
        ("XKS_PROXY_TIMED_OUT", "external"),
    ],
)
def test_which_key_stores_a_code_is_for(code: str, applies: str) -> None:
    assert remedies.applies(code) == applies


def test_the_same_code_has_another_remedy_for_the_other_type() -> None:
    external, cloudhsm = (remedies.remedy("INVALID_CREDENTIALS", kind) for kind in remedies.REMEDIES)
    assert external
    assert cloudhsm
    assert "proxy" in external["cause"]
    assert "kmsuser" in cloudhsm["cause"]


def test_a_code_that_is_newer_than_this_version() -> None:
    advice = remedies.remedy("XKS_PROXY_TOO_FAR_AWAY", remedies.EXTERNAL)
    assert advice
    assert "XKS_PROXY_TOO_FAR_AWAY" in advice["cause"]
    assert remedies.remedy(None, remedies.EXTERNAL) is None
