#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_organization
short_description: Keep an organisation on a Gitea or Forgejo
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Makes an organisation, keeps its description and visibility, or removes it.
  - The name of a user is refused.
extends_documentation_fragment:
  - repro.stack.gitea
  - repro.stack.gitea.connection
  - repro.stack.attributes
options:
  name:
    description: Name of the organisation, as it stands in addresses.
    type: str
    required: true
  full_name:
    description: Its name as people say it.
    type: str
  description:
    description: What it is for.
    type: str
  visibility:
    description: Who sees it. V(limited) is everybody who is signed in.
    type: str
    choices: [public, limited, private]
  state:
    description: Whether the organisation exists. One that has repositories is not removed.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Have an organisation for the platform team
  repro.stack.gitea_organization:
    endpoint: https://git.example.org
    token: "{{ vault_forge_token }}"
    name: platform
    description: What every project starts from
"""

RETURN = r"""
organization:
  description: The organisation as it is now; empty once it is removed.
  returned: success
  type: dict
  sample:
    name: platform
    full_name: ""
    description: What every project starts from
    visibility: public
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import ARGUMENTS, RULES, connect
from ansible_collections.repro.stack.plugins.module_utils._gitea.organization import FIELDS, Organization
from ansible_collections.repro.stack.plugins.module_utils._module import STATE, run_resource


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str", "required": True},
            "full_name": {"type": "str"},
            "description": {"type": "str"},
            "visibility": {"type": "str", "choices": ["public", "limited", "private"]},
            "state": STATE,
        },
        supports_check_mode=True,
        **RULES,
    )
    leaving = module.params["state"] == "absent"
    run_resource(
        module,
        lambda: Organization(connect(module), module.params["name"], leaving=leaving),
        "organization",
        *("name", *FIELDS),
    )


if __name__ == "__main__":
    main()
