#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets_file
short_description: Make the secrets of an inventory, each once
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Adds a random value to a YAML file for each name that is not in it. What is there is neither changed nor moved.
  - The file is made with mode 0600. One that others can read, or that is encrypted, is refused.
  - Warns where it wrote into a file that Git would take with the next commit.
  - Run it on the controller. Values are never returned or shown.
extends_documentation_fragment:
  - repro.stack.attributes
options:
  path:
    description: The file.
    type: path
    required: true
  names:
    description: Names of the variables that must be in it.
    type: list
    elements: str
    required: true
  length:
    description: Number of letters and digits of a value that is made. MinIO takes up to 40 for a secret key.
    type: int
    default: 40
"""

EXAMPLES = r"""
- name: Have the secrets of the inventory
  repro.stack.secrets_file:
    path: inventories/local/group_vars/all/vault.yml
    names: [vault_minio_root_user, vault_minio_root_password]
  delegate_to: localhost
"""

RETURN = r"""
secrets_file:
  description: The names in the file.
  returned: success
  type: dict
  sample:
    names: [vault_minio_root_password, vault_minio_root_user]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._inventory.secrets_file import SecretsFile
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "length": {"type": "int", "default": 40},
        },
        supports_check_mode=True,
    )
    file = SecretsFile(module.params["path"], module.params["names"], module.params["length"])

    def work() -> Outcome:
        outcome = reconcile(file, file.wanted(), check_mode=module.check_mode)
        if warning := file.leak() if outcome.changed else None:
            module.warn(warning)
        return outcome

    run_outcome(module, work, "secrets_file")


if __name__ == "__main__":
    main()
