# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook as users run it: from an empty account to CONNECTED and back, in both ways of running modules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scenarios import stage as staging
from scenarios.stage import Stage

ORDINARY = ("-e", "keylink_in_process=false")
RESOURCES = [
    "VPC payments",
    "subnet payments-eu-central-1a",
    "subnet payments-eu-central-1b",
    "target group payments",
    "Network Load Balancer payments",
    "listener payments:443",
    "endpoint service payments",
    "allowed principals payments",
    f"TXT record {staging.NAME}",
    f"domain verification {staging.NAME}",
    "external key store payments",
    "connection payments",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staging.running(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.empty_account()
    return running


def writes(stage: Stage) -> list[str]:
    return [call["action"] for call in stage.calls(mutating=1)]


def play(stage: Stage, *options: str) -> tuple[str, list[str]]:
    """The output of a run that must succeed, and the calls that wrote."""
    before = len(writes(stage))
    done = stage.play(*options)
    assert done.returncode == 0, done.stdout
    return done.stdout, writes(stage)[before:]


def changed(output: str) -> int:
    (count,) = re.findall(r"changed=(\d+)", output)
    return int(count)


def lines(output: str) -> list[tuple[str, str]]:
    """(sign, resource and name) of the summary's lines."""
    return re.findall(r"^  ([-+~=]) \w+ +(.+?)(?: \([\w-]+\))?$", output, flags=re.MULTILINE)


@pytest.mark.parametrize("way", [(), ORDINARY], ids=["in-process", "ordinary"])
def test_from_an_empty_account_to_connected_and_back(stage: Stage, way: tuple[str, ...]) -> None:
    plan, written = play(stage, *way, "--check", "--diff")
    assert written == []
    assert [header for header in RESOURCES if f"+++ after: {header} (create)" not in plan] == []
    assert "Plan: 12 to create, 0 to change, 0 to delete, 0 unchanged. Nothing was changed." in plan
    assert lines(plan) == [("+", name) for name in RESOURCES]

    done, written = play(stage, *way)
    assert written
    assert lines(done) == lines(plan)
    assert re.search(r"^  state +CONNECTED$", done, flags=re.MULTILINE)
    (store,) = stage.client("kms").describe_custom_key_stores()["CustomKeyStores"]
    assert store["ConnectionState"] == "CONNECTED"

    calls = len(stage.calls())
    again, written = play(stage, *way)
    assert (changed(again), written) == (0, [])
    assert len(stage.calls()) - calls <= 25
    checked, written = play(stage, *way, "--check")
    assert (changed(checked), written) == (0, [])
    assert lines(checked) == [("=", name) for name in RESOURCES]

    plan, written = play(stage, *way, "--check", "-e", "xks_state=absent")
    assert written == []
    gone, written = play(stage, *way, "-e", "xks_state=absent")
    assert lines(gone) == lines(plan)
    assert {sign for sign, name in lines(gone)} == {"-"}
    assert leftovers(stage) == []
    again, written = play(stage, *way, "-e", "xks_state=absent")
    assert (changed(again), written) == (0, [])


def leftovers(stage: Stage) -> list[str]:
    ec2, elbv2, kms = stage.client("ec2"), stage.client("elbv2"), stage.client("kms")
    names = [{"Name": "tag-key", "Values": ["Name"]}]
    (zone,) = stage.client("route53").list_hosted_zones()["HostedZones"]
    records = stage.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return [
        *(item["VpcId"] for item in ec2.describe_vpcs(Filters=names)["Vpcs"]),
        *(item["SubnetId"] for item in ec2.describe_subnets(Filters=names)["Subnets"]),
        *(item["LoadBalancerArn"] for item in elbv2.describe_load_balancers()["LoadBalancers"]),
        *(item["TargetGroupArn"] for item in elbv2.describe_target_groups()["TargetGroups"]),
        *(item["ServiceId"] for item in ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]),
        *(item["CustomKeyStoreId"] for item in kms.describe_custom_key_stores()["CustomKeyStores"]),
        *(item["Name"] for item in records if item["Type"] == "TXT"),
    ]


def test_one_drift_of_each_resource_is_shown_and_repaired_alone(stage: Stage) -> None:
    play(stage)
    ec2, elbv2, kms, route53 = (stage.client(name) for name in ("ec2", "elbv2", "kms", "route53"))
    named = [{"Name": "tag:Name", "Values": ["payments", "payments-eu-central-1a"]}]
    (vpc,) = ec2.describe_vpcs(Filters=named)["Vpcs"]
    (subnet,) = ec2.describe_subnets(Filters=named)["Subnets"]
    (group,) = elbv2.describe_target_groups()["TargetGroups"]
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    (listener,) = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (service,) = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    (store,) = kms.describe_custom_key_stores()["CustomKeyStores"]
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    (record,) = (
        item
        for item in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if item["Type"] == "TXT"
    )

    def take_record_away() -> None:
        change = {"Action": "DELETE", "ResourceRecordSet": record}
        route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})

    def other_path_at_rest() -> None:
        kms.disconnect_custom_key_store(CustomKeyStoreId=store["CustomKeyStoreId"])
        kms.update_custom_key_store(CustomKeyStoreId=store["CustomKeyStoreId"], XksProxyUriPath="/kms/xks/v1")

    tag = {"Key": "team", "Value": "someone else"}
    drifts: list[tuple[Callable[[], object], list[str], list[str]]] = [
        (
            lambda: ec2.modify_vpc_attribute(VpcId=vpc["VpcId"], EnableDnsHostnames={"Value": False}),
            ["VPC payments"],
            ["ModifyVpcAttribute"],
        ),
        (
            lambda: ec2.delete_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "team"}]),
            ["subnet payments-eu-central-1a"],
            ["CreateTags"],
        ),
        (
            lambda: elbv2.modify_target_group_attributes(
                TargetGroupArn=group["TargetGroupArn"],
                Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true"}],
            ),
            ["target group payments"],
            ["ModifyTargetGroupAttributes"],
        ),
        (
            lambda: elbv2.add_tags(ResourceArns=[balancer["LoadBalancerArn"]], Tags=[tag]),
            ["Network Load Balancer payments"],
            ["AddTags"],
        ),
        (
            lambda: elbv2.add_tags(ResourceArns=[listener["ListenerArn"]], Tags=[tag]),
            ["listener payments:443"],
            ["AddTags"],
        ),
        (
            lambda: ec2.modify_vpc_endpoint_service_configuration(
                ServiceId=service["ServiceId"], AcceptanceRequired=True
            ),
            ["endpoint service payments"],
            ["ModifyVpcEndpointServiceConfiguration"],
        ),
        (
            lambda: ec2.modify_vpc_endpoint_service_permissions(
                ServiceId=service["ServiceId"], RemoveAllowedPrincipals=["cks.kms.eu-central-1.amazonaws.com"]
            ),
            ["allowed principals payments"],
            ["ModifyVpcEndpointServicePermissions"],
        ),
        (take_record_away, [f"TXT record {staging.NAME}"], ["ChangeResourceRecordSets"]),
        (
            lambda: kms.disconnect_custom_key_store(CustomKeyStoreId=store["CustomKeyStoreId"]),
            ["connection payments"],
            ["ConnectCustomKeyStore"],
        ),
        (
            other_path_at_rest,
            ["external key store payments", "connection payments"],
            ["UpdateCustomKeyStore", "ConnectCustomKeyStore"],
        ),
    ]
    tags = json.dumps({"xks_connectivity_tags": {"team": "payments"}})
    play(stage, "-e", tags)
    for drift, resources, repair in drifts:
        drift()
        output, written = play(stage, "-e", tags, "--diff")
        assert (resources, written) == (resources, repair)
        assert [name for sign, name in lines(output) if sign != "="] == resources
        assert [name for name in resources if f"+++ after: {name} (" not in output] == []
    assert play(stage, "-e", tags)[1] == []


def test_what_was_adopted_stays(stage: Stage) -> None:
    ec2 = stage.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/20", AvailabilityZone=f"eu-central-1{zone}")["Subnet"]
        for number, zone in ((0, "a"), (16, "b"))
    ]
    adopted = json.dumps(
        {"xks_connectivity_vpc_id": vpc, "xks_connectivity_subnet_ids": [item["SubnetId"] for item in subnets]}
    )
    play(stage, "-e", adopted)
    output, _written = play(stage, "-e", adopted, "-e", "xks_state=absent")
    assert {name for sign, name in lines(output) if sign == "="} == {
        "VPC payments",
        *(f"subnet {item['SubnetId']}" for item in subnets),
    }
    assert leftovers(stage) == []
    assert len(ec2.describe_subnets(SubnetIds=[item["SubnetId"] for item in subnets])["Subnets"]) == 2


def test_no_secret_anywhere_in_the_output(stage: Stage, tmp_path: Path) -> None:
    secret = json.loads(stage.variables.read_text())["xks_key_store_credential"]["raw_secret_access_key"]
    for way in ((), ORDINARY):
        stage.empty_account()
        output, _written = play(stage, *way, "-vvv", "--diff")
        assert secret not in output
        assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in output
    assert secret not in json.dumps(stage.calls())
