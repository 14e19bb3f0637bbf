# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m emulator`: start it, say where it is, and end with Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="emulator", description="An AWS on loopback for tests and demonstrations.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5555, help="0 picks a free one")
    parser.add_argument("--dns-port", type=int, metavar="PORT", help="serve the public zones by DNS; 0 picks a port")
    parser.add_argument("--time-scale", type=float, default=1.0, metavar="F", help="1 = AWS's delays, 0 = none")
    parser.add_argument("--call-log", metavar="FILE", help="append every AWS call as a JSON line")
    parser.add_argument("--ca-file", metavar="PEM", help="root certificates that KMS is to trust")
    parser.add_argument(
        "--map", action="append", default=[], metavar="ADDRESS=HOST:PORT", help="where an address is really served"
    )
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="us-east-1", help="the region of requests that name none")
    parser.add_argument("--unmapped-targets", choices=("healthy", "unhealthy"), default="unhealthy")
    return parser


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    pairs = [entry.partition("=") for entry in options.map]
    if not all(address and target.rpartition(":")[2].isdigit() for address, dummy, target in pairs):
        parser.error("--map takes ADDRESS=HOST:PORT")

    signal.signal(signal.SIGTERM, _leave)
    try:
        return _run(options, {address: target for address, dummy, target in pairs})
    except (KeyboardInterrupt, SystemExit):
        return 0


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, address_map: dict[str, str]) -> int:
    # Importing takes seconds, in which Ctrl-C has to work already.
    from .server import Emulator

    try:
        emulator = Emulator(
            options.host,
            options.port,
            options.dns_port,
            options.call_log,
            time_scale=options.time_scale,
            ca_file=options.ca_file,
            address_map=address_map,
            account=options.account,
            region=options.region,
            unmapped_targets=options.unmapped_targets,
        )
    except OSError as error:
        print(f"emulator: cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    dns = f" dns {options.host}:{emulator.dns_port}" if emulator.dns_port is not None else ""
    print(f"emulator ready {emulator.url}{dns}", flush=True)
    try:
        emulator.serve_forever()
    finally:
        # A second signal must not interrupt the end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        emulator.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
