"""Progress bars."""

PROGRESS_BAR_ENABLED = False
