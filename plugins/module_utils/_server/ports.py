# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Whether a port can be had, and who has it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine

PROC = Path("/proc")
LISTENING = "0A"


def port_problem(engine: Engine, address: str, port: int, container: str) -> str | None:
    """Who else has the port, in a sentence; None where it is free or published by ``container``."""
    wanted = f"Port {port} of {address}, wanted for the container {container},"
    for published in engine.published():
        if published.port == port and _overlap(published.address, address):
            if published.container == container:
                return None
            return f"{wanted} is taken by the container {published.container}"
    refusal = _refusal(address, port)
    if refusal == errno.EADDRINUSE:
        return f"{wanted} is taken by {_holder(address, port)}"
    if refusal == errno.EADDRNOTAVAIL:
        return f"{wanted} cannot be had: {address} is no address of this server"
    return None


def _refusal(address: str, port: int) -> int | None:
    """Why the kernel would not give the port; a socket that is bound and closed leaves no trace."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno
    return None


def _holder(address: str, port: int) -> str:
    inodes = {inode for listening, number, inode in _listeners() if number == port and _overlap(listening, address)}
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in sorted((path for path in PROC.iterdir() if path.name.isdigit()), key=lambda path: int(path.name)):
        if links.intersection(_open_files(process)):
            return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "a process that cannot be seen from here"


def _open_files(process: Path) -> t.Iterator[str]:
    try:
        for file in (process / "fd").iterdir():
            try:
                yield str(file.readlink())
            except OSError:
                continue  # closed in the meantime
    except OSError:
        return  # the process ended, or is not ours to look at


def _listeners() -> t.Iterator[tuple[str, int, str]]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue  # a kernel without IPv6
        for line in lines:
            fields = line.split()
            if fields[3] == LISTENING:
                address, _colon, port = fields[1].partition(":")
                yield _readable(address), int(port, 16), fields[9]


def _readable(text: str) -> str:
    """The kernel writes 32-bit words in its own byte order, which is little-endian wherever the stack runs."""
    raw = bytes.fromhex(text)
    return str(ipaddress.ip_address(b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))))


def _overlap(first: str, second: str) -> bool:
    """Whether two listeners would meet: an unspecified address stands for all, in both families."""
    one, two = (_plain(address) for address in (first, second))
    return one == two or one.is_unspecified or two.is_unspecified


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address
