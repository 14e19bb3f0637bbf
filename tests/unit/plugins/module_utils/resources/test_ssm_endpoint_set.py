# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which endpoints follow from the options and from what the Region offers (R175-R184, N15)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_endpoint_set as chosen

OPTIONS = {
    "name": "systems-manager", "ec2messages": "auto", "vss_snapshots": False, "session_encryption": False,
    "cloudwatch_logs": False, "s3": "gateway",
}
BASE = ["ssm", "ssmmessages"]
OLD = [{"instance_id": "i-1", "agent_version": "3.2.0.0"}]


def service(code: str, kind: str = "Interface", prefix: str = "com.amazonaws") -> dict[str, Any]:
    return {"service_name": f"{prefix}.eu-central-1.{code}", "kind": kind}


OFFER = [service(code) for code in chosen.SERVICES] + [service("s3", "Gateway")]


def current(**given: Any) -> dict[str, Any]:
    return {
        "region": "eu-central-1", "services": OFFER, "endpoints": [], "old_agents": [], "agents_known": True, **given,
    }


def endpoint(code: str, name: str = "", kind: str = "Interface", **given: Any) -> dict[str, Any]:
    return {
        "vpc_endpoint_id": f"vpce-{code}{name}", "service_name": f"com.amazonaws.eu-central-1.{code}",
        "vpc_endpoint_type": kind, "state": "available", "private_dns_enabled": False, "route_table_ids": [],
        "tags": {"Name": name} if name else {}, **given,
    }


# options, state, labels
SETS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, [*BASE, "s3-gateway"]),
    ({"s3": "none"}, {}, BASE),
    ({"s3": "interface"}, {}, [*BASE, "s3"]),
    ({"s3": "both"}, {}, [*BASE, "s3-gateway", "s3"]),
    ({"vss_snapshots": True, "s3": "none"}, {}, [*BASE, "ec2"]),
    ({"session_encryption": True, "s3": "none"}, {}, [*BASE, "kms"]),
    ({"cloudwatch_logs": True, "s3": "none"}, {}, [*BASE, "logs"]),
    ({"ec2messages": "always", "s3": "none"}, {}, [*BASE, "ec2messages"]),
    ({"ec2messages": "never", "s3": "none"}, {"old_agents": OLD}, BASE),
    ({"s3": "none"}, {"old_agents": OLD}, [*BASE, "ec2messages"]),
    ({"s3": "none"}, {"endpoints": [endpoint("ec2messages")]}, [*BASE, "ec2messages"]),
]


@pytest.mark.parametrize(("options", "state", "labels"), SETS)
def test_the_set_follows_from_the_options(options: dict[str, Any], state: dict[str, Any], labels: list[str]) -> None:
    """R173 and R177: logs and old agents have endpoints of their own."""
    found, problems = chosen.members({**OPTIONS, **options}, current(**state))
    assert ([item.label for item in found], problems) == (labels, [])


# options, what the Region lacks, number
LACKING = [
    ({}, "ssm", "R175"), ({}, "ssmmessages", "R175"), ({"ec2messages": "always"}, "ec2messages", "N15"),
    ({"vss_snapshots": True}, "ec2", "R179"), ({"session_encryption": True}, "kms", "R183"),
    ({"cloudwatch_logs": True}, "logs", "R184"), ({}, "s3", "R180"),
]


@pytest.mark.parametrize(("options", "code", "number"), LACKING)
def test_what_the_region_lacks_is_named(options: dict[str, Any], code: str, number: str) -> None:
    offer = [item for item in OFFER if not item["service_name"].endswith(f".{code}")]
    problems = chosen.members({**OPTIONS, **options}, current(services=offer))[1]
    assert [(item.number, item.blocking) for item in problems] == [(number, True)]


def test_n15_old_agents_in_a_region_without_ec2messages_need_people() -> None:
    offer = [item for item in OFFER if not item["service_name"].endswith(".ec2messages")]
    found, problems = chosen.members(OPTIONS, current(services=offer, old_agents=OLD))
    assert [item.label for item in found] == [*BASE, "s3-gateway"]
    assert [(item.number, item.blocking) for item in problems] == [("R178", False)]


def test_r178_agents_that_may_not_be_looked_at_are_told_of() -> None:
    found, problems = chosen.members(OPTIONS, current(agents_known=False))
    assert [item.label for item in found] == [*BASE, "s3-gateway"]
    assert [(item.number, item.blocking) for item in problems] == [("R178", False)]
    assert chosen.members(OPTIONS, current(agents_known=False, endpoints=[endpoint("ec2messages")]))[1] == []


def test_names_of_another_partition_are_found() -> None:
    china = [service(code, prefix="cn.com.amazonaws") for code in BASE]
    found, dummy = chosen.members({**OPTIONS, "s3": "none"}, current(services=china))
    assert [item.service["service_name"] for item in found] == [
        f"cn.com.amazonaws.eu-central-1.{code}" for code in BASE
    ]


SSM = chosen.Member("ssm", "Interface", service("ssm"))
S3 = chosen.Member("s3", "Gateway", service("s3", "Gateway"))
OURS, PLAIN = endpoint("ssm", "systems-manager-ssm"), endpoint("ssm")
DNS = endpoint("ssm", "a", private_dns_enabled=True)
NEAR = endpoint("s3", "near", "Gateway", route_table_ids=["rtb-1"])
FAR = endpoint("s3", "far", "Gateway", route_table_ids=["rtb-9", "rtb-8"])
# member, what there is, which of it stands for the member
PICKS: list[tuple[chosen.Member, list[dict[str, Any]], dict[str, Any] | None]] = [
    (SSM, [], None),
    (SSM, [PLAIN], PLAIN),
    (SSM, [PLAIN, DNS], DNS),
    (SSM, [PLAIN, DNS, OURS], OURS),
    (SSM, [{**PLAIN, "state": "deleting"}], None),
    (SSM, [endpoint("ssmmessages")], None),
    (S3, [FAR, NEAR], NEAR),
    (S3, [endpoint("s3")], None),
]


@pytest.mark.parametrize(("member", "there", "which"), PICKS)
def test_which_endpoint_stands_for_a_member(member: chosen.Member, there: Any, which: Any) -> None:
    found, problems = chosen.pick(OPTIONS, member, current(endpoints=there), ["rtb-1"])
    assert (found, problems) == (which, [])


def test_two_that_could_be_meant_are_named() -> None:
    found, problems = chosen.pick(OPTIONS, SSM, current(endpoints=[PLAIN, endpoint("ssm", "b")]), [])
    assert found is None
    assert "vpce-ssm and vpce-ssmb" in problems[0].found
