# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for Systems Manager's endpoints: what it leads to is what it wants, whatever there was."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import ssm_vpc_endpoints_view as views
from ansible_collections.keylink.aws.plugins.module_utils.resources.ssm_vpc_endpoints import plan, returns

REGION, VPC, GROUP = "eu-central-1", "vpc-1", "sg-own"
CODES = ("ssm", "ssmmessages", "ec2messages", "ec2", "kms", "logs", "s3")


def options(**given: Any) -> dict[str, Any]:
    lists = (
        "node_subnet_ids", "node_cidrs", "node_security_group_ids", "node_accounts", "security_group_ids",
        "route_table_ids", "buckets", "managed_buckets",
    )
    return {
        "state": "present", "vpc_id": VPC, "name": "systems-manager", "subnet_ids": ["subnet-a", "subnet-b"],
        **dict.fromkeys(lists), "security_group_name": None, "purge_subnets": None, "purge_security_groups": None,
        "node_egress_rules": False, "purge_rules": True, "private_dns_enabled": True, "enable_vpc_dns": True,
        "ec2messages": "auto", "vss_snapshots": False, "session_encryption": False, "cloudwatch_logs": False,
        "s3": "gateway", "purge_route_tables": False, "policy_preset": None, "policies": None,
        "purge_endpoints": False, "wait_for_nodes": None, "wait": True, "wait_timeout": 900, "tags": None,
        "purge_tags": True, **given,
    }


def service(code: str, kind: str = "Interface") -> dict[str, Any]:
    name = f"{code}.{REGION}.amazonaws.com"
    return {
        "ServiceName": f"com.amazonaws.{REGION}.{code}", "ServiceType": [{"ServiceType": kind}], "Owner": "amazon",
        "AvailabilityZones": [f"{REGION}a", f"{REGION}b"], "VpcEndpointPolicySupported": True,
        "PrivateDnsNames": [{"PrivateDnsName": name}] if kind == "Interface" else [],
    }


def subnet(zone: str) -> dict[str, Any]:
    number = "ab".index(zone)
    return {
        "SubnetId": f"subnet-{zone}", "AvailabilityZone": REGION + zone, "CidrBlock": f"10.0.{number}.0/24",
    }


def endpoint(code: str, name: str | None = None, kind: str = "Interface", **given: Any) -> dict[str, Any]:
    tags = [] if name is None else [{"Key": "Name", "Value": name}]
    addresses = {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}} if kind == "Interface" else {}
    return {
        "VpcEndpointId": f"vpce-{code}", "VpcEndpointType": kind, "VpcId": VPC, "State": "available", "Tags": tags,
        "ServiceName": f"com.amazonaws.{REGION}.{code}", "PrivateDnsEnabled": False, "Groups": [],
        "SubnetIds": ["subnet-a"] if kind == "Interface" else [], "RouteTableIds": [],
        **addresses, **given,
    }


def group(group_id: str, name: str, description: str = "x", **given: Any) -> dict[str, Any]:
    return {
        "GroupId": group_id, "GroupName": name, "Description": description, "VpcId": VPC, "IpPermissions": [],
        "IpPermissionsEgress": [], **given,
    }


OWN_GROUP = group(GROUP, "systems-manager-endpoints", views.DESCRIPTION)
CLOSED = group("sg-nodes", "nodes")
STATES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "ours, and drifted": {
        "groups": [OWN_GROUP],
        "endpoints": [
            endpoint("ssm", "systems-manager-ssm"), endpoint("kms", "systems-manager-kms", State="pending"),
            endpoint("s3", "systems-manager-s3-gateway", "Gateway", RouteTableIds=["rtb-old"]),
        ],
    },
    "of others": {
        "groups": [group("sg-1", "systems-manager-endpoints")],
        "endpoints": [
            endpoint("ssm", "theirs", Groups=[{"GroupId": "sg-1", "GroupName": "one"}], PrivateDnsEnabled=True),
            endpoint("s3", None, "Gateway", RouteTableIds=["rtb-old"]),
        ],
    },
    "on the way out": {"endpoints": [endpoint("ssm", "systems-manager-ssm", State="deleting")]},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "least": {},
    "all": {
        "ec2messages": "always", "vss_snapshots": True, "session_encryption": True, "cloudwatch_logs": True,
        "s3": "both", "policy_preset": "agent", "buckets": ["own"], "tags": {"Team": "ops"},
        "node_security_group_ids": ["sg-nodes"], "node_egress_rules": True, "node_cidrs": ["192.168.7.9/16"],
    },
    "no gateway": {"s3": "interface", "policy_preset": "account", "purge_endpoints": True},
    "bare": {"s3": "none", "private_dns_enabled": False, "purge_rules": False, "purge_subnets": True},
    "policies": {"policy_preset": "full_access", "policies": {"ssm": {"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}
    ]}}},
    "absent": {"state": "absent"},
}


def state(params: dict[str, Any], **found: Any) -> dict[str, Any]:
    raw = {
        "services": [service(code) for code in CODES] + [service("s3", "Gateway")],
        "vpcs": [{"VpcId": VPC, "OwnerId": "123456789012", "CidrBlock": "10.0.0.0/16", "DhcpOptionsId": "dopt-1"}],
        "dhcp_options": [], "enable_dns_support": True, "enable_dns_hostnames": False,
        "subnets": [subnet("a"), subnet("b")],
        "route_tables": [{"RouteTableId": "rtb-main", "Associations": [{"Main": True}]}],
        "prefix_lists": [{"PrefixListId": "pl-s3"}], "endpoints": [], **found,
    }
    raw["groups"] = [*found.get("groups", []), CLOSED]
    return views.normalise(params, REGION, raw, {})


@pytest.mark.parametrize("given", OPTIONS)
@pytest.mark.parametrize("there", STATES)
def test_a_plan_leads_to_what_it_wants(given: str, there: str) -> None:
    params = options(**OPTIONS[given])
    first = plan(params, state(params, **STATES[there]))
    assert [item for item in first.unmet if item.blocking] == []
    again = plan(params, first.after)
    assert again.steps == (), [step.say for step in again.steps]
    assert returns(params, again.after) == returns(params, first.after)


@pytest.mark.parametrize("given", [name for name in OPTIONS if name != "absent"])
def test_what_is_made_is_deleted_and_no_more(given: str) -> None:
    params = options(**OPTIONS[given])
    made = plan(params, state(params)).after
    back = plan({**params, "state": "absent"}, made).after
    assert (back["endpoints"], list(back["groups"])) == ([], ["sg-nodes"])
    assert back["groups"]["sg-nodes"] == state(params)["groups"]["sg-nodes"]


def test_the_order_of_lists_and_the_spelling_of_policies_do_not_matter() -> None:
    params = options(**OPTIONS["all"], policies={"ssm": '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, '
                                                        '"Action": ["ssm:*"], "Resource": "*"}}'})
    made = plan(params, state(params)).after
    other = options(**{**OPTIONS["all"], "policies": OPTIONS["policies"]["policies"]},
                    subnet_ids=["subnet-b", "subnet-a"])
    assert plan(other, made).steps == ()


def test_the_group_comes_first_and_private_dns_last() -> None:
    params = options(**OPTIONS["all"])
    batches = [[step.verb for step in batch] for batch in plan(params, state(params)).batches]
    assert batches[:4] == [
        ["ec2.modify_vpc_attribute"], ["create_group"], ["authorize_group"], ["authorize_outbound"],
    ]
    assert batches[4] == ["create_endpoint"] * 8
    assert batches[5:] == [["modify_endpoint"] * 7]


def test_a_change_and_a_diff_for_each_endpoint_group_and_set_of_rules() -> None:
    params = options(**OPTIONS["all"])
    found = [(item.kind, item.name) for item in plan(params, state(params)).changes]
    assert found == [
        ("VPC", VPC), ("security group", "systems-manager-endpoints"), ("outbound rules", "nodes"),
        *(("VPC endpoint", name) for name in (
            "ssm", "ssmmessages", "ec2messages", "ec2", "kms", "logs", "s3-gateway", "s3",
        )),
    ]


def test_endpoints_of_others_lose_nothing_unless_that_is_asked_for() -> None:
    there: dict[str, Any] = {"endpoints": [
        endpoint("ssm", "theirs", SubnetIds=["subnet-x"], Groups=[{"GroupId": "sg-x", "GroupName": "x"}],
                 Tags=[{"Key": "Team", "Value": "net"}]),
    ]}
    params = options(s3="none", tags={"Owner": "ops"})
    kept = plan(params, state(params, **there)).after["endpoints"][0]
    assert kept["subnet_ids"] == ["subnet-a", "subnet-b", "subnet-x"]
    assert "sg-x" in [item["group_id"] for item in kept["groups"]]
    assert kept["tags"] == {"Owner": "ops", "Team": "net"}
    asked = options(s3="none", purge_subnets=True, purge_security_groups=True)
    lost = plan(asked, state(asked, **there)).after["endpoints"][0]
    assert lost["subnet_ids"] == ["subnet-a", "subnet-b"]
    assert len(lost["groups"]) == 1


def test_r181_a_region_without_a_prefix_list_of_s3_is_told_of() -> None:
    params = options(node_security_group_ids=["sg-nodes"], node_egress_rules=True)
    found = plan(params, state(params, prefix_lists=[]))
    assert [(item.number, item.blocking) for item in found.unmet] == [("R181", False)]
    assert "no prefix list com.amazonaws.eu-central-1.s3" in found.unmet[0].found


def test_subnets_with_ipv6_alone_have_no_range_to_let_in() -> None:
    params = options(**{**OPTIONS["all"], "subnet_ids": ["subnet-a"]})
    only = [{**subnet("a"), "CidrBlock": None}]
    made = plan(params, state(params, subnets=only))
    assert "192.168.0.0/16" in str(made.changes[1].after)
    assert plan(params, made.after).steps == ()


def test_an_endpoint_that_is_not_asked_for_any_more_is_told_of() -> None:
    params = options()
    there = STATES["ours, and drifted"]
    found = plan(params, state(params, **there))
    assert "made by an earlier run and not asked for any more" in "".join(found.warnings)
    purged = plan(options(purge_endpoints=True), state(params, **there))
    assert [item.name for item in purged.changes if item.action == "delete"] == ["kms"]
    assert purged.warnings == ()
