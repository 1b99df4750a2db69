# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Files and directories of the server with their owners and modes."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

OURS: State = {"owner": 0, "group": 0, "mode": "0600"}


def attributes(path: Path) -> State | None:
    """Owner, group and mode of a file, which no link may stand for."""
    try:
        return _attributes(path.lstat())
    except FileNotFoundError:
        return None


def directory_attributes(path: Path) -> State | None:
    """The same of a directory, which may lie elsewhere: a link to a larger disk is a common thing."""
    try:
        return _attributes(path.stat())
    except FileNotFoundError:
        return None


def content(path: Path) -> bytes:
    if path.is_dir():
        raise StackError(f"{path} is a directory, and a file of that name is to be written: move it away")
    return path.read_bytes()


def make_directory(path: Path, wanted: State) -> None:
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise StackError(f"{error.filename} is there and is no directory: move it away") from error
    os.chown(path, wanted["owner"], wanted["group"])
    path.chmod(int(wanted["mode"], 8))


def _attributes(found: os.stat_result) -> State:
    return {"owner": found.st_uid, "group": found.st_gid, "mode": f"{found.st_mode & 0o7777:04o}"}


def write(path: Path, text: str, wanted: State) -> None:
    """Replace the file in one step; it never exists half written or readable by others."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), wanted["owner"], wanted["group"])
        os.fchmod(file.fileno(), int(wanted["mode"], 8))
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
