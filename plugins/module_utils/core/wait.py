# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting: several things at once, polls that start short and grow, a voice, a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, Verdict, Wait

FIRST_DELAY = 0.1
LONGEST_DELAY = 15.0
GROWTH = 1.6
REPORT_FIRST = 15.0
REPORT_EVERY = 20.0


def delays(jitter: Callable[[], float]) -> Iterator[float]:
    """Seconds between polls. Short at first, since many states change at once, then as AWS's quotas like it."""
    delay = FIRST_DELAY
    while True:
        yield delay * (0.9 + 0.2 * jitter())
        delay = min(delay * GROWTH, LONGEST_DELAY)


class WaitFailed(Failure):
    """A wait whose judge said FAILED; WAIT says whether it is tried again."""

    def __init__(self, wait: Wait, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.wait = wait


@dataclass
class Clock:
    """Where time comes from; tests give their own. wall: seconds since 1970."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float] = field(default=lambda: 0.5)
    wall: Callable[[], float] = time.time


def wait_for(
    waits: Sequence[Wait],
    poll: Callable[[Wait], Any],
    timeout: float,
    clock: Clock,
    progress: Callable[[str], None],
) -> None:
    """Poll all WAITS until each is done, for as long as it is to hold. Raises Failure when one fails, or when one is
    not done after TIMEOUT seconds."""
    start = clock.now()
    since: dict[str, float] = {}
    report_at = start + REPORT_FIRST
    reported = False
    pending = list(waits)
    for delay in delays(clock.jitter):
        verdicts = [(wait, wait.judge(poll(wait))) for wait in pending]
        for wait, verdict in verdicts:
            if verdict.status == FAILED:
                raise WaitFailed(wait, f"{wait.what}: {verdict.text}", **verdict.details)
        pending = [wait for wait, verdict in verdicts if not _holds(wait, verdict, since, clock.now())]
        elapsed = clock.now() - start
        if not pending:
            if reported:
                progress(f"{', '.join(wait.what for wait in waits)}: done after {elapsed:.0f} s")
            return
        texts = {wait.what: verdict.text for wait, verdict in verdicts if wait in pending}
        if elapsed >= timeout and any(wait.what not in since for wait in pending):
            still = [verdict for wait, verdict in verdicts if wait in pending]
            advice = [verdict.advice for verdict in still if verdict.advice]
            details = {key: value for verdict in still for key, value in verdict.details.items()}
            raise Failure("\n".join([_ran_out(pending, texts, timeout), *advice]), **details)
        if clock.now() >= report_at:
            reported = True
            report_at = clock.now() + REPORT_EVERY
            for wait in pending:
                most = f"{wait.hold:.0f} s" if wait.what in since else f"at most {timeout:.0f} s"
                progress(_progress(wait, texts[wait.what], elapsed, most))
        clock.sleep(min(delay, *_ends(pending, since, start + timeout, clock.now())))


def _holds(wait: Wait, verdict: Verdict, since: dict[str, float], now: float) -> bool:
    """Whether it is done, and has been for long enough."""
    if verdict.status != DONE:
        since.pop(wait.what, None)
        return False
    return now - since.setdefault(wait.what, now) >= wait.hold


def _ends(pending: Sequence[Wait], since: dict[str, float], deadline: float, now: float) -> list[float]:
    """In how many seconds each of them can be over."""
    return [max(since[wait.what] + wait.hold if wait.what in since else deadline, now) - now for wait in pending]


def _progress(wait: Wait, text: str, elapsed: float, most: str) -> str:
    usual = f"; AWS documents {wait.usual}" if wait.usual else ""
    return f"{wait.what}: {text}, {elapsed:.0f} s of {most}{usual}"


def _ran_out(pending: Sequence[Wait], texts: dict[str, str], timeout: float) -> str:
    reached = "; ".join(f"{wait.what} is still: {texts[wait.what]}" for wait in pending)
    usual = "; ".join(f"AWS documents {wait.usual}" for wait in pending if wait.usual)
    return (
        f"Not finished after wait_timeout={timeout:.0f} seconds. {reached}. "
        f"{usual + '. ' if usual else ''}Nothing is lost: the next run goes on from here."
    )


__all__ = ["Clock", "Verdict", "WaitFailed", "delays", "wait_for"]
