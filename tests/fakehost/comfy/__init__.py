"""A stand-in for the parts of ComfyUI that the nodes touch; see ../host.py for how it is put in place."""
