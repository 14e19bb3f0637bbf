# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a VPC endpoint as it is wanted: one change per endpoint, so that a plan can hold several.

Stage 0 makes and modifies, stage 1 does what must wait until an endpoint is available: private DNS is switched on
only then, so that no client is sent to an endpoint that does not answer yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core import policy as policies
from ansible_collections.keylink.aws.plugins.module_utils.core.compare import aws_tags, differences
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint_waits as waits
from ansible_collections.keylink.aws.plugins.module_utils.resources.tagging import tag_steps
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    AVAILABLE,
    ENDING,
    INTERFACE,
    KIND,
    ONLY_INBOUND,
    View,
    Wanted,
    after,
    group_ids,
    same_policy,
)

# What a diff shows: what options manage.
_MANAGED = (
    "vpc_endpoint_id", "vpc_id", "service_name", "policy_document", "route_table_ids", "subnet_ids", "groups",
    "private_dns_enabled", "ip_address_type", "dns_options", "tags",
)


@dataclass(frozen=True)
class Planned:
    """What happens to one endpoint: its change, the state after it (None: gone), what to wait for in the end."""

    change: Change
    after: View | None
    settle: tuple[Wait, ...] = ()


def plan_present(
    want: Wanted,
    before: View | None,
    *,
    zones: Mapping[str, str] | None = None,
    group_names: Mapping[str, str] | None = None,
    leaving: Sequence[View] = (),
) -> Planned:
    """The endpoint made, or changed in place.

    zones: subnet id -> Availability Zone. leaving: endpoints of the same service on their way out, whose private DNS
    is in the way until they are gone.
    """
    wanted = after(want, before, group_names)
    steps = _create(want, wanted, leaving) if before is None else _modify(want, before, wanted, zones or {}, leaving)
    pinned = bool(want.endpoint_id)
    known = shown(before) if before else None
    change = Change(KIND, want.label, known, shown(wanted), tuple(steps), wanted["vpc_endpoint_id"], pinned)
    if before and before["state"] == AVAILABLE and not any(step.verb == "modify_endpoint" for step in steps):
        return Planned(change, wanted)
    if before is None and not steps:
        # Pinned by an id that another task of this play will make.
        return Planned(change, wanted)
    private_dns = wanted["private_dns_enabled"] if want.kind == INTERFACE else None
    return Planned(change, wanted, (waits.available(wanted["vpc_endpoint_id"], want.label, private_dns),))


def plan_absent(want: Wanted, before: View | None) -> Planned:
    """The endpoint deleted, with a wait until AWS does not show it any more."""
    if before is None:
        return Planned(Change(KIND, want.label, None, None), None)
    endpoint_id = before["vpc_endpoint_id"]
    settle = (waits.gone(endpoint_id, want.label),)
    if before["state"] in ENDING:
        return Planned(Change(KIND, want.label, None, None, id=endpoint_id), None, settle)
    step = Step("delete_endpoints", {"VpcEndpointIds": [endpoint_id]}, say=f"delete {KIND} {want.label}")
    return Planned(Change(KIND, want.label, shown(before), None, (step,), endpoint_id), None, settle)


def shown(view: Mapping[str, Any]) -> View:
    """What a diff shows of an endpoint: without what its type does not have, with a policy that people can read."""
    hidden = ("route_table_ids",) if view["vpc_endpoint_type"] == INTERFACE else (
        "subnet_ids", "groups", "private_dns_enabled", "ip_address_type", "dns_options",
    )
    found = {key: view[key] for key in _MANAGED if key not in hidden}
    if found["policy_document"] and not is_pending(found["policy_document"]):
        found["policy_document"] = policies.tidy(policies.parse(found["policy_document"]))
    if "dns_options" in found:
        # Few services know the other option, and only where it is on it means something.
        found["dns_options"] = {key: value for key, value in found["dns_options"].items() if value is not False}
    return found


def _create(want: Wanted, wanted: View, leaving: Sequence[View]) -> list[Step]:
    if want.endpoint_id:
        return []
    endpoint_id = wanted["vpc_endpoint_id"]
    arguments: dict[str, Any] = {
        "VpcEndpointType": want.kind, "VpcId": want.vpc_id, "ServiceName": want.service_name,
    }
    if want.policy is not None:
        arguments["PolicyDocument"] = want.policy
    if wanted["tags"]:
        arguments["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": aws_tags(wanted["tags"])}]
    arguments |= _interface_arguments(want, wanted) if want.kind == INTERFACE else _gateway_arguments(wanted)
    say = f"create {KIND} {want.label}"
    steps = [Step("create_endpoint", arguments, {endpoint_id: "VpcEndpoint.VpcEndpointId"}, say=say)]
    if wanted["private_dns_enabled"]:
        switched: dict[str, Any] = {"PrivateDnsEnabled": True}
        if want.private_dns_only_for_inbound_resolver_endpoint is not None:
            switched["DnsOptions"] = _inbound(wanted)
        steps.append(_late(want, wanted, switched, leaving))
    return steps


def _interface_arguments(want: Wanted, wanted: View) -> dict[str, Any]:
    # AWS's default for private DNS is on: it would answer for the service's name before the endpoint does.
    arguments: dict[str, Any] = {"SubnetIds": wanted["subnet_ids"], "PrivateDnsEnabled": False}
    if want.security_group_ids:
        arguments["SecurityGroupIds"] = group_ids(wanted)
    if want.ip_address_type:
        arguments["IpAddressType"] = want.ip_address_type
    if want.dns_record_ip_type:
        arguments["DnsOptions"] = {"DnsRecordIpType": want.dns_record_ip_type}
    return arguments


def _gateway_arguments(wanted: View) -> dict[str, Any]:
    return {"RouteTableIds": wanted["route_table_ids"]} if wanted["route_table_ids"] else {}


def _modify(
    want: Wanted, before: View, wanted: View, zones: Mapping[str, str], leaving: Sequence[View]
) -> list[Step]:
    endpoint_id = before["vpc_endpoint_id"]
    first, second = _properties(before, wanted), _switch_on(before, wanted)
    removed = _subnets_to_remove_later(before, first, zones)
    if removed:
        first["RemoveSubnetIds"] = [item for item in first["RemoveSubnetIds"] if item not in removed]
        second["RemoveSubnetIds"] = removed
    first = {key: value for key, value in first.items() if value != []}
    steps = []
    if first:
        ready = before["state"] == AVAILABLE
        needs = () if ready else (waits.available(endpoint_id, want.label),)
        arguments = {"VpcEndpointId": endpoint_id, **first}
        steps.append(Step("modify_endpoint", arguments, needs=needs, say=f"change {KIND} {want.label}"))
    steps += tag_steps(before["tags"], want.tags, want.purge_tags, endpoint_id, f"{KIND} {want.label}")
    if second:
        steps.append(_late(want, wanted, second, leaving))
    return steps


def _properties(before: View, wanted: View) -> dict[str, Any]:
    """The arguments for all that can be changed at once; private DNS only when it is switched off."""
    arguments: dict[str, Any] = {}
    if not same_policy(before["policy_document"], wanted["policy_document"]):
        arguments["PolicyDocument"] = wanted["policy_document"]
    arguments |= differences(before, wanted, subnet_ids="SubnetIds", route_table_ids="RouteTableIds")
    groups = {"groups": group_ids(before)}, {"groups": group_ids(wanted)}
    arguments |= differences(*groups, groups="SecurityGroupIds")
    if before["ip_address_type"] != wanted["ip_address_type"]:
        arguments["IpAddressType"] = wanted["ip_address_type"]
    options = {}
    have, want = before["dns_options"], wanted["dns_options"]
    if have["dns_record_ip_type"] != want["dns_record_ip_type"]:
        options["DnsRecordIpType"] = want["dns_record_ip_type"]
    if before["private_dns_enabled"] and wanted["private_dns_enabled"] and have[ONLY_INBOUND] != want[ONLY_INBOUND]:
        options |= _inbound(wanted)
    if options:
        arguments["DnsOptions"] = options
    if before["private_dns_enabled"] and not wanted["private_dns_enabled"]:
        arguments["PrivateDnsEnabled"] = False
    return arguments


def _switch_on(before: View, wanted: View) -> dict[str, Any]:
    if before["private_dns_enabled"] or not wanted["private_dns_enabled"]:
        return {}
    arguments: dict[str, Any] = {"PrivateDnsEnabled": True}
    if before["dns_options"][ONLY_INBOUND] != wanted["dns_options"][ONLY_INBOUND]:
        arguments["DnsOptions"] = _inbound(wanted)
    return arguments


def _inbound(wanted: View) -> dict[str, Any]:
    return {"PrivateDnsOnlyForInboundResolverEndpoint": wanted["dns_options"][ONLY_INBOUND]}


def _subnets_to_remove_later(before: View, arguments: Mapping[str, Any], zones: Mapping[str, str]) -> list[str]:
    """Subnets that go when the new ones answer. In a zone that gets another subnet AWS takes both at once only."""
    added = arguments.get("AddSubnetIds", [])
    if not added or not before["private_dns_enabled"]:
        return []
    taken = {zones.get(item) for item in added}
    return [item for item in arguments.get("RemoveSubnetIds", []) if None not in taken and zones.get(item) not in taken]


def _late(want: Wanted, wanted: View, arguments: Mapping[str, Any], leaving: Sequence[View]) -> Step:
    endpoint_id = wanted["vpc_endpoint_id"]
    retry: tuple[str, ...] = ()
    needs = [waits.available(endpoint_id, want.label)]
    say = f"change {KIND} {want.label}"
    if "PrivateDnsEnabled" in arguments:
        say = f"switch on private DNS of {KIND} {want.label}"
        in_the_way = [item["vpc_endpoint_id"] for item in leaving if item["private_dns_enabled"]]
        needs += [waits.gone(item, item) for item in in_the_way]
        # The name of one that is gone is free a little later.
        retry = ("InvalidParameter",) if in_the_way else ()
    arguments = {"VpcEndpointId": endpoint_id, **arguments}
    return Step("modify_endpoint", arguments, needs=tuple(needs), retry=retry, say=say, stage=1)
