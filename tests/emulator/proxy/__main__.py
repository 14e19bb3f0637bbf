# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the proxy: python -m emulator.proxy --pki DIR --server-name NAME --credential-file FILE --key-id demo-key."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from emulator import pki
from emulator.proxy.behaviour import ACTIVE, DEGRADED, UNAVAILABLE, Behaviour
from emulator.proxy.credentials import CredentialError, credential_from_file, stripped_secret
from emulator.proxy.crypto import ExternalKey
from emulator.proxy.server import XksProxy

SECRET_VARIABLE = "XKS_RAW_SECRET_ACCESS_KEY"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    # Blocked before any thread exists and waited for: a handler that sets an event can deadlock on a second signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        proxy = _proxy(options).start()
    except (CredentialError, OSError, ValueError) as error:
        parser.error(str(error))
    host, port = proxy.address
    print(f"xks proxy ready https://{host}:{port} path {proxy.uri_path}", flush=True)
    signal.sigwait(STOP_SIGNALS)
    proxy.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.proxy", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one and prints it")
    parser.add_argument("--uri-path-prefix", default="", metavar="/PREFIX", help="what comes before /kms/xks/v1")
    parser.add_argument("--certificate", metavar="FILE", help="chain in PEM, leaf first")
    parser.add_argument("--private-key", metavar="FILE")
    parser.add_argument("--pki", metavar="DIR", help="make, or use again, a CA and a certificate here")
    parser.add_argument("--server-name", metavar="NAME", help="the private DNS name, with --pki")
    parser.add_argument(
        "--access-key-id", metavar="ID", help=f"its secret is in ${SECRET_VARIABLE} or in --secret-file"
    )
    parser.add_argument("--secret-file", metavar="FILE")
    parser.add_argument(
        "--credential-file",
        metavar="FILE",
        action="append",
        default=[],
        help="proxy configuration file as the KMS console reads it; made with a fresh pair when missing; repeatable",
    )
    parser.add_argument("--region", help="accept signatures for this region only")
    parser.add_argument("--key-id", metavar="ID", action="append", default=[], help="an external key; repeatable")
    parser.add_argument(
        "--health",
        choices=[ACTIVE, DEGRADED, UNAVAILABLE],
        action="append",
        help="state of one external key manager; repeatable",
    )
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="before every answer")
    return parser


def _proxy(options: argparse.Namespace) -> XksProxy:
    certificate, private_key = _certificate(options)
    return XksProxy(
        certificate=certificate,
        private_key=private_key,
        credentials=_credentials(options),
        uri_path_prefix=options.uri_path_prefix,
        keys={key_id: ExternalKey() for key_id in options.key_id},
        behaviour=Behaviour(health=options.health or [ACTIVE, ACTIVE], delay=options.delay),
        region=options.region,
        host=options.host,
        port=options.port,
    )


def _certificate(options: argparse.Namespace) -> tuple[Path, Path]:
    if options.pki and options.server_name:
        files = pki.ensure(options.pki, options.server_name)
        return files.chain, files.key
    if options.certificate and options.private_key:
        return Path(options.certificate), Path(options.private_key)
    raise ValueError("either --certificate and --private-key, or --pki and --server-name, must be given")


def _credentials(options: argparse.Namespace) -> dict[str, str]:
    credentials = dict(credential_from_file(Path(name), options.uri_path_prefix) for name in options.credential_file)
    if options.access_key_id:
        credentials[options.access_key_id] = _secret(options.secret_file)
    if not credentials:
        raise CredentialError("a --credential-file or an --access-key-id must be given")
    return credentials


def _secret(secret_file: str | None) -> str:
    if secret_file:
        return stripped_secret(Path(secret_file).read_text(encoding="utf-8"), "--secret-file")
    return stripped_secret(os.environ.get(SECRET_VARIABLE, ""), f"${SECRET_VARIABLE}")


if __name__ == "__main__":
    sys.exit(main())
