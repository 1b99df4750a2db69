# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A YAML file of secrets on the controller that only ever grows. Values never leave here."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._command import Command, CommandError
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.private_file import (
    random_secret,
    refuse_shared,
    replace,
)
from ansible_collections.repro.stack.plugins.module_utils._module import library
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

VAULT_HEADER = "$ANSIBLE_VAULT"
HEADING = "# Secrets of this inventory, made once. Keep a copy elsewhere; for a real server, encrypt it.\n---\n"


class SecretsFile(Resource):
    """State: {"names": the names in the file}. Names that are not asked for stay, and so does every line."""

    def __init__(self, path: str, names: t.Sequence[str], length: int) -> None:
        self._path = Path(os.path.realpath(path))
        self._names = names
        self._length = length

    def wanted(self) -> State:
        found = (self.read() or {"names": []})["names"]
        return {"names": sorted({*found, *self._names})}

    def leak(self) -> str | None:
        """A warning where the next commit would take the file. Without Git there is none."""
        git = Command("git", "-C", str(self._path.parent), read_only=True)
        try:
            taken = git.read("ls-files", "--cached", "--others", "--exclude-standard", "--", self._path.name)
        except CommandError:
            return None
        advice = f"`ansible-vault encrypt {self._path}`, or name it in a .gitignore"
        return f"Git takes {self._path}, whose secrets everybody can read: {advice}" if taken else None

    def read(self) -> State | None:
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return None
        if text.startswith(VAULT_HEADER):
            raise StackError(
                f"{self._path} is encrypted and cannot be extended here; it must hold {', '.join(self._names)}: "
                f"add what is missing by `ansible-vault edit {self._path}`"
            )
        refuse_shared(self._path)
        found = self._parsed(text)
        empty = [name for name in self._names if name in found and found[name] in (None, "")]
        if empty:
            raise StackError(
                f"{self._path} holds no value for {', '.join(empty)}: give one, or remove the line to get one made"
            )
        return {"names": sorted(found)}

    def create(self, desired: State) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write(HEADING, desired["names"])

    def update(self, changes: State) -> None:
        text = self._path.read_text()
        found = self._parsed(text)
        self._write(
            text if text.endswith("\n") or not text else text + "\n",
            [name for name in changes["names"] if name not in found],
        )

    def _write(self, text: str, missing: t.Sequence[str]) -> None:
        """Add one line for each name."""
        before = self._parsed(text)
        for name in missing:
            text += f'{name}: "{random_secret(self._length)}"\n'
        after = self._parsed(text)
        if {**before, **after} != after or set(after) != {*before, *missing}:
            raise StackError(
                f"{self._path} is not a plain list of `name: value` lines: add {', '.join(missing)} by hand"
            )
        replace(self._path, text)

    def _parsed(self, text: str) -> dict[str, t.Any]:
        yaml = library("yaml", "PyYAML")

        class Loader(yaml.SafeLoader):
            """A value encrypted on its own (`!vault`) counts as there."""

        Loader.add_multi_constructor("!", lambda loader, suffix, node: node.value)
        try:
            found = yaml.load(text, Loader=Loader) or {}
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" in line {mark.line + 1}" if mark else ""
            raise StackError(f"{self._path} is not valid YAML{place}") from None
        if not isinstance(found, dict):
            raise StackError(f"{self._path} is not a list of `name: value` lines")
        return found
