# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several VPC endpoints made, changed and waited for together: the time of the slowest, not the sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import (
    DONE,
    FAILED,
    WAITING,
    Change,
    Step,
    Verdict,
    Wait,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import KIND

_ONE = "endpoint"
_FIRST_WORDS = (f"deletion of {KIND} ", f"{KIND} ")


def together(changes: Iterable[Change]) -> list[Change]:
    """CHANGES whose steps do not wait for each other, and wait for all that they need at once."""
    found = list(changes)
    stages = {step.stage for change in found for step in change.steps}
    needs = {
        stage: jointly(wait for change in found for step in change.steps if step.stage == stage for wait in step.needs)
        for stage in stages
    }
    return [replace(change, steps=tuple(_beside(step, needs[step.stage]) for step in change.steps)) for change in found]


def _beside(step: Step, needs: tuple[Wait, ...]) -> Step:
    return replace(step, beside=True, needs=needs if step.needs else ())


def jointly(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    """WAITS of which those for single endpoints are one that reads them all in one call."""
    known = {(wait.what, str(wait.args)): wait for wait in waits}
    single = [wait for wait in known.values() if wait.verb == _ONE]
    others = tuple(wait for wait in known.values() if wait.verb != _ONE)
    if len(single) < 2:
        return (*single, *others)
    ids = [wait.args["VpcEndpointId"] for wait in single]
    what = f"{KIND}s {listing([_label(wait) for wait in single])}"
    return (Wait(what, "endpoints", {"VpcEndpointIds": ids}, partial(_judge, single), single[0].usual), *others)


def _label(wait: Wait) -> str:
    start = next((words for words in _FIRST_WORDS if wait.what.startswith(words)), "")
    return wait.what.removeprefix(start)


def _judge(waits: Sequence[Wait], raw: Sequence[Any]) -> Verdict:
    """raw: what AWS has of each endpoint, in the order of WAITS."""
    verdicts = [(_label(wait), wait.judge(item)) for wait, item in zip(waits, raw)]
    for status in (FAILED, WAITING):
        found = [f"{label}: {verdict.text}" for label, verdict in verdicts if verdict.status == status]
        if found:
            return Verdict(status, ", ".join(found))
    return Verdict(DONE, verdicts[0][1].text)
