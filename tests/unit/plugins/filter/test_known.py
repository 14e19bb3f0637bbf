# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values between modules of other collections and ours, in check mode too."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.keylink.aws.plugins.filter.known import known
from ansible_collections.keylink.aws.plugins.test import pending

MADE = {"changed": True, "vpc": {"id": "vpc-1"}, "subnets": [{"id": "subnet-1"}], "group_id": None}


@pytest.mark.parametrize(("path", "expected"), [("vpc.id", "vpc-1"), ("subnets.0.id", "subnet-1"), ("changed", True)])
def test_what_is_there_is_given(path: str, expected: Any) -> None:
    assert known(MADE, path) == expected


@pytest.mark.parametrize("result", [{"changed": True}, {"skipped": True}, {"changed": True, "subnet": {}}, MADE])
@pytest.mark.parametrize("path", ["group_id", "subnet.id", "subnets.4.id", "vpc.id.more"])
def test_what_would_be_made_is_a_placeholder(result: dict[str, Any], path: str) -> None:
    value = known(result, path, "security_group", "endpoints")
    assert value == f"(known after apply: security_group.endpoints.{path.rpartition('.')[2]})"
    is_pending = pending.TestModule().tests()["pending"]
    assert is_pending(value)
    assert is_pending({"list": [value]})
    assert not is_pending("sg-1")


def test_what_nobody_makes_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match=r"no vpc\.id.*it has changed"):
        known({"changed": False}, "vpc.id")
    with pytest.raises(AnsibleFilterError, match="the result of a task, not str"):
        known("vpc-1", "vpc.id")
