# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kms_vpc_endpoint against the embedded AWS: made, kept, changed, repaired, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.kms_endpoints import KMS, NAME, REGION, Place, allow, place

CREATE, MODIFY, DELETE = "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"
POLICY = json.dumps(allow())


@pytest.fixture
def here(emulator: Any) -> Place:
    return place(emulator)


def verbs(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item["resource"], item["name"], item["action"]) for item in result["actions"]]


def changed_keys(diff: dict[str, Any]) -> set[str]:
    return {key for key in {*diff["before"], *diff["after"]} if diff["before"].get(key) != diff["after"].get(key)}


def test_the_plan_of_an_empty_account_writes_nothing(emulator: Any) -> None:
    pending = ["(known after apply: vpc.payments.vpc_id)", "(known after apply: subnet.a.subnet_id)"]
    nowhere = Place(emulator, pending[0], pending[1:], "")
    result = nowhere.run(check=True, vpc_endpoint_security_groups=None, security_group_name="kms")
    assert not result.get("failed"), result["msg"]
    assert emulator.calls(mutating=True) == []
    assert verbs(result) == [("security group", "kms", "create"), ("VPC endpoint", "kms", "create")]
    assert result["vpc_endpoint_id"] == "(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"
    assert result["vpc_endpoint"]["service_name"] == KMS
    assert result["vpc_endpoint"]["private_dns_enabled"] is True
    assert result["endpoint_url"] == f"https://{NAME}"


def test_the_run_does_what_the_plan_said(here: Place) -> None:
    """R82: in a VPC without any gateway."""
    given = {"tags": {"Name": "kms"}, "policy": POLICY}
    planned = here.run(check=True, **given)
    assert here.endpoints() == []
    result, writes, _calls = here.again(**given)
    assert not result.get("failed"), result["msg"]
    assert writes == [CREATE, MODIFY]
    assert verbs(result) == verbs(planned) == [("VPC endpoint", "kms", "create")]
    assert result.keys() == planned.keys()
    ours, told = result["vpc_endpoint"], planned["vpc_endpoint"]
    assert ours.keys() == told.keys()
    known = [key for key in told if "known after apply" not in str(told[key]) and key != "policy_document"]
    assert {"subnet_ids", "groups", "private_dns_enabled", "state", "tags", "ip_address_type"} <= set(known)
    assert {key: ours[key] for key in known} == {key: told[key] for key in known}
    assert result["diff"][0]["after"] == {**planned["diff"][0]["after"], "vpc_endpoint_id": result["vpc_endpoint_id"]}
    assert "known after apply" not in str(result)


def test_r81_r89_what_is_made_and_returned(here: Place) -> None:
    """R101: the policy, too."""
    result = here.made(tags={"Name": "kms"})
    made = here.look(result["vpc_endpoint_id"])
    assert made["ServiceName"] == KMS
    assert sorted(made["SubnetIds"]) == sorted(here.subnet_ids)
    assert len(made["NetworkInterfaceIds"]) == len(here.subnet_ids)
    assert [item["GroupId"] for item in made["Groups"]] == [here.group_id]
    assert made["Tags"] == [{"Key": "Name", "Value": "kms"}]
    assert result["result"] == result["vpc_endpoint"]
    assert result["vpc_endpoint"]["policy_document"] == made["PolicyDocument"]
    own = [item["DnsName"] for item in made["DnsEntries"] if ".vpce." in item["DnsName"]]
    assert result["endpoint_urls"] == [f"https://{name}" for name in own]
    assert own[0].endswith(f".kms.{REGION}.vpce.amazonaws.com")
    assert (result["endpoint_url"], result["private_dns_names"][0]) == (f"https://{NAME}", NAME)


def test_r89_without_private_dns_the_url_is_the_endpoints_own(here: Place) -> None:
    result = here.made(private_dns_enabled=False)
    assert result["endpoint_url"] == result["endpoint_urls"][0]
    assert f".kms.{REGION}.vpce.amazonaws.com" in result["endpoint_url"]
    assert result["private_dns_names"] == []


def test_a_second_run_reads_seven_times_and_writes_nothing(here: Place) -> None:
    given = {"tags": {"Name": "kms"}, "policy": POLICY, "enable_vpc_dns": True}
    first = here.made(**given)
    result, writes, calls = here.again(**given)
    assert (result["changed"], writes) == (False, [])
    assert calls <= 7
    assert "diff" not in result
    volatile = ("actions", "changed", "diff", "invocation", "warnings")
    assert {key: value for key, value in result.items() if key not in volatile} == {
        key: value for key, value in first.items() if key not in volatile
    }


# Option -> what is given beside the least, key of the diff, calls that write.
OPTIONS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "policy": ({"policy": POLICY}, "policy_document", [MODIFY]),
    "subnets": ({"vpc_endpoint_subnets": ["first"]}, "subnet_ids", [MODIFY]),
    "security groups": ({"vpc_endpoint_security_groups": ["second"]}, "groups", [MODIFY]),
    "security groups beside": (
        {"vpc_endpoint_security_groups": ["second"], "purge_security_groups": False}, "groups", [MODIFY],
    ),
    "private DNS": ({"private_dns_enabled": False}, "private_dns_enabled", [MODIFY]),
    "tags": ({"tags": {"Name": "kms"}}, "tags", ["CreateTags"]),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_changes_an_endpoint_in_place(here: Place, option: str) -> None:
    given, key, calls = OPTIONS[option]
    given = dict(given)
    if "vpc_endpoint_subnets" in given:
        given["vpc_endpoint_subnets"] = here.subnet_ids[:1]
    if "vpc_endpoint_security_groups" in given:
        given["vpc_endpoint_security_groups"] = [here.group("second", "10.0.0.0/8")]
    first = here.made()
    planned, writes, _calls = here.again(check=True, **given)
    assert (planned["changed"], writes) == (True, [])
    result, writes, _calls = here.again(**given)
    assert not result.get("failed"), result["msg"]
    assert writes == calls
    assert result["diff"] == planned["diff"]
    [diff] = result["diff"]
    assert changed_keys(diff) == {key}
    assert result["vpc_endpoint_id"] == first["vpc_endpoint_id"]
    for check in (True, False):
        again, writes, _calls = here.again(check=check, **given)
        assert (again["changed"], writes) == (False, [])


def outside(**changes: Any) -> Callable[[Place, str], Any]:
    return lambda here, endpoint: here.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, **changes)


def moved(here: Place, endpoint: str) -> None:
    here.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=here.subnet_ids[:1])


def regrouped(here: Place, endpoint: str) -> None:
    other = here.group("other", "10.0.0.0/8")
    here.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[here.group_id]
    )


def added_group(here: Place, endpoint: str) -> None:
    here.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[here.group("more")])


def tagged(here: Place, endpoint: str) -> None:
    here.ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "Name", "Value": "x"}])


def extra_tag(here: Place, endpoint: str) -> None:
    here.ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "Old", "Value": "x"}])


WIDER = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
DRIFTS: dict[str, tuple[Callable[[Place, str], Any], str, list[str]]] = {
    "policy": (outside(PolicyDocument=WIDER), "policy_document", [MODIFY]),
    "a subnet less": (moved, "subnet_ids", [MODIFY]),
    "security groups": (regrouped, "groups", [MODIFY]),
    "a security group more": (added_group, "groups", [MODIFY]),
    "private DNS off": (outside(PrivateDnsEnabled=False), "private_dns_enabled", [MODIFY]),
    "tag": (tagged, "tags", ["CreateTags"]),
    "extra tag": (extra_tag, "tags", ["DeleteTags"]),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_peers_37_a_drift_is_shown_and_repaired_alone(here: Place, drift: str) -> None:
    change, key, calls = DRIFTS[drift]
    given = {"policy": POLICY, "private_dns_enabled": True, "tags": {"Name": "kms"}}
    first = here.made(**given)
    change(here, first["vpc_endpoint_id"])
    planned, writes, _calls = here.again(check=True, **given)
    assert writes == []
    result, writes, _calls = here.again(**given)
    assert not result.get("failed"), result["msg"]
    assert (writes, verbs(result)) == (calls, [("VPC endpoint", "kms", "update")])
    assert result["diff"] == planned["diff"]
    assert changed_keys(result["diff"][0]) == {key}
    again, writes, _calls = here.again(**given)
    assert (again["changed"], writes) == (False, [])


def dual_stack(emulator: Any) -> Place:
    here = place(emulator)
    vpc = here.ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    here.ec2.modify_vpc_attribute(VpcId=vpc["VpcId"], EnableDnsHostnames={"Value": True})
    six = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    subnet = here.ec2.create_subnet(
        VpcId=vpc["VpcId"], CidrBlock="10.1.0.0/24", Ipv6CidrBlock=six.replace("/56", "/64")
    )["Subnet"]["SubnetId"]
    both = Place(emulator, vpc["VpcId"], [subnet], "")
    both.group_id = both.group("clients", "10.1.0.0/16")
    both.ec2.authorize_security_group_ingress(
        GroupId=both.group_id,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": six}]}],
    )
    return both


def test_ip_address_type_and_dns_records_are_changed_and_repaired(emulator: Any) -> None:
    here = dual_stack(emulator)
    first = here.made()
    wanted = {"ip_address_type": "dualstack", "dns_record_ip_type": "service-defined"}
    planned, writes, _calls = here.again(check=True, **wanted)
    assert writes == []
    result, writes, _calls = here.again(**wanted)
    assert (result["vpc_endpoint_id"], writes) == (first["vpc_endpoint_id"], [MODIFY])
    assert result["diff"] == planned["diff"]
    assert changed_keys(result["diff"][0]) == {"ip_address_type", "dns_options"}
    for key, change in (("dns_options", {"DnsOptions": {"DnsRecordIpType": "ipv4"}}),
                        ("ip_address_type", {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}})):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=first["vpc_endpoint_id"], **change)
        repaired, writes, _calls = here.again(**wanted)
        assert key in changed_keys(repaired["diff"][0])
        assert writes == [MODIFY]
    again, writes, _calls = here.again(**wanted)
    assert (again["changed"], writes) == (False, [])
    refused = here.run(check=True, ip_address_type="ipv6")
    assert "subnets that have IPv6 only" in refused["msg"]
    back = here.made(ip_address_type="ipv4")
    assert back["vpc_endpoint"]["dns_options"]["dns_record_ip_type"] == "ipv4"


def test_r96_purge_policy_puts_the_default_back(here: Place) -> None:
    here.made(policy=POLICY)
    kept, writes, _calls = here.again()
    assert (kept["changed"], writes) == (False, [])
    result, writes, _calls = here.again(purge_policy=True)
    assert writes == [MODIFY]
    assert json.loads(result["vpc_endpoint"]["policy_document"])["Statement"][0]["Action"] == "*"
    again, writes, _calls = here.again(purge_policy=True)
    assert (again["changed"], writes) == (False, [])


def test_r93_r96_policies_are_compared_by_meaning(here: Place) -> None:
    one = {"Sid": "a", **allow()["Statement"][0], "Action": ["kms:Decrypt", "kms:DescribeKey"]}
    two = {"Sid": "b", **allow()["Statement"][0], "Action": ["kms:ListKeys"]}
    here.made(policy=json.dumps({"Statement": [one, two]}))
    turned = {"Statement": [{**two, "Action": "KMS:ListKeys"}, {**one, "Action": one["Action"][::-1]}]}
    result, writes, _calls = here.again(policy=json.dumps(turned, indent=4))
    assert (result["changed"], writes) == (False, [])


def test_r94_an_endpoint_that_others_made_is_adopted(here: Place) -> None:
    theirs = here.foreign(SecurityGroupIds=[here.group_id])
    result = here.made(private_dns_enabled=True, policy=POLICY)
    assert (result["vpc_endpoint_id"], here.endpoints()) == (theirs, [theirs])
    assert verbs(result) == [("VPC endpoint", "kms", "update")]
    pinned, writes, _calls = here.again(vpc_id=None, vpc_endpoint_id=theirs)
    assert (pinned["changed"], writes, pinned["vpc_endpoint_id"]) == (False, [], theirs)


def test_r85_the_fips_endpoint_stands_beside_the_other(here: Place) -> None:
    here.made()
    fips = here.made(service="kms-fips")
    assert fips["vpc_endpoint"]["service_name"] == f"{KMS}-fips"
    assert fips["endpoint_url"] == f"https://kms-fips.{REGION}.amazonaws.com"
    result, writes, _calls = here.again(service=f"{KMS}-fips")
    assert (result["changed"], writes) == (False, [])
    here.made(service="kms-fips", state="absent")
    assert len(here.endpoints()) == 1


def test_lists_that_others_use_too_stay_without_purge(here: Place) -> None:
    here.made()
    added = here.group("more")
    endpoint = here.endpoints()[0]
    here.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[added])
    extra_tag(here, endpoint)
    result, writes, _calls = here.again(
        purge_security_groups=False, purge_subnets=False, purge_tags=False, tags={},
        vpc_endpoint_subnets=here.subnet_ids[:1],
    )
    assert (result["changed"], writes) == (False, [])
    assert len(result["vpc_endpoint"]["groups"]) == 2


def test_peers_39_absent_by_vpc_and_service_waits_until_it_is_gone(here: Place) -> None:
    endpoint = here.made()["vpc_endpoint_id"]
    here.emulator.configure(time_scale=1.0, delays={"endpoint_delete": 0.5})
    planned, writes, _calls = here.again(check=True, state="absent")
    assert writes == []
    result, writes, _calls = here.again(state="absent")
    assert writes == [DELETE]
    assert verbs(result) == verbs(planned) == [("VPC endpoint", "kms", "delete")]
    assert here.endpoints() == []
    assert result["vpc_endpoint"] is None
    assert any(endpoint in warning and "R106" in warning for warning in result["warnings"])
    for check in (True, False):
        again, writes, _calls = here.again(check=check, state="absent")
        assert (again["changed"], writes) == (False, [])


def test_an_endpoint_that_is_going_already_is_waited_for(here: Place) -> None:
    endpoint = here.made()["vpc_endpoint_id"]
    here.emulator.configure(time_scale=1.0, delays={"endpoint_delete": 0.5})
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    result, writes, _calls = here.again(state="absent")
    assert (result["changed"], writes, here.endpoints()) == (False, [], [])


def test_absent_in_a_vpc_that_is_gone(here: Place) -> None:
    result, writes, _calls = here.again(state="absent", vpc_id="vpc-00000000000000000")
    assert (result.get("failed"), result["changed"], writes) == (None, False, [])


def test_a_security_group_of_its_own(here: Place) -> None:
    own = {"vpc_endpoint_security_groups": None, "security_group_name": "kms", "tags": {"Name": "kms"}}
    planned, writes, _calls = here.again(check=True, **own)
    assert writes == []
    result, writes, _calls = here.again(**own)
    assert not result.get("failed"), result["msg"]
    assert writes == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", CREATE, MODIFY]
    assert verbs(result) == verbs(planned) == [("security group", "kms", "create"), ("VPC endpoint", "kms", "create")]
    named = [{"Name": "group-name", "Values": ["kms"]}]
    (group,) = here.ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    assert [item["GroupId"] for item in here.look(result["vpc_endpoint_id"])["Groups"]] == [group["GroupId"]]
    (rule,) = group["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"][0]["CidrIp"]) == (443, 443, "10.0.0.0/16")
    again, writes, _calls = here.again(**own)
    assert (again["changed"], writes) == (False, [])

    here.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    repaired, writes, _calls = here.again(**own)
    assert writes == ["AuthorizeSecurityGroupIngress"]
    assert changed_keys(repaired["diff"][0]) == {"rules"}
    narrower = {"client_cidrs": ["10.0.0.0/20"], "client_security_groups": [here.group_id], **own}
    assert here.again(**narrower)[1] == ["AuthorizeSecurityGroupIngress"]
    assert here.again(purge_clients=True, **narrower)[1] == ["RevokeSecurityGroupIngress"]

    gone, writes, _calls = here.again(state="absent", security_group_name="kms")
    assert writes == [DELETE, "DeleteSecurityGroup"]
    assert here.ec2.describe_security_groups(Filters=named)["SecurityGroups"] == []
    again, writes, _calls = here.again(state="absent", security_group_name="kms")
    assert (again["changed"], writes) == (False, [])


def test_a_security_group_that_others_use_stays(here: Place) -> None:
    own = {"vpc_endpoint_security_groups": None, "security_group_name": "kms"}
    group = here.made(**own)["vpc_endpoint"]["groups"][0]["group_id"]
    others = here.made(service="kms-fips", vpc_endpoint_security_groups=[group])
    result, writes, _calls = here.again(state="absent", security_group_name="kms")
    assert writes == [DELETE]
    assert ("security group", "kms", "keep") in verbs(result)
    assert any(others["vpc_endpoint"]["network_interface_ids"][0] in warning for warning in result["warnings"])
    here.made(state="absent", service="kms-fips")
    # Clients whose outbound rules name it.
    pair = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}]
    here.ec2.authorize_security_group_egress(GroupId=here.group_id, IpPermissions=pair)
    result, writes, _calls = here.again(state="absent", security_group_name="kms")
    assert (result["changed"], writes) == (False, [])
    assert any(here.group_id in warning for warning in result["warnings"])
    here.ec2.revoke_security_group_egress(GroupId=here.group_id, IpPermissions=pair)
    result, writes, _calls = here.again(state="absent", security_group_name="kms")
    assert writes == ["DeleteSecurityGroup"]
