#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_iam
short_description: Keep policies, users, groups and service accounts as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Reads the whole identity state of the server in one call, shows what differs by name, and writes only that, in
    one call and the few that it takes to remove and to disable.
  - Secrets are compared with those that the server has, and are never shown.
  - What is not named is left alone, unless O(purge) says otherwise. The identity that makes the call, and root, are
    never changed.
  - A run that was interrupted is completed by the next one.
options:
  state_file:
    description:
      - A file with O(policies), O(users), O(groups) and O(service_accounts) in place of these options, as JSON or YAML,
        on the host where the module runs.
      - It must be a regular file of the user that the module runs as, closed to everybody else (mode V(0600)).
      - Use it for a long list. Ansible needs minutes to hide the secrets of ten thousand items, the file takes seconds.
    type: path
    version_added: 0.2.0
  manager:
    description:
      - A word under which the server records what is declared here, such as the name of the playbook's project.
      - The record is a policy of the name C(repro.stack.managed.<manager>) that nobody has. What is declared and exists
        already is adopted, which the difference shows.
    type: str
    version_added: 0.2.0
  purge:
    description:
      - What of those kinds whose list is given is removed though it is not named. A list that is left out is left
        alone, an empty one wants nothing to be there.
      - V(managed) removes what is recorded under O(manager) and not under another manager's name.
      - V(all) removes everything that is not recorded under another manager's name.
      - What has to stay is kept and named in RV(kept); root, the identity that makes the call and its parent, what is
        built in, users whose service accounts stay, policies that are attached to something that stays.
    type: str
    choices: [none, managed, all]
    default: none
    version_added: 0.2.0
extends_documentation_fragment:
  - repro.stack.minio_identity.all
  - repro.stack.minio
  - repro.stack.minio.mark
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_group
  - module: repro.stack.minio_policy
  - module: repro.stack.minio_svcacct
  - module: repro.stack.minio_user
"""

EXAMPLES = r"""
- name: Keep the identities of the stack
  repro.stack.minio_iam:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    manager: stack
    purge: managed
    policies:
      - name: platform
        access:
          - {bucket: mlflow-artifacts, mode: read-write, delete: true}
      - name: datasets
        access:
          - {bucket: datasets, mode: read}
    users:
      - name: platform
        secret: "{{ vault_minio_platform_secret_key }}"
        policies: [platform]
        groups: []
      - name: alice
        secret: "{{ vault_minio_alice_secret_key }}"
    groups:
      - name: vision
        members: [alice]
        policies: [datasets]
    service_accounts:
      - name: mlflow
        parent: platform
        secret: "{{ vault_minio_mlflow_secret_key }}"
        access:
          - {bucket: mlflow-artifacts, mode: read-write, delete: true}

- name: Keep thousands of identities
  repro.stack.minio_iam:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    manager: stack
    purge: managed
    state_file: /root/identities.json
"""

RETURN = r"""
identities:
  description: What was changed, by kind and name, without secrets; null for what was removed.
  returned: success
  type: dict
  sample:
    user platform:
      enabled: true
      groups: []
      policies: [platform]
      secret: as declared
    user bob: null
    record of stack:
      users: [platform]
kept:
  description: What a purge would have removed and had to keep, with the reason.
  returned: success
  type: dict
  sample:
    user carol: MinIO would remove its service accounts etl
  version_added: 0.2.0
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio import mark, ownership
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import iam, identity, purge, state_file
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            **{
                kind: {"type": "list", "elements": "dict", "options": identity.arguments(kind)}
                for kind in identity.WORDS
            },
            "state_file": {"type": "path"},
            "update_secret": identity.UPDATE_SECRET,
            **ownership.ARGUMENTS,
            **mark.ARGUMENTS,
        },
        mutually_exclusive=[("state_file", kind) for kind in identity.WORDS],
        required_if=[("purge", "managed", ["manager"])],
        supports_check_mode=True,
    )
    given = dict(module.params)
    # Ansible returns what it was given, after looking for each of a thousand secrets in each of ten thousand texts.
    module.params.update(dict.fromkeys(identity.WORDS))
    kept: dict[str, str] = {}

    def work() -> Outcome:
        outcome, purged = iam.apply_all(
            Admin(connection(module), read_only=module.check_mode, mark=mark.Mark(module.params["mark_file"])),
            lambda: _declared(given),
            update_secret=module.params["update_secret"],
            check_mode=module.check_mode,
        )
        kept.update(purged.kept)
        for where, why in purged.surprises.items():
            module.warn(f"The {where} is not declared and is kept: {why}")
        return outcome

    run_outcome(module, work, "identities", kept=lambda: kept)


def _declared(options: dict[str, Any]) -> tuple[identity.Declared, purge.Purge]:
    """What is declared, and what is to go of the kinds whose list is given."""
    lists = state_file.read(options["state_file"]) if options["state_file"] else options
    kinds = {kind: lists[kind] for kind in identity.WORDS if lists[kind] is not None}
    return identity.declared(kinds), purge.asked(options, list(kinds))


if __name__ == "__main__":
    main()
