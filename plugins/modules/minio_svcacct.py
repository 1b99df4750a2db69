#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_svcacct
short_description: Keep one service account as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates, changes or removes a service account. It has a policy of its own unless another wish is accepted by name.
  - An account that does not exist yet and is given no secret gets one, which is returned once as RV(secret_key).
  - An account that makes the call is never changed.
options:
  rotate:
    description:
      - Give the account another secret, O(secret) or, without one, a generated one that is returned as RV(secret_key).
      - Every run with a generated one changes the account, so this is for a task that is run by hand.
    type: bool
    default: false
    version_added: 0.2.0
extends_documentation_fragment:
  - repro.stack.minio_identity.service_account
  - repro.stack.minio
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_iam
"""

EXAMPLES = r"""
- name: Keep the account of MLflow
  repro.stack.minio_svcacct:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: mlflow
    parent: platform
    secret: "{{ vault_minio_mlflow_secret_key }}"
    access:
      - {bucket: mlflow-artifacts, mode: read-write, delete: true}

- name: Make an account whose secret nobody has chosen
  repro.stack.minio_svcacct:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: labelling
    parent: platform
    access:
      - {bucket: datasets, mode: read}
  register: labelling
  no_log: true
"""

RETURN = r"""
service_account:
  description: The service account, without its secret; null if it is absent.
  returned: success
  type: dict
  sample:
    parent: platform
    secret: as declared
    enabled: true
    expires: never
    description: ""
    display_name: ""
secret_key:
  description:
    - The secret that was generated, which nobody is told again; null if none was.
    - Register it in a task with C(no_log). If the run breaks off before it is told, O(rotate) gives another one.
  returned: success
  type: str
  version_added: 0.2.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import iam, identity
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            **identity.arguments(identity.SERVICE_ACCOUNTS),
            "update_secret": identity.UPDATE_SECRET,
            "rotate": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    generated: list[str | None] = []

    def work() -> Outcome:
        outcome, secret = iam.apply_account(
            Admin(connection(module), read_only=module.check_mode),
            identity.declared({identity.SERVICE_ACCOUNTS: [module.params]}),
            rotate=module.params["rotate"],
            check_mode=module.check_mode,
        )
        generated.append(secret)
        return outcome

    run_outcome(module, work, "service_account", secret_key=lambda: generated[0])


if __name__ == "__main__":
    main()
