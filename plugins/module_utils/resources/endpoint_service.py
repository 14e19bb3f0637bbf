# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps 4 and 6: a VPC endpoint service that AWS KMS may connect to (R5-R10, R46-R56, R66-R68)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import (
    aws_tags,
    differences,
    listing,
    missing,
    plain_tags,
)
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Change, Plan, Step, Wait
from ansible_collections.keylink.aws.plugins.module_utils.resources import dns_record
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service_checks as checks
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_service_waits as waits
from ansible_collections.keylink.aws.plugins.module_utils.resources.endpoint_service_wanted import (
    label,
    purge_tags,
    wanted,
    wanted_tags,
    zones_of,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.tagging import tag_steps

Params = Mapping[str, Any]
View = dict[str, Any]

# What AWS's refusals mean here.
EXPLAIN = {
    "ExistingVpcEndpointConnections": "Endpoints are connected to the service: disconnect the key store that uses it "
    "first, or set force: true with state: absent to cut it off.",
    waits.ZONES_NOT_READY: "That takes a few minutes after the load balancer got the zone: run again, or give a longer "
    "wait_timeout.",
    "InvalidPrincipal": "Check allowed_principals and kms_principal: a role or user must exist, and its ARN is given "
    "without a path.",
}

_KIND = "endpoint service"
_ENDING = ("Deleting", "Deleted")
# What a diff shows: what the options manage.
_MANAGED = (
    "service_id", "acceptance_required", "network_load_balancer_arns", "private_dns_name",
    "supported_ip_address_types", "availability_zones", "tags",
)


def normalise(
    params: Params,
    region: str,
    services: Sequence[Mapping[str, Any]],
    balancers: Sequence[Mapping[str, Any]],
    details: Mapping[str, Any] | None,
) -> View:
    """The answers of AWS as one state. details: principals and connections of the only service that PARAMS name."""
    matches = matching(params, services)
    ids = [item["ServiceId"] for item in matches]
    return {
        "region": region,
        "matches": ids,
        "service": _service(matches[0], details) if len(matches) == 1 and details is not None else None,
        "load_balancers": {item["LoadBalancerArn"]: _load_balancer(item) for item in balancers},
        "others": [_other(item) for item in services if item["ServiceId"] not in ids],
    }


def matching(params: Params, services: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The services that PARAMS name. One on its way out is only of interest to state absent."""
    if params["service_id"]:
        return [item for item in services if item["ServiceId"] == params["service_id"]]
    named = [item for item in services if plain_tags(item.get("Tags")).get("Name") == params["name"]]
    alive = [item for item in named if item.get("ServiceState") not in _ENDING]
    return alive or (named[:1] if params["state"] == "absent" else [])


def wanted_load_balancers(params: Params) -> list[str]:
    """The load balancers to look at."""
    given = params["network_load_balancer_arns"] if params["state"] == "present" else None
    return sorted({arn for arn in given or () if not is_pending(arn)})


def _load_balancer(raw: Mapping[str, Any]) -> View:
    return {
        "state": raw.get("State", {}).get("Code", "provisioning"),
        "scheme": raw.get("Scheme"),
        "availability_zones": sorted(zone["ZoneName"] for zone in raw.get("AvailabilityZones", [])),
    }


def _other(raw: Mapping[str, Any]) -> View:
    ending = raw.get("ServiceState") in _ENDING
    return {
        "service_id": raw["ServiceId"],
        "name": plain_tags(raw.get("Tags")).get("Name", "no name"),
        "ending": ending,
        "network_load_balancer_arns": list(raw.get("NetworkLoadBalancerArns", [])),
        "private_dns_name": None if ending else raw.get("PrivateDnsName"),
    }


def _service(raw: Mapping[str, Any], details: Mapping[str, Any]) -> View:
    configuration = raw.get("PrivateDnsNameConfiguration") or {}
    return {
        "service_id": raw["ServiceId"],
        "service_name": raw["ServiceName"],
        "service_state": raw.get("ServiceState", "Pending"),
        "service_type": [item["ServiceType"] for item in raw.get("ServiceType", [])],
        "availability_zones": sorted(raw.get("AvailabilityZones", [])),
        "availability_zone_ids": sorted(raw.get("AvailabilityZoneIds", [])),
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
        "vpc_endpoint_connections": waits.normalise_connections(details["connections"]),
        "tags": plain_tags(raw.get("Tags")),
    }


def plan(params: Params, current: Mapping[str, Any]) -> Plan:
    """What makes the endpoint service as PARAMS want it."""
    if params["state"] == "absent":
        return _plan_absent(params, current)
    problems = checks.identity(params, current) + checks.creation(params, current)
    if problems:
        return Plan((), current, tuple(problems))
    before = current["service"]
    after = wanted(params, current)
    change = _update(params, current, before, after) if before else _create(params, current, after)
    problems = checks.neighbours(params, current) + checks.load_balancers(params, current)
    problems += checks.service(after) + (checks.changes(before, after) if before else [])
    return Plan(
        (change, _allow(params, before, after)),
        {**current, "service": after, "matches": [after["service_id"]]},
        tuple(problems),
        _settle(params, before, after),
        _warnings(before, after) if before else (),
    )


def _settle(params: Params, before: View | None, after: View) -> tuple[Wait, ...]:
    if before and before["service_state"] == "Available":
        return ()
    return (waits.available(after["service_id"], label(params, after)),)


def _warnings(before: View, after: View) -> tuple[str, ...]:
    live = checks.live_connections(before)
    if not live:
        return ()
    found = []
    removed = missing(before["allowed_principals"], after["allowed_principals"])
    if removed:
        text = "may not connect any more, but the endpoints that there are stay connected"
        found.append(f"{listing(removed)} {text}: {checks.names(live)}.")
    if before["private_dns_name"] != after["private_dns_name"]:
        found.append(
            f"The private DNS name changes while endpoints are connected: {checks.names(live)}. A key store that uses "
            "it must be disconnected and told the new name before it can connect again."
        )
    return tuple(found)


def _shown(view: Mapping[str, Any]) -> View:
    return {key: view[key] for key in _MANAGED}


def _create(params: Params, current: Mapping[str, Any], after: View) -> Change:
    name, service_id = label(params, after), after["service_id"]
    if params["service_id"]:
        # Its id is not known yet: an earlier task makes it.
        return Change(_KIND, name, None, _shown(after), id=service_id, adopted=True)
    arguments: dict[str, Any] = {
        "AcceptanceRequired": after["acceptance_required"],
        "NetworkLoadBalancerArns": after["network_load_balancer_arns"],
        "PrivateDnsName": after["private_dns_name"],
        "SupportedIpAddressTypes": after["supported_ip_address_types"],
        "TagSpecifications": [{"ResourceType": "vpc-endpoint-service", "Tags": aws_tags(after["tags"])}],
    }
    step = Step(
        "create_service",
        arguments,
        {service_id: "ServiceConfiguration.ServiceId", after["service_name"]: "ServiceConfiguration.ServiceName"},
        needs=_needs(current, after["network_load_balancer_arns"]),
        say=f"create {_KIND} {name}",
    )
    return Change(_KIND, name, None, _shown(after), (step,), service_id)


def _needs(current: Mapping[str, Any], balancers: Sequence[str]) -> tuple[Wait, ...]:
    """R50, N7: a load balancer must be active, and free."""
    inactive = [arn for arn in balancers if current["load_balancers"].get(arn, {}).get("state") != "active"]
    leaving = [
        item
        for item in current["others"]
        if item["ending"] and set(balancers).intersection(item["network_load_balancer_arns"])
    ]
    return (
        *(waits.load_balancer_active(arn) for arn in inactive),
        *(waits.gone(item["service_id"], item["name"]) for item in leaving),
    )


def _update(params: Params, current: Mapping[str, Any], before: View, after: View) -> Change:
    name = label(params, before)
    steps = [
        *_modify(current, before, after, name),
        *_enable_zones(params, current, before, name),
        *tag_steps(
            before["tags"], wanted_tags(params, before), purge_tags(params), before["service_id"], f"{_KIND} {name}"
        ),
    ]
    pinned = bool(params["service_id"])
    return Change(_KIND, name, _shown(before), _shown(after), tuple(steps), before["service_id"], pinned)


def _modify(current: Mapping[str, Any], before: View, after: View, name: str) -> list[Step]:
    arguments: dict[str, Any] = {}
    for key, api in (("acceptance_required", "AcceptanceRequired"), ("private_dns_name", "PrivateDnsName")):
        if before[key] != after[key]:
            arguments[api] = after[key]
    arguments |= differences(
        before, after, network_load_balancer_arns="NetworkLoadBalancerArns",
        supported_ip_address_types="SupportedIpAddressTypes",
    )
    if not arguments:
        return []
    return [
        Step(
            "ec2.modify_vpc_endpoint_service_configuration",
            {"ServiceId": before["service_id"], **arguments},
            needs=_needs(current, arguments.get("AddNetworkLoadBalancerArns", ())),
            say=f"change {_KIND} {name}",
        )
    ]


def _enable_zones(params: Params, current: Mapping[str, Any], before: View, name: str) -> list[Step]:
    """AWS takes up a new zone of a load balancer that the service has only when it is told to, and only some
    minutes after the load balancer got it."""
    zones = sorted({zone for arn in before["network_load_balancer_arns"] for zone in zones_of(current, arn)})
    new = missing(zones, before["availability_zones"])
    if not new:
        return []
    say = f"enable {listing(new)} for {_KIND} {name}"
    arguments = {"ServiceId": before["service_id"]}
    if not params["wait"]:
        return [Step("ec2.modify_vpc_endpoint_service_configuration", arguments, say=say)]
    return [Step("enable_zones", {**arguments, "Zones": new}, retry=(waits.ZONES_NOT_READY,), say=say)]


def _allow(params: Params, before: View | None, after: View) -> Change:
    name = label(params, after)
    have = before["allowed_principals"] if before else []
    shown, shown_before = {"allowed_principals": after["allowed_principals"]}, {"allowed_principals": have}
    arguments = differences(shown_before, shown, allowed_principals="AllowedPrincipals")
    step = Step(
        "ec2.modify_vpc_endpoint_service_permissions",
        {"ServiceId": after["service_id"], **arguments},
        say=f"allow principals of {_KIND} {name}",
    )
    steps = (step,) if arguments else ()
    return Change("allowed principals", name, shown_before if have else None, shown, steps, after["service_id"])


def _plan_absent(params: Params, current: Mapping[str, Any]) -> Plan:
    if len(current["matches"]) > 1:
        return Plan((), current, tuple(checks.identity(params, current)))
    before = current["service"]
    if before is None:
        return Plan((), current)
    name, service_id = label(params, before), before["service_id"]
    after = {**current, "service": None, "matches": []}
    settle = (waits.gone(service_id, name),)
    # What AWS says of the record is of use after the service is gone, too.
    facts = {"record": _record(before)}
    if before["service_state"] in _ENDING:
        return Plan((), after, (), settle, facts=facts)
    live = checks.live_connections(before)
    if live and not (params["force"] or params["wait_for_disconnect"]):
        return Plan((), current, (checks.in_use(before, live),))
    steps = []
    if live and params["force"]:
        arguments = {"ServiceId": service_id, "VpcEndpointIds": [item["vpc_endpoint_id"] for item in live]}
        say = f"reject the connections of {_KIND} {name}: {checks.names(live)}"
        steps.append(Step("reject_connections", arguments, say=say))
    steps.append(
        Step(
            "delete_service",
            {"ServiceId": service_id},
            needs=(waits.released(service_id, name),) if checks.held(before) else (),
            retry=("ExistingVpcEndpointConnections",),
            say=f"delete {_KIND} {name}",
        )
    )
    change = Change(_KIND, name, _shown(before), None, tuple(steps), service_id)
    return Plan((change,), after, (), settle, facts=facts)


def _record(service: Mapping[str, Any] | None) -> View | None:
    if not service or not service["private_dns_name"]:
        return None
    configuration = service["private_dns_name_configuration"]
    return dns_record.record(service["private_dns_name"], configuration) if configuration["name"] else None


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
