# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The buckets of AWS that SSM Agent and Patch Manager read (R171, R180, R185), as AWS's guide lists them by Region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# What follows the Region in the names of the patch buckets. The guide has no row for a Region that is not here, and a
# name cannot be derived: somebody else may own it.
PATCH_SUFFIXES: Mapping[str, str] = {
    "us-east-2": "552881074", "us-east-1": "1970c647d", "us-west-1": "8badb4304", "us-west-2": "34d7f99f8",
    "af-south-1": "bdd5f65a9", "ap-east-1": "632356271", "ap-south-2": "32f4b4128", "ap-southeast-3": "aa48fc462",
    "ap-southeast-4": "01e2c40d3", "ap-south-1": "cb7c62ff9", "ap-northeast-3": "67373598a",
    "ap-northeast-2": "10467995c", "ap-southeast-1": "7fdfd9ef7", "ap-southeast-2": "17283a275",
    "ap-northeast-1": "4849fa78f", "ca-central-1": "3148e69e3", "ca-west-1": "9e3a4b2f9", "eu-central-1": "9163fdaaf",
    "eu-west-1": "5522fb710", "eu-west-2": "902a2bc74", "eu-south-1": "c52f3f594", "eu-west-3": "29bf85721",
    "eu-south-2": "a4cf248b1", "eu-north-1": "795879e9b", "eu-central-2": "184ce43c8", "il-central-1": "e221cb57b",
    "me-south-1": "a53fc9dce", "me-central-1": "2932f2f80", "sa-east-1": "ddf4b6a09",
}
# Where the bucket of the patch baseline snapshots has a suffix too.
SNAPSHOT_SUFFIXES: Mapping[str, str] = {
    "af-south-1": "-tbxdb5b9", "ap-south-2": "-50209442", "ap-southeast-3": "-be0a3174",
    "ap-southeast-4": "-dc6f76ce", "eu-south-2": "-df2c9d70", "me-south-1": "-uduvl7q8",
}


def partition(region: str) -> str:
    """The partition of ARNs in REGION."""
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc"), ("us-iso", "aws-iso")):
        if region.startswith(start):
            return "aws-iso-b" if region.startswith("us-isob-") else name
    return "aws"


def managed_buckets(region: str, given: Iterable[str] = ()) -> list[str]:
    """The names of AWS's buckets of REGION and those that the user GIVEs; of an unknown Region only the latter."""
    return list(dict.fromkeys([*_known(region), *given]))


def is_known(region: str) -> bool:
    """Whether AWS's guide lists the buckets of REGION."""
    return region in PATCH_SUFFIXES


def _known(region: str) -> list[str]:
    if not is_known(region):
        return []
    suffix = PATCH_SUFFIXES[region]
    return [
        f"aws-windows-downloads-{region}",
        f"amazon-ssm-{region}",
        f"aws-ssm-{region}",
        f"{region}-birdwatcher-prod",
        f"patch-baseline-snapshot-{region}{SNAPSHOT_SUFFIXES.get(region, '')}",
        f"aws-patch-manager-{region}-{suffix}",
        f"aws-patchmanager-macos-{region}-{suffix}",
    ]


def object_arns(region: str, buckets: Iterable[str]) -> list[str]:
    """The ARNs of all objects of BUCKETS."""
    return [f"arn:{partition(region)}:s3:::{bucket}/*" for bucket in buckets]


def bucket_arns(region: str, buckets: Iterable[str]) -> list[str]:
    """The ARNs of BUCKETS themselves."""
    return [f"arn:{partition(region)}:s3:::{bucket}" for bucket in buckets]
