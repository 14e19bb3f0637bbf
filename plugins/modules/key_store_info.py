#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: key_store_info
version_added: 0.2.0
short_description: State of the custom key stores of an account in one Region or several
description:
  - Looks at the external and the AWS CloudHSM key stores of an account, in several Regions side by side. Says for each
    its connection state, the error code with its remedy, what holds it up (endpoint service or cluster), what AWS KMS
    would refuse at its next connect, when the certificate of its proxy ends, and how many KMS keys it has by state.
  - What this identity may not read is null, and named in C(unknown) with the permission that it takes. A Region that
    could not be read is named in RV(regions), and is no failure as long as another one could.
  - Changes nothing.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  regions:
    description:
      - The Regions to look at. Defaults to the one of O(region).
    type: list
    elements: str
  custom_key_store_id:
    description: Id of the only key store to look at.
    type: str
    aliases: [key_store_id]
  custom_key_store_name:
    description: Name of the only key store to look at, in each Region.
    type: str
    aliases: [name]
  count_keys:
    description:
      - Whether to count the KMS keys of each key store. AWS KMS has no list of them, so each key of the Region is
        looked at, where there is a key store. With thousands of keys that takes minutes.
    type: bool
    default: true
seealso:
  - module: keylink.aws.key_store_key
  - plugin: keylink.aws.key_stores
    plugin_type: inventory
  - name: Monitoring of external key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/xks-monitoring.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
"""

EXAMPLES = r"""
- name: All key stores of three Regions
  keylink.aws.key_store_info:
    regions: [eu-central-1, eu-west-1, us-east-1]
  register: found

- name: Those that do not work, and what to do about it
  ansible.builtin.debug:
    msg: "{{ item.custom_key_store_name }} in {{ item.region }}: {{ item.remedy.steps | default([]) | join(' ') }}"
  loop: "{{ found.key_stores | rejectattr('connection_state', 'equalto', 'CONNECTED') }}"
  loop_control: {label: "{{ item.custom_key_store_id }}"}

- name: One key store, without its keys
  keylink.aws.key_store_info:
    region: eu-central-1
    custom_key_store_name: payments
    count_keys: false
"""

RETURN = r"""
key_stores:
  description: The key stores, by Region and name.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The Region that the key store is in.
      type: str
      returned: always
      sample: eu-central-1
    custom_key_store_id:
      description: Its id.
      type: str
      returned: always
      sample: cks-0123456789abcdef0
    custom_key_store_name:
      description: Its name.
      type: str
      returned: always
      sample: payments
    custom_key_store_type:
      description: V(EXTERNAL_KEY_STORE) or V(AWS_CLOUDHSM).
      type: str
      returned: always
      sample: EXTERNAL_KEY_STORE
    connection_state:
      description: Its connection state. V(CONNECTED) is no proof that the proxy works now.
      type: str
      returned: always
      sample: FAILED
    connection_error_code:
      description: Why the last connection failed; null unless the state is V(FAILED).
      type: str
      returned: always
      sample: XKS_PROXY_INVALID_TLS_CONFIGURATION
    remedy:
      description: What the error code means and what to do about it, in order; null where there is none.
      type: dict
      returned: always
      sample: {code: XKS_PROXY_ACCESS_DENIED, cause: "...", steps: ["..."], retryable: false, applies: external,
               documentation: "..."}
    creation_date:
      description: When it was made.
      type: str
      returned: always
    xks_proxy_configuration:
      description: The proxy of an external key store, without the secret; else null.
      type: dict
      returned: always
      sample: {connectivity: VPC_ENDPOINT_SERVICE, uri_endpoint: "https://xks-proxy.example.com"}
    cloud_hsm_cluster_id:
      description: The cluster of a CloudHSM key store; else null.
      type: str
      returned: always
    cluster:
      description: State of that cluster and its active HSMs; null where there is none, or it could not be read.
      type: dict
      returned: always
      sample: {state: ACTIVE, active_hsms: 2, availability_zones: [eu-central-1a, eu-central-1b]}
    endpoint_service:
      description:
        - The VPC endpoint service of an external key store, with the verification state of its domain
          (C(private_dns_state)); null where there is none, or it could not be read.
        - C(exists) is false where the key store names a service that is gone. Only the owner of a service sees its
          state and principals (C(seen_by)).
      type: dict
      returned: always
      sample: {service_name: com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0, service_state: Available,
               private_dns_name: xks-proxy.example.com, private_dns_state: verified, exists: true, seen_by: owner}
    certificate_days_to_expire:
      description:
        - Days until the certificate of the proxy ends, as AWS KMS measured it (CloudWatch metric
          C(XksProxyCertificateDaysToExpire)); null where there is no value of the last day. AWS KMS measures none while
          the store is not connected, nor for a certificate whose subject is a wildcard.
      type: int
      returned: always
      sample: 41
    certificate_name:
      description: Subject of that certificate.
      type: str
      returned: always
      sample: xks-proxy.example.com
    credential_age_days:
      description: Days since AWS KMS got the credential that it uses; null where there is no value of the last day.
      type: int
      returned: always
      sample: 120
    kms_keys:
      description:
        - The KMS keys of the store by state; null where nobody counted them. C(unreadable) is the number of keys of the
          Region that this identity may not look at, and which may be in the store.
      type: dict
      returned: always
      sample: {total: 3, by_state: {Enabled: 2, PendingDeletion: 1}, unreadable: 0}
    unmet_requirements:
      description: What AWS KMS would refuse at the next connect, by R or N number, as far as it can be seen from here.
      type: list
      elements: dict
      returned: always
    unknown:
      description: What could not be read, and the permission that it takes.
      type: list
      elements: dict
      returned: always
      sample: [{what: certificate_days_to_expire, iam_action: "cloudwatch:ListMetrics"}]
regions:
  description:
    - The Regions that were asked. C(status) is V(ok), V(denied) with the missing permission in C(iam_action), or
      V(failed) with the reason in C(message).
  returned: success
  type: list
  elements: dict
  sample:
    - {region: eu-central-1, status: ok, key_stores: 2, message: null, iam_action: null}
lines:
  description:
    - All of this as lines for a terminal. A line that begins with C(!) needs somebody, and is followed by what to do.
  returned: success
  type: list
  elements: str
  sample:
    - "2 key stores in eu-central-1: 1 CONNECTED and 1 DISCONNECTED"
    - "  eu-central-1  cards     external  DISCONNECTED  no keys"
    - "  eu-central-1  payments  external  CONNECTED     3 keys (3 Enabled), certificate ends in 41 days"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import key_store_survey
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_report


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    regions = params["regions"] or [aws.region]
    return key_store_report.normalise(
        key_store_survey.survey(aws, regions, key_store_report.wanted(params), params["count_keys"])
    )


SPEC = runner.Spec(
    argument_spec={
        "regions": {"type": "list", "elements": "str"},
        "custom_key_store_id": {"aliases": ["key_store_id"]},
        "custom_key_store_name": {"aliases": ["name"]},
        "count_keys": {"type": "bool", "default": True},
    },
    constraints={"mutually_exclusive": [("custom_key_store_id", "custom_key_store_name")]},
    read=read,
    plan=key_store_report.plan,
    returns=key_store_report.returns,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
