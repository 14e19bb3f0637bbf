# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of ours, by which something is found again that a run made and could not finish."""

from __future__ import annotations

# The alias that a KMS key was made for. Until it has that alias, a key of a CloudHSM key store has no other name.
KEY_ALIAS = "keylink:alias"
