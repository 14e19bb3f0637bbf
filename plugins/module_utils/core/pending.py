# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that AWS assigns: known only after the resource was created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PENDING = re.compile(r"\(known after apply: [^()]+\)")


def placeholder(kind: str, name: str, attribute: str) -> str:
    """The string that stands for ATTRIBUTE of a resource that does not exist yet."""
    return f"(known after apply: {kind}.{name}.{attribute})"


def name_in(pending: str) -> str:
    """The name of the resource whose attribute a placeholder stands for."""
    return pending.partition(".")[2].rpartition(".")[0] or pending


def sibling(pending: str, attribute: str) -> str:
    """The placeholder of another attribute of the same resource."""
    return f"{pending.rpartition('.')[0]}.{attribute})"


def is_pending(value: object) -> bool:
    """Whether VALUE is, or contains, a placeholder."""
    return next(find(value), None) is not None


def find(value: object) -> Iterator[str]:
    """Every placeholder in VALUE, however deep."""
    if isinstance(value, str):
        yield from _PENDING.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from find(item)


def substitute(value: Any, known: Mapping[str, str]) -> Any:
    """VALUE with each placeholder that is a key of KNOWN replaced."""
    if isinstance(value, str):
        return _PENDING.sub(lambda match: known.get(match.group(0), match.group(0)), value)
    if isinstance(value, Mapping):
        return {key: substitute(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [substitute(item, known) for item in value]
    return value
