# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run will do, as data. Check mode, the diff, changed and the real run are all read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet

DONE = "done"
WAITING = "waiting"
FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """What a look at a resource says about a wait: DONE, WAITING or FAILED, the state in words, a remedy.

    advice: what to look at when time runs out while it says WAITING. details: keys of the failed result.
    """

    status: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""


@dataclass(frozen=True)
class Again:
    """Another try of a wait that FAILED: after pause seconds, the steps that begin it."""

    steps: tuple[Step, ...]
    pause: float = 0


def never(details: Mapping[str, Any], tried: int) -> Again | None:
    """For waits whose failure is the end."""
    return None


@dataclass(frozen=True)
class Wait:
    """A state to wait for.

    what: "Network Load Balancer payments". verb and args: the read to repeat. judge: its answer -> Verdict.
    usual: how long AWS documents that it takes, in words.
    again: the next try, if there is one, from the details of a failure and the number of tries after the first.
    hold: for how many seconds it must stay done, where AWS does not show when a change has arrived everywhere.
    """

    what: str
    verb: str
    args: Mapping[str, Any]
    judge: Callable[[Any], Verdict]
    usual: str = ""
    again: Callable[[Mapping[str, Any], int], Again | None] = field(default=never, compare=False)
    hold: float = 0


@dataclass(frozen=True)
class Step:
    """One call that changes something.

    verb: "ec2.create_vpc" (service and operation of boto3) or the name of a client function of the module.
    args: its arguments; placeholders in them are replaced by what earlier steps returned.
    binds: placeholder -> dotted path into the answer. needs: what must be waited for first.
    retry: error codes that mean "not yet": the call is repeated until wait_timeout.
    moot: error codes that mean "that is so already": botocore has repeated a call whose answer got lost.
    say: the step in words, for messages.
    stage: a later stage begins when all steps of the plan's earlier ones are done, so that several resources are
    made side by side before any of them is waited for.
    beside: it depends on no step of its stage that says so too: neighbours that do are carried out at the same time.
    undo: what is done, in order, when AWS refuses the call, so that what was there before works again.
    instead: what is done, in order, when AWS refuses the call with one of the codes in `unless`, and leads to the same.
    """

    verb: str
    args: Mapping[str, Any]
    binds: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Wait, ...] = ()
    retry: tuple[str, ...] = ()
    say: str = ""
    stage: int = 0
    beside: bool = False
    moot: tuple[str, ...] = ()
    undo: tuple[Step | Wait, ...] = ()
    instead: tuple[Step, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What happens to one AWS resource. before/after are None where it does not exist."""

    kind: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    steps: tuple[Step, ...] = ()
    id: str = ""
    adopted: bool = False

    @property
    def action(self) -> str:
        if not self.steps:
            return "keep" if self.before is not None else "none"
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "update"

    @property
    def diff(self) -> dict[str, Any]:
        header = f"{self.kind} {self.name} ({self.action})"
        return {
            "before_header": header,
            "after_header": header,
            "before": dict(self.before or {}),
            "after": dict(self.after or {}),
        }


@dataclass(frozen=True)
class Plan:
    """The changes in the order of their steps (within a stage), and the whole state that they lead to.

    after: the predicted answer of the module's read, so that plan(params, plan.after) has no steps.
    unmet: requirements that do not hold. settle: what to wait for after the last step.
    facts: result keys that a later read cannot tell, such as what was before; a refused run returns them too.
    """

    changes: tuple[Change, ...]
    after: Mapping[str, Any]
    unmet: tuple[Unmet, ...] = ()
    settle: tuple[Wait, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        found = (step for change in self.changes for step in change.steps)
        return tuple(sorted(found, key=lambda step: step.stage))

    @property
    def batches(self) -> list[list[Step]]:
        """The steps in their order; those of one batch are carried out at the same time."""
        found: list[list[Step]] = []
        for step in self.steps:
            last = found[-1][-1] if found else None
            if last and step.beside and last.beside and last.stage == step.stage:
                found[-1].append(step)
            else:
                found.append([step])
        return found

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    @property
    def diff(self) -> list[dict[str, Any]]:
        return [change.diff for change in self.changes if change.steps]

    @property
    def actions(self) -> list[dict[str, str]]:
        """One entry per resource, for summaries."""
        return [
            {"resource": change.kind, "name": change.name, "action": change.action, "id": change.id}
            for change in self.changes
            if change.action != "none"
        ]
