# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real proxies with every flaw that a certificate, TLS or the network can have, each on a port of its own."""

from __future__ import annotations

import dataclasses
import json
import secrets
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

from emulator import connect, pki
from emulator.proxy import Behaviour, ExternalKey, XksProxy
from scenarios.harness import run_module
from scenarios.prerequisites import CREDENTIAL, REGION, URI_PATH

NAME = "xks-proxy.keys.example.com"
SECRET = CREDENTIAL["raw_secret_access_key"]
# What an idle loopback never needs, and a busy one does.
PATIENCE = 5.0

Address = tuple[str, int]


class Serving(AbstractContextManager[Address]):
    """A proxy, as the address that it serves at."""

    def __init__(self, proxy: XksProxy) -> None:
        self.proxy = proxy

    def __enter__(self) -> Address:
        return self.proxy.start().address

    def __exit__(self, *exception: object) -> None:
        self.proxy.stop()


@dataclasses.dataclass(frozen=True)
class House:
    """Authorities: a trusted root, one that nobody trusts, and what stands below the first."""

    directory: Path
    root: pki.Issued
    stranger: pki.Issued
    intermediate: pki.Issued

    @classmethod
    def build(cls, directory: Path) -> House:
        root = pki.new_root()
        house = cls(directory, root, pki.new_root("stranger"), pki.new_intermediate(root))
        pki.write_leaf(directory, root, pki.issue_leaf(root, NAME), "good")
        return house

    @property
    def ca_file(self) -> str:
        return str(self.directory / "ca.pem")

    def serve(
        self, leaf: pki.Issued | None = None, behaviour: Behaviour | None = None, extra: Sequence[pki.Issued] = (),
        complete: bool = True, keys: dict[str, ExternalKey] | None = None,
    ) -> Serving:
        """A proxy with LEAF; extra: certificates that it sends besides."""
        issued = leaf or pki.issue_leaf(self.root, NAME)
        files = pki.write_leaf(self.directory, self.root, issued, f"leaf-{secrets.token_hex(8)}", complete)
        with files.chain.open("ab") as chain:
            chain.writelines(each.chain_pem(False) for each in extra)
        return Serving(XksProxy(
            certificate=files.chain, private_key=files.key, credentials={CREDENTIAL["access_key_id"]: SECRET},
            uri_path_prefix="/payments", keys=keys or {"good": ExternalKey()}, behaviour=behaviour,
        ))

    def leaf(self, **changes: Any) -> pki.Issued:
        return pki.issue_leaf(self.root, NAME, **changes)

    def context(self) -> ssl.SSLContext:
        """For a server without a flaw in its TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "good.chain.pem", self.directory / "good.key.pem")
        return context


def look(house: House, *addresses: Address, check: bool = False, **changes: Any) -> dict[str, Any]:
    """The module's result, which never holds the secret."""
    options: dict[str, Any] = {
        "private_dns_name": NAME, "targets": [f"{host}:{port}" for host, port in addresses], "uri_path": URI_PATH,
        "credential": CREDENTIAL, "ca_file": house.ca_file, "tries": 3, "timeout": PATIENCE,
    }
    chosen = {name: value for name, value in {**options, **changes}.items() if value is not None}
    result = run_module("http://127.0.0.1:9", "xks_proxy_info", check=check, **chosen)
    assert SECRET not in json.dumps(result)
    return result


def connected(house: House, *addresses: Address, **changes: Any) -> str | None:
    """The code that the embedded AWS gives for a connect to the same proxy."""
    options: dict[str, Any] = {
        "server_name": NAME, "uri_path": URI_PATH, **CREDENTIAL, "ca_file": house.ca_file, "region": REGION,
        "timeout": PATIENCE, "handshake_timeout": PATIENCE,
    }
    return connect.check_proxy(addresses, **{**options, **changes}).code


def said(result: dict[str, Any], *severities: str) -> set[str]:
    """The numbers of the findings of these severities."""
    return {finding["number"] for finding in result["findings"] if finding["severity"] in severities}


def finding(result: dict[str, Any], number: str, severity: str) -> dict[str, Any]:
    """The one finding of a number and a severity."""
    found = [one for one in result["findings"] if (one["number"], one["severity"]) == (number, severity)]
    assert len(found) == 1, (number, severity, result["findings"])
    return found[0]


Make = Callable[[House], AbstractContextManager[Address]]


def old_tls(version: ssl.TLSVersion) -> Behaviour:
    return Behaviour(tls_minimum=version, tls_maximum=version)


def listed(*roots: pki.Issued, until: str = "Sat Jan 16 16:00:00 PST 2038") -> str:
    """AWS's list with these roots, in the form in which AWS publishes it."""
    line = "*" * 86
    entries = []
    for number, root in enumerate(roots):
        digits = fingerprint(root)
        pairs = ":".join(digits[place:place + 2] for place in range(0, len(digits), 2)).upper()
        owner = root.certificate.subject.rfc4514_string()
        entries.append(
            f"Alias name: root{number}\nOwner: {owner}\nIssuer: {owner}\n"
            f"Valid from: Mon May 25 17:00:00 PDT 2015 until: {until}\nCertificate fingerprints:\n"
            f"\t SHA1: 8D:A7:F9\n\t SHA256: {pairs}\n{line}\n{line}\n"
        )
    return "".join(entries)


def fingerprint(root: pki.Issued) -> str:
    return root.certificate.fingerprint(hashes.SHA256()).hex()
