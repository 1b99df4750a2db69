#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_repository
short_description: Keep a repository on a Gitea or Forgejo
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Makes an empty repository, keeps its description, visibility and default branch, or removes it.
  - To publish something in it use M(repro.stack.git_publication).
extends_documentation_fragment:
  - repro.stack.gitea
  - repro.stack.gitea.connection
  - repro.stack.attributes
options:
  owner:
    description: Organisation that it belongs to, or the user who makes the calls.
    type: str
    required: true
  name:
    description: Name of the repository.
    type: str
    required: true
  description:
    description: What it is.
    type: str
  website:
    description: Address that is shown with it.
    type: str
  private:
    description: Whether only members see it.
    type: bool
  default_branch:
    description: The branch that a clone begins with.
    type: str
  archived:
    description: Whether it takes no more changes.
    type: bool
  create_only:
    description:
      - Whether only a repository that is missing is made, and one that is there is left as it is.
      - What makes somebody's private repository public can so wait until it is known whose it is.
    type: bool
    default: false
  force:
    description: Whether O(state=absent) removes a repository that is not empty.
    type: bool
    default: false
  state:
    description: Whether the repository exists.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Have a repository for the template of new projects
  repro.stack.gitea_repository:
    endpoint: https://git.example.org
    token: "{{ vault_forge_token }}"
    owner: platform
    name: cookiecutter-ds-project
    description: New projects start here
    private: false
"""

RETURN = r"""
repository:
  description: The repository as it is now; empty once it is removed.
  returned: success
  type: dict
  sample:
    owner: platform
    name: cookiecutter-ds-project
    description: New projects start here
    website: ""
    private: false
    default_branch: main
    archived: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import ARGUMENTS, RULES, connect
from ansible_collections.repro.stack.plugins.module_utils._gitea.repository import FIELDS, Repository
from ansible_collections.repro.stack.plugins.module_utils._module import STATE, run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, State, reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "owner": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "description": {"type": "str"},
            "website": {"type": "str"},
            "private": {"type": "bool"},
            "default_branch": {"type": "str"},
            "archived": {"type": "bool"},
            "create_only": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            "state": STATE,
        },
        supports_check_mode=True,
        **RULES,
    )
    given = module.params
    staying = given["state"] == "present"

    def work() -> Outcome:
        leaving = not staying and not given["force"]
        repository = Repository(connect(module), given["owner"], given["name"], leaving=leaving)
        desired: State | None = {name: given[name] for name in ("owner", "name", *FIELDS)} if staying else None
        if desired and given["create_only"] and repository.read():
            desired = {}
        return reconcile(repository, desired, check_mode=module.check_mode)

    run_outcome(module, work, "repository")


if __name__ == "__main__":
    main()
