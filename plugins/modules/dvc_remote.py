#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dvc_remote
short_description: Keep the DVC remotes of a repository
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Brings the remotes of a Git repository, the one that is used by default and the cache to what is declared. A
    repository without DVC gets what C(dvc init) makes, but nothing is staged or committed.
  - What is everybody's goes into C(.dvc/config), which Git keeps. Secrets, and what is true for one person or machine
    only, go into C(.dvc/config.local), which is made private and ignored by Git.
  - Comments, order and what is not declared stay as they are. DVC need not be installed, and none of its locks is
    taken or waited for, since DVC takes none for these files.
  - A secret in C(.dvc/config) is an error that names its file and line, and so is an address with a password in what is
    declared for it.
extends_documentation_fragment:
  - repro.stack.attributes
requirements:
  - configobj and git on the host that runs the module
options:
  path:
    description: The top of a Git repository, or a folder in one that has a C(.dvc) of its own.
    type: path
    required: true
  remotes:
    description: The remotes.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the remote, in lower case as DVC reads it.
        type: str
        required: true
      url:
        description:
          - Where the objects are, such as V(s3://dvc/churn/dev). A remote that does not exist yet needs it.
          - Each repository needs a prefix of its own, or C(dvc gc) in one removes the objects of another.
          - A local path that is not absolute begins at the folder C(.dvc).
        type: str
      endpointurl:
        description: Address of the object store, such as V(http://127.0.0.1:9000).
        type: str
      region:
        description: Region that requests are signed for.
        type: str
      verify:
        description:
          - Whether DVC compares what it downloads with its checksum.
          - Without it, a corrupted object is taken into the cache and reported as clean.
        type: bool
        default: true
      jobs:
        description:
          - How many objects are transferred at a time; V(0) leaves it to DVC, which takes four for each core.
          - V(8) is enough for the object store of this collection. More costs memory, for each holds its file.
        type: int
      ssl_verify:
        description: Whether to check the server's certificate, or a file with the authorities that may have signed it.
        type: raw
      profile:
        description: A profile of the user's AWS configuration. Kept in C(.dvc/config.local).
        type: str
      credentialpath:
        description:
          - A file with keys as AWS clients read it, such as one that the role C(projects) wrote.
          - Kept in C(.dvc/config.local). The environment variable E(AWS_SHARED_CREDENTIALS_FILE) goes before it.
        type: str
      access_key:
        description: The access key. Kept in C(.dvc/config.local).
        type: str
      secret_key:
        description: Its secret. Kept in C(.dvc/config.local).
        type: str
      options:
        description:
          - All further options of the remote that are not secret, by DVC's names, such as C(read_timeout).
          - One that DVC does not know is refused, since DVC would refuse the whole file.
        type: dict
      secret_options:
        description:
          - All further options that are secret, such as C(session_token) or C(password).
          - Kept in C(.dvc/config.local). DVC uses a C(session_token); the modules that look at objects refuse one.
        type: dict
      state:
        description: Whether the remote is declared in the repository. The objects in it are left alone.
        type: str
        choices: [present, absent]
        default: present
  default:
    description: The remote that DVC uses where none is named. An empty name is none.
    type: str
  purge:
    description: Whether remotes that are not listed are removed, from both files.
    type: bool
    default: false
  cache:
    description:
      - Where DVC keeps the objects on this machine, such as one cache for all its users.
      - Kept in C(.dvc/config.local), since another machine has another one.
    type: dict
    suboptions:
      dir:
        description: The folder. One that is not absolute begins at the folder C(.dvc).
        type: str
      shared:
        description: V(group) lets everybody in the group of the folder write there.
        type: str
        choices: [group, ""]
      type:
        description: How files get from the cache into the working tree; the first that works is used.
        type: list
        elements: str
        choices: [reflink, hardlink, symlink, copy]
notes:
  - An option that is left out (or null) is left alone; an empty value clears what is there. Where an option has a
    default, that is what is declared.
  - An option that is declared for everybody is taken out of C(.dvc/config.local), where it would hide what is declared.
  - The configuration of the user and of the system, which DVC reads before that of the repository, is not looked at.
  - Values that are not ASCII are refused. DVC reads them, but the next time that it writes the file it fails and leaves
    it empty.
"""

EXAMPLES = r"""
- name: Keep the remotes of a project
  repro.stack.dvc_remote:
    path: /srv/work/churn
    remotes:
      - name: dev
        url: s3://dvc/churn/dev
        endpointurl: http://127.0.0.1:9000
        region: us-east-1
        jobs: 8
      - name: prod
        url: s3://dvc/churn/prod
        endpointurl: http://127.0.0.1:9000
        region: us-east-1
        jobs: 8
    default: dev

- name: Use a person's own key, and one cache for everybody on the server
  repro.stack.dvc_remote:
    path: /home/alice/churn
    remotes:
      - name: dev
        credentialpath: /home/alice/.keys/alice
    cache:
      dir: /srv/dvc-cache
      shared: group
      type: [reflink, hardlink, symlink]
"""

RETURN = r"""
configuration:
  description: What both files say now, without secrets, and whether config.local is private.
  returned: success
  type: dict
  sample:
    config:
      core:
        remote: dev
      remote "dev":
        url: s3://dvc/churn/dev
        verify: "true"
    config.local:
      remote "dev":
        access_key_id: alice
        secret_access_key: as declared
    private: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._dvc.declaration import ARGUMENTS
from ansible_collections.repro.stack.plugins.module_utils._dvc.repository import Repository
from ansible_collections.repro.stack.plugins.module_utils._dvc.settings import Settings
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, reconcile


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)

    def work() -> Outcome:
        settings = Settings(Repository(module.params["path"]), module.params)
        return reconcile(settings, settings.desired, check_mode=module.check_mode)

    run_outcome(module, work, "configuration")


if __name__ == "__main__":
    main()
