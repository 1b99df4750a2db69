# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Whether a container is still what it was when it was last found as declared, and answers.

To compare a container option by option takes a second. Where neither the declaration nor anything that the engine tells
of the container is another than at the last comparison, its result is known: there is nothing to do.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine
from ansible_collections.repro.stack.plugins.module_utils._server.files import OURS, write

RECORD = ".container"
DIGEST_LABEL = "repro.stack.digest"
SETTLED, STUCK, OTHER = "settled", "stuck", "other"
# A server under load may be late to answer; one that gave no good answer for a minute will not by itself.
STUCK_AFTER = 60
NANOSECONDS = 1_000_000_000
# Of a network only what somebody decided: addresses are dealt anew at every start.
ATTACHMENT = ("NetworkID", "Aliases", "Links", "IPAMConfig", "DriverOpts")


def condition(engine: Engine, path: str, name: str, image: str, declared: str, digest: str) -> str:
    """SETTLED where it runs healthy, from this image, with these files, and nothing differs from what was noted."""
    found = engine.container(name)
    if found is None:
        return OTHER
    if _seconds_unhealthy(found) >= STUCK_AFTER:
        return STUCK
    settled = (
        _is_healthy(found["State"])
        and found["Image"] == engine.image_id(image)
        and (found["Config"]["Labels"] or {}).get(DIGEST_LABEL) == digest
        and _recorded(path) == _fingerprint(found, declared)
    )
    return SETTLED if settled else OTHER


def note(engine: Engine, path: str, name: str, declared: str, *, read_only: bool) -> bool:
    """Note that the container is as ``declared`` now; whether there is one."""
    found = engine.container(name)
    if found and not read_only:
        write(Path(path) / RECORD, _fingerprint(found, declared), OURS)
    return found is not None


def _is_healthy(state: t.Mapping[str, t.Any]) -> bool:
    return state["Status"] == "running" and (state.get("Health") or {}).get("Status") == "healthy"


def _seconds_unhealthy(found: t.Mapping[str, t.Any]) -> float:
    """How long the engine has asked in vain, at the least."""
    health = found["State"].get("Health") or {}
    if found["State"]["Status"] != "running" or health.get("Status") != "unhealthy":
        return 0
    return health["FailingStreak"] * found["Config"]["Healthcheck"]["Interval"] / NANOSECONDS


def _fingerprint(found: t.Mapping[str, t.Any], declared: str) -> str:
    """SHA-256 of the declaration and of all that the engine tells, but for what changes while nobody touches it."""
    network = found["NetworkSettings"]
    steady = {
        "declared": declared,
        **{name: found[name] for name in ("Id", "Image", "Path", "Args", "Config", "HostConfig")},
        # the engine lists them in any order
        "Mounts": sorted(found["Mounts"], key=lambda mount: mount["Destination"]),
        "Ports": network["Ports"],
        "Networks": {
            name: {field: each.get(field) for field in ATTACHMENT} for name, each in network["Networks"].items()
        },
    }
    return hashlib.sha256(json.dumps(steady, sort_keys=True).encode()).hexdigest()


def _recorded(path: str) -> str | None:
    try:
        return (Path(path) / RECORD).read_text()
    except FileNotFoundError:
        return None
