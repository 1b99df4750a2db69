# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._git.folder import fill_in, read_folder


class ActionModule(ActionBase):
    """Reads the folder where Ansible runs, and hands the server its files as data: one task, one connection."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        given = dict(self._task.args)
        if given.get("folder") and not given.get("archive"):
            try:
                given.update(self._read(given))
            except StackError as error:
                return {"failed": True, "msg": str(error)}
        return self._execute_module("repro.stack.git_publication", given, task_vars=task_vars)

    def _read(self, given):
        folder = self._loader.path_dwim(given["folder"])
        tree = read_folder(folder)
        answers = fill_in(tree, given["folder"], given.get("values") or {})
        return {"archive": tree.pack(), "version": given.get("version") or answers.get("_version")}
