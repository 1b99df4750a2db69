#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dvc_remote_info
short_description: Tell which objects refs need and what a DVC remote has of them
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Says which objects the workspace, branches and tags of a repository refer to, which of them are missing on a remote,
    how many bytes each ref needs and, where asked, which objects are corrupt.
  - Says what C(dvc gc --cloud) would remove, and counts as needed what any of several repositories that share a remote
    refers to.
  - Nothing is changed. What is missing or corrupt can be brought back by M(repro.stack.dvc_remote_repair).
extends_documentation_fragment:
  - repro.stack.dvc
  - repro.stack.attributes.info
options:
  remote:
    description: The remote to look at. Left out, the default remote.
    type: str
  refs:
    description: Commits, tags and branches to look at, and V(workspace).
    type: list
    elements: str
    default: []
  scopes:
    description:
      - What to look at beside O(refs). V(branches) are also those of Git remotes, V(commits) all commits,
        V(experiments) those of C(dvc exp). A commit that does not hold the folder O(path) needs nothing.
      - Left out, V(workspace), V(branches) and V(tags), or only O(refs) if there are any.
    type: list
    elements: str
    choices: [workspace, branches, tags, experiments, commits]
  verify:
    description:
      - Whether to read every object that is needed and to compare its MD5 with its key.
      - The content is streamed and kept nowhere.
    type: bool
    default: false
  gc:
    description:
      - Whether to say what C(dvc gc --cloud) would remove, since no ref in O(refs), O(scopes) and O(repositories) needs
        it.
      - What only the run cache refers to is needed by no ref.
    type: bool
    default: false
  repositories:
    description:
      - Clones of the other repositories that keep their objects in the same place, needed by O(gc).
      - They are looked at in O(scopes), or where these are left out, in V(workspace), V(branches) and V(tags).
    type: list
    elements: path
    default: []
seealso:
  - module: repro.stack.dvc_remote
  - module: repro.stack.dvc_remote_repair
  - module: repro.stack.dvc_promote
"""

EXAMPLES = r"""
- name: Read every object that the tags need
  repro.stack.dvc_remote_info:
    path: /home/alice/churn
    remote: prod
    scopes: [tags]
    verify: true
    credentials_file: /home/alice/.keys/churn-ci
  register: stored

- name: Stop where one is missing or corrupt
  ansible.builtin.assert:
    that: stored.missing + stored.corrupt + stored.unknown == []

- name: Say what nobody needs any more
  repro.stack.dvc_remote_info:
    path: /home/alice/churn
    gc: true
    repositories: [/home/alice/churn-reports]
"""

RETURN = r"""
remote:
  description: The remote, and how much of what all refs need lies there.
  returned: success
  type: dict
  sample: {name: prod, url: s3://dvc/churn/prod, endpoint: http://127.0.0.1:9000, objects: 5, bytes: 1048576}
refs:
  description:
    - The workspace, whose C(commit) is empty, and the commits, each with all its names.
    - C(objects) is how many it needs, C(bytes) how much of them is stored; C(missing), C(corrupt) and C(unknown) count.
    - C(without_hash) are outputs that were never produced or committed with DVC, so that nobody knows their objects.
  returned: success
  type: list
  elements: dict
  sample:
    - names: [main, v1]
      commit: 52db3d6bb1b2bd1d4f9ce1d0a8e0aebbbbbaadc1
      objects: 5
      bytes: 1048576
      missing: 1
      corrupt: 0
      unknown: 0
      without_hash: []
missing:
  description: Objects that are needed and not there, with one path and with all refs that need them.
  returned: success
  type: list
  elements: dict
  sample:
    - {md5: 5d41402abc4b2a76b9719d911017c592, path: data/raw.csv, refs: [main, v1]}
corrupt:
  description: With O(verify), objects whose content is not what their key says; C(found) is the MD5 that it has.
  returned: success
  type: list
  elements: dict
  sample:
    - {md5: 5d41402abc4b2a76b9719d911017c592, path: data/raw.csv, refs: [v1], found: 7d793037a0760186574b0282f2f435e7}
unknown:
  description:
    - Directories whose list is intact neither in the cache nor on the remote, so that nobody knows the files in them.
    - The list itself is among RV(missing), or with O(verify) among RV(corrupt).
  returned: success
  type: list
  elements: dict
  sample:
    - {md5: f1881d1f5de8a0d8a7e3f3e9ae7d2b3c.dir, path: data/images, refs: [v1]}
gc:
  description:
    - What no ref needs, with C(md5) naming all of it.
    - Empty where C(blocked_by) names directories whose files nobody knows, since any object may be one of them.
  returned: with O(gc)
  type: dict
  sample: {objects: 1, bytes: 1024, md5: [7d793037a0760186574b0282f2f435e7], blocked_by: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import SCOPES
from ansible_collections.repro.stack.plugins.module_utils._dvc.inventory import take
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import arguments
from ansible_collections.repro.stack.plugins.module_utils._module import run_info


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "remote": {"type": "str"},
            "refs": {"type": "list", "elements": "str", "default": []},
            "scopes": {"type": "list", "elements": "str", "choices": list(SCOPES)},
            "verify": {"type": "bool", "default": False},
            "gc": {"type": "bool", "default": False},
            "repositories": {"type": "list", "elements": "path", "default": []},
        },
        required_together=[("access_key", "secret_key")],
        mutually_exclusive=[("access_key", "credentials_file")],
        supports_check_mode=True,
    )
    run_info(module, lambda: take(module.params))


if __name__ == "__main__":
    main()
