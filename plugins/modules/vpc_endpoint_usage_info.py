#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vpc_endpoint_usage_info
version_added: 0.2.0
short_description: Who used a VPC endpoint, for which operations, with which KMS keys
description:
  - Reads CloudTrail's event history and keeps what came through the endpoints (R108). Returns a summary per principal
    and operation, with the keys that were used.
  - The event history has management events of the last 90 days; all operations of AWS KMS are among them. CloudTrail
    cannot search it by endpoint, so every event of the service in the time range is read, 50 at a time and two pages a
    second, which is as fast as AWS allows. A long search says how it is going.
  - Calls that an endpoint policy denied are in no event history (R110). They are network activity events, which a trail
    has to select, see M(keylink.aws.cloudtrail_network_activity). They are read from the CloudWatch Logs log group that
    the trail delivers to; what a trail delivers to S3 only is not read.
  - Says in RV(not_shown) what the answer cannot contain, and where to look for it.
  - Changes nothing.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  vpc_endpoint_ids:
    description:
      - The endpoints to look at. They may be gone already; then O(event_source) says whose events to read, AWS KMS's if
        it is not given.
      - Several endpoints of one service cost no more than one.
    type: list
    elements: str
    aliases: [vpc_endpoint_id]
  vpc_id:
    description: The VPC whose endpoints for O(services) to look at, instead of O(vpc_endpoint_ids).
    type: str
  services:
    description: With O(vpc_id), the services, by the last part of their name or by all of it.
    type: list
    elements: str
    default: [kms]
    aliases: [service]
  event_source:
    description:
      - The service as CloudTrail names it, such as V(kms.amazonaws.com). Follows from the endpoint's service if it is
        not given.
    type: str
  hours:
    description: How many hours to look back from O(end_time), if O(start_time) is not given.
    type: int
    default: 24
  start_time:
    description: From when on to look, in ISO 8601, such as V(2026-11-24T00:00:00Z). Without an offset it is UTC.
    type: str
  end_time:
    description: Until when to look. Now if not given.
    type: str
  max_events:
    description:
      - Where to stop reading, in events per service and per trail. 10000 events of the event history take about
        two minutes.
      - What was not read is told in RV(not_shown), and RV(complete) is V(false).
    type: int
    default: 10000
  network_activity:
    description: Whether to look for trails that log network activity of the endpoints, and to read their log groups.
    type: bool
    default: true
attributes:
  check_mode:
    description: Changes nothing in any mode. For endpoints that are still to be made, the answer is empty.
  diff_mode:
    support: N/A
    description: There is never a difference.
seealso:
  - module: keylink.aws.cloudtrail_network_activity
  - name: Logging AWS KMS requests that use a VPC endpoint
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/vpce-logging.html
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
- name: Who used the endpoint in the last 24 hours
  keylink.aws.vpc_endpoint_usage_info:
    vpc_endpoint_ids: [vpce-0123456789abcdef0]
    region: eu-central-1
  register: used

- name: Show it
  ansible.builtin.debug:
    msg: "{{ used.lines }}"

- name: The KMS endpoint of a VPC, one day
  keylink.aws.vpc_endpoint_usage_info:
    vpc_id: vpc-0123456789abcdef0
    start_time: "2026-11-24T00:00:00Z"
    end_time: "2026-11-25T00:00:00Z"

- name: The endpoints of Systems Manager and AWS KMS of a VPC
  keylink.aws.vpc_endpoint_usage_info:
    vpc_id: vpc-0123456789abcdef0
    services: [ssm, kms]
    hours: 2
"""

RETURN = r"""
endpoints:
  description: The endpoints that were looked at, with how much they were used. One that is gone has no state.
  returned: always
  type: list
  elements: dict
  sample:
    - vpc_endpoint_id: vpce-0123456789abcdef0
      vpc_id: vpc-0123456789abcdef0
      service_name: com.amazonaws.eu-central-1.kms
      state: available
      owner_id: "123456789012"
      private_dns_enabled: true
      event_source: kms.amazonaws.com
      network_activity_offered: true
      calls: 130
      denied_calls: 3
      principals: [arn:aws:iam::123456789012:role/Payments]
      keys: [arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab]
usage:
  description:
    - Calls through the endpoints, one entry per endpoint, principal and operation. Sessions of a role are one
      principal; their names are in C(sessions), at most 20. C(errors) counts calls that failed, by error code.
    - Calls of principals in other accounts are included where a trail logs all network activity.
  returned: always
  type: list
  elements: dict
  sample:
    - vpc_endpoint_id: vpce-0123456789abcdef0
      principal: arn:aws:iam::123456789012:role/Payments
      principal_type: AssumedRole
      account_id: "123456789012"
      event_source: kms.amazonaws.com
      operation: Decrypt
      count: 128
      first: "2026-11-24T08:00:01Z"
      last: "2026-11-25T07:40:02Z"
      keys: [arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab]
      errors: {AccessDenied: 2}
      sessions: [worker-1, worker-2]
      session_count: 2
      source_ips: [10.0.1.17]
denied:
  description: Calls that the endpoint policy denied, in the form of RV(usage). From network activity events only.
  returned: always
  type: list
  elements: dict
  sample: []
network_activity:
  description:
    - The trails that log network activity of the endpoints, and whether they could be read. What a trail logs of an
      endpoint is V(all calls), V(denied calls), or V(some calls) where its selector names operations or callers.
  returned: always
  type: list
  elements: dict
  sample:
    - trail_arn: arn:aws:cloudtrail:eu-central-1:123456789012:trail/audit
      log_group_arn: arn:aws:logs:eu-central-1:123456789012:log-group:audit:*
      s3_bucket_name: audit-trails
      vpc_endpoints: {vpce-0123456789abcdef0: denied calls}
      is_logging: true
      complete: true
      error: ""
start_time:
  description: The beginning of the time range, at most 90 days ago.
  returned: always
  type: str
  sample: "2026-11-24T07:45:00Z"
end_time:
  description: Its end.
  returned: always
  type: str
  sample: "2026-11-25T07:45:00Z"
event_history:
  description: How many events of which service were read, through an endpoint or not, and how far back.
  returned: always
  type: list
  elements: dict
  sample:
    - {event_source: kms.amazonaws.com, read: 2150, oldest: "2026-11-24T07:45:11Z", complete: true}
complete:
  description: Whether everything in the time range was read.
  returned: always
  type: bool
not_shown:
  description: What the answer cannot contain, by R number, and what to do instead.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R109
      what: Operations on keys and aliases of other accounts
      instead: Ask the accounts that own the keys.
lines:
  description: All of this as lines for a terminal.
  returned: always
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import cloudtrail as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_usage as usage


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    now = client.now(aws)
    start, end = period = usage.window(params, now)
    ids, most = params["vpc_endpoint_ids"], params["max_events"]
    found = [] if usage.nothing_yet(params) else client.endpoints(aws, ids, params["vpc_id"])
    endpoints = [] if usage.nothing_yet(params) else usage.wanted(params, found)
    named = {item["vpc_endpoint_id"] for item in endpoints}
    answers = aws.together(
        history=lambda: client.history(
            aws, usage.sources(endpoints), start, end, most, lambda record: usage.through(record, named)
        ),
        trails=lambda: (
            client.trails(aws) if usage.looks_for_trails(params, endpoints) else usage.not_looked_for(params)
        ),
    )
    trails = usage.watching(endpoints, answers["trails"])
    deliveries = client.delivered(aws, trails["watching"], usage.pattern(endpoints), start, end, most)
    return usage.normalise(endpoints, period, now, answers["history"], trails, deliveries)


SPEC = runner.Spec(
    argument_spec={
        "vpc_endpoint_ids": {"type": "list", "elements": "str", "aliases": ["vpc_endpoint_id"]},
        "vpc_id": {},
        "services": {"type": "list", "elements": "str", "default": ["kms"], "aliases": ["service"]},
        "event_source": {},
        "hours": {"type": "int", "default": 24},
        "start_time": {},
        "end_time": {},
        "max_events": {"type": "int", "default": 10000},
        "network_activity": {"type": "bool", "default": True},
    },
    constraints={
        "required_one_of": [("vpc_endpoint_ids", "vpc_id")],
        "mutually_exclusive": [("vpc_endpoint_ids", "vpc_id")],
    },
    check=usage.check,
    read=read,
    plan=usage.plan,
    returns=usage.returns,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
