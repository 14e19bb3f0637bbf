# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""N1 to N18: what the guides leave to other pages, and to experience."""

from __future__ import annotations

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import (
    CHECKED,
    ENFORCED,
    INFO,
    MUST,
)

ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("N1", "xks", MUST, CHECKED,
     "The proxy must not demand a client certificate.",
     "xks_proxy_info"),
    ("N2", "xks", MUST, CHECKED,
     "The proxy must speak TLS 1.2 or 1.3 with one of the four cipher suites that AWS lists.",
     "xks_proxy_info"),
    ("N3", "xks", MUST, ENFORCED,
     "The names and the credential must have the form that AWS KMS accepts.",
     "options are checked"),
    ("N4", "xks", MUST, ENFORCED,
     "An account has at most 10 custom key stores per Region unless AWS raised the quota.",
     "counted before a store is made"),
    ("N5", "xks", MUST, ENFORCED,
     "An NLB's inbound security group rules must not apply to PrivateLink traffic: KMS's addresses are unknown.",
     "xks_load_balancer switches it off"),
    ("N6", "xks", MUST, ENFORCED,
     "Proxy protocol must be off: its header comes before the TLS handshake.",
     "xks_load_balancer switches it off"),
    ("N7", "xks", MUST, ENFORCED,
     "A load balancer can belong to one endpoint service only.",
     "xks_endpoint_service looks at the other services"),
    ("N8", "xks", MUST, ENFORCED,
     "A TXT record can hold the values of other services too; they must stay.",
     "private_dns_verify merges"),
    ("N9", "xks", MUST, ENFORCED,
     "The TXT record must stay after verification, for the next connection.",
     "private_dns_verify keeps it, and reports one that is gone"),
    ("N10", "xks", MUST, ENFORCED,
     "The error code of a failed connection is read before anything erases it.",
     "the modules for connections"),
    ("N11", "cloudhsm", MUST, CHECKED,
     "A CloudHSM key store needs two active HSMs in two zones (one to connect), TCP 2223-2225 open within the "
     "cluster's security group, no mutual TLS, IPv4, and the certificate that the cluster was initialized with.",
     "checked before a store is made or connected"),
    ("N12", "xks", INFO, ENFORCED,
     "AWS reports a refused deletion in the answer, not as an error.",
     "the answer is read"),
    ("N13", "xks", MUST, ENFORCED,
     "A secret is sent again only when that is asked for.",
     "it is never a difference"),
    ("N14", "kms_endpoint", MUST, ENFORCED,
     "In a VPC only one endpoint, or private hosted zone, can answer for a private DNS name.",
     "clashes are looked for before the call"),
    ("N15", "ssm", INFO, ENFORCED,
     "Regions from 2024 on do not offer ec2messages.",
     "left out where AWS does not list it"),
    ("N16", "xks", MUST, ENFORCED,
     "An endpoint service in another account is named together with its owner.",
     "xks_key_store"),
    ("N17", "xks", MUST, ENFORCED,
     "Disconnecting a key store makes its keys unusable.",
     "refused without force while there are keys"),
    ("N18", "xks", MUST, ENFORCED,
     "Scheduled deletion of a key is never a side effect.",
     "only key_store_key does it, and only with its waiting time named"),
)
