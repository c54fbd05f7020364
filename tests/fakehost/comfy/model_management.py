"""Devices and Cancel."""

import torch

interrupted = False


class InterruptProcessingException(Exception):
    """Cancel was pressed."""


def throw_exception_if_processing_interrupted():
    """Raise, once, if `interrupted` was set."""
    global interrupted
    if interrupted:
        interrupted = False
        raise InterruptProcessingException


def get_torch_device():
    """Where models run."""
    return torch.device("cpu")


unet_offload_device = intermediate_device = get_torch_device
