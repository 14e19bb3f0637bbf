# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the emulated operations are: importing these modules registers them."""

from __future__ import annotations

import importlib

MODULES = (
    "sts",
    "cloudhsm",
    "managed_nodes",
    "cloudtrail.lookup",
    "cloudtrail.trails",
    "logs",
    "quotas",
    "ec2.generic",
    "ec2.network",
    "ec2.dhcp",
    "ec2.security_groups",
    "ec2.prefix_lists",
    "ec2.tags",
    "ec2.endpoint_services",
    "ec2.permissions",
    "ec2.connections",
    "ec2.catalogue",
    "ec2.endpoints",
    "elbv2.load_balancers",
    "elbv2.target_groups",
    "elbv2.targets",
    "elbv2.listeners",
    "elbv2.tags",
    "route53.zones",
    "route53.records",
    "kms.stores",
    "kms.changes",
    "kms.keys",
    "kms.key_care",
    "cloudwatch",
)


def load() -> None:
    for name in MODULES:
        importlib.import_module(f".{name}", __package__)
