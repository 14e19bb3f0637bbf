#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kms_key_policy
version_added: 0.2.0
short_description: Key policy of a KMS key, put without locking yourself out
description:
  - Puts the policy of a KMS key, found by id, ARN or alias. Policies are compared by what they mean, so the order of
    statements, a string in the place of a list of one, or an account in the place of its ARN is no change.
  - Before it writes anything, it checks that AWS KMS takes the policy (R97, R107), that it has no placeholders of AWS's
    examples (R99), that the identity in use can put a policy again afterwards (R107), and that the endpoints and VPCs
    that the policy demands exist and are ready for AWS KMS (R106).
  - Warns of statements that demand a VPC or an endpoint and make no exception for AWS services (R103).
  - A key always has a policy, so there is no absent. The filter P(keylink.aws.key_policy#filter) makes the policies
    that AWS's pages describe.
  - Works in every state of the key.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(present), the key gets O(policy).
      - With V(default), it gets the policy of a key that was made without one, which leaves everything to the IAM
        policies of the account.
    type: str
    choices: [present, default]
    default: present
  key_id:
    description:
      - Id or ARN of the key. An alias, beginning with C(alias/), or its ARN is taken as well.
      - In check mode also a placeholder C((known after apply...)), for a key that an earlier task would make.
    type: str
    aliases: [key_arn]
  alias:
    description: Alias of the key, instead of O(key_id), with C(alias/) or without.
    type: str
    aliases: [key_alias]
  policy:
    description:
      - The policy, as a YAML mapping or JSON text of at most 32 KB. Required with O(state=present).
      - In check mode it may contain placeholders C((known after apply...)), such as the id of an endpoint that an
        earlier task would make.
    type: json
  bypass_policy_lockout_safety_check:
    description:
      - Puts the policy even if the identity in use cannot change it again. If the policy allows nobody to change it,
        only AWS Support can help.
      - AWS KMS makes this check as well, and knows more. Where the policy depends on what is not known here, such as
        the endpoint that the call comes through, it is left to AWS KMS, with a warning.
    type: bool
    default: false
  check_endpoints:
    description:
      - Whether the endpoints (C(aws:sourceVpce)) and VPCs (C(aws:sourceVpc)) in O(policy) must be found in this account
        and Region. Set it to V(false) for those of another account.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds to repeat the call while AWS KMS does not see a user or role that was just made, and to
        wait until it shows the new policy.
    type: int
    default: 30
extends_documentation_fragment:
  - keylink.aws.attributes
  - keylink.aws.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - plugin: keylink.aws.key_policy
    plugin_type: filter
  - plugin: keylink.aws.combined_policy
    plugin_type: filter
  - module: amazon.aws.kms_key
  - name: Key policies in AWS KMS
    description: AWS's page on what a key policy has and does.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
  - name: Use VPC endpoints to control access to AWS KMS resources
    description: AWS's page on key policies for VPCs and endpoints.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/vpce-policy-condition.html
notes:
  - Needs C(kms:DescribeKey), C(kms:GetKeyPolicy), C(kms:PutKeyPolicy), and with O(check_endpoints) and a policy that
    names endpoints or VPCs C(ec2:DescribeVpcEndpoints) and C(ec2:DescribeVpcs).
"""

EXAMPLES = r"""
- name: The key can be used through this endpoint only
  keylink.aws.kms_key_policy:
    alias: payments
    policy: >-
      {{
        'through_endpoint' | keylink.aws.key_policy(
          account='123456789012', region='eu-central-1', endpoints=['vpce-0123456789abcdef0'])
      }}

- name: Administered from one VPC, used from another, readable from anywhere
  keylink.aws.kms_key_policy:
    key_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
    policy: >-
      {{
        'split_by_vpc' | keylink.aws.key_policy(
          account='123456789012', region='eu-central-1', administer_from=management_vpc_id, use_from=application_vpc_id,
          administrators=['role/deploy'])
      }}

- name: A policy of your own
  keylink.aws.kms_key_policy:
    alias: payments
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: EnableIAMPolicies
          Effect: Allow
          Principal: {AWS: "arn:aws:iam::123456789012:root"}
          Action: kms:*
          Resource: "*"

- name: Back to what AWS gives a new key
  keylink.aws.kms_key_policy:
    alias: payments
    state: default
"""

RETURN = r"""
key_id:
  description: Id of the key. In check mode, for a key that does not exist yet, the placeholder in O(key_id).
  returned: always
  type: str
key_arn:
  description: ARN of the key, or the same placeholder.
  returned: always
  type: str
key_state:
  description: State of the key, such as V(Enabled). Empty for a key that does not exist yet.
  returned: always
  type: str
policy_name:
  description: Name of the policy. AWS KMS lets people change V(default) only.
  returned: always
  type: str
policy:
  description: The policy of the key, as AWS KMS shows it; in check mode, if it would change, the wanted one.
  returned: always
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - Sid: EnableIAMPolicies
        Effect: Allow
        Principal: {AWS: "arn:aws:iam::123456789012:root"}
        Action: kms:*
        Resource: "*"
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: key policy, name: alias/payments, action: update, id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R103
      what: policy
      found: statement 2 (DenyUseElsewhere)
      needed: A statement that demands a VPC or an endpoint also meets AWS services that act for you.
      fix: If one uses the key, make an exception for aws:ViaAWSService and aws:PrincipalIsAWSService.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import key_policy as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_policy


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return key_policy.normalise(client.around(aws, **key_policy.lookups(params)))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "default"], "default": "present"},
        "key_id": {"aliases": ["key_arn"]},
        "alias": {"aliases": ["key_alias"]},
        "policy": {"type": "json"},
        "bypass_policy_lockout_safety_check": {"type": "bool", "default": False},
        "check_endpoints": {"type": "bool", "default": True},
        **runner.wait_arguments(timeout=30),
    },
    constraints={
        "required_one_of": [("key_id", "alias")],
        "mutually_exclusive": [("key_id", "alias")],
        "required_if": [("state", "present", ["policy"])],
    },
    check=key_policy.check,
    read=read,
    plan=key_policy.plan,
    returns=key_policy.returns,
    calls=client.CALLS,
    explain=key_policy.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
