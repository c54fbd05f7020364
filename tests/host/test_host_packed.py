"""What the registry hands out, unpacked and alone in a ComfyUI: its quickstart runs, and the log has no complaint."""

import importlib.util
import json
import zipfile

import numpy as np
from servers import PACK, Host, prompts


def test_the_packed_node_runs_its_quickstart(installation, tmp_path):
    spec = importlib.util.spec_from_file_location("pack", PACK / "tools" / "pack.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.pack(tmp_path / "node.zip")
    with zipfile.ZipFile(tmp_path / "node.zip") as archive:
        archive.extractall(tmp_path / "sigmatic")
    server = Host(installation, tmp_path / "base", pack=tmp_path / "sigmatic")
    try:
        assert server.said_at_start == []
        workflow = json.loads((tmp_path / "sigmatic" / "example_workflows" / "01 Quickstart.json").read_text("utf-8"))
        outputs = server.run(prompts.to_prompt(workflow, server.info))
        (images,) = [output["images"] for output in outputs.values() if "images" in output]
        pictures = server.pictures(images)
        assert len(pictures) == 8 and all(np.asarray(picture.convert("L")).std() > 20 for picture in pictures)
    finally:
        server.stop()
