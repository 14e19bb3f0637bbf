# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of EC2's resources, set and removed."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.keylink.aws.plugins.module_utils.core.compare import aws_tags, tag_changes
from ansible_collections.keylink.aws.plugins.module_utils.core.plan import Step


def tag_steps(
    current: Mapping[str, str], wanted: Mapping[str, str] | None, purge: bool, resource: str, what: str
) -> tuple[Step, ...]:
    """The steps that make the CURRENT tags of RESOURCE as WANTED; WANTED None leaves them as they are. what: the
    resource in words."""
    to_set, surplus = tag_changes(current, wanted, purge)
    steps = []
    if to_set:
        arguments = {"Resources": [resource], "Tags": aws_tags(to_set)}
        steps.append(Step("ec2.create_tags", arguments, say=f"tag {what}"))
    if surplus:
        keys = [{"Key": key} for key in surplus]
        steps.append(Step("ec2.delete_tags", {"Resources": [resource], "Tags": keys}, say=f"untag {what}"))
    return tuple(steps)
