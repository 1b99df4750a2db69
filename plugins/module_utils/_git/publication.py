# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A folder as the content of a branch: published without overwriting anybody's work."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._command import CommandError
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._git import remote
from ansible_collections.repro.stack.plugins.module_utils._git.scratch import Scratch
from ansible_collections.repro.stack.plugins.module_utils._git.static import SERVED, StaticRepository
from ansible_collections.repro.stack.plugins.module_utils._git.tree import Tree, unpack
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, Resource, State

VERSION = re.compile(r"^[0-9A-Za-z][0-9A-Za-z_.-]*$")
BRANCH = re.compile(r"^[0-9A-Za-z][0-9A-Za-z_.-]*(/[0-9A-Za-z][0-9A-Za-z_.-]*)*$")

ARGUMENTS: dict[str, t.Any] = {
    **remote.ARGUMENTS,
    "folder": {"type": "path"},
    "values": {"type": "dict", "default": {}},
    # masked so that no log repeats all the files
    "archive": {"type": "str", "no_log": True},
    "version": {"type": "str"},
    "branch": {"type": "str", "default": "main"},
    "manager": {"type": "str", "default": "repro.stack"},
    "accept": {"type": "list", "elements": "str", "default": []},
    "initialise": {"type": "bool", "default": False},
    "validate_only": {"type": "bool", "default": False},
}
# What these options ask of each other.
RULES: dict[str, t.Any] = {"required_one_of": [("folder", "archive")], "required_by": {"password": "username"}}


def check_names(branch: str, version: str | None, manager: str) -> None:
    if not manager.strip() or not manager.isprintable() or "," in manager or manager != manager.strip():
        raise InvalidInputError(f"manager is {manager!r}, which cannot be written into a commit")
    for name, value, pattern in (("branch", branch, BRANCH), ("version", version or "1", VERSION)):
        if not pattern.match(value) or ".." in value or value.endswith((".", ".lock")):
            raise InvalidInputError(f"{name} is {value!r}, of which Git cannot make a name")


def check_options(given: t.Mapping[str, t.Any]) -> Tree:
    """The files to publish; what cannot be published, whatever the repository is like, is refused."""
    remote.check_url(given["url"], password=given["password"])
    check_names(given["branch"], given["version"], given["manager"])
    return unpack(given["archive"] or "")


class Publication(Resource):
    """The files of a branch and the tag of a version.

    A state is {"files": {path: mode and object id}, "tag": name} and, for a static repository, how it is served.
    """

    def __init__(
        self,
        scratch: Scratch,
        url: str,
        tree: Tree,
        *,
        branch: str,
        version: str | None,
        manager: str,
        accept: t.Collection[str] = (),
        static: StaticRepository | None = None,
    ) -> None:
        self._scratch, self._url, self._tree, self._static = scratch, url, tree, static
        self._branch, self._version, self._manager, self._accept = branch, version, manager, accept
        self._files = tree.state()
        self._readable = self._looked = False
        self._state: State | None = None
        self.commit: str | None = None

    def read(self) -> State | None:
        """Asks the remote once, and again after something was published."""
        if not self._looked:
            self._fetch()
            self._state = self._look()
            self._looked = True
        return self._state

    def desired(self) -> State:
        state: State = {"files": self._files}
        self.read()
        if self._version:
            state["tag"] = self._tag_of_content() or self._free_tag()
        return {**state, "served": SERVED} if self._static else state

    def create(self, desired: State) -> None:
        self._publish(self._tree, desired.get("tag"))

    def update(self, changes: State) -> None:
        if "files" in changes or "tag" in changes:
            self._publish(self._tree if "files" in changes else None, changes.get("tag"))
        elif self._static:
            self._static.serve()

    def _look(self) -> State | None:
        branches, tags = self._scratch.refs["heads"], self._scratch.refs["tags"]
        # where the branch was removed by hand, it goes on from its tags
        starts = [branches[self._branch]] if self._branch in branches else [*branches.values(), *tags.values()]
        history = self._scratch.commits(*starts)
        for commit in history:
            if commit.manager != self._manager and not {commit.id, commit.manager or commit.id} & {*self._accept}:
                by, way_out = f"by {commit.author}", "Take over what it changes and name it in accept"
                if commit.manager:
                    by, way_out = f"published by {commit.manager}", "If this stack was called so, name that in accept"
                raise StackError(
                    f"{self._url} holds the commit {commit.id} {by}, which is not of {self._manager}: nothing was "
                    f"changed. {way_out}, or publish to another repository"
                )
        self.commit = history[0].id if history else None
        if self._branch not in branches:
            return None
        state: State = {"files": self._scratch.files(str(self.commit)), "tag": self._tag_of_content()}
        return {**state, "served": self._static.state()} if self._static else state

    def _fetch(self) -> None:
        """A static repository that is not there, or that git cannot read, has nothing. Git reads every object here."""
        self._readable = False
        if self._static and not self._static.exists():
            return
        try:
            self._scratch.fetch(self._url)
            self._readable = True
        except CommandError as error:
            if self._static is None or not self._static.broken():
                raise StackError(f"{self._url} cannot be read: {error.words or error}") from error

    def _publish(self, tree: Tree | None, tag: str | None) -> None:
        new_tag = tag if tag not in self._scratch.refs["tags"] else None
        title = f"Publish version {self._version}" if self._version else "Publish"
        commit = self._scratch.commit(tree, self.commit, title, self._manager, new_tag)
        try:
            if self._static and not self._readable:
                with self._static.made_anew() as path:
                    self._scratch.push(path, self._branch, commit, new_tag)
            else:
                self._scratch.push(self._url, self._branch, commit, new_tag)
                if self._static:
                    self._static.serve()
        except CommandError as error:
            raise StackError(f"Nothing was published to {self._url}: {error.words or error}") from error
        self._looked = False

    def _tag_of_content(self) -> str | None:
        """The version's tag that bears exactly these files already."""
        tags = self._tags_of_version().items()
        return next((name for name, found in tags if self._scratch.files(found) == self._files), None)

    def _tags_of_version(self) -> dict[str, str]:
        if not self._version:
            return {}
        name = re.compile(re.escape(f"v{self._version}") + r"(?:\+(\d+))?$")
        found = {tag: object_id for tag, object_id in self._scratch.refs["tags"].items() if name.match(tag)}
        return dict(sorted(found.items(), key=lambda pair: int(pair[0].partition("+")[2] or 0)))

    def _free_tag(self) -> str:
        taken = [int(tag.partition("+")[2] or 0) for tag in self._tags_of_version()]
        return f"v{self._version}" + (f"+{max(taken) + 1}" if taken else "")


def only_what_differs(outcome: Outcome) -> Outcome:
    """So that the diff names the files that were added, changed and removed, and no others."""
    before, after = outcome.before or {}, outcome.after or {}
    old, new = before.get("files", {}), after.get("files", {})

    def shown(state: State | None, files: t.Mapping[str, str]) -> State | None:
        differing = {path: file for path, file in files.items() if old.get(path) != new.get(path)}
        return None if state is None else {**state, "files": differing}

    return Outcome(shown(outcome.before, old), shown(outcome.after, new), outcome.changed)
