# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters as templates use them; what they return is tested with the policies themselves."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.keylink.aws.plugins.filter import combined_policy, endpoint_policy, key_policy

FILTERS = {
    **combined_policy.FilterModule().filters(),
    **endpoint_policy.FilterModule().filters(),
    **key_policy.FilterModule().filters(),
}
ACCOUNT = "123456789012"


def test_policies_are_made_and_combined() -> None:
    default = FILTERS["endpoint_policy"]("default")
    own = FILTERS["endpoint_policy"]("this_account", account=ACCOUNT)
    made = FILTERS["combined_policy"]([default, own])
    assert [item["Effect"] for item in made["Statement"]] == ["Allow", "Allow", "Deny"]
    key = FILTERS["key_policy"]("default", account=ACCOUNT, region="cn-north-1")
    assert key["Statement"][0]["Principal"] == {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}


REFUSED: list[tuple[str, object, str]] = [
    ("endpoint_policy", "all", "there is no endpoint policy 'all'"),
    ("key_policy", "default", "needs account"),
    ("combined_policy", [], "there is nothing to combine"),
]


@pytest.mark.parametrize(("name", "given", "expected"), REFUSED)
def test_an_error_says_what_is_wrong(name: str, given: object, expected: str) -> None:
    with pytest.raises(AnsibleFilterError, match=expected):
        FILTERS[name](given)
