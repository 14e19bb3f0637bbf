# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed nodes: which of them need ec2messages, whether they are Online, and what to look at when they are not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import listing
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, WAITING, Verdict, Wait

Params = Mapping[str, Any]
View = dict[str, Any]

ONLINE, UNKNOWN = "Online", "not registered"
# R178: from this version on SSM Agent does without ec2messages.
_ONE_CHANNEL = (3, 3, 40, 0)
# A message names that many nodes one by one.
_MOST = 5


def normalise(raw: Mapping[str, Any]) -> View:
    """A node of DescribeInstanceInformation."""
    return {
        "instance_id": raw["InstanceId"],
        "ping_status": raw.get("PingStatus"),
        "agent_version": raw.get("AgentVersion"),
        "platform_type": raw.get("PlatformType"),
        "ip_address": raw.get("IPAddress"),
    }


def is_old(node: Mapping[str, Any]) -> bool:
    """Whether its agent still needs ec2messages."""
    version = node["agent_version"] or ""
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        return False
    return tuple(int(part) for part in version.split(".")) < _ONE_CHANNEL


def old_nearby(nodes: Iterable[View], ranges: Iterable[str]) -> list[View]:
    """The nodes with an old agent whose address is in one of RANGES."""
    networks = [ipaddress.ip_network(item, strict=False) for item in ranges]
    return [node for node in nodes if is_old(node) and _within(node["ip_address"], networks)]


def _within(address: str | None, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(found in network for network in networks)


def expected(raw: Mapping[str, Any]) -> list[View]:
    """The nodes that are waited for. raw: ids of those that are EXPECTED, what AWS INFORMs of them, and the EC2
    INSTANCES among them."""
    informed = {item["InstanceId"]: normalise(item) for item in raw["information"]}
    instances = {item["InstanceId"]: item for item in raw["instances"]}
    found = []
    for node_id in raw["expected"]:
        node = informed.get(node_id) or normalise({"InstanceId": node_id, "PingStatus": UNKNOWN})
        instance = instances.get(node_id, {})
        found.append(
            {
                **node,
                "instance_state": instance.get("State", {}).get("Name"),
                "vpc_id": instance.get("VpcId"),
                "instance_profile": bool(instance.get("IamInstanceProfile")),
            }
        )
    return found


def query(params: Params) -> dict[str, Any] | None:
    """The arguments of the client's read of the nodes that are waited for; None where none are."""
    wanted = params["wait_for_nodes"]
    if not wanted or params["state"] == "absent":
        return None
    ids, tags = wanted["instance_ids"] or [], wanted["tags"] or {}
    return {"VpcId": params["vpc_id"], "InstanceIds": list(ids), "Tags": {key: str(tags[key]) for key in tags}}


def all_online(nodes: Sequence[View]) -> bool:
    return bool(nodes) and all(node["ping_status"] == ONLINE for node in nodes)


def wait(params: Params, around: Mapping[str, Any]) -> tuple[Wait, ...]:
    """Until the nodes are Online. around: what is known of their network, see look_at()."""
    arguments = query(params)
    if arguments is None:
        return ()
    usual = "up to 5 minutes between the agent's pings"
    return (Wait("managed nodes", "nodes", arguments, partial(judge, around), usual),)


def judge(around: Mapping[str, Any], raw: Mapping[str, Any]) -> Verdict:
    nodes = expected(raw)
    if not nodes:
        text = f"no running instance in {around['vpc_id']} that wait_for_nodes names"
        return Verdict(WAITING, text, {"nodes": []}, "Check the tags in wait_for_nodes, and that the instances run.")
    late = [node for node in nodes if node["ping_status"] != ONLINE]
    if not late:
        return Verdict(DONE, f"{len(nodes)} Online")
    names = [f"{node['instance_id']} {node['ping_status']}" for node in late]
    more = [f"{len(late) - _MOST} more"] if len(late) > _MOST else []
    text = f"{len(nodes) - len(late)} of {len(nodes)} Online; {listing([*names[:_MOST], *more])}"
    shown = [{**node, "look_at": [] if node not in late else look_at(node, around)} for node in nodes]
    return Verdict(WAITING, text, {"nodes": shown}, _advice(late, around))


def _advice(late: Sequence[View], around: Mapping[str, Any]) -> str:
    """What to look at, in order; nodes with the same list are named together."""
    lists: dict[tuple[str, ...], list[str]] = {}
    for node in late:
        lists.setdefault(tuple(look_at(node, around)), []).append(node["instance_id"])
    lines = []
    for items, nodes in lists.items():
        more = [f"{len(nodes) - _MOST} more"] if len(nodes) > _MOST else []
        lines.append(f"For {listing([*nodes[:_MOST], *more])}, look in this order:")
        lines += [f"  {number}. {item}" for number, item in enumerate(items, start=1)]
    return "\n".join(lines)


def look_at(node: Mapping[str, Any], around: Mapping[str, Any]) -> list[str]:
    """What keeps a node from being Online: what can be seen from here first, then what is likely.

    around: region, vpc_id, ec2messages (whether the VPC has that endpoint), dns_servers (of one's own), closed (what
    the outbound rules of the nodes lack, in words).
    """
    instance = node["instance_id"].startswith("i-")
    if instance and node["instance_state"] is None:
        return ["There is no such instance in this account and Region: check wait_for_nodes."]
    if instance and node["instance_state"] != "running":
        return [f"The instance is {node['instance_state']}: start it."]
    if instance and node["vpc_id"] != around["vpc_id"]:
        return [f"The instance is in {node['vpc_id']}: the endpoints of {around['vpc_id']} do not serve it."]
    return _seen(node, around, instance) + _likely(node, around, instance)


def _seen(node: Mapping[str, Any], around: Mapping[str, Any], instance: bool) -> list[str]:
    found = []
    if instance and not node["instance_profile"]:
        found.append(
            "The instance has no instance profile: attach one whose role has AmazonSSMManagedInstanceCore, or switch "
            "on Default Host Management Configuration."
        )
    if is_old(node) and not around["ec2messages"]:
        found.append(
            f"Its SSM Agent {node['agent_version']} needs ec2messages (R178): update it to 3.3.40.0 or later, or set "
            "ec2messages: always."
        )
    found += around["closed"] if instance else []
    if around["dns_servers"]:
        found.append(
            f"The VPC's DHCP options name {listing(around['dns_servers'])} for DNS: they must forward amazonaws.com to "
            "the VPC's Amazon DNS server (R170)."
        )
    return found


def _likely(node: Mapping[str, Any], around: Mapping[str, Any], instance: bool) -> list[str]:
    host = f"ssm.{around['region']}.amazonaws.com"
    agent = (
        "SSM Agent on the node: is it installed and running? Restart it (systemctl restart amazon-ssm-agent): after "
        "failed tries it waits longer and longer, up to an hour."
    )
    names = f"Names: on the node, {host} must resolve to addresses of the endpoint, not to public ones."
    network = (
        f"Network: TCP 443 from the node to {host}: outbound rules of its security groups (R181), network ACLs of both "
        "subnets, routes or peering (R169)."
    )
    role = (
        "Permissions: the role of the node allows ssm:UpdateInstanceInformation and ssmmessages:*, and the policies of "
        "the endpoints let them pass (R186)."
    )
    metadata = ["Instance metadata: http://169.254.169.254 answers on the node."] if instance else []
    log = "The agent's own words: ssm-cli get-diagnostics on the node, and /var/log/amazon/ssm/errors.log."
    if node["ping_status"] == UNKNOWN:
        return [agent, names, network, role, *metadata, log]
    # It was Online once, so what it needs was there.
    return [agent, network, role, names, log]
