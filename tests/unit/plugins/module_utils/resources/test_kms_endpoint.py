# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the endpoint of AWS KMS: the fixed point, and what the order of the options never changes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Plan
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    kms_endpoint,
    kms_endpoint_checks,
    kms_endpoint_view,
)

REGION = "eu-central-1"
KMS = f"com.amazonaws.{REGION}.kms"
VPC, ID = "vpc-0123456789abcdef0", "vpce-0123456789abcdef0"
CALLER = "arn:aws:sts::123456789012:assumed-role/Deployer/run"
Raw = dict[str, Any]


def options(**others: Any) -> dict[str, Any]:
    return {
        "state": "present", "vpc_id": VPC, "vpc_endpoint_id": None, "service": "kms",
        "vpc_endpoint_subnets": ["subnet-a", "subnet-b"], "purge_subnets": True,
        "vpc_endpoint_security_groups": ["sg-1"], "purge_security_groups": True, "security_group_name": None,
        "client_cidrs": None, "client_security_groups": None, "purge_clients": True, "private_dns_enabled": True,
        "enable_vpc_dns": False, "ip_address_type": None, "dns_record_ip_type": None, "policy": None,
        "purge_policy": False, "bypass_policy_lockout_safety_check": False, "caller_actions": None, "tags": None,
        "purge_tags": True, "wait": True, "wait_timeout": 600, **others,
    }


def allow(principal: str, **others: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*", **others}
    return json.dumps({"Statement": [statement]})


def endpoint(**others: Any) -> Raw:
    return {
        "VpcEndpointId": ID, "VpcEndpointType": "Interface", "VpcId": VPC, "ServiceName": KMS, "State": "available",
        "SubnetIds": ["subnet-a", "subnet-b"], "Groups": [{"GroupId": "sg-1", "GroupName": "one"}],
        "IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}, "PrivateDnsEnabled": True,
        "NetworkInterfaceIds": ["eni-a", "eni-b"],
        "DnsEntries": [
            {"DnsName": f"{ID}-x.kms.{REGION}.vpce.amazonaws.com"}, {"DnsName": f"kms.{REGION}.amazonaws.com"},
        ],
        **others,
    }


def group(group_id: str, name: str, *cidrs: str) -> Raw:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": item} for item in cidrs]}
    return {"GroupId": group_id, "GroupName": name, "VpcId": VPC, "IpPermissions": [rule] if cidrs else []}


def service(code: str) -> Raw:
    return {
        "ServiceName": f"com.amazonaws.{REGION}.{code}", "ServiceType": [{"ServiceType": "Interface"}],
        "Owner": "amazon", "AvailabilityZones": [f"{REGION}a", f"{REGION}b"], "VpcEndpointPolicySupported": True,
        "PrivateDnsNames": [{"PrivateDnsName": f"{code}.{REGION}.amazonaws.com"}],
        "SupportedIpAddressTypes": ["ipv4", "ipv6"],
    }


def view(params: dict[str, Any], *endpoints: Raw, dns: bool = True, zones: str = "ab", **more: Any) -> Raw:
    """What the module sees."""
    subnets = [
        {"SubnetId": f"subnet-{zone}", "AvailabilityZone": REGION + zone, "CidrBlock": "10.0.0.0/24"} for zone in zones
    ]
    around = {
        # Names that end alike, as in AWS's list.
        "services": [service(code) for code in ("x-kms", "kms-fips", "kms", "kmsx")],
        "vpc": {"VpcId": VPC, "CidrBlock": "10.0.0.0/16"}, "dns_support": True, "dns_hostnames": dns,
        "endpoints": list(endpoints), "subnets": subnets,
        "groups": [group("sg-0", "default"), group("sg-1", "one", "10.0.0.0/16"), group("sg-2", "own", "10.0.0.0/8")],
    }
    seen = kms_endpoint_view.normalise(params, REGION, [], around)
    return kms_endpoint_view.with_more(seen, {"zones": [], "caller": CALLER, **more})


def calls(plan: Plan) -> list[str]:
    return [step.verb for step in plan.steps]


STATES: dict[str, tuple[dict[str, Any], list[Raw], list[str]]] = {
    "nothing": (options(), [], ["create_endpoint", "modify_endpoint"]),
    "as it should be": (options(), [endpoint()], []),
    "nothing said": (options(vpc_endpoint_subnets=None, vpc_endpoint_security_groups=None), [endpoint()], []),
    "another service": (options(), [endpoint(ServiceName=f"{KMS}-fips")], ["create_endpoint", "modify_endpoint"]),
    "DNS off": (options(), [endpoint(PrivateDnsEnabled=False)], ["modify_endpoint"]),
    "policy": (options(policy=allow("123456789012")), [endpoint()], ["modify_endpoint"]),
    "tags": (options(tags={"a": "b"}), [endpoint()], ["ec2.create_tags"]),
    "own group": (
        options(vpc_endpoint_security_groups=None, security_group_name="own"), [endpoint()],
        ["authorize_group", "ec2.revoke_security_group_ingress", "modify_endpoint"],
    ),
    "new group": (
        options(vpc_endpoint_security_groups=None, security_group_name="new"), [endpoint()],
        ["create_group", "authorize_group", "modify_endpoint"],
    ),
    "default group": (
        options(vpc_endpoint_security_groups=None, private_dns_enabled=False), [], ["create_endpoint"],
    ),
    "by id": (options(vpc_id=None, vpc_endpoint_id=ID), [endpoint(SubnetIds=["subnet-a"])], ["modify_endpoint"]),
    "absent": (options(state="absent"), [endpoint()], ["delete_endpoints"]),
    "absent already": (options(state="absent"), [], []),
    "absent with its group": (
        options(state="absent", security_group_name="own"), [endpoint()],
        ["delete_endpoints", "ec2.delete_security_group"],
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_done_and_that_it_is_enough(name: str) -> None:
    params, found, expected = STATES[name]
    state = view(params, *found)
    before = copy.deepcopy(state)
    plan = kms_endpoint.plan(params, state)
    assert [item for item in plan.unmet if item.blocking] == []
    assert calls(plan) == expected
    assert state == before
    again = kms_endpoint.plan(params, plan.after)
    assert (calls(again), [item for item in again.unmet if item.blocking]) == ([], [])


def test_both_attributes_of_the_vpc_are_set_resolution_first() -> None:
    params = options(enable_vpc_dns=True)
    state = view(params, endpoint(PrivateDnsEnabled=False), dns=False)
    plan = kms_endpoint.plan(params, state)
    assert calls(plan) == ["ec2.modify_vpc_attribute", "modify_endpoint"]
    assert plan.unmet == ()
    assert calls(kms_endpoint.plan(params, plan.after)) == []


def test_the_name_of_the_service_is_aws_own() -> None:
    for given, name in (("kms", KMS), ("kms-fips", f"{KMS}-fips"), (f"{KMS}-fips", f"{KMS}-fips")):
        params = options(service=given)
        plan = kms_endpoint.plan(params, view(params))
        assert plan.steps[0].args["ServiceName"] == name


def test_a_closer_look_is_taken_only_where_something_depends_on_it() -> None:
    nothing = {"vpc_id": None, "caller": False, "group_id": None}
    cases: list[tuple[dict[str, Any], list[Raw], dict[str, Any]]] = [
        (options(), [endpoint()], nothing),
        (options(private_dns_enabled=False), [], nothing),
        (options(), [], {**nothing, "vpc_id": VPC, "caller": True}),
        (options(policy=allow("*")), [endpoint()], {**nothing, "vpc_id": VPC, "caller": True}),
        (options(state="absent"), [endpoint()], nothing),
        (options(state="absent", security_group_name="own"), [], {**nothing, "group_id": "sg-2"}),
    ]
    for params, found, expected in cases:
        assert kms_endpoint.closer(params, view(params, *found)) == expected


KEY = f"arn:aws:kms:{REGION}:123456789012:key/0a0b0c0d-12ab-34cd-56ef-1234567890aa"
ROLE = "arn:aws:iam::123456789012:role/Deployer"
FULL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def denied_unless(**values: str) -> str:
    conditions = {"StringNotEquals": {f"aws:{key}": value for key, value in values.items()}}
    return json.dumps({"Statement": [FULL, {**FULL, "Effect": "Deny", "Condition": conditions}]})


# Policy, caller_actions -> whether the caller gets through; None where it cannot be told.
LOCKOUT: dict[str, tuple[str, list[str] | None, bool | None]] = {
    "everybody": (json.dumps({"Statement": FULL}), None, True),
    "its account": (allow("123456789012"), None, True),
    "its role": (allow(ROLE), None, True),
    "its session": (allow(CALLER), None, True),
    "another role": (allow("arn:aws:iam::123456789012:role/Other"), None, False),
    "another account": (allow("210987654321"), None, False),
    "one key": (allow(ROLE, Action="kms:Decrypt", Resource=KEY), None, True),
    "an alias is no key": (allow(ROLE, Action="kms:Decrypt", Resource=KEY.replace("key/", "alias/")), None, False),
    "listing has no key": (allow(ROLE, Action="kms:ListKeys", Resource=KEY), None, False),
    "listing": (allow(ROLE, Action="kms:ListKeys"), None, True),
    "not even listing": (allow(ROLE, Action="s3:*"), None, False),
    "what is asked for": (allow(ROLE, Action=["kms:Decrypt", "kms:DescribeKey"]), ["kms:Decrypt"], True),
    "not all that is asked for": (allow(ROLE, Action="kms:Decrypt"), ["kms:Decrypt", "kms:Sign"], False),
    "only its account": (denied_unless(PrincipalAccount="123456789012"), None, True),
    "only another account": (denied_unless(PrincipalAccount="210987654321"), None, False),
    "only this VPC": (denied_unless(sourceVpc=VPC), None, True),
    "only another VPC": (denied_unless(sourceVpc="vpc-0fedcba9876543210"), None, False),
    "only this endpoint": (denied_unless(sourceVpce=ID), None, True),
    "an organization": (denied_unless(PrincipalOrgID="o-1"), None, None),
}


@pytest.mark.parametrize("case", LOCKOUT)
def test_r95_whether_the_caller_is_shut_out(case: str) -> None:
    policy, actions, through = LOCKOUT[case]
    params = options(policy=policy, caller_actions=actions)
    plan = kms_endpoint.plan(params, view(params, endpoint()))
    assert [(item.number, item.blocking) for item in plan.unmet] == ([] if through else [("R95", True)])
    if not through:
        assert CALLER in plan.unmet[0].found
        assert ("cannot be told" in plan.unmet[0].found) is (through is None)
    off = {**params, "private_dns_enabled": False}
    assert kms_endpoint.plan(off, view(off, endpoint())).unmet == ()


def test_addresses_without_and_with_private_dns() -> None:
    own = f"https://{ID}-x.kms.{REGION}.vpce.amazonaws.com"
    for dns, expected in ((True, f"https://kms.{REGION}.amazonaws.com"), (False, own)):
        params = options(private_dns_enabled=dns)
        returned = kms_endpoint_view.returns(params, view(params, endpoint(PrivateDnsEnabled=dns)))
        assert (returned["endpoint_url"], returned["endpoint_urls"]) == (expected, [own])


def test_absent_needs_no_service_of_the_region() -> None:
    params = options(state="absent", service=KMS)
    assert kms_endpoint_checks.arguments(params, REGION) == []
    assert calls(kms_endpoint.plan(params, {**view(params, endpoint()), "service": None})) == ["delete_endpoints"]


def test_r81_a_subnet_without_an_interface_is_told() -> None:
    plan = kms_endpoint.plan(options(), view(options(), endpoint(NetworkInterfaceIds=["eni-a"])))
    assert [(item.number, item.blocking) for item in plan.unmet] == [("R81", False)]
    assert calls(plan) == []
