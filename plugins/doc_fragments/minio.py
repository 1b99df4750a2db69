# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    # Where the server is and as whom a module speaks to it: plugins/module_utils/_minio/connection.py
    DOCUMENTATION = r"""
options:
  endpoint:
    description: Address of the server, such as V(http://127.0.0.1:9000).
    type: str
    required: true
  access_key:
    description: The identity that makes the calls.
    type: str
    required: true
  secret_key:
    description: Its secret.
    type: str
    required: true
  region:
    description: The region that requests are signed for.
    type: str
    default: us-east-1
  validate_certs:
    description: Whether to check the server's certificate.
    type: bool
    default: true
  ca_path:
    description: File with the authorities that may have signed the server's certificate, in place of the system's.
    type: path
  wait:
    description: Seconds to wait for a server that is starting.
    type: float
    default: 10.0
requirements:
  - Python packages C(boto3), C(requests) and C(pycryptodome) where the module runs
notes:
  - An option that is left out (or null) is left alone; an empty value clears what is there. Where an option has a
    default, that is what is declared.
  - Set the connection once for all modules with C(module_defaults) of the group C(group/repro.stack.minio).
"""

    # What is still to be done after a change: plugins/module_utils/_minio/mark.py
    MARK = r"""
options:
  mark_file:
    description:
      - A file on the host where the module runs, made right before the first write and not in a run without one.
      - Whoever has something to do after each change, such as trying the keys, removes it once that is done, and so
        finds out that a run ended before.
    type: path
    version_added: 0.3.0
"""
