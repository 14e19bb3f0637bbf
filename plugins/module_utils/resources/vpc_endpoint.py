# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One VPC endpoint: as AWS tells of it, and as it is wanted. For interface and gateway endpoints of any service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core import policy as policies
from ansible_collections.keylink.aws.plugins.module_utils.core.compare import list_after, plain_tags, tags_after
from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending, placeholder

View = dict[str, Any]

INTERFACE, GATEWAY = "Interface", "Gateway"
KIND = "VPC endpoint"
ONLY_INBOUND = "private_dns_only_for_inbound_resolver_endpoint"
# What AWS attaches to an endpoint when no policy is given (R96).
DEFAULT_POLICY = policies.text(policies.FULL_ACCESS)
AVAILABLE = "available"
ENDING = ("deleting", "deleted")
# States that an endpoint does not leave by itself.
DEAD = ("rejected", "failed", "expired")

# AWS's table of DNS record types by IP address type; the first one is the default.
RECORD_TYPES: Mapping[str, tuple[str, ...]] = {
    "ipv4": ("ipv4",),
    "ipv6": ("ipv6",),
    "dualstack": ("dualstack", "ipv4", "ipv6", "service-defined"),
}


@dataclass(frozen=True)
class Wanted:
    """What is wanted of one endpoint. None leaves a property as it is, or as AWS makes it.

    label: how to call it, such as "kms". service_name: in full. endpoint_id: pins an existing one.
    default_groups: the security group that AWS takes when none is given. policy: a document as JSON.
    reset_policy: back to AWS's default where no policy is given.
    """

    label: str
    vpc_id: str
    service_name: str
    kind: str = INTERFACE
    endpoint_id: str | None = None
    subnet_ids: Sequence[str] | None = None
    purge_subnets: bool = True
    security_group_ids: Sequence[str] | None = None
    purge_security_groups: bool = True
    default_groups: Sequence[str] = ()
    route_table_ids: Sequence[str] | None = None
    purge_route_tables: bool = True
    private_dns_enabled: bool | None = None
    private_dns_only_for_inbound_resolver_endpoint: bool | None = None
    ip_address_type: str | None = None
    dns_record_ip_type: str | None = None
    policy: str | None = None
    reset_policy: bool = False
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True


def normalise(raw: Mapping[str, Any]) -> View:
    """An endpoint of DescribeVpcEndpoints, with the keys of amazon.aws.ec2_vpc_endpoint_info."""
    options = raw.get("DnsOptions") or {}
    created: Any = raw.get("CreationTimestamp")
    error = raw.get("LastError") or {}
    return {
        "vpc_endpoint_id": raw["VpcEndpointId"],
        "vpc_endpoint_type": raw.get("VpcEndpointType", GATEWAY),
        "vpc_id": raw["VpcId"],
        "service_name": raw["ServiceName"],
        # The API's enumeration begins with a capital, its answers do not.
        "state": str(raw.get("State", "pending")).lower(),
        "failure_reason": raw.get("FailureReason") or error.get("Message"),
        "policy_document": raw.get("PolicyDocument"),
        "route_table_ids": sorted(raw.get("RouteTableIds", [])),
        "subnet_ids": sorted(raw.get("SubnetIds", [])),
        "groups": sorted(
            ({"group_id": item["GroupId"], "group_name": item.get("GroupName")} for item in raw.get("Groups", [])),
            key=lambda item: str(item["group_id"]),
        ),
        "ip_address_type": raw.get("IpAddressType"),
        "dns_options": {
            "dns_record_ip_type": options.get("DnsRecordIpType"),
            ONLY_INBOUND: bool(options.get("PrivateDnsOnlyForInboundResolverEndpoint")),
        },
        "private_dns_enabled": bool(raw.get("PrivateDnsEnabled")),
        "requester_managed": bool(raw.get("RequesterManaged")),
        "network_interface_ids": sorted(raw.get("NetworkInterfaceIds", [])),
        "dns_entries": [
            {"dns_name": item.get("DnsName"), "hosted_zone_id": item.get("HostedZoneId")}
            for item in raw.get("DnsEntries", [])
        ],
        "creation_timestamp": created.isoformat() if hasattr(created, "isoformat") else created,
        "owner_id": raw.get("OwnerId"),
        "tags": plain_tags(raw.get("Tags")),
    }


def matching(want: Wanted, endpoints: Sequence[View]) -> list[View]:
    """The endpoints that WANT names: by id, or by VPC, service and type. One on its way out counts only by id."""
    if want.endpoint_id:
        return [item for item in endpoints if item["vpc_endpoint_id"] == want.endpoint_id]
    return [item for item in endpoints if _is_named(want, item) and item["state"] not in ENDING]


def leaving(want: Wanted, endpoints: Sequence[View]) -> list[View]:
    """Endpoints of the same VPC and service that are being deleted."""
    return [item for item in endpoints if _is_named(want, item) and item["state"] == "deleting"]


def _is_named(want: Wanted, endpoint: View) -> bool:
    wanted = (want.vpc_id, want.service_name, want.kind)
    return wanted == (endpoint["vpc_id"], endpoint["service_name"], endpoint["vpc_endpoint_type"])


def group_ids(endpoint: Mapping[str, Any]) -> list[str]:
    """Its security groups."""
    return [item["group_id"] for item in endpoint["groups"]]


def after(want: Wanted, before: View | None, group_names: Mapping[str, str] | None = None) -> View:
    """The endpoint that WANT leads to. group_names: id of a security group -> its name, where it was looked at."""
    base = before or _nothing(want)
    interface = want.kind == INTERFACE
    kind, record = _ip_types(want, base)
    private_dns = _or_as_it_is(want.private_dns_enabled, base["private_dns_enabled"])
    return {
        **base,
        "state": base["state"] if base["state"] in DEAD else AVAILABLE,
        "policy_document": _policy_after(want, base, before is None),
        "route_table_ids": list_after(base["route_table_ids"], want.route_table_ids, want.purge_route_tables),
        "subnet_ids": list_after(base["subnet_ids"], want.subnet_ids, want.purge_subnets),
        "groups": _groups_after(want, base, group_names or {}) if interface else [],
        "ip_address_type": kind,
        "dns_options": {
            "dns_record_ip_type": record,
            # Of use, and taken by AWS, only together with private DNS.
            ONLY_INBOUND: _or_as_it_is(
                want.private_dns_only_for_inbound_resolver_endpoint if private_dns else None,
                base["dns_options"][ONLY_INBOUND],
            ),
        },
        "private_dns_enabled": private_dns,
        "tags": tags_after(base["tags"], want.tags, want.purge_tags),
    }


def same_policy(one: str | None, other: str | None) -> bool:
    """Whether two policies say the same. None is AWS's default (R96)."""
    if is_pending(one) or is_pending(other):
        return one == other
    return policies.same_for_endpoint(
        None if one is None else policies.parse(one), None if other is None else policies.parse(other)
    )


def _policy_after(want: Wanted, base: View, new: bool) -> str | None:
    have: str | None = base["policy_document"]
    policy = want.policy
    if policy is None:
        if not (want.reset_policy or new) or have is None:
            return have
        policy = DEFAULT_POLICY
    return have if have is not None and same_policy(have, policy) else policy


def _groups_after(want: Wanted, base: View, names: Mapping[str, str]) -> list[View]:
    have = {item["group_id"]: item["group_name"] for item in base["groups"]}
    given = want.security_group_ids
    if not have and not given:
        given = list(want.default_groups)
    found = list_after(have, given, want.purge_security_groups)
    return [{"group_id": item, "group_name": have.get(item) or names.get(item)} for item in found]


def _ip_types(want: Wanted, base: View) -> tuple[str | None, str | None]:
    """IP address type, and a DNS record type that fits it."""
    kind: str | None = want.ip_address_type or base["ip_address_type"]
    record: str | None = want.dns_record_ip_type or base["dns_options"]["dns_record_ip_type"]
    fitting = RECORD_TYPES.get(kind or "", ())
    if want.dns_record_ip_type is None and fitting and record not in fitting:
        record = fitting[0]
    return kind, record


def _or_as_it_is(wanted: bool | None, have: bool) -> bool:
    return have if wanted is None else wanted


def _nothing(want: Wanted) -> View:
    """An endpoint that does not exist yet, with what AWS will assign."""
    interface = want.kind == INTERFACE

    def assigned(attribute: str) -> str:
        return placeholder("vpc_endpoint", want.label, attribute)

    return {
        "vpc_endpoint_id": want.endpoint_id or assigned("vpc_endpoint_id"),
        "vpc_endpoint_type": want.kind,
        "vpc_id": want.vpc_id,
        "service_name": want.service_name,
        "state": AVAILABLE,
        "failure_reason": None,
        "policy_document": DEFAULT_POLICY,
        "route_table_ids": [],
        "subnet_ids": [],
        "groups": [],
        "ip_address_type": "ipv4" if interface else None,
        "dns_options": {"dns_record_ip_type": None, ONLY_INBOUND: False},
        "private_dns_enabled": False,
        "requester_managed": False,
        "network_interface_ids": [assigned("network_interface_id")] if interface else [],
        "dns_entries": [{"dns_name": assigned("dns_name"), "hosted_zone_id": assigned("hosted_zone_id")}]
        if interface
        else [],
        "creation_timestamp": assigned("creation_timestamp"),
        "owner_id": assigned("owner_id"),
        "tags": {},
    }
