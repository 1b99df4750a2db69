# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.key_files import KeyFolder
from ansible_collections.repro.stack.plugins.module_utils._inventory.projects import ARGUMENTS, Projects
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments


class ActionModule(ActionBase):
    """Keeps the key files where Ansible runs; the server is asked only where a file is missing."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _validated, given = self.validate_argument_spec(
            {
                **arguments(),
                **ARGUMENTS,
                "stack": {"type": "str", "required": True},
                "client_endpoint": {"type": "str", "required": True},
                "directory": {"type": "path", "required": True},
                "held_elsewhere": {"type": "list", "elements": "str", "default": []},
                "reissue": {"type": "list", "elements": "str", "default": []},
            }
        )
        folder = Path(os.path.realpath(given["directory"]))
        try:
            keys = Projects(**{name: given[name] for name in ARGUMENTS}).keys()
            outcome, issued = KeyFolder(folder, given["stack"], given["client_endpoint"], given["region"]).keep(
                {name: key["access"] for name, key in keys.items() if name not in given["held_elsewhere"]},
                reissue=given["reissue"],
                users=lambda: self._users(given, task_vars),
                check_mode=self._task.check_mode,
            )
        except StackError as error:
            return {"failed": True, "msg": str(error)}
        return {
            "changed": outcome.changed,
            "diff": {"before": outcome.before, "after": outcome.after},
            "issued": issued,
            "directory": str(folder),
        }

    def _users(self, given, task_vars):
        """Names of the users that the server has."""
        asked = {**{name: given[name] for name in arguments()}, "gather": ["users"]}
        answer = self._execute_module("repro.stack.minio_info", asked, task_vars=task_vars)
        if answer.get("failed"):
            raise StackError(answer.get("msg", "minio_info failed without saying why"))
        return [user["name"] for user in answer["users"]]
