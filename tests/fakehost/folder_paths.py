"""Where the host keeps its files."""

import os
import tempfile

_user = tempfile.TemporaryDirectory(prefix="sigmatic-user-")  # gone with the process


def get_user_directory():
    """The folder of users' files."""
    return os.environ.get("SIGMATIC_TEST_USER", _user.name)
