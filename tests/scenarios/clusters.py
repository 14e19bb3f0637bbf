# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudHSM clusters for key stores, what can be wrong with each, and what cures it: made in EC2 and in the cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from emulator import pki
from scenarios import prerequisites as before

PASSWORD = "kmsPswd1"
OTHER_PASSWORD = "kmsPswd2"
REGION = before.REGION
ZONES = (f"{REGION}a", f"{REGION}b")


@cache
def anchor() -> str:
    """The customerCA.crt of every cluster here."""
    return pki.new_root("customer CA").chain_pem().decode()


@dataclass(frozen=True)
class Estate:
    """A cluster in a VPC of its own, as its owner sees it."""

    world: Any
    cluster_id: str
    group_id: str
    vpc_id: str
    subnet_ids: tuple[str, ...]

    @property
    def ec2(self) -> Any:
        return before.client(self.world.url, "ec2")

    def change(self, **members: Any) -> dict[str, Any]:
        """Change the cluster, or its crypto user, as the CloudHSM console and CLI do."""
        found: dict[str, Any] = self.world.cloudhsm(id=self.cluster_id, region=REGION, **members)
        return found

    def forget(self) -> None:
        self.world.cloudhsm(forget=self.cluster_id, region=REGION)


def estate(world: Any, *, size: int = 20, **members: Any) -> Estate:
    """An active cluster with two HSMs in two zones, unless MEMBERS say otherwise. size: of the subnets, in bits."""
    ec2 = before.client(world.url, "ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{16 * number}.0/{size}", AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(ZONES)
    ]
    # A cluster from a backup has the certificate and the users of the original.
    own = {} if "lineage" in members else {"trust_anchor": anchor(), "password": PASSWORD}
    made = world.cloudhsm(region=REGION, **{"subnet_ids": subnet_ids, "hsms": list(ZONES), **own, **members})
    return Estate(world, made["id"], made["group_id"], vpc_id, tuple(subnet_ids))


def restored(original: Estate) -> Estate:
    """A second cluster from a backup of the first, in a network of its own."""
    return estate(original.world, lineage=original.cluster_id)


@dataclass(frozen=True)
class Flaw:
    """What makes a connect fail, and what repairs that.

    fix: options that the next task carries. repair: what somebody does in between.
    """

    make: Callable[[Estate, str], Any]
    repair: Callable[[Estate, str], Any] = lambda estate, store_id: None
    fix: Callable[[Estate], dict[str, Any]] = lambda estate: {}


def _new_password(estate: Estate, store_id: str) -> None:
    estate.change(password=OTHER_PASSWORD)


def _pass(estate: Estate) -> dict[str, Any]:
    return {"key_store_password": OTHER_PASSWORD}


def _restore(estate: Estate) -> dict[str, Any]:
    return {"cloud_hsm_cluster_id": restored(estate).cluster_id}


def _lock_out(estate: Estate, store_id: str) -> None:
    met = [estate.change(login="wrongPassword")["login"] for dummy in range(6)]
    assert met == ["INVALID_CREDENTIALS"] * 5 + ["USER_LOCKED_OUT"]


def _fill(estate: Estate, store_id: str) -> None:
    for dummy in range(11):
        estate.ec2.create_network_interface(SubnetId=estate.subnet_ids[0], Description="filler")


def _free(estate: Estate, store_id: str) -> None:
    found = estate.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["filler"]}])
    estate.ec2.delete_network_interface(NetworkInterfaceId=found["NetworkInterfaces"][0]["NetworkInterfaceId"])


def _acl(estate: Estate) -> str:
    acls = estate.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [estate.vpc_id]}])["NetworkAcls"]
    return str(acls[0]["NetworkAclId"])


def _wall(estate: Estate, store_id: str) -> None:
    estate.ec2.create_network_acl_entry(
        NetworkAclId=_acl(estate), RuleNumber=1, Protocol="6", RuleAction="deny", Egress=False,
        CidrBlock="0.0.0.0/0", PortRange={"From": 2000, "To": 3000},
    )


def _unwall(estate: Estate, store_id: str) -> None:
    estate.ec2.delete_network_acl_entry(NetworkAclId=_acl(estate), RuleNumber=1, Egress=False)


def _squat(estate: Estate, store_id: str) -> None:
    estate.ec2.create_security_group(GroupName=f"kms-{store_id}", Description="not yours", VpcId=estate.vpc_id)


def _unsquat(estate: Estate, store_id: str) -> None:
    found = estate.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"kms-{store_id}"]}])
    estate.ec2.delete_security_group(GroupId=found["SecurityGroups"][0]["GroupId"])


# Every ConnectionErrorCode of a CloudHSM key store, from a real cause, and AWS's own remedy for it.
FLAWS: dict[str, Flaw] = {
    "INTERNAL_ERROR": Flaw(_squat, _unsquat),
    "NETWORK_ERRORS": Flaw(_wall, _unwall),
    "INVALID_CREDENTIALS": Flaw(_new_password, fix=_pass),
    "CLUSTER_NOT_FOUND": Flaw(lambda estate, store_id: estate.forget(), fix=_restore),
    "INSUFFICIENT_CLOUDHSM_HSMS": Flaw(
        lambda estate, store_id: estate.change(hsms=[{"zone": ZONES[0], "state": "DEGRADED"}]),
        lambda estate, store_id: estate.change(hsms=list(ZONES)),
    ),
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": Flaw(_fill, _free),
    "SUBNET_NOT_FOUND": Flaw(
        lambda estate, store_id: estate.ec2.delete_subnet(SubnetId=estate.subnet_ids[1]), fix=_restore
    ),
    "USER_LOCKED_OUT": Flaw(_lock_out, _new_password, _pass),
    "USER_LOGGED_IN": Flaw(
        lambda estate, store_id: estate.change(login=PASSWORD),
        lambda estate, store_id: estate.change(logout=True),
        lambda estate: {"force": True},
    ),
    "USER_NOT_FOUND": Flaw(
        lambda estate, store_id: estate.change(user="missing"),
        lambda estate, store_id: estate.change(user="present", password=OTHER_PASSWORD),
        _pass,
    ),
}
