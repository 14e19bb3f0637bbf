# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading key stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import key_store as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from botocore.stub import Stubber


@pytest.fixture
def kms(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.client("kms")) as stubber:
        yield stubber


def test_r140_all_pages_of_the_key_stores_are_read(aws: Aws, kms: Stubber) -> None:
    operation = "describe_custom_key_stores"
    pages = [{"CustomKeyStores": [{"CustomKeyStoreId": f"cks-{number}"}]} for number in range(2)]
    kms.add_response(operation, {**pages[0], "Truncated": True, "NextMarker": "more"}, {})
    kms.add_response(operation, {**pages[1], "Truncated": False}, {"Marker": "more"})
    assert [store["CustomKeyStoreId"] for store in client.key_stores(aws)] == ["cks-0", "cks-1"]
