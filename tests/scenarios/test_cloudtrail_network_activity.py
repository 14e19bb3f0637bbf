# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cloudtrail_network_activity against the embedded AWS: one selector on a trail that belongs to others (R110)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scenarios import prerequisites as before
from scenarios.endpoint_audit import DENIED, MANAGEMENT, NO_LISTING, Place, selector

NAME = "keylink.aws: kms.amazonaws.com through VPC endpoints"
NETWORK = {"eventCategory": ["NetworkActivity"], "eventSource": ["kms.amazonaws.com"]}
ONLY_DENIED = {"errorCode": ["VpceAccessDenied"]}
OTHER = "vpce-00000000000000000"
PUT = ["PutEventSelectors"]


@pytest.fixture
def place(emulator: Any) -> Place:
    return Place(emulator)


def ours(*ids: str, denied_only: bool = True) -> dict[str, Any]:
    more = {"vpcEndpointId": sorted(ids)} if ids else {}
    return selector(NAME, **NETWORK, **(ONLY_DENIED if denied_only else {}), **more)


def test_check_apply_check_apply(place: Place) -> None:
    place.trail(MANAGEMENT)
    options = {"vpc_endpoint_ids": [place.endpoint_id]}
    mark = place.mark()
    planned = place.network_activity(check=True, **options)
    assert place.actions(mark, mutating=True) == []
    done = place.network_activity(**options)
    assert place.actions(mark, mutating=True) == PUT
    assert place.selectors() == [MANAGEMENT, ours(place.endpoint_id)]
    assert (planned["changed"], done["changed"]) == (True, True)
    assert {key: planned[key] for key in planned if key != "invocation"} == {
        key: done[key] for key in done if key != "invocation"
    }
    assert done["selector"] == ours(place.endpoint_id)
    assert done["diff"][0]["before"] == {"selectors": ["Management events: eventCategory Equals Management"]}
    mark = place.mark()
    for check in (True, False):
        again = place.network_activity(check=check, **options)
        assert (again["changed"], "diff" in again) == (False, False)
        assert [(item["resource"], item["action"]) for item in again["actions"]] == []
    assert place.actions(mark, mutating=True) == []


def test_it_works(emulator: Any) -> None:
    place = Place(emulator, NO_LISTING)
    place.trail(MANAGEMENT)
    place.network_activity(vpc_endpoint_ids=[place.endpoint_id])
    with contextlib.suppress(ClientError):
        place.inside().list_keys()
    assert [row["operation"] for row in place.usage()["denied"]] == ["ListKeys"]


def test_drift_is_shown_and_repaired_alone(place: Place) -> None:
    place.trail(MANAGEMENT)
    options = {"vpc_endpoint_ids": [place.endpoint_id], "denied_only": False}
    place.network_activity(**options)
    theirs = selector("somebody's", eventCategory=["Data"], **{"resources.type": ["AWS::S3::Object"]})
    cloudtrail = before.client(place.url, "cloudtrail")
    cloudtrail.put_event_selectors(
        TrailName="audit", AdvancedEventSelectors=[theirs, ours(place.endpoint_id), MANAGEMENT]
    )
    repaired = place.network_activity(**options)
    (shown,) = repaired["diff"]
    assert [line for line in shown["before"]["selectors"] if line not in shown["after"]["selectors"]] == [
        f"{NAME}: eventCategory Equals NetworkActivity; eventSource Equals kms.amazonaws.com; "
        f"errorCode Equals VpceAccessDenied; vpcEndpointId Equals {place.endpoint_id}"
    ]
    assert place.selectors() == [theirs, ours(place.endpoint_id, denied_only=False), MANAGEMENT]


def test_endpoints_are_added_and_taken_away(place: Place) -> None:
    place.trail(MANAGEMENT)
    place.network_activity(vpc_endpoint_ids=[place.endpoint_id])
    place.network_activity(vpc_endpoint_ids=[OTHER])
    assert place.selectors()[1] == ours(OTHER, place.endpoint_id)
    assert place.network_activity(vpc_endpoint_ids=[place.endpoint_id])["changed"] is False
    gone = place.network_activity(state="absent", vpc_endpoint_ids=[OTHER])
    assert gone["selector"] == ours(place.endpoint_id)
    place.network_activity(state="absent", vpc_endpoint_ids=[place.endpoint_id])
    assert place.selectors() == [MANAGEMENT]
    assert place.network_activity(state="absent")["changed"] is False


def test_basic_selectors_are_refused_and_converted_only_when_asked(place: Place) -> None:
    place.trail()
    mark = place.mark()
    refused = place.network_activity(vpc_endpoint_ids=[place.endpoint_id])
    assert refused["failed"]
    assert "audit has basic event selectors (basic, All: management events yes). R110:" in refused["msg"]
    assert "convert_basic_selectors: true" in refused["msg"]
    assert place.actions(mark, mutating=True) == []
    done = place.network_activity(vpc_endpoint_ids=[place.endpoint_id], convert_basic_selectors=True)
    assert done["diff"][0]["before"] == {"selectors": ["basic, All: management events yes"]}
    assert (done["event_selectors"], place.selectors()) == ([], [MANAGEMENT, ours(place.endpoint_id)])
    assert place.network_activity(vpc_endpoint_ids=[place.endpoint_id])["changed"] is False


def test_what_basic_selectors_selected_is_selected_afterwards(place: Place) -> None:
    place.trail()
    basic = {
        "ReadWriteType": "WriteOnly", "IncludeManagementEvents": True,
        "ExcludeManagementEventSources": ["rdsdata.amazonaws.com"],
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket/"]}],
    }
    before.client(place.url, "cloudtrail").put_event_selectors(TrailName="audit", EventSelectors=[basic])
    place.network_activity(convert_basic_selectors=True)
    management, data, own = place.selectors()
    assert [item["Field"] for item in management["FieldSelectors"]] == ["eventCategory", "readOnly", "eventSource"]
    assert data["FieldSelectors"][-1] == {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::bucket/"]}
    assert own == ours()


def test_a_selector_that_has_it_already_is_enough(place: Place) -> None:
    place.trail(MANAGEMENT, DENIED)
    kept = place.network_activity(vpc_endpoint_ids=[place.endpoint_id])
    assert (kept["changed"], kept["covered_by"], kept["selector"]) == (False, "denied", None)
    gone = place.network_activity(state="absent", vpc_endpoint_ids=[place.endpoint_id])
    assert gone["changed"] is False
    assert "denied" in gone["warnings"][0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"trail": "none"}, "no trail none in eu-central-1"),
        ({"event_source": "ec2messages.amazonaws.com"}, "does not offer network activity events"),
        ({"vpc_endpoint_ids": ["vpc-0123456789abcdef0"]}, "ids of VPC endpoints"),
        ({"state": "absent"}, "needs one selector at least"),
    ],
)
def test_refusals_change_nothing(place: Place, options: dict[str, Any], text: str) -> None:
    place.trail(ours())
    mark = place.mark()
    refused = place.network_activity(**options)
    assert refused["failed"]
    assert text in refused["msg"]
    assert refused["changed"] is False
    assert place.actions(mark, mutating=True) == []


def test_a_trail_is_changed_in_its_home_region_only(place: Place) -> None:
    home = before.client(place.url, "cloudtrail", region="us-east-1")
    arn = home.create_trail(Name="central", S3BucketName="trails", IsMultiRegionTrail=True)["TrailARN"]
    assert "Set region: us-east-1." in place.network_activity(trail=arn)["msg"]
    done = place.network_activity(trail=arn, region="us-east-1", convert_basic_selectors=True)
    assert done["changed"] is True
    assert [item["found"] for item in done["unmet_requirements"]] == [
        "central does not log", "central delivers to the bucket trails only",
    ]


def test_what_aws_refuses_is_explained(place: Place) -> None:
    place.trail(MANAGEMENT)
    refused = place.network_activity(event_source="sqs.amazonaws.com")
    assert refused["failed"]
    assert "InvalidEventSelectorsException" in refused["msg"]
    assert "check event_source" in refused["msg"]
    place.emulator.configure(denied=["cloudtrail:PutEventSelectors"])
    assert "needs the permission cloudtrail:PutEventSelectors" in place.network_activity()["msg"]


def test_an_endpoint_that_is_planned(place: Place) -> None:
    place.trail(MANAGEMENT)
    pending = "(known after apply: vpc_endpoint.kms.vpc_endpoint_id)"
    planned = place.network_activity(check=True, vpc_endpoint_ids=[pending])
    assert planned["changed"] is True
    assert planned["selector"] == ours(pending)
