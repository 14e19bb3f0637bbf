# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One AWS without a network: what a test tells is what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from botocore.stub import Stubber


@pytest.fixture
def aws() -> Aws:
    keys = {"aws_access_key_id": "AKIASTUBBEDSTUBBED01", "aws_secret_access_key": "stubbed"}
    return Aws(("eu-central-1", None, keys))


@pytest.fixture
def ec2(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.client("ec2")) as stub:
        yield stub
        stub.assert_no_pending_responses()
