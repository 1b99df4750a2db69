# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A folder on the controller: what Git would take of it, and the values of a template."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._command import CommandError
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._git.remote import git
from ansible_collections.repro.stack.plugins.module_utils._git.tree import EXECUTABLE, LINK, ORDINARY, File, Tree

ANSWERS = "cookiecutter.json"
LARGEST = 32 * 1024 * 1024
# A clone is often somebody else's than the user's that Ansible runs as; nothing of it may be started.
FOREIGN = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def read_folder(path: str) -> Tree:
    """Every file that Git would not ignore, with its executable bit."""
    folder = Path(path)
    if not folder.is_dir():
        raise InvalidInputError(f"The folder {folder} does not exist")
    tree = Tree()
    size = 0
    for name in sorted(_names(folder)):
        file = folder / name
        if not name.isprintable():
            raise InvalidInputError(f"The name of {os.fsencode(file)!r} cannot be published")
        try:
            if file.is_dir() and not file.is_symlink():
                raise InvalidInputError(f"{file} is a Git repository of its own and cannot be published with {folder}")
            if not os.path.lexists(file):
                continue  # removed here and not yet in Git
            tree[name] = _file(file)
        except OSError as error:
            raise StackError(f"{file} cannot be read: {error.strerror}") from error
        size += len(tree[name].content)
        if size > LARGEST:
            raise InvalidInputError(f"The folder {folder} holds more than {LARGEST >> 20} MiB, the most there is")
    if not tree:
        raise InvalidInputError(f"The folder {folder} is empty, or Git ignores all that is in it")
    return tree


def fill_in(tree: Tree, folder: str, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Write ``values`` into the template's own answers; the answers as they are then."""
    where = f"{folder}/{ANSWERS}"
    if ANSWERS not in tree:
        if values:
            raise InvalidInputError(f"There is no {where} to write values into")
        return {}
    try:
        answers = json.loads(tree[ANSWERS].content)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"{where}, line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{where} is not text in UTF-8: {error}") from error
    if not isinstance(answers, dict):
        raise InvalidInputError(f"{where} must hold an object, with a value for each question")
    if strangers := sorted(set(values) - set(answers)):
        raise InvalidInputError(f"{where} has no {', '.join(strangers)}; it has {', '.join(answers)}")
    filled = {**answers, **values}
    if filled != answers:
        text = json.dumps(filled, indent=2, ensure_ascii=False) + "\n"
        tree[ANSWERS] = File(tree[ANSWERS].mode, text.encode())
    return filled


def _file(path: Path) -> File:
    if path.is_symlink():
        return File(LINK, os.fsencode(path.readlink()))
    return File(EXECUTABLE if path.stat().st_mode & 0o111 else ORDINARY, path.read_bytes())


def _names(folder: Path) -> set[str]:
    """By the rules of the repository around the folder; where there is none, or it ignores the folder, by its own."""
    here = str(folder.resolve())
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    try:
        found = git(*FOREIGN, "-C", here, read_only=True).read(*listing)
    except CommandError as error:
        if "not a git repository" not in error.words:
            raise
        found = b""
    if not found:
        with tempfile.TemporaryDirectory() as scratch:
            alone = git("-C", here, f"--git-dir={scratch}", f"--work-tree={here}", read_only=True)
            alone.read("init", "--quiet")
            found = alone.read(*listing)
    return {os.fsdecode(name) for name in found.split(b"\0") if name}
