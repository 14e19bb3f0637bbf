# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit, its part for key stores: what an operator reads at night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from scenarios import fleet
from scenarios.harness import CONNECTION
from scenarios.key_stores import last, writes


def test_an_operator_reads_what_is_wrong_and_what_to_do(emulator: Any) -> None:
    emulator.configure(time_scale=0.0)
    stores = fleet.build(emulator)
    emulator.metric(
        name="XksProxyCertificateDaysToExpire", value=9, region=fleet.REGIONS[0],
        dimensions={"CustomKeyStoreId": stores.payments, "CertificateName": "payments.example.com"},
    )
    emulator.configure(denied=["kms:*@ap-south-1"])
    mark = last(emulator)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    variables = {"audit_key_stores_regions": [*fleet.REGIONS, "ap-south-1"]}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "keylink.aws.audit", "-e", json.dumps(variables)],
        env={
            **kept, "AWS_URL": emulator.url, "ANSIBLE_NOCOLOR": "1", "AWS_ACCESS_KEY_ID": CONNECTION["access_key"],
            "AWS_SECRET_ACCESS_KEY": CONNECTION["secret_key"], "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        },
        text=True, check=False, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert writes(emulator, mark) == []
    begin = done.stdout.index("\nKey stores\n")
    found = done.stdout[begin:done.stdout.index("\nok: ", begin)].strip().splitlines()
    assert found[2] == (
        "  4 key stores in eu-central-1, eu-west-1 and us-east-1: 1 CONNECTED, 1 DISCONNECTED and 2 FAILED"
    )
    texts = [line.strip() for line in found[3:]]
    assert texts[0] == "! eu-central-1  broken    external  FAILED        no keys"
    assert texts[1].startswith("XKS_PROXY_INVALID_TLS_CONFIGURATION: AWS KMS cannot make")
    assert texts[2] == "(1) Disconnect the key store (state: disconnected)."
    (payments,) = (line for line in texts if "payments  " in line)
    assert payments.endswith("external  CONNECTED     3 keys (1 Disabled and 2 Enabled), certificate ends in 9 days")
    assert payments.startswith("! eu-central-1")
    assert any(line.startswith("The certificate payments.example.com ends in 9 days: renew it") for line in texts)
    (ledger,) = (line for line in texts if "ledger" in line)
    assert ledger == "eu-west-1     ledger    CloudHSM  DISCONNECTED  no keys, cluster ACTIVE, 2 active HSMs"
    assert texts[texts.index("Not shown:") + 1].startswith("* ap-south-1: kms:DescribeCustomKeyStores: AccessDenied")
