# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Which objects refs need: their outputs, and of directories also the files that these list."""

from __future__ import annotations

import functools
import json
import sys
import typing as t
from dataclasses import dataclass, field

from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import Reference
from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import algorithm_of, is_directory, key_of
from ansible_collections.repro.stack.plugins.module_utils._module import library

# Lists of directories that are kept in memory: neighbouring commits mostly have the same.
REMEMBERED = 32

Members = tuple[tuple[str, str], ...]


class HasContent(t.Protocol):
    def content(self, key: str) -> bytes | None: ...


class Directories:
    """Reads the lists of directories from the first of ``sources`` that has them whole."""

    def __init__(self, sources: t.Sequence[HasContent]) -> None:
        self._sources = sources
        self.members: t.Callable[[str], Members | None] = functools.lru_cache(REMEMBERED)(self._read)

    def _read(self, key: str) -> Members | None:
        """The files of a directory, each with the key of its object; None if no source has the list."""
        for source in self._sources:
            content = source.content(key)
            if content is not None:
                tree = library("dvc_data.hashfile.tree", "dvc").Tree.from_list(
                    json.loads(content), hash_name=algorithm_of(key)
                )
                # versions of a directory have most of it in common, so that a second list is mostly the first's texts
                return tuple(
                    (sys.intern("/".join(path)), sys.intern(key_of(found.name, found.value)))
                    for path, _meta, found in tree
                )
        return None


@dataclass
class Needs:
    """Objects with one path each at which they are needed; ``unknown`` are directories whose list nobody has."""

    objects: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def add(self, reference: Reference, directories: Directories, *, elsewhere: bool = False) -> None:
        """What ``reference`` needs; with ``elsewhere`` also what DVC keeps out of this remote."""
        for output in reference.outputs:
            if output.elsewhere and not elsewhere:
                continue
            self.objects.setdefault(output.key, output.path)
            if not is_directory(output.key):
                continue
            members = directories.members(output.key)
            if members is None:
                self.unknown.setdefault(output.key, output.path)
            for path, key in members or ():
                self.objects.setdefault(key, f"{output.path}/{path}")


def needs_of(references: t.Iterable[Reference], directories: Directories, *, elsewhere: bool = False) -> Needs:
    found = Needs()
    for reference in references:
        found.add(reference, directories, elsewhere=elsewhere)
    return found
