"""What ComfyUI says of models and runs, and all that differs between its versions. Imports no other part of nodes/."""
