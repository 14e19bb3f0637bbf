#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_vpc_endpoints
version_added: 0.2.0
short_description: The VPC endpoints that AWS Systems Manager needs
description:
  - Gives a VPC what SSM Agent needs of VPC endpoints, and no more - C(ssm), C(ssmmessages) and Amazon S3, and what the
    features that are used add (R175-R184). With them no internet gateway, NAT device or virtual private gateway is
    needed (R161).
  - All endpoints are read together, made together and waited for together. What exists is adopted and changed in
    place; what others made loses nothing unless that is asked for.
  - Private DNS is switched on when an endpoint is available, so that no node is led to one that does not answer yet.
  - Makes the security group, which lets HTTPS in from the nodes (R169), and, if told so, the outbound rules of theirs.
  - With O(wait_for_nodes), proves it - waits until the nodes are Online, and says for each that is not what to look at.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(absent), deletes what this module made under O(name) in O(vpc_id), and waits until it is gone. What it
        adopted stays, without the security group and the rules that it was given.
    type: str
    choices: [present, absent]
    default: present
  vpc_id:
    description: The VPC of the nodes.
    type: str
    required: true
  name:
    description:
      - Name of what is made. An endpoint gets the Name tag C(NAME-SERVICE), by which it is known again; another
        endpoint of the same service in the VPC is adopted, and keeps its own.
    type: str
    default: systems-manager
  subnet_ids:
    description:
      - Subnets of the interface endpoints, one per Availability Zone. Required with O(state=present).
      - Where a service is not offered in a zone, its endpoint leaves that subnet out, see RV(skipped_subnets).
    type: list
    elements: str
    aliases: [vpc_endpoint_subnets]
  purge_subnets:
    description:
      - Whether to take endpoints out of subnets that are not listed. Not given, it is done with those that this module
        made.
    type: bool
  node_subnet_ids:
    description:
      - Subnets of the managed nodes. The security group lets their ranges in, and their route tables get the gateway
        endpoint of Amazon S3. Defaults to O(subnet_ids). Give an empty list to let in O(node_cidrs) and
        O(node_security_group_ids) only.
    type: list
    elements: str
  node_cidrs:
    description: More ranges of nodes, such as those of peered VPCs or of your own data centre (R167).
    type: list
    elements: str
  node_security_group_ids:
    description:
      - Security groups of the nodes, of this VPC or of a peered one of the same account. The endpoints' group lets
        their members in.
    type: list
    elements: str
  node_egress_rules:
    description:
      - Whether to let the groups of O(node_security_group_ids) that restrict outbound traffic send HTTPS to the
        endpoints and to the prefix list of Amazon S3 (R181). Groups that let all out get no rule.
    type: bool
    default: false
  security_group_name:
    description:
      - Name of the security group of the endpoints, which is made unless the VPC has one. Defaults to
        C(NAME-endpoints). One that somebody else made gets the rules that it lacks, and stays with O(state=absent).
      - Give it with O(state=absent) too, so that a group of that name is deleted which this module made.
    type: str
  purge_rules:
    description:
      - Whether to remove other inbound rules from the group that this module made, and outbound rules that it made and
        that are no longer asked for.
    type: bool
    default: true
  security_group_ids:
    description: Security groups to use as they are, instead. They must let the nodes in (R169).
    type: list
    elements: str
    aliases: [vpc_endpoint_security_groups]
  purge_security_groups:
    description:
      - Whether to take other security groups off the endpoints. Not given, it is done with those that this module made.
    type: bool
  private_dns_enabled:
    description: Whether the public names of the services lead to the endpoints inside the VPC. SSM Agent needs it.
    type: bool
    default: true
  enable_vpc_dns:
    description:
      - Whether to switch on C(enableDnsSupport) and C(enableDnsHostnames) of the VPC if private DNS needs it (R91).
    type: bool
    default: false
  ec2messages:
    description:
      - Whether to have an endpoint for C(ec2messages), which SSM Agent needs before version 3.3.40.0 only (R178), and
        which Regions since 2024 do not offer (N15).
      - V(auto) makes one where the Region has it and Systems Manager knows a node here with an older agent, and keeps
        one that there is. It reads the list of managed nodes of the Region, which takes a call for every 50 of them.
    type: str
    choices: [auto, always, never]
    default: auto
  vss_snapshots:
    description: Whether the nodes take VSS-enabled snapshots. Adds C(ec2), without which they fail (R179).
    type: bool
    default: false
  session_encryption:
    description: Whether sessions or parameters are encrypted with AWS KMS. Adds C(kms) (R183).
    type: bool
    default: false
  cloudwatch_logs:
    description: Whether sessions, commands or the agent write to CloudWatch Logs. Adds C(logs) (R173, R184).
    type: bool
    default: false
  s3:
    description:
      - How the nodes reach Amazon S3, for agent updates, patches, scripts and output (R180).
      - A V(gateway) endpoint costs nothing, and cannot be used from outside the VPC (R168). V(interface) can, and its
        private DNS is set up so that AWS takes it without a gateway endpoint. V(both) leads the VPC through the
        gateway, and others through the interface endpoint.
    type: str
    choices: [gateway, interface, both, none]
    default: gateway
  route_table_ids:
    description: Route tables for the gateway endpoint. Defaults to those of the nodes' subnets.
    type: list
    elements: str
  purge_route_tables:
    description: Whether to take other route tables off the gateway endpoint. Their subnets lose that way to Amazon S3.
    type: bool
    default: false
  policy_preset:
    description:
      - Endpoint policies. V(agent) allows what SSM Agent calls, and of Amazon S3 AWS's buckets and O(buckets).
        V(account) allows all calls of identities of the VPC's account and O(node_accounts). Both leave hybrid nodes in,
        whose agent signs some requests without AWS credentials (R186). V(full_access) is AWS's default.
      - With V(agent), whatever else in the VPC uses these services is kept out, since private DNS leads it here too.
      - Not given, new endpoints get AWS's default, and existing ones keep theirs.
    type: str
    choices: [agent, account, full_access]
  policies:
    description:
      - Endpoint policies of your own by service - C(ssm), C(ssmmessages), C(ec2messages), C(ec2), C(kms), C(logs),
        C(s3) - as mappings or JSON. They come before O(policy_preset).
    type: dict
  node_accounts:
    description: Other accounts whose nodes use the endpoints, for O(policy_preset).
    type: list
    elements: str
  buckets:
    description:
      - Buckets of your own for scripts, output and logs, which O(policy_preset=agent) and RV(instance_policy) allow to
        be read and written.
    type: list
    elements: str
  managed_buckets:
    description:
      - More buckets of AWS that SSM Agent reads. They are known for most Regions; elsewhere, such as in GovCloud, China
        and the newest Regions, this is the whole list. See AWS's page on the communication of SSM Agent with AWS
        managed S3 buckets.
    type: list
    elements: str
  purge_endpoints:
    description: Whether to delete endpoints that this module made and that the options do not ask for any more.
    type: bool
    default: false
  wait_for_nodes:
    description:
      - Wait until these nodes are Online in Systems Manager, for at most O(wait_timeout). For those that are not, the
        task fails with what to look at, in order.
    type: dict
    suboptions:
      instance_ids:
        description: Ids of EC2 instances or of hybrid nodes.
        type: list
        elements: str
      tags:
        description: Tags of running instances of the VPC, or of hybrid nodes.
        type: dict
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the next run goes on from what was reached.
    type: int
    default: 900
seealso:
  - module: amazon.aws.ec2_vpc_endpoint_info
  - name: Improve the security of EC2 instances by using VPC endpoints for Systems Manager
    description: The AWS Systems Manager User Guide.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
- name: Nodes in two private subnets
  keylink.aws.ssm_vpc_endpoints:
    region: eu-central-1
    vpc_id: vpc-0123456789abcdef0
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    enable_vpc_dns: true

- name: Encrypted sessions with logs, only for the agent, until the web servers are Online
  keylink.aws.ssm_vpc_endpoints:
    region: eu-central-1
    vpc_id: vpc-0123456789abcdef0
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    node_security_group_ids: [sg-0123456789abcdef0]
    node_egress_rules: true
    session_encryption: true
    cloudwatch_logs: true
    policy_preset: agent
    buckets: [example-session-logs]
    wait_for_nodes:
      tags: {Role: web}
  register: endpoints

- name: What the instance profile needs besides AmazonSSMManagedInstanceCore
  amazon.aws.iam_policy:
    iam_type: role
    iam_name: web
    policy_name: systems-manager-buckets
    policy_json: "{{ endpoints.instance_policy }}"

- name: Nothing left
  keylink.aws.ssm_vpc_endpoints:
    region: eu-central-1
    vpc_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
vpc_id:
  description: The VPC.
  returned: always
  type: str
vpc_endpoints:
  description:
    - The endpoints, with the keys of M(amazon.aws.ec2_vpc_endpoint_info) and the service's short name. Empty with
      O(state=absent).
  returned: always
  type: list
  elements: dict
  sample:
    - service: ssm
      vpc_endpoint_id: vpce-0123456789abcdef0
      vpc_endpoint_type: Interface
      service_name: com.amazonaws.eu-central-1.ssm
      state: available
      private_dns_enabled: true
      subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
      groups:
        - {group_id: sg-0123456789abcdef0, group_name: systems-manager-endpoints}
      policy_document: '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
      tags: {Name: systems-manager-ssm}
vpc_endpoint_ids:
  description:
    - Their ids by service. In check mode, for one that would be created, a placeholder C((known after apply...)).
  returned: always
  type: dict
  sample: {ssm: vpce-0123456789abcdef0, ssmmessages: vpce-0123456789abcdef1, s3-gateway: vpce-0123456789abcdef2}
security_group_ids:
  description: The security groups of the interface endpoints.
  returned: always
  type: list
  elements: str
route_table_ids:
  description: The route tables of the gateway endpoint of Amazon S3.
  returned: always
  type: list
  elements: str
skipped_subnets:
  description: Subnets in zones where a service is not offered.
  returned: with O(state=present)
  type: list
  elements: dict
  sample:
    - service: kms
      subnet_id: subnet-0123456789abcdef1
      availability_zone: eu-central-1c
      reason: com.amazonaws.eu-central-1.kms is not offered in eu-central-1c
managed_buckets:
  description: AWS's buckets that SSM Agent and Patch Manager read in this Region.
  returned: with O(state=present)
  type: list
  elements: str
  sample: [amazon-ssm-eu-central-1, aws-ssm-eu-central-1]
instance_policy:
  description:
    - IAM policy document with what the instance profile, or the role of hybrid nodes, needs of these buckets and of
      O(buckets) (R171, R185). Null where no bucket is known.
  returned: with O(state=present)
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - Sid: BucketsOfSystemsManager
        Effect: Allow
        Action: s3:GetObject
        Resource: ["arn:aws:s3:::amazon-ssm-eu-central-1/*"]
nodes:
  description:
    - The nodes of O(wait_for_nodes). When they are not Online in time, C(look_at) has what to look at, in order.
  returned: always
  type: list
  elements: dict
  sample:
    - instance_id: i-0123456789abcdef0
      ping_status: Online
      agent_version: 3.3.987.0
      platform_type: Linux
      ip_address: 10.0.1.17
      instance_state: running
      vpc_id: vpc-0123456789abcdef0
      instance_profile: true
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: VPC endpoint, name: ssm, action: create, id: vpce-0123456789abcdef0}
unmet_requirements:
  description:
    - Requirements that do not hold, by R or N number. On success those that stop nothing, for people to see to.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R170
      what: vpc-0123456789abcdef0
      found: DHCP options with DNS servers 10.0.5.5
      needed: DNS servers of one's own must forward amazonaws.com to the VPC's Amazon DNS server.
      fix: Have them forward amazonaws.com, and api.aws for IPv6, to 10.0.0.2 or 169.254.169.253.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import ssm_vpc_endpoints as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    ssm_vpc_endpoints,
    ssm_vpc_endpoints_checks,
    ssm_vpc_endpoints_view,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    found = client.around(aws, **ssm_vpc_endpoints_view.reads(params))
    near = client.closer(aws, **ssm_vpc_endpoints_view.closer(params, found))
    return ssm_vpc_endpoints_view.normalise(params, aws.region, found, near)


def again(aws: Aws, params: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    waited = ssm_vpc_endpoints_view.reads(params)["waited"]
    return {**before, **ssm_vpc_endpoints_view.changing(params, client.again(aws, params["vpc_id"], waited))}


_LIST: dict[str, Any] = {"type": "list", "elements": "str"}
_ON: dict[str, Any] = {"type": "bool", "default": True}
_OFF: dict[str, Any] = {"type": "bool", "default": False}
SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "vpc_id": {"required": True},
        "name": {"default": "systems-manager"},
        "subnet_ids": {**_LIST, "aliases": ["vpc_endpoint_subnets"]},
        "security_group_ids": {**_LIST, "aliases": ["vpc_endpoint_security_groups"]},
        "security_group_name": {},
        **dict.fromkeys(("node_subnet_ids", "node_cidrs", "node_security_group_ids", "node_accounts"), _LIST),
        **dict.fromkeys(("route_table_ids", "buckets", "managed_buckets"), _LIST),
        **dict.fromkeys(("private_dns_enabled", "purge_rules"), _ON),
        **dict.fromkeys(("node_egress_rules", "enable_vpc_dns", "purge_route_tables", "purge_endpoints"), _OFF),
        **dict.fromkeys(("vss_snapshots", "session_encryption", "cloudwatch_logs"), _OFF),
        **dict.fromkeys(("purge_subnets", "purge_security_groups"), {"type": "bool"}),
        "ec2messages": {"choices": ["auto", "always", "never"], "default": "auto"},
        "s3": {"choices": ["gateway", "interface", "both", "none"], "default": "gateway"},
        "policy_preset": {"choices": ["agent", "account", "full_access"]},
        "policies": {"type": "dict"},
        "wait_for_nodes": {
            "type": "dict",
            "options": {"instance_ids": _LIST, "tags": {"type": "dict"}},
            "required_one_of": [("instance_ids", "tags")],
        },
        **runner.tag_arguments(),
        **runner.wait_arguments(timeout=900),
    },
    constraints={
        "mutually_exclusive": [("security_group_ids", "security_group_name")],
        "required_if": [("node_egress_rules", True, ("node_security_group_ids",))],
        "required_by": {"node_accounts": ("policy_preset",)},
    },
    check=ssm_vpc_endpoints_checks.arguments,
    read=read,
    again=again,
    plan=ssm_vpc_endpoints.plan,
    returns=ssm_vpc_endpoints.returns,
    calls=client.CALLS,
    explain=ssm_vpc_endpoints.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
