#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_buckets
short_description: Keep a list of buckets as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Brings every bucket of a list to its declared state, several at a time.
  - What is written is read back; a setting that the server dropped is an error.
  - Buckets that are not listed are left alone unless O(purge) says otherwise.
options:
  purge:
    description:
      - What becomes of buckets that are not listed. V(managed) removes those that bear the mark of O(manager), V(all)
        also those without any mark.
      - Where one of them is not empty nothing at all is changed, unless O(force) is set.
    type: str
    choices: [none, managed, all]
    default: none
    version_added: 0.2.0
  manager:
    description:
      - A word for whoever keeps these buckets, such as the name of a stack. It is written on each of them, new or not,
        as the tag C(repro.stack/manager).
      - A bucket with the mark of another manager is refused.
    type: str
    version_added: 0.2.0
  force:
    description: Purge buckets with all objects and all versions in them.
    type: bool
    default: false
    version_added: 0.2.0
extends_documentation_fragment:
  - repro.stack.minio_bucket.all
  - repro.stack.minio
  - repro.stack.minio.mark
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_bucket
"""

EXAMPLES = r"""
- name: Keep the buckets of the stack
  repro.stack.minio_buckets:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    buckets:
      - name: datasets
        versioning: true
        keep_old_versions_days: 30
      - name: scratch
        quota: 100GiB
        lifecycle:
          - id: empty-every-week
            expire_days: 7

- name: Keep these buckets, and remove those that left the list
  repro.stack.minio_buckets:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    manager: team-a
    purge: managed
    buckets:
      - {name: datasets, versioning: true}
"""

RETURN = r"""
buckets:
  description: The managed fields of the buckets that were changed, by name; null for one that was removed.
  returned: success
  type: dict
  sample:
    dvc:
      name: dvc
      versioning: true
      anonymous: none
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio import mark, ownership
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket, buckets, flavour
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import open_store
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "buckets": {"type": "list", "elements": "dict", "required": True, "options": bucket.ARGUMENTS},
            **ownership.ARGUMENTS,
            **mark.ARGUMENTS,
            "force": {"type": "bool", "default": False},
            "flavour": flavour.ARGUMENT,
        },
        required_if=[("purge", ownership.MANAGED, ["manager"])],
        supports_check_mode=True,
    )
    given = module.params

    def work() -> Outcome:
        wanted = buckets.declared(given["buckets"], given["flavour"], given["manager"])
        store = open_store(
            connection(module),
            given["flavour"],
            ahead=True,
            read_only=module.check_mode,
            mark=mark.Mark(given["mark_file"]),
        )
        return buckets.apply_all(
            store,
            wanted,
            forced=[each["name"] for each in given["buckets"] if each["force"]],
            purge=given["purge"],
            manager=given["manager"],
            force=given["force"],
            check_mode=module.check_mode,
        )

    run_outcome(module, work, "buckets")


if __name__ == "__main__":
    main()
