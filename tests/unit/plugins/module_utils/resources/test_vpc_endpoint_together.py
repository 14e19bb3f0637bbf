# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several endpoints: steps side by side, and one look for all waits."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint_waits as waits
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_together import jointly, together


def seen(state: str, private_dns: bool = True) -> list[dict[str, Any]]:
    return [{"State": state, "PrivateDnsEnabled": private_dns}]


# what AWS has of two endpoints, verdict
ANSWERS: list[tuple[list[Any], str, str]] = [
    ([seen("available"), seen("available")], DONE, "available"),
    ([seen("pending"), seen("available")], WAITING, "ssm: pending"),
    ([[], seen("pending")], WAITING, "ssm: not visible yet, kms: pending"),
    ([seen("pending"), seen("available", False)], WAITING, "ssm: pending, kms: available, private DNS not on yet"),
    ([seen("pending"), seen("failed")], FAILED, "kms: its state is failed (AWS gives no reason)"),
]


@pytest.mark.parametrize(("raw", "status", "text"), ANSWERS)
def test_one_look_tells_of_all(raw: list[Any], status: str, text: str) -> None:
    (wait,) = jointly([waits.available("vpce-1", "ssm", True), waits.available("vpce-2", "kms", True)])
    assert (wait.verb, wait.args) == ("endpoints", {"VpcEndpointIds": ["vpce-1", "vpce-2"]})
    assert wait.what == "VPC endpoints ssm and kms"
    verdict = wait.judge(raw)
    assert verdict.status == status
    assert verdict.text.startswith(text)


def test_deletions_are_waited_for_in_one_look_too() -> None:
    (wait,) = jointly([waits.gone("vpce-1", "ssm"), waits.gone("vpce-2", "kms")])
    assert wait.judge([[], seen("deleting")]).text == "kms: deleting"
    assert wait.judge([[], []]).status == DONE


def test_a_single_wait_stays_as_it_is() -> None:
    single = waits.available("vpce-1", "ssm")
    assert jointly([single, single]) == (single,)


def test_stages_are_carried_out_side_by_side_after_one_wait() -> None:
    def change(name: str) -> Change:
        late = Step("modify_endpoint", {"Id": name}, needs=(waits.available(name, name),), stage=1)
        return Change("VPC endpoint", name, None, {}, (Step("create_endpoint", {"Id": name}), late), name)

    plan = Plan(tuple(together([change("ssm"), change("kms")])), {})
    assert [[step.args["Id"] for step in batch] for batch in plan.batches] == [["ssm", "kms"], ["ssm", "kms"]]
    needs = [step.needs for step in plan.batches[1]]
    assert needs[0] == needs[1]
    assert [wait.verb for wait in needs[0]] == ["endpoints"]
    assert plan.batches[0][0].needs == ()
