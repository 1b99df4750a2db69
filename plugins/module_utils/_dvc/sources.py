# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where objects can be had beside the remote in question: a cache, another remote."""

from __future__ import annotations

import contextlib
import io
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import algorithm_of, digest_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.store import Held, Store
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._module import library

CACHE = "cache"


class Source(t.Protocol):
    name: str
    place: str

    def expect(self, keys: t.Collection[str]) -> None:
        """Find out in one go which of these are there; the rest is asked for these only."""

    def has(self, key: str) -> bool: ...

    def proof(self, key: str) -> str | None:
        """Something if what is there has the MD5 that its key says; None if not."""

    def give(self, key: str, proof: str, target: Store) -> None: ...

    def content(self, key: str) -> bytes | None:
        """The whole of a small object, if it is there and right."""


class Cache:
    """The cache that a repository uses on this machine. Nothing is ever written there."""

    name = CACHE
    place = "in the cache"

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)

    def expect(self, keys: t.Collection[str]) -> None:
        """A look at a file costs nothing."""

    def has(self, key: str) -> bool:
        with self._readable(key) as path:
            return path.is_file()

    def proof(self, key: str) -> str | None:
        hashing = library("dvc_data.hashfile.hash", "dvc")
        with self._readable(key) as path, path.open("rb") as file:
            md5 = hashing.fobj_md5(file, name=algorithm_of(key))
        return t.cast(str, md5) if md5 == digest_of(key) else None

    def give(self, key: str, proof: str, target: Store) -> None:
        target.upload(self._directory / key, key)

    def content(self, key: str) -> bytes | None:
        with self._readable(key) as path:
            return checked(key, path.read_bytes()) if path.is_file() else None

    @contextlib.contextmanager
    def _readable(self, key: str) -> t.Iterator[Path]:
        """What may not be read here, such as in a cache of somebody else, must not pass for missing."""
        path = self._directory / key
        try:
            yield path
        except OSError as error:
            raise StackError(f"{path} cannot be read: {error.strerror}") from error


class StoredCopy:
    """The same objects on another remote."""

    def __init__(self, store: Store) -> None:
        self.name = store.remote.name
        self.place = f"on {store.remote.address}"
        self._store = store
        self._held: t.Mapping[str, Held] = {}

    def expect(self, keys: t.Collection[str]) -> None:
        self._held = self._store.some(keys)

    def has(self, key: str) -> bool:
        return key in self._held

    def proof(self, key: str) -> str | None:
        return self._store.intact(key, self._held[key])

    def give(self, key: str, proof: str, target: Store) -> None:
        target.copy_from(self._store, key, self._held[key], proof)

    def content(self, key: str) -> bytes | None:
        content = self._store.content(key)
        return None if content is None else checked(key, content)


def checked(key: str, content: bytes) -> bytes | None:
    hashing = library("dvc_data.hashfile.hash", "dvc")
    return content if hashing.fobj_md5(io.BytesIO(content), name=algorithm_of(key)) == digest_of(key) else None
