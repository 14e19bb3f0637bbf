# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of VPC endpoints for AWS KMS and for Systems Manager: what does not hold of the endpoints of a VPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    endpoint_group,
    kms_endpoint_checks,
    policy_checks,
    preflight_checks,
    vpc_endpoint,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    DEAD,
    ENDING,
    GATEWAY,
    group_ids,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import (
    find_service,
    normalise_services,
    short_name,
)

View = Mapping[str, Any]

# Job -> its services, each with the number that demands it; None: it is wanted in some cases only.
SERVICES: Mapping[str, Mapping[str, str | None]] = {
    "kms_endpoint": {"kms": "R80", "kms-fips": None},
    "ssm": {"ssm": "R176", "ssmmessages": "R182", "s3": "R180", "ec2messages": None},
}
_LISTED = {"kms_endpoint": ("R80", "kms"), "ssm": ("R175", "ssm")}
_MODULE = {"kms_endpoint": "kms_vpc_endpoint", "ssm": "ssm_vpc_endpoints"}
_ADMIT = {"kms_endpoint": "R88", "ssm": "R169"}
_POLICY = {"kms_endpoint": "R97", "ssm": "R186"}


def own(view: View) -> list[dict[str, Any]]:
    """The endpoints of the job in the VPC, without those on their way out."""
    job, region = view["params"]["job"], view["region"]
    raw = view["readings"]["endpoints"].or_else([])
    alive = [item for item in map(vpc_endpoint.normalise, raw) if item["state"] not in ENDING]
    return [item for item in alive if short_name(item["service_name"], region) in SERVICES[job]]


def service(view: View) -> list[Unmet]:
    """Whether AWS lists the service for the Region at all."""
    job, region = view["params"]["job"], view["region"]
    listed = view["readings"]["aws_services"].or_else(None)
    number, name = _LISTED[job]
    if listed is None or find_service(normalise_services(listed), region, name):
        return []
    text = f"AWS lists no endpoint service {name} for {region}"
    numbers = [number, "R87"] if job == "kms_endpoint" else [number]
    return [unmet(one, "region", text, "Use another Region.") for one in numbers]


def complete(view: View) -> list[Unmet]:
    """R176, R180, R182: which endpoints are missing, where there are others already."""
    found = own(view)
    have = {short_name(item["service_name"], view["region"]) for item in found}
    module = _MODULE[view["params"]["job"]]
    return [
        unmet(number, f"VPC {found[0]['vpc_id']}", f"it has no endpoint for {name}", f"keylink.aws.{module} makes it.")
        for name, number in SERVICES[view["params"]["job"]].items()
        if found and number and name not in have and number != "R80"
    ]


def state(view: View) -> list[Unmet]:
    """R81, R83: endpoints that do not work."""
    found = []
    for item in own(view):
        what = _what(item)
        if item["state"] in DEAD:
            reason = item["failure_reason"] or "AWS gives no reason"
            found.append(unmet("R83", what, f"its state is {item['state']} ({reason})", "Delete it, and make it anew."))
        if item["vpc_endpoint_type"] != GATEWAY:
            found += [replace(one, what=what) for one in kms_endpoint_checks.interfaces(item)]
    return found


def _what(endpoint: View) -> str:
    return f"endpoint {endpoint['vpc_endpoint_id']} of {endpoint['service_name']}"


def attributes(view: View) -> list[Unmet]:
    """R91: what private DNS needs of the VPC."""
    vpc = view["vpc"]
    private = [item for item in own(view) if item["private_dns_enabled"]]
    off = [key for key in ("enable_dns_support", "enable_dns_hostnames") if vpc and vpc[key] is False]
    if not private or not off:
        return []
    text = f"it has {listing([f'{key} false' for key in off])}, and {listing([_what(item) for item in private])}"
    return [unmet("R91", f"VPC {vpc['vpc_id']}", text, "Set both with ModifyVpcAttribute (R92).")]


def admittance(view: View) -> list[Unmet]:
    """R88, R169: whether the security groups let the VPC in on 443."""
    raw = view["readings"]["security_groups"].or_else(None)
    if raw is None or view["vpc"] is None:
        return []
    known = {item["GroupId"]: endpoint_group.normalise(item) for item in raw}
    found = []
    for item in own(view):
        groups = [known[group] for group in group_ids(item) if group in known]
        if not groups:
            continue
        open_to = endpoint_group.admitted(groups)
        out = [cidr for cidr in view["vpc"]["cidr_blocks"] if not open_to.covers(cidr)]
        if out:
            text = f"{listing([group['group_id'] for group in groups])} let HTTPS in from {_let_in(open_to)}"
            # Members of groups, and narrower ranges, may well be all of the clients.
            found.append(
                unmet(_ADMIT[view["params"]["job"]], _what(item), text, f"Add a rule for TCP 443 from {listing(out)}.",
                      blocking=not (open_to.others or open_to.networks))
            )
    return found


def _let_in(open_to: endpoint_group.Admitted) -> str:
    return listing([*(str(item) for item in open_to.networks), *open_to.others]) or "nobody"


def policies(view: View) -> list[Unmet]:
    """R97, R99, R104, R186: what is wrong with the endpoints' policies."""
    number = _POLICY[view["params"]["job"]]
    found = []
    for item in own(view):
        problems = policy_checks.endpoint_policy(
            "policy", item["policy_document"], gateway=item["vpc_endpoint_type"] == GATEWAY
        )
        for one in problems:
            told = replace(one, what=f"{_what(item)}, {one.what}")
            found.append(unmet(number, told.what, told.found, told.fix, told.blocking) if one.number == "R97" else told)
    return found


def one_name(view: View) -> list[Unmet]:
    """N14: two endpoints that answer for the same names."""
    named: dict[str, list[str]] = {}
    for item in own(view):
        if item["private_dns_enabled"]:
            named.setdefault(item["service_name"], []).append(item["vpc_endpoint_id"])
    return [
        unmet("N14", f"VPC {view['vpc']['vpc_id']}", f"{listing(ids)} of {name} have private DNS", "Keep one of them.")
        for name, ids in named.items()
        if len(ids) > 1
    ]


def room(view: View) -> list[Unmet]:
    """N20: whether another interface endpoint fits into the VPC."""
    count = len(interfaces(view))
    limit, said = preflight_checks.quota(view, "endpoint_quota")
    have = {short_name(item["service_name"], view["region"]) for item in own(view)}
    needed = {name for name, number in SERVICES[view["params"]["job"]].items() if number} - have - {"s3"}
    if not view["vpc"] or count + len(needed) <= limit:
        return []
    text = f"it has {count} of {said} interface endpoints, and needs {len(needed)} more"
    return [unmet("N20", f"VPC {view['vpc']['vpc_id']}", text, "Delete what is not used, or ask AWS for more.")]


def interfaces(view: View) -> Sequence[Mapping[str, Any]]:
    """The interface endpoints of the VPC, of whatever service."""
    raw = view["readings"]["endpoints"].or_else([])
    return [item for item in raw if item.get("VpcEndpointType") in ("Interface", "GatewayLoadBalancer")]
