# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keylink.aws.plugins.module_utils.resources.names import check_private_dns_name

LONGEST = ".".join(["a" * 36, "b" * 36, "c" * 34, "example.com"])


@pytest.mark.parametrize(
    "name",
    [
        "xks-proxy.example.com",
        "myproxy-private.xks.example.com",
        "1.example.com",
        "a.example.co.uk",
        "a.xn--bcher-kva.example",
        LONGEST,
        "(known after apply: endpoint_service.payments.private_dns_name)",
        None,
        "",
    ],
)
def test_a_name_that_aws_takes(name: str | None) -> None:
    assert check_private_dns_name("private_dns_name", name) == []


@pytest.mark.parametrize(
    ("name", "numbers", "says"),
    [
        ("example.com", ["R11"], "whole domain"),
        ("proxy", ["R11"], "single label"),
        ("*.xks.example.com", ["R11"], "wildcard"),
        ("a.*.example.com", ["N3", "R11"], "wildcard"),
        ("10.0.0.1", ["R11"], "address"),
        ("proxy.corp.internal", ["R11"], ".internal"),
        ("proxy.corp.local", ["R11"], ".local"),
        ("XKS-proxy.example.com", ["N3"], "lower-case"),
        ("proxy.example.com.", ["N3"], "dot at the end"),
        ("my_proxy.example.com", ["N3"], "hyphens"),
        ("-proxy.example.com", ["N3"], "begins and ends"),
        ("proxy-.example.com", ["N3"], "begins and ends"),
        ("proxy..example.com", ["N3"], "letters"),
        ("pröxy.example.com", ["N3"], "letters"),
        ("x" * 64 + ".example.com", ["N3"], "at most 63"),
        ("a" + LONGEST, ["N3"], "121 characters"),
        ("https://proxy.example.com", ["N3"], "without https://"),
        ("proxy.example.com:443", ["N3"], "a port"),
        ("proxy.example.com/kms/xks/v1", ["N3"], "a path"),
        ("Example.com.", ["N3", "N3", "R11"], "whole domain"),
    ],
)
def test_a_name_that_aws_refuses_or_never_verifies(name: str, numbers: list[str], says: str) -> None:
    found = check_private_dns_name("xks_private_dns_name", name)
    assert [item.number for item in found] == numbers
    assert says in " ".join(str(item) for item in found)
    assert all(item.blocking and item.what == "xks_private_dns_name" and item.found == name for item in found)


def test_the_longest_name_fits_the_128_characters_of_the_uri_endpoint() -> None:
    assert len("https://" + LONGEST) == 128
