# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook with KMS keys: planned on an empty account, made once, and what their options break said first."""

from __future__ import annotations

import json
from pathlib import Path

from scenarios import stage as staging

KEYS = [{"xks_key_id": "demo-key", "alias": ["payments"], "tags": {"team": "payments"}}]


def test_keys_follow_their_store(tmp_path: Path) -> None:
    with staging.running(tmp_path) as stage:
        kms = stage.client("kms")
        wrong = json.dumps({"xks_key_store_keys": [*KEYS, {"xks_key_id": "a b", "pending_window_in_days": 3}]})
        refused = stage.play("-e", wrong)
        assert refused.returncode != 0
        assert "xks_key_id: a b" in refused.stdout
        assert "pending_window_in_days: 3" in refused.stdout
        keys = ("-e", json.dumps({"xks_key_store_keys": KEYS}))
        plan = stage.play(*keys, "--check")
        assert "  + create  KMS key payments\n  + create  alias alias/payments\n" in plan.stdout, plan.stdout
        assert [call["action"] for call in stage.calls(mutating=1)] == ["CreateHostedZone"]
        done = stage.play(*keys)
        assert done.returncode == 0, done.stdout
        (key,) = kms.list_keys()["Keys"]
        assert f"  + created  KMS key payments ({key['KeyId']})" in done.stdout
        count = len(stage.calls(mutating=1))
        again = stage.play(*keys)
        assert "  = kept  alias alias/payments\n" in again.stdout
        assert len(stage.calls(mutating=1)) == count
