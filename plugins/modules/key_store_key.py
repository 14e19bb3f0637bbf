#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: key_store_key
version_added: 0.2.0
short_description: KMS key in an external or AWS CloudHSM key store
description:
  - Makes a KMS key in a custom key store of either type, and keeps its aliases, description, policy, tags and whether
    it is enabled as the options want them.
  - AWS KMS takes no token when it makes a key. So the key is looked for first, by its key store and external key, by
    its aliases or by its id; an answer that got lost does not make a second key.
  - Custom key stores hold symmetric encryption keys of a single Region, which AWS KMS does not rotate. There are no
    options for anything else, and the key store and the external key of a KMS key never change (N30).
  - A key is deleted only by name and with a waiting period (N18).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - V(present) makes the key if it does not exist.
      - V(absent) schedules its deletion, with O(pending_window_in_days). What was encrypted with the key becomes
        unreadable for good when AWS KMS deletes it.
    type: str
    choices: [present, absent]
    default: present
  custom_key_store_id:
    description:
      - Id of the key store.
      - In check mode it may be a placeholder, as M(keylink.aws.xks_key_store) returns it.
      - One of O(custom_key_store_id), O(custom_key_store_name) and O(key_id) is required.
    type: str
    aliases: [key_store_id]
  custom_key_store_name:
    description: Name of the key store, instead of its id.
    type: str
    aliases: [key_store_name]
  key_id:
    description: Id or ARN of an existing key. The key store need not be named then.
    type: str
  xks_key_id:
    description:
      - Name of the external key, as the external key store proxy has it. Required to make a key in an external key
        store.
      - An external key belongs to one KMS key of the store (N31), so it is also what a key is found by.
      - One of O(xks_key_id), O(alias) and O(key_id) is required.
    type: str
  alias:
    description:
      - Aliases of the key, with or without C(alias/) before them. The first one also names the key in messages.
      - Required to make a key in a CloudHSM key store, where nothing else finds it again. Such a key has the tag
        C(keylink:alias), by which it is found should a run end before the key has its alias.
    type: list
    elements: str
    aliases: [aliases]
  purge_alias:
    description: Whether to delete aliases of the key that are not listed. Whoever uses them has no key then.
    type: bool
    default: false
  move_alias:
    description:
      - Whether an alias that belongs to another key is moved to this one, which is how external keys are rotated.
      - What was encrypted before still needs the other key.
    type: bool
    default: false
  description:
    description: Description of the key. Not given, it stays as it is.
    type: str
  policy:
    description:
      - Key policy. Policies are compared by their meaning, so order and spelling do not matter.
      - AWS KMS refuses a policy after which you could not change it again. M(keylink.aws.kms_key_policy) tells that,
        and more, before it changes one.
      - Not given, a new key gets the default policy of AWS KMS, and that of an existing key stays.
    type: json
  enabled:
    description:
      - Whether the key is enabled. Not given, a new key is enabled and an existing one stays as it is.
      - While the key store is disconnected its keys are C(Unavailable), and whether they are enabled cannot be seen.
    type: bool
  pending_window_in_days:
    description:
      - With O(state=absent), how many days AWS KMS waits before it deletes the key, 7 to 30. It has no default, so that
        nobody deletes a key by accident.
      - A deletion that is scheduled already is left as it is.
    type: int
  cancel_deletion:
    description:
      - With O(state=present), whether the deletion of a key that waits for it is cancelled. The key is disabled then,
        unless O(enabled=true).
    type: bool
    default: false
  expected_connection_state:
    description:
      - The connection state to which an earlier task of the play brings the key store, as
        RV(keylink.aws.xks_key_store#module:connection_state) says it. In check mode AWS KMS does not show it yet.
    type: str
  xks_proxy_address:
    description:
      - Address at which this host reaches the external key store proxy, with a port unless it is 443. With
        O(xks_proxy_authentication_credential), the proxy is asked for the external key before a KMS key is made, so
        that a plan tells what AWS KMS would refuse. The key store must exist already.
    type: str
  xks_proxy_authentication_credential:
    description: The credential of the key store, to sign that request.
    type: dict
    suboptions:
      access_key_id:
        description: Its id.
        type: str
        required: true
      raw_secret_access_key:
        description: Its secret. It is only signed with.
        type: str
        required: true
  wait_timeout:
    description: How long to wait, in seconds, for a store that is connecting and for a key that AWS does not show yet.
    type: int
    default: 600
seealso:
  - module: keylink.aws.xks_key_store
  - module: keylink.aws.key_store_info
  - module: keylink.aws.kms_key_policy
  - name: KMS keys in external key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/create-xks-keys.html
  - name: KMS keys in AWS CloudHSM key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/create-cmk-keystore.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
- name: A KMS key for an external key
  keylink.aws.key_store_key:
    region: eu-central-1
    custom_key_store_name: payments
    xks_key_id: bb8562717f809024
    alias: payments
    description: Card data
    tags: {team: payments}

- name: The next external key takes the alias over; the old KMS key stays for what it encrypted
  keylink.aws.key_store_key:
    custom_key_store_name: payments
    xks_key_id: cc9673828a910135
    alias: payments
    move_alias: true

- name: A KMS key in a CloudHSM key store
  keylink.aws.key_store_key:
    custom_key_store_name: hsm
    alias: [ledger, ledger-2026]

- name: Delete a key in 30 days
  keylink.aws.key_store_key:
    custom_key_store_name: payments
    xks_key_id: bb8562717f809024
    state: absent
    pending_window_in_days: 30

- name: Keep it after all
  keylink.aws.key_store_key:
    custom_key_store_name: payments
    xks_key_id: bb8562717f809024
    cancel_deletion: true
    enabled: true
"""

RETURN = r"""
kms_key:
  description:
    - The key; null when there is none. In check mode, values that AWS assigns are placeholders.
    - C(policy) is null unless O(policy) is given. C(tags) is null where this identity may not see them.
  returned: success
  type: dict
  sample:
    key_id: 1234abcd-12ab-34cd-56ef-1234567890ab
    key_arn: arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
    key_state: Enabled
    description: Card data
    custom_key_store_id: cks-0123456789abcdef0
    cloud_hsm_cluster_id: null
    xks_key_id: bb8562717f809024
    origin: EXTERNAL_KEY_STORE
    key_spec: SYMMETRIC_DEFAULT
    key_usage: ENCRYPT_DECRYPT
    creation_date: "2026-01-31T12:00:00+00:00"
    deletion_date: null
    aliases: [alias/payments]
    tags: {team: payments}
    policy: null
key_id:
  description: Its id; null when there is none.
  returned: success
  type: str
key_arn:
  description: Its ARN; null when there is none.
  returned: success
  type: str
key_state:
  description: Its state.
  returned: success
  type: str
  sample: Enabled
previous_key_state:
  description: Its state before the run; null where there was no key.
  returned: success, and when a requirement is not met
  type: str
  sample: PendingDeletion
deletion_date:
  description: When AWS KMS deletes it; null unless it waits for that.
  returned: success
  type: str
last_usage:
  description:
    - With O(state=absent), the last use of the key that AWS KMS has on record. C(operation) and C(timestamp) are null
      where there is none since C(tracked_since). Null where this identity may not see it (C(kms:GetKeyLastUsage)).
  returned: success, and when a requirement is not met
  type: dict
  sample: {operation: Decrypt, timestamp: "2026-01-31T12:00:00+00:00", tracked_since: "2025-06-01T00:00:00+00:00"}
actions:
  description: What was done, or would be, to the key and to each alias.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: KMS key, name: payments, action: create, id: 1234abcd-12ab-34cd-56ef-1234567890ab}
    - {resource: alias, name: alias/payments, action: create, id: alias/payments}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: N18
      what: deleting KMS key 1234abcd-12ab-34cd-56ef-1234567890ab
      found: everything that was encrypted with it becomes unreadable for good
      needed: Scheduled deletion of a key is never a side effect.
      fix: "If that is what you want, give pending_window_in_days: 7 to 30."
      blocking: true
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import external_key
from ansible_collections.keylink.aws.plugins.module_utils.clients import kms_key as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import kms_key, kms_key_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import kms_key_view as views


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    around = client.around(aws, views.names_store(params), bool(params["alias"]))
    view = views.normalise(params, aws.region, around["stores"], around["aliases"])
    view = views.with_candidates(params, view, client.described(aws, views.ids_to_describe(params, view)))
    if views.must_search(params, view):
        found = client.in_store(aws, view["store"]["custom_key_store_id"])
        unnamed = views.unnamed(params, found["keys"], around["aliases"])
        marked = client.marked(aws, unnamed, views.aliases_of(params) or [])
        candidates = found["keys"] if params["xks_key_id"] else marked
        view = views.with_candidates(params, view, candidates, len(found["unreadable"]))
    cluster = views.needs_cluster(params, view)
    view = views.with_zones(view, client.active_zones(aws, cluster) if cluster else None)
    proxy = views.proxy_to_ask(params, view)
    answer = external_key.metadata(aws.region, proxy, params["xks_key_id"]) if proxy else None
    view = views.with_external_key(view, answer)
    if not view["key"]:
        return view
    wanted = bool(params["policy"]), views.uses_count(params, view)
    return views.with_details(view, client.details(aws, view["key"]["key_id"], *wanted))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "custom_key_store_id": {"aliases": ["key_store_id"]},
        "custom_key_store_name": {"aliases": ["key_store_name"]},
        "key_id": {"no_log": False},
        "xks_key_id": {"no_log": False},
        "alias": {"type": "list", "elements": "str", "aliases": ["aliases"]},
        "purge_alias": {"type": "bool", "default": False},
        "move_alias": {"type": "bool", "default": False},
        "description": {},
        "policy": {"type": "json"},
        "enabled": {"type": "bool"},
        "pending_window_in_days": {"type": "int"},
        "cancel_deletion": {"type": "bool", "default": False},
        "expected_connection_state": {},
        "xks_proxy_address": {},
        "xks_proxy_authentication_credential": {
            "type": "dict",
            "options": {
                "access_key_id": {"required": True, "no_log": False},
                "raw_secret_access_key": {"required": True, "no_log": True},
            },
        },
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=600),
    },
    constraints={
        "required_one_of": [
            ("custom_key_store_id", "custom_key_store_name", "key_id"), ("xks_key_id", "alias", "key_id"),
        ],
        "mutually_exclusive": [("custom_key_store_id", "custom_key_store_name")],
        "required_together": [("xks_proxy_address", "xks_proxy_authentication_credential")],
    },
    check=kms_key_checks.check,
    read=read,
    plan=kms_key.plan,
    returns=views.returns,
    calls=client.CALLS,
    explain=kms_key.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
