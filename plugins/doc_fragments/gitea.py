# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    # Where the forge is and as whom a module speaks to it: plugins/module_utils/_gitea/connection.py
    CONNECTION = r"""
options:
  endpoint:
    description: Address of the forge, such as V(https://git.example.org), without C(/api/v1).
    type: str
    required: true
  validate_certs:
    description: Whether to check the forge's certificate.
    type: bool
    default: true
  ca_path:
    description: File with the authorities that may have signed the forge's certificate, in place of the system's.
    type: path
  wait:
    description: Seconds to wait for a forge that is starting.
    type: float
    default: 10.0
"""

    DOCUMENTATION = r"""
options:
  token:
    description:
      - Access token of the user who makes the calls. One with the scopes C(write:organization), C(write:repository) and
        C(read:user) is enough.
      - Either this or O(username) and O(password) are needed.
    type: str
  username:
    description: User who makes the calls, where no O(token) is given.
    type: str
  password:
    description: Password of O(username).
    type: str
requirements:
  - Python package C(requests) where the module runs
notes:
  - An option that is left out (or null) is left alone; an empty value clears what is there. Where an option has a
    default, that is what is declared.
  - Set the connection once for all modules with C(module_defaults) of the group C(group/repro.stack.gitea).
"""
