#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: private_dns_verify
version_added: 0.1.0
short_description: Verify the domain of the private DNS name of a VPC endpoint service
description:
  - Step 5 of the VPC endpoint service connectivity of an AWS KMS external key store.
  - Publishes the TXT record that AWS asks for in a public zone of Route 53, in this account or another, or in a zone
    that takes dynamic updates, or waits for one that somebody publishes elsewhere; looks it up on all authoritative
    servers of its zone, in the order in which AWS looks; and only then starts the verification and waits until AWS
    says V(verified) (R11, R12, R57-R65).
  - A TXT record can hold the values of several services, Regions and accounts. Only this service's value is added
    and removed; the others and the TTL of an existing record stay (N8).
  - The record must stay after the verification, for the next connection. If its value vanished from the zone, it is
    published again (N9).
  - Makes no address record for the private DNS name, since none is needed (R64).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  state:
    description:
      - With V(present), the record is published and the domain verified.
      - With V(absent), removes this service's value from the record in its zone, and nothing else. Do it once no key
        store uses the service, while the service still exists; or afterwards with O(record_name) and O(record_value).
        Where nothing tells which value it was, nothing is removed.
    type: str
    choices: [present, absent]
    default: present
  service_id:
    description:
      - The id of the endpoint service, as M(keylink.aws.xks_endpoint_service) returns it.
      - Required with O(state=present), unless O(name) is given.
    type: str
  name:
    description: The Name tag of the endpoint service, instead of O(service_id).
    type: str
  private_dns_name:
    description:
      - The private DNS name that the service must have. Anything else stops the run.
      - In check mode, for a service that does not exist yet, the name that it will have.
    type: str
  record_name:
    description:
      - The name of the TXT record, as a run before returned it in the C(name) of RV(record), or its first label alone.
      - Needed with O(state=absent) when the service is gone. With O(state=present) AWS's own answer is used; only a
        placeholder counts, which says in check mode that the record is about to change.
    type: str
  record_value:
    description: The value of the TXT record. Used as O(record_name) is.
    type: str
  publish:
    description:
      - V(route53) publishes in the zone of O(zone) or O(hosted_zone_id), and without them as with O(zone=auto).
      - V(nsupdate) publishes in the zone of O(nsupdate).
      - V(none) leaves that to somebody else, and ignores all of them.
      - Defaults to V(nsupdate) if O(nsupdate) is given, to V(route53) if O(zone), O(hosted_zone_id) or
        O(zone_role_arn) is, else to V(none).
    type: str
    choices: [route53, nsupdate, none]
  zone:
    description:
      - Name of the public Route 53 zone to publish in, such as V(example.com).
      - V(auto) takes the public zone of the account with the longest name that holds the private DNS name.
      - The record goes at the nearest parent of the private DNS name that the zone holds.
    type: str
  hosted_zone_id:
    description: Id of the public Route 53 zone to publish in. Costs one call less than O(zone).
    type: str
  zone_role_arn:
    version_added: 0.2.0
    description:
      - ARN of a role to assume for the calls to Route 53, and for no others, where the zone is in another account.
      - The session is called C(keylink-private-dns-verify), which CloudTrail of that account shows.
    type: str
  zone_role_external_id:
    version_added: 0.2.0
    description: The external id that the trust policy of O(zone_role_arn) demands, if it demands one.
    type: str
  nsupdate:
    version_added: 0.2.0
    description:
      - A zone that takes dynamic updates (RFC 2136), such as one of BIND, Knot or PowerDNS.
      - A value is added or removed on the condition that the record still holds what was read, so that two writers at
        once lose nothing (N8); the one that came second reads again and repeats.
    type: dict
    suboptions:
      server:
        description: Address or host name of the zone's primary server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
      zone:
        description: Name of the zone, such as V(example.com).
        type: str
        required: true
      key_name:
        description:
          - Name of the TSIG key, as the server knows it.
          - Without a key, requests are not signed, and the server has only their address to judge by.
        type: str
      key_secret:
        description: Secret of the TSIG key, in base64, as the file of the key has it.
        type: str
      key_algorithm:
        description: Algorithm of the TSIG key.
        type: str
        choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
        default: hmac-sha256
      protocol:
        description: Transport of updates and of the questions to this server. Long answers come by TCP in any case.
        type: str
        choices: [tcp, udp]
        default: tcp
  ttl:
    description: TTL of a new record, in seconds. The default is what AWS suggests. An existing record keeps its own.
    type: int
    default: 1800
  resolvers:
    description:
      - IP addresses of DNS resolvers, by which the authoritative servers are found. Defaults to those of the system.
      - Name resolvers that see public DNS where the system's answer for an internal copy of the zone.
    type: list
    elements: str
  dns_port:
    description: Port of the resolvers and of the authoritative servers.
    type: int
    default: 53
  query_timeout:
    description: How long to wait for one DNS answer, in seconds.
    type: float
    default: 5
  verify_published:
    description:
      - Whether to look the record up in public DNS, over UDP and TCP, before the verification is started (R63).
      - V(false) is for hosts without a way to DNS servers. Then the verification is started once Route 53 says that
        its servers have the record, or at once where it is published elsewhere; a record that is missing or wrong is
        found out only by AWS, which then says V(failed), and the message cannot tell why.
    type: bool
    default: true
  force:
    description:
      - With O(state=absent), removes the value although the service has live endpoint connections. A key store that
        uses the service can then not be connected again (N9).
    type: bool
    default: false
  wait_for_disconnect:
    description:
      - With O(state=absent), waits for live endpoint connections to go away instead of refusing. For use right after
        the key store was disconnected, when AWS KMS takes its endpoint away by itself.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds, for the record and for AWS each. When it runs out, the next run goes on from
        what was reached.
      - With O(wait=false) and nobody having published the record yet, the verification is not started; RV(record) is
        what to publish. A record that this module publishes is waited for in any case, since the start needs it.
    type: int
    default: 1800
notes:
  - Until the domain is verified, each run starts the verification, and says so with RV(ignore:changed). AWS documents
    that this is how a failed verification is repeated, and a start while one is under way does no harm.
  - Looking the record up needs the Python library dnspython on the host that runs the module.
  - "IAM actions: ec2:DescribeVpcEndpointServiceConfigurations, ec2:StartVpcEndpointServicePrivateDnsVerification; with
    Route 53 also route53:GetHostedZone (O(hosted_zone_id)), route53:ListHostedZonesByName (O(zone)) or
    route53:ListHostedZones (O(zone=auto)), route53:ListResourceRecordSets, route53:ChangeResourceRecordSets and
    route53:GetChange. With O(zone_role_arn) those are the role's, and sts:AssumeRole is needed here."
  - Names where the value is astray are looked at and told as well - with the zone's name twice, without the
    underscore, in lower case, or in an internal or private zone that only this host sees (split horizon).
requirements:
  - dnspython >= 2.6, unless O(verify_published=false) and without O(nsupdate)
seealso:
  - name: Manage DNS names for VPC endpoint services
    description: The AWS PrivateLink Guide.
    link: https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
  - name: Configuring VPC endpoint service connectivity
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - keylink.aws.attributes
  - keylink.aws.wait
"""

EXAMPLES = r"""
- name: Publish in Route 53 and verify
  keylink.aws.private_dns_verify:
    service_id: vpce-svc-0123456789abcdef0
    zone: example.com
    region: eu-central-1

- name: Publish in Route 53 of the account that has the domain
  keylink.aws.private_dns_verify:
    service_id: vpce-svc-0123456789abcdef0
    zone: example.com
    zone_role_arn: arn:aws:iam::222222222222:role/publish-dns
    zone_role_external_id: payments
    region: eu-central-1

- name: Publish in a zone of BIND
  keylink.aws.private_dns_verify:
    service_id: vpce-svc-0123456789abcdef0
    nsupdate:
      server: ns1.example.com
      zone: example.com
      key_name: payments
      key_secret: "{{ payments_tsig_secret }}"
    region: eu-central-1

- name: Tell which record to publish
  keylink.aws.private_dns_verify:
    name: payments
    wait: false
    region: eu-central-1
  register: proof

- name: Publish it at another provider
  community.dns.hetzner_dns_record_set:
    zone_name: example.com
    record: "{{ proof.record.name }}"
    type: TXT
    value: ["{{ proof.record.value }}"]

- name: Verify, once all authoritative servers have it
  keylink.aws.private_dns_verify:
    name: payments
    region: eu-central-1

- name: Take the value of a service that is gone out of the record
  keylink.aws.private_dns_verify:
    state: absent
    zone: example.com
    record_name: _6e86v84tqgqubxbwii1m.xks.example.com
    record_value: vpce:l6p0ERxlTt45jevFwOCp
    region: eu-central-1
"""

RETURN = r"""
private_dns_name_configuration:
  description: What AWS asks for and how far it is. Null where no service is known.
  returned: always
  type: dict
  sample: {name: _6e86v84tqgqubxbwii1m, type: TXT, value: "vpce:l6p0ERxlTt45jevFwOCp", state: verified}
private_dns_name:
  description: The private DNS name of the service.
  returned: always
  type: str
  sample: xks-proxy.xks.example.com
record:
  description:
    - The TXT record, ready to publish. Null where it is not known.
    - C(zone) is the zone that it is published in, or null where somebody else publishes it.
  returned: always
  type: dict
  sample:
    name: _6e86v84tqgqubxbwii1m.xks.example.com
    type: TXT
    value: "vpce:l6p0ERxlTt45jevFwOCp"
    quoted_value: '"vpce:l6p0ERxlTt45jevFwOCp"'
    ttl: 1800
    zone: example.com
txt_found:
  description:
    - TXT values by name and authoritative server. A server of several addresses is asked at each, and named with it.
    - Empty if DNS was not asked, or had none.
  returned: always
  type: dict
  sample:
    _6e86v84tqgqubxbwii1m.xks.example.com:
      ns-1.example.net: ["vpce:l6p0ERxlTt45jevFwOCp"]
dns_seen:
  version_added: 0.2.0
  description:
    - Each name that was looked up, with what each server answered; more than RV(txt_found) has. Empty if DNS was not
      asked.
    - C(status) is C(found), C(nodata) (the name exists, the value does not), C(nxdomain) (there is no such name),
      C(not authoritative), C(timeout), C(no answer), C(unreachable) or another answer of DNS.
    - C(resolver) is what the resolver of this host has, if it was asked. Where that differs, the host sees an
      internal zone of the same name.
  returned: always
  type: list
  elements: dict
  sample:
    - name: _6e86v84tqgqubxbwii1m.xks.example.com
      zone: example.com
      trouble: ""
      name_servers: [ns-1.example.net]
      servers:
        - server: ns-1.example.net
          address: 192.0.2.53
          status: found
          values: ["vpce:l6p0ERxlTt45jevFwOCp"]
          alias: ""
      resolver: null
verification_state:
  description: V(pendingVerification), V(verified) or V(failed). Null where no service is known.
  returned: always
  type: str
  sample: verified
verification_started:
  description: Whether this run started a verification, or would.
  returned: always
  type: bool
explanation:
  description: What the zone and public DNS have, in words.
  returned: always
  type: str
  sample: _6e86v84tqgqubxbwii1m.xks.example.com has the value on ns-1.example.net and ns-2.example.net
actions:
  description: What was done, or would be, to each AWS resource.
  returned: success
  type: list
  elements: dict
  sample:
    - {resource: TXT record, name: xks-proxy.xks.example.com, action: create, id: Z0123456789ABCDEFGHIJ}
    - {resource: domain verification, name: xks-proxy.xks.example.com, action: create, id: vpce-svc-0123456789abcdef0}
unmet_requirements:
  description: Requirements that do not hold, by R or N number. On success only those that stop nothing.
  returned: always
  type: list
  elements: dict
  sample:
    - number: R58
      what: TXT record
      found: not on ns-1.example.net at _6e86v84tqgqubxbwii1m.example.com
      needed: The TXT record must be in public DNS.
      fix: Publish TXT _6e86v84tqgqubxbwii1m.example.com with the value vpce:l6p0ERxlTt45jevFwOCp, then run again.
      blocking: false
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import private_dns as client
from ansible_collections.keylink.aws.plugins.module_utils.clients import txt_zone
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    endpoint_service_waits,
    private_dns,
    txt_record,
    zones,
)


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    found = aws.together(
        services=lambda: client.services(aws, **private_dns.query(params)),
        zones=lambda: txt_zone.zones(aws, **zones.query(params)),
    )
    view = private_dns.normalise(params, found["services"], found["zones"])
    if params["state"] == "absent" and view["service"]:
        held = client.connections(aws, view["service"]["service_id"])
        view["vpc_endpoint_connections"] = endpoint_service_waits.normalise_connections(held)
    place = private_dns.place(params, view)
    if place:
        view["record_sets"] = txt_record.normalise(txt_zone.record_sets(aws, **place), place["name"])
    if private_dns.asks_dns(params, view):
        view["seen"] = client.look_up(aws, **private_dns.question(params, view))
    return view


SPEC = runner.Spec(
    argument_spec={
        "state": {"choices": ["present", "absent"], "default": "present"},
        "service_id": {},
        "name": {},
        "private_dns_name": {},
        "record_name": {},
        "record_value": {},
        "publish": {"choices": ["route53", "nsupdate", "none"]},
        "zone": {},
        "hosted_zone_id": {},
        "zone_role_arn": {},
        "zone_role_external_id": {},
        "nsupdate": zones.NSUPDATE_OPTIONS,
        "ttl": {"type": "int", "default": 1800},
        "resolvers": {"type": "list", "elements": "str"},
        "dns_port": {"type": "int", "default": 53},
        "query_timeout": {"type": "float", "default": 5},
        "verify_published": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        "wait_for_disconnect": {"type": "bool", "default": False},
        **runner.wait_arguments(timeout=1800),
    },
    constraints={
        "required_one_of": [("service_id", "name", "record_value")],
        "required_if": [("state", "present", ("service_id", "name"), True), ("publish", "nsupdate", ("nsupdate",))],
        "required_together": [("record_name", "record_value")],
        "required_by": {"zone_role_external_id": ("zone_role_arn",)},
        "mutually_exclusive": [
            ("zone", "hosted_zone_id", "nsupdate"), ("zone_role_arn", "nsupdate"),
        ],
    },
    check=private_dns.check,
    read=read,
    plan=private_dns.plan,
    returns=private_dns.returns,
    calls=client.CALLS,
    explain=private_dns.ADVICE,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
