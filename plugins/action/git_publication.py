# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._git.folder import fill_in, read_folder
from ansible_collections.repro.stack.plugins.module_utils._git.publication import ARGUMENTS, RULES, check_options


class ActionModule(ActionBase):
    """Reads the folder where Ansible runs, and hands the server its files as data: one task, one connection."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        given = self._task.args
        try:
            read = self._read(given) if given.get("folder") and not given.get("archive") else {}
            if boolean(given.get("validate_only", False), strict=False):
                _said, options = self.validate_argument_spec(ARGUMENTS, **RULES)
                check_options({**options, **read})
                return {"changed": False}
        except StackError as error:
            return {"failed": True, "msg": str(error)}
        return self._execute_module("repro.stack.git_publication", {**given, **read}, task_vars=task_vars)

    def _read(self, given):
        folder = self._loader.path_dwim(given["folder"])
        tree = read_folder(folder)
        answers = fill_in(tree, given["folder"], given.get("values") or {})
        version = given.get("version") or answers.get("_version")
        return {"archive": tree.pack(), "version": None if version is None else str(version)}
