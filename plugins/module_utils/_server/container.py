# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What a container says of itself."""

from __future__ import annotations

from ansible_collections.repro.stack.plugins.module_utils._module import library


def last_lines(name: str, lines: int) -> list[str]:
    docker = library("docker")
    try:
        printed = docker.from_env().containers.get(name).logs(tail=lines)
    except docker.errors.NotFound:
        return []
    return printed.decode(errors="replace").splitlines()
