# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan, an apply, a second run and the way back cost, on the embedded AWS with delays at zero."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import ssm

from scenarios import stage as staging

PHASES = {
    "plan, empty account": ("--check",),
    "apply, to CONNECTED": (),
    "second run": (),
    "absent": ("-e", "xks_state=absent"),
}
WAYS = {"in-process": (), "ordinary modules": ("-e", "keylink_in_process=false")}
# Terraform 5.100.0, its part of the chain, which ends before the connect: wall seconds on the same kind of machine.
TERRAFORM = {"plan, empty account": 13, "apply, to CONNECTED": 111, "second run": 12, "absent": 48}


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and CPU time, AWS calls, MB at the peak of the largest process."""

    wall: float
    cpu: float
    calls: float
    memory: float


def measure(stage: staging.Stage, command: list[str]) -> Cost:
    calls = len(stage.calls())
    start = time.perf_counter()
    process = subprocess.Popen(command, env=stage.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(wall, usage.ru_utime + usage.ru_stime, len(stage.calls()) - calls, usage.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in Cost.__annotations__))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"medians of {rounds}; Terraform's figures are of its part of the chain, without connecting anything\n")
    print(f"{'':<18}{'':<22}{'wall s':>8}{'CPU s':>8}{'calls':>7}{'MB':>6}{'Terraform s':>13}{'ratio':>7}")
    with tempfile.TemporaryDirectory(prefix="keylink-bench-") as folder, staging.running(Path(folder)) as stage:
        for way, options in WAYS.items():
            costs: dict[str, list[Cost]] = {phase: [] for phase in PHASES}
            for _round in range(rounds):
                stage.empty_account()
                for phase, more in PHASES.items():
                    costs[phase].append(measure(stage, stage.command(*options, *more)))
            for phase, found in costs.items():
                cost = median(found)
                print(
                    f"{way:<18}{phase:<22}{cost.wall:>8.1f}{cost.cpu:>8.1f}{cost.calls:>7.0f}{cost.memory:>6.0f}"
                    f"{TERRAFORM[phase]:>13}{cost.wall / TERRAFORM[phase]:>7.2f}",
                    flush=True,
                )
        ssm.run(stage, Path(folder), rounds, measure, median)


if __name__ == "__main__":
    main()
