#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_key_store
version_added: 0.1.0
short_description: Create, connect, disconnect or delete an AWS KMS external key store
description:
  - Makes an external key store, over a VPC endpoint service or a public endpoint, and brings its connection to the
    wanted state. A store that somebody made by hand is adopted by its name or id.
  - Before AWS KMS is asked to create or connect the store, reads the endpoint service and reports everything that
    AWS KMS would refuse, all at once (R5-R9, R42, R52, R55, R57, R73 in the collection's requirements).
  - AWS KMS answers a connect at once and connects afterwards. The module waits until the state is C(CONNECTED); when it
    is C(FAILED), the module fails with the error code and its remedy.
  - An existing store that differs from the options is updated. Its name, URI path and credential change while it is
    connected. Connectivity, endpoint, endpoint service and its owner change only while it is disconnected. With
    O(force=true), the module disconnects it for that, and connects it again, also when AWS KMS refuses the change.
  - Let new settings lead to the same external keys. What was encrypted under keys that AWS KMS cannot reach any more
    is lost.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - V(connected) makes the store if needed, and connects it. A store that is C(FAILED) is repaired where that can
        help (see O(recover_failed)), and else reported with its remedy.
      - V(disconnected) makes the store if needed, and disconnects it. Its KMS keys are unusable then (see O(force)).
      - V(present) makes the store if needed, and never connects or disconnects it.
      - V(absent) disconnects the store and deletes it. A store with KMS keys is refused (N18).
    type: str
    choices: [connected, disconnected, present, absent]
    default: connected
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
      - Another name for the store, which is then found under either name.
    type: str
    aliases: [new_name]
    version_added: 0.2.0
  xks_proxy_connectivity:
    description:
      - How AWS KMS reaches the proxy. A new store gets V(VPC_ENDPOINT_SERVICE) unless told otherwise; an existing one
        keeps what it has.
      - V(PUBLIC_ENDPOINT) needs no VPC (R20). AWS KMS asks the proxy for its health before it makes such a store.
      - Another connectivity needs another O(xks_proxy_uri_endpoint).
    type: str
    choices: [VPC_ENDPOINT_SERVICE, PUBLIC_ENDPOINT]
  xks_proxy_uri_endpoint:
    description:
      - C(https://) and a host name, without port and path. With an endpoint service, the host is its private DNS name,
        which is also what a new store gets if this is not given.
      - Required to create a store with O(xks_proxy_connectivity=PUBLIC_ENDPOINT).
    type: str
  xks_proxy_uri_path:
    description:
      - Path of the proxy's API, such as V(/kms/xks/v1) or V(/payments/kms/xks/v1). Required to create the store.
    type: str
  xks_proxy_vpc_endpoint_service_name:
    description:
      - Name of the VPC endpoint service, a service of the store's Region (R48). Required to create a store with
        O(xks_proxy_connectivity=VPC_ENDPOINT_SERVICE).
      - In check mode it may be a placeholder, as M(keylink.aws.xks_endpoint_service) returns it.
    type: str
  xks_proxy_vpc_endpoint_service_owner:
    description: Id of the account that owns the endpoint service, 12 digits, where it is not this account (N16).
    type: str
  xks_proxy_authentication_credential:
    description:
      - The credential with which AWS KMS signs its requests to the proxy. Required to create the store.
      - AWS KMS never shows the secret, so an existing store gets the credential only when
        O(xks_proxy_authentication_credential.access_key_id) differs, with O(force_update_credential=true), and on the
        way out of C(FAILED) with C(INVALID_CREDENTIALS) (N13).
      - When a connected store gets another one, AWS KMS uses both for up to 5 minutes. Let the proxy accept both until
        then; see O(effective_after) and the role P(keylink.aws.xks_key_store#role), tasks C(rotate).
    type: dict
    suboptions:
      access_key_id:
        description: Its id, 20 to 30 characters of C(A-Z) and C(2-7).
        type: str
        required: true
      raw_secret_access_key:
        description: Its secret, 43 to 64 characters of C(A-Z), C(a-z), C(0-9), C(/), C(+) and C(=).
        type: str
        required: true
  force_update_credential:
    description:
      - Sends O(xks_proxy_authentication_credential) although the store has its access key id already, for a secret that
        was changed on its own. The task is changed each time.
    type: bool
    default: false
    version_added: 0.2.0
  effective_after:
    description:
      - For how many seconds to watch a connected store until a new credential or URI path is in effect everywhere. AWS
        documents up to 5 minutes (V(300)), and shows neither when it is nor when the change was made. So the module
        takes that time in each run, also when it changes nothing.
      - Ignored in check mode, with O(wait=false), and where the run connects the store.
    type: int
    default: 0
    version_added: 0.2.0
  verify_key_id:
    description:
      - Id, ARN or alias of an enabled KMS key of the store. It encrypts a few bytes each time the module looks, during
        O(effective_after) and once if that is V(0), and the module fails when that is refused.
    type: str
    version_added: 0.2.0
  recover_failed:
    description:
      - Whether a store that is C(FAILED), or fails while it is waited for, is disconnected, changed as the task says,
        and connected again.
      - That is done only where it can help, which is when the code is one that passes by itself, when the task carries
        a property that differs or the credential for C(INVALID_CREDENTIALS), when the endpoint service that AWS KMS
        did not like meets its requirements now, or with O(force=true). Otherwise the task fails with the remedy and
        leaves the store as it is, so that its error code stays (N10).
    type: bool
    default: true
    version_added: 0.2.0
  transient_retries:
    description:
      - How often a connection that failed for a reason that passes (C(INTERNAL_ERROR), C(NETWORK_ERRORS),
        C(XKS_PROXY_INVALID_RESPONSE), C(XKS_PROXY_TIMED_OUT)) is tried again in one run. 0 is never.
    type: int
    default: 2
    version_added: 0.2.0
  transient_retry_delay:
    description: Seconds before each of these tries. AWS advises to wait a few minutes.
    type: int
    default: 120
    version_added: 0.2.0
  force:
    description:
      - Allows O(state=disconnected) and O(state=absent) to disconnect a connected store that has KMS keys, or may have
        keys that this identity cannot look at (N17).
      - Allows O(state=connected) to disconnect a connected store for a change that AWS KMS makes at rest only, and to
        connect it again. Its KMS keys are unusable meanwhile, and listed in RV(kms_keys).
      - Lets O(recover_failed) connect a C(FAILED) store again after a repair that neither the task nor AWS shows.
      - It never lets a store with KMS keys be deleted.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds. AWS documents about 5 minutes for each connect and disconnect.
      - When it runs out, the next run goes on from what was reached.
      - With O(wait=false) the module still waits where the next step needs it, such as for the disconnect before a
        deletion.
    type: int
    default: 1200
attributes:
  idempotent:
    support: partial
    description:
      - A second run with the same options changes nothing and makes no call that writes, except with
        O(force_update_credential=true).
seealso:
  - module: keylink.aws.xks_endpoint_service
  - module: keylink.aws.private_dns_verify
  - name: External key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html
  - name: Troubleshooting external key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
# https://docs.aws.amazon.com/kms/latest/developerguide/create-xks-keystore.html
- name: A connected external key store
  keylink.aws.xks_key_store:
    name: payments
    region: eu-central-1
    xks_proxy_vpc_endpoint_service_name: "{{ endpoint_service.service_name }}"
    xks_proxy_uri_path: /kms/xks/v1
    xks_proxy_authentication_credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"

- name: The same over the internet, without a VPC
  keylink.aws.xks_key_store:
    name: payments
    xks_proxy_connectivity: PUBLIC_ENDPOINT
    xks_proxy_uri_endpoint: https://xks-proxy.example.com
    xks_proxy_uri_path: /kms/xks/v1
    xks_proxy_authentication_credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"

- name: Over an endpoint service of another account, which allows a principal of this one
  keylink.aws.xks_key_store:
    name: payments
    xks_proxy_vpc_endpoint_service_name: com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
    xks_proxy_vpc_endpoint_service_owner: "210987654321"
    xks_proxy_uri_endpoint: https://xks-proxy.example.com
    xks_proxy_uri_path: /kms/xks/v1
    xks_proxy_authentication_credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"

# https://docs.aws.amazon.com/kms/latest/developerguide/update-xks-keystore.html
- name: Another credential, while the proxy accepts the old one too
  keylink.aws.xks_key_store:
    name: payments
    state: present
    xks_proxy_authentication_credential:
      access_key_id: "{{ new_xks_access_key_id }}"
      raw_secret_access_key: "{{ new_xks_raw_secret_access_key }}"
    effective_after: 300
    verify_key_id: alias/payments

- name: Another name
  keylink.aws.xks_key_store:
    name: payments
    new_name: payments-2026
    state: present

- name: Another endpoint service, with an outage of about 10 minutes
  keylink.aws.xks_key_store:
    name: payments
    xks_proxy_vpc_endpoint_service_name: "{{ new_endpoint_service.service_name }}"
    xks_proxy_uri_endpoint: https://xks-proxy-2.example.com
    force: true

- name: Connect it again after the certificate of the proxy was renewed
  keylink.aws.xks_key_store:
    name: payments
    force: true

- name: Take it offline although it has keys
  keylink.aws.xks_key_store:
    name: payments
    state: disconnected
    force: true

- name: Delete a store without keys
  keylink.aws.xks_key_store:
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
    custom_key_store_id: cks-0123456789abcdef0
    custom_key_store_name: payments
    custom_key_store_type: EXTERNAL_KEY_STORE
    connection_state: CONNECTED
    connection_error_code: null
    creation_date: "2026-01-31T12:00:00+00:00"
    xks_proxy_configuration:
      connectivity: VPC_ENDPOINT_SERVICE
      access_key_id: ABCDEFGHIJKLMNOPQRST
      uri_endpoint: https://xks-proxy.example.com
      uri_path: /kms/xks/v1
      vpc_endpoint_service_name: com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
      vpc_endpoint_service_owner: "123456789012"
custom_key_store_id:
  description: Its id; null when there is none.
  returned: success
  type: str
connection_state:
  description: Its connection state; null when there is none.
  returned: success, and when a connection failed
  type: str
  sample: CONNECTED
previous_connection_state:
  description: The connection state before the run; null where there was no store.
  returned: success, and when a run fails after the store was read
  type: str
  sample: DISCONNECTED
previous_access_key_id:
  description: The access key id that AWS KMS had before the run; null where there was no store.
  returned: success, and when a run fails after the store was read
  type: str
  sample: ABCDEFGHIJKLMNOPQRST
connection_error_code:
  description: Why the last connection failed, where the store was C(FAILED) before the run or became so; else null.
  returned: success, and when a run fails after the store was read
  type: str
  sample: XKS_PROXY_INVALID_TLS_CONFIGURATION
remedy:
  description: What RV(connection_error_code) means and what to do about it, in order; null where there is none.
  returned: success, and when a run fails after the store was read
  type: dict
  sample:
    code: XKS_PROXY_ACCESS_DENIED
    cause: The proxy's own authorization rules refuse AWS KMS.
    steps: ["Disconnect the key store (state: disconnected).", "...", "Connect it again (state: connected)."]
    retryable: false
    applies: external
    documentation: https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html
kms_keys:
  description: The KMS keys of the store, where it was to be disconnected, for a change too, or deleted; else empty.
  returned: success, and when a run fails after the store was read
  type: list
  elements: dict
  sample:
    - key_id: 1234abcd-12ab-34cd-56ef-1234567890ab
      arn: arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
      key_state: Enabled
      xks_key_id: bb8562717f809024
actions:
  description: What was done, or would be, to the key store and to its connection.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: external key store, name: payments, action: create, id: cks-0123456789abcdef0}
    - {resource: connection, name: payments, action: create, id: cks-0123456789abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R57
      what: endpoint service com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
      found: the verification of xks-proxy.example.com is pendingVerification
      needed: The domain must be verified before the key store is created.
      fix: Publish its TXT record and let AWS verify it (keylink.aws.private_dns_verify).
      blocking: true
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import key_store as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    key_store,
    key_store_checks,
    key_store_view,
    refusals,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    view = key_store_view.normalise(params, aws.region, client.key_stores(aws))
    service = key_store_view.service_to_read(params, view)
    store_id = key_store_view.keys_to_read(params, view)
    key_id = key_store_view.key_to_read(params)
    view = key_store_view.with_verify_key(view, client.key(aws, key_id) if key_id else None)
    view = key_store_view.with_service(view, client.endpoint_service(aws, *service) if service else None)
    return key_store_view.with_keys(view, client.keys(aws, store_id) if store_id else None)


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["connected", "disconnected", "present", "absent"], "default": "connected"},
        "custom_key_store_name": {"aliases": ["name"]},
        "custom_key_store_id": {"aliases": ["key_store_id"]},
        "new_custom_key_store_name": {"aliases": ["new_name"]},
        "xks_proxy_connectivity": {"choices": ["VPC_ENDPOINT_SERVICE", "PUBLIC_ENDPOINT"]},
        "xks_proxy_uri_endpoint": {},
        "xks_proxy_uri_path": {},
        "xks_proxy_vpc_endpoint_service_name": {},
        "xks_proxy_vpc_endpoint_service_owner": {},
        "xks_proxy_authentication_credential": {
            "type": "dict",
            "options": {
                "access_key_id": {"required": True, "no_log": False},
                "raw_secret_access_key": {"required": True, "no_log": True},
            },
        },
        "force_update_credential": {"type": "bool", "default": False},
        "effective_after": {"type": "int", "default": 0},
        "verify_key_id": {"no_log": False},
        "recover_failed": {"type": "bool", "default": True},
        "transient_retries": {"type": "int", "default": 2},
        "transient_retry_delay": {"type": "int", "default": 120},
        "force": {"type": "bool", "default": False},
        **runner.wait_arguments(timeout=1200),
    },
    constraints={
        "required_one_of": [("custom_key_store_name", "custom_key_store_id")],
        "mutually_exclusive": [("custom_key_store_name", "custom_key_store_id")],
    },
    check=key_store_checks.check,
    read=read,
    plan=key_store.plan,
    returns=key_store_view.returns,
    calls=client.CALLS,
    explain={**refusals.explanations(), "NotFoundException": "Check verify_key_id: it names no KMS key of the Region."},
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
