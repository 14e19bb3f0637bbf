#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kms_vpc_endpoint
version_added: 0.2.0
short_description: Interface VPC endpoint for AWS KMS, kept as it should be
description:
  - Makes an interface VPC endpoint for AWS KMS or for its FIPS endpoint, adopts one that is there, and changes in place
    all that AWS lets change - policy, subnets, security groups, private DNS, IP address type, DNS record type and tags.
    What AWS does not change (VPC, service) is reported with what to do.
  - Nobody in the VPC loses AWS KMS meanwhile. Private DNS is switched on only when the endpoint is available, its
    security groups let the VPC's clients in, its policy admits the identity in use, and nothing else in the VPC
    answers for the name (R88, R91, R95, N14).
  - Subnets in Availability Zones that the service lacks are left out and returned in RV(skipped_subnets).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(absent), deletes the endpoint that O(vpc_id) and O(service), or O(vpc_endpoint_id), name, and waits until
        AWS does not show it any more.
    type: str
    choices: [present, absent]
    default: present
  vpc_id:
    description: The VPC of the endpoint. With O(service) it finds the endpoint. Required to make one.
    type: str
  vpc_endpoint_id:
    description: An existing endpoint, where O(vpc_id) and O(service) name several or none.
    type: str
  service:
    description:
      - V(kms), V(kms-fips) for the FIPS endpoint of AWS KMS, or the full name of one of the two. The name is looked up
        in AWS's list, never built (R80, R87).
    type: str
    default: kms
  vpc_endpoint_subnets:
    description:
      - Subnets to have a network interface in, one per Availability Zone. Required to make an endpoint.
      - Not given, those of an existing endpoint stay.
    type: list
    elements: str
    aliases: [subnet_ids]
  purge_subnets:
    description: Whether to take the endpoint out of subnets that are not listed.
    type: bool
    default: true
  vpc_endpoint_security_groups:
    description:
      - Security groups of the endpoint. They must let its clients in on TCP 443.
      - For a new endpoint without any, and without O(security_group_name), AWS takes the VPC's default group, which is
        warned of.
    type: list
    elements: str
    aliases: [security_group_ids]
  purge_security_groups:
    description: Whether to take security groups off the endpoint that are not listed.
    type: bool
    default: true
  security_group_name:
    description:
      - Name of a security group to make, or to adopt, for the endpoint. It lets O(client_cidrs) and
        O(client_security_groups) in on TCP 443.
      - With O(state=absent) it is deleted after the endpoint, unless network interfaces of others have it.
    type: str
  client_cidrs:
    description:
      - Ranges of the clients that must reach the endpoint. Defaults to the ranges of the VPC, unless
        O(client_security_groups) is given.
    type: list
    elements: str
  client_security_groups:
    description: Security groups whose members must reach the endpoint.
    type: list
    elements: str
    aliases: [client_security_group_ids]
  purge_clients:
    description: Whether to remove other inbound rules from the security group of O(security_group_name).
    type: bool
    default: false
  private_dns_enabled:
    description:
      - Whether the public names of AWS KMS lead to the endpoint inside the VPC, as AWS recommends. It concerns all
        clients of the VPC, so it is never switched on unasked. Not given, it stays as it is.
      - It is switched on in a call of its own, after a new endpoint is available, also with O(wait=false).
    type: bool
  enable_vpc_dns:
    description: Whether to set C(enableDnsSupport) and C(enableDnsHostnames) of the VPC, which private DNS needs (R91).
    type: bool
    default: false
  ip_address_type:
    description:
      - Addresses of the endpoint. The subnets must have them, and for V(ipv6) no others. Not given, they stay. AWS's
        default is V(ipv4).
    type: str
    choices: [ipv4, ipv6, dualstack]
  dns_record_ip_type:
    description:
      - Records of the endpoint's DNS names. It must fit O(ip_address_type); only V(dualstack) endpoints have a choice.
    type: str
    choices: [ipv4, ipv6, dualstack, service-defined]
  policy:
    description:
      - Policy of the endpoint, as JSON or a dictionary. It is compared by meaning, so order and spelling do not matter
        (R96), and checked before the first call (R97, R99, R104).
      - Not given, it stays; AWS gives a new endpoint one that allows everything. A changed policy takes effect within
        minutes.
    type: json
  purge_policy:
    description: Whether to put AWS's default policy back when O(policy) is not given.
    type: bool
    default: false
  bypass_policy_lockout_safety_check:
    description:
      - Whether to take a policy that does not let the identity in use have AWS KMS while private DNS is on (R95). That
        is right where this identity works from outside the VPC.
    type: bool
    default: false
  caller_actions:
    description:
      - Actions that the policy must let the identity in use have, such as V(kms:Decrypt). Not given, any one of AWS KMS
        is enough.
    type: list
    elements: str
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the next run goes on from what was reached.
    type: int
    default: 600
seealso:
  - module: amazon.aws.ec2_vpc_endpoint_info
  - plugin: keylink.aws.endpoint_policy
    plugin_type: filter
  - name: Connect to AWS KMS through a VPC endpoint
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
- name: AWS KMS for the clients of a VPC, with a security group of its own
  keylink.aws.kms_vpc_endpoint:
    region: eu-central-1
    vpc_id: vpc-0123456789abcdef0
    vpc_endpoint_subnets: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
    security_group_name: kms-endpoint
    private_dns_enabled: true
    enable_vpc_dns: true
    tags: {Name: kms}

- name: The FIPS endpoint, beside it, used by its own names
  keylink.aws.kms_vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    service: kms-fips
    vpc_endpoint_subnets: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
    vpc_endpoint_security_groups: [sg-0123456789abcdef0]
  register: fips

- name: A policy for an endpoint that is there; all else stays
  keylink.aws.kms_vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    policy: "{{ 'this_account' | keylink.aws.endpoint_policy(account='123456789012') }}"

- name: Nothing left
  keylink.aws.kms_vpc_endpoint:
    vpc_id: vpc-0123456789abcdef0
    security_group_name: kms-endpoint
    state: absent
"""

RETURN = r"""
vpc_endpoint:
  description:
    - The endpoint, with the keys of M(amazon.aws.ec2_vpc_endpoint_info), tags as a dictionary. In check mode what AWS
      would assign is a placeholder C((known after apply...)).
  returned: when it exists, or would
  type: dict
  sample:
    vpc_endpoint_id: vpce-0123456789abcdef0
    vpc_endpoint_type: Interface
    vpc_id: vpc-0123456789abcdef0
    service_name: com.amazonaws.eu-central-1.kms
    state: available
    private_dns_enabled: true
    subnet_ids: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
    groups: [{group_id: sg-0123456789abcdef0, group_name: kms-endpoint}]
    ip_address_type: ipv4
    dns_options: {dns_record_ip_type: ipv4}
    policy_document: '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
    tags: {Name: kms}
result:
  description: The same as RV(vpc_endpoint), for playbooks that used M(amazon.aws.ec2_vpc_endpoint).
  returned: when it exists, or would
  type: dict
  sample: {vpc_endpoint_id: vpce-0123456789abcdef0}
vpc_endpoint_id:
  description: Its id. In check mode, for an endpoint that would be created, a placeholder.
  returned: always
  type: str
endpoint_url:
  description:
    - The URL at which clients in the VPC reach AWS KMS through the endpoint. With private DNS it is the one that SDKs
      and CLI use anyway (R88), without it is the endpoint's own (R89).
  returned: always
  type: str
  sample: https://kms.eu-central-1.amazonaws.com
endpoint_urls:
  description:
    - The URLs of the endpoint's own DNS names, for C(--endpoint-url), which work without private DNS (R89). The first
      is for the whole Region, the others for one Availability Zone each.
  returned: always
  type: list
  elements: str
  sample: ['https://vpce-0123456789abcdef0-a1b2c3d4.kms.eu-central-1.vpce.amazonaws.com']
private_dns_names:
  description: The public names that private DNS answers for; empty without private DNS.
  returned: always
  type: list
  elements: str
  sample: [kms.eu-central-1.amazonaws.com, kms.eu-central-1.api.aws]
skipped_subnets:
  description: Subnets that were left out, since the service is not offered in their Availability Zone.
  returned: always
  type: list
  elements: dict
  sample:
    - subnet_id: subnet-0123456789abcdef0
      availability_zone: us-east-1e
      reason: com.amazonaws.us-east-1.kms is not offered in us-east-1e
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: VPC endpoint, name: kms, action: create, id: vpce-0123456789abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R88
      what: vpc_endpoint_security_groups
      found: sg-0123456789abcdef0 of the endpoint without a rule for 10.0.0.0/16
      needed: With private DNS the names of AWS KMS lead every client of the VPC to the endpoint.
      fix: Add an inbound rule for TCP 443.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import kms_vpc_endpoint as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    kms_endpoint,
    kms_endpoint_checks,
    kms_endpoint_view,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    pinned = client.pinned(aws, params["vpc_endpoint_id"])
    vpc_id = kms_endpoint_view.vpc_of(params, pinned)
    around = client.around(aws, vpc_id, params["state"], params["security_group_name"])
    view = kms_endpoint_view.normalise(params, aws.region, pinned, around)
    return kms_endpoint_view.with_more(view, client.closer(aws, **kms_endpoint.closer(params, view)))


_LIST: dict[str, Any] = {"type": "list", "elements": "str"}
_ON: dict[str, Any] = {"type": "bool", "default": True}
_OFF: dict[str, Any] = {"type": "bool", "default": False}
SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "vpc_id": {},
        "vpc_endpoint_id": {},
        "service": {"default": "kms"},
        "vpc_endpoint_subnets": {**_LIST, "aliases": ["subnet_ids"]},
        "purge_subnets": _ON,
        "vpc_endpoint_security_groups": {**_LIST, "aliases": ["security_group_ids"]},
        "purge_security_groups": _ON,
        "security_group_name": {},
        "client_cidrs": _LIST,
        "client_security_groups": {**_LIST, "aliases": ["client_security_group_ids"]},
        "purge_clients": _OFF,
        "private_dns_enabled": {"type": "bool"},
        "enable_vpc_dns": _OFF,
        "ip_address_type": {"choices": ["ipv4", "ipv6", "dualstack"]},
        "dns_record_ip_type": {"choices": ["ipv4", "ipv6", "dualstack", "service-defined"]},
        "policy": {"type": "json"},
        "purge_policy": _OFF,
        "bypass_policy_lockout_safety_check": _OFF,
        "caller_actions": _LIST,
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=600),
    },
    constraints={
        "required_one_of": [("vpc_id", "vpc_endpoint_id")],
        "mutually_exclusive": [("vpc_endpoint_security_groups", "security_group_name")],
    },
    check=kms_endpoint_checks.arguments,
    read=read,
    plan=kms_endpoint.plan,
    returns=kms_endpoint_view.returns,
    calls=client.CALLS,
    explain=kms_endpoint.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
