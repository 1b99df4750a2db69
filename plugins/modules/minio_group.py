#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_group
short_description: Keep one group as declared
version_added: 0.2.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates, changes or removes a group with its members and its attached policies.
extends_documentation_fragment:
  - repro.stack.minio_identity.group
  - repro.stack.minio
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_iam
"""

EXAMPLES = r"""
- name: Keep the team that reads the datasets
  repro.stack.minio_group:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: vision
    members: [alice, bob]
    policies: [datasets]
"""

RETURN = r"""
group:
  description: The group; null if it is absent.
  returned: success
  type: dict
  sample:
    enabled: true
    members: [alice, bob]
    policies: [datasets]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import iam, identity
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={**arguments(), **identity.arguments(identity.GROUPS)},
        supports_check_mode=True,
    )

    def work() -> Outcome:
        return iam.apply_one(
            Admin(connection(module), read_only=module.check_mode),
            identity.declared({identity.GROUPS: [module.params]}),
            check_mode=module.check_mode,
        )

    run_outcome(module, work, "group")


if __name__ == "__main__":
    main()
