#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_endpoint_service
version_added: 0.1.0
short_description: VPC endpoint service of an external key store, open to AWS KMS
description:
  - Steps 4 and 6 of the VPC endpoint service connectivity of an AWS KMS external key store.
  - Makes a VPC endpoint service with a private DNS name over a Network Load Balancer, which does not require
    acceptance (R8), and allows AWS KMS to connect to it (R9). Every property is changed in place.
  - Waits for the load balancer to be active first (R50), and for the service to be available.
  - Returns the TXT record that proves the ownership of the domain, for M(keylink.aws.private_dns_verify).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(absent), deletes the endpoint service of O(name) or O(service_id). It is refused while endpoints are
        connected, see O(force) and O(wait_for_disconnect).
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The Name tag of the service, by which it is found again. Required to make one.
    type: str
  service_id:
    description: An existing endpoint service, instead of O(name). It keeps its Name tag.
    type: str
    aliases: [vpc_endpoint_service_id]
  network_load_balancer_arns:
    description:
      - ARNs of the internal Network Load Balancers. Required to make a service. A load balancer can belong to one
        service only (N7).
      - A zone that a load balancer got since is enabled for the service.
    type: list
    elements: str
    aliases: [load_balancer_arns]
  purge_network_load_balancer_arns:
    description:
      - Whether to take load balancers off the service that are not listed. AWS does it only while no endpoint is
        connected.
    type: bool
    default: false
  private_dns_name:
    description:
      - Host name of the proxy, a subdomain of a public domain of yours (R11). Required to make a service.
      - Lower-case, at most 120 characters, no wildcard, and not a whole domain such as V(example.com).
      - When it is changed, AWS wants the domain verified again, and the key store must be told the new name.
    type: str
  acceptance_required:
    description: Whether connections wait for your consent. AWS KMS cannot use a service that requires it (R8).
    type: bool
    default: false
  supported_ip_address_types:
    description: IP address types of the service. AWS KMS needs V(ipv4) (R55). Types that are not listed are removed.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4]
  kms_principal:
    description:
      - Service principal of AWS KMS. Defaults to C(cks.kms.REGION.amazonaws.com) (R68). Only of use in a partition
        with another suffix.
    type: str
  allowed_principals:
    description:
      - Principals to allow besides AWS KMS, such as C(arn:aws:iam::111111111111:role/NAME) for a key store in another
        account (N16). Role ARNs are given without their path. V(*) is refused.
    type: list
    elements: str
  purge_allowed_principals:
    description:
      - Whether to remove principals that are not listed. The endpoints that they already have stay connected.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), rejects live endpoint connections before the service is deleted. This cuts off the key
        store that uses it.
    type: bool
    default: false
  wait_for_disconnect:
    description:
      - With O(state=absent), waits for live endpoint connections to go away instead of refusing. For use right after
        the key store was disconnected, when AWS KMS takes its endpoint away by itself.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the next run goes on from what was reached.
    type: int
    default: 900
seealso:
  - module: keylink.aws.private_dns_verify
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
- name: Over the load balancer of the step before
  keylink.aws.xks_endpoint_service:
    name: payments
    region: eu-central-1
    network_load_balancer_arns: ["{{ front.load_balancer_arn }}"]
    private_dns_name: myproxy-private.xks.example.com
  register: service

- name: For a key store in another account
  keylink.aws.xks_endpoint_service:
    name: payments
    allowed_principals: [arn:aws:iam::111111111111:role/KeyStoreManager]

- name: Nothing left
  keylink.aws.xks_endpoint_service:
    name: payments
    state: absent
"""

RETURN = r"""
vpc_endpoint_service:
  description: The endpoint service, with the keys of the EC2 API in snake case.
  returned: when it exists, or would
  type: dict
  sample:
    service_id: vpce-svc-0123456789abcdef0
    service_name: com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
    service_state: Available
    acceptance_required: false
    availability_zones: [eu-central-1a, eu-central-1b]
    allowed_principals: [cks.kms.eu-central-1.amazonaws.com]
    network_load_balancer_arns:
      - arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/payments/0123456789abcdef
    private_dns_name: myproxy-private.xks.example.com
    private_dns_name_configuration:
      name: _6e86v84tqgqubxbwii1m
      type: TXT
      value: vpce:l6p0ERxlTt45jevFwOCp
      state: pendingVerification
    supported_ip_address_types: [ipv4]
    tags: {Name: payments}
service_id:
  description: Its id. In check mode, for a service that would be created, a placeholder C((known after apply...)).
  returned: always
  type: str
service_name:
  description: Its name, for M(keylink.aws.xks_key_store). A placeholder in check mode where it would be created.
  returned: always
  type: str
service_state:
  description: Its state.
  returned: always
  type: str
private_dns_name:
  description: Its private DNS name.
  returned: always
  type: str
record:
  description:
    - The TXT record that proves the ownership of the domain, ready to publish. With O(state=absent) that of the
      service that is being deleted. In check mode, name and value are placeholders where AWS has not assigned them.
  returned: when the service has a private DNS name
  type: dict
  sample:
    name: _6e86v84tqgqubxbwii1m.xks.example.com
    candidates:
      - _6e86v84tqgqubxbwii1m.xks.example.com
      - _6e86v84tqgqubxbwii1m.example.com
    type: TXT
    value: vpce:l6p0ERxlTt45jevFwOCp
    quoted_value: '"vpce:l6p0ERxlTt45jevFwOCp"'
    ttl: 1800
    state: pendingVerification
allowed_principals:
  description: Who may connect.
  returned: always
  type: list
  elements: str
  sample: [cks.kms.eu-central-1.amazonaws.com]
vpc_endpoint_connections:
  description: The endpoint connections of the service.
  returned: always
  type: list
  elements: dict
  sample:
    - vpc_endpoint_id: vpce-0123456789abcdef0
      vpc_endpoint_owner: "210987654321"
      vpc_endpoint_state: available
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: endpoint service, name: payments, action: create, id: vpce-svc-0123456789abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R42
      what: network_load_balancer_arns
      found: zones eu-central-1a
      needed: The load balancer must map all the zones of the subnets, at least two.
      fix: Give the load balancer a subnet in a second zone.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import endpoint_service as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service, endpoint_service_checks


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    around = client.around(aws, endpoint_service.wanted_load_balancers(params))
    found = endpoint_service.matching(params, around["services"])
    details = client.details(aws, found[0]["ServiceId"]) if len(found) == 1 else None
    return endpoint_service.normalise(params, aws.region, around["services"], around["load_balancers"], details)


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "name": {},
        "service_id": {"aliases": ["vpc_endpoint_service_id"]},
        "network_load_balancer_arns": {"type": "list", "elements": "str", "aliases": ["load_balancer_arns"]},
        "purge_network_load_balancer_arns": {"type": "bool", "default": False},
        "private_dns_name": {},
        "acceptance_required": {"type": "bool", "default": False},
        "supported_ip_address_types": {
            "type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "default": ["ipv4"],
        },
        "kms_principal": {},
        "allowed_principals": {"type": "list", "elements": "str"},
        "purge_allowed_principals": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "wait_for_disconnect": {"type": "bool", "default": False},
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=900),
    },
    constraints={"required_one_of": [("name", "service_id")], "mutually_exclusive": [("name", "service_id")]},
    check=endpoint_service_checks.arguments,
    read=read,
    plan=endpoint_service.plan,
    returns=endpoint_service.returns,
    calls=client.CALLS,
    explain=endpoint_service.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
