#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dvc_promote
short_description: Copy what a commit refers to from one DVC remote to another
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Copies the objects that one commit, tag or branch refers to, such as from V(dev) to V(prod), and reads them all at
    the destination to compare them with their MD5.
  - Objects that are there already are not copied again, so that a promotion that was interrupted goes on where it was.
    One that is corrupt at the destination is replaced.
  - Nothing is copied unless all that is needed is there and intact at the source. Lists of directories are copied after
    their files, so that a directory that DVC finds at the destination is whole.
  - Where one key reaches both remotes in one store, objects do not leave the store. It must read the source, and read
    and write the destination; it needs no right to delete, and nothing is ever removed.
  - In check mode says what it would copy.
extends_documentation_fragment:
  - repro.stack.dvc
  - repro.stack.attributes
options:
  ref:
    description: The commit, tag or branch.
    type: str
    required: true
  source:
    description: The remote that has the objects.
    type: str
    default: dev
  destination:
    description: The remote that is to have them.
    type: str
    default: prod
  verify:
    description: Whether to read also what was at the destination already. What is copied is always read again.
    type: bool
    default: true
notes:
  - O(endpoint), O(region) and O(validate_certs) are options of both remotes.
seealso:
  - module: repro.stack.dvc_remote
  - module: repro.stack.dvc_remote_info
"""

EXAMPLES = r"""
- name: Promote the data of a release
  repro.stack.dvc_promote:
    path: /home/alice/churn
    ref: v1.2.0
    credentials_file: /home/alice/.keys/churn-promotion
"""

RETURN = r"""
promotion:
  description: What the commit needs, and how much of it is at the destination. In check mode, as it would be.
  returned: success
  type: dict
  sample: {objects: 5, bytes: 1048576, missing: {}, corrupt: {}}
copied:
  description: The objects that were copied, or in check mode would be, and what they were at the destination.
  returned: success
  type: list
  elements: dict
  sample:
    - {md5: 5d41402abc4b2a76b9719d911017c592, path: data/raw.csv, was: missing, source: dev}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import arguments
from ansible_collections.repro.stack.plugins.module_utils._dvc.replicas import promote
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "ref": {"type": "str", "required": True},
            "source": {"type": "str", "default": "dev"},
            "destination": {"type": "str", "default": "prod"},
            "verify": {"type": "bool", "default": True},
        },
        required_together=[("access_key", "secret_key")],
        mutually_exclusive=[("access_key", "credentials_file")],
        supports_check_mode=True,
    )
    copied: list[dict[str, str]] = []
    run_outcome(
        module,
        lambda: promote(module.params, copied, check_mode=module.check_mode),
        "promotion",
        copied=lambda: copied,
    )


if __name__ == "__main__":
    main()
