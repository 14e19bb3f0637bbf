# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How wide text is, about, and how to make it fit: an SVG does neither wrap nor clip."""

from __future__ import annotations

import unicodedata

# Widths in em, rather too wide than too narrow, since nobody knows the reader's fonts.
_NARROW, _WIDE, _USUAL, _DOUBLE = 0.36, 0.92, 0.63, 1.1
_ELLIPSIS = "\u2026"
# More of a text is never drawn.
_LONGEST = 400
_MONO, _BOLD = 0.61, 1.13


def width(text: str, size: float, mono: bool = False, bold: bool = False) -> float:
    """The width of TEXT in pixels."""
    return size * sum(_em(char, mono) for char in text) * (_BOLD if bold else 1)


def _em(char: str, mono: bool) -> float:
    if unicodedata.east_asian_width(char) in "WF" or ord(char) > 0xFFFF:
        return _DOUBLE
    if unicodedata.combining(char):
        return 0
    if mono:
        return _MONO
    if char in "iljtfr.,:;'|!()[] -":
        return _NARROW
    return _WIDE if char in "mwMW%@_" else 0.74 if char.isupper() else _USUAL


def clipped(text: str, room: float, size: float, mono: bool = False, bold: bool = False) -> str:
    """TEXT, or as much of it as fits. What has no spaces is a name, and keeps its end, which tells it from others."""
    text = " ".join(text[:_LONGEST].split())
    if width(text, size, mono, bold) <= room:
        return text
    most = int(room / size / _NARROW)
    head, tail = (text[:most], "") if " " in text else (text[: len(text) // 2][:most], text[len(text) // 2:][-most:])
    while (head or tail) and width(f"{head}{_ELLIPSIS}{tail}", size, mono, bold) > room:
        head, tail = (head[:-1], tail) if len(head) > len(tail) else (head, tail[1:])
    return f"{head.rstrip()}{_ELLIPSIS}{tail}"


def wrapped(text: str, room: float, size: float, most: int) -> list[str]:
    """TEXT in at most so many lines; the last is clipped."""
    lines: list[str] = []
    words = text[:_LONGEST].split()
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and width(f"{line} {words[0]}", size) <= room:
            line = f"{line} {words.pop(0)}"
        if width(line, size) > room:
            line, rest = _broken(line, room, size)
            words.insert(0, rest)
        lines.append(line)
    return lines + ([clipped(" ".join(words), room, size)] if words else [])


def _broken(word: str, room: float, size: float) -> tuple[str, str]:
    """A word that is wider than a line, in two parts."""
    end = len(word)
    while end > 1 and width(word[:end], size) > room:
        end -= 1
    joint = max(word.rfind(char, end // 2, end) for char in "_-./:") + 1
    return word[:joint or end], word[joint or end:]
