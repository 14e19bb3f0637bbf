# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a CloudHSM cluster, and what AWS KMS would refuse about it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources import hsm_cluster

ID = "cluster-234567abcde"
GROUP = "sg-1"
WITHIN = {"IpProtocol": "tcp", "FromPort": 2223, "ToPort": 2225, "UserIdGroupPairs": [{"GroupId": GROUP}]}
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def raw(inbound: Any = None, outbound: Any = None, free: tuple[int, ...] = (9, 9), **others: Any) -> dict[str, Any]:
    members = {name: others.pop(name) for name in list(others) if name[0].isupper()}
    cluster = {
        "ClusterId": ID, "State": "ACTIVE", "NetworkType": "IPV4", "SecurityGroup": GROUP,
        "SubnetMapping": {"a": "subnet-0", "b": "subnet-1"},
        "Hsms": [{"AvailabilityZone": "a", "State": "ACTIVE"}, {"AvailabilityZone": "b", "State": "ACTIVE"}],
        **members,
    }
    return {
        "id": ID, "cluster": cluster, "former": None, "denied": [],
        "subnets": [{"SubnetId": f"subnet-{number}", "AvailableIpAddressCount": each}
                    for number, each in enumerate(free)],
        "groups": [{"GroupId": GROUP, "IpPermissions": [inbound or WITHIN], "IpPermissionsEgress": [outbound or ALL]}],
        **others,
    }


# What is read -> the requirements that are not met, "!" for those that stop a connect.
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "well": (raw(), []),
    "a wider range of ports": (raw({**WITHIN, "FromPort": 0, "ToPort": 65535}), []),
    "the group both ways": (raw(WITHIN, WITHIN), []),
    "another group inbound": (raw({**WITHIN, "UserIdGroupPairs": [{"GroupId": "sg-2"}]}), ["!N11"]),
    "a port too few": (raw({**WITHIN, "ToPort": 2224}), ["!N11"]),
    "UDP": (raw({**WITHIN, "IpProtocol": "udp"}), ["!N11"]),
    "nothing outbound": (raw(WITHIN, {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}), ["!N11"]),
    "no such group": (raw(groups=[]), ["!N11"]),
    "a group that nobody may see": (raw(groups=[], denied=["ec2:DescribeSecurityGroups"]), ["R128"]),
    "no cluster": (raw(cluster=None), ["!R145"]),
    "a cluster that nobody may see": (raw(cluster=None, denied=["cloudhsm:DescribeClusters"]), ["R128"]),
    "one full subnet": (raw(free=(0, 9)), ["!R126"]),
    "one address left": (raw(free=(1, 1)), ["R126"]),
    "a deleted subnet": (raw(free=(9,)), ["!R126"]),
    "subnets that nobody may see": (raw(free=(), denied=["ec2:DescribeSubnets"]), ["R128"]),
    "both kinds of addresses": (raw(NetworkType="DUALSTACK"), ["N11"]),
    "a broken cluster": (raw(State="DEGRADED"), ["!R128"]),
    "one HSM": (raw(Hsms=[{"AvailabilityZone": "a", "State": "ACTIVE"}]), ["N11"]),
    "HSMs in one zone": (raw(Hsms=[{"AvailabilityZone": "a", "State": "ACTIVE"}] * 3), ["N11"]),
    "another original": (raw(former={"ClusterId": "cluster-765432abcde"}), ["!R145"]),
    "a cluster from a backup": (
        raw(SourceBackupId="backup-234567abcde", former={"ClusterId": "cluster-765432abcde"}), []
    ),
    "in place of one from a backup": (
        raw(former={"ClusterId": "cluster-765432abcde", "SourceBackupId": "backup-234567abcde"}), []
    ),
    "HSMs that are no more": (raw(Hsms=[{"AvailabilityZone": "a", "State": "DELETED"}]), ["!R128"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_met(case: str) -> None:
    given, expected = CASES[case]
    cluster = hsm_cluster.normalise(given)
    found = hsm_cluster.preflight(cluster, two=False)
    assert [("!" if item.blocking else "") + item.number for item in found] == expected
    assert not any(item.blocking for item in hsm_cluster.health(cluster))


def test_two_hsms_are_wanted_for_anything_but_a_connect() -> None:
    cluster = hsm_cluster.normalise(CASES["one HSM"][0])
    (item,) = hsm_cluster.preflight(cluster, two=True)
    assert item.blocking
    assert hsm_cluster.active_hsm_count(cluster) == 1
    assert hsm_cluster.active_hsm_count(hsm_cluster.normalise(CASES["no cluster"][0])) is None


@pytest.mark.parametrize(
    ("code", "case", "gone"),
    [
        ("CLUSTER_NOT_FOUND", "well", True),
        ("CLUSTER_NOT_FOUND", "no cluster", False),
        ("CLUSTER_NOT_FOUND", "a cluster that nobody may see", False),
        ("INSUFFICIENT_CLOUDHSM_HSMS", "one HSM", True),
        ("INSUFFICIENT_CLOUDHSM_HSMS", "HSMs that are no more", False),
        ("SUBNET_NOT_FOUND", "well", True),
        ("SUBNET_NOT_FOUND", "a deleted subnet", False),
        ("SUBNET_NOT_FOUND", "subnets that nobody may see", False),
        ("INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", "one address left", True),
        ("INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", "one full subnet", False),
        ("INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", "subnets that nobody may see", False),
        ("USER_LOGGED_IN", "well", False),
        (None, "well", False),
    ],
)
def test_whether_the_cause_is_gone(code: str | None, case: str, gone: bool) -> None:
    assert hsm_cluster.cause_is_gone(code, hsm_cluster.normalise(CASES[case][0])) is gone
    assert hsm_cluster.cause_is_gone(code, None) is False
