# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xks_endpoint_service: back to nothing, in the order that AWS demands."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from scenarios.endpoint_services import ACCOUNT, Estate, estate
from scenarios.prerequisites import until

ABSENT = {"state": "absent"}
DELETE, REJECT = "DeleteVpcEndpointServiceConfigurations", "RejectVpcEndpointConnections"


@pytest.fixture
def place(emulator: Any) -> Estate:
    return estate(emulator)


@pytest.fixture
def made(place: Estate) -> dict[str, Any]:
    return place.run(allowed_principals=[ACCOUNT])


def state_of(place: Estate, service_id: str) -> list[str]:
    found = place.ec2.describe_vpc_endpoint_connections(Filters=[{"Name": "service-id", "Values": [service_id]}])
    return [item["VpcEndpointState"] for item in found["VpcEndpointConnections"]]


def test_absent_deletes_it_and_leaves_the_load_balancer(place: Estate, made: dict[str, Any]) -> None:
    planned, writes, dummy = place.again(check=True, **ABSENT)
    assert writes == []
    assert place.services() == [made["service_id"]]
    result, writes, dummy = place.again(**ABSENT)
    assert not result.get("failed"), result["msg"]
    assert writes == [DELETE]
    assert result["actions"] == planned["actions"]
    assert [item["action"] for item in result["actions"]] == ["delete"]
    assert result["diff"] == planned["diff"]
    assert result.keys() == planned.keys()
    assert place.services() == []
    assert place.elb.describe_load_balancers(LoadBalancerArns=[place.arn])["LoadBalancers"]
    assert result["service_id"] is None
    assert result["record"]["value"] == made["record"]["value"]
    result, writes, calls = place.again(**ABSENT)
    assert (result["changed"], writes, calls) == (False, [], 1)


def test_absent_is_reached_only_when_aws_says_so(place: Estate, made: dict[str, Any]) -> None:
    place.emulator.configure(time_scale=1.0, delays={"endpoint_service_delete": 0.7})
    assert place.run(**ABSENT)["changed"]
    assert place.services() == []


def test_a_deletion_under_way_is_waited_for_without_a_change(place: Estate, made: dict[str, Any]) -> None:
    place.emulator.configure(time_scale=1.0, delays={"endpoint_service_delete": 0.7})
    place.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[made["service_id"]])
    result, writes, dummy = place.again(**ABSENT)
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], writes) == (False, [])
    assert place.services() == []


def test_what_was_deleted_is_made_anew_by_the_next_run(place: Estate, made: dict[str, Any]) -> None:
    place.run(**ABSENT)
    result = place.run()
    assert not result.get("failed"), result["msg"]
    assert place.services() == [result["service_id"]]
    assert result["service_id"] != made["service_id"]


def test_made_anew_while_the_old_one_is_still_leaving(place: Estate, made: dict[str, Any]) -> None:
    place.emulator.configure(time_scale=1.0, delays={"endpoint_service_delete": 0.5})
    place.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[made["service_id"]])
    result = place.run()
    assert not result.get("failed"), result["msg"]
    assert result["service_id"] != made["service_id"]


def test_absent_by_id(place: Estate, made: dict[str, Any]) -> None:
    assert place.run(service_id=made["service_id"], **ABSENT)["changed"]
    assert place.services() == []
    assert not place.run(service_id=made["service_id"], **ABSENT)["changed"]


def test_a_live_connection_stops_it_and_is_named(place: Estate, made: dict[str, Any]) -> None:
    endpoint = place.connected(made)
    for check in (True, False):
        result, writes, dummy = place.again(check=check, **ABSENT)
        assert result["failed"]
        assert writes == []
        for part in (endpoint, "123456789012", "available", "Disconnect the key store", "force"):
            assert part in result["msg"]
    assert place.services() == [made["service_id"]]


def test_force_rejects_it_first(place: Estate, made: dict[str, Any]) -> None:
    place.connected(made)
    result, writes, dummy = place.again(force=True, **ABSENT)
    assert not result.get("failed"), result["msg"]
    assert writes == [REJECT, DELETE]
    assert place.services() == []


def test_what_goes_away_by_itself_is_waited_for_on_request(place: Estate, made: dict[str, Any]) -> None:
    endpoint = place.connected(made)
    assert state_of(place, made["service_id"]) == ["available"]

    def disconnect() -> None:
        time.sleep(0.3)
        place.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])

    thread = threading.Thread(target=disconnect)
    thread.start()
    result, writes, dummy = place.again(wait_for_disconnect=True, **ABSENT)
    thread.join()
    assert not result.get("failed"), result["msg"]
    assert REJECT not in writes
    assert place.services() == []


def test_a_connection_that_stays_is_an_error_that_says_what_was_reached(place: Estate, made: dict[str, Any]) -> None:
    endpoint = place.connected(made)
    result = place.run(wait_for_disconnect=True, wait_timeout=1, **ABSENT)
    assert result["failed"]
    assert endpoint in result["msg"]
    assert "the next run goes on from here" in result["msg"]
    assert place.services() == [made["service_id"]]


def test_a_load_balancer_is_not_taken_off_under_a_connection(place: Estate, made: dict[str, Any]) -> None:
    second = place.second_balancer()
    place.run(network_load_balancer_arns=[place.arn, second])
    endpoint = place.connected(made)
    result, writes, dummy = place.again(purge_network_load_balancer_arns=True)
    assert result["failed"]
    assert writes == []
    assert endpoint in result["msg"]
    place.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    until(lambda: not [state for state in state_of(place, made["service_id"]) if state != "deleted"])
    result = place.run(purge_network_load_balancer_arns=True)
    assert not result.get("failed"), result["msg"]
    assert result["vpc_endpoint_service"]["network_load_balancer_arns"] == [place.arn]


def test_a_new_dns_name_and_a_lost_principal_warn_of_who_is_connected(place: Estate, made: dict[str, Any]) -> None:
    endpoint = place.connected(made)
    result = place.run(private_dns_name="new.xks.example.com", purge_allowed_principals=True)
    assert not result.get("failed"), result["msg"]
    assert len(result["warnings"]) == 2
    assert all(endpoint in warning for warning in result["warnings"])
    assert [item["vpc_endpoint_id"] for item in result["vpc_endpoint_connections"]] == [endpoint]
    assert result["record"]["state"] == "pendingVerification"
