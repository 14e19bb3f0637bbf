#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_vpc
version_added: 0.1.0
short_description: Make or adopt the VPC and the private subnets of an external key store
description:
  - Step 1 of the VPC endpoint service connectivity of an AWS KMS external key store.
  - Makes a VPC with DNS resolution and DNS host names on, and one private subnet in each of at least two
    Availability Zones; or adopts yours with O(vpc_id) and O(subnet_ids) and checks the same requirements
    (R1-R4, R16-R25 in the collection's requirements).
  - Makes no internet gateway, NAT gateway, public subnet or VPC endpoint, since none is needed (R22).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(absent), deletes the subnets and the VPC that O(name) made. What was adopted by id stays.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The Name tag of the VPC, by which it is found again. Subnets are named C(NAME-ZONE).
      - Required unless O(vpc_id) and O(subnet_ids) are given.
    type: str
  vpc_id:
    description: An existing VPC to use. It is never deleted, and keeps its name.
    type: str
  subnet_ids:
    description: Existing private subnets to use, one per zone. They are never changed or deleted. Needs O(vpc_id).
    type: list
    elements: str
  cidr_block:
    description: IPv4 range of a new VPC. Defaults to V(10.0.0.0/16), as in AWS's console.
    type: str
  availability_zones:
    description:
      - Zones to have a subnet in, at least two. Defaults to the first two zones of the Region.
      - A zone that is added later gets a subnet; one that is removed keeps its subnet.
    type: list
    elements: str
  subnet_cidrs:
    description:
      - IPv4 ranges of the new subnets, in the order of O(availability_zones).
      - Derived from the range of the VPC if not given.
    type: list
    elements: str
  data_center_cidrs:
    description:
      - Private IPv4 ranges of the data centre of your external key manager. The VPC must not overlap them (R18).
    type: list
    elements: str
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the next run goes on from what was reached.
    type: int
    default: 300
seealso:
  - name: Configuring VPC endpoint service connectivity
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
- name: A VPC of its own
  keylink.aws.xks_vpc:
    name: payments
    region: eu-central-1
    cidr_block: 10.20.0.0/16
    data_center_cidrs: [10.0.0.0/16]
  register: network

- name: Subnets that exist
  keylink.aws.xks_vpc:
    vpc_id: vpc-0123456789abcdef0
    subnet_ids: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
"""

RETURN = r"""
vpc:
  description: The VPC.
  returned: when it exists, or would
  type: dict
  sample:
    vpc_id: vpc-0123456789abcdef0
    cidr_block: 10.20.0.0/16
    enable_dns_support: true
    enable_dns_hostnames: true
    tags: {Name: payments}
vpc_id:
  description: Its id. In check mode, for a VPC that would be created, a placeholder C((known after apply...)).
  returned: always
  type: str
subnets:
  description: The private subnets for the load balancer.
  returned: always
  type: list
  elements: dict
  sample:
    - subnet_id: subnet-0123456789abcdef0
      availability_zone: eu-central-1a
      cidr_block: 10.20.0.0/20
subnet_ids:
  description: Their ids, sorted by zone; placeholders in check mode where they would be created.
  returned: always
  type: list
  elements: str
availability_zones:
  description: Their zones.
  returned: always
  type: list
  elements: str
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: VPC, name: payments, action: create, id: vpc-0123456789abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R42
      what: subnet-0123456789abcdef0
      found: 3 free addresses
      needed: The load balancer must map all the zones of the subnets, at least two.
      fix: A new load balancer needs 8.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import vpc as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    found = client.vpcs(aws, params["vpc_id"], params["name"])
    around = client.surroundings(aws, found[0]["VpcId"]) if len(found) == 1 else None
    view = vpc.normalise(found, around)
    return {**view, "zones": client.zones(aws)} if vpc.needs_zones(params, view) else view


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "name": {},
        "vpc_id": {},
        "subnet_ids": {"type": "list", "elements": "str"},
        "cidr_block": {},
        "availability_zones": {"type": "list", "elements": "str"},
        "subnet_cidrs": {"type": "list", "elements": "str"},
        "data_center_cidrs": {"type": "list", "elements": "str"},
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=300),
    },
    constraints={
        "required_one_of": [("name", "subnet_ids")],
        "required_by": {"subnet_ids": ("vpc_id",)},
        "mutually_exclusive": [
            ("subnet_ids", "subnet_cidrs"),
            ("subnet_ids", "availability_zones"),
            ("vpc_id", "cidr_block"),
        ],
    },
    check=vpc.check,
    read=read,
    plan=vpc.plan,
    returns=vpc.returns,
    explain={
        "DependencyViolation": "Delete what is still in it first, such as a network interface, an internet gateway or "
        "a security group. The next run goes on from here.",
    },
    held_by={"DependencyViolation": client.held_by},
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
