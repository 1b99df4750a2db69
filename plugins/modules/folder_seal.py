#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: folder_seal
short_description: Note that a folder is finished, and what it is like
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Writes a digest of the names, sizes, times, owners and modes of all files of a folder into a file of it, and of the
    names, owners and modes of its folders.
    M(repro.stack.server_check) then tells whether anything was changed since.
  - C(__pycache__) does not count, since Python writes there when it likes.
extends_documentation_fragment:
  - repro.stack.attributes
options:
  path:
    description: The file to write, in the folder that is meant.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Note that the environment is complete
  repro.stack.folder_seal:
    path: /opt/repro/venv/.complete
"""

RETURN = r"""
seal:
  description: Whether the folder is as the file says.
  returned: success
  type: dict
  sample: {intact: true}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile
from ansible_collections.repro.stack.plugins.module_utils._server.seal import Seal


def main() -> None:
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    folder = Seal(module.params["path"])
    run_outcome(module, lambda: reconcile(folder, {"intact": True}, check_mode=module.check_mode), "seal")


if __name__ == "__main__":
    main()
