#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: container_log_info
short_description: Read the last lines that a container printed
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Says why a container does not run, where its own service is the one that knows.
extends_documentation_fragment:
  - repro.stack.attributes.info
options:
  name:
    description: Name of the container. One that does not exist printed nothing.
    type: str
    required: true
  lines:
    description: How many lines to read.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Ask why the object store does not run
  repro.stack.container_log_info:
    name: minio
"""

RETURN = r"""
lines:
  description: The last lines, oldest first.
  returned: success
  type: list
  elements: str
  sample: ["FATAL Unable to write to the backend"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import run_info
from ansible_collections.repro.stack.plugins.module_utils._server.container import last_lines


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "str", "required": True}, "lines": {"type": "int", "default": 20}},
        supports_check_mode=True,
    )
    run_info(module, lambda: {"lines": last_lines(**module.params)})


if __name__ == "__main__":
    main()
