"""The node classes of all packs."""

NODE_CLASS_MAPPINGS = {}
