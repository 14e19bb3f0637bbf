#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_load_balancer
version_added: 0.1.0
short_description: Manage the target group and the Network Load Balancer of an external key store
description:
  - Steps 2 and 3 of configuring VPC endpoint service connectivity for an AWS KMS external key store.
  - Makes a target group (IP addresses, TCP 443, IPv4) with the hosts of your external key store proxy, an internal
    Network Load Balancer over all your private subnets, and a listener on TCP 443 that forwards to the target group
    (R29-R45, R49 in the collection's requirements).
  - What exists under these names and fits is adopted, and brought to what the options say in place. What breaks a
    requirement and cannot be changed in place is reported by the number of the requirement, and never replaced.
  - Says of every target whether it is healthy, and if not, why and what to look at.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(absent), deletes the listener, the load balancer and the target group; only the names are needed.
      - A load balancer that belongs to an endpoint service is not touched; delete the endpoint service first.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Name of the load balancer and of the target group, by which they are found again.
      - At most 32 letters, digits and hyphens, no hyphen at either end, and not beginning with C(internal-).
    type: str
    required: true
  load_balancer_name:
    description: Name of the load balancer, where it is not O(name).
    type: str
  target_group_name:
    description: Name of the target group, where it is not O(name).
    type: str
  vpc_id:
    description: VPC of the load balancer and the target group (R35, R41). Required to make them.
    type: str
  subnet_ids:
    description:
      - Private subnets of the load balancer, one in each of at least two Availability Zones (R42). Required to make it.
      - A subnet of another zone that is added later is added in place. Subnets that are not listed stay.
    type: list
    elements: str
    aliases: [subnets]
  targets:
    description:
      - Private IPv4 addresses of two or more hosts of your external key store proxy (R30, R37). Required to make the
        target group. They are registered on port 443.
      - An address outside the VPC is registered for all Availability Zones, as AWS demands.
    type: list
    elements: str
  purge_targets:
    description:
      - Whether targets that O(targets) does not list, or on another port than 443, are deregistered.
      - With V(false) they stay, so that no run takes a proxy host out of service by accident.
    type: bool
    default: false
  health_check_protocol:
    description:
      - Protocol of the health check, as the documentation of the proxy says (R36).
      - This option and those that begin with C(health), and O(unhealthy_threshold_count) and
        O(successful_response_codes), keep what an existing target group has when they are not given.
      - A new target group gets V(TCP).
    type: str
    choices: [TCP, HTTP, HTTPS]
  health_check_port:
    description: Port of the health check, or V(traffic-port) for the port of the target, as in a new target group.
    type: str
  health_check_path:
    description:
      - Path of an HTTP or HTTPS health check. V(/) in a new target group.
      - The paths of the external key store proxy API take signed POST requests only, so they answer with 405.
    type: str
  health_check_interval:
    description: Seconds between health checks of a target, from 5 to 300. V(30) in a new target group.
    type: int
  health_check_timeout:
    description:
      - Seconds without an answer that make a health check fail, from 2 to 120, and at most O(health_check_interval).
      - In a new target group V(6) with HTTP, otherwise V(10).
    type: int
  healthy_threshold_count:
    description: Health checks in a row that make a target healthy, from 2 to 10. V(5) in a new target group.
    type: int
  unhealthy_threshold_count:
    description: Failures in a row that make a target unhealthy, from 2 to 10. V(2) in a new target group.
    type: int
  successful_response_codes:
    description:
      - HTTP codes that an HTTP or HTTPS health check takes as success, such as V(200), V(200,204) or V(200-399).
      - V(200-399) in a new target group.
    type: str
  security_group_ids:
    description:
      - Security groups of the load balancer. None by default, and then no inbound rule applies to it.
      - AWS takes them for a load balancer that was created with at least one; for another one they are reported.
    type: list
    elements: str
    aliases: [security_groups]
  enforce_security_group_inbound_rules_on_private_link_traffic:
    description:
      - Whether inbound rules of O(security_group_ids) apply to what comes through an endpoint service. Of no account
        without security groups.
      - AWS's default is V(on), which drops what AWS KMS sends unless a rule lets everybody in, since the addresses
        of AWS KMS are not known (N5).
    type: str
    choices: ["on", "off"]
    default: "off"
  deletion_protection:
    description:
      - Whether AWS refuses to delete the load balancer. Left as it is when not given.
      - With V(true), O(state=absent) is refused too, until it was set to V(false).
    type: bool
  cross_zone_load_balancing:
    description: Whether each zone of the load balancer sends to targets of all zones. Left as it is when not given.
    type: bool
  wait:
    description:
      - Whether to wait as O(wait_for_active) and O(wait_for_targets) say, and until a deletion is done.
    type: bool
    default: true
  wait_for_active:
    description:
      - Whether to wait until the load balancer is active, which takes a few minutes.
      - Not needed in the chain of an external key store. M(keylink.aws.xks_endpoint_service) waits for it, so other
        work is done meanwhile (R50).
    type: bool
    default: false
  wait_for_targets:
    description: Whether to wait until at least two targets are healthy.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the next run goes on from what was reached.
    type: int
    default: 900
seealso:
  - module: keylink.aws.xks_vpc
  - module: keylink.aws.xks_endpoint_service
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
- name: In front of two proxy hosts in the data centre
  keylink.aws.xks_load_balancer:
    name: payments
    region: eu-central-1
    vpc_id: "{{ network.vpc_id }}"
    subnet_ids: "{{ network.subnet_ids }}"
    targets: [192.168.10.11, 192.168.10.12]
  register: front

- name: With a health check of the proxy's own, waiting until two hosts answer
  keylink.aws.xks_load_balancer:
    name: payments
    vpc_id: vpc-0123456789abcdef0
    subnet_ids: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
    targets: [10.20.0.11, 10.20.16.11]
    health_check_protocol: HTTP
    health_check_port: "80"
    health_check_path: /ping
    wait_for_targets: true

- name: Nothing left
  keylink.aws.xks_load_balancer:
    name: payments
    state: absent
"""

RETURN = r"""
target_group:
  description: The target group, with the keys of the ELB API in snake case.
  returned: when it exists, or would
  type: dict
  sample:
    target_group_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/payments/0123456789abcdef
    target_group_name: payments
    target_type: ip
    protocol: TCP
    port: 443
    ip_address_type: ipv4
    vpc_id: vpc-0123456789abcdef0
    health_check_protocol: TCP
    health_check_port: traffic-port
    health_check_interval_seconds: 30
    health_check_timeout_seconds: 10
    healthy_threshold_count: 5
    unhealthy_threshold_count: 2
    proxy_protocol_v2_enabled: false
    tags: {}
target_group_arn:
  description: Its ARN. In check mode, for one that would be created, a placeholder C((known after apply...)).
  returned: always
  type: str
load_balancer:
  description:
    - The load balancer, with the keys of the ELB API in snake case.
    - C(deletion_protection_enabled) and C(load_balancing_cross_zone_enabled) are null when neither
      O(deletion_protection) nor O(cross_zone_load_balancing) is given, since they are not read then.
  returned: when it exists, or would
  type: dict
  sample:
    load_balancer_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/payments/0123456789abcdef
    load_balancer_name: payments
    type: network
    scheme: internal
    ip_address_type: ipv4
    vpc_id: vpc-0123456789abcdef0
    state: {code: provisioning, reason: null}
    dns_name: internal-payments-0123456789abcdef.elb.eu-central-1.amazonaws.com
    availability_zones:
      - {zone_name: eu-central-1a, subnet_id: subnet-0123456789abcdef0, private_ipv4_address: null}
    security_groups: []
    tags: {}
load_balancer_arn:
  description: Its ARN, for M(keylink.aws.xks_endpoint_service). A placeholder in check mode where it would be created.
  returned: always
  type: str
load_balancer_state:
  description: Its state, such as V(provisioning) or V(active).
  returned: always
  type: str
listener:
  description: The listener on port 443.
  returned: when it exists, or would
  type: dict
  sample:
    listener_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/payments/0123456789abcdef/fedcba98
    protocol: TCP
    port: 443
    default_actions:
      - type: forward
        target_group_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/payments/0123456789abcdef
listener_arn:
  description: Its ARN. A placeholder in check mode where it would be created.
  returned: always
  type: str
targets:
  description: The registered targets and their health.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The IPv4 address.
      type: str
    port:
      description: The port.
      type: int
    availability_zone:
      description: The zone whose part of the load balancer sends to it, or V(all).
      type: str
    state:
      description: The state, as in the ELB API, such as V(initial), V(healthy) or V(unhealthy).
      type: str
    reason:
      description: AWS's code of the reason, if it is not healthy.
      type: str
    description:
      description: AWS's description of the reason.
      type: str
    explanation:
      description: In words why it is not healthy, and what to look at. Empty for a healthy target.
      type: str
healthy_target_count:
  description: How many addresses are healthy on port 443.
  returned: always
  type: int
  sample: 2
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - resource: target group
      name: payments
      action: create
      id: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/payments/0123456789abcdef
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R38
      what: targets
      found: 192.168.10.11 is registered on port 8443 too
      needed: The port of each target must be 443.
      fix: "Set purge_targets: true to deregister it there."
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import load_balancer as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import load_balancing


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    found = client.named(aws, *load_balancing.names(params))
    details = client.details(aws, found, load_balancing.PORT, load_balancing.needs_attributes(params))
    view = load_balancing.normalise(found, details)
    vpc_id, subnet_ids = load_balancing.lookups(params, view)
    return load_balancing.with_network(view, vpc_id, client.network(aws, vpc_id, subnet_ids))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "name": {"required": True},
        "load_balancer_name": {},
        "target_group_name": {},
        "vpc_id": {},
        "subnet_ids": {"type": "list", "elements": "str", "aliases": ["subnets"]},
        "targets": {"type": "list", "elements": "str"},
        "purge_targets": {"type": "bool", "default": False},
        "health_check_protocol": {"choices": ["TCP", "HTTP", "HTTPS"]},
        "health_check_port": {},
        "health_check_path": {},
        "health_check_interval": {"type": "int"},
        "health_check_timeout": {"type": "int"},
        "healthy_threshold_count": {"type": "int"},
        "unhealthy_threshold_count": {"type": "int"},
        "successful_response_codes": {},
        "security_group_ids": {"type": "list", "elements": "str", "aliases": ["security_groups"]},
        "enforce_security_group_inbound_rules_on_private_link_traffic": {"choices": ["on", "off"], "default": "off"},
        "deletion_protection": {"type": "bool"},
        "cross_zone_load_balancing": {"type": "bool"},
        "wait_for_active": {"type": "bool", "default": False},
        "wait_for_targets": {"type": "bool", "default": False},
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=900),
    },
    constraints={"required_if": [("state", "present", ("vpc_id", "subnet_ids", "targets"))]},
    check=load_balancing.check,
    read=read,
    plan=load_balancing.plan,
    returns=load_balancing.returns,
    calls=client.CALLS,
    explain=load_balancing.REFUSALS,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
