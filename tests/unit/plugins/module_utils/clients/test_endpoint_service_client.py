# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import endpoint_service as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError
from ansible_collections.keylink.aws.tests.unit.plugins.module_utils.resources.endpoint_states import (
    ARN,
    SECOND,
    SERVICE,
    balancer,
    service,
)
from botocore.stub import Stubber

DESCRIBE = "describe_vpc_endpoint_service_configurations"


@pytest.fixture
def elb(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.client("elbv2")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def refused(code: str, resource: str) -> dict[str, Any]:
    return {"Unsuccessful": [{"ResourceId": resource, "Error": {"Code": code, "Message": "because"}}]}


def test_a_refused_deletion_in_an_answer_of_200_is_an_error(aws: Aws, ec2: Stubber) -> None:
    """N12"""
    ec2.add_response(
        "delete_vpc_endpoint_service_configurations", refused("ExistingVpcEndpointConnections", SERVICE),
        {"ServiceIds": [SERVICE]},
    )
    with pytest.raises(AwsError) as caught:
        client.delete(aws, SERVICE)
    assert caught.value.code == "ExistingVpcEndpointConnections"
    assert caught.value.action == "ec2:DeleteVpcEndpointServiceConfigurations"
    assert SERVICE in caught.value.message


@pytest.mark.parametrize(
    "answer", [{}, {"Unsuccessful": []}, refused("InvalidVpcEndpointServiceId.NotFound", SERVICE)]
)
def test_what_is_gone_already_is_deleted(aws: Aws, ec2: Stubber, answer: dict[str, Any]) -> None:
    ec2.add_response("delete_vpc_endpoint_service_configurations", answer)
    client.delete(aws, SERVICE)


def test_a_refused_rejection_is_an_error(aws: Aws, ec2: Stubber) -> None:
    ec2.add_response(
        "reject_vpc_endpoint_connections", refused("InvalidState", "vpce-1"),
        {"ServiceId": SERVICE, "VpcEndpointIds": ["vpce-1"]},
    )
    with pytest.raises(AwsError, match="ec2:RejectVpcEndpointConnections: InvalidState: vpce-1: because"):
        client.reject(aws, SERVICE, ["vpce-1"])


def test_an_endpoint_that_went_meanwhile_needs_no_rejection(aws: Aws, ec2: Stubber) -> None:
    ec2.add_response("reject_vpc_endpoint_connections", refused("InvalidVpcEndpointId.NotFound", "vpce-1"))
    client.reject(aws, SERVICE, ["vpce-1"])


def test_a_zone_that_aws_does_not_take_up_yet_is_no_success(aws: Aws, ec2: Stubber) -> None:
    for zones in (["eu-central-1a"], ["eu-central-1a", "eu-central-1c"]):
        ec2.add_response(
            "modify_vpc_endpoint_service_configuration", {"Return": True}, {"ServiceId": SERVICE}
        )
        ec2.add_response(DESCRIBE, {"ServiceConfigurations": [service(AvailabilityZones=zones)]})
    with pytest.raises(AwsError, match="ZonesNotReady: eu-central-1c"):
        client.enable_zones(aws, SERVICE, ["eu-central-1c"])
    client.enable_zones(aws, SERVICE, ["eu-central-1c"])


def test_one_missing_load_balancer_hides_no_other(aws: Aws, ec2: Stubber, elb: Stubber) -> None:
    ec2.add_response(DESCRIBE, {"ServiceConfigurations": []})
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound")
    elb.add_response("describe_load_balancers", {"LoadBalancers": [balancer("third"), balancer()]}, {})
    found = client.around(aws, [ARN, SECOND])
    assert [item["LoadBalancerArn"] for item in found["load_balancers"]] == [ARN]


def test_all_pages_of_the_principals_are_read(aws: Aws, ec2: Stubber) -> None:
    first = {"AllowedPrincipals": [{"Principal": "arn:aws:iam::111111111111:root"}], "NextToken": "more"}
    second = {"AllowedPrincipals": [{"Principal": "cks.kms.eu-central-1.amazonaws.com"}]}
    operation = "describe_vpc_endpoint_service_permissions"
    ec2.add_response(operation, first, {"ServiceId": SERVICE})
    ec2.add_response(operation, second, {"ServiceId": SERVICE, "NextToken": "more"})
    assert len(client.principals(aws, SERVICE)) == 2


def test_two_creations_never_share_a_token(aws: Aws, ec2: Stubber) -> None:
    tokens: list[str] = []
    operation = "create_vpc_endpoint_service_configuration"

    def note(params: dict[str, Any], **_rest: Any) -> None:
        tokens.append(params["ClientToken"])

    aws.client("ec2").meta.events.register("provide-client-params.ec2.CreateVpcEndpointServiceConfiguration", note)
    for _number in range(2):
        ec2.add_response(operation, {"ServiceConfiguration": service()})
        client.create(aws, NetworkLoadBalancerArns=[ARN])
    assert len(set(tokens)) == 2
