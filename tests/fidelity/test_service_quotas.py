# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quotas that bear on external key stores, as Service Quotas tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fidelity.chain import refused

from emulator import server


@pytest.mark.parametrize(
    ("service", "code", "setting"),
    [("elasticloadbalancing", "L-69A177A2", "balancer_quota"), ("vpc", "L-29B6F2EB", "endpoint_quota")],
)
def test_a_quota_is_awss_default_or_what_was_set(
    emulator: server.Emulator, aws: Callable[[str], Any], service: str, code: str, setting: str
) -> None:
    quotas = aws("service-quotas")
    assert quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"] == 50
    emulator.configure(**{setting: 7})
    assert quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"] == 7


def test_what_is_refused(emulator: server.Emulator, aws: Callable[[str], Any]) -> None:
    quotas = aws("service-quotas")
    refused("NoSuchResourceException", quotas.get_service_quota, ServiceCode="vpc", QuotaCode="L-00000000")
    emulator.configure(denied=["servicequotas:GetServiceQuota"])
    refused("AccessDeniedException", quotas.get_service_quota, ServiceCode="vpc", QuotaCode="L-29B6F2EB")
