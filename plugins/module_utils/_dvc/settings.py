# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A repository's DVC configuration as one resource: both files, the local one private."""

from __future__ import annotations

import hmac
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._dvc.config import ConfigFile, Sections
from ansible_collections.repro.stack.plugins.module_utils._dvc.declaration import Files, wanted
from ansible_collections.repro.stack.plugins.module_utils._dvc.options import SECRET, holds_credentials
from ansible_collections.repro.stack.plugins.module_utils._dvc.repository import CONFIG, LOCAL, Repository
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)


class Settings(Resource):
    """State: {"config": sections, "config.local": sections, "private": whether Git and others cannot see it}.

    ``desired`` is the state that ``params`` ask for.
    """

    def __init__(self, repository: Repository, params: t.Mapping[str, t.Any]) -> None:
        self._repository = repository
        config = ConfigFile(repository.dvc / CONFIG)
        config.refuse_secrets()
        found = Files(config.sections, ConfigFile(repository.dvc / LOCAL).sections)
        self._wanted = wanted(found, params)
        self.desired: State = self._shown(self._wanted) | {"private": True}

    def read(self) -> State | None:
        if not self._repository.initialised:
            return None
        files = Files(*(ConfigFile(self._repository.dvc / name).sections for name in (CONFIG, LOCAL)))
        private = self._repository.private() and self._repository.ignores(LOCAL)
        return self._shown(files) | {"private": private}

    def create(self, desired: State) -> None:
        self._repository.initialise()
        self.update(desired)

    def update(self, changes: State) -> None:
        config, local = (ConfigFile(self._repository.dvc / name) for name in (CONFIG, LOCAL))
        # both are rendered before the first is written
        texts = config.edited(self._wanted.config), local.edited(self._wanted.local)
        if not self._repository.ignores(LOCAL):
            self._repository.ignore_local()
            if not self._repository.ignores(LOCAL):
                raise StackError(
                    f"Git does not ignore {local.path}, whatever .dvc/.gitignore says: see the repository's own"
                )
        if texts[0] != config.text:
            self._repository.write(config.path, texts[0])
        if texts[1] != local.text or not self._repository.private():
            self._repository.write(local.path, texts[1], 0o600)

    def _shown(self, files: Files) -> State:
        """The files with words in place of secrets; one that is not declared is as it has to be."""
        return {CONFIG: files.config, LOCAL: _masked(files.local, self._wanted.local)}


def _masked(sections: Sections, wanted_sections: Sections) -> Sections:
    return {
        section: {
            option: _word(value, wanted_sections.get(section, {}).get(option)) if _is_secret(option, value) else value
            for option, value in options.items()
        }
        for section, options in sections.items()
    }


def _is_secret(option: str, value: t.Any) -> bool:
    return option in SECRET or (isinstance(value, str) and holds_credentials(value))


def _word(value: t.Any, wanted_value: t.Any) -> str:
    same = hmac.compare_digest(str(value).encode(), str(wanted_value).encode())
    return SECRET_AS_DECLARED if same else SECRET_DIFFERS
