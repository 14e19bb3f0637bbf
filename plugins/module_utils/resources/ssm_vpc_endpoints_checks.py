# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options for Systems Manager's endpoints, and what is found, must meet, and what only people can see to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import parse
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import (
    ALLOWED,
    DENIED,
    NOT_ALLOWED,
    Request,
    evaluate,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group, policy_checks, ssm_buckets
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import SERVICES
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_policies import AGENT, UNSIGNED
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_vpc_endpoints_view import needs_prefix_list

Params = Mapping[str, Any]
View = Mapping[str, Any]

_NAME = re.compile(r"(?!sg-)[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NODE = re.compile(r"m?i-[0-9a-f]{8,17}")
_ATTRIBUTES = {"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"}


def arguments(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    found = []
    if not _NAME.fullmatch(params["name"]):
        fix = "Give 1 to 100 letters, digits, spaces, dots, hyphens and underscores, not beginning with sg-."
        found.append(unmet("R169", "name", params["name"] or "nothing", fix))
    if params["state"] == "absent":
        return found
    if not params["subnet_ids"]:
        text, fix = "none", "Give a subnet in each zone from which nodes use the endpoints."
        found.append(unmet("R83", "subnet_ids", text, fix))
    found += _ranges(params) + _accounts(params) + _policies(params) + _buckets(params, region) + _nodes(params)
    if params["route_table_ids"] and params["s3"] not in ("gateway", "both"):
        text = f"{listing(params['route_table_ids'])} with s3: {params['s3']}"
        fix = "Only a gateway endpoint has route tables: set s3: gateway."
        found.append(unmet("R180", "route_table_ids", text, fix))
    return found


def _ranges(params: Params) -> list[Unmet]:
    found = []
    for item in params["node_cidrs"] or ():
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError as error:
            found.append(unmet("R169", "node_cidrs", item, f"Give a range such as 10.0.0.0/16 ({error})."))
    return found


def _accounts(params: Params) -> list[Unmet]:
    return [
        unmet("R186", "node_accounts", item, "Give ids of accounts: 12 digits, in quotation marks.")
        for item in params["node_accounts"] or ()
        if not re.fullmatch(r"\d{12}", item)
    ]


def _policies(params: Params) -> list[Unmet]:
    found = []
    for service, document in (params["policies"] or {}).items():
        option = f"policies.{service}"
        if service not in SERVICES:
            found.append(unmet("R186", option, service, f"Give a service of {listing(list(SERVICES))}."))
            continue
        option_of = SERVICES[service][1]
        if params.get(option_of) in (False, "never", "none"):
            text = f"a policy for {service}, which {option_of}: {str(params[option_of]).lower()} leaves out"
            found.append(unmet("R186", option, text, f"Set {option_of}, or leave the policy out."))
        gateway = service == "s3" and params["s3"] in ("gateway", "both")
        found += policy_checks.endpoint_policy(option, document, gateway=gateway)
    return found


def _buckets(params: Params, region: str) -> list[Unmet]:
    found = [
        unmet("R171", option, item, "Give the name of one bucket: lower-case letters, digits, dots and hyphens.")
        for option in ("managed_buckets", "buckets")
        for item in params[option] or ()
        if not _BUCKET.fullmatch(item)
    ]
    needed = params["policy_preset"] == AGENT and params["s3"] != "none" and "s3" not in (params["policies"] or {})
    if needed and not params["managed_buckets"] and not ssm_buckets.is_known(region):
        fix = (
            "Look them up in AWS's page on SSM Agent communications with AWS managed S3 buckets, and give them as "
            "managed_buckets. They cannot be guessed."
        )
        found.append(unmet("R171", "policy_preset", f"agent in {region}, whose buckets are not known here", fix))
    return found


def _nodes(params: Params) -> list[Unmet]:
    ids = (params["wait_for_nodes"] or {}).get("instance_ids") or ()
    return [
        unmet("R176", "wait_for_nodes", item, "Give ids of EC2 instances (i-...) or of hybrid nodes (mi-...).")
        for item in ids
        if not _NODE.fullmatch(item) and not is_pending(item)
    ]


def vpc(params: Params, current: View) -> list[Unmet]:
    """Whether the VPC is there, or will be."""
    if current["vpc"] or is_pending(params["vpc_id"]):
        return []
    fix = "Give the id of an existing VPC of the Region."
    return [unmet("R83", "vpc_id", f"no VPC {params['vpc_id']} in this Region", fix)]


def place(params: Params, current: View) -> list[Unmet]:
    """Whether subnets and security groups are there."""
    if is_pending(params["vpc_id"]):
        return []
    found = [
        unmet("R169", "node_subnet_ids", f"no subnet {item} in the VPC", "Give subnets of the VPC.")
        for item in params["node_subnet_ids"] or ()
        if item not in current["subnets"] and not is_pending(item)
    ]
    for option, known in (
        ("security_group_ids", set(current["groups"])),
        ("node_security_group_ids", {*current["groups"], *current["peers"]}),
    ):
        found += [
            unmet("R169", option, f"no security group {item}", "Give groups that exist.")
            for item in params[option] or ()
            if item not in known and not is_pending(item)
        ]
    return found


def dns_attributes(params: Params, current: View) -> list[str]:
    """The attributes of the VPC that private DNS needs and that are off (R91)."""
    if not params["private_dns_enabled"] or current["dns"] is None:
        return []
    return [api for key, api in _ATTRIBUTES.items() if not current["dns"][key]]


def dns_problems(params: Params, current: View) -> list[Unmet]:
    off = dns_attributes(params, current)
    if not off or params["enable_vpc_dns"]:
        return []
    text = f"{listing([item[0].lower() + item[1:] for item in off])} of {params['vpc_id']} off"
    fix = "Set enable_vpc_dns: true, or private_dns_enabled: false."
    return [unmet("R91", "private_dns_enabled", text, fix)]


def admittance(params: Params, current: View, ranges: Sequence[str]) -> list[Unmet]:
    """R169: whether groups that are used as they are let the nodes in."""
    given = params["security_group_ids"] or []
    if not given or any(is_pending(item) for item in given):
        return []
    open_to = endpoint_group.admitted([current["groups"][item] for item in given if item in current["groups"]])
    sources = params["node_security_group_ids"] or []
    if sources and set(sources) <= set(open_to.others):
        return []
    out = [item for item in ranges if not is_pending(item) and not open_to.covers(item)]
    if not out:
        return []
    text = f"{listing(given)}, which let HTTPS in from neither {listing(out)} nor the groups of the nodes"
    fix = "Add a rule for TCP 443, or leave security_group_ids out: a group is made then."
    # Members of other groups and of prefix lists are not known here.
    return [unmet("R169", "security_group_ids", text, fix, blocking=not open_to.others)]


def prefix_list(params: Params, current: View) -> list[Unmet]:
    """R181: whether the Region has the list that outbound rules for S3 name."""
    if current["prefix_list"] or not needs_prefix_list(params):
        return []
    text = f"no prefix list com.amazonaws.{current['region']}.s3 in this Region"
    fix = "Let HTTPS out to Amazon S3's addresses yourself, if outbound traffic is restricted."
    return [unmet("R181", "node_security_group_ids", text, fix, blocking=False)]


def for_people(params: Params, current: View) -> list[Unmet]:
    """R168, R170, R172, R174: what cannot be seen, or not be done, from here."""
    found = []
    vpc = current["vpc"] or {"cidr_blocks": [], "dns_servers": []}
    if vpc["dns_servers"]:
        text = f"DHCP options with DNS servers {listing(vpc['dns_servers'])}"
        fix = f"Have them forward amazonaws.com, and api.aws for IPv6, to {_resolvers(vpc['cidr_blocks'])}."
        found.append(unmet("R170", params["vpc_id"], text, fix, blocking=False))
    outside = _outside(params["node_cidrs"] or (), vpc["cidr_blocks"])
    if not outside or current["vpc"] is None:
        return found
    text = f"{listing(outside)} outside {params['vpc_id']}"
    if params["s3"] == "gateway":
        fix = "Set s3: both if the nodes there use these endpoints for Amazon S3."
        found.append(unmet("R168", "node_cidrs", text, fix, blocking=False))
    fix = "If nodes there are patched through a firewall, let them reach the patch baseline endpoint."
    found.append(unmet("R172", "node_cidrs", text, fix, blocking=False))
    fix = "Resolve the names there through a Route 53 Resolver inbound endpoint, or a forwarder to the VPC."
    found.append(unmet("R174", "node_cidrs", text, fix, blocking=False))
    return found


def _resolvers(blocks: Sequence[str]) -> str:
    """AWS's DNS server of a VPC is at its range plus two."""
    found = [str(ipaddress.ip_network(block, strict=False)[2]) for block in blocks[:1]]
    return " or ".join([*found, "169.254.169.253"])


def _outside(ranges: Iterable[str], blocks: Sequence[str]) -> list[str]:
    own: list[Any] = [ipaddress.ip_network(block) for block in blocks]

    def inside(item: str) -> bool:
        network: Any = ipaddress.ip_network(item, strict=False)
        return any(network.version == block.version and network.subnet_of(block) for block in own)

    return [item for item in ranges if not inside(item)]


def bucket_access(
    params: Params, region: str, account: str, policy: str | None, managed: Sequence[str]
) -> list[Unmet]:
    """R171: which of AWS's buckets the policy of the S3 endpoint keeps the nodes from. None is full access."""
    if policy is None or is_pending(policy) or is_pending(account):
        return []
    document = parse(policy)
    who = f"arn:{ssm_buckets.partition(region)}:sts::{account}:assumed-role/node/i-0123456789abcdef0"
    shut = [
        bucket
        for bucket, resource in zip(managed, ssm_buckets.object_arns(region, managed))
        if evaluate(document, Request(who, "s3:GetObject", resource.replace("*", "file"))).verdict
        in (DENIED, NOT_ALLOWED)
    ]
    if not shut:
        return []
    given = "s3" in (params["policies"] or {})
    fix = "Allow s3:GetObject on them, unless the nodes do without; policy_preset has the statement."
    what = "policies.s3" if given else "policy of the S3 endpoint"
    return [unmet("R171", what, f"no access to {listing(shut)}", fix, blocking=False)]


def hybrid_access(params: Params, current: View, account: str) -> list[Unmet]:
    """D27: whether a policy of one's own for ssm lets hybrid nodes register; asked where there may be some."""
    blocks = current["vpc"]["cidr_blocks"] if current["vpc"] else []
    ids = (params["wait_for_nodes"] or {}).get("instance_ids") or ()
    hybrid = _outside(params["node_cidrs"] or (), blocks) or [item for item in ids if item.startswith("mi-")]
    policy = (params["policies"] or {}).get("ssm")
    if not policy or not hybrid or is_pending(account):
        return []
    context = {"ssm:NodeAccountId": account}
    document = parse(policy)
    shut = [
        action
        for action in UNSIGNED
        if evaluate(document, Request("anonymous", action, "*", context, complete=True)).verdict != ALLOWED
    ]
    if not shut:
        return []
    fix = "Allow them to Principal * without conditions on principals; use ssm:NodeAccountId or ssm:NodeOrgId."
    text = f"{listing(shut)} not allowed for hybrid nodes in {listing(hybrid)}"
    return [unmet("R186", "policies.ssm", text, fix, blocking=False)]
