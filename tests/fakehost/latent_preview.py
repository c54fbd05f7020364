"""Progress."""

SEEN = []  # (step, total) of every report


def prepare_callback(model, steps, x0_output_dict=None):
    """A callback that notes the steps."""

    def callback(step, x0, x, total):
        assert x0.shape == x.shape
        SEEN.append((step, total))
        if x0_output_dict is not None:
            x0_output_dict["x0"] = x0

    return callback
