# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The files and directories that a container is started with, and a keyed digest of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)
from ansible_collections.repro.stack.plugins.module_utils._server.files import (
    OURS,
    attributes,
    content,
    directory_attributes,
    make_directory,
    write,
)

GENERATION = ".generation"


class ConfigDirectory(Resource):
    """A directory with the declared files in it, and the data directories that belong to the same service.

    A state is {"directory": attributes, "directories": {path: attributes}, "files": {name: attributes + content},
    "secret_files": {name: attributes + a word for the content}, "digest_key": attributes}; attributes are owner, group
    and mode.
    """

    def __init__(
        self,
        path: str,
        desired: State,
        secret_contents: t.Mapping[str, str],
        key_file: str,
    ) -> None:
        self._path = Path(path)
        self._desired = desired
        self._secret_contents = secret_contents
        self._key_file = Path(key_file)

    def read(self) -> State:
        return {
            "digest_key": attributes(self._key_file) if self._key() else None,
            "directory": directory_attributes(self._path),
            "directories": {path: directory_attributes(Path(path)) for path in self._desired["directories"]},
            "files": {name: self._file(name) for name in self._desired["files"]},
            "secret_files": {name: self._secret_file(name) for name in self._desired["secret_files"]},
        }

    def update(self, changes: State) -> None:
        current = self.read()
        if _rewrites(current, changes):
            # First of all: whoever stops this run halfway leaves a digest that no running container carries.
            self._raise_generation()
        if "digest_key" in changes:
            self._keep_key()
        if "directory" in changes:
            make_directory(self._path, changes["directory"])
        for path, wanted in changes.get("directories", {}).items():
            if current["directories"][path] != wanted:
                make_directory(Path(path), wanted)
        for kind in ("files", "secret_files"):
            for name, wanted in changes.get(kind, {}).items():
                if current[kind][name] != wanted:
                    text = self._secret_contents[name] if kind == "secret_files" else wanted["content"]
                    write(self._path / name, text, wanted)

    def digest(self) -> str:
        """HMAC-SHA256 of what the container must have been started with, with a repair not made yet (check mode)."""
        generation = self._generation() + _rewrites(self.read(), self._desired)
        made = hmac.new(self._key(), str(generation).encode(), hashlib.sha256)
        contents = {name: wanted["content"] for name, wanted in self._desired["files"].items()}
        for name, text in sorted({**contents, **self._secret_contents}.items()):
            made.update(f"\0{name}\0{text}".encode())
        return made.hexdigest()

    def _file(self, name: str) -> State | None:
        found = attributes(self._path / name)
        return found and {**found, "content": content(self._path / name).decode(errors="replace")}

    def _secret_file(self, name: str) -> State | None:
        found = attributes(self._path / name)
        if found is None:
            return None
        same = hmac.compare_digest(content(self._path / name), self._secret_contents[name].encode())
        return {**found, "content": SECRET_AS_DECLARED if same else SECRET_DIFFERS}

    def _generation(self) -> int:
        try:
            return int((self._path / GENERATION).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _raise_generation(self) -> None:
        if not self._path.is_dir():
            make_directory(self._path, self._desired["directory"])
        write(self._path / GENERATION, str(self._generation() + 1), OURS)

    def _key(self) -> bytes:
        """Nothing where there is none; an emptied one is none."""
        return content(self._key_file).strip() if self._key_file.exists() else b""

    def _keep_key(self) -> None:
        """With a key, nobody can try guesses of a secret against the digest in a container's labels."""
        make_directory(self._key_file.parent, {**OURS, "mode": "0755"})
        write(self._key_file, self._key().decode() or secrets.token_hex(32), OURS)


def _rewrites(current: State, wanted: State) -> bool:
    """Whether the content of any file would be written again (a mode alone needs no new container)."""
    return any(
        (current[kind].get(name) or {}).get("content") != file["content"]
        for kind in ("files", "secret_files")
        for name, file in wanted.get(kind, {}).items()
    )
