# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret gets into a report, whatever it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
_NAMES = re.compile(r"secret|passw|private_?key|session_?token|tsig|raw_", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def hidden(value: Any, name: str = "") -> Any:
    """VALUE without what is called a secret, or is a private key."""
    if isinstance(value, Mapping):
        return {str(key): hidden(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden(item, name) for item in value]
    if isinstance(value, str) and value:
        return HIDDEN if _NAMES.search(name) else _PEM.sub(HIDDEN, value)
    return value
