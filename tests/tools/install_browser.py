# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser for the tests: Chromium, from Debian's package unless it is there already.

Where it cannot be had, that is said, and the tests that need it are skipped, which their summary says too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# A registry that is not there is given up soon, and another apt-get is waited for.
APT_GET = ("apt-get", "-qq", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=120")
PACKAGES = ("chromium", "fonts-dejavu-core")
STEPS = ((*APT_GET, "update"), (*APT_GET, "install", "--yes", "--no-install-recommends", *PACKAGES))


def main() -> int:
    why = "" if chromium() else obstacle() or install()
    if why:
        print(f"\n!!!! NO BROWSER: {why}", file=sys.stderr)
        print("!!!! The tests of the report in a browser will be SKIPPED.\n", file=sys.stderr)
    return 0


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def obstacle() -> str:
    if not shutil.which("apt-get"):
        return "Chromium is not installed, and there is no apt-get to install it with."
    if os.geteuid() != 0:
        return "Chromium is not installed, and only root may: apt-get install chromium fonts-dejavu-core"
    return ""


def install() -> str:
    """What went wrong; empty if nothing did."""
    for step in STEPS:
        done = subprocess.run(
            step, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"{' '.join(step)} failed: {(done.stderr or done.stdout).strip()[-500:]}"
    return "" if chromium() else "the package chromium brought no browser."


if __name__ == "__main__":
    sys.exit(main())
