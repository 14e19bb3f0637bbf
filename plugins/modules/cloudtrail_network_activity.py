#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudtrail_network_activity
version_added: 0.2.0
short_description: Log calls through VPC endpoints, also denied ones, on a CloudTrail trail
description:
  - Puts one advanced event selector for network activity events on a trail that exists, changes it or takes it away.
    The other selectors of the trail stay as they are.
  - Network activity events are the only record of calls that an endpoint policy denied (R110), and tell the owner of
    the endpoint about callers of other accounts. AWS charges for them.
  - They reach the trail's S3 bucket and its CloudWatch Logs log group, not the event history.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description: With V(absent), takes O(vpc_endpoint_ids) out of the selector, or the selector away.
    type: str
    choices: [present, absent]
    default: present
  trail:
    description: Name or ARN of the trail. It is changed in its home Region only.
    type: str
    required: true
  event_source:
    description:
      - The service as CloudTrail names it. AWS offers about 80 services, among them V(kms.amazonaws.com),
        V(ssm.amazonaws.com), V(ec2.amazonaws.com), V(s3.amazonaws.com) and V(cloudhsm.amazonaws.com), but not
        C(ssmmessages), C(ec2messages) and C(logs).
    type: str
    default: kms.amazonaws.com
  vpc_endpoint_ids:
    description: The endpoints to log. All endpoints for the service if not given.
    type: list
    elements: str
    aliases: [vpc_endpoint_id]
  purge_vpc_endpoint_ids:
    description: Whether endpoints that are not listed are taken out of the selector.
    type: bool
    default: false
  denied_only:
    description:
      - Whether to log only calls that the endpoint policy denied. If it is not given, a selector that exists is left as
        it is, and a new one logs denied calls only.
    type: bool
  name:
    description: Name of the selector, by which it is found again. Derived from O(event_source) if not given.
    type: str
  convert_basic_selectors:
    description:
      - A trail has either basic or advanced event selectors, and network activity needs advanced ones. With V(true),
        basic selectors are replaced by advanced ones that select the same events. With V(false), a trail that has them
        is refused. A trail that nobody gave selectors has a basic one, for all management events.
    type: bool
    default: false
seealso:
  - module: keylink.aws.vpc_endpoint_usage_info
  - name: Logging network activity events
    description: The AWS CloudTrail User Guide.
    link: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
"""

EXAMPLES = r"""
- name: Log what the policy of an endpoint denies
  keylink.aws.cloudtrail_network_activity:
    trail: audit
    vpc_endpoint_ids: [vpce-0123456789abcdef0]
    region: eu-central-1

- name: Log every call through it, on a trail that has basic event selectors so far
  keylink.aws.cloudtrail_network_activity:
    trail: audit
    vpc_endpoint_ids: [vpce-0123456789abcdef0]
    denied_only: false
    convert_basic_selectors: true
    region: eu-central-1

- name: No more of it
  keylink.aws.cloudtrail_network_activity:
    trail: audit
    vpc_endpoint_ids: [vpce-0123456789abcdef0]
    state: absent
    region: eu-central-1
"""

RETURN = r"""
trail:
  description: The trail.
  returned: always
  type: dict
  sample:
    trail_arn: arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit
    name: audit
    home_region: eu-central-1
    is_logging: true
    s3_bucket_name: audit-trails
    cloud_watch_logs_log_group_arn: arn:aws:logs:eu-central-1:123456789012:log-group:audit:*
selector:
  description: The selector of this module. Null where the trail has none.
  returned: always
  type: dict
  sample:
    Name: "keylink.aws: kms.amazonaws.com through VPC endpoints"
    FieldSelectors:
      - {Field: eventCategory, Equals: [NetworkActivity]}
      - {Field: eventSource, Equals: [kms.amazonaws.com]}
      - {Field: errorCode, Equals: [VpceAccessDenied]}
      - {Field: vpcEndpointId, Equals: [vpce-0123456789abcdef0]}
covered_by:
  description: Name of another selector of the trail that selects the same events. Then no selector is made.
  returned: always
  type: str
event_selectors:
  description: The basic event selectors of the trail, as AWS has them.
  returned: always
  type: list
  elements: dict
  sample: []
advanced_event_selectors:
  description: The advanced event selectors of the trail.
  returned: always
  type: list
  elements: dict
  sample:
    - Name: Management events
      FieldSelectors:
        - {Field: eventCategory, Equals: [Management]}
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - resource: event selectors
      name: audit
      action: update
      id: arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R110
      what: trail
      found: audit does not log
      needed: Requests that an endpoint policy denies are in network activity events only, which a trail has to select.
      fix: Start its logging.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import cloudtrail as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import network_activity


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return network_activity.normalise(aws.region, *client.trail(aws, params["trail"]))


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "trail": {"required": True},
        "event_source": {"default": "kms.amazonaws.com"},
        "vpc_endpoint_ids": {"type": "list", "elements": "str", "aliases": ["vpc_endpoint_id"]},
        "purge_vpc_endpoint_ids": {"type": "bool", "default": False},
        "denied_only": {"type": "bool"},
        "name": {},
        "convert_basic_selectors": {"type": "bool", "default": False},
    },
    check=network_activity.arguments,
    read=read,
    plan=network_activity.plan,
    returns=network_activity.returns,
    explain=network_activity.EXPLAIN,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
