# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain as a whole: proof of the name by DNS, a store on top, and the order of the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity.estate import NAME, Chain, Estate, code_of

from emulator.proxy import XksProxy


def _service(estate: Estate, **more: Any) -> dict[str, Any]:
    dummy, subnet_ids = estate.network()
    return estate.service([estate.balancer(subnet_ids)], **more)


def _state(estate: Estate, service_id: str) -> str:
    return str(estate.described(service_id)["PrivateDnsNameConfiguration"]["State"])


def _start(estate: Estate, service_id: str) -> str:
    estate.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service_id)
    return _state(estate, service_id)


# Where the record is, with what; "_" stands for the token's label, "vpce" for the right value -> the outcome.
PROOFS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "at the name": ([(f"_.{NAME}", "vpce")], "verified"),
    "at the apex": ([("_.example.com", "vpce")], "verified"),
    "at the bare name": ([(NAME, "vpce")], "verified"),
    "nowhere": ([], "failed"),
    "wrong value": ([(f"_.{NAME}", "vpce:wrong")], "failed"),
    "lower case": ([(f"_.{NAME}", "lower")], "failed"),
    "beside": ([("_.other.example.com", "vpce")], "failed"),
}


@pytest.mark.parametrize(("records", "outcome"), PROOFS.values(), ids=list(PROOFS))
@pytest.mark.parametrize("over_dns", [False, True], ids=["zones", "dns"])
def test_proofs(over_dns: bool, records: list[tuple[str, str]], outcome: str, estate: Estate) -> None:
    if over_dns:
        # The emulated public zones, asked over UDP like any other DNS server.
        estate.emulator.configure(dns_server=f"127.0.0.1:{estate.emulator.dns_port}")
    made = _service(estate, PrivateDnsName=NAME)
    proof = made["PrivateDnsNameConfiguration"]
    values = {"vpce": proof["Value"], "lower": proof["Value"].lower()}
    zone_id = estate.zone()
    for name, value in records:
        full = f"{proof['Name']}{name[1:]}" if name.startswith("_") else name
        estate.publish(zone_id, full, "another value", values.get(value, value))
    assert _start(estate, made["ServiceId"]) == outcome


def test_a_private_zone_proves_nothing(estate: Estate) -> None:
    made = _service(estate, PrivateDnsName=NAME)
    proof = made["PrivateDnsNameConfiguration"]
    vpc = {"VPCRegion": "us-east-1", "VPCId": estate.vpc("10.9.0.0/16")}
    zone_id = estate.zone(VPC=vpc, HostedZoneConfig={"PrivateZone": True})
    estate.publish(zone_id, f"{proof['Name']}.{NAME}", proof["Value"])
    assert _start(estate, made["ServiceId"]) == "failed"
    # A failed name is looked at anew when asked.
    assert estate.verify(made["ServiceId"], estate.zone(reference="public")) == "verified"


def test_the_longest_zone_answers(estate: Estate) -> None:
    made = _service(estate, PrivateDnsName=NAME)
    proof = made["PrivateDnsNameConfiguration"]
    parent = estate.zone("example.com", "parent")
    estate.zone("xks.example.com", "child")
    estate.publish(parent, f"{proof['Name']}.{NAME}", proof["Value"])
    assert _start(estate, made["ServiceId"]) == "failed"


def test_reject_lets_the_service_go(estate: Estate, proxy: XksProxy) -> None:
    chain = estate.chain()
    store_id = estate.create(estate.store_params(chain))
    assert estate.connect(store_id) == ("CONNECTED", None)
    wanted = [{"Name": "service-id", "Values": [chain.service_id]}]
    describe = estate.ec2.describe_vpc_endpoint_connections
    endpoint_id = describe(Filters=wanted)["VpcEndpointConnections"][0]["VpcEndpointId"]
    modify = estate.ec2.modify_vpc_endpoint_service_configuration
    change = {"ServiceId": chain.service_id, "RemovePrivateDnsName": True}
    assert code_of(modify, **change) == "ExistingVpcEndpointConnections"
    ids = [endpoint_id, "vpce-00000000000000000"]
    refused = estate.ec2.reject_vpc_endpoint_connections(ServiceId=chain.service_id, VpcEndpointIds=ids)["Unsuccessful"]
    assert [(item["ResourceId"], item["Error"]["Code"]) for item in refused] == [
        ("vpce-00000000000000000", "InvalidVpcEndpointId.NotFound")
    ]
    assert describe(Filters=wanted)["VpcEndpointConnections"][0]["VpcEndpointState"] == "rejected"
    deleted = estate.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[chain.service_id])
    assert deleted["Unsuccessful"] == []


Delete = Callable[[Estate, Chain], Any]
# What is deleted too early -> AWS's refusal.
DELETIONS: dict[str, tuple[Delete, str]] = {
    "load balancer": (
        lambda estate, chain: estate.elbv2.delete_load_balancer(LoadBalancerArn=chain.balancer_arn),
        "ResourceInUse",
    ),
    "target group": (
        lambda estate, chain: estate.elbv2.delete_target_group(TargetGroupArn=chain.group_arn),
        "ResourceInUse",
    ),
    "subnet": (lambda estate, chain: estate.ec2.delete_subnet(SubnetId=chain.subnet_ids[0]), "DependencyViolation"),
    "VPC": (lambda estate, chain: estate.ec2.delete_vpc(VpcId=chain.vpc_id), "DependencyViolation"),
}


@pytest.mark.parametrize(("delete", "code"), DELETIONS.values(), ids=list(DELETIONS))
def test_too_early(delete: Delete, code: str, estate: Estate) -> None:
    assert code_of(delete, estate=estate, chain=estate.chain()) == code


def test_the_whole_way_back(estate: Estate, proxy: XksProxy) -> None:
    chain = estate.chain()
    store_id = estate.create(estate.store_params(chain))
    assert estate.connect(store_id) == ("CONNECTED", None)
    estate.kms.disconnect_custom_key_store(CustomKeyStoreId=store_id)
    estate.kms.delete_custom_key_store(CustomKeyStoreId=store_id)
    assert not estate.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[chain.service_id])["Unsuccessful"]
    for dummy in range(2):
        # What is not there is deleted with success.
        estate.elbv2.delete_load_balancer(LoadBalancerArn=chain.balancer_arn)
        estate.elbv2.delete_target_group(TargetGroupArn=chain.group_arn)
    for subnet_id in chain.subnet_ids:
        estate.ec2.delete_subnet(SubnetId=subnet_id)
    estate.ec2.delete_vpc(VpcId=chain.vpc_id)
    assert code_of(estate.ec2.describe_vpcs, VpcIds=[chain.vpc_id]) == "InvalidVpcID.NotFound"


def _balancer(estate: Estate, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = estate.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    return found


def test_provisioning_takes_its_time(estate: Estate) -> None:
    vpc_id, subnet_ids = estate.network()
    estate.emulator.configure(time_scale=1.0)
    arn = estate.balancer(subnet_ids)
    assert _balancer(estate, arn)["State"]["Code"] == "provisioning"
    estate.emulator.advance(100)
    assert _balancer(estate, arn)["State"]["Code"] == "provisioning"
    estate.emulator.advance(60)
    assert _balancer(estate, arn)["State"]["Code"] == "active"
    estate.emulator.configure(time_scale=0.0)
    estate.elbv2.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn])


def test_health_check_over_https(estate: Estate, proxy: XksProxy) -> None:
    group = estate.chain().group_arn
    outcomes = {}
    for path in ("/ping", "/nowhere"):
        estate.elbv2.modify_target_group(
            TargetGroupArn=group, HealthCheckProtocol="HTTPS", HealthCheckPath=path, Matcher={"HttpCode": "200"}
        )
        found = estate.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        outcomes[path] = {(item["TargetHealth"]["State"], item["TargetHealth"].get("Reason")) for item in found}
    assert outcomes == {"/ping": {("healthy", None)}, "/nowhere": {("unhealthy", "Target.ResponseCodeMismatch")}}
