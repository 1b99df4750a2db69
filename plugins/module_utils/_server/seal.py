# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A folder that was finished once: one look tells whether somebody changed it since."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State
from ansible_collections.repro.stack.plugins.module_utils._server.files import OURS, write

# Python writes it when it likes.
PASSED_OVER = "__pycache__"


class Seal(Resource):
    """A file in the folder that is meant. A state is {"intact": whether the folder is as the file says}."""

    def __init__(self, path: str) -> None:
        self._file = Path(path)

    def read(self) -> State | None:
        return {"intact": self._file.read_text() == self._digest()} if self._file.exists() else None

    def create(self, desired: State) -> None:
        write(self._file, self._digest(), OURS)

    def update(self, changes: State) -> None:
        self.create(changes)

    def _digest(self) -> str:
        """SHA-256 of names, modes, owners, sizes in bytes and times of change in nanoseconds of all other files.

        Of a folder its mode and owner.
        """
        own = f"{self._file} "
        listed = sorted(line for line in _lines(str(self._file.parent)) if not line.startswith(own))
        return hashlib.sha256("\n".join(listed).encode(errors="surrogateescape")).hexdigest()


def _lines(folder: str) -> t.Iterator[str]:
    # The size and time of a folder change with what is passed over.
    yield f"{folder} {_access(Path(folder).stat())}"
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                yield f"{entry.path} {_access(state)} {state.st_size} {state.st_mtime_ns}"
            elif entry.name != PASSED_OVER:
                yield from _lines(entry.path)


def _access(state: os.stat_result) -> str:
    return f"{state.st_mode:o} {state.st_uid} {state.st_gid}"
