# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps 4 and 6: a VPC endpoint service that AWS KMS may connect to (R5-R10, R46-R56, R66-R68)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    changed_keys,
    missing,
    plain_tags,
    tag_changes,
    tags_after,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step
from ansible_collections.keylink.aws.plugins.module_utils.resources import dns_record
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service_waits as waits

Params = Mapping[str, Any]
View = dict[str, Any]

_KIND = "endpoint service"
_ENDING = ("Deleting", "Deleted")
# What a diff shows: what the options manage.
_MANAGED = (
    "service_id", "acceptance_required", "network_load_balancer_arns", "private_dns_name",
    "supported_ip_address_types", "availability_zones", "tags",
)


def normalise(
    params: Params, region: str, services: Sequence[Mapping[str, Any]], details: Mapping[str, Any] | None
) -> View:
    """The answers of EC2 as one state. details: of the only service that PARAMS name."""
    matches = matching(params, services)
    ids = [item["ServiceId"] for item in matches]
    view: View = {
        "region": region,
        "matches": ids,
        "service": None,
        "load_balancers": {},
        "others": [_other(item) for item in services if item["ServiceId"] not in ids],
    }
    if len(matches) != 1 or details is None:
        return view
    view["service"] = _service(matches[0], details)
    view["load_balancers"] = {
        item["LoadBalancerArn"]: sorted(zone["ZoneName"] for zone in item.get("AvailabilityZones", []))
        for item in details["load_balancers"]
    }
    return view


def matching(params: Params, services: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The services that PARAMS name. One on its way out is only of interest to state absent."""
    if params["service_id"]:
        return [item for item in services if item["ServiceId"] == params["service_id"]]
    return [
        item
        for item in services
        if plain_tags(item.get("Tags")).get("Name") == params["name"]
        and (params["state"] == "absent" or item.get("ServiceState") not in _ENDING)
    ]


def wanted_load_balancers(params: Params, service: Mapping[str, Any]) -> list[str]:
    """The load balancers whose zones are of interest."""
    if params["state"] == "absent":
        return []
    return sorted(
        arn
        for arn in {*(params["network_load_balancer_arns"] or ()), *service.get("NetworkLoadBalancerArns", [])}
        if not is_pending(arn)
    )


def _other(raw: Mapping[str, Any]) -> View:
    return {
        "service_id": raw["ServiceId"],
        "name": plain_tags(raw.get("Tags")).get("Name", "no name"),
        "network_load_balancer_arns": list(raw.get("NetworkLoadBalancerArns", [])),
        "private_dns_name": raw.get("PrivateDnsName") if raw.get("ServiceState") not in _ENDING else None,
    }


def _service(raw: Mapping[str, Any], details: Mapping[str, Any]) -> View:
    configuration = raw.get("PrivateDnsNameConfiguration") or {}
    return {
        "service_id": raw["ServiceId"],
        "service_name": raw["ServiceName"],
        "service_state": raw.get("ServiceState", "Pending"),
        "service_type": [item["ServiceType"] for item in raw.get("ServiceType", [])],
        "availability_zones": sorted(raw.get("AvailabilityZones", [])),
        "acceptance_required": bool(raw.get("AcceptanceRequired")),
        "manages_vpc_endpoints": bool(raw.get("ManagesVpcEndpoints")),
        "network_load_balancer_arns": sorted(raw.get("NetworkLoadBalancerArns", [])),
        "gateway_load_balancer_arns": sorted(raw.get("GatewayLoadBalancerArns", [])),
        "supported_ip_address_types": sorted(raw.get("SupportedIpAddressTypes", [])),
        "base_endpoint_dns_names": sorted(raw.get("BaseEndpointDnsNames", [])),
        "private_dns_name": raw.get("PrivateDnsName") or None,
        "private_dns_name_configuration": {
            key: configuration.get(key.capitalize()) for key in ("name", "type", "value", "state")
        },
        "allowed_principals": sorted(item["Principal"] for item in details["permissions"]),
        "vpc_endpoint_connections": [_connection(item) for item in details["connections"]],
        "tags": plain_tags(raw.get("Tags")),
    }


def _connection(raw: Mapping[str, Any]) -> View:
    return {
        "vpc_endpoint_id": raw["VpcEndpointId"],
        "vpc_endpoint_owner": raw.get("VpcEndpointOwner"),
        "vpc_endpoint_state": raw.get("VpcEndpointState"),
    }


def principals(params: Params, region: str) -> list[str]:
    """Who is to be allowed: AWS KMS first (R68), then those of the option."""
    return list(dict.fromkeys([params["kms_principal"] or f"cks.kms.{region}.amazonaws.com",
                               *(params["allowed_principals"] or ())]))


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the endpoint service as PARAMS want it."""
    if params["state"] == "absent":
        return _plan_absent(params, current)
    problems = checks.identity(params, current) + checks.creation(params, current)
    if problems:
        return Plan((), current, tuple(problems))
    problems = checks.neighbours(params, current)
    before = current["service"]
    after = _wanted(params, current)
    service_change = _update(params, current, before, after) if before else _create(params, after)
    changes = (service_change, _allow(params, before, after))
    view = {**current, "service": after, "matches": [after["service_id"]]}
    settle = (
        (waits.available(after["service_id"], service_change.name),)
        if not before or before["service_state"] != "Available"
        else ()
    )
    return Plan(changes, view, (*problems, *checks.service(after)), settle)


def _wanted(params: Params, current: Mapping[str, Any]) -> View:
    before = current["service"] or _nothing(params)
    balancers = _list_after(before["network_load_balancer_arns"], params["network_load_balancer_arns"],
                            params["purge_network_load_balancer_arns"])
    zones = set(before["availability_zones"])
    for arn in balancers:
        zones |= set(current["load_balancers"].get(arn, ()))
    name = params["private_dns_name"] or before["private_dns_name"]
    wanted_tags = _wanted_tags(params)
    return {
        **before,
        "acceptance_required": False,
        "network_load_balancer_arns": balancers,
        "availability_zones": sorted(zones),
        "supported_ip_address_types": sorted(params["supported_ip_address_types"]),
        "private_dns_name": name,
        "private_dns_name_configuration": before["private_dns_name_configuration"]
        if name == before["private_dns_name"]
        else _unknown_record(params["name"] or before["service_id"]),
        "allowed_principals": _list_after(before["allowed_principals"], principals(params, current["region"]),
                                          params["purge_allowed_principals"]),
        "tags": tags_after(before["tags"], wanted_tags, _purge_tags(params)),
    }


def _nothing(params: Params) -> View:
    """A service that does not exist yet, with what AWS will assign."""
    name = params["name"]
    return {
        "service_id": placeholder("endpoint_service", name, "service_id"),
        "service_name": placeholder("endpoint_service", name, "service_name"),
        "service_state": "Available",
        "service_type": ["Interface"],
        "availability_zones": [],
        "manages_vpc_endpoints": False,
        "network_load_balancer_arns": [],
        "gateway_load_balancer_arns": [],
        "base_endpoint_dns_names": [],
        "private_dns_name": None,
        "private_dns_name_configuration": {},
        "allowed_principals": [],
        "vpc_endpoint_connections": [],
        "tags": {},
    }


def _unknown_record(name: str) -> View:
    """AWS makes a new record for each private DNS name, to be verified anew (R56)."""
    return {
        "name": placeholder("endpoint_service", name, "record_name"),
        "type": "TXT",
        "value": placeholder("endpoint_service", name, "record_value"),
        "state": "pendingVerification",
    }


def _list_after(before: Sequence[str], wanted: Sequence[str] | None, purge: bool) -> list[str]:
    if wanted is None:
        return sorted(before)
    return sorted(set(wanted) if purge else {*before, *wanted})


def _wanted_tags(params: Params) -> dict[str, str] | None:
    name = {"Name": params["name"]} if params["name"] else {}
    if params["tags"] is None:
        return name or None
    return {**params["tags"], **name}


def _purge_tags(params: Params) -> bool:
    return bool(params["purge_tags"]) and params["tags"] is not None


def _shown(view: Mapping[str, Any]) -> View:
    return {key: view[key] for key in _MANAGED}


def _create(params: Params, after: View) -> Change:
    arguments: dict[str, Any] = {
        "AcceptanceRequired": False,
        "NetworkLoadBalancerArns": after["network_load_balancer_arns"],
        "PrivateDnsName": after["private_dns_name"],
        "SupportedIpAddressTypes": after["supported_ip_address_types"],
        "TagSpecifications": [{"ResourceType": "vpc-endpoint-service", "Tags": aws_tags(after["tags"])}],
    }
    step = Step(
        "create_service",
        arguments,
        {
            after["service_id"]: "ServiceConfiguration.ServiceId",
            after["service_name"]: "ServiceConfiguration.ServiceName",
        },
        needs=tuple(waits.load_balancer_active(arn) for arn in after["network_load_balancer_arns"]),
        say=f"create {_KIND} {params['name']}",
    )
    return Change(_KIND, params["name"], None, _shown(after), (step,), after["service_id"])


def _update(params: Params, current: Mapping[str, Any], before: View, after: View) -> Change:
    name = before["tags"].get("Name") or before["service_id"]
    steps = [*_modify(before, after, name), *_tag_steps(params, before, name)]
    return Change(_KIND, name, _shown(before), _shown(after), tuple(steps), before["service_id"])


def _modify(before: View, after: View, name: str) -> list[Step]:
    differing = changed_keys(before, {key: after[key] for key in _MANAGED if key != "tags"})
    if not differing:
        return []
    # With nothing but the id, AWS takes up the zones that the load balancer got in the meantime.
    arguments: dict[str, Any] = {"ServiceId": before["service_id"]}
    added_balancers = missing(after["network_load_balancer_arns"], before["network_load_balancer_arns"])
    if "acceptance_required" in differing:
        arguments["AcceptanceRequired"] = False
    if "private_dns_name" in differing:
        arguments["PrivateDnsName"] = after["private_dns_name"]
    for key, api in (("network_load_balancer_arns", "NetworkLoadBalancerArns"),
                     ("supported_ip_address_types", "SupportedIpAddressTypes")):
        for prefix, items in (("Add", missing(after[key], before[key])), ("Remove", missing(before[key], after[key]))):
            if items:
                arguments[prefix + api] = items
    return [
        Step(
            "ec2.modify_vpc_endpoint_service_configuration",
            arguments,
            needs=tuple(waits.load_balancer_active(arn) for arn in added_balancers),
            say=f"change {_KIND} {name}",
        )
    ]


def _tag_steps(params: Params, before: View, name: str) -> list[Step]:
    to_set, surplus = tag_changes(before["tags"], _wanted_tags(params), _purge_tags(params))
    resource = {"Resources": [before["service_id"]]}
    steps = []
    if to_set:
        steps.append(Step("ec2.create_tags", {**resource, "Tags": aws_tags(to_set)}, say=f"tag {_KIND} {name}"))
    if surplus:
        keys = [{"Key": key} for key in surplus]
        steps.append(Step("ec2.delete_tags", {**resource, "Tags": keys}, say=f"untag {_KIND} {name}"))
    return steps


def _allow(params: Params, before: View | None, after: View) -> Change:
    name = params["name"] or after["tags"].get("Name") or after["service_id"]
    have = before["allowed_principals"] if before else []
    arguments: dict[str, Any] = {"ServiceId": after["service_id"]}
    for key, items in (("AddAllowedPrincipals", missing(after["allowed_principals"], have)),
                       ("RemoveAllowedPrincipals", missing(have, after["allowed_principals"]))):
        if items:
            arguments[key] = items
    steps = (
        (Step("ec2.modify_vpc_endpoint_service_permissions", arguments, say=f"allow principals of {_KIND} {name}"),)
        if len(arguments) > 1
        else ()
    )
    shown = {"allowed_principals": after["allowed_principals"]}
    return Change(
        "allowed principals", name, {"allowed_principals": have} if have else None, shown, steps, after["service_id"]
    )


def _plan_absent(params: Params, current: Mapping[str, Any]) -> Plan:
    if len(current["matches"]) > 1:
        return Plan((), current, tuple(checks.identity(params, current)))
    before = current["service"]
    if before is None:
        return Plan((), current)
    name = before["tags"].get("Name") or before["service_id"]
    service_id = before["service_id"]
    gone = {**current, "service": None, "matches": []}
    settle = (waits.gone(service_id, name),)
    # What AWS says of the record and the connections is of use after the service is gone, too.
    facts = {"record": _record(before)}
    if before["service_state"] in _ENDING:
        return Plan((), gone, (), settle, facts=facts)
    live = checks.live_connections(before)
    if live and not (params["force"] or params["wait_for_disconnect"]):
        return Plan((), current, (checks.in_use(before, live),))
    steps = []
    if live and params["force"]:
        ids = [item["vpc_endpoint_id"] for item in live]
        arguments = {"ServiceId": service_id, "VpcEndpointIds": ids}
        steps.append(Step("reject_connections", arguments, say=f"reject the connections of {_KIND} {name}"))
    steps.append(
        Step(
            "delete_service",
            {"ServiceId": service_id},
            needs=(waits.released(service_id, name),) if before["vpc_endpoint_connections"] else (),
            retry=("ExistingVpcEndpointConnections",),
            say=f"delete {_KIND} {name}",
        )
    )
    change = Change(_KIND, name, _shown(before), None, tuple(steps), service_id)
    return Plan((change,), gone, (), settle, facts=facts)


def _record(service: Mapping[str, Any] | None) -> View | None:
    if not service or not service["private_dns_name"]:
        return None
    configuration = service["private_dns_name_configuration"]
    if not configuration.get("name"):
        return None
    return dns_record.record(service["private_dns_name"], configuration)


def returns(params: Params, view: Mapping[str, Any]) -> View:
    """The module's return values."""
    service = view["service"]
    known = service or {}
    return {
        "vpc_endpoint_service": service,
        "service_id": known.get("service_id"),
        "service_name": known.get("service_name"),
        "service_state": known.get("service_state"),
        "private_dns_name": known.get("private_dns_name"),
        "allowed_principals": known.get("allowed_principals", []),
        "vpc_endpoint_connections": known.get("vpc_endpoint_connections", []),
        "record": _record(service),
    }
