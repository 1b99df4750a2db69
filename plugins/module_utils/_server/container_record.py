# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Whether a container is still what it was when it was last found as declared, and answers.

To compare a container option by option takes a second. Where neither the declaration nor anything that the engine tells
of the container is another than at the last comparison, its result is known: there is nothing to do. Where something
differs that no comparison by options would find, the container is not the one that was declared.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine
from ansible_collections.repro.stack.plugins.module_utils._server.files import OURS, write

RECORD = ".container"
DIGEST_LABEL = "repro.stack.digest"
SETTLED, ALTERED, LIMITED, STUCK, OTHER = "settled", "altered", "limited", "stuck", "other"
# A server under load may be late to answer; one that gave no good answer for a minute will not by itself.
STUCK_AFTER = 60
NANOSECONDS = 1_000_000_000
NOTED = {"engine", "declared", "made", "limits", "everything"}
# What docker_container gives back its declared value while the container runs.
UPDATED = ("Memory", "MemorySwap", "RestartPolicy")
# Of a network only what somebody decided: addresses are dealt anew at every start.
ATTACHMENT = ("NetworkID", "Aliases", "Links", "IPAMConfig", "DriverOpts")

Found = t.Mapping[str, t.Any]


def container_id(engine: Engine, name: str) -> str | None:
    return (engine.container(name) or {}).get("Id")


def condition(engine: Engine, path: str, name: str, image: str, declared: str, digest: str) -> str:
    """How the container stands to what was noted of it; the words are those of the module config_directory."""
    found = engine.container(name)
    if found is None:
        return OTHER
    if _is_on_a_lost_directory(found):
        return ALTERED
    noted = _recorded(path)
    asked_for = (
        noted.get("declared") == declared
        and found["Image"] == engine.image_id(image)
        and (found["Config"]["Labels"] or {}).get(DIGEST_LABEL) == digest
    )
    if asked_for and _is_healthy(found["State"]) and noted["everything"] == _hash(_everything(found)):
        return SETTLED
    # another engine tells other things of the same container
    if asked_for and noted["engine"] == engine.version():
        if noted["made"] != _hash(_made(found)):
            return ALTERED
        if noted["limits"] != _hash(_limits(found)):
            return LIMITED
    return STUCK if _seconds_unhealthy(found) >= STUCK_AFTER else OTHER


def note(engine: Engine, path: str, name: str, declared: str, *, read_only: bool) -> bool:
    """Note that the container is as ``declared`` now; whether there is one."""
    found = engine.container(name)
    if found and not read_only:
        noted = {
            "engine": engine.version(),
            "declared": declared,
            "made": _hash(_made(found)),
            "limits": _hash(_limits(found)),
            "everything": _hash(_everything(found)),
        }
        write(Path(path) / RECORD, json.dumps(noted), OURS)
    return found is not None


def _is_on_a_lost_directory(found: Found) -> bool:
    """Whether a directory that it mounted was removed and made anew, or moved to another disk: it keeps the old one."""
    root = Path("/proc", str(found["State"]["Pid"]), "root")
    mounts = [mount for mount in found["Mounts"] if mount["Type"] == "bind"]
    return any(_is_another(Path(f"{root}{mount['Destination']}"), Path(mount["Source"])) for mount in mounts)


def _is_another(held: Path, declared: Path) -> bool:
    try:
        inside = held.stat()
    except OSError:  # it does not run, or its processes cannot be seen from here
        return False
    try:
        return not os.path.samestat(inside, declared.stat())
    except FileNotFoundError:
        return True


def _is_healthy(state: Found) -> bool:
    return state["Status"] == "running" and (state.get("Health") or {}).get("Status") == "healthy"


def _seconds_unhealthy(found: Found) -> float:
    """How long the engine has asked in vain, at the least."""
    health = found["State"].get("Health") or {}
    if found["State"]["Status"] != "running" or health.get("Status") != "unhealthy":
        return 0
    return health["FailingStreak"] * found["Config"]["Healthcheck"]["Interval"] / NANOSECONDS


def _made(found: Found) -> dict[str, t.Any]:
    """What a container is created with, and what nobody changes without making it anew or updating it by hand."""
    return {
        **{name: found[name] for name in ("Path", "Args", "Config")},
        "HostConfig": {name: value for name, value in found["HostConfig"].items() if name not in UPDATED},
        # the engine lists them in any order
        "Mounts": sorted(found["Mounts"], key=lambda mount: mount["Destination"]),
    }


def _limits(found: Found) -> dict[str, t.Any]:
    return {name: found["HostConfig"][name] for name in UPDATED}


def _everything(found: Found) -> dict[str, t.Any]:
    """All that the engine tells, but for what changes while nobody touches the container."""
    network = found["NetworkSettings"]
    return {
        **_made(found),
        **{name: found[name] for name in ("Id", "Image", "HostConfig")},
        "Ports": network["Ports"],
        "Networks": {
            name: {field: each.get(field) for field in ATTACHMENT} for name, each in network["Networks"].items()
        },
    }


def _hash(told: Found) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _recorded(path: str) -> dict[str, str]:
    """What was noted; empty where nothing was, or where somebody wrote something else there."""
    try:
        noted = json.loads((Path(path) / RECORD).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) and noted.keys() >= NOTED else {}
