#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: git_publication
short_description: Publish a folder of the controller as a branch of a Git repository
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Makes the branch hold exactly the files of the folder, by one commit on top of what is there, and tags it. Nothing
    is committed where the files are the same.
  - Nobody's work is overwritten. A commit in the branch's history that was not published by O(manager) stops the run
    with its author and id, and so does a repository with other content only. Nothing is pushed with force.
  - Branch and tag arrive together or not at all, so that an interrupted run is completed by the next.
  - A tag never moves. A version that is published again with other files gets the tag C(v1.0.0+1), then C(v1.0.0+2). A
    version that bears the same files keeps its tag.
  - Files that Git would ignore are left out. Executable bits and symbolic links are kept.
extends_documentation_fragment:
  - repro.stack.attributes
attributes:
  action:
    description: Reads the folder on the controller; everything else happens on the server.
    support: full
options:
  url:
    description:
      - Address of the repository by C(http://), C(https://), C(ssh://), C(file://) or C(host:path), or an absolute path
        on the server. One that holds credentials is refused.
      - SSH uses the keys and the known hosts of the user who runs the module.
    type: str
    required: true
  username:
    description: User of the forge, for C(http://) and C(https://).
    type: str
  password:
    description: Its password or access token. Git gets it by its environment alone.
    type: str
  validate_certs:
    description: Whether to check the server's certificate.
    type: bool
    default: true
  ca_path:
    description: File with the authorities that may have signed the server's certificate, in place of the system's.
    type: path
  folder:
    description: The folder on the controller. Either this or O(archive) is needed.
    type: path
  values:
    description:
      - Values to write into C(cookiecutter.json) of O(folder) on the way. Each must be in that file already, in which
        private variables begin with C(_).
    type: dict
    default: {}
  archive:
    description: The files as a tar archive in base64. It is made of O(folder) where that is given.
    type: str
  version:
    description:
      - Version of the content, tagged with C(v) before it. Left out, it is C(_version) in C(cookiecutter.json) of
        O(folder), and where there is none nothing is tagged.
    type: str
  branch:
    description: The branch.
    type: str
    default: main
  manager:
    description: Whose commits on the branch are known; written into each as C(Published-By).
    type: str
    default: repro.stack
  accept:
    description:
      - Ids of commits that somebody else made and that may stay in the history.
      - An earlier O(manager) names all commits that were published by it.
    type: list
    elements: str
    default: []
  initialise:
    description:
      - Whether O(url) is the path of a bare repository that is made where it is missing, and kept as a web server of
        plain files needs it.
      - The directory that it lies in is kept readable by everybody too. A link in its place, which a web server need
        not follow, gives way to a copy of what it leads to.
      - One that Git cannot read any more is set aside beside it, and made anew.
    type: bool
    default: false
  validate_only:
    description:
      - Whether only these options and O(folder) are checked, where Ansible runs. The server is not asked.
      - Such a task goes before whatever makes the repository, so that nothing is made for a folder that cannot be
        published.
    type: bool
    default: false
requirements:
  - git 2.31 or newer on the server, and git on the controller
notes:
  - No proxy is used for C(http://) and C(https://), and no redirection is followed.
"""

EXAMPLES = r"""
- name: Publish a project template to the forge
  repro.stack.git_publication:
    url: https://git.example.org/platform/cookiecutter-ds-project
    username: platform
    password: "{{ vault_forge_token }}"
    folder: templates/cookiecutter-ds-project
    values:
      _mlflow_tracking_uri: https://mlflow.example.org

- name: Publish it as files for a web server
  repro.stack.git_publication:
    url: /srv/git/platform/cookiecutter-ds-project
    initialise: true
    folder: templates/cookiecutter-ds-project
"""

RETURN = r"""
publication:
  description:
    - Tag of the version, and the files that were added, changed or removed, each with its mode and object id.
    - Of a static repository also how it is served.
  returned: success, without O(validate_only)
  type: dict
  sample:
    tag: v1.0.0
    files:
      README.md: 100644 5716ca5987cbf97d6bb54920bea6adde242d87e6
commit:
  description: Id of the branch's commit; null where there is none, as in check mode before the first run.
  returned: success, without O(validate_only)
  type: str
  sample: 3b18e512dba79e4c8300dd08aeb37f8e728b8dad
"""

import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._git import remote
from ansible_collections.repro.stack.plugins.module_utils._git.publication import (
    ARGUMENTS,
    RULES,
    Publication,
    check_options,
    only_what_differs,
)
from ansible_collections.repro.stack.plugins.module_utils._git.scratch import Scratch
from ansible_collections.repro.stack.plugins.module_utils._git.static import StaticRepository
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, reconcile


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **RULES)
    given = module.params
    commit: list[str | None] = [None]

    def work() -> Outcome:
        tree = check_options(given)
        if given["validate_only"]:
            return Outcome(None, None, changed=False)
        with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
            publication = Publication(
                Scratch(remote.git(f"--git-dir={folder}", read_only=module.check_mode, **remote.access(given))),
                given["url"],
                tree,
                static=static_repository() if given["initialise"] else None,
                **{name: given[name] for name in ("branch", "version", "manager", "accept")},
            )
            outcome = reconcile(publication, publication.desired(), check_mode=module.check_mode)
            commit[0] = publication.commit
            return only_what_differs(outcome)

    def static_repository() -> StaticRepository:
        path = remote.local_path(given["url"])
        if path is None:
            raise InvalidInputError(f"initialise needs a path on the server, which {given['url']} is not")
        return StaticRepository(path, given["branch"], read_only=module.check_mode)

    run_outcome(module, work, "publication", commit=lambda: commit[0])


if __name__ == "__main__":
    main()
