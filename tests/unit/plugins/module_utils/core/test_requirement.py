# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet, blocking, report

ZONES = Unmet(
    "R21", "availability_zones", "eu-central-1a",
    "A VPC for an external key store spans two or more Availability Zones.", "Name two or more zones.",
)
ADDRESSES = Unmet("R42", "subnet-1", "3 free addresses", "All zones are mapped.", "It needs 8.", blocking=False)


def test_a_message_has_option_value_number_rule_and_fix_in_this_order() -> None:
    assert str(ZONES) == (
        "availability_zones: eu-central-1a. R21: A VPC for an external key store spans two or more Availability "
        "Zones. Name two or more zones."
    )


def test_all_of_them_are_reported_one_per_line() -> None:
    assert report([ZONES, ADDRESSES]).splitlines() == [f"  - {ZONES}", f"  - {ADDRESSES}"]
    assert report([]) == ""


def test_only_blocking_ones_stop_a_run() -> None:
    assert blocking([ADDRESSES, ZONES]) == [ZONES]


def test_as_a_result_it_has_all_of_its_parts() -> None:
    assert ADDRESSES.as_dict() == {
        "number": "R42", "what": "subnet-1", "found": "3 free addresses", "needed": "All zones are mapped.",
        "fix": "It needs 8.", "blocking": False,
    }
