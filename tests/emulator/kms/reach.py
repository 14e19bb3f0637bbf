# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from KMS to an external key store proxy: every requirement on it, checked on what exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ec2 import graph
from ..ec2.service_state import EndpointService, service_by_name
from ..elbv2.state import Elb, LoadBalancer
from ..elbv2.targets import forget_drained, health_of, mapped
from ..errors import AwsError
from ..world import World
from .state import VPC_CONNECTIVITY, XksProxy

NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
MISCONFIGURED = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"

# What CreateCustomKeyStore and UpdateCustomKeyStore call the things that a connect reports as codes.
EXCEPTIONS = {
    NOT_FOUND: "XksProxyVpcEndpointServiceNotFoundException",
    MISCONFIGURED: "XksProxyVpcEndpointServiceInvalidConfigurationException",
    NOT_REACHABLE: "XksProxyUriUnreachableException",
    "XKS_PROXY_TIMED_OUT": "XksProxyUriUnreachableException",
    "XKS_PROXY_INVALID_TLS_CONFIGURATION": "XksProxyUriUnreachableException",
    "INVALID_CREDENTIALS": "XksProxyIncorrectAuthenticationCredentialException",
    "XKS_PROXY_ACCESS_DENIED": "XksProxyInvalidConfigurationException",
    "XKS_PROXY_INVALID_CONFIGURATION": "XksProxyInvalidConfigurationException",
    "XKS_PROXY_INVALID_RESPONSE": "XksProxyInvalidResponseException",
}


@dataclass
class Obstacle(Exception):
    """Why KMS does not get through: a ConnectionErrorCode and the reason."""

    code: str
    detail: str

    def as_error(self) -> AwsError:
        return AwsError(EXCEPTIONS.get(self.code, "KMSInternalException"), self.detail)


def find_service(world: World, account: str, region: str, proxy: XksProxy) -> EndpointService:
    """The endpoint service of a store, if KMS may see it."""
    name = proxy.service_name or ""
    found = service_by_name(world, name)
    owner = proxy.service_owner or account
    if found is None or found.region != region or found.account != owner:
        raise Obstacle(NOT_FOUND, f"The VPC endpoint service {name} was not found in {region} for account {owner}.")
    # Only China's and Europe's sovereign partitions have other suffixes, and neither is known to offer this.
    kms = f"cks.kms.{region}.amazonaws.com"
    if kms not in found.principals and "*" not in found.principals:
        raise Obstacle(NOT_FOUND, f"The VPC endpoint service {name} does not allow the principal {kms}.")
    if owner != account and not any(f":{account}:" in principal for principal in found.principals):
        raise Obstacle(NOT_FOUND, f"The VPC endpoint service {name} does not allow principals of account {account}.")
    return found


def check_service(world: World, found: EndpointService, proxy: XksProxy) -> None:
    """The properties that AWS checks at create, update and connect."""
    balancers = _load_balancers(world, found)
    wrong = [
        (not balancers, "has no Network Load Balancer"),
        (any(balancer.state != "active" for balancer in balancers), "has a load balancer that is not active"),
        (len(found.zones) < 2, "is not in at least two Availability Zones"),
        (found.acceptance_required, "requires acceptance of connections"),
        ("ipv4" not in found.ip_types, "does not support IPv4"),
        (found.private_dns_name is None, "has no private DNS name"),
        (found.dns_state != "verified", f"has a private DNS name that is not verified: {found.dns_state}"),
        (
            found.private_dns_name not in (None, proxy.server_name),
            f"has the private DNS name {found.private_dns_name}, not {proxy.server_name}",
        ),
    ]
    for is_wrong, text in wrong:
        if is_wrong:
            raise Obstacle(MISCONFIGURED, f"The VPC endpoint service {found.name} {text}.")


def _load_balancers(world: World, found: EndpointService) -> list[LoadBalancer]:
    state = world.store(Elb, found.account, found.region)
    return [state.load_balancers[arn] for arn in found.load_balancers if arn in state.load_balancers]


def _admitting(found: EndpointService, subnet_id: str) -> bool:
    return graph.admits(found.account, found.region, subnet_id, 443)


def targets_of(world: World, found: EndpointService) -> list[tuple[str, int]]:
    """Where the listeners on TCP 443 lead: mapped addresses of targets, healthy ones first, as a balancer does."""
    state = world.store(Elb, found.account, found.region)
    balancers = _load_balancers(world, found)
    if not any(_admitting(found, subnet_id) for balancer in balancers for subnet_id in balancer.subnets):
        raise Obstacle("NETWORK_ERRORS", f"Network ACLs keep TCP 443 out of every subnet of {found.name}.")
    listeners = [
        listener
        for balancer in balancers
        for listener in state.listeners_of(balancer.arn)
        if listener.port == 443 and listener.protocol == "TCP"
    ]
    if not listeners:
        raise Obstacle(NOT_REACHABLE, f"No load balancer of {found.name} listens on TCP 443.")
    healthy: list[tuple[str, int]] = []
    others: list[tuple[str, int]] = []
    for listener in listeners:
        for arn in listener.target_group_arns:
            group = state.target_groups[arn]
            forget_drained(group, world.clock.now())
            for target in group.targets.values():
                place = mapped(world.settings, target.id, target.port)
                if place is None:
                    continue
                health = health_of(world, state, group, target)["State"]
                (healthy if health == "healthy" else others).append(place)
    # With no healthy target at all a balancer sends to every one.
    places = list(dict.fromkeys(healthy or others))
    if not places:
        raise Obstacle(NOT_REACHABLE, f"No target behind {found.name} can be reached.")
    return places


def places_of(world: World, account: str, region: str, proxy: XksProxy) -> Sequence[tuple[str, int]]:
    if proxy.connectivity == VPC_CONNECTIVITY:
        found = find_service(world, account, region, proxy)
        check_service(world, found, proxy)
        return targets_of(world, found)
    place = mapped(world.settings, proxy.server_name, 443)
    if place is None:
        raise Obstacle(NOT_REACHABLE, f"Nothing answers at {proxy.uri_endpoint}.")
    return [place]


def check_proxy(world: World, account: str, region: str, proxy: XksProxy, kms_operation: str) -> None:
    """All the way: network, TLS, signature, health. Raises what stands in the way."""
    from .. import connect

    places = places_of(world, account, region, proxy)
    result = connect.check_proxy(
        places,
        proxy.server_name,
        proxy.uri_path,
        proxy.access_key_id,
        proxy.secret,
        world.settings.ca_file,
        region,
        world.settings.proxy_timeout,
        kms_operation=kms_operation,
    )
    if result.code is not None:
        raise Obstacle(result.code, result.detail)
