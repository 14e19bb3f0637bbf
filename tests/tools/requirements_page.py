# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/requirements.md, made from the catalogue of requirements: `python tests/tools/requirements_page.py`."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import CATALOGUE, LINKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "requirements.md"
TITLES = {
    "xks": "External key store over VPC endpoint service connectivity",
    "kms_endpoint": "VPC endpoint for AWS KMS",
    "cloudhsm": "Connection of a CloudHSM key store",
    "keys": "KMS keys in key stores",
    "ssm": "VPC endpoints for Systems Manager",
}
HEAD = """\
<!--
Copyright (c) 2026, keylink.aws contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# Requirements

What AWS demands, advises and does, by the numbers that messages, results and reports use. R numbers follow AWS's
guides; N numbers are what other pages and experience add.

* **must**: AWS refuses otherwise, or it does not work. **should**: AWS's advice. **info**: how AWS behaves.
* **enforced**: the modules make it so, or refuse. **checked**: looked at and reported. **human**: only people can tell.
"""


def page() -> str:
    """The page as text."""
    parts = [HEAD]
    for job, title in TITLES.items():
        parts += [f"\n## {title}\n", f"[AWS's page]({LINKS[job]})\n", "| | requirement | | | how |"]
        parts.append("|---|---|---|---|---|")
        parts += [
            f"| {item.number} | {item.sentence} | {item.severity} | {item.kind} | {item.how} |"
            for item in CATALOGUE.values()
            if item.job == job
        ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
