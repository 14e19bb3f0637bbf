# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an external key store proxy speaks TLS: version and suites (N2), and no client certificate (N1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils.resources.xks_finding import ERROR, OK, UNKNOWN, Finding

INVALID_TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
_VERSIONS = ("TLSv1.2", "TLSv1.3")
# AWS GovCloud (US) leaves this one out.
_NOT_IN_GOVCLOUD = "TLS_CHACHA20_POLY1305_SHA256"
_NO_CERTIFICATE = "certificate required"

Facts = Mapping[str, Any]


def judge(facts: Facts, region: str) -> list[Finding]:
    """All there is to say about TLS itself; nothing where no handshake was answered."""
    if facts["trouble"] in ("plain HTTP", "not TLS"):
        fix = "Let the proxy itself end TLS on this port; the listener of the load balancer is TCP (R43)."
        return [Finding("N2", ERROR, "TLS", facts["detail"], fix, INVALID_TLS)]
    if not facts["versions"]:
        return []
    spoken = _versions_and_suites(facts, region)
    certificate = _client_certificate(facts)
    findings = [spoken, *certificate]
    if facts["trouble"] and not any(finding.code for finding in findings):
        findings.append(_refused(facts))
    return findings


def _versions_and_suites(facts: Facts, region: str) -> Finding:
    offered = [version for version, spoken in facts["versions"].items() if spoken]
    if not any(version in offered for version in _VERSIONS):
        unasked = [version for version in _VERSIONS if facts["versions"][version] is None]
        fix = "Let the proxy speak TLS 1.2 or 1.3."
        if unasked:
            return Finding("N2", UNKNOWN, "TLS", f"{' and '.join(unasked)} could not be asked for", fix)
        return Finding("N2", ERROR, "TLS", f"it speaks {' and '.join(offered) or 'no version of TLS'} only", fix,
                       INVALID_TLS)
    usable = {name: spoken for name, spoken in facts["suites"].items() if _allowed(name, region)}
    suites = [name for name, spoken in usable.items() if spoken]
    if suites:
        return Finding("N2", OK, "TLS", f"it speaks {' and '.join(offered)} with {' and '.join(suites)}")
    fix = f"Let the proxy accept one of {', '.join(usable)}."
    if None in usable.values():
        return Finding("N2", UNKNOWN, "TLS", "not every cipher suite of AWS's list could be asked for", fix)
    return Finding("N2", ERROR, "TLS", f"it speaks {' and '.join(offered)}, but with no cipher suite of AWS's list",
                   fix, INVALID_TLS)


def _allowed(suite: str, region: str) -> bool:
    return suite != _NOT_IN_GOVCLOUD or not region.startswith("us-gov-")


def demands_certificate(facts: Facts) -> bool | None:
    """Whether a client without a certificate is sent away; None where it was not seen."""
    refusals = [facts["detail"], *(answer["detail"] for answer in (facts["get"], facts["health"]) if answer)]
    if any(_NO_CERTIFICATE in refusal for refusal in refusals):
        return True
    if facts["wants_certificate"] is None:
        return None
    if facts["trouble"]:
        # Up to TLS 1.2 the wish comes in clear, and the refusal says only that the handshake failed.
        return True if facts["wants_certificate"] else None
    return False


def _client_certificate(facts: Facts) -> list[Finding]:
    demanded = demands_certificate(facts)
    what = "client certificate"
    if demanded:
        fix = (
            "Turn mutual TLS off on the proxy: since June 2026 AWS KMS presents no certificate, and only the "
            "signature of its requests says who it is."
        )
        return [Finding("N1", ERROR, what, "the proxy demands one", fix, INVALID_TLS)]
    if demanded is None:
        return [Finding("N1", UNKNOWN, what, "no handshake went far enough to tell", "Settle the other findings.")]
    found = "the proxy asks for one, and goes on without" if facts["wants_certificate"] else "none is demanded"
    return [Finding("N1", OK, what, found)]


def _refused(facts: Facts) -> Finding:
    if "unrecognized name" in facts["detail"]:
        fix = "Let the proxy serve the private DNS name, with a certificate for it."
        return Finding("R14", ERROR, "TLS", "the proxy does not know the private DNS name", fix, INVALID_TLS)
    fix = "Look into the proxy's log: it refuses what AWS KMS offers."
    return Finding("N2", ERROR, "TLS", f"the handshake fails: {facts['detail']}", fix, INVALID_TLS)
