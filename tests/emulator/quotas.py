# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Quotas: the value of a quota, for those that have to do with external key stores."""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .registry import Call, operation

# AWS's defaults: service and code, name, value.
QUOTAS = {
    "elasticloadbalancing/L-69A177A2": ("Network Load Balancers per Region", 50.0),
    "vpc/L-29B6F2EB": ("Interface VPC endpoints per VPC", 50.0),
}


@operation("service-quotas", "GetServiceQuota")
def get_service_quota(call: Call) -> dict[str, Any]:
    service, code = call.params["ServiceCode"], call.params["QuotaCode"]
    name, usual = QUOTAS.get(f"{service}/{code}", ("", 0.0))
    if not name:
        raise AwsError("NoSuchResourceException", f"The request failed because the quota {code} is not known.", 400)
    value = call.settings.service_quotas.get(f"{service}/{code}", usual)
    return {
        "Quota": {
            "ServiceCode": service, "QuotaCode": code, "QuotaName": name, "Value": value, "Unit": "None",
            "QuotaArn": call.arn("servicequotas", f"{service}/{code}"), "Adjustable": True, "GlobalQuota": False,
        }
    }
