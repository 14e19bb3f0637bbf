# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import DONE, FAILED, WAITING, Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import vpc_endpoint_waits as waits
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint import (
    DEFAULT_POLICY,
    GATEWAY,
    Wanted,
    leaving,
    matching,
    normalise,
)
from ansible_collections.keylink.aws.plugins.module_utils.resources.vpc_endpoint_plan import (
    Planned,
    plan_absent,
    plan_present,
)

KMS = "com.amazonaws.eu-central-1.kms"
S3 = "com.amazonaws.eu-central-1.s3"
ID, VPC = "vpce-0123456789abcdef0", "vpc-0123456789abcdef0"
PENDING = "(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"
ZONES = {"subnet-a": "eu-central-1a", "subnet-b": "eu-central-1b", "subnet-a2": "eu-central-1a"}
POLICY = json.dumps({"Statement": [{"Action": "kms:Decrypt", "Effect": "Allow", "Principal": "*", "Resource": "*"}]})


def raw(**others: Any) -> dict[str, Any]:
    """As DescribeVpcEndpoints tells."""
    return {
        "VpcEndpointId": ID,
        "VpcEndpointType": "Interface",
        "VpcId": VPC,
        "ServiceName": KMS,
        "State": "available",
        "PolicyDocument": DEFAULT_POLICY,
        "RouteTableIds": [],
        "SubnetIds": ["subnet-b", "subnet-a"],
        "Groups": [{"GroupId": "sg-1", "GroupName": "one"}],
        "IpAddressType": "ipv4",
        "DnsOptions": {"DnsRecordIpType": "ipv4"},
        "PrivateDnsEnabled": True,
        "RequesterManaged": False,
        "NetworkInterfaceIds": ["eni-1", "eni-2"],
        "DnsEntries": [{"DnsName": "x", "HostedZoneId": "Z1"}],
        "OwnerId": "123456789012",
        "Tags": [{"Key": "Name", "Value": "kms"}],
        **others,
    }


def gateway(**others: Any) -> dict[str, Any]:
    changed = {
        "VpcEndpointType": "Gateway",
        "ServiceName": S3,
        "SubnetIds": [],
        "Groups": [],
        "DnsEntries": [],
        "NetworkInterfaceIds": [],
        "RouteTableIds": ["rtb-1"],
        "PrivateDnsEnabled": False,
    }
    return {**raw(**changed), **others}


def want(**others: Any) -> Wanted:
    options: dict[str, Any] = {
        "label": "kms",
        "vpc_id": VPC,
        "service_name": KMS,
        "subnet_ids": ["subnet-a", "subnet-b"],
        "security_group_ids": ["sg-1"],
        "private_dns_enabled": True,
    }
    return Wanted(**{**options, **others})


def bucket(**others: Any) -> Wanted:
    return Wanted(**{"label": "s3", "vpc_id": VPC, "service_name": S3, "kind": GATEWAY, **others})


def calls(planned: Planned) -> list[tuple[int, str, dict[str, Any]]]:
    return [(step.stage, step.verb, dict(step.args)) for step in planned.change.steps]


def test_a_new_endpoint_gets_private_dns_only_when_it_is_available() -> None:
    planned = plan_present(want(policy=POLICY, tags={"Name": "kms"}, ip_address_type="ipv4"), None)
    assert calls(planned) == [
        (
            0,
            "create_endpoint",
            {
                "VpcEndpointType": "Interface",
                "VpcId": VPC,
                "ServiceName": KMS,
                "PolicyDocument": POLICY,
                "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "kms"}]}],
                "SubnetIds": ["subnet-a", "subnet-b"],
                "PrivateDnsEnabled": False,
                "SecurityGroupIds": ["sg-1"],
                "IpAddressType": "ipv4",
            },
        ),
        (1, "modify_endpoint", {"VpcEndpointId": PENDING, "PrivateDnsEnabled": True}),
    ]
    create, switch = planned.change.steps
    assert create.binds == {PENDING: "VpcEndpoint.VpcEndpointId"}
    assert [(wait.verb, wait.args) for wait in switch.needs] == [("endpoint", {"VpcEndpointId": PENDING})]
    assert planned.change.action == "create"
    assert [wait.args for wait in planned.settle] == [{"VpcEndpointId": PENDING}]


def test_several_endpoints_are_made_before_any_is_waited_for() -> None:
    other = want(label="ssm", service_name="com.amazonaws.eu-central-1.ssm")
    made = [plan_present(item, None) for item in (want(), other, bucket(route_table_ids=["rtb-1"]))]
    plan = Plan(tuple(item.change for item in made), {})
    assert [(step.stage, step.verb) for step in plan.steps] == [
        (0, "create_endpoint"),
        (0, "create_endpoint"),
        (0, "create_endpoint"),
        (1, "modify_endpoint"),
        (1, "modify_endpoint"),
    ]
    assert [item["name"] for item in plan.actions] == ["kms", "ssm", "s3"]


SAME: list[tuple[str, Wanted, dict[str, Any]]] = [
    ("all as it is", want(), raw()),
    ("nothing said", Wanted("kms", VPC, KMS), raw(PrivateDnsEnabled=False)),
    ("order", want(subnet_ids=["subnet-b", "subnet-a", "subnet-b"]), raw()),
    ("no policy is the default", want(reset_policy=True), raw()),
    ("spelling of the policy", want(policy=json.dumps(json.loads(POLICY), indent=4)), raw(PolicyDocument=POLICY)),
    (
        "others' groups without purge",
        want(purge_security_groups=False),
        raw(Groups=[{"GroupId": "sg-1"}, {"GroupId": "x"}]),
    ),
    ("others' subnets without purge", want(subnet_ids=["subnet-a"], purge_subnets=False), raw()),
    (
        "others' tags",
        want(tags={"Name": "kms"}, purge_tags=False),
        raw(Tags=[*raw()["Tags"], {"Key": "a", "Value": "b"}]),
    ),
    ("gateway", bucket(route_table_ids=["rtb-1"]), gateway()),
    ("a capital state", want(), raw(State="Available")),
    (
        "inbound resolver only means nothing without private DNS",
        want(private_dns_enabled=False, private_dns_only_for_inbound_resolver_endpoint=True),
        raw(PrivateDnsEnabled=False),
    ),
]


@pytest.mark.parametrize("case", SAME, ids=[row[0] for row in SAME])
def test_nothing_is_done_where_nothing_differs(case: tuple[str, Wanted, dict[str, Any]]) -> None:
    planned = plan_present(case[1], normalise(case[2]), zones=ZONES)
    assert (calls(planned), planned.settle) == ([], ())
    assert planned.after == normalise(case[2])


MODIFY = "modify_endpoint"
Expected = list[tuple[int, str, dict[str, Any]]]
CHANGES: list[tuple[str, Wanted, dict[str, Any], Expected]] = [
    ("policy", want(policy=POLICY), raw(), [(0, MODIFY, {"PolicyDocument": POLICY})]),
    (
        "policy back",
        want(reset_policy=True),
        raw(PolicyDocument=POLICY),
        [(0, MODIFY, {"PolicyDocument": DEFAULT_POLICY})],
    ),
    ("subnet more", want(), raw(SubnetIds=["subnet-a"]), [(0, MODIFY, {"AddSubnetIds": ["subnet-b"]})]),
    ("subnet less", want(subnet_ids=["subnet-a"]), raw(), [(0, MODIFY, {"RemoveSubnetIds": ["subnet-b"]})]),
    (
        "a subnet goes only when the new one answers",
        want(subnet_ids=["subnet-b"]),
        raw(SubnetIds=["subnet-a"]),
        [(0, MODIFY, {"AddSubnetIds": ["subnet-b"]}), (1, MODIFY, {"RemoveSubnetIds": ["subnet-a"]})],
    ),
    (
        "another subnet in the same zone",
        want(subnet_ids=["subnet-a2", "subnet-b"]),
        raw(),
        [(0, MODIFY, {"AddSubnetIds": ["subnet-a2"], "RemoveSubnetIds": ["subnet-a"]})],
    ),
    (
        "security group",
        want(security_group_ids=["sg-2"]),
        raw(),
        [(0, MODIFY, {"AddSecurityGroupIds": ["sg-2"], "RemoveSecurityGroupIds": ["sg-1"]})],
    ),
    ("private DNS off", want(private_dns_enabled=False), raw(), [(0, MODIFY, {"PrivateDnsEnabled": False})]),
    ("private DNS on", want(), raw(PrivateDnsEnabled=False), [(1, MODIFY, {"PrivateDnsEnabled": True})]),
    (
        "private DNS on after the rest",
        want(policy=POLICY),
        raw(PrivateDnsEnabled=False),
        [(0, MODIFY, {"PolicyDocument": POLICY}), (1, MODIFY, {"PrivateDnsEnabled": True})],
    ),
    (
        "IP type with a DNS type that fits",
        want(ip_address_type="ipv6"),
        raw(),
        [(0, MODIFY, {"IpAddressType": "ipv6", "DnsOptions": {"DnsRecordIpType": "ipv6"}})],
    ),
    (
        "dualstack keeps its DNS type",
        want(ip_address_type="dualstack"),
        raw(),
        [(0, MODIFY, {"IpAddressType": "dualstack"})],
    ),
    (
        "DNS type",
        want(dns_record_ip_type="service-defined"),
        raw(IpAddressType="dualstack"),
        [(0, MODIFY, {"DnsOptions": {"DnsRecordIpType": "service-defined"}})],
    ),
    (
        "inbound resolver only",
        want(private_dns_only_for_inbound_resolver_endpoint=True),
        raw(),
        [(0, MODIFY, {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}})],
    ),
    (
        "tags",
        want(tags={"Name": "new"}),
        raw(Tags=[{"Key": "Name", "Value": "kms"}, {"Key": "old", "Value": "x"}]),
        [
            (0, "ec2.create_tags", {"Resources": [ID], "Tags": [{"Key": "Name", "Value": "new"}]}),
            (0, "ec2.delete_tags", {"Resources": [ID], "Tags": [{"Key": "old"}]}),
        ],
    ),
    (
        "route tables",
        bucket(route_table_ids=["rtb-2"]),
        gateway(),
        [(0, MODIFY, {"AddRouteTableIds": ["rtb-2"], "RemoveRouteTableIds": ["rtb-1"]})],
    ),
]


@pytest.mark.parametrize("case", CHANGES, ids=[row[0] for row in CHANGES])
def test_each_property_is_changed_alone_and_only_once(case: tuple[str, Wanted, dict[str, Any], Expected]) -> None:
    dummy, wanted, found, expected = case
    planned = plan_present(wanted, normalise(found), zones=ZONES)
    told = [
        (stage, verb, {key: args[key] for key in args if key != "VpcEndpointId"})
        for stage, verb, args in calls(planned)
    ]
    assert told == expected
    assert planned.change.action == "update"
    assert calls(plan_present(wanted, planned.after, zones=ZONES)) == []


def test_what_is_made_needs_nothing_more() -> None:
    for wanted in (want(tags={"a": "b"}), want(security_group_ids=None, default_groups=["sg-0"]), bucket()):
        planned = plan_present(wanted, None)
        assert calls(plan_present(wanted, planned.after)) == []


def test_a_pending_endpoint_is_waited_for_before_it_is_changed() -> None:
    planned = plan_present(want(policy=POLICY), normalise(raw(State="pending")), zones=ZONES)
    assert [wait.args for wait in planned.change.steps[0].needs] == [{"VpcEndpointId": ID}]
    resting = plan_present(want(), normalise(raw(State="pending")), zones=ZONES)
    assert (calls(resting), [wait.verb for wait in resting.settle]) == ([], ["endpoint"])


def test_the_default_group_is_shown_for_none() -> None:
    planned = plan_present(
        want(security_group_ids=None, default_groups=["sg-0"]), None, group_names={"sg-0": "default"}
    )
    assert "SecurityGroupIds" not in planned.change.steps[0].args
    assert planned.change.after is not None
    assert planned.change.after["groups"] == [{"group_id": "sg-0", "group_name": "default"}]


def test_one_on_its_way_out_is_waited_for_only_if_its_dns_is_in_the_way() -> None:
    going = [
        normalise(raw(State="deleting", VpcEndpointId=item, PrivateDnsEnabled=dns))
        for item, dns in (("a", True), ("b", False))
    ]
    assert matching(want(), going) == []
    planned = plan_present(want(), None, leaving=leaving(want(), going))
    assert [wait.args["VpcEndpointId"] for wait in planned.change.steps[1].needs] == [PENDING, "a"]
    # The name may be free only a little later.
    assert planned.change.steps[1].retry == ("InvalidParameter",)
    assert plan_present(want(), None).change.steps[1].retry == ()


def test_absent_deletes_and_waits() -> None:
    planned = plan_absent(want(), normalise(raw()))
    assert calls(planned) == [(0, "delete_endpoints", {"VpcEndpointIds": [ID]})]
    assert (planned.after, [wait.verb for wait in planned.settle]) == (None, ["endpoint"])
    going = plan_absent(want(endpoint_id=ID), normalise(raw(State="deleting")))
    assert (calls(going), [wait.verb for wait in going.settle]) == ([], ["endpoint"])
    assert plan_absent(want(), None).change.action == "none"


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([], WAITING),
        ([raw(State="pending")], WAITING),
        ([raw(State="pendingAcceptance")], WAITING),
        ([raw(State="Failed", LastError={"Code": "x", "Message": "no room"})], FAILED),
        ([raw(State="rejected")], FAILED),
        ([raw(PrivateDnsEnabled=False)], WAITING),
        ([raw()], DONE),
    ],
)
def test_available_means_available_with_the_wanted_dns(found: list[dict[str, Any]], status: str) -> None:
    assert waits.judge_available(True, found).status == status


@pytest.mark.parametrize(
    ("found", "status"), [([], DONE), ([raw(State="deleting")], WAITING), ([raw(State="deleted")], DONE)]
)
def test_gone(found: list[dict[str, Any]], status: str) -> None:
    assert waits.judge_gone(found).status == status


def test_a_failure_says_what_aws_says() -> None:
    text = waits.judge_available(None, [raw(State="failed", LastError={"Code": "x", "Message": "no room"})]).text
    assert "failed (no room)" in text
