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
  - Creates, changes or removes a service account. It always has a policy of its own.
  - An account or user that makes the call, and root, are never changed.
options:
  name:
    description: The account's access key, 3 to 20 characters.
    type: str
    required: true
  parent:
    description:
      - The user to whom the account belongs, and whose policies bound what it may do. It is fixed when the account
        is created.
      - An account of root is a full administrator; it is refused.
    type: str
  secret:
    description: The account's secret key, 8 to 40 characters. Needed for an account that does not exist yet.
    type: str
  policy:
    description:
      - What the account may do, within what its parent may do; a mapping or JSON of at most 4096 bytes.
      - One of O(policy) and O(access) is needed for an account that does not exist yet. An account without a policy
        of its own may do all that its parent may do, and is refused.
    type: raw

  access:
    description:
      - What is granted, in place of O(policy). The document that is made of it names the bucket and its objects.
      - A grant never contains more than its words say. Deleting objects must be granted by name.
    type: list
    elements: dict
    suboptions:
      bucket:
        description: The bucket.
        type: str
        required: true
      prefix:
        description: Only this folder of the bucket. A slash is added at its end.
        type: str
        default: ""
      mode:
        description:
          - V(list) shows names, V(read) also the objects.
          - V(write) stores objects and sees nothing; V(read-write) is both.
        type: str
        choices: [list, read, write, read-write]
        required: true
      delete:
        description: Also delete objects.
        type: bool
        default: false
  display_name:
    description: What MinIO calls the name of the account, at most 32 characters.
    type: str
  description:
    description: What the account is for, at most 256 characters.
    type: str
  expires:
    description:
      - When the account stops working, such as V(2027-01-31T00:00:00Z), or V(never).
      - MinIO takes a time between 15 minutes and 365 days ahead. It removes an account that has expired, so an
        account
        that is declared to have expired is an absent one.
    type: str
    default: never
  enabled:
    description: Whether the account works.
    type: bool
    default: true
  state:
    description: Whether the account exists.
    type: str
    choices: [present, absent]
    default: present
  update_secret:
    description:
      - V(always) sets the declared secret where another one is found; the server tells an administrator, so nothing
        has to
        be reset to see it.
      - V(on_create) leaves the secret of an identity that exists alone.
    type: str
    choices: [always, on_create]
    default: always
extends_documentation_fragment:
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
"""

RETURN = r"""
service_account:
  description: The service account, without secrets; null if it is absent.
  returned: success
  type: dict
  sample:
    parent: platform
    secret: as declared
    enabled: true
    expires: never
    description: ""
    display_name: ""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio import iam, identity
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            **identity.arguments(identity.SERVICE_ACCOUNTS),
            "update_secret": identity.UPDATE_SECRET,
        },
        supports_check_mode=True,
    )

    def work() -> Outcome:
        return iam.apply_one(
            Admin(connection(module), read_only=module.check_mode),
            identity.declared({identity.SERVICE_ACCOUNTS: [module.params]}),
            update_secret=module.params["update_secret"],
            check_mode=module.check_mode,
        )

    run_outcome(module, work, "service_account")


if __name__ == "__main__":
    main()
