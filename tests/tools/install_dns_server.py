# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real DNS server for the tests: BIND's named, from Debian's package bind9 unless it is there already.

No service is started; the tests run it themselves, on loopback. Where it cannot be had, that is said, and the
tests that need it are skipped, which their summary says too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
# Debian's way to keep a package's service from being started: 101 is "forbidden by policy".
POLICY = Path("/usr/sbin/policy-rc.d")
# A registry that is not there is given up soon, and another apt-get is waited for.
APT_GET = ("apt-get", "-qq", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=120")
STEPS = ((*APT_GET, "update"), (*APT_GET, "install", "--yes", "--no-install-recommends", "bind9"))


def main() -> int:
    if named():
        return 0
    why = obstacle() or install()
    if why:
        print(f"\n!!!! NO DNS SERVER: {why}", file=sys.stderr)
        print("!!!! The tests against a real DNS server will be SKIPPED.\n", file=sys.stderr)
    return 0


def named() -> str | None:
    return shutil.which("named", path=PLACES)


def obstacle() -> str:
    if not shutil.which("apt-get"):
        return "BIND's named is not installed, and there is no apt-get to install it with."
    if os.geteuid() != 0:
        return "BIND's named is not installed, and only root may: apt-get install bind9"
    return ""


def install() -> str:
    """What went wrong; empty if nothing did."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        for step in STEPS:
            done = subprocess.run(step, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"{' '.join(step)} failed: {(done.stderr or done.stdout).strip()[-500:]}"
    finally:
        if ours:
            POLICY.unlink()
    return "" if named() else "the package bind9 brought no named."


if __name__ == "__main__":
    sys.exit(main())
