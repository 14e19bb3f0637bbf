# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.keylink.aws.plugins.module_utils.core.policy import PolicyError
from ansible_collections.keylink.aws.plugins.module_utils.resources import policy_presets


def key_policy(preset: str, **options: Any) -> dict[str, Any]:
    """See key_policy.yml."""
    try:
        return policy_presets.key_policy(preset, **options)
    except PolicyError as error:
        # Ansible names the filter itself, and would say the same again for a cause.
        raise AnsibleFilterError(f"{error}.") from None


class FilterModule:
    """The filter of this file's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"key_policy": key_policy}
