# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import Failure
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Verdict, Wait
from ansible_collections.keylink.aws.plugins.module_utils.core.wait import Clock, delays, wait_for


class FakeTime:
    """Time that passes only while someone sleeps, and what happened at which second."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.polls: list[tuple[str, float]] = []
        self.said: list[tuple[str, float]] = []

    @property
    def elapsed(self) -> float:
        return self.now - 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def wait(self, *waits: Wait, timeout: float = 600) -> None:
        clock = Clock(lambda: self.now, self.sleep)
        wait_for(waits, self._poll, timeout, clock, lambda text: self.said.append((text, self.elapsed)))

    def _poll(self, wait: Wait) -> float:
        self.polls.append((wait.what, self.elapsed))
        return self.elapsed


def until(seconds: float, what: str = "load balancer payments", usual: str = "a few minutes") -> Wait:
    """A wait whose end comes after SECONDS."""
    return Wait(
        what, "elbv2.describe_load_balancers", {},
        lambda elapsed: Verdict(DONE, "active") if elapsed >= seconds else Verdict(WAITING, "provisioning"),
        usual,
    )


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def test_polls_start_at_tenths_of_a_second_and_grow_to_fifteen() -> None:
    found = list(islice(delays(lambda: 0.5), 30))
    assert found[0] == pytest.approx(0.1)
    assert found == sorted(found)
    assert found[-1] == pytest.approx(15)
    assert sum(delay < 1 for delay in found) >= 4


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_jitter_moves_a_poll_by_a_tenth_at_most(jitter: float) -> None:
    middle = islice(delays(lambda: 0.5), 20)
    for moved, steady in zip(delays(lambda: jitter), middle):
        assert abs(moved - steady) <= 0.1001 * steady


def test_what_is_done_already_costs_one_look(time: FakeTime) -> None:
    time.wait(until(0))
    assert (time.polls, time.slept, time.said) == ([("load balancer payments", 0)], [], [])


def test_several_waits_overlap_and_each_ends_by_itself(time: FakeTime) -> None:
    time.wait(until(10, "a"), until(60, "b"), until(0, "c"))
    last = dict(time.polls)
    assert time.elapsed < 60 + 15
    assert last["c"] == 0
    assert 10 <= last["a"] < 30
    assert last["b"] == time.elapsed


def test_a_short_wait_says_nothing(time: FakeTime) -> None:
    time.wait(until(8))
    assert time.said == []


def test_a_long_wait_says_how_it_goes_and_that_it_is_done(time: FakeTime) -> None:
    time.wait(until(200))
    *reports, (last, _at) = time.said
    text, at = reports[0]
    assert 15 <= at <= 30
    assert text == (
        f"load balancer payments: provisioning, {at:.0f} s of at most 600 s; AWS documents a few minutes"
    )
    gaps = [second[1] - first[1] for first, second in zip(reports, reports[1:])]
    assert gaps
    assert all(15 <= gap <= 35 for gap in gaps)
    assert last == f"load balancer payments: done after {time.elapsed:.0f} s"


def test_only_what_is_still_awaited_is_reported(time: FakeTime) -> None:
    time.wait(until(5, "a", usual=""), until(60, "b", usual=""))
    assert all(text.startswith("b: provisioning, ") for text, _at in time.said[:-1])
    assert not any("AWS documents" in text for text, _at in time.said)
    assert time.said[-1][0].startswith("a, b: done after ")


def test_a_failure_stops_at_once_with_its_details(time: FakeTime) -> None:
    broken = Wait(
        "key store payments", "kms.describe_custom_key_stores", {},
        lambda elapsed: Verdict(FAILED, "FAILED: INVALID_CREDENTIALS", {"connection_error_code": "INVALID_CREDENTIALS"})
        if elapsed > 1 else Verdict(WAITING, "CONNECTING"),
    )
    with pytest.raises(Failure) as stopped:
        time.wait(until(500), broken)
    assert stopped.value.message == "key store payments: FAILED: INVALID_CREDENTIALS"
    assert stopped.value.details == {"connection_error_code": "INVALID_CREDENTIALS"}
    assert time.elapsed < 3


def test_when_time_runs_out_it_says_what_was_reached_and_that_the_next_run_goes_on(time: FakeTime) -> None:
    with pytest.raises(Failure) as stopped:
        time.wait(until(10, "a"), until(1000, "b", "ten minutes"), timeout=100)
    assert stopped.value.message == (
        "Not finished after wait_timeout=100 seconds. b is still: provisioning. AWS documents ten minutes. "
        "Nothing is lost: the next run goes on from here."
    )


def test_when_time_runs_out_a_verdict_says_what_to_look_at(time: FakeTime) -> None:
    verdict = Verdict(WAITING, "i-1 not registered", {"nodes": ["i-1"]}, "Look at the agent of i-1.")
    with pytest.raises(Failure) as stopped:
        time.wait(Wait("managed nodes", "nodes", {}, lambda elapsed: verdict), timeout=30)
    assert stopped.value.message.splitlines()[1] == "Look at the agent of i-1."
    assert stopped.value.details == {"nodes": ["i-1"]}
    assert not any("Look at" in text for text, _at in time.said)


@pytest.mark.parametrize("timeout", [0, 1, 20, 100])
def test_all_of_the_time_is_used_and_no_more(time: FakeTime, timeout: float) -> None:
    with pytest.raises(Failure):
        time.wait(until(1000), timeout=timeout)
    assert time.elapsed == pytest.approx(timeout)
    assert time.polls[-1][1] == pytest.approx(timeout)


def test_what_is_reached_in_the_last_second_counts(time: FakeTime) -> None:
    time.wait(until(99.5), timeout=100)
    assert time.elapsed == pytest.approx(100)


def test_a_poll_that_fails_is_not_hidden(time: FakeTime) -> None:
    def judge(answer: Any) -> Verdict:
        raise LookupError("no such thing")

    find: Callable[[Any], Verdict] = judge
    with pytest.raises(LookupError):
        time.wait(Wait("a", "ec2.describe_vpcs", {}, find))


def holding(judge: Callable[[float], bool], hold: float) -> Wait:
    """A wait whose state must stay what JUDGE says for HOLD seconds."""
    return Wait(
        "credential of payments", "key_store_in_use", {},
        lambda elapsed: Verdict(DONE, "in use") if judge(elapsed) else Verdict(WAITING, "not shown"),
        "up to 5 minutes", hold=hold,
    )


def test_what_is_to_hold_is_watched_for_as_long(time: FakeTime) -> None:
    time.wait(holding(lambda elapsed: True, 300), timeout=60)
    assert time.elapsed == pytest.approx(300)
    assert len(time.polls) > 20
    said = [text for text, _when in time.said]
    assert said[0].startswith("credential of payments: in use, ")
    assert "s of 300 s; AWS documents up to 5 minutes" in said[0]


def test_what_does_not_hold_begins_anew(time: FakeTime) -> None:
    time.wait(holding(lambda elapsed: not 50 < elapsed < 80, 100))
    assert time.elapsed == pytest.approx(185, abs=10)
    with pytest.raises(Failure, match="still: not shown"):
        time.wait(holding(lambda elapsed: False, 100), timeout=30)


def test_others_are_waited_for_beside_what_holds(time: FakeTime) -> None:
    time.wait(until(200), holding(lambda elapsed: True, 100))
    assert time.elapsed == pytest.approx(200, abs=16)
