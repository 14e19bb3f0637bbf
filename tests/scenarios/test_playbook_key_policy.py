# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy filters in the templates of a playbook, and the module that puts what they make (R102, R106, R107)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from emulator.client import Emulator as Control
from scenarios.prerequisites import REGION, client
from scenarios.stage import Stage

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/keylink.aws.aws: {region: eu-central-1}
    keylink.aws.kms_key_policy: {alias: payments}
  vars:
    account: "123456789012"
    through: >-
      {{ 'through_endpoint' | keylink.aws.key_policy(account=account, region='eu-central-1', endpoints=[endpoint]) }}
    split: >-
      {{
        'split_by_vpc' | keylink.aws.key_policy(
          account=account, region='eu-central-1', administer_from=vpc, use_from=[vpc],
          administrators=['user/emulated'], exempt_services=true)
      }}
  tasks:
    - name: Planned
      keylink.aws.kms_key_policy:
        policy: "{{ through }}"
      check_mode: true
      register: planned

    - name: Put
      keylink.aws.kms_key_policy:
        policy: "{{ [through, split | ansible.builtin.to_json] | keylink.aws.combined_policy }}"
      register: put

    - name: The same again
      keylink.aws.kms_key_policy:
        policy: "{{ [split, through] | keylink.aws.combined_policy | ansible.builtin.to_nice_json }}"
      register: again

    - name: What it was
      ansible.builtin.debug:
        msg: "{{ planned is changed }} {{ put is changed }} {{ again is changed }}"

    - name: An endpoint is needed
      ansible.builtin.debug:
        msg: "{{ 'through_endpoint' | keylink.aws.key_policy(account=account) }}"
"""


def test_policies_from_filters(emulator: Any, tmp_path: Path) -> None:
    kms, ec2 = client(emulator.url, "kms"), client(emulator.url, "ec2")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/payments", TargetKeyId=key)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.kms", VpcEndpointType="Interface"
    )["VpcEndpoint"]["VpcEndpointId"]
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    stage = Stage(emulator.url, 0, tmp_path, Control(emulator.url))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "play.yml", "-e",
               json.dumps({"vpc": vpc, "endpoint": endpoint})]
    run = subprocess.run(
        command, cwd=tmp_path, env=stage.environment, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    assert '"msg": "True True False"' in run.stdout, run.stdout
    assert "the key policy through_endpoint needs endpoints" in run.stdout
    assert len(emulator.calls(mutating=True, action="PutKeyPolicy")) == 1
    sids = {item["Sid"] for item in json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]}
    assert sids == {"EnableIAMPolicies", "DenyUseElsewhere", "DenyAdministrationElsewhere", "DenyUseInOtherVpcs"}
