#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudhsm_key_store
version_added: 0.2.0
short_description: Create, rename or delete an AWS CloudHSM key store, or give it another cluster
description:
  - Makes a CloudHSM key store of AWS KMS. A new store is not connected (R120), see
    M(keylink.aws.cloudhsm_key_store_connect).
  - Before AWS KMS is asked to create or change the store, reports everything that AWS KMS would refuse and that can be
    seen, all at once, such as a cluster without two active HSMs in two zones, one that another key store uses, deleted
    or full subnets, or closed ports of the security group (R126, R128, R145, N11 in the collection's requirements).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - V(present) makes the store where there is none, and changes an existing one (see O(change_existing)).
      - V(absent) disconnects the store and deletes it, and looks until AWS KMS says that there is none. A store with
        KMS keys is refused (N18), and its keys are never touched. The cluster stays.
    type: str
    choices: [present, absent]
    default: present
  custom_key_store_name:
    description:
      - Name of the store, 1 to 256 characters, unique in the account and Region. It shows in CloudTrail in clear.
      - One of O(custom_key_store_name) and O(custom_key_store_id) is required.
    type: str
    aliases: [name]
  custom_key_store_id:
    description: Id of an existing store, instead of its name.
    type: str
    aliases: [key_store_id]
  new_custom_key_store_name:
    description:
      - The name that an existing store shall have. AWS KMS renames it whether it is connected or not.
      - A store that has this name already is found by it.
    type: str
    aliases: [new_name]
  cloud_hsm_cluster_id:
    description:
      - Id of the cluster, one of the account and Region that no other store uses. Required to create the store.
      - An existing store gets another cluster only while it is disconnected, and only one that shares the backup
        history of the one before.
    type: str
  trust_anchor_certificate:
    description:
      - Content of C(customerCA.crt), with which the cluster was initialized, in PEM. Required to create the store.
      - AWS KMS never changes it, so a store that has another one is reported.
    type: str
  key_store_password:
    description:
      - The password of the crypto user C(kmsuser), 7 to 32 letters and digits. Required to create the store, and sent
        for nothing else; M(keylink.aws.cloudhsm_key_store_connect) can send a new one.
    type: str
  change_existing:
    description: Whether an existing store is renamed or given another cluster. With V(false) it stays as it is.
    type: bool
    default: true
  force:
    description:
      - Allows O(state=absent) to disconnect a connected store that may have KMS keys which this identity cannot look at
        (N17). It never lets a store with KMS keys be deleted.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for each state, in seconds.
      - With O(wait=false) the module still waits for the disconnect before a deletion.
    type: int
    default: 1800
seealso:
  - module: keylink.aws.cloudhsm_key_store_connect
  - name: CloudHSM key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/keystore-cloudhsm.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
# https://docs.aws.amazon.com/kms/latest/developerguide/create-keystore.html
- name: A CloudHSM key store
  keylink.aws.cloudhsm_key_store:
    name: payments
    region: eu-central-1
    cloud_hsm_cluster_id: cluster-234567abcde
    trust_anchor_certificate: "{{ lookup('ansible.builtin.file', 'customerCA.crt') }}"
    key_store_password: "{{ vault_kmsuser_password }}"

- name: A new name
  keylink.aws.cloudhsm_key_store:
    name: payments
    new_custom_key_store_name: payments-eu

- name: Delete a store without keys
  keylink.aws.cloudhsm_key_store:
    name: payments
    state: absent
"""

RETURN = r"""
custom_key_store:
  description:
    - The key store; null when there is none.
    - In check mode, values of a new store that AWS assigns are placeholders C((known after apply...)).
  returned: success
  type: dict
  sample:
    custom_key_store_id: cks-1234567890abcdef0
    custom_key_store_name: payments
    custom_key_store_type: AWS_CLOUDHSM
    cloud_hsm_cluster_id: cluster-234567abcde
    connection_state: DISCONNECTED
    connection_error_code: null
    creation_date: "2026-01-31T12:00:00+00:00"
    xks_proxy_configuration: null
custom_key_store_id:
  description: Its id; null when there is none.
  returned: success
  type: str
connection_state:
  description: Its connection state; null when there is none.
  returned: success
  type: str
  sample: DISCONNECTED
previous_connection_state:
  description: The connection state before the run; null where there was no store.
  returned: always, except when the state before could not be read
  type: str
  sample: CONNECTED
connection_error_code:
  description: Why the last connection failed, where the store was C(FAILED) before the run; else null.
  returned: always, except when the state before could not be read
  type: str
  sample: CLUSTER_NOT_FOUND
remedy:
  description: What RV(connection_error_code) means and what to do about it, in order; null where there is none.
  returned: always, except when the state before could not be read
  type: dict
active_hsm_count:
  description: Active HSMs of the cluster before the run; null where the cluster was not read.
  returned: always, except when the state before could not be read
  type: int
  sample: 2
kms_keys:
  description: The KMS keys of the store, where it was to be deleted; else empty.
  returned: always, except when the state before could not be read
  type: list
  elements: dict
waited_seconds:
  description: How long the run waited for states in all; 0 in check mode.
  returned: success
  type: int
  sample: 12
actions:
  description: What was done, or would be, to the key store.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: CloudHSM key store, name: payments, action: create, id: cks-1234567890abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R128
      what: CloudHSM cluster cluster-234567abcde
      found: its state is INITIALIZED
      needed: The cluster must be active and contain at least one active HSM.
      fix: Initialize and activate the cluster, or wait until it is ACTIVE again.
      blocking: true
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import cloudhsm, key_store
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    cloudhsm_key_store,
    cloudhsm_view,
    refusals,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    view = cloudhsm_view.normalise(params, aws.region, key_store.key_stores(aws))
    wanted = cloudhsm_view.cluster_to_read(params, view), cloudhsm_view.keys_to_read(params, view)
    return cloudhsm_view.complete(view, cloudhsm.surroundings(aws, *wanted))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "custom_key_store_name": {"aliases": ["name"]},
        "custom_key_store_id": {"aliases": ["key_store_id"]},
        "new_custom_key_store_name": {"aliases": ["new_name"]},
        "cloud_hsm_cluster_id": {},
        "trust_anchor_certificate": {},
        "key_store_password": {"no_log": True},
        "change_existing": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        **runner.wait_arguments(timeout=1800),
    },
    constraints={
        "required_one_of": [("custom_key_store_name", "custom_key_store_id")],
        "mutually_exclusive": [("custom_key_store_name", "custom_key_store_id")],
    },
    check=cloudhsm_key_store.check,
    read=read,
    plan=cloudhsm_key_store.plan,
    returns=cloudhsm_view.returns,
    calls={"key_store": key_store.key_store},
    explain=refusals.explanations(),
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
