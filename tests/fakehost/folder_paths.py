"""Where the host keeps things."""

import tempfile

USER = tempfile.mkdtemp()


def get_user_directory():
    """The user's own folder."""
    return USER
