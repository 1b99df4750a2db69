#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_user
short_description: Keep one user as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates, changes or removes a user with its secret, its attached policies and its groups.
  - A user that makes the call, and root, are never changed.
extends_documentation_fragment:
  - repro.stack.minio_identity.user
  - repro.stack.minio
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_iam
"""

EXAMPLES = r"""
- name: Keep the user that owns the service accounts
  repro.stack.minio_user:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: platform
    secret: "{{ vault_minio_platform_secret_key }}"
    policies: [platform]
    groups: []
"""

RETURN = r"""
user:
  description: The user, without secrets; null if it is absent.
  returned: success
  type: dict
  sample:
    enabled: true
    groups: []
    policies: [platform]
    secret: as declared
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import iam, identity
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={**arguments(), **identity.arguments(identity.USERS), "update_secret": identity.UPDATE_SECRET},
        supports_check_mode=True,
    )

    def work() -> Outcome:
        return iam.apply_one(
            Admin(connection(module), read_only=module.check_mode),
            identity.declared({identity.USERS: [module.params]}),
            check_mode=module.check_mode,
        )

    run_outcome(module, work, "user")


if __name__ == "__main__":
    main()
