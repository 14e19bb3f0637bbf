# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error names of the published XKS proxy API and the HTTP status that goes with each."""

from __future__ import annotations

from collections.abc import Mapping

STATUS: Mapping[str, int] = {
    "ValidationException": 400,
    "InvalidStateException": 400,
    "InvalidCiphertextException": 400,
    "InvalidKeyUsageException": 400,
    "AuthenticationFailedException": 401,
    "AccessDeniedException": 403,
    "KeyNotFoundException": 404,
    "InvalidUriPathException": 404,
    "ThrottlingException": 429,
    "InternalException": 500,
    "UnsupportedOperationException": 501,
    "DependencyTimeoutException": 503,
}

# The API limits errorMessage to fewer than 512 printable ASCII characters.
MESSAGE_LIMIT = 511


class XksError(Exception):
    """An answer other than 200."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.status = STATUS[name]

    def document(self) -> dict[str, str]:
        if not self.message:
            return {"errorName": self.name}
        printable = "".join(character if " " <= character <= "~" else "?" for character in self.message)
        return {"errorName": self.name, "errorMessage": printable[:MESSAGE_LIMIT]}
