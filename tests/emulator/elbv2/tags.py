# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of load balancers, target groups and listeners."""

from __future__ import annotations

from typing import Any

from ..errors import AwsError
from ..registry import Call, operation
from .state import elb, read_tags


@operation("elbv2", "DescribeTags")
def describe_tags(call: Call) -> dict[str, Any]:
    shown = []
    for arn in call.params["ResourceArns"]:
        tags = elb(call).tagged(arn).tags
        shown.append({"ResourceArn": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})
    return {"TagDescriptions": shown}


@operation("elbv2", "AddTags")
def add_tags(call: Call) -> dict[str, Any]:
    new = read_tags(call.params["Tags"])
    found = [elb(call).tagged(arn) for arn in call.params["ResourceArns"]]
    if any(len({**item.tags, **new}) > 50 for item in found):
        raise AwsError("TooManyTags", "The maximum number of tags is 50")
    for item in found:
        item.tags.update(new)
    return {}


@operation("elbv2", "RemoveTags")
def remove_tags(call: Call) -> dict[str, Any]:
    for item in [elb(call).tagged(arn) for arn in call.params["ResourceArns"]]:
        for key in call.params["TagKeys"]:
            item.tags.pop(key, None)
    return {}


@operation("elbv2", "*")
def not_emulated(call: Call) -> dict[str, Any]:
    # moto has balancers of its own that know nothing of these: better no answer than a wrong one.
    raise AwsError("InvalidAction", f"The emulator does not answer {call.operation}.")
