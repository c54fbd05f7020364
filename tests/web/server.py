"""ComfyUI's page without ComfyUI: its real front end, answered by our own node definitions on the stand-in host.

`python server.py [--info FILE] FRONTEND...` serves each of the unpacked front ends on a port of its own, prints the
ports as one JSON line and goes on until it is ended. FILE: a running host's /object_info, in place of the stand-in's.
Nothing is sampled here; everything that the page asks before a run is true.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path

from aiohttp import web

ROOT = Path(__file__).resolve().parents[2]
STOCK = {  # nodes of ComfyUI that the tests wire ours to: inputs, outputs
    "KSampler": (
        {
            "model": ["MODEL"],
            "seed": ["INT", {"default": 0, "min": 0, "max": 2**53, "control_after_generate": True}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
            "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1}],
            "sampler_name": ["SAMPLERS"],
            "scheduler": ["SCHEDULERS"],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "denoise": ["FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.01}],
        },
        ["LATENT"],
    ),
    "ModelSamplingSD3": (
        {"model": ["MODEL"], "shift": ["FLOAT", {"default": 3.0, "min": 0.0, "max": 100.0, "step": 0.01}]},
        ["MODEL"],
    ),
    "KSamplerSelect": ({"sampler_name": ["SAMPLERS"]}, ["SAMPLER"]),
    "SamplerCustom": ({"model": ["MODEL"], "sampler": ["SAMPLER"], "sigmas": ["SIGMAS"]}, ["LATENT"]),
    "UNETLoader": ({"unet_name": ["STRING", {"default": "flux1-dev.safetensors"}]}, ["MODEL"]),
    "EmptyLatentImage": ({"width": ["INT", {"default": 1024}], "height": ["INT", {"default": 1024}]}, ["LATENT"]),
    "Sum": ({"a": ["FLOAT", {"default": 1.0}]}, ["FLOAT"]),
}


def described(node):
    """A node class of ours as /object_info has it."""
    schema = node.define_schema()
    inputs = {widget.id: [widget.io_type, widget.as_dict()] for widget in schema.inputs}
    outputs = [output.io_type for output in schema.outputs]
    return {
        **entry(schema.node_id, inputs, outputs),
        "output_name": [output.display_name for output in schema.outputs],
        "output_tooltips": [output.tooltip for output in schema.outputs],
        "display_name": schema.display_name,
        "description": schema.description,
        "category": schema.category,
        "python_module": "custom_nodes.ComfyUI-Sigmatic",
    }


def entry(name, inputs, outputs):
    """What /object_info says of any node."""
    return {
        "input": {"required": inputs},
        "input_order": {"required": list(inputs)},
        "output": outputs,
        "output_is_list": [False] * len(outputs),
        "output_name": outputs,
        "name": name,
        "display_name": name,
        "description": "",
        "category": "stock",
        "output_node": False,
        "python_module": "nodes",
    }


def object_info(pack):
    """All node definitions."""
    import comfy.samplers

    lists = {"SAMPLERS": comfy.samplers.SAMPLER_NAMES, "SCHEDULERS": comfy.samplers.SCHEDULER_NAMES}
    info = {name: described(node) for name, node in pack.nodes.items()}
    for name, (inputs, outputs) in STOCK.items():
        info[name] = entry(
            name, {key: [lists.get(kind, kind), *rest] for key, (kind, *rest) in inputs.items()}, outputs
        )
    return info


def translations():
    """The locales as ComfyUI hands them out."""
    found = {}
    for folder in sorted((ROOT / "locales").glob("*")):
        found[folder.name] = {}
        for file in folder.glob("*.json"):
            said = json.loads(file.read_text(encoding="utf-8"))
            found[folder.name] |= said if file.stem == "main" else {file.stem: said}
    return found


def application(pack, static, info=None):
    """One server with settings of its own."""
    settings, userdata, routes = {}, {}, web.RouteTableDef()
    fixed = {
        "/object_info": lambda: info or object_info(pack),
        "/extensions": lambda: sorted(
            f"/extensions/{folder}/{file.relative_to(base).as_posix()}"
            for folder, base in (("ComfyUI-Sigmatic", ROOT / "web"), ("core", static / "extensions" / "core"))
            for file in base.rglob("*.js")
        ),
        "/i18n": translations,
        "/settings": lambda: settings,
        "/users": lambda: {"storage": "server", "migrated": True},
        "/system_stats": lambda: {"system": {"os": "", "comfyui_version": "0.0.0", "argv": []}, "devices": []},
        "/embeddings": list,
        "/models": list,
        "/experiment/models": list,
        "/workflow_templates": lambda: {
            "ComfyUI-Sigmatic": [file.stem for file in sorted((ROOT / "example_workflows").glob("*.json"))]
        },
        "/templates/index.json": list,
        "/features": dict,
        "/queue": lambda: {"queue_running": [], "queue_pending": []},
        "/history": dict,
        "/prompt": lambda: {"exec_info": {"queue_remaining": 0}},
        "/userdata": list,
        "/v2/userdata": list,
        "/global_subgraphs": dict,
    }
    for path, make in fixed.items():

        async def get(request, make=make):
            return web.json_response(make())

        routes.get(path)(get)

    @routes.post("/settings/{id}")
    async def set_setting(request):
        settings[request.match_info["id"]] = await request.json()
        return web.Response()

    @routes.post("/settings")
    async def set_settings(request):
        settings.update(await request.json())
        return web.Response()

    @routes.get("/settings/{id}")
    async def get_setting(request):
        return web.json_response(settings.get(request.match_info["id"]))

    @routes.get("/userdata/{file}")
    async def get_userdata(request):
        file = request.match_info["file"]
        return web.Response(body=userdata[file]) if file in userdata else web.Response(status=404)

    @routes.post("/userdata/{file}")
    async def set_userdata(request):
        file = request.match_info["file"]
        userdata[file] = await request.read()
        return web.json_response({"path": file, "size": len(userdata[file]), "modified": 0})

    @routes.get("/ws")
    async def socket(request):
        wire = web.WebSocketResponse()
        await wire.prepare(request)
        status = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "test"}
        await wire.send_json({"type": "status", "data": status})
        async for _ in wire:
            pass
        return wire

    app = web.Application(client_max_size=1 << 26)
    ours = sys.modules["server"].PromptServer.instance.routes
    for table in (routes, ours):
        for route in table:
            app.router.add_route(route.method, route.path, route.handler)
            app.router.add_route(route.method, "/api" + route.path, route.handler)

    async def index(request):
        return web.FileResponse(static / "index.html", headers={"Cache-Control": "no-store"})

    app.router.add_get("/", index)
    app.router.add_static("/extensions/ComfyUI-Sigmatic", ROOT / "web")
    app.router.add_static("/api/workflow_templates/ComfyUI-Sigmatic", ROOT / "example_workflows")
    app.router.add_static("/", static)
    return app


async def serve(pack, folders, info=None):
    """Serve every folder until the end."""
    ports = []
    for folder in folders:
        runner = web.AppRunner(application(pack, Path(folder), info), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports.append(site._server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    importlib.import_module("conftest")  # this checkout as the package `sigmatic`
    host = importlib.import_module("fakehost.host")
    with host.fake_host() as nodes:
        pack = host.Pack(nodes)
        pack.nodes["Ramp"] = importlib.import_module("fakehost.declared").ramp(pack.part("dropdowns.plan"))
        pack.part("page.planned").offer([pack.nodes["Ramp"]])
        info, folders = None, sys.argv[1:]
        if folders[0] == "--info":
            info, folders = json.loads(Path(folders[1]).read_text(encoding="utf-8")), folders[2:]
        asyncio.run(serve(pack, folders, info))
