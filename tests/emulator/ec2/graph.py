# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that moto holds: subnets, VPCs, interfaces and groups, for the other services to look at."""

from __future__ import annotations

import ipaddress
from typing import Any

from .. import moto_base

# The four addresses at the start of every subnet and the one at its end that AWS keeps.
RESERVED = 5


def backend(account: str, region: str) -> Any:
    return moto_base.backend("ec2", account, region)


def subnet(account: str, region: str, subnet_id: str) -> Any | None:
    for zone in backend(account, region).subnets.values():
        if subnet_id in zone:
            return zone[subnet_id]
    return None


def subnet_network(account: str, region: str, subnet_id: str) -> ipaddress.IPv4Network:
    found = subnet(account, region, subnet_id)
    return ipaddress.IPv4Network(found.cidr_block if found is not None else "0.0.0.0/32")


def subnets(account: str, region: str) -> list[Any]:
    return [found for zone in backend(account, region).subnets.values() for found in zone.values()]


def vpc(account: str, region: str, vpc_id: str) -> Any | None:
    return backend(account, region).vpcs.get(vpc_id)


def vpc_networks(account: str, region: str, vpc_id: str) -> list[ipaddress.IPv4Network]:
    found = vpc(account, region, vpc_id)
    blocks = [] if found is None else found.get_cidr_block_association_set()
    return [ipaddress.IPv4Network(block["cidr_block"]) for block in blocks]


def group(account: str, region: str, group_id: str) -> Any | None:
    return backend(account, region).get_security_group_from_id(group_id)


def instance(account: str, region: str, instance_id: str) -> Any | None:
    found = backend(account, region).reservations.values()
    return next((item for held in found for item in held.instances if item.id == instance_id), None)


def interfaces(account: str, region: str) -> list[Any]:
    return list(backend(account, region).enis.values())


def interfaces_in(account: str, region: str, subnet_id: str) -> list[Any]:
    return [interface for interface in interfaces(account, region) if interface.subnet.id == subnet_id]


def interfaces_of_group(account: str, region: str, group_id: str) -> list[Any]:
    return [
        interface
        for interface in interfaces(account, region)
        if any(member.id == group_id for member in interface.group_set)
    ]


def free_addresses(account: str, region: str, subnet_id: str) -> int:
    network = subnet_network(account, region, subnet_id)
    return network.num_addresses - RESERVED - len(interfaces_in(account, region, subnet_id))


def free_address(account: str, region: str, subnet_id: str) -> str:
    network = subnet_network(account, region, subnet_id)
    taken = {interface.private_ip_address for interface in interfaces_in(account, region, subnet_id)}
    return next(
        str(network[number])
        for number in range(RESERVED - 1, network.num_addresses - 1)
        if str(network[number]) not in taken
    )


def add_interface(
    account: str,
    region: str,
    subnet_id: str,
    description: str,
    kind: str,
    groups: list[str],
    address: str | None = None,
) -> Any:
    """An interface as a service of AWS makes it: nobody but the service can remove it."""
    made = backend(account, region).create_network_interface(
        subnet(account, region, subnet_id),
        address or free_address(account, region, subnet_id),
        group_ids=groups,
        description=description,
    )
    made.requester_managed = True
    made.requester_id = f"amazon-{kind.replace('_', '-')}"
    made.interface_type = kind
    made.status = "in-use"
    return made


def remove_interface(account: str, region: str, interface_id: str) -> None:
    backend(account, region).enis.pop(interface_id, None)


# What an HSM and its clients talk over.
_HSM_PORTS = (2223, 2225)


def allow_within(account: str, region: str, group_id: str, allowed: bool) -> None:
    """Let the members of a group talk to each other as HSMs do, or take that rule away."""
    if allowed and not allowed_within(account, region, group_id):
        allow_from(account, region, group_id, group_id)
    elif not allowed:
        backend(account, region).get_security_group_from_id(group_id).ingress_rules.clear()


def allow_from(account: str, region: str, group_id: str, source_id: str) -> None:
    """Inbound TCP of HSMs from the members of another group."""
    first, last = _HSM_PORTS
    backend(account, region).authorize_security_group_ingress(
        group_id, "tcp", str(first), str(last), [], source_groups=[{"GroupId": source_id}]
    )


def allowed_within(account: str, region: str, group_id: str) -> bool:
    """Whether the rules of a group let its members talk to each other as HSMs do, both ways."""
    found = group(account, region, group_id)
    return found is not None and all(
        any(_covers(rule, group_id) for rule in rules) for rules in (found.ingress_rules, found.egress_rules)
    )


def _covers(rule: Any, group_id: str) -> bool:
    first, last = _HSM_PORTS
    everything = rule.ip_protocol == "-1"
    ports = rule.ip_protocol == "tcp" and rule.from_port <= first and last <= rule.to_port
    peers = rule.source_group.get("GroupId") == group_id or rule.cidr_ipv4 == "0.0.0.0/0"
    return bool((everything or ports) and peers)


def admits(account: str, region: str, subnet_id: str, port: int) -> bool:
    """Whether the network ACL of a subnet lets TCP to a port in: the first rule that fits decides."""
    for acl in backend(account, region).network_acls.values():
        if all(item.subnet_id != subnet_id for item in acl.associations):
            continue
        for entry in sorted((item for item in acl.entries if not item.egress), key=lambda item: int(item.rule_number)):
            ports = entry.port_range_from is None or int(entry.port_range_from) <= port <= int(entry.port_range_to)
            if str(entry.protocol) in ("-1", "6") and ports:
                return bool(entry.rule_action == "allow")
    return True
