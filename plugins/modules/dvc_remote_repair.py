#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dvc_remote_repair
short_description: Bring back what is missing or corrupt on a DVC remote
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Reads every object that refs of a repository need, and replaces what is missing or corrupt by the same object from
    a cache on this machine or from another remote.
  - A source is used only if its content has the right MD5, and what was written is read again and compared. Nothing is
    ever removed.
  - In check mode says what it would bring back, and from where.
  - What no source has intact stays as it is; the module then fails and names it, after it has put right all else.
extends_documentation_fragment:
  - repro.stack.dvc
  - repro.stack.attributes
options:
  remote:
    description: The remote to repair. Left out, the default remote.
    type: str
  sources:
    description: Where to look for the right objects, in this order; V(cache), or the names of other remotes.
    type: list
    elements: str
    default: [cache]
  refs:
    description: Commits, tags and branches to look at, and V(workspace).
    type: list
    elements: str
    default: []
  scopes:
    description: What to look at beside O(refs), as for M(repro.stack.dvc_remote_info).
    type: list
    elements: str
    choices: [workspace, branches, tags, experiments, commits]
  verify:
    description: Whether to read every object. With V(false) only missing ones are found.
    type: bool
    default: true
notes:
  - O(endpoint), O(region) and O(validate_certs) are options of all remotes that take part.
seealso:
  - module: repro.stack.dvc_remote_info
"""

EXAMPLES = r"""
- name: Bring back what was damaged
  repro.stack.dvc_remote_repair:
    path: /home/alice/churn
    remote: dev
    sources: [cache, prod]
    credentials_file: /home/alice/.keys/alice
"""

RETURN = r"""
replica:
  description: What the refs need, and what of it is still missing or corrupt, each MD5 with one path.
  returned: success
  type: dict
  sample: {objects: 5, bytes: 1048576, missing: {}, corrupt: {}}
restored:
  description: What was brought back, or in check mode would be. C(source) is empty where nobody has it.
  returned: success
  type: list
  elements: dict
  sample:
    - {md5: 5d41402abc4b2a76b9719d911017c592, path: data/raw.csv, was: corrupt, source: cache}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import SCOPES
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import arguments
from ansible_collections.repro.stack.plugins.module_utils._dvc.replicas import repair
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "remote": {"type": "str"},
            "sources": {"type": "list", "elements": "str", "default": ["cache"]},
            "refs": {"type": "list", "elements": "str", "default": []},
            "scopes": {"type": "list", "elements": "str", "choices": list(SCOPES)},
            "verify": {"type": "bool", "default": True},
        },
        required_together=[("access_key", "secret_key")],
        mutually_exclusive=[("access_key", "credentials_file")],
        supports_check_mode=True,
    )
    restored: list[dict[str, str]] = []
    run_outcome(
        module,
        lambda: repair(module.params, restored, check_mode=module.check_mode),
        "replica",
        restored=lambda: restored,
    )


if __name__ == "__main__":
    main()
