# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zones."""

from __future__ import annotations

import re
from typing import Any

from ..ec2.endpoint_state import Endpoints
from ..errors import AwsError
from ..registry import Call, operation
from .state import EVERYWHERE, Zone, full_name, hosted, new_id, order, shown_change, submit, zone_of

_NAME = re.compile(r"^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$")


def _shown(zone: Zone) -> dict[str, Any]:
    config: dict[str, Any] = {"PrivateZone": zone.private}
    if zone.comment:
        config["Comment"] = zone.comment
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": len(zone.records),
    }


def _delegation(zone: Zone) -> dict[str, Any]:
    return {} if zone.private else {"DelegationSet": {"NameServers": [name.rstrip(".") for name in zone.name_servers]}}


@operation("route53", "CreateHostedZone")
def create_hosted_zone(call: Call) -> dict[str, Any]:
    params = call.params
    name = full_name(params["Name"])
    if not _NAME.match(name):
        raise AwsError("InvalidDomainName", f"The domain name {params['Name']} is not valid")
    state = hosted(call)
    if any(zone.caller_reference == params["CallerReference"] for zone in state.zones.values()):
        text = f"A hosted zone with the caller reference {params['CallerReference']} already exists"
        raise AwsError("HostedZoneAlreadyExists", text, 409)
    vpc = params.get("VPC")
    config = params.get("HostedZoneConfig") or {}
    if config.get("PrivateZone") and not vpc:
        raise AwsError("InvalidInput", "When you create a private hosted zone, you must specify a VPC")
    if vpc:
        _check_conflict(call, name, vpc)
    tops = ("com", "net", "org", "co.uk")
    servers = [f"ns-{number}.awsdns-{number:02}.{top}." for number, top in enumerate(tops)]
    zone = Zone(new_id("Z"), name, bool(vpc), config.get("Comment", ""), params["CallerReference"], servers)
    if vpc:
        zone.vpcs.append(dict(vpc))
    start = f"{servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    zone.records[name, "NS", ""] = _record(name, "NS", 172800, servers)
    zone.records[name, "SOA", ""] = _record(name, "SOA", 900, [start])
    state.zones[zone.id] = zone
    result = {"HostedZone": _shown(zone), "ChangeInfo": submit(call, zone), **_delegation(zone)}
    result["Location"] = f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}"
    return {**result, "VPC": vpc} if vpc else result


def _record(name: str, kind: str, ttl: int, values: list[str]) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def _check_conflict(call: Call, name: str, vpc: dict[str, str]) -> None:
    region = vpc.get("VPCRegion", call.settings.region)
    for endpoint in call.world.store(Endpoints, call.account, region).by_id.values():
        if endpoint.vpc_id == vpc["VPCId"] and endpoint.private_dns and name.rstrip(".") in endpoint.private_names:
            text = f"The VPC {vpc['VPCId']} has a VPC endpoint with private DNS for {name}"
            raise AwsError("ConflictingDomainExists", text)
    for zone in hosted(call).zones.values():
        if zone.name == name and any(known["VPCId"] == vpc["VPCId"] for known in zone.vpcs):
            text = f"The VPC {vpc['VPCId']} has already been associated with another hosted zone named {name}"
            raise AwsError("ConflictingDomainExists", text)


@operation("route53", "GetHostedZone")
def get_hosted_zone(call: Call) -> dict[str, Any]:
    zone = zone_of(call, call.params["Id"])
    result = {"HostedZone": _shown(zone), **_delegation(zone)}
    return {**result, "VPCs": zone.vpcs} if zone.private else result


@operation("route53", "UpdateHostedZoneComment")
def update_comment(call: Call) -> dict[str, Any]:
    zone = zone_of(call, call.params["Id"])
    zone.comment = call.params.get("Comment", "")
    return {"HostedZone": _shown(zone)}


@operation("route53", "GetHostedZoneCount")
def get_count(call: Call) -> dict[str, Any]:
    return {"HostedZoneCount": len(hosted(call).zones)}


def limit(call: Call) -> int:
    text = str(call.params.get("MaxItems") or "100")
    if not text.isdigit() or int(text) < 1:
        raise AwsError("InvalidInput", f"Invalid MaxItems: {text}")
    return min(int(text), 300)


@operation("route53", "ListHostedZones")
def list_hosted_zones(call: Call) -> dict[str, Any]:
    zones = list(hosted(call).zones.values())
    if call.params.get("HostedZoneType") == "PrivateHostedZone":
        zones = [zone for zone in zones if zone.private]
    marker, size = call.params.get("Marker"), limit(call)
    ids = [zone.id for zone in zones]
    if marker and marker not in ids:
        raise AwsError("InvalidInput", f"Invalid marker: {marker}")
    rest = zones[ids.index(marker) :] if marker else zones
    result: dict[str, Any] = {"HostedZones": [_shown(zone) for zone in rest[:size]], "MaxItems": str(size)}
    result |= {"Marker": marker or "", "IsTruncated": len(rest) > size}
    return {**result, "NextMarker": rest[size].id} if len(rest) > size else result


@operation("route53", "ListHostedZonesByName")
def list_hosted_zones_by_name(call: Call) -> dict[str, Any]:
    name, after = call.params.get("DNSName"), call.params.get("HostedZoneId")
    if after and not name:
        raise AwsError("InvalidInput", "A hosted zone ID needs a DNS name")
    zones = sorted(hosted(call).zones.values(), key=lambda zone: (order(zone.name), zone.id))
    if name:
        start = (order(full_name(name)), (after or "").rsplit("/", 1)[-1])
        zones = [zone for zone in zones if (order(zone.name), zone.id) >= start]
    size = limit(call)
    result: dict[str, Any] = {"HostedZones": [_shown(zone) for zone in zones[:size]], "MaxItems": str(size)}
    result |= {"DNSName": name, "HostedZoneId": after, "IsTruncated": len(zones) > size}
    if len(zones) > size:
        result |= {"NextDNSName": zones[size].name, "NextHostedZoneId": zones[size].id}
    return result


@operation("route53", "DeleteHostedZone")
def delete_hosted_zone(call: Call) -> dict[str, Any]:
    zone = zone_of(call, call.params["Id"])
    if any(kind not in ("NS", "SOA") or name != zone.name for name, kind, dummy in zone.records):
        text = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
        raise AwsError("HostedZoneNotEmpty", text)
    del hosted(call).zones[zone.id]
    return {"ChangeInfo": submit(call, None)}


@operation("route53", "GetChange")
def get_change(call: Call) -> dict[str, Any]:
    change_id = call.params["Id"].rsplit("/", 1)[-1]
    found = hosted(call).changes.get(change_id)
    if found is None:
        raise AwsError("NoSuchChange", f"A change with id {change_id} does not exist", 404)
    return {"ChangeInfo": shown_change(found)}


@operation("route53", "AssociateVPCWithHostedZone")
def associate_vpc(call: Call) -> dict[str, Any]:
    zone, vpc = zone_of(call, call.params["HostedZoneId"]), call.params["VPC"]
    if not zone.private:
        raise AwsError("PublicZoneVPCAssociation", "You're trying to associate a VPC with a public hosted zone")
    _check_conflict(call, zone.name, vpc)
    zone.vpcs.append(dict(vpc))
    return {"ChangeInfo": submit(call, None, call.params.get("Comment"))}


@operation("route53", "DisassociateVPCFromHostedZone")
def disassociate_vpc(call: Call) -> dict[str, Any]:
    zone, vpc = zone_of(call, call.params["HostedZoneId"]), call.params["VPC"]
    left = [known for known in zone.vpcs if known["VPCId"] != vpc["VPCId"]]
    if len(left) == len(zone.vpcs):
        raise AwsError("VPCAssociationNotFound", f"The VPC {vpc['VPCId']} is not associated with the zone", 404)
    if not left:
        raise AwsError("LastVPCAssociation", "The last VPC of a private hosted zone cannot be disassociated")
    zone.vpcs = left
    return {"ChangeInfo": submit(call, None, call.params.get("Comment"))}


@operation("route53", "ListHostedZonesByVPC")
def list_hosted_zones_by_vpc(call: Call) -> dict[str, Any]:
    found = [
        {"HostedZoneId": zone.id, "Name": zone.name, "Owner": {"OwningAccount": call.account}}
        for zone in hosted(call).zones.values()
        if any(vpc["VPCId"] == call.params["VPCId"] for vpc in zone.vpcs)
    ]
    return {"HostedZoneSummaries": found[: limit(call)], "MaxItems": str(limit(call))}


def _tag_set(zone: Zone) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in zone.tags.items()]
    return {"ResourceType": "hostedzone", "ResourceId": zone.id, "Tags": tags}


@operation("route53", "ChangeTagsForResource")
def change_tags(call: Call) -> dict[str, Any]:
    zone = zone_of(call, call.params["ResourceId"])
    for key in call.params.get("RemoveTagKeys") or []:
        zone.tags.pop(key, None)
    zone.tags.update({tag["Key"]: tag.get("Value", "") for tag in call.params.get("AddTags") or []})
    return {}


@operation("route53", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    return {"ResourceTagSet": _tag_set(zone_of(call, call.params["ResourceId"]))}


@operation("route53", "ListTagsForResources")
def list_tags_of_many(call: Call) -> dict[str, Any]:
    return {"ResourceTagSets": [_tag_set(zone_of(call, zone_id)) for zone_id in call.params["ResourceIds"]]}


@operation("route53", "*")
def not_emulated(call: Call) -> dict[str, Any]:
    raise AwsError("InvalidInput", f"The emulator does not answer {call.operation} ({EVERYWHERE}).")
