# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Quotas: the value of a quota, for those that have to do with external key stores."""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .registry import Call, operation

# Service and code: name, setting.
QUOTAS = {
    "elasticloadbalancing/L-69A177A2": ("Network Load Balancers per Region", "balancer_quota"),
    "vpc/L-29B6F2EB": ("Interface VPC endpoints per VPC", "endpoint_quota"),
}


@operation("service-quotas", "GetServiceQuota")
def get_service_quota(call: Call) -> dict[str, Any]:
    service, code = call.params["ServiceCode"], call.params["QuotaCode"]
    name, setting = QUOTAS.get(f"{service}/{code}", ("", ""))
    if not name:
        raise AwsError("NoSuchResourceException", f"The request failed because the quota {code} is not known.", 400)
    value = float(getattr(call.settings, setting))
    return {
        "Quota": {
            "ServiceCode": service, "QuotaCode": code, "QuotaName": name, "Value": value, "Unit": "None",
            "QuotaArn": call.arn("servicequotas", f"{service}/{code}"), "Adjustable": True, "GlobalQuota": False,
        }
    }
