# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Small pieces of work side by side, in little memory, and a file that says how far it is."""

from __future__ import annotations

import collections
import time
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError

Item = t.TypeVar("Item")
Found = t.TypeVar("Found")

SECONDS_BETWEEN_LINES = 1.0
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def side_by_side(work: t.Callable[[Item], Found], items: t.Iterable[Item], jobs: int) -> t.Iterator[tuple[Item, Found]]:
    """Every item with what ``work`` makes of it, in their order; only a few of a million are in memory at a time."""
    waiting: collections.deque[tuple[Item, Future[Found]]] = collections.deque()
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= 8 * jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


class Progress:
    """Keeps a file whose single line says how far the work is; without a path it keeps quiet."""

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._started = time.monotonic()
        self._told = 0.0
        self._what, self._total, self._done, self._bytes = "", 0, 0, 0

    def begin(self, what: str, total: int = 0) -> None:
        self._what, self._total, self._done, self._bytes = what, total, 0, 0
        self._tell()

    def advance(self, size: int = 0) -> None:
        self._done += 1
        self._bytes += size
        if time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._tell()

    def _tell(self) -> None:
        if self._path is None:
            return
        self._told = time.monotonic()
        done = f", {self._done} of {self._total}" if self._total else f", {self._done}" if self._done else ""
        size = f" ({as_text(self._bytes)})" if self._bytes else ""
        scratch = self._path.with_name(f".{self._path.name}.new")
        try:
            scratch.write_text(f"{self._told - self._started:.0f} s, {self._what}{done}{size}\n")
            scratch.replace(self._path)
        except OSError as error:
            raise StackError(f"The progress file {self._path} cannot be written: {error.strerror}") from error


def as_text(size: float) -> str:
    unit = 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 else f"{size:.1f} {UNITS[unit]}"
