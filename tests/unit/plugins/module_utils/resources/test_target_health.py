# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import target_health


def described(
    state: str, reason: str | None = None, text: str | None = None, port: int = 443, address: str = "10.0.0.1"
) -> dict[str, Any]:
    health = {"State": state, "Reason": reason, "Description": text}
    return {
        "Target": {"Id": address, "Port": port},
        "TargetHealth": {key: value for key, value in health.items() if value},
    }


def enum(name: str) -> list[str]:
    return list(botocore.session.get_session().get_service_model("elbv2").shape_for(name).enum)


@pytest.mark.parametrize("reason", enum("TargetHealthReasonEnum"))
def test_every_reason_that_aws_documents_is_explained(reason: str) -> None:
    (target,) = target_health.normalise([described("unhealthy", reason)])
    assert target_health.explain(target) == target_health.EXPLANATIONS[reason]


@pytest.mark.parametrize("state", enum("TargetHealthStateEnum"))
def test_every_state_is_explained_without_a_reason_but_the_good_one(state: str) -> None:
    (target,) = target_health.normalise([described(state)])
    assert (target_health.explain(target) == "") == (state == "healthy")
    assert "gives no reason" not in target_health.explain(target)


def test_the_code_that_came_back_is_passed_on() -> None:
    text = "Health checks failed with these codes: [405]"
    (target,) = target_health.normalise([described("unhealthy", "Target.ResponseCodeMismatch", text)])
    assert "[405]" in target_health.explain(target)


def test_healthy_counts_addresses_on_443() -> None:
    raw = [
        described("healthy"),
        described("healthy", port=8443, address="10.0.0.2"),
        described("unused", address="10.0.0.3"),
    ]
    assert target_health.healthy(target_health.normalise(raw)) == ["10.0.0.1"]


def test_targets_come_in_a_stable_order() -> None:
    raw = [described("healthy", address="10.0.0.2"), described("healthy", address="10.0.0.1")]
    assert target_health.normalise(raw) == target_health.normalise(raw[::-1])


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        ([], "waiting", "0 of 0 healthy"),
        ([described("healthy"), described("healthy", address="10.0.0.2")], "done", "2 healthy"),
        ([described("healthy"), described("healthy")], "waiting", "1 of 2 healthy"),
        (
            [described("healthy"), described("unhealthy", "Target.Timeout", address="10.0.0.2")],
            "waiting", "10.0.0.2 is unhealthy: It does not answer",
        ),
    ],
)
def test_two_hosts_must_answer(raw: list[dict[str, Any]], status: str, words: str) -> None:
    verdict = target_health.judge(raw)
    assert verdict.status == status
    assert words in verdict.text
