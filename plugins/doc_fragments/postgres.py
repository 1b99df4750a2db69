# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - psycopg2 2.8 or later on the host that runs the module
options:
  login_dsn:
    description:
      - Address of the server and who logs in, such as C(postgresql://postgres:secret@db.example.org:5432/postgres).
      - Special characters in the password are percent-encoded.
    type: str
  login_unix_socket:
    description: Directory of the server's socket, for a login without a password.
    type: path
  login_user:
    description: Who logs in at O(login_unix_socket).
    type: str
    default: postgres
"""
