# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, and who one is with them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::210987654321:role/dns"


def test_role_that_demands_an_external_id_gives_nothing_without_it(emulator: Any, aws: Any) -> None:
    emulator.configure(external_ids={ROLE: "payments"})
    for given in ({}, {"ExternalId": "others"}):
        with pytest.raises(ClientError) as refused:
            aws("sts").assume_role(RoleArn=ROLE, RoleSessionName="me", **given)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
        assert ROLE in refused.value.response["Error"]["Message"]
    answer = aws("sts").assume_role(RoleArn=ROLE, RoleSessionName="me", ExternalId="payments")
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::210987654321:assumed-role/dns/me"
