# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: project_identities
short_description: What projects mean for the object store
version_added: 0.2.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Turns projects, teams and members into the policies and users that M(repro.stack.minio_iam) takes, and into the keys
    that can be tried.
  - A key's secret is the one that the inventory gives, or that in its file. A user whose secret is not known here has
    none, so that it is left alone.
  - The users are in no group, where they would have rights that no project gives them.
extends_documentation_fragment:
  - repro.stack.project.teams
  - repro.stack.project.buckets
options:
  _terms:
    description: The projects, as in M(repro.stack.project_keys).
    type: list
    elements: dict
    required: true
  directory:
    description: Folder of the key files on the controller.
    type: path
    required: true
  secrets:
    description: Secrets that the inventory gives, by the name of the key.
    type: dict
    default: {}
  foretold:
    description: Names of keys that would be given a secret outside check mode; a random one stands for it.
    type: list
    elements: str
    default: []
  console:
    description: Whether people's keys work in MinIO's console, which needs temporary credentials.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show who may do what
  ansible.builtin.debug:
    msg: "{{ found.users }}"
  vars:
    found: "{{ lookup('repro.stack.project_identities', *projects, directory=inventory_dir ~ '/.keys') }}"
"""

RETURN = r"""
_raw:
  description:
    - One dictionary with C(policies) and C(users) as M(repro.stack.minio_iam) takes them, and with C(known_keys), as
      M(repro.stack.minio_access) takes keys, of those whose secret is known.
  type: list
  elements: dict
"""

import os
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory import key_files
from ansible_collections.repro.stack.plugins.module_utils._inventory.private_file import random_secret
from ansible_collections.repro.stack.plugins.module_utils._inventory.projects import Projects


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [self._identities(terms)]
        except StackError as error:
            raise AnsibleError(str(error)) from error

    def _identities(self, terms):
        declared = Projects(
            terms, self.get_option("teams"), self.get_option("datasets_bucket"), self.get_option("dvc_bucket")
        )
        keys = declared.keys()
        secrets = self._secrets(keys)
        users = [
            {"name": name, "policies": key["policies"], "groups": [], "secret": secrets.get(name)}
            for name, key in keys.items()
        ]
        known = [
            {"name": name, "secret": secrets[name], "access": key["access"], "service_accounts": False}
            for name, key in keys.items()
            if name in secrets
        ]
        return {
            "policies": declared.policies(console=self.get_option("console")),
            "users": [{field: value for field, value in user.items() if value is not None} for user in users],
            "known_keys": known,
        }

    def _secrets(self, names):
        given = {name: secret for name, secret in self.get_option("secrets").items() if name in names}
        foretold = {name: random_secret() for name in self.get_option("foretold")}
        folder = Path(os.path.realpath(self.get_option("directory")))
        return {**key_files.secrets(folder, [name for name in names if name not in given]), **foretold, **given}
