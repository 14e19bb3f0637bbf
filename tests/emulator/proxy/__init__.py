# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An external key store proxy for tests and demonstrations, after AWS's published XKS proxy API, version 1."""

from __future__ import annotations

from emulator.proxy.behaviour import ACTIVE, DEGRADED, UNAVAILABLE, Behaviour
from emulator.proxy.crypto import ExternalKey
from emulator.proxy.server import XksProxy

__all__ = ["ACTIVE", "DEGRADED", "UNAVAILABLE", "Behaviour", "ExternalKey", "XksProxy"]
