# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS KMS takes as a tag."""

from __future__ import annotations

from ..errors import AwsError


def check_tags(tags: list[dict[str, str]]) -> None:
    """What is wrong with the tags of a request, in itself."""
    keys = [tag["TagKey"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise AwsError("TagException", "Duplicate tag keys.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise AwsError("TagException", "The prefix aws: is reserved.")
