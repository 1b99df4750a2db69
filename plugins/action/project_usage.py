# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory import project_usage
from ansible_collections.repro.stack.plugins.module_utils._inventory.projects import ARGUMENTS
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments
from ansible_collections.repro.stack.plugins.module_utils._minio.names import bytes_of


class ActionModule(ActionBase):
    """Asks the server how much the limited projects hold, and warns where a limit is passed."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _validated, given = self.validate_argument_spec(
            {
                **arguments(),
                **{name: ARGUMENTS[name] for name in ("projects", "datasets_bucket", "dvc_bucket")},
                "stack": {"type": "str", "required": True},
                "usage_limit": {"type": "str", "default": ""},
                "free_disk": {"type": "str", "default": ""},
            }
        )
        try:
            limits = project_usage.limits(given["projects"], given["usage_limit"])
            free_disk = bytes_of(given["free_disk"] or "0", "free_disk")
        except StackError as error:
            return {"failed": True, "msg": str(error)}
        if not limits and not free_disk:
            return {"changed": False, "skipped": True, "skip_reason": "No limit is declared"}
        asked = project_usage.folders(limits, (given["datasets_bucket"], given["dvc_bucket"]))
        found = self._execute_module(
            "repro.stack.minio_info",
            {**{name: given[name] for name in arguments()}, "gather": ["disk"], "folders": asked},
            task_vars=task_vars,
        )
        if found.get("failed"):
            return found
        projects = project_usage.held(limits, found["folders"] if asked else [])
        said = project_usage.warnings(given["stack"], projects, found["disk"], free_disk)
        for sentence in said:
            Display().warning(sentence)
        return {"changed": False, "projects": projects, "disk": found["disk"], "over": said}
