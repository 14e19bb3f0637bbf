# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_endpoint_service against the embedded AWS: made, kept, repaired, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.endpoint_services import ACCOUNT, KMS, NAME, PENDING_ARN, Estate, estate
from scenarios.prerequisites import client, network

Drift = Callable[[Estate, str], None]


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


def verbs(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item["resource"], item["name"], item["action"]) for item in result["actions"]]


def test_the_plan_of_an_empty_account_writes_nothing(emulator: Any) -> None:
    place = Estate(emulator, "", [], PENDING_ARN, "")
    result = place.run(check=True)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert emulator.calls(mutating=True) == []
    assert result["service_id"] == "(known after apply: endpoint_service.payments.service_id)"
    assert result["record"]["name"] == "(known after apply: endpoint_service.payments.record_name).xks.example.com"
    assert result["allowed_principals"] == [KMS]
    assert [item["before"] for item in result["diff"]] == [{}, {}]
    assert result["diff"][0]["after"]["private_dns_name"] == NAME


def test_the_run_does_what_the_plan_said(place: Estate) -> None:
    planned = place.run(check=True, tags={"Team": "pay"})
    assert place.services() == []
    result = place.run(tags={"Team": "pay"})
    assert not result.get("failed"), result["msg"]
    assert verbs(result) == verbs(planned)
    assert result.keys() == planned.keys()
    ours, told = result["vpc_endpoint_service"], planned["vpc_endpoint_service"]
    known = [key for key in told if "known after apply" not in str(told[key]) and key != "availability_zone_ids"]
    assert {key: ours[key] for key in known if key != "base_endpoint_dns_names"} == {
        key: told[key] for key in known if key != "base_endpoint_dns_names"
    }
    assert result["diff"][0]["after"] == {**planned["diff"][0]["after"], "service_id": result["service_id"]}


def test_what_is_made_is_what_kms_needs(place: Estate) -> None:
    """R56: the domain of a new service is pending verification."""
    result = place.run(tags={"Team": "pay"})
    made = place.service(result["service_id"])
    assert made["AcceptanceRequired"] is False
    assert made["NetworkLoadBalancerArns"] == [place.arn]
    assert made["PrivateDnsName"] == NAME
    assert made["SupportedIpAddressTypes"] == ["ipv4"]
    assert made["Tags"] == [{"Key": "Name", "Value": "payments"}, {"Key": "Team", "Value": "pay"}]
    assert place.principals(result["service_id"]) == [KMS]
    assert result["service_name"] == made["ServiceName"]
    assert result["service_state"] == "Available"
    proof = made["PrivateDnsNameConfiguration"]
    assert result["record"] == {
        "name": f"{proof['Name']}.xks.example.com",
        "candidates": [
            f"{proof['Name']}.xks.example.com", f"{proof['Name']}.example.com", f"{proof['Name']}.{NAME}",
            "xks.example.com", "example.com", NAME,
        ],
        "type": "TXT", "value": proof["Value"], "quoted_value": f'"{proof["Value"]}"', "ttl": 1800,
        "state": "pendingVerification",
    }
    assert "known after apply" not in str(result)


def test_a_second_run_reads_four_times_and_writes_nothing(place: Estate) -> None:
    first = place.run(tags={"Team": "pay"})
    result, writes, calls = place.again(tags={"Team": "pay"})
    assert not result["changed"]
    assert writes == []
    assert calls <= 4
    assert "diff" not in result
    kept = ("actions", "changed", "diff", "invocation", "warnings")
    assert {key: value for key, value in result.items() if key not in kept} == {
        key: value for key, value in first.items() if key not in kept
    }
    check, writes, dummy = place.again(check=True, tags={"Team": "pay"})
    assert not check["changed"]
    assert writes == []


def test_a_load_balancer_that_is_still_being_made_is_waited_for(emulator: Any) -> None:
    vpc_id, subnet_ids = network(emulator.url)
    emulator.configure(delays={"load_balancer": 0.5}, time_scale=1.0)
    elb = client(emulator.url, "elbv2")
    arn = elb.create_load_balancer(Name="slow", Type="network", Scheme="internal", Subnets=subnet_ids)[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    result = Estate(emulator, vpc_id, subnet_ids, arn, "").run()
    assert not result.get("failed"), result["msg"]
    assert result["vpc_endpoint_service"]["network_load_balancer_arns"] == [arn]


def modified(**arguments: Any) -> Drift:
    return lambda place, service_id: place.ec2.modify_vpc_endpoint_service_configuration(
        ServiceId=service_id, **arguments
    )


def tagged(place: Estate, service_id: str) -> None:
    place.ec2.create_tags(Resources=[service_id], Tags=[{"Key": "Team", "Value": "x"}])


def extra_tag(place: Estate, service_id: str) -> None:
    place.ec2.create_tags(Resources=[service_id], Tags=[{"Key": "Old", "Value": "x"}])


def shut_out(place: Estate, service_id: str) -> None:
    place.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service_id, RemoveAllowedPrincipals=[KMS])


def let_in(place: Estate, service_id: str) -> None:
    place.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service_id, AddAllowedPrincipals=[ACCOUNT])


def new_zone(place: Estate, service_id: str) -> None:
    subnet = place.ec2.create_subnet(VpcId=place.vpc_id, CidrBlock="10.0.64.0/20", AvailabilityZone="eu-central-1c")
    place.elb.set_subnets(
        LoadBalancerArn=place.arn, Subnets=[*place.subnet_ids, subnet["Subnet"]["SubnetId"]]
    )


def other_balancer(place: Estate, service_id: str) -> None:
    modified(AddNetworkLoadBalancerArns=[place.second_balancer()], RemoveNetworkLoadBalancerArns=[place.arn])(
        place, service_id
    )


def more_balancers(place: Estate, service_id: str) -> None:
    modified(AddNetworkLoadBalancerArns=[place.second_balancer()])(place, service_id)


CONFIGURE, ALLOW = "ModifyVpcEndpointServiceConfiguration", "ModifyVpcEndpointServicePermissions"
SERVICE, PRINCIPALS = "endpoint service", "allowed principals"
PURGE = {
    "tags": {"Team": "pay"}, "purge_allowed_principals": True, "purge_network_load_balancer_arns": True,
}
# What somebody did -> what is repaired, which key of the diff, which calls.
DRIFTS: dict[str, tuple[Drift, str, str, list[str]]] = {
    "acceptance": (modified(AcceptanceRequired=True), SERVICE, "acceptance_required", [CONFIGURE]),
    "DNS name": (modified(PrivateDnsName="a.example.com"), SERVICE, "private_dns_name", [CONFIGURE]),
    "no DNS name": (modified(RemovePrivateDnsName=True), SERVICE, "private_dns_name", [CONFIGURE]),
    "load balancer": (other_balancer, SERVICE, "network_load_balancer_arns", [CONFIGURE]),
    "load balancers": (more_balancers, SERVICE, "network_load_balancer_arns", [CONFIGURE]),
    "zone of the load balancer": (new_zone, SERVICE, "availability_zones", [CONFIGURE]),
    "tag": (tagged, SERVICE, "tags", ["CreateTags"]),
    "extra tag": (extra_tag, SERVICE, "tags", ["DeleteTags"]),
    "no principal": (shut_out, PRINCIPALS, "allowed_principals", [ALLOW]),
    "extra principal": (let_in, PRINCIPALS, "allowed_principals", [ALLOW]),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_shown_and_repaired_alone(place: Estate, drift: str) -> None:
    change, resource, key, calls = DRIFTS[drift]
    first = place.run(**PURGE)
    change(place, first["service_id"])
    planned, writes, dummy = place.again(check=True, **PURGE)
    assert writes == []
    assert [item["action"] for item in planned["actions"] if item["resource"] == resource] != ["keep"]
    result, writes, dummy = place.again(**PURGE)
    assert writes == calls
    assert verbs(result) == verbs(planned)
    assert result["diff"] == planned["diff"]
    [diff] = result["diff"]
    assert diff["before_header"].startswith(resource)
    assert {name for name in diff["after"] if diff["before"].get(name) != diff["after"][name]} == {key}
    assert result["service_id"] == first["service_id"]
    again, writes, dummy = place.again(**PURGE)
    assert (again["changed"], writes) == (False, [])


def test_what_others_added_stays_unless_purged(place: Estate) -> None:
    first = place.run()
    more_balancers(place, first["service_id"])
    let_in(place, first["service_id"])
    result, writes, dummy = place.again()
    assert (result["changed"], writes) == (False, [])
    assert len(result["vpc_endpoint_service"]["network_load_balancer_arns"]) == 2
    assert result["allowed_principals"] == sorted([KMS, ACCOUNT])


def test_a_key_store_of_another_account_is_let_in_by_its_role(place: Estate) -> None:
    place.run()
    result = place.run(allowed_principals=["arn:aws:iam::111111111111:role/KeyStoreManager"])
    assert verbs(result) == [(SERVICE, "payments", "keep"), (PRINCIPALS, "payments", "update")]
    assert place.principals(result["service_id"]) == ["arn:aws:iam::111111111111:role/KeyStoreManager", KMS]


def test_a_service_that_others_made_is_adopted_by_id(place: Estate) -> None:
    theirs = place.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[place.arn],
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "Name", "Value": "theirs"}]}],
    )["ServiceConfiguration"]["ServiceId"]
    result = place.run(service_id=theirs, tags={"Team": "pay"})
    assert result["service_id"] == theirs
    assert place.services() == [theirs]
    made = place.service(theirs)
    assert made["AcceptanceRequired"] is False
    assert made["PrivateDnsName"] == NAME
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {"Name": "theirs", "Team": "pay"}
    again, writes, dummy = place.again(service_id=theirs, tags={"Team": "pay"})
    assert (again["changed"], writes) == (False, [])


def test_an_answer_that_is_lost_makes_no_second_service(place: Estate) -> None:
    place.emulator.fault(kind="reset_after", service="ec2", action="CreateVpcEndpointServiceConfiguration")
    result = place.run()
    assert not result.get("failed"), result["msg"]
    assert place.services() == [result["service_id"]]


def test_a_run_that_died_between_the_steps_is_finished_by_the_next(place: Estate) -> None:
    place.emulator.fault(kind="error", service="ec2", action=ALLOW, code="OperationNotPermitted", status=400)
    died = place.run()
    assert died["failed"]
    assert ALLOW in died["msg"]
    result, writes, dummy = place.again()
    assert writes == [ALLOW]
    assert place.principals(result["service_id"]) == [KMS]


def test_one_zone_is_told(emulator: Any) -> None:
    result = estate(emulator, zones=("a",)).run()
    assert [(item["number"], item["blocking"]) for item in result["unmet_requirements"]] == [("R42", False)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"private_dns_name": "example.com"}, ["private_dns_name", "example.com", "R11", "xks-proxy.example.com"]),
        ({"private_dns_name": "proxy"}, ["single label", "R11"]),
        ({"private_dns_name": "*.xks.example.com"}, ["wildcard", "R11"]),
        ({"private_dns_name": "Proxy.example.com"}, ["lower-case", "N3"]),
        ({"private_dns_name": "x" * 60 + ".x" * 40 + ".example.com"}, ["120", "N3"]),
        ({"allowed_principals": ["*"]}, ["allowed_principals", "R9", "public"]),
        ({"supported_ip_address_types": ["ipv6"]}, ["supported_ip_address_types", "R55"]),
    ],
)
def test_bad_input_is_named_before_any_call(emulator: Any, given: dict[str, Any], says: list[str]) -> None:
    place = Estate(emulator, "", [], "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/net/x/0", "")
    place.arn = place.arn.replace(":1:", ":123456789012:")
    result = place.run(**given)
    assert result["failed"]
    assert all(part in result["msg"] for part in says), result["msg"]
    assert emulator.calls() == []


def test_what_belongs_to_another_service_is_refused_by_its_name(place: Estate) -> None:
    theirs = place.run(name="theirs")
    result, writes, dummy = place.again(name="ours")
    assert result["failed"]
    assert writes == []
    assert sorted(item["number"] for item in result["unmet_requirements"]) == ["N7", "R10"]
    assert f"{theirs['service_id']} (theirs)" in result["msg"]


def test_a_load_balancer_that_does_not_exist_is_named_also_in_check_mode(place: Estate) -> None:
    missing = place.arn[:-4] + "0000"
    result, writes, dummy = place.again(check=True, network_load_balancer_arns=[place.arn, missing])
    assert result["failed"]
    assert writes == []
    assert [item["number"] for item in result["unmet_requirements"]] == ["R29"]
    assert missing in result["msg"]


def test_a_missing_permission_is_named(place: Estate) -> None:
    place.emulator.configure(denied=["ec2:CreateVpcEndpointServiceConfiguration"])
    result = place.run()
    assert result["failed"]
    assert "ec2:CreateVpcEndpointServiceConfiguration" in result["msg"]
    assert place.services() == []
