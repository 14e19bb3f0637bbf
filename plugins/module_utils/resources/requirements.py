# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requirements that the modules enforce, by number. Sources: the AWS KMS Developer Guide's pages on
external key stores and on VPC endpoint service connectivity, and the AWS PrivateLink Guide."""

from __future__ import annotations

from ansible_collections.keylink.aws.plugins.module_utils.core.requirement import Unmet

RULES: dict[str, str] = {
    "R1": "AWS recommends the Region nearest to the key manager, 35 ms or less away.",
    "R2": "The VPC must be connected to the external key manager.",
    "R3": "The VPC needs at least two private subnets in two Availability Zones.",
    "R4": "An existing VPC may be used only if it meets the same requirements.",
    "R5": "Each external key store must have a VPC endpoint service of its own.",
    "R6": "Each external key store must have a private DNS name of its own.",
    "R7": "The endpoint service must have a Network Load Balancer, not a Gateway Load Balancer.",
    "R8": "The endpoint service must not require acceptance.",
    "R9": "AWS KMS must be an allowed principal of the endpoint service.",
    "R10": "The private DNS name must be unique in its Region.",
    "R11": "The private DNS name must be a subdomain of a public domain.",
    "R12": "Ownership of the domain of the private DNS name must be verified.",
    "R14": "The proxy's certificate must match the private DNS name.",
    "R16": "A VPC in another account needs that account's id and a principal of this account.",
    "R17": "The VPC must be in the Region of the key store, one that has external key stores (not China).",
    "R18": "The VPC's range must not overlap the private ranges of the data centre of the key manager.",
    "R19": "All components must use IPv4.",
    "R20": "The VPC is needed for VPC endpoint service connectivity only.",
    "R21": "A VPC for an external key store spans two or more Availability Zones.",
    "R23": "There must be one private subnet per Availability Zone.",
    "R24": "DNS host names must be enabled in the VPC.",
    "R25": "DNS resolution must be enabled in the VPC.",
    "R29": "The target group and the load balancer must exist before the endpoint service.",
    "R30": "The target group must hold at least two hosts of the proxy.",
    "R31": "The target type must be IP addresses.",
    "R32": "The protocol of the target group must be TCP.",
    "R33": "The port of the target group must be 443.",
    "R34": "The IP address type of the target group must be IPv4.",
    "R35": "The target group must be in the VPC of the load balancer.",
    "R36": "The health check of an NLB uses TCP, HTTP or HTTPS, as the proxy's documentation says.",
    "R37": "Targets are the proxy's private IPv4 addresses.",
    "R38": "The port of each target must be 443.",
    "R39": "The load balancer must be internal.",
    "R40": "The IP address type of the load balancer must be IPv4.",
    "R41": "The load balancer must be in the VPC of the subnets.",
    "R42": "The load balancer must map all the zones of the subnets, at least two.",
    "R43": "The protocol of the listener must be TCP: TLS ends on the proxy.",
    "R44": "The port of the listener must be 443.",
    "R45": "The listener must forward to the target group.",
    "R46": "The endpoint service must have that Network Load Balancer; AWS KMS makes the endpoint.",
    "R48": "The endpoint service must be in the Region of the key store.",
    "R49": "The type of the load balancer must be network.",
    "R50": "The load balancer must be active before an endpoint service can use it.",
    "R52": "A private DNS name must be associated with the endpoint service.",
    "R55": "The endpoint service must support IPv4.",
    "R57": "The domain must be verified before the key store is created.",
    "R58": "The TXT record must be in public DNS.",
    "R59": "AWS looks for the TXT record at the nearest public parent of the private DNS name first.",
    "R63": "The TXT record must be published before verification starts.",
    "R66": "AWS KMS must be allowed to make the interface endpoint.",
    "R68": "The principal of AWS KMS is cks.kms.<region>.amazonaws.com.",
    "R73": "The key store may be created only when its connectivity is complete.",
    "R80": "Interface endpoints are available only for the services that AWS lists for the Region.",
    "R83": "A VPC endpoint keeps its VPC, service and type for life, and takes one subnet per Availability Zone, in "
    "zones where the service is offered.",
    "R87": "The name of an endpoint service is what AWS lists for the Region.",
    "R91": "Private DNS needs enableDnsSupport and enableDnsHostnames of the VPC, both true.",
    "R95": "A request through an endpoint needs the endpoint's policy as well as key policy, IAM policy or grant.",
    "R97": "Each statement of a policy names a principal, an action and a resource, in the form that AWS accepts.",
    "R99": "What AWS's examples name must be replaced with your own.",
    "R103": "A statement that demands a VPC or an endpoint also meets AWS services that act for you.",
    "R104": "aws:SourceIp has no effect on requests that come through a VPC endpoint.",
    "R106": "An endpoint that a key policy demands must exist and be available first.",
    "R107": "A key policy must be valid JSON, and must leave its author able to change it again.",
    "R143": "External key stores and CloudHSM key stores differ in what can be set.",
    "N1": "The proxy must not demand a client certificate.",
    "N3": "The names and the credential must have the form that AWS KMS accepts.",
    "N4": "An account has at most 10 custom key stores per Region unless AWS raised the quota.",
    "N5": "An NLB's inbound security group rules must not apply to PrivateLink traffic: KMS's addresses are unknown.",
    "N6": "Proxy protocol must be off: its header comes before the TLS handshake.",
    "N7": "A load balancer can belong to one endpoint service only.",
    "N8": "A TXT record can hold the values of other services too; they must stay.",
    "N9": "The TXT record must stay after verification, for the next connection.",
    "N10": "The error code of a failed connection is read before anything erases it.",
    "N12": "AWS reports a refused deletion in the answer, not as an error.",
    "N13": "A secret is sent again only when that is asked for.",
    "N14": "In a VPC only one endpoint, or private hosted zone, can answer for a private DNS name.",
    "N16": "An endpoint service in another account is named together with its owner.",
    "N17": "Disconnecting a key store makes its keys unusable.",
    "N18": "Scheduled deletion of a key is never a side effect.",
}


def unmet(number: str, what: str, found: str, fix: str, blocking: bool = True) -> Unmet:
    """The requirement NUMBER, broken by WHAT."""
    return Unmet(number, what, found, RULES[number], fix, blocking)
