# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an empty account to a connected external key store, on the embedded AWS."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scenarios import stage

BACK = ("-e", "xks_state=absent")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("1. The plan, on an empty account: nothing is changed", ("--check",)),
    ("2. The real run: does exactly that", ()),
    ("3. Once more: nothing to do", ()),
    ("4. The way back", BACK),
)
# What there is besides; each with an example of its variables in the README of its role.
TO_TRY = """
Things to try on an account of yours, each with --check --diff first (variables: roles/NAME/README.md):
  ansible-playbook keylink.aws.kms_vpc_endpoint      a VPC endpoint for AWS KMS
  ansible-playbook keylink.aws.ssm_vpc_endpoints     the VPC endpoints for Systems Manager
  ansible-playbook keylink.aws.cloudhsm_key_store    a CloudHSM key store, connected
  ansible-playbook keylink.aws.audit                 what there is, how it is, and who used it
Without one: make molecule runs each role on the embedded AWS.
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="keylink-demo-") as folder:
        print("Starting an embedded AWS and an external key store proxy ...", flush=True)
        # A hundredth of AWS's delays: long enough to see the waits, short enough for a demonstration.
        with stage.running(Path(folder), time_scale=0.01) as running:
            print(f"AWS answers at {running.url}, its public DNS at 127.0.0.1:{running.dns_port}.", flush=True)
            for title, options in STEPS:
                if options == BACK and not connected(running):
                    return 1
                code = play(running, title, options)
                if code:
                    return code
    print("The embedded AWS has stopped. Nothing is left.")
    print(TO_TRY)
    return 0


def play(running: stage.Stage, title: str, options: tuple[str, ...]) -> int:
    """One run of the playbook, as a user would see it."""
    line = "=" * 78
    command = " ".join(("$ ansible-playbook keylink.aws.xks -e @my-store.json", *options))
    print(f"\n{line}\n{title}\n{command}\n{line}", flush=True)
    before = len(running.calls(mutating=1))
    code = subprocess.run(running.command(*options), env=running.environment, check=False).returncode
    print(f"AWS calls that changed something: {len(running.calls(mutating=1)) - before}", flush=True)
    return code


def connected(running: stage.Stage) -> bool:
    """Ask AWS itself, and show the answer."""
    (store,) = running.client("kms").describe_custom_key_stores()["CustomKeyStores"]
    name, state = store["CustomKeyStoreName"], store["ConnectionState"]
    print(f"\nAWS says: key store {name} ({store['CustomKeyStoreId']}) is {state}.", flush=True)
    return bool(state == "CONNECTED")


if __name__ == "__main__":
    sys.exit(main())
