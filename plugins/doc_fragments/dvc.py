# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    # Which repository, and how its remotes are reached: plugins/module_utils/_dvc/remote.py
    DOCUMENTATION = r"""
options:
  path:
    description:
      - The top of a clone of the repository, on the host that runs the module. It is not changed, only that DVC keeps
        its temporary files in C(.dvc/tmp).
    type: path
    required: true
  endpoint:
    description:
      - Address of the object store. Left out, that of the remote's configuration, the environment or the key's file.
    type: str
  region:
    description: Region that requests are signed for. Left out, as O(endpoint), or C(us-east-1).
    type: str
  access_key:
    description: The access key. Left out, that of the remote's configuration.
    type: str
  secret_key:
    description: Its secret.
    type: str
  credentials_file:
    description:
      - A file with the key as AWS clients read it, such as one that the role C(projects) wrote.
      - Left out, the key is looked for as DVC does it, in the remote's configuration, the environment, and the file
        that E(AWS_SHARED_CREDENTIALS_FILE) or the remote's C(credentialpath) names.
    type: path
  validate_certs:
    description: Whether to check the server's certificate. Left out, as C(ssl_verify) of the remote says.
    type: bool
  ca_path:
    description: File with the authorities that may have signed the server's certificate, in place of the system's.
    type: path
  wait:
    description: Seconds to wait for a server that is starting.
    type: float
    default: 10.0
  jobs:
    description: How many objects are looked at side by side.
    type: int
    default: 8
  progress_file:
    description:
      - File whose single line always says how far the work is. With C(async) it can be followed by
        M(repro.stack.image_progress).
    type: path
requirements:
  - Python packages C(dvc), C(boto3) and C(requests) where the module runs
"""
