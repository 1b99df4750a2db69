# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A file that is there from before the first write until somebody looked at what came of it."""

from __future__ import annotations

import os
import threading
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError

ARGUMENTS: dict[str, t.Any] = {"mark_file": {"type": "path"}}


class Mark:
    """Made once, on the disk before the first write leaves; without a path it is none."""

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else Path(path)
        self._making = threading.Lock()

    def make(self) -> None:
        with self._making:
            if self._path is None:
                return
            try:
                self._path.touch(mode=0o600)
                for path in (self._path, self._path.parent):
                    _settle(path)
            except OSError as error:
                raise StackError(f"Nothing was changed, because {self._path} cannot be made: {error}") from error
            self._path = None


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
