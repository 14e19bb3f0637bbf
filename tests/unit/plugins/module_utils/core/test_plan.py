# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step

STEP = Step("ec2.create_vpc", {})
HERE, THERE = {"port": 443}, {"port": 80}
CASES: list[tuple[dict[str, Any] | None, dict[str, Any] | None, tuple[Step, ...], str]] = [
    (None, HERE, (STEP,), "create"),
    (HERE, THERE, (STEP,), "update"),
    (HERE, HERE, (STEP,), "update"),
    (HERE, None, (STEP, STEP), "delete"),
    (HERE, HERE, (), "keep"),
    (None, None, (), "none"),
]


def change(before: Any, after: Any, steps: tuple[Step, ...], name: str = "payments") -> Change:
    return Change("VPC", name, before, after, steps, "vpc-1")


@pytest.mark.parametrize(("before", "after", "steps", "action"), CASES)
def test_the_verb_follows_from_before_after_and_steps(before: Any, after: Any, steps: Any, action: str) -> None:
    found = change(before, after, steps)
    plan = Plan((found,), {})
    assert found.action == action
    assert plan.changed == bool(steps)
    assert plan.steps == steps
    assert [item["action"] for item in plan.actions] == ([] if action == "none" else [action])


@pytest.mark.parametrize(("before", "after", "steps", "action"), [case for case in CASES if case[2]])
def test_the_diff_names_resource_and_verb(before: Any, after: Any, steps: Any, action: str) -> None:
    assert Plan((change(before, after, steps),), {}).diff == [
        {
            "before_header": f"VPC payments ({action})",
            "after_header": f"VPC payments ({action})",
            "before": before or {},
            "after": after or {},
        }
    ]


def test_what_stays_is_in_the_actions_and_not_in_the_diff() -> None:
    plan = Plan((change(HERE, HERE, ()), change(None, HERE, (STEP,), "other")), {})
    assert plan.actions == [
        {"resource": "VPC", "name": "payments", "action": "keep", "id": "vpc-1"},
        {"resource": "VPC", "name": "other", "action": "create", "id": "vpc-1"},
    ]
    assert [item["after_header"] for item in plan.diff] == ["VPC other (create)"]


def test_steps_keep_the_order_of_their_changes() -> None:
    verbs = ["ec2.create_vpc", "ec2.modify_vpc_attribute", "ec2.create_subnet"]
    first, second, third = (Step(verb, {}) for verb in verbs)
    plan = Plan((change(None, HERE, (first, second)), change(HERE, HERE, ()), change(None, HERE, (third,))), {})
    assert [step.verb for step in plan.steps] == verbs


def test_neighbours_of_a_stage_that_do_not_depend_on_each_other_are_one_batch() -> None:
    def step(verb: str, stage: int = 0, beside: bool = True) -> Step:
        return Step(verb, {}, stage=stage, beside=beside)

    first, second = step("create_a"), step("create_b")
    group, late, later = step("group", beside=False), step("dns_a", 1), step("dns_b", 1)
    plan = Plan(
        (change(None, HERE, (group,)), change(None, HERE, (first, late)), change(None, HERE, (second, later))), {}
    )
    assert [[one.verb for one in batch] for batch in plan.batches] == [
        ["group"], ["create_a", "create_b"], ["dns_a", "dns_b"],
    ]


def test_an_empty_plan_changes_nothing() -> None:
    assert (Plan((), {}).changed, Plan((), {}).diff, Plan((), {}).actions) == (False, [], [])
