# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # wait_timeout's default differs from module to module, so each documents that option itself.
    DOCUMENTATION = r"""
options:
  wait:
    description: Whether to wait until AWS says that the wanted state is reached.
    type: bool
    default: true
"""
