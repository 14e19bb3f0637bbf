# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each endpoint of Systems Manager is to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core import policy as policies
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_buckets, ssm_policies
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_group import WantedGroup
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import Member, is_ours, name_tag
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_vpc_endpoints_view import (
    DESCRIPTION,
    account,
    group_name,
    is_own_group,
    route_tables,
    sources,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import GATEWAY, INTERFACE, Wanted
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_catalogue import Places, places

Params = Mapping[str, Any]
View = dict[str, Any]


def managed_buckets(params: Params, region: str) -> list[str]:
    """AWS's buckets that the nodes read."""
    return ssm_buckets.managed_buckets(region, params["managed_buckets"] or ())


def instance_policy(params: Params, region: str) -> View | None:
    """R185: what the nodes' role needs besides AmazonSSMManagedInstanceCore."""
    return ssm_policies.instance_policy(region, managed_buckets(params, region), params["buckets"] or ())


def wanted_group(params: Params, current: Mapping[str, Any], before: Mapping[str, Any] | None) -> WantedGroup:
    """The security group. One that somebody else made keeps its other rules and its tags."""
    name = group_name(params)
    ours = before is None or is_own_group(params, before)
    tags = {**(params["tags"] or {}), "Name": name} if ours else params["tags"]
    return WantedGroup(
        name=name,
        vpc_id=params["vpc_id"],
        description=DESCRIPTION,
        cidrs=sources(params, current["subnets"]),
        group_ids=params["node_security_group_ids"] or (),
        purge=params["purge_rules"] and ours,
        tags=tags,
        purge_tags=_purge_tags(params, ours),
    )


def _purge_tags(params: Params, ours: bool) -> bool:
    return bool(params["purge_tags"]) and params["tags"] is not None and ours


def where(params: Params, member: Member, current: Mapping[str, Any]) -> Places:
    """The subnets of a member; a gateway endpoint has none."""
    if member.kind == GATEWAY:
        return Places(())
    return places(params["subnet_ids"], current["subnets"], member.service)


def wanted(
    params: Params,
    member: Member,
    current: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    subnet_ids: Sequence[str],
    group_ids: Sequence[str],
) -> Wanted:
    """What is wanted of a member. before: the endpoint that stands for it."""
    ours = before is None or is_ours(params, before, current["region"])
    interface = member.kind == INTERFACE
    policy, reset = _policy(params, member, current)
    return Wanted(
        label=member.label,
        vpc_id=params["vpc_id"],
        service_name=member.service["service_name"],
        kind=member.kind,
        subnet_ids=list(subnet_ids) if interface else None,
        purge_subnets=_purge(params["purge_subnets"], ours),
        security_group_ids=list(group_ids) if interface else None,
        purge_security_groups=_purge(params["purge_security_groups"], ours),
        route_table_ids=None if interface else route_tables(params, current["subnets"]),
        purge_route_tables=bool(params["purge_route_tables"]),
        private_dns_enabled=params["private_dns_enabled"] if interface else None,
        private_dns_only_for_inbound_resolver_endpoint=_only_inbound(params, member, current),
        policy=policy,
        reset_policy=reset,
        tags={**(params["tags"] or {}), "Name": name_tag(params, member.label)} if ours else params["tags"],
        purge_tags=_purge_tags(params, ours),
    )


def _purge(asked: bool | None, ours: bool) -> bool:
    """Others may rely on an endpoint that they made: it loses nothing unless that is asked for."""
    return ours if asked is None else asked


def _only_inbound(params: Params, member: Member, current: Mapping[str, Any]) -> bool | None:
    """Whether S3's names lead to the interface endpoint from outside the VPC only. AWS's default is yes, and it
    refuses that without a gateway endpoint; with one, nodes whose route table lacks it would lose Amazon S3."""
    if member.code != "s3" or member.kind == GATEWAY or not params["private_dns_enabled"]:
        return None
    if params["s3"] == "both":
        return True
    served = {
        table
        for item in current["endpoints"]
        if item["vpc_endpoint_type"] == GATEWAY and item["service_name"] == member.service["service_name"]
        for table in item["route_table_ids"]
    }
    tables = route_tables(params, current["subnets"])
    return bool(served) and set(tables) <= served and not is_pending(tables)


def _policy(params: Params, member: Member, current: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The policy as text, and whether AWS's default one is wanted back."""
    given = (params["policies"] or {}).get(member.code)
    if given is not None:
        return policies.text(policies.parse(given)), False
    preset = params["policy_preset"]
    if not preset or not member.service["policy_supported"]:
        return None, False
    if preset == ssm_policies.FULL:
        return None, True
    region = current["region"]
    accounts = [account(params, current), *(params["node_accounts"] or ())]
    document = ssm_policies.endpoint_policy(
        preset, member.code, region, accounts, managed_buckets(params, region), params["buckets"] or ()
    )
    return policies.text(document), False
