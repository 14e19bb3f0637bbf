# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seven endpoints for Systems Manager from nothing, and once more: ssm_vpc_endpoints beside a loop over
amazon.aws.ec2_vpc_endpoint, taking turns on the same emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scenarios import stage as staging

INTERFACES = ("ssm", "ssmmessages", "ec2messages", "ec2", "kms", "logs")
PHASES = ("seven endpoints", "second run")
OURS, LOOP = "ssm_vpc_endpoints", "ec2_vpc_endpoint loop"
# What the collection promises.
FASTER = 3


def _network(stage: staging.Stage) -> dict[str, Any]:
    """A VPC with two subnets and a security group that lets it in: both ways get the same."""
    ec2 = stage.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=staging.REGION + zone)
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=vpc_id)["GroupId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    table = ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"]
    subnet_ids = [item["Subnet"]["SubnetId"] for item in subnets]
    return {"vpc_id": vpc_id, "subnets": subnet_ids, "group": group, "table": table}


def _ours(place: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": "All of them",
            "keylink.aws.ssm_vpc_endpoints": {
                "vpc_id": place["vpc_id"], "subnet_ids": place["subnets"], "security_group_ids": [place["group"]],
                "ec2messages": "always", "vss_snapshots": True, "session_encryption": True, "cloudwatch_logs": True,
            },
        }
    ]


def _loop(place: dict[str, Any]) -> list[dict[str, Any]]:
    name = f"com.amazonaws.{staging.REGION}"
    interface = {
        "vpc_id": place["vpc_id"], "vpc_endpoint_type": "Interface", "service": f"{name}.{{{{ item }}}}",
        "vpc_endpoint_subnets": place["subnets"], "vpc_endpoint_security_groups": [place["group"]], "wait": True,
    }
    gateway = {
        "vpc_id": place["vpc_id"], "vpc_endpoint_type": "Gateway", "service": f"{name}.s3",
        "route_table_ids": [place["table"]], "wait": True,
    }
    return [
        {"name": "One by one", "amazon.aws.ec2_vpc_endpoint": interface, "loop": list(INTERFACES)},
        {"name": "The gateway", "amazon.aws.ec2_vpc_endpoint": gateway},
    ]


def _playbook(path: Path, tasks: list[dict[str, Any]]) -> Path:
    play = {
        "name": path.stem, "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    }
    path.write_text(json.dumps([play]))
    return path


def run(
    stage: staging.Stage, folder: Path, rounds: int, measure: Callable[..., Any], median: Callable[..., Any]
) -> None:
    """Print the table; an error if the promise does not hold."""
    costs: dict[tuple[str, str], list[Any]] = {(way, phase): [] for phase in PHASES for way in (OURS, LOOP)}
    for number in range(rounds):
        # Who comes first takes turns too.
        ways = [(OURS, _ours), (LOOP, _loop)]
        for way, tasks in ways if number % 2 else reversed(ways):
            stage.control.reset()
            playbook = _playbook(folder / "bench.json", tasks(_network(stage)))
            for phase in PHASES:
                costs[way, phase].append(measure(stage, stage.command_for(str(playbook))))
            made = stage.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
            if len(made) != 7:
                raise SystemExit(f"{way} made {len(made)} endpoints")
    print(f"\n{'':<22}{'':<18}{'wall s':>8}{'CPU s':>8}{'calls':>7}{'MB':>6}{'times faster':>14}")
    for phase in PHASES:
        ours, theirs = median(costs[OURS, phase]), median(costs[LOOP, phase])
        for way, cost in ((OURS, ours), (LOOP, theirs)):
            faster = f"{theirs.wall / ours.wall:>14.1f}" if way == OURS else ""
            print(f"{way:<22}{phase:<18}{cost.wall:>8.1f}{cost.cpu:>8.1f}{cost.calls:>7.0f}{cost.memory:>6.0f}{faster}")
        if theirs.wall < FASTER * ours.wall or theirs.calls <= ours.calls:
            raise SystemExit(f"{phase}: not {FASTER} times faster with fewer calls")
