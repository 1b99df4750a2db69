# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Files and directories of the server with their owners and modes."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

OURS: State = {"owner": 0, "group": 0, "mode": "0600"}


def attributes(path: Path) -> State | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return {"owner": found.st_uid, "group": found.st_gid, "mode": f"{found.st_mode & 0o7777:04o}"}


def make_directory(path: Path, wanted: State) -> None:
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.chown(path, wanted["owner"], wanted["group"])
    path.chmod(int(wanted["mode"], 8))


def write(path: Path, content: str, wanted: State) -> None:
    """Replace the file in one step; it never exists half written or readable by others."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), wanted["owner"], wanted["group"])
        os.fchmod(file.fileno(), int(wanted["mode"], 8))
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
