# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import base64
import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

SECONDS_BETWEEN_LOOKS = 5


class ActionModule(ActionBase):
    """Waits for an asynchronous M(repro.stack.image_build) and shows each new line of its progress file."""

    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            {
                "name": {"type": "str", "required": True},
                "job": {"type": "str", "required": True},
                "progress_file": {"type": "path", "required": True},
            }
        )
        look = {"jid": arguments["job"], "_async_dir": self.get_shell_option("async_dir", default="~/.ansible_async")}
        shown = ""
        while True:
            job = self._execute_module("ansible.builtin.async_status", look, task_vars=task_vars)
            if job.get("finished"):
                return {key: value for key, value in job.items() if key not in ("invocation", "ansible_job_id")}
            if job.get("failed"):
                return job
            line = self._progress(arguments["progress_file"], task_vars)
            if line != shown:
                Display().display(f"  {arguments['name']}: {line}")
                shown = line
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _progress(self, path, task_vars):
        read = self._execute_module("ansible.builtin.slurp", {"src": path}, task_vars=task_vars)
        return base64.b64decode(read.get("content", "")).decode(errors="replace").strip()
