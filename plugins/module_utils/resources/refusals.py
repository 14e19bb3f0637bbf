# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS KMS's exceptions about custom key stores mean, and what to do: one entry for each documented one."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.keylink.aws.plugins.module_utils.resources.requirements import sentence

_SERVICE_FIX = (
    "Check that the endpoint service requires no acceptance (R8), allows cks.kms.<region>.amazonaws.com (R9), has a "
    "Network Load Balancer (R7) in two or more Availability Zones (R42) that can reach port 443 of the proxy, and has "
    "a verified private DNS name (R57) that is the host of xks_proxy_uri_endpoint (R6)."
)
_RETRY = "Run again in a few minutes; a run goes on from what was reached."

# Exception -> (requirement or "", what to do). AWS's pages name two exceptions for a service that requires
# acceptance: XksProxyInvalidConfigurationException and XksProxyVpcEndpointServiceInvalidConfigurationException.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "CustomKeyStoreNameInUseException": (
        "N3",
        "The name belongs to another key store of this account and Region: choose another custom_key_store_name.",
    ),
    "CustomKeyStoreNotFoundException": (
        "",
        "The key store does not exist in this account and Region, or is not visible everywhere yet. " + _RETRY,
    ),
    "CustomKeyStoreInvalidStateException": (
        "N17",
        "The connection state of the key store does not allow this call; somebody else may have connected or "
        "disconnected it meanwhile. A change that AWS KMS refuses while the store is connected is made with force: "
        "true, which disconnects it for that and connects it again. " + _RETRY,
    ),
    "CustomKeyStoreHasCMKsException": (
        "N18",
        "The key store still has KMS keys, or keys that are waiting for their deletion. Delete them, or keep the "
        "store: what they encrypted cannot be decrypted afterwards.",
    ),
    "LimitExceededException": ("N4", "Delete a key store that is not needed, or ask AWS to raise the quota."),
    "InvalidMarkerException": ("", "The list of key stores changed while it was read. " + _RETRY),
    "KMSInternalException": ("", f"AWS KMS had an internal error. {_RETRY}"),
    "XksProxyUriInUseException": (
        "R6",
        "Another external key store of the Region has the same endpoint and path: give this one a URI of its own.",
    ),
    "XksProxyUriEndpointInUseException": (
        "R6",
        "Another external key store of the Region, maybe of another account, has the same xks_proxy_uri_endpoint.",
    ),
    "XksProxyUriUnreachableException": (
        "R73",
        "AWS KMS gets no answer at the endpoint and path: check xks_proxy_uri_path, that the proxy runs and answers "
        "within 250 ms, its certificate, and that at least one external key manager is available.",
    ),
    "XksProxyIncorrectAuthenticationCredentialException": (
        "N3",
        "The proxy refuses the credential: give both parts as the proxy has them, and check that the endpoint is "
        "that proxy's.",
    ),
    "XksProxyInvalidResponseException": (
        "R73",
        f"AWS KMS cannot read the proxy's answer. {_RETRY} If it happens again, report it to the vendor of the proxy.",
    ),
    "XksProxyInvalidConfigurationException": (
        "R8",
        f"The proxy or its endpoint service is not set up as needed. Check xks_proxy_uri_path. {_SERVICE_FIX}",
    ),
    "XksProxyVpcEndpointServiceInvalidConfigurationException": ("R73", _SERVICE_FIX),
    "XksProxyVpcEndpointServiceNotFoundException": (
        "R9",
        "Check xks_proxy_vpc_endpoint_service_name, that the service is in this Region (R48), and that it allows "
        "cks.kms.<region>.amazonaws.com. A service of another account needs xks_proxy_vpc_endpoint_service_owner and "
        "must also allow a principal of this account (N16).",
    ),
    "XksProxyVpcEndpointServiceInUseException": (
        "R5",
        "Another external key store of the Region uses this endpoint service: make one for this key store.",
    ),
    "CloudHsmClusterInUseException": (
        "",
        "Another key store of the account uses this CloudHSM cluster or one that shares its backup history.",
    ),
    "CloudHsmClusterInvalidConfigurationException": (
        "",
        "The CloudHSM cluster needs private subnets in two zones, its security group's rules for TCP 2223-2225, and "
        "active HSMs: one to connect, two in different zones for anything else.",
    ),
    "CloudHsmClusterNotActiveException": ("", "Initialize and activate the CloudHSM cluster."),
    "CloudHsmClusterNotFoundException": ("", "Give the id of a CloudHSM cluster of this account and Region."),
    "CloudHsmClusterNotRelatedException": (
        "",
        "Give a CloudHSM cluster that was made from a backup of the original one.",
    ),
    "IncorrectTrustAnchorException": ("", "Give the customerCA.crt with which the CloudHSM cluster was initialized."),
}


def explanations() -> dict[str, str]:
    """Exception -> sentences for a message."""
    return {
        code: f"{number}: {sentence(number)} {advice}" if number else advice
        for code, (number, advice) in REFUSALS.items()
    }
