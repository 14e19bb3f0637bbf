# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kms_vpc_endpoint: what it refuses before the first write, and that nobody loses AWS KMS meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scenarios.harness import CONNECTION
from scenarios.kms_endpoints import CALLER, KMS, NAME, REGION, Place, allow, place
from scenarios.prerequisites import client

CREATE, MODIFY = "CreateVpcEndpoint", "ModifyVpcEndpoint"
OTHER = json.dumps(allow("arn:aws:iam::123456789012:role/payments"))


@pytest.fixture
def here(emulator: Any) -> Place:
    return place(emulator)


def refused(here: Place, *says: str, number: str, check: bool = False, **given: Any) -> dict[str, Any]:
    """A run that must be refused before any write, with a requirement's number and some words."""
    result, writes, _calls = here.again(check=check, **given)
    assert result.get("failed"), result
    assert writes == []
    assert [item["number"] for item in result["unmet_requirements"] if item["blocking"]] == [number], result["msg"]
    missing = [text for text in (number, *says) if text not in result["msg"]]
    assert missing == [], result["msg"]
    return result


def statement(**changes: Any) -> str:
    return json.dumps(allow(**changes))


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"service": "s3"}, ["service: s3", "R87", "kms-fips"]),
    ({"service": "com.amazonaws.us-east-1.kms"}, ["R87", "Give kms", REGION]),
    ({"policy": "{"}, ["policy", "not valid JSON", "R97"]),
    ({"policy": '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'}, ["R97", "Principal"]),
    ({"policy": statement(Resource=[f"arn:aws:kms:*:*:key/{number:036}" for number in range(500)])}, ["R97", "20480"]),
    ({"policy": OTHER.replace("123456789012", "111122223333")}, ["R99", "111122223333"]),
    ({"policy": statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})}, ["R104", "aws:SourceIp"]),
    ({"vpc_endpoint_subnets": []}, ["vpc_endpoint_subnets", "R83"]),
    ({"vpc_endpoint_subnets": ["10.0.0.0/24"]}, ["vpc_endpoint_subnets: 10.0.0.0/24", "subnet-"]),
    ({"vpc_endpoint_security_groups": ["default"]}, ["vpc_endpoint_security_groups: default", "sg-"]),
    ({"vpc_endpoint_security_groups": []}, ["vpc_endpoint_security_groups: none", "R83"]),
    ({"security_group_name": "kms", "client_cidrs": []}, ["client_cidrs: none", "R88"]),
    ({"security_group_name": "default"}, ["security_group_name: default", "a name of its own"]),
    ({"security_group_name": "sg-0a"}, ["security_group_name: sg-0a"]),
    ({"client_cidrs": ["10.0.0.0/33"]}, ["client_cidrs: 10.0.0.0/33", "R88"]),
    ({"security_group_name": "kms", "vpc_endpoint_security_groups": ["sg-1"]}, ["mutually exclusive"]),
    ({"vpc_id": None}, ["one of the following is required: vpc_id, vpc_endpoint_id"]),
]


@pytest.mark.parametrize(("given", "says"), BAD, ids=[" ".join(row[0]) + str(at) for at, row in enumerate(BAD)])
def test_bad_input_is_named_before_any_call(emulator: Any, given: dict[str, Any], says: list[str]) -> None:
    nowhere = Place(emulator, "vpc-0a", ["subnet-0a"], "sg-0a")
    for check in (True, False):
        result = nowhere.run(check=check, **{"vpc_endpoint_security_groups": None, **given})
        assert result["failed"]
        assert [text for text in says if text not in result["msg"]] == [], result["msg"]
    assert emulator.calls() == []


def test_what_does_not_exist_is_named(here: Place) -> None:
    refused(here, "vpc_id", "no VPC vpc-0a", number="R83", vpc_id="vpc-0a")
    refused(here, "no endpoint vpce-0a", number="R83", vpc_id=None, vpc_endpoint_id="vpce-0a")
    refused(here, "no subnet subnet-0a in the VPC", number="R83", vpc_endpoint_subnets=["subnet-0a"])
    refused(here, "no security group sg-0a", number="R83", vpc_endpoint_security_groups=["sg-0a"])


def test_r80_a_region_without_the_service_says_what_there_is(here: Place) -> None:
    refused(here, f"AWS lists {KMS} and {KMS}-fips", number="R80", service=f"com.amazonaws.{REGION}.x.kms")


def test_peers_49_subnets_are_needed_to_make_an_endpoint(here: Place) -> None:
    refused(here, "vpc_endpoint_subnets", "each Availability Zone", number="R83", vpc_endpoint_subnets=None)


def test_peers_50_zones_that_the_service_lacks_are_left_out_and_told(emulator: Any) -> None:
    here = place(emulator, zones="abc")
    emulator.configure(zones_without={"kms": [f"{REGION}b"]})
    planned = here.run(check=True)
    result = here.made()
    assert sorted(here.look(result["vpc_endpoint_id"])["SubnetIds"]) == sorted([here.subnet_ids[0], here.subnet_ids[2]])
    assert result["skipped_subnets"] == planned["skipped_subnets"] == [
        {
            "subnet_id": here.subnet_ids[1], "availability_zone": f"{REGION}b",
            "reason": f"{KMS} is not offered in {REGION}b",
        }
    ]
    again, writes, _calls = here.again()
    assert (again["changed"], writes) == (False, [])
    refused(here, "none of which can be used", number="R83", vpc_endpoint_subnets=here.subnet_ids[1:2])


def test_two_subnets_in_a_zone_are_refused_before_the_call(emulator: Any) -> None:
    here = place(emulator, zones="abb")
    for check in (True, False):
        refused(here, here.subnet_ids[1], here.subnet_ids[2], f"all in {REGION}b", number="R83", check=check)


def test_r83_vpc_and_service_are_for_life(here: Place) -> None:
    endpoint = here.made()["vpc_endpoint_id"]
    other = place(here.emulator)
    refused(
        here, other.vpc_id, "second endpoint", number="R83", vpc_id=other.vpc_id, vpc_endpoint_id=endpoint,
        vpc_endpoint_subnets=None, vpc_endpoint_security_groups=None,
    )
    refused(here, f"{KMS}-fips", "state: absent", number="R83", vpc_endpoint_id=endpoint, service="kms-fips")


def test_absent_deletes_nothing_else_by_an_id(here: Place) -> None:
    other = here.foreign(ServiceName=f"com.amazonaws.{REGION}.ssm")
    fips = here.foreign(ServiceName=f"{KMS}-fips")
    elsewhere = place(here.emulator)
    for given in (
        {"vpc_endpoint_id": other}, {"vpc_endpoint_id": fips}, {"vpc_endpoint_id": other, "vpc_id": None},
        {"vpc_endpoint_id": fips, "service": "kms-fips", "vpc_id": elsewhere.vpc_id},
    ):
        refused(here, given["vpc_endpoint_id"] or "", "Name what it has", number="R83", state="absent", **given)
    here.made(state="absent", vpc_endpoint_id=fips, vpc_id=None, service="kms-fips")
    assert here.endpoints() == [other]


def test_several_endpoints_of_the_service_need_an_id(here: Place) -> None:
    first, second = here.foreign(), here.foreign()
    refused(here, first, second, "vpc_endpoint_id", number="R83")
    refused(here, first, second, "vpc_endpoint_id", number="R83", state="absent")
    assert here.made(vpc_endpoint_id=second)["vpc_endpoint_id"] == second
    here.made(state="absent", vpc_endpoint_id=first)
    assert here.endpoints() == [second]


@pytest.mark.parametrize("state", ["failed", "rejected", "expired"])
def test_an_endpoint_that_came_to_nothing_is_told_at_once(here: Place, state: str) -> None:
    here.emulator.outcome(KMS, state)
    result = here.run()
    assert result["failed"]
    assert state in result["msg"]
    assert "state: absent" in result["msg"]
    assert result["changed"]
    again = refused(here, state, "state: absent", number="R83")
    assert not again["changed"]
    here.made(state="absent")
    assert here.endpoints() == []


def test_peers_42_private_dns_comes_on_only_when_the_endpoint_answers(here: Place) -> None:
    here.emulator.configure(time_scale=1.0, delays={"endpoint": 0.4})
    result, writes, _calls = here.again()
    assert not result.get("failed"), result["msg"]
    assert writes == [CREATE, MODIFY]
    create, modify = (here.emulator.calls(action=name)[0] for name in (CREATE, MODIFY))
    assert create["params"]["PrivateDnsEnabled"] is False
    assert modify["params"] == {"VpcEndpointId": result["vpc_endpoint_id"], "PrivateDnsEnabled": True}
    between = [
        call["action"] for call in here.emulator.calls() if create["seq"] < call["seq"] < modify["seq"]
    ]
    assert set(between) == {"DescribeVpcEndpoints"}
    assert result["vpc_endpoint"]["private_dns_enabled"]


def test_without_wait_private_dns_still_comes_last(here: Place) -> None:
    here.emulator.configure(time_scale=1.0, delays={"endpoint": 0.3})
    assert here.made(wait=False)["vpc_endpoint"]["private_dns_enabled"]
    fast = here.made(wait=False, service="kms-fips", private_dns_enabled=False)
    assert fast["vpc_endpoint"]["state"] == "pending"


def test_a_subnet_is_left_only_when_the_new_one_answers(emulator: Any) -> None:
    here = place(emulator, zones="abc")
    first = here.made(vpc_endpoint_subnets=here.subnet_ids[:2])
    result, writes, _calls = here.again(vpc_endpoint_subnets=here.subnet_ids[1:])
    assert writes == [MODIFY, MODIFY]
    added, removed = (call["params"] for call in emulator.calls(action=MODIFY)[-2:])
    assert (added["AddSubnetIds"], removed["RemoveSubnetIds"]) == ([here.subnet_ids[2]], [here.subnet_ids[0]])
    assert result["vpc_endpoint_id"] == first["vpc_endpoint_id"]


def test_peers_36_private_dns_is_an_option_and_stays_as_it_is_without_it(here: Place) -> None:
    assert here.made(private_dns_enabled=None)["vpc_endpoint"]["private_dns_enabled"] is False
    on, writes, _calls = here.again(private_dns_enabled=True)
    assert (writes, on["vpc_endpoint"]["private_dns_enabled"]) == ([MODIFY], True)
    result, writes, _calls = here.again(private_dns_enabled=None)
    assert (result["changed"], writes, result["vpc_endpoint"]["private_dns_enabled"]) == (False, [], True)


def test_peers_38_an_endpoint_that_is_not_visible_yet_is_waited_for(here: Place) -> None:
    here.emulator.fault(kind="stale", service="ec2", action="DescribeVpcEndpoints", times=4, seconds=30)
    result = here.made()
    assert here.endpoints() == [result["vpc_endpoint_id"]]


def test_peers_40_tags_are_kept_by_the_second_run(here: Place) -> None:
    here.made(tags={"Name": "kms", "Team": "pay"})
    result, writes, _calls = here.again(tags={"Team": "pay", "Name": "kms"})
    assert (result["changed"], writes) == (False, [])


def test_peers_41_an_interface_endpoint_has_all_that_aws_gives_it_from_one_task(here: Place) -> None:
    wanted: dict[str, Any] = {
        "policy": allow(), "private_dns_enabled": True, "ip_address_type": "ipv4", "dns_record_ip_type": "ipv4",
        "tags": {"Name": "kms"},
    }
    made = here.look(here.made(**wanted)["vpc_endpoint_id"])
    assert (made["VpcEndpointType"], made["ServiceName"], made["State"]) == ("Interface", KMS, "available")
    assert sorted(made["SubnetIds"]) == sorted(here.subnet_ids)
    assert len(made["NetworkInterfaceIds"]) == len(here.subnet_ids)
    assert [group["GroupId"] for group in made["Groups"]] == [here.group_id]
    assert (made["PrivateDnsEnabled"], made["IpAddressType"]) == (True, "ipv4")
    assert made["DnsOptions"]["DnsRecordIpType"] == "ipv4"
    assert CALLER in made["PolicyDocument"]
    assert made["Tags"] == [{"Key": "Name", "Value": "kms"}]
    result, writes, _calls = here.again(**wanted)
    assert (result["changed"], writes) == (False, [])


def test_n14_peers_43_a_private_hosted_zone_in_the_way_is_named(here: Place) -> None:
    vpc = {"VPCRegion": REGION, "VPCId": here.vpc_id}
    zone = here.route53.create_hosted_zone(Name=NAME, VPC=vpc, CallerReference="1")["HostedZone"]["Id"]
    short = zone.rpartition("/")[2]
    for check in (True, False):
        refused(here, "private_dns_enabled", short, NAME, number="N14", check=check)
    here.made(private_dns_enabled=False)
    refused(here, short, number="N14", private_dns_enabled=True)
    # A zone above the name does not answer for it.
    here.route53.delete_hosted_zone(Id=zone)
    here.route53.create_hosted_zone(Name="amazonaws.com", VPC=vpc, CallerReference="2")
    here.made(private_dns_enabled=True)


def test_n14_peers_43_a_second_endpoint_in_the_way_is_named(here: Place) -> None:
    first, second = here.made()["vpc_endpoint_id"], here.foreign()
    refused(here, first, "private DNS off first", number="N14", vpc_endpoint_id=second, private_dns_enabled=True)
    here.made(vpc_endpoint_id=first, private_dns_enabled=False)
    here.made(vpc_endpoint_id=second, private_dns_enabled=True)


def test_the_private_dns_of_an_endpoint_on_its_way_out_is_waited_for(here: Place) -> None:
    first = here.made()["vpc_endpoint_id"]
    here.emulator.configure(time_scale=1.0, delays={"endpoint_delete": 0.5, "endpoint": 0.1})
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    result = here.made()
    assert result["vpc_endpoint_id"] != first
    assert result["vpc_endpoint"]["private_dns_enabled"]


def test_n14_zones_that_may_not_be_looked_at_are_a_warning(here: Place) -> None:
    here.emulator.configure(denied=["route53:ListHostedZonesByVPC"])
    result = here.made()
    assert [text for text in result["warnings"] if "route53:ListHostedZonesByVPC" in text]
    assert "warnings" not in here.made()


def test_peers_44_private_dns_that_hangs_ends_with_the_permission_that_is_missing(here: Place) -> None:
    here.emulator.fault(kind="timeout", service="ec2", action=MODIFY, contains="PrivateDnsEnabled", times=0, seconds=1)
    result = here.run(aws_config={"read_timeout": 0.2})
    assert result["failed"]
    assert "route53:AssociateVPCWithHostedZone" in result["msg"]
    assert len(here.emulator.calls(action=MODIFY)) == 2
    here.emulator.clear_faults()
    finished, writes, _calls = here.again()
    assert (writes, finished["vpc_endpoint"]["private_dns_enabled"]) == ([MODIFY], True)


def test_peers_45_only_what_differs_is_sent(here: Place) -> None:
    here.made(policy=json.dumps(allow()), private_dns_enabled=False)
    here.made(policy=json.dumps(allow()), private_dns_enabled=False, vpc_endpoint_subnets=here.subnet_ids[:1])
    sent = here.emulator.calls(action=MODIFY)[-1]["params"]
    assert set(sent) == {"VpcEndpointId", "RemoveSubnetIds"}


def test_peers_46_the_default_security_group_is_shown_and_warned_of(here: Place) -> None:
    none = {"vpc_endpoint_security_groups": None, "private_dns_enabled": False}
    filters = [{"Name": "vpc-id", "Values": [here.vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = here.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    planned = here.run(check=True, **none)
    assert planned["diff"][0]["after"]["groups"] == [{"group_id": default["GroupId"], "group_name": "default"}]
    result = here.made(**none)
    assert [text for text in result["warnings"] if default["GroupId"] in text and "default" in text]
    assert [item["group_id"] for item in result["vpc_endpoint"]["groups"]] == [default["GroupId"]]
    again, writes, _calls = here.again(**none)
    assert (again["changed"], writes, again.get("warnings")) == (False, [], None)


def test_peers_47_48_an_endpoint_that_is_being_made_is_waited_for_before_it_is_changed(here: Place) -> None:
    here.emulator.configure(time_scale=1.0, delays={"endpoint": 0.5})
    chosen = {"VpcEndpointType": "Interface", "VpcId": here.vpc_id, "ServiceName": KMS, "SubnetIds": here.subnet_ids}
    theirs = here.ec2.create_vpc_endpoint(**chosen, PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
    result = here.made(private_dns_enabled=True)
    assert (result["vpc_endpoint_id"], result["vpc_endpoint"]["state"]) == (theirs, "available")


def test_r91_r92_both_attributes_of_the_vpc_are_checked_and_set_on_request(emulator: Any) -> None:
    here = place(emulator, dns=False)
    here.ec2.modify_vpc_attribute(VpcId=here.vpc_id, EnableDnsSupport={"Value": False})
    refused(here, "enable_dns_support false and enable_dns_hostnames false", "enable_vpc_dns: true", number="R91")
    assert here.made(private_dns_enabled=False)["vpc_endpoint"]["private_dns_enabled"] is False
    wanted = {"private_dns_enabled": True, "enable_vpc_dns": True}
    planned, writes, _calls = here.again(check=True, **wanted)
    assert writes == []
    result, writes, _calls = here.again(**wanted)
    assert writes == ["ModifyVpcAttribute", "ModifyVpcAttribute", MODIFY]
    assert [(item["resource"], item["action"]) for item in result["actions"]] == [
        ("VPC", "update"), ("VPC endpoint", "update"),
    ]
    assert result["diff"] == planned["diff"]
    again, writes, _calls = here.again(**wanted)
    assert (again["changed"], writes) == (False, [])
    here.ec2.modify_vpc_attribute(VpcId=here.vpc_id, EnableDnsHostnames={"Value": False})
    told, writes, _calls = here.again(private_dns_enabled=True)
    assert (told["changed"], [item["number"] for item in told["unmet_requirements"]]) == (False, ["R91"])
    repaired, writes, _calls = here.again(**wanted)
    assert writes == ["ModifyVpcAttribute"]


def test_r88_clients_that_the_security_groups_shut_out_stop_private_dns(here: Place) -> None:
    narrow = {"vpc_endpoint_security_groups": [here.group("narrow", "10.0.0.0/20")]}
    for check in (True, False):
        refused(here, "10.0.0.0/16", "TCP 443", "client_cidrs", number="R88", check=check, **narrow)
    other_port = {"vpc_endpoint_security_groups": [here.group("http", "10.0.0.0/16", port=80)]}
    refused(here, "10.0.0.0/16", number="R88", **other_port)
    here.made(client_cidrs=["10.0.0.0/24"], **narrow)
    # With private DNS on, groups that shut clients out are no change either.
    refused(here, "10.0.0.0/16", number="R88", **other_port)
    told = here.made(**narrow)
    assert [(item["number"], item["blocking"]) for item in told["unmet_requirements"]] == [("R88", False)]


def test_r88_members_of_a_security_group_may_be_all_clients(here: Place) -> None:
    open_to_group = here.group("by-group")
    pair = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": here.group_id}]}]
    here.ec2.authorize_security_group_ingress(GroupId=open_to_group, IpPermissions=pair)
    given = {"vpc_endpoint_security_groups": [open_to_group]}
    told = here.made(**given)
    assert [(item["number"], item["blocking"]) for item in told["unmet_requirements"]] == [("R88", False)]
    quiet = here.made(client_security_groups=[here.group_id], **given)
    assert quiet["unmet_requirements"] == []
    refused(
        here, "sg-0b", number="R88", client_security_groups=["sg-0b"], service="kms-fips", **given
    )


def test_r95_a_policy_that_shuts_the_caller_out_is_refused_while_private_dns_is_on(here: Place) -> None:
    says = ("policy", CALLER, NAME, "bypass_policy_lockout_safety_check")
    for check in (True, False):
        refused(here, *says, number="R95", check=check, policy=OTHER)
    # Where the public name stays as it is, nobody is shut out.
    here.made(policy=OTHER, private_dns_enabled=False)
    refused(here, CALLER, number="R95", private_dns_enabled=True)
    result = here.made(private_dns_enabled=True, bypass_policy_lockout_safety_check=True)
    assert result["vpc_endpoint"]["private_dns_enabled"]
    # What is there already is not refused again.
    again, writes, _calls = here.again(policy=OTHER)
    assert (again["changed"], writes) == (False, [])


def test_r95_what_the_check_protects_from_is_real(here: Place) -> None:
    here.emulator.configure(callers_in_vpc={CONNECTION["access_key"]: here.vpc_id})
    kms = client(here.emulator.url, "kms")
    here.made(policy=json.dumps(allow()))
    assert kms.list_keys()["Keys"] == []
    here.made(policy=OTHER, bypass_policy_lockout_safety_check=True)
    with pytest.raises(ClientError, match="no VPC endpoint policy allows the kms:ListKeys action"):
        kms.list_keys()


def test_r95_a_session_is_let_in_by_its_role(here: Place) -> None:
    session = "arn:aws:sts::123456789012:assumed-role/payments/run"
    here.emulator.configure(identities={CONNECTION["access_key"]: session})
    here.made(policy=OTHER)
    refused(here, session, number="R95", policy=json.dumps(allow()))


def test_a_failing_policy_changes_nothing(here: Place) -> None:
    here.emulator.fault(kind="error", service="ec2", action=CREATE, code="InvalidPolicyDocument", status=400)
    result = here.run(policy=json.dumps(allow()))
    assert (result["failed"], result["changed"], here.endpoints()) == (True, False, [])
    first = here.made(private_dns_enabled=False)
    before = here.look(first["vpc_endpoint_id"])
    here.emulator.fault(kind="error", service="ec2", action=MODIFY, code="InvalidPolicyDocument", status=400)
    given = {"tags": {"Name": "kms"}, "vpc_endpoint_subnets": here.subnet_ids[:1]}
    result = here.run(policy=json.dumps(allow()), **given)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "InvalidPolicyDocument" in result["msg"]
    assert here.look(first["vpc_endpoint_id"]) == before


def test_an_answer_that_is_lost_makes_no_second_endpoint(here: Place) -> None:
    here.emulator.fault(kind="reset_after", service="ec2", action=CREATE)
    result = here.made()
    assert here.endpoints() == [result["vpc_endpoint_id"]]


def test_lost_answers_make_no_second_security_group(here: Place) -> None:
    for action in ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress"):
        here.emulator.fault(kind="reset_after", service="ec2", action=action)
    here.made(vpc_endpoint_security_groups=None, security_group_name="kms")
    named = [{"Name": "group-name", "Values": ["kms"]}]
    assert len(here.ec2.describe_security_groups(Filters=named)["SecurityGroups"]) == 1


def test_a_run_that_died_between_the_steps_is_finished_by_the_next(here: Place) -> None:
    here.emulator.fault(kind="error", service="ec2", action=MODIFY, code="OperationNotPermitted", status=400)
    died = here.run()
    assert (died["failed"], died["changed"]) == (True, True)
    result, writes, _calls = here.again(private_dns_enabled=True)
    assert (writes, result["vpc_endpoint"]["private_dns_enabled"]) == ([MODIFY], True)


def test_the_quota_and_a_missing_permission_are_explained(here: Place) -> None:
    here.emulator.configure(endpoint_quota=0)
    assert "50 interface endpoints" in here.run()["msg"]
    here.emulator.configure(endpoint_quota=50, denied=["ec2:CreateVpcEndpoint"])
    result = here.run()
    assert (result["failed"], result["iam_action"]) == (True, "ec2:CreateVpcEndpoint")
