# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What the projects hold in the store, beside what the inventory says they should at most."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.names import bytes_of

Found = t.Mapping[str, t.Any]


def limits(projects: t.Iterable[t.Mapping[str, t.Any]], default: str) -> dict[str, int]:
    """Bytes at most, of those projects that have a limit."""
    declared = {project["name"]: project.get("usage_limit") or default for project in projects}
    return {name: bytes_of(limit, f"projects: {name}") for name, limit in declared.items() if limit}


def folders(names: t.Iterable[str], buckets: t.Collection[str]) -> list[dict[str, str]]:
    return [{"bucket": bucket, "prefix": f"{name}/"} for name in names for bucket in buckets]


def held(limit: t.Mapping[str, int], counted: t.Sequence[Found]) -> list[dict[str, t.Any]]:
    """What each project holds."""
    return [
        {"name": name, "limit": most, "size": sum(each["size"] for each in counted if each["prefix"] == f"{name}/")}
        for name, most in limit.items()
    ]


def warnings(stack: str, projects: t.Iterable[Found], disk: Found, free_at_least: int) -> list[str]:
    """A sentence for each limit that is passed. MinIO itself has none for folders."""
    found = [
        f"{stack}: the project {each['name']} holds {words(each['size'])}, old versions included; "
        f"its limit is {words(each['limit'])}"
        for each in projects
        if each["size"] > each["limit"]
    ]
    if disk["free"] < free_at_least:
        found.append(
            f"{stack}: the object store has {words(disk['free'])} of {words(disk['size'])} left; "
            f"there should be {words(free_at_least)}"
        )
    return found


def words(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"
