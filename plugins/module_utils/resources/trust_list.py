# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's list of the certificate authorities that an external key store proxy's certificate may come from (R13).

AWS publishes it as text, as keytool prints certificates: the fingerprints of the roots, not the roots themselves.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

_ENTRY = re.compile(r"^Alias name:", re.MULTILINE)
_FIELD = re.compile(r"^\s*(Alias name|Owner|SHA256):\s*(.*?)\s*$", re.MULTILINE)
_UNTIL = re.compile(r"until:\s*\w+ (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) \S+ (\d{4})")
_FINGERPRINT = re.compile(r"(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAME_PART = re.compile(r",\s*(?=[A-Za-z][A-Za-z0-9.]*=)")


@dataclass(frozen=True)
class Anchor:
    """A root of the list. sha256: lower-case digits. not_after: seconds since 1970, a day or less off; 0 if unknown."""

    alias: str
    owner: str
    sha256: str
    not_after: int


def parse(text: str) -> list[Anchor]:
    """The roots of the published text; what has no SHA-256 fingerprint is left out."""
    anchors = []
    for entry in _ENTRY.split(text)[1:]:
        fields = dict(_FIELD.findall(f"Alias name:{entry}"))
        fingerprint = _FINGERPRINT.match(fields.get("SHA256", ""))
        if fingerprint:
            digits = fingerprint.group().replace(":", "").lower()
            anchors.append(Anchor(fields.get("Alias name", ""), fields.get("Owner", ""), digits, _until(entry)))
    return anchors


def _until(entry: str) -> int:
    """The time zone is a name with several meanings, so it is left out."""
    match = _UNTIL.search(entry)
    if not match or match.group(1) not in _MONTHS:
        return 0
    month, day, hour, minute, second, year = match.groups()
    return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))


def same_name(one: str, other: str) -> bool:
    """Whether two written names of a certificate are the same; programs differ in order, spaces and quoting."""
    return _parts(one) == _parts(other)


def _parts(name: str) -> list[str]:
    plain = name.replace('"', "").replace("\\", "")
    return sorted(part.strip().lower() for part in _NAME_PART.split(plain))
