#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_preflight_info
version_added: 0.2.0
short_description: Judge every requirement of an external key store before anything is tried
description:
  - Reads the account once, side by side, asks public DNS and on request the proxy, and tells for every numbered
    requirement of a documented job whether it is met, unmet, unknown or a matter for people. Changes nothing, and makes
    no call that writes.
  - Works before anything exists, on what the modules of this collection made, and on a set-up that somebody else made
    by hand. From a key store it goes backwards to endpoint service, load balancer, target group, targets and VPC.
  - A permission that is missing makes the requirements that depend on it unknown, names the IAM action, and stops
    nothing else. Needs read-only permissions alone.
  - The task does not fail because of what it finds. The role P(keylink.aws.preflight#role) does.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  job:
    description: The documented job whose requirements are judged.
    type: str
    choices: [xks, kms_endpoint, cloudhsm, ssm]
    default: xks
  name:
    description:
      - What the role P(keylink.aws.xks_connectivity#role) names everything by - the Name tag of VPC and endpoint
        service, the name of load balancer and target group.
    type: str
  custom_key_store_name:
    description: The key store, by its name.
    type: str
  custom_key_store_id:
    description: The key store, by its id.
    type: str
  service_id:
    description: The endpoint service, by its id.
    type: str
    aliases: [vpc_endpoint_service_id]
  service_name:
    description: The endpoint service, by its name; the only way to name one of another account.
    type: str
  service_owner:
    description: The account of the endpoint service if it is another one (N16).
    type: str
  private_dns_name:
    description: The private DNS name. Defaults to that of the endpoint service, or of the key store.
    type: str
  load_balancer_arn:
    description: The load balancer. Defaults to the one of the endpoint service.
    type: str
  target_group_arn:
    description: The target group. Defaults to the one that the load balancer forwards to.
    type: str
  vpc_id:
    description: The VPC. Defaults to the one of the load balancer. For O(job=kms_endpoint) and O(job=ssm) it is needed.
    type: str
  subnet_ids:
    description: The subnets. Default to those of the load balancer.
    type: list
    elements: str
  cidr_block:
    description: The range of a VPC that is to be made.
    type: str
  availability_zones:
    description: The zones that subnets are to be made in.
    type: list
    elements: str
  data_center_cidrs:
    description: Ranges of the data centre of the key manager, which the VPC must not overlap (R18).
    type: list
    elements: str
  targets:
    description: The private IPv4 addresses of the proxy's hosts. Default to those that are registered.
    type: list
    elements: str
  uri_path:
    description: Path of the proxy's API, such as V(/kms/xks/v1). Defaults to that of the key store.
    type: str
  credential:
    description: What requests to the proxy are signed with. Without it, none is signed.
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
  cluster_id:
    description: The CloudHSM cluster, with O(job=cloudhsm). Defaults to that of the key store.
    type: str
  include_keys:
    description: Whether to look for the KMS keys of the key store, which takes a call for each KMS key of the Region.
    type: bool
    default: false
  skip_connected:
    description:
      - Looks no further where the key store is connected, which takes one call; what was not looked at is unknown.
      - For a chain, whose second run has nothing to do.
    type: bool
    default: false
  look_up_dns:
    description: Whether to ask public DNS for the domain and its TXT record.
    type: bool
    default: true
  resolvers:
    description: Addresses of the DNS resolvers to ask. Those of the host if not given.
    type: list
    elements: str
  dns_port:
    description: Port of those resolvers and of the zone's servers.
    type: int
    default: 53
  query_timeout:
    description: How long an answer of DNS may take, in seconds.
    type: float
    default: 5
  probe:
    description:
      - Whether to connect to the proxy, as M(keylink.aws.xks_proxy_info) does.
      - What it sees is true for the host that runs the module. Where no target can be reached, the requirements on the
        proxy are unknown, unless O(probe_addresses) are given.
    type: bool
    default: true
  probe_addresses:
    description: Where to connect to instead of O(targets), each a host or an address, with C(:port) if it is not 443.
    type: list
    elements: str
  probe_timeout:
    description: How long a connection or an answer of the proxy may take, in seconds.
    type: float
    default: 3
  probe_tries:
    description: How many connections are timed for each target.
    type: int
    default: 3
  trusted_ca_file:
    description: AWS's list of trusted certificate authorities, as for M(keylink.aws.xks_proxy_info).
    type: path
  trusted_ca_content:
    description: The text of O(trusted_ca_file).
    type: str
  ca_file:
    description: Roots to trust, in PEM. Defaults to the system's store.
    type: path
requirements:
  - cryptography, with O(probe=true)
  - dnspython, with O(look_up_dns=true)
attributes:
  check_mode:
    description: Runs as it always does, since it changes nothing. What a placeholder names does not exist yet.
  diff_mode:
    support: N/A
    description: There is never a difference.
notes:
  - A requirement that does not hold yet because nothing exists is V(unknown), with the module that makes it so; an
    option that breaks it makes it V(unmet) at once.
  - "IAM actions, all of which read: C(kms:DescribeCustomKeyStores), C(ec2:DescribeVpcs), C(ec2:DescribeVpcAttribute),
    C(ec2:DescribeSubnets), C(ec2:DescribeRouteTables), C(ec2:DescribeVpcEndpointServiceConfigurations),
    C(ec2:DescribeVpcEndpointServicePermissions), C(ec2:DescribeVpcEndpointConnections),
    C(elasticloadbalancing:DescribeLoadBalancers), C(elasticloadbalancing:DescribeListeners),
    C(elasticloadbalancing:DescribeTargetGroups), C(elasticloadbalancing:DescribeTargetGroupAttributes),
    C(elasticloadbalancing:DescribeTargetHealth), and where they apply C(servicequotas:GetServiceQuota),
    C(ec2:DescribeVpcEndpointServices), C(ec2:DescribeVpcEndpoints), C(cloudhsm:DescribeClusters),
    C(ec2:DescribeSecurityGroups), C(kms:ListKeys), C(kms:DescribeKey)."
seealso:
  - module: keylink.aws.xks_proxy_info
  - module: keylink.aws.xks_key_store
  - name: Configuring VPC endpoint service connectivity
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
"""

EXAMPLES = r"""
- name: Before anything exists
  keylink.aws.xks_preflight_info:
    name: payments
    private_dns_name: xks-proxy.example.com
    targets: [10.20.0.10, 10.20.16.10]
    uri_path: /kms/xks/v1
    custom_key_store_name: payments
    region: eu-central-1

- name: A key store that somebody else made, from the key store backwards
  keylink.aws.xks_preflight_info:
    custom_key_store_name: payments
    region: eu-central-1
  register: preflight

- name: What is wrong with it
  ansible.builtin.debug:
    msg: "{{ preflight.explanation.splitlines() }}"
  when: not preflight.ready

- name: The proxy too, over a tunnel
  keylink.aws.xks_preflight_info:
    service_id: vpce-svc-0123456789abcdef0
    uri_path: /kms/xks/v1
    credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"
    probe_addresses: ["localhost:8443"]
    region: eu-central-1
"""

RETURN = r"""
job:
  description: The job that was judged.
  returned: success
  type: str
  sample: xks
requirements:
  description:
    - Every requirement of the job, in the order of its number.
    - C(status) is V(met), V(unmet), V(unknown) (C(found) says why, with the IAM action where a permission is missing)
      or V(human) (only people can tell).
    - How AWS behaves, and what no state of an account can break, is V(met) with what sees to it as C(found). What
      another module looks at is V(unknown), and C(fix) names that module.
  returned: success
  type: list
  elements: dict
  sample:
    - number: R8
      sentence: The endpoint service must not require acceptance.
      job: xks
      severity: must
      kind: enforced
      status: unmet
      what: endpoint service com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
      found: it requires acceptance
      needed: The endpoint service must not require acceptance.
      fix: Turn acceptance off.
      link: https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html
      blocking: true
counts:
  description: How many requirements have each status.
  returned: success
  type: dict
  sample: {met: 60, unmet: 1, unknown: 14, human: 7}
ready:
  description: Whether no requirement that blocks is known to be broken.
  returned: success
  type: bool
unmet_requirements:
  description: What does not hold, each fact once, what blocks first, in the form that all modules have.
  returned: success
  type: list
  elements: dict
  sample:
    - number: R8
      what: endpoint service com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0
      found: it requires acceptance
      needed: The endpoint service must not require acceptance.
      fix: Turn acceptance off.
      blocking: true
predicted_connection_error_code:
  description: The connection error code with which AWS KMS would end a connect; null where nothing is seen against it.
  returned: success
  type: str
  sample: XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION
remedy:
  description: What RV(predicted_connection_error_code) means and what to do about it; null where there is none.
  returned: success
  type: dict
  sample: {code: XKS_PROXY_NOT_REACHABLE, cause: "...", steps: ["..."], retryable: false}
explanation:
  description: All of it as one text.
  returned: success
  type: str
  sample: "1 requirement is not met: ..."
chain:
  description: The set-up as it was found. What could not be read is null; what does not exist has C(exists) V(false).
  returned: success
  type: dict
  contains:
    region:
      description: The Region.
      type: str
      returned: success
    vpc:
      description: The VPC, with its DNS attributes.
      type: dict
      returned: success
    subnets:
      description: The subnets, with zone, free addresses and whether they are private.
      type: list
      elements: dict
      returned: success
    load_balancer:
      description: The Network Load Balancer.
      type: dict
      returned: success
    listener:
      description: Its listener on port 443.
      type: dict
      returned: success
    target_group:
      description: The target group.
      type: dict
      returned: success
    targets:
      description: The registered targets, with their health and an explanation.
      type: list
      elements: dict
      returned: success
    endpoint_service:
      description: The endpoint service, with its connections.
      type: dict
      returned: success
    private_dns:
      description: The private DNS name, the state of its verification, its TXT record, and where that was found.
      type: dict
      returned: success
    allowed_principals:
      description: Who may connect to the service.
      type: list
      elements: str
      returned: success
    proxy:
      description: A summary of what was seen at each address of the proxy; null where it was not asked.
      type: list
      elements: dict
      returned: success
    key_store:
      description: The key store.
      type: dict
      returned: success
    keys:
      description: Its KMS keys, with O(include_keys=true).
      type: list
      elements: dict
      returned: success
actions:
  description: Always empty.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import preflight as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import preflight, preflight_chain, xks_proxy


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    first = client.key_stores(aws) if params["skip_connected"] else {}
    if preflight_chain.connected(params, first):
        return preflight.judge(params, aws.region, preflight_chain.alone(first))
    vpc = preflight_chain.given(params["vpc_id"])
    seen = client.account(aws, first, preflight.quotas(params), vpc, params["name"])
    seen |= client.around(aws, preflight_chain.places(params, seen), preflight.dns_question(params, seen))
    options = preflight.probe_options(params, seen)
    if options:
        anchors = xks_proxy.anchors(params["trusted_ca_content"] or client.read_file(params["trusted_ca_file"]))
        question = xks_proxy.question(options, aws.region, anchors)
        told = xks_proxy.judge(options, aws.region, anchors, client.probe(xks_proxy.targets(options), question))
        seen["proxy"] = preflight.proxy_reading(params, told)
    return preflight.judge(params, aws.region, seen)


_LIST = {"type": "list", "elements": "str"}
SPEC = runner.Spec(
    argument_spec={
        "job": {"choices": ["xks", "kms_endpoint", "cloudhsm", "ssm"], "default": "xks"},
        "service_id": {"aliases": ["vpc_endpoint_service_id"]},
        **{name: {} for name in (
            "name", "custom_key_store_name", "custom_key_store_id", "service_name", "service_owner",
            "private_dns_name", "load_balancer_arn", "target_group_arn", "vpc_id", "cidr_block", "uri_path",
            "cluster_id", "trusted_ca_content",
        )},
        **{name: dict(_LIST) for name in (
            "subnet_ids", "availability_zones", "data_center_cidrs", "targets", "resolvers", "probe_addresses",
        )},
        "credential": {
            "type": "dict",
            "options": {
                "access_key_id": {"required": True, "no_log": False},
                "raw_secret_access_key": {"required": True, "no_log": True},
            },
        },
        "include_keys": {"type": "bool", "default": False},
        "skip_connected": {"type": "bool", "default": False},
        "look_up_dns": {"type": "bool", "default": True},
        "dns_port": {"type": "int", "default": 53},
        "query_timeout": {"type": "float", "default": 5},
        "probe": {"type": "bool", "default": True},
        "probe_timeout": {"type": "float", "default": 3},
        "probe_tries": {"type": "int", "default": 3},
        "trusted_ca_file": {"type": "path"},
        "ca_file": {"type": "path"},
    },
    constraints={"mutually_exclusive": [("trusted_ca_file", "trusted_ca_content")]},
    read=read,
    plan=preflight.plan,
    returns=preflight.returns,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
