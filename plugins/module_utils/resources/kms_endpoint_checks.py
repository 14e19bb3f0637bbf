# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the VPC endpoint of AWS KMS must be, so that nobody loses AWS KMS by it (R80-R99, N14)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import FULL_ACCESS, listed, parse, statements
from ansible_collections.keylink.aws.plugins.module_utils.core.policy_evaluation import UNKNOWN, Request, evaluate
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_checks
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_group import admitted
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    AVAILABLE,
    View,
    group_ids,
    same_policy,
)

Params = Mapping[str, Any]

SERVICES = ("kms", "kms-fips")
_GROUP_NAME = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
# Actions that have no key, so that a statement which names one never allows them.
_WITHOUT_KEY = (
    "kms:ListKeys", "kms:ListAliases", "kms:CreateKey", "kms:GenerateRandom", "kms:DescribeCustomKeyStores",
    "kms:CreateCustomKeyStore", "kms:ConnectCustomKeyStore", "kms:DisconnectCustomKeyStore",
    "kms:UpdateCustomKeyStore", "kms:DeleteCustomKeyStore",
)
# One of these and the identity is not shut out.
_USES = (
    *_WITHOUT_KEY, "kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom",
    "kms:Sign", "kms:Verify", "kms:GenerateMac", "kms:GetKeyPolicy", "kms:PutKeyPolicy",
)


def arguments(params: Params, region: str) -> list[Unmet]:
    """What the options alone say."""
    service = params["service"]
    found: list[Unmet] = []
    if service.rpartition(".")[2] not in SERVICES:
        text = "Give kms, kms-fips, or the full name of one of the two as DescribeVpcEndpointServices lists it."
        found.append(unmet("R87", "service", service, text))
    elif "." in service and f".{region}." not in service:
        found.append(unmet("R87", "service", service, f"Give {service.rpartition('.')[2]}: the name is {region}'s."))
    found += _group_name(params["security_group_name"])
    if params["state"] == "absent":
        return found
    for cidr in params["client_cidrs"] or ():
        found += _range(cidr)
    for option, prefix in (
        ("vpc_endpoint_subnets", "subnet-"), ("vpc_endpoint_security_groups", "sg-"), ("client_security_groups", "sg-"),
    ):
        found += [
            unmet("R83", option, item, f"Give ids, which begin with {prefix}.")
            for item in params[option] or ()
            if not item.startswith(prefix) and not is_pending(item)
        ]
    if params["vpc_endpoint_subnets"] == []:
        found.append(_subnets("none"))
    if params["vpc_endpoint_security_groups"] == []:
        text = "An endpoint has one at least: give some, or leave the option out to keep those that there are."
        found.append(unmet("R83", "vpc_endpoint_security_groups", "none", text))
    if params["security_group_name"] and params["client_cidrs"] == [] and not params["client_security_groups"]:
        text = "Nobody would be let in: leave it out for the ranges of the VPC, or give client_security_groups."
        found.append(unmet("R88", "client_cidrs", "none", text))
    return found + policy_checks.endpoint_policy("policy", params["policy"])


def _group_name(name: str | None) -> list[Unmet]:
    if name is None or (_GROUP_NAME.fullmatch(name) and not name.startswith("sg-") and name != "default"):
        return []
    advice = "Give a name of its own, of at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, not sg-..."
    return [unmet("R83", "security_group_name", name or "nothing", advice)]


def _range(cidr: str) -> list[Unmet]:
    if is_pending(cidr):
        return []
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        return [unmet("R88", "client_cidrs", cidr, f"Give a range such as 10.0.0.0/16 ({error}).")]
    return []


def _subnets(found: str) -> Unmet:
    advice = "Give one subnet in each Availability Zone that has clients, two or more for availability."
    return unmet("R83", "vpc_endpoint_subnets", found, advice)


def place(params: Params, current: View) -> list[Unmet]:
    """Whether there are the VPC and the service."""
    vpc_id = params["vpc_id"]
    if vpc_id and not is_pending(vpc_id) and not current["vpc"]:
        return [unmet("R83", "vpc_id", f"no VPC {vpc_id} in this Region", "Give the id of an existing VPC.")]
    if not current["service"]:
        known = listing(current["kms_services"]) or "none for AWS KMS"
        text = f"{params['service']}, which AWS does not list for {current['region']}"
        return [unmet("R80", "service", text, f"AWS lists {known}.")]
    return []


def creation(params: Params, before: View | None) -> list[Unmet]:
    """What is needed to make an endpoint."""
    if before or params["vpc_endpoint_id"] or params["vpc_endpoint_subnets"]:
        return []
    return [_subnets("nothing")]


def vpc_attributes(params: Params, current: View, wanted: View, switching: bool) -> list[Unmet]:
    """R91: private DNS needs both attributes of the VPC. Where they are missing already, it is only told."""
    vpc = current["vpc"]
    if not vpc or not wanted["private_dns_enabled"] or params["enable_vpc_dns"]:
        return []
    missing = [key for key in ("enable_dns_support", "enable_dns_hostnames") if not vpc[key]]
    if not missing:
        return []
    text = f"{vpc['vpc_id']} with {listing([key + ' false' for key in missing])}"
    advice = "Set enable_vpc_dns: true, which sets them (R92), or private_dns_enabled: false."
    return [unmet("R91", "private_dns_enabled", text, advice, blocking=switching)]


def clients(params: Params, current: View, wanted: View, groups: Sequence[View], changing: bool) -> list[Unmet]:
    """R88: whether the security groups let the clients of the VPC in. groups: those of the endpoint, as they will be.
    It stops only what would make it worse."""
    if not wanted["private_dns_enabled"] or not groups or any(is_pending(item["rules"]) for item in groups):
        return []
    found = admitted(groups)
    names = listing([item["group_id"] for item in groups])
    out = [cidr for cidr in client_cidrs(params, current, wanted) if not is_pending(cidr) and not found.covers(cidr)]
    strangers = [
        item for item in params["client_security_groups"] or () if item not in found.others and not is_pending(item)
    ]
    # Members of a group in a rule may well be all clients of the VPC: only AWS knows.
    unknown = bool(found.others) and not params["client_cidrs"] and not strangers
    if not out and not strangers:
        return []
    text = f"{names} of the endpoint without a rule for {listing([*out, *strangers])}"
    if found.others:
        text += f" (it lets {listing(found.others)} in)"
    advice = (
        "Add an inbound rule for TCP 443, or say with client_cidrs and client_security_groups who the clients are, "
        "or let security_group_name make a group."
    )
    return [unmet("R88", "vpc_endpoint_security_groups", text, advice, blocking=changing and not unknown)]


def client_cidrs(params: Params, current: View, wanted: View) -> list[str]:
    """The ranges of the clients: those of the option, or else the VPC's, unless only groups are named."""
    if params["client_cidrs"] is not None:
        return list(params["client_cidrs"])
    if params["client_security_groups"] or not current["vpc"]:
        return []
    six = current["vpc"]["ipv6_cidr_blocks"] if wanted["ip_address_type"] in ("dualstack", "ipv6") else []
    four = current["vpc"]["cidr_blocks"] if wanted["ip_address_type"] != "ipv6" else []
    return [*four, *six]


def unknown_groups(params: Params, current: View) -> list[Unmet]:
    """Security groups that are not in the VPC."""
    if not current["vpc"]:
        return []
    vpc_id = current["vpc"]["vpc_id"]
    return [
        unmet("R83", "vpc_endpoint_security_groups", f"no security group {item} in {vpc_id}", "Give groups of the VPC.")
        for item in params["vpc_endpoint_security_groups"] or ()
        if item not in current["groups"] and not is_pending(item)
    ]


def lockout(params: Params, current: View, before: View | None, wanted: View) -> list[Unmet]:
    """R95: whether the policy leaves the running identity anything of AWS KMS, once its name leads to the endpoint."""
    caller, text = current["caller"], wanted["policy_document"]
    quiet = before and before["private_dns_enabled"] and same_policy(before["policy_document"], text)
    if not wanted["private_dns_enabled"] or quiet or caller is None or is_pending(text):
        return []
    if params["bypass_policy_lockout_safety_check"]:
        return []
    policy = FULL_ACCESS if text is None else parse(text)
    actions = params["caller_actions"] or _USES
    verdicts = {action: _verdict(policy, action, caller, current["region"], wanted) for action in actions}
    lacking = [action for action, verdict in verdicts.items() if verdict is not True]
    if not lacking or (len(lacking) < len(actions) and not params["caller_actions"]):
        return []
    what = f"call {listing(lacking)}" if params["caller_actions"] else "use AWS KMS"
    unsure = any(verdicts[action] is None for action in lacking)
    doubt = "of which it cannot be told whether it lets" if unsure else "that does not let"
    advice = (
        f"Requests from this VPC to {listing(current['service']['private_dns_names'])} would be refused to it. Add a "
        "statement for it, leave private DNS off, or set bypass_policy_lockout_safety_check: true if it works from "
        "elsewhere."
    )
    return [unmet("R95", "policy", f"a policy {doubt} {caller} {what}", advice)]


def _verdict(policy: Mapping[str, Any], action: str, caller: str, region: str, wanted: View) -> bool | None:
    """Whether the policy lets the caller do something, on a key of its account or on one that the policy names."""
    answers = []
    without = action.lower() in [item.lower() for item in _WITHOUT_KEY]
    for resource in ("*",) if without else _keys(policy, caller, region):
        context = {"aws:SourceVpc": wanted["vpc_id"], "aws:SourceVpce": wanted["vpc_endpoint_id"],
                   "aws:RequestedRegion": region, "aws:SecureTransport": "true"}
        decision = evaluate(policy, Request(caller, action, resource, context))
        answers.append(None if decision.verdict == UNKNOWN else decision.allowed)
    return True if True in answers else None if None in answers else False


def _keys(policy: Mapping[str, Any], caller: str, region: str) -> Iterable[str]:
    parts = caller.split(":")
    own = f"arn:{parts[1]}:kms:{region}:{parts[4]}:key/00000000-0000-0000-0000-000000000000"
    named = [item for statement in statements(policy) for item in listed(statement.get("Resource"))]
    return dict.fromkeys([own, *(item for item in named if _KEY.fullmatch(str(item)))])


def interfaces(before: View | None) -> list[Unmet]:
    """R81: whether an endpoint that is there answers in each of its subnets."""
    if not before or before["state"] != AVAILABLE:
        return []
    have, subnets = len(before["network_interface_ids"]), len(before["subnet_ids"])
    if have >= subnets:
        return []
    text = f"{before['vpc_endpoint_id']} with {have} network interfaces in {subnets} subnets"
    advice = "AWS may still be making them; if it stays so, take a subnet off the endpoint and add it again."
    return [unmet("R81", "vpc_endpoint_subnets", text, advice, blocking=False)]


def groups_of(wanted: View, known: Mapping[str, View]) -> list[View]:
    """The security groups of the endpoint, as far as they were looked at."""
    return [known[item] for item in group_ids(wanted) if item in known]
