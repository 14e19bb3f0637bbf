# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.clients import kms_vpc_endpoint, vpc_endpoint
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.core.errors import AwsError
from botocore.stub import ANY, Stubber

REGION, VPC, ID = "eu-central-1", "vpc-0123456789abcdef0", "vpce-0123456789abcdef0"


@pytest.fixture
def route53(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.client("route53")) as stub:
        yield stub
        stub.assert_no_pending_responses()


def unsuccessful(code: str) -> dict[str, Any]:
    return {"Unsuccessful": [{"ResourceId": ID, "Error": {"Code": code, "Message": "because"}}]}


def test_n12_a_refused_deletion_in_an_answer_of_200_is_an_error(aws: Aws, ec2: Stubber) -> None:
    ec2.add_response("delete_vpc_endpoints", unsuccessful("OperationNotPermitted"), {"VpcEndpointIds": [ID]})
    with pytest.raises(AwsError) as caught:
        vpc_endpoint.delete(aws, [ID])
    assert (caught.value.code, caught.value.action) == ("OperationNotPermitted", "ec2:DeleteVpcEndpoints")
    assert ID in caught.value.message


def test_an_endpoint_that_is_gone_already_is_no_refusal(aws: Aws, ec2: Stubber) -> None:
    ec2.add_response("delete_vpc_endpoints", unsuccessful("InvalidVpcEndpoint.NotFound"), {"VpcEndpointIds": [ID]})
    vpc_endpoint.delete(aws, [ID])


def test_an_endpoint_that_does_not_exist_is_nothing(aws: Aws, ec2: Stubber) -> None:
    ec2.add_client_error("describe_vpc_endpoints", "InvalidVpcEndpointId.NotFound")
    assert vpc_endpoint.one(aws, ID) == []


def test_each_run_has_a_token_of_its_own(aws: Aws, ec2: Stubber) -> None:
    for _run in range(2):
        ec2.add_response("create_vpc_endpoint", {}, {"VpcId": VPC, "ClientToken": ANY})
        vpc_endpoint.create(aws, VpcId=VPC)


def test_a_security_group_whose_answer_was_lost_is_found_by_its_name(aws: Aws, ec2: Stubber) -> None:
    ec2.add_client_error("create_security_group", "InvalidGroup.Duplicate")
    ec2.add_response("describe_security_groups", {"SecurityGroups": [{"GroupId": "sg-1"}]})
    made = vpc_endpoint.create_group(aws, GroupName="kms", Description="x", VpcId=VPC)
    assert made == {"GroupId": "sg-1"}


def summary(name: str, **owner: str) -> dict[str, Any]:
    return {"HostedZoneId": f"Z{name}", "Name": f"{name}.", "Owner": owner}


def test_hosted_zones_of_customers_are_read_to_the_last_page(aws: Aws, route53: Stubber) -> None:
    asked = {"VPCId": VPC, "VPCRegion": REGION}
    first = [summary("one", OwningAccount="123456789012"), summary("aws", OwningService="vpce.amazonaws.com")]
    last = [summary("two", OwningAccount="123456789012")]
    route53.add_response(
        "list_hosted_zones_by_vpc", {"HostedZoneSummaries": first, "MaxItems": "100", "NextToken": "more"}, asked
    )
    route53.add_response(
        "list_hosted_zones_by_vpc", {"HostedZoneSummaries": last, "MaxItems": "100"}, {**asked, "NextToken": "more"}
    )
    assert [item["Name"] for item in kms_vpc_endpoint.hosted_zones(aws, VPC) or []] == ["one.", "two."]


def test_hosted_zones_that_may_not_be_looked_at_are_not_none_at_all(aws: Aws, route53: Stubber) -> None:
    route53.add_client_error("list_hosted_zones_by_vpc", "AccessDenied")
    assert kms_vpc_endpoint.hosted_zones(aws, VPC) is None
