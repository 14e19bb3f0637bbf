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

STEPS = (
    ("1. The plan, on an empty account: nothing is changed", ("--check",)),
    ("2. The real run: does exactly that", ()),
    ("3. Once more: nothing to do", ()),
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="keylink-demo-") as folder:
        print("Starting an embedded AWS and an external key store proxy ...", flush=True)
        # A hundredth of AWS's delays: long enough to see the waits, short enough for a demonstration.
        with stage.running(Path(folder), time_scale=0.01) as running:
            print(f"AWS answers at {running.url}, its public DNS at 127.0.0.1:{running.dns_port}.", flush=True)
            for title, options in STEPS:
                print(f"\n{'=' * 78}\n{title}\n$ ansible-playbook keylink.aws.xks -e @my-store.json"
                      f"{''.join(' ' + item for item in options)}\n{'=' * 78}", flush=True)
                before = len(running.calls(mutating=1))
                code = subprocess.run(running.command(*options), env=running.environment, check=False).returncode
                if code:
                    return code
                print(f"Calls that changed something: {len(running.calls(mutating=1)) - before}", flush=True)
            store = running.client("kms").describe_custom_key_stores()["CustomKeyStores"][0]
            print(f"\nAWS says: key store {store['CustomKeyStoreName']} ({store['CustomKeyStoreId']}) is "
                  f"{store['ConnectionState']}.", flush=True)
            connected = store["ConnectionState"] == "CONNECTED"
    print("The embedded AWS has stopped. Nothing is left.")
    return 0 if connected else 1


if __name__ == "__main__":
    sys.exit(main())
