# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A bare repository in a scratch folder: what a remote has, and what it is going to be sent."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._command import Command
from ansible_collections.repro.stack.plugins.module_utils._git.tree import Tree

NAME, EMAIL = "repro.stack", "repro.stack@noreply.invalid"
TRAILER = "Published-By"
REMOTE = "refs/remote"
FIELDS = "%H%x00%an <%ae>%x00%cn%x00%ce%x00%(trailers:key=" + TRAILER + ",valueonly,separator=%x2C)"


@dataclass(frozen=True)
class Commit:
    id: str
    author: str
    manager: str
    """Who published it by this collection; empty for anybody else's commit."""


class Scratch:
    def __init__(self, git: Command) -> None:
        self._git = git
        self._git.read("init", "--quiet", "--bare")
        self._files: dict[str, dict[str, str]] = {}
        self.refs: dict[str, dict[str, str]] = {"heads": {}, "tags": {}}
        """The remote's branches and tags, each with its object's id."""

    def fetch(self, url: str) -> None:
        """All branches and tags with their whole history."""
        refs = [f"+refs/{kind}/*:{REMOTE}/{kind}/*" for kind in self.refs]
        self._git.read("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--", url, *refs)
        self.refs = {kind: {} for kind in self.refs}
        listed = self._git.read("for-each-ref", "--format=%(objectname) %(refname)", REMOTE).decode(errors="replace")
        for line in listed.splitlines():
            found, name = line.split(" ", 1)
            kind, name = name.removeprefix(f"{REMOTE}/").split("/", 1)
            self.refs[kind][name] = found

    def commits(self, *starts: str) -> list[Commit]:
        """Everything that leads to ``starts``, the latest first."""
        if not starts:
            return []
        listed = self._git.read("log", "-z", f"--format={FIELDS}", *starts, "--").decode(errors="replace")
        words = listed.split("\0")
        return [
            Commit(found, author, manager.strip() if (name, email) == (NAME, EMAIL) else "")
            for found, author, name, email, manager in zip(*(words[number::5] for number in range(5)), strict=False)
        ]

    def files(self, start: str) -> dict[str, str]:
        """Mode and object id of each file, as ``Tree.state`` words them."""
        if start not in self._files:
            listed = self._git.read("ls-tree", "-r", "-z", "--full-tree", start).decode(errors="replace")
            entries = (line.split("\t", 1) for line in listed.split("\0") if line)
            words = ((about.split(), path) for about, path in entries)
            self._files[start] = {path: f"{mode} {blob}" for (mode, _kind, blob), path in words}
        return self._files[start]

    def commit(self, tree: Tree | None, parent: str | None, message: str, manager: str, tag: str | None) -> str:
        """Make a commit of the whole tree (None: take the parent as it is) and a tag on it; the commit's id."""
        who = f"{NAME} <{EMAIL}> {int(time.time())} +0000".encode()
        lines = [b"feature done"]
        if tree is not None:
            text = f"{message}\n\n{TRAILER}: {manager}\n".encode()
            lines += [b"commit refs/new/commit", b"mark :1", b"committer " + who, b"data %d" % len(text), text]
            lines += [f"from {parent}".encode()] if parent else []
            lines += [b"deleteall"]
            for path, file in tree.items():
                lines += [f"M {file.mode} inline {_quoted(path)}".encode()]
                lines += [b"data %d" % len(file.content), file.content]
        else:
            lines += [b"reset refs/new/commit", f"from {parent}".encode()]
        if tag:
            text = f"{message}\n".encode()
            start = b":1" if tree is not None else str(parent).encode()
            lines += [f"tag {tag}".encode(), b"from " + start, b"tagger " + who, b"data %d" % len(text), text]
        # a ref that an earlier attempt of this run left would have to be an ancestor
        self._git.read("fast-import", "--quiet", "--force", given=b"\n".join([*lines, b"done\n"]))
        return self._git.read("rev-parse", "--verify", "refs/new/commit").decode().strip()

    def push(self, url: str, branch: str, commit: str, tag: str | None) -> None:
        """Both or neither, and nothing that is there is overwritten."""
        refs = [f"{commit}:refs/heads/{branch}"] + ([f"refs/tags/{tag}:refs/tags/{tag}"] if tag else [])
        self._git.write("push", "--quiet", "--atomic", "--", url, *refs)


def _quoted(path: str) -> str:
    replaced: t.Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return '"' + "".join(replaced.get(letter, letter) for letter in path) + '"'
