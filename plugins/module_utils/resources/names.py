# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that AWS checks only late, or only by failing: checked before the first call (R11, N3)."""

from __future__ import annotations

import re

from ansible_collections.keylink.aws.plugins.module_utils.core.pending import is_pending
from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet
from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import unmet

# AWS KMS takes https:// and the private DNS name as XksProxyUriEndpoint, of at most 128 characters.
LONGEST_NAME = 128 - len("https://")
_LONGEST_LABEL = 63
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# Top-level domains that no public name server answers for, so AWS can never find a TXT record in them.
_NOT_PUBLIC = ("alt", "internal", "invalid", "local", "localhost", "onion")
_SUBDOMAIN = "Give a name below your public domain, such as xks-proxy.example.com."


def check_private_dns_name(option: str, value: str | None) -> list[Unmet]:
    """What is wrong with a private DNS name. Nothing given, or not known yet, is not wrong."""
    if not value or is_pending(value):
        return []
    if "://" in value or "/" in value or ":" in value:
        return [unmet("N3", option, value, "Give the host name alone, without https://, a port or a path.")]
    problems = _form_problems(value)
    found = [unmet("N3", option, value, fix) for fix in problems]
    fix = _domain_problem(value)
    return found + ([unmet("R11", option, value, fix)] if fix else [])


def _form_problems(name: str) -> list[str]:
    """What breaks the form of a host name, in words."""
    found = []
    if len(name) > LONGEST_NAME:
        found.append(f"It has {len(name)} characters; with https:// before it, AWS KMS takes {LONGEST_NAME}.")
    if name.endswith("."):
        found.append("Leave out the dot at the end.")
    if name != name.lower():
        found.append("Use lower-case letters only.")
    labels = name.lower().rstrip(".").split(".")
    # A wildcard is a matter of R11: AWS PrivateLink takes it, but AWS KMS needs one name.
    plain = labels[1:] if labels[0] == "*" else labels
    if any(not _LABEL.fullmatch(label) for label in plain):
        found.append(
            "Each part between dots has letters, digits and hyphens, and begins and ends with a letter or digit."
        )
    if any(len(label) > _LONGEST_LABEL for label in plain):
        found.append(f"Each part between dots has at most {_LONGEST_LABEL} characters.")
    return found


def _domain_problem(name: str) -> str:
    """Why a name is not one name below a public domain; empty where it is."""
    labels = name.lower().rstrip(".").split(".")
    if "*" in name:
        return f"A wildcard is not a name that AWS KMS can call. {_SUBDOMAIN}"
    if len(labels) == 1:
        return f"It is a single label. {_SUBDOMAIN}"
    if labels[-1].isdigit():
        return f"It is an address, not a name. {_SUBDOMAIN}"
    if labels[-1] in _NOT_PUBLIC:
        return f"No public DNS server answers for .{labels[-1]}, so the domain can never be verified. {_SUBDOMAIN}"
    if len(labels) == 2:
        return f"It is a whole domain, not a name below one. Give for instance xks-proxy.{'.'.join(labels)}."
    return ""
