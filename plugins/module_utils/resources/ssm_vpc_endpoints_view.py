# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan for Systems Manager's endpoints looks at, as one state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import missing
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, sibling
from ansible_collections.keylink.aws.plugins.module_utils.resources import endpoint_group, node_egress, ssm_nodes
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint as endpoint
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint_catalogue as catalogue
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_endpoint_set import asked
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_view import ranges

Params = Mapping[str, Any]
View = dict[str, Any]

# A description cannot be changed: it tells a group that this module made from others.
DESCRIPTION = "HTTPS to the VPC endpoints of Systems Manager, made by keylink.aws"
_AMAZON_DNS = "AmazonProvidedDNS"


def group_name(params: Params) -> str:
    """The security group that is made, or adopted, where none is given by id."""
    return str(params["security_group_name"] or f"{params['name']}-endpoints")


def mark(params: Params) -> str:
    """How this module describes the outbound rules that it makes."""
    return f"{params['name']}: VPC endpoints of Systems Manager"


def reads(params: Params) -> dict[str, Any]:
    """What to read: the arguments of the client's around()."""
    present = params["state"] == "present"
    return {
        "vpc_id": None if is_pending(params["vpc_id"]) else params["vpc_id"],
        "services": present,
        "prefix_list": present and needs_prefix_list(params),
        "agents": present and params["ec2messages"] == "auto",
        "waited": ssm_nodes.query(params),
    }


def needs_prefix_list(params: Params) -> bool:
    """R181: nodes reach a gateway endpoint at S3's public addresses."""
    return params["s3"] in ("gateway", "both") and bool(params["node_security_group_ids"])


def closer(params: Params, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What to look at after that: the arguments of the client's closer()."""
    here = [item["GroupId"] for item in raw.get("groups", [])]
    sources = [item for item in params["node_security_group_ids"] or () if not is_pending(item)]
    found = {"group_ids": missing(sources, here), "instance_ids": [], "group_in_use": "", "zones_of": ""}
    if params["state"] == "absent":
        own = [item for item in raw.get("groups", []) if is_own_group(params, endpoint_group.normalise(item))]
        return {**found, "group_ids": [], "group_in_use": own[0]["GroupId"] if own else ""}
    old = ssm_nodes.old_nearby(_agents(raw), node_ranges(params, _subnets(raw)))
    found["instance_ids"] = [item["instance_id"] for item in old if item["instance_id"].startswith("i-")]
    if raw.get("vpcs") and params["private_dns_enabled"] and not _has_private_dns(params, raw):
        found["zones_of"] = params["vpc_id"]
    return found


def _has_private_dns(params: Params, raw: Mapping[str, Any]) -> bool:
    """Whether all interface endpoints that the options ask for answer for the services' names already."""
    on = {item["ServiceName"].rpartition(".")[2] for item in raw["endpoints"] if item.get("PrivateDnsEnabled")}
    return {code for code, kind in asked(params, True, [], on) if kind == endpoint.INTERFACE} <= on


def is_own_group(params: Params, group: Mapping[str, Any]) -> bool:
    """Whether this module made a group, under the same name."""
    return bool(group["group_name"] == group_name(params) and group["description"] == DESCRIPTION)


def normalise(params: Params, region: str, raw: Mapping[str, Any], near: Mapping[str, Any]) -> View:
    """The answers of AWS as one state. raw, near: of the first look and of the closer one."""
    lists = raw.get("prefix_lists", [])
    vpcs = raw.get("vpcs", [])
    subnets = _subnets(raw)
    return {
        "region": region,
        "vpc": _vpc(vpcs[0], raw["dhcp_options"]) if vpcs else None,
        "dns": {key: raw[key] for key in ("enable_dns_support", "enable_dns_hostnames")} if vpcs else None,
        "subnets": subnets,
        "services": catalogue.normalise_services(raw.get("services", [])),
        "peers": [item["GroupId"] for item in near.get("peers", [])],
        "hosted_zones": [
            {"zone_id": item["HostedZoneId"], "name": item["Name"]} for item in near.get("hosted_zones") or ()
        ],
        "prefix_list": lists[0]["PrefixListId"] if lists else None,
        "agents_known": raw.get("agents", ()) is not None,
        "old_agents": _old_agents(params, raw, near, subnets),
        "interfaces": [item["NetworkInterfaceId"] for item in near.get("interfaces", []) if not _is_endpoint(item)],
        **changing(params, raw),
    }


def changing(params: Params, raw: Mapping[str, Any]) -> View:
    """The part of the state that a run changes."""
    waited = raw.get("nodes")
    return {
        "endpoints": [endpoint.normalise(item) for item in raw.get("endpoints", [])],
        "groups": {
            item["GroupId"]: {**endpoint_group.normalise(item), **node_egress.normalise(item, mark(params))}
            for item in raw.get("groups", [])
        },
        "nodes": ssm_nodes.expected(waited) if waited else [],
    }


def _vpc(raw: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> View:
    return {
        "vpc_id": raw["VpcId"],
        "owner_id": raw["OwnerId"],
        "cidr_blocks": ranges(raw),
        "dns_servers": _dns_servers(raw.get("DhcpOptionsId"), options),
    }


def _dns_servers(wanted: str | None, options: Sequence[Mapping[str, Any]]) -> list[str]:
    """The DNS servers that the VPC's DHCP options name, without AWS's own (R170)."""
    return [
        value["Value"]
        for item in options
        if item["DhcpOptionsId"] == wanted
        for setting in item.get("DhcpConfigurations", [])
        if setting["Key"] == "domain-name-servers"
        for value in setting["Values"]
        if value["Value"] != _AMAZON_DNS
    ]


def _subnets(raw: Mapping[str, Any]) -> dict[str, View]:
    """Subnets by id, each with the route table that holds for it."""
    tables: dict[str | None, str] = {}
    for table in raw.get("route_tables", []):
        for association in table.get("Associations", []):
            tables[None if association.get("Main") else association.get("SubnetId")] = table["RouteTableId"]
    ranges = {item["SubnetId"]: item.get("CidrBlock") for item in raw.get("subnets", [])}
    return {
        key: {**value, "cidr_block": ranges[key], "route_table_id": tables.get(key, tables.get(None))}
        for key, value in catalogue.normalise_subnets(raw.get("subnets", [])).items()
    }


def _agents(raw: Mapping[str, Any]) -> list[View]:
    return [ssm_nodes.normalise(item) for item in raw.get("agents") or ()]


def _old_agents(
    params: Params, raw: Mapping[str, Any], near: Mapping[str, Any], subnets: Mapping[str, View]
) -> list[View]:
    """Nodes that still talk to ec2messages: instances of the VPC, and hybrid nodes in the ranges of the nodes."""
    here = [item["InstanceId"] for item in near.get("instances", []) if item.get("VpcId") == params["vpc_id"]]
    return [
        item
        for item in ssm_nodes.old_nearby(_agents(raw), node_ranges(params, subnets))
        if item["instance_id"] in here or item["instance_id"].startswith("mi-")
    ]


def _is_endpoint(interface: Mapping[str, Any]) -> bool:
    return bool(interface.get("InterfaceType") == "vpc_endpoint")


def node_subnets(params: Params) -> list[str]:
    """Where the nodes are; in the endpoints' own subnets unless it is said."""
    given = params["node_subnet_ids"]
    return list(dict.fromkeys(params["subnet_ids"] or () if given is None else given))


def node_ranges(params: Params, subnets: Mapping[str, View]) -> list[str]:
    """The addresses of the nodes."""
    return [*known_ranges(node_subnets(params), subnets), *(params["node_cidrs"] or ())]


def known_ranges(subnet_ids: Sequence[str], subnets: Mapping[str, View]) -> list[str]:
    """The IPv4 ranges of those subnets that are there and have one."""
    found = [subnets[item]["cidr_block"] for item in subnet_ids if item in subnets]
    return [item for item in found if item]


def sources(params: Params, subnets: Mapping[str, View]) -> list[str]:
    """The ranges that the security group lets in; those of subnets that another task would make are not known."""
    unknown = [item for item in node_subnets(params) if item not in subnets and is_pending(item)]
    return [*node_ranges(params, subnets), *(sibling(item, "cidr_block") for item in unknown)]


def route_tables(params: Params, subnets: Mapping[str, View]) -> list[str]:
    """The route tables of the nodes' subnets, or those that are given."""
    if params["route_table_ids"] is not None:
        return list(dict.fromkeys(params["route_table_ids"]))
    found = [
        subnets[item]["route_table_id"] if item in subnets else sibling(item, "route_table_id")
        for item in node_subnets(params)
        if item in subnets or is_pending(item)
    ]
    return list(dict.fromkeys(item for item in found if item))


def account(params: Params, current: Mapping[str, Any]) -> str:
    """The account of the VPC; not known of one that another task would make."""
    return str(current["vpc"]["owner_id"]) if current["vpc"] else sibling(params["vpc_id"], "owner_id")
