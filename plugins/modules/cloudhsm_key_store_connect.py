#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudhsm_key_store_connect
version_added: 0.2.0
short_description: Connect or disconnect an AWS CloudHSM key store, and repair a failed connection
description:
  - Brings the connection of a CloudHSM key store of AWS KMS to the wanted state, from whichever state it is in, and
    waits until it is reached. A run that was interrupted is finished by the next one.
  - Before AWS KMS is asked to connect, reads the cluster, its subnets and its security group, and reports everything
    that AWS KMS would refuse, all at once (R126, R128, R145, N11 in the collection's requirements). Of a store that is
    connected already, the same is reported without stopping anything.
  - Mutual TLS of the cluster and its crypto user C(kmsuser) are settings inside the HSMs that no API of AWS shows. The
    user must exist without a second factor and be logged out (R130, R131), and mutual TLS must be off.
  - When the connection is C(FAILED), the result and the failure have the error code with its cause, what to do in
    order, and whether trying again can help. The code is read before anything erases it (N10).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - V(connected) connects the store, and repairs one that is C(FAILED) where that can help (see O(recover_failed)).
      - V(disconnected) disconnects it, also out of C(FAILED). Its KMS keys are unusable then (see O(force)).
    type: str
    choices: [connected, disconnected]
    default: connected
  custom_key_store_id:
    description:
      - Id of the store. One of O(custom_key_store_id) and O(custom_key_store_name) is required.
      - In check mode it may be a placeholder, as M(keylink.aws.cloudhsm_key_store) returns it.
    type: str
    aliases: [key_store_id]
  custom_key_store_name:
    description: Name of the store, instead of its id.
    type: str
    aliases: [name]
  key_store_password:
    description:
      - The password that C(kmsuser) has in the cluster now, 7 to 32 letters and digits.
      - AWS KMS changes it at every connect and keeps the new one to itself, so it is never compared (R124). It is sent
        when a connect failed for want of it (C(INVALID_CREDENTIALS), C(USER_LOCKED_OUT), C(USER_LOGGED_IN),
        C(USER_NOT_FOUND)), once in a run, or with O(force_update_password=true).
      - Five wrong passwords lock C(kmsuser).
    type: str
  force_update_password:
    description:
      - Sends O(key_store_password) although nothing shows that it is needed. Such a run always changes something, and
        a connected store is disconnected and connected again for it.
    type: bool
    default: false
  cloud_hsm_cluster_id:
    description:
      - Id of the cluster that the store shall have. Leaves the store its cluster when it is not given.
      - AWS KMS takes only a cluster that shares the backup history of the one before, with two active HSMs in two
        zones, and only while the store is disconnected; a connected store is disconnected and connected again for it.
        When AWS KMS refuses the new cluster, the store is connected to the old one again.
    type: str
  recover_failed:
    description:
      - Whether a store that is C(FAILED), or fails while it is waited for, is disconnected, changed as the task says,
        and connected again.
      - That is done only where it can help, which is when the code is one that passes by itself, when the task carries
        O(cloud_hsm_cluster_id) of another cluster or a password that cures the code, when AWS shows that the cause is
        gone (such as an HSM that was added), or with O(force=true). Otherwise the task fails with the remedy and leaves
        the store as it is, so that its error code stays.
    type: bool
    default: true
  transient_retries:
    description:
      - How often a connection that failed for a reason that passes (C(INTERNAL_ERROR), C(NETWORK_ERRORS)) is tried
        again in one run. 0 is never.
    type: int
    default: 2
  transient_retry_delay:
    description: Seconds before each of these tries. AWS advises to wait a few minutes.
    type: int
    default: 120
  verify:
    description:
      - Whether to ask a connected store for random bytes, which only its HSMs can give. C(CONNECTED) alone says that a
        connect succeeded once, not that the store works now (R123). Needs C(kms:GenerateRandom).
      - Check mode does not ask, and neither does O(wait=false).
    type: bool
    default: false
  force:
    description:
      - Allows to disconnect a connected store that has KMS keys, or may have keys that this identity cannot look at
        (N17).
      - Lets O(recover_failed) connect a C(FAILED) store again after a repair that neither the task nor AWS shows.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for each state, in seconds. AWS documents up to 20 minutes for a connect (R127).
      - When it runs out, the next run goes on from what was reached.
      - With O(wait=false) the module still waits where the next step needs it, such as for a disconnect before a
        change.
    type: int
    default: 1800
attributes:
  idempotent:
    support: partial
    description:
      - A second run with the same options changes nothing and makes no call that writes, except with
        O(force_update_password=true).
seealso:
  - module: keylink.aws.cloudhsm_key_store
  - module: keylink.aws.xks_key_store
  - name: Connecting and disconnecting a CloudHSM key store
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/connect-keystore.html
  - name: Troubleshooting a CloudHSM key store
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/fix-keystore.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
# https://docs.aws.amazon.com/kms/latest/developerguide/connect-keystore.html
- name: The key store is connected, whatever it was before
  keylink.aws.cloudhsm_key_store_connect:
    custom_key_store_id: cks-1234567890abcdef0
    region: eu-central-1

- name: It is connected, and its HSMs answer
  keylink.aws.cloudhsm_key_store_connect:
    name: payments
    verify: true

- name: A new password of kmsuser after a lock-out
  keylink.aws.cloudhsm_key_store_connect:
    name: payments
    key_store_password: "{{ vault_kmsuser_password }}"

- name: Another cluster after the first one was lost
  keylink.aws.cloudhsm_key_store_connect:
    name: payments
    cloud_hsm_cluster_id: cluster-234567abcde

- name: Offline, although it has keys
  keylink.aws.cloudhsm_key_store_connect:
    name: payments
    state: disconnected
    force: true
"""

RETURN = r"""
custom_key_store:
  description: The key store as AWS KMS shows it, in check mode as it would be.
  returned: success
  type: dict
  sample:
    custom_key_store_id: cks-1234567890abcdef0
    custom_key_store_name: payments
    custom_key_store_type: AWS_CLOUDHSM
    cloud_hsm_cluster_id: cluster-234567abcde
    connection_state: CONNECTED
    connection_error_code: null
    creation_date: "2026-01-31T12:00:00+00:00"
    xks_proxy_configuration: null
custom_key_store_id:
  description: Its id.
  returned: success, and when a connection failed
  type: str
connection_state:
  description: Its connection state.
  returned: success, and when a connection failed
  type: str
  sample: CONNECTED
previous_connection_state:
  description: The connection state before the run; null where there was no store.
  returned: always, except when the state before could not be read
  type: str
  sample: DISCONNECTED
connection_error_code:
  description: Why the last connection failed, where the store was C(FAILED) before the run or became so; else null.
  returned: always, except when the state before could not be read
  type: str
  sample: USER_LOCKED_OUT
remedy:
  description: What RV(connection_error_code) means and what to do about it, in order; null where there is none.
  returned: always, except when the state before could not be read
  type: dict
  sample:
    code: USER_LOCKED_OUT
    cause: kmsuser is locked after too many logins with a wrong password.
    steps: ["Disconnect the key store (state: disconnected).", "...", "Connect it again (state: connected)."]
    retryable: false
    applies: cloudhsm
    documentation: https://docs.aws.amazon.com/kms/latest/developerguide/fix-keystore.html
active_hsm_count:
  description: Active HSMs of the cluster before the run; null where the cluster was not read.
  returned: always, except when the state before could not be read
  type: int
  sample: 2
kms_keys:
  description: The KMS keys of the store, where a connected store was to be disconnected; else empty.
  returned: always, except when the state before could not be read
  type: list
  elements: dict
  sample:
    - key_id: 1234abcd-12ab-34cd-56ef-1234567890ab
      arn: arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
      key_state: Enabled
      xks_key_id: null
waited_seconds:
  description: How long the run waited for states in all; 0 in check mode.
  returned: success
  type: int
  sample: 431
actions:
  description: What was done, or would be, to the connection and to the key store.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: connection, name: payments, action: update, id: cks-1234567890abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R128
      what: CloudHSM cluster cluster-234567abcde
      found: it has no active HSM
      needed: The cluster must be active and contain at least one active HSM.
      fix: Add an HSM, better two in different Availability Zones, and wait until it is ACTIVE (R129).
      blocking: true
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import cloudhsm, key_store
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    cloudhsm_connection,
    cloudhsm_view,
    refusals,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    view = cloudhsm_view.normalise(params, aws.region, key_store.key_stores(aws))
    wanted = cloudhsm_view.cluster_to_read(params, view), cloudhsm_view.keys_to_read(params, view)
    return cloudhsm_view.complete(view, cloudhsm.surroundings(aws, *wanted))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["connected", "disconnected"], "default": "connected"},
        "custom_key_store_id": {"aliases": ["key_store_id"]},
        "custom_key_store_name": {"aliases": ["name"]},
        "key_store_password": {"no_log": True},
        "force_update_password": {"type": "bool", "default": False, "no_log": False},
        "cloud_hsm_cluster_id": {},
        "recover_failed": {"type": "bool", "default": True},
        "transient_retries": {"type": "int", "default": 2},
        "transient_retry_delay": {"type": "int", "default": 120},
        "verify": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        **runner.wait_arguments(timeout=1800),
    },
    constraints={
        "required_one_of": [("custom_key_store_id", "custom_key_store_name")],
        "mutually_exclusive": [("custom_key_store_id", "custom_key_store_name")],
        "required_if": [("force_update_password", True, ("key_store_password",))],
    },
    check=cloudhsm_connection.check,
    read=read,
    plan=cloudhsm_connection.plan,
    returns=cloudhsm_view.returns,
    calls={"key_store": key_store.key_store, "key_store_answers": cloudhsm.key_store_answers},
    explain=cloudhsm_connection.explanations(refusals.explanations()),
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
