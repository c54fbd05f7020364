"""Where the host keeps its files."""

import os
import tempfile

_user = tempfile.TemporaryDirectory(prefix="sigmatic-user-")  # gone with the process


def get_user_directory():
    """The folder of users' files."""
    return os.environ.get("SIGMATIC_TEST_USER", _user.name)


def get_output_directory():
    """The folder of what nodes make."""
    return os.path.join(get_user_directory(), "output")


def get_save_image_path(filename_prefix, output_dir, image_width=0, image_height=0):
    """(folder, name, the next free number, subfolder, prefix), as the host makes them; none outside of the folder."""
    subfolder, name = os.path.split(os.path.normpath(filename_prefix))
    folder = os.path.join(output_dir, subfolder)
    if os.path.commonpath((output_dir, os.path.abspath(folder))) != output_dir:
        raise Exception("**** ERROR: Saving image outside the output folder is not allowed.")
    os.makedirs(folder, exist_ok=True)
    number = 1 + sum(file.startswith(name + "_") for file in os.listdir(folder))
    return folder, name, number, subfolder, filename_prefix


def get_temp_directory():
    """The folder of what is gone when the host is ended."""
    return os.path.join(get_user_directory(), "temp")
