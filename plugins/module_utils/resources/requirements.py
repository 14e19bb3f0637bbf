# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of requirements, by number. Sources: the AWS KMS Developer Guide, the AWS PrivateLink Guide and the
Systems Manager User Guide. docs/requirements.md is made from it."""

from __future__ import annotations

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Requirement, Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources import (
    requirements_cloudhsm,
    requirements_endpoints,
    requirements_more,
    requirements_xks,
)

_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide"
# Documented job -> AWS's page about it.
LINKS = {
    "xks": f"{_KMS}/vpc-connectivity.html",
    "kms_endpoint": f"{_KMS}/kms-vpc-endpoint.html",
    "cloudhsm": f"{_KMS}/connect-keystore.html",
    "keys": f"{_KMS}/manage-cmk-keystore.html",
    "ssm": "https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html",
}

CATALOGUE: dict[str, Requirement] = {
    number: Requirement(number, sentence, job, severity, kind, how, LINKS[job])
    for number, job, severity, kind, sentence, how in (
        *requirements_xks.ROWS,
        *requirements_endpoints.ROWS,
        *requirements_cloudhsm.ROWS,
        *requirements_more.ROWS,
    )
}


def sentence(number: str) -> str:
    """What a requirement says."""
    return CATALOGUE[number].sentence


def unmet(number: str, what: str, found: str, fix: str, blocking: bool = True) -> Unmet:
    """The requirement NUMBER, broken by WHAT."""
    return Unmet(number, what, found, sentence(number), fix, blocking)
