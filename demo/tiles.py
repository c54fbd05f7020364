"""The embedded model of coloured tiles, ready to sample, and a classifier that tells their kinds apart.

Images are tensors (B, 3, 32, 32) of mean 0 and deviation 1 over all tiles, black at LOW, full colour at HIGH. A class
is a kind by name (KINDS) or number. TILES_CARD.md says how the weights in tiles.safetensors were made and from what.
"""

from pathlib import Path

from .classifier import TileClassifier
from .embedded import Embedded
from .network import TileNet
from .tiles_data import HIGH, KINDS, LOW

MODEL = Embedded(
    weights=Path(__file__).parent / "tiles.safetensors",
    network=TileNet,
    classifier=TileClassifier,
    classes=len(KINDS),
    colours=3,
    low=LOW,
    high=HIGH,
    guidance=2.0,
    maker="sigmatic.demo.train_tiles",
    kinds=KINDS,
)
WEIGHTS, CLASSES, GUIDANCE = MODEL.weights, MODEL.classes, MODEL.guidance
load, one_hot, denoiser, guided = MODEL.load, MODEL.one_hot, MODEL.denoiser, MODEL.guided
classify, features, to_images = MODEL.classify, MODEL.features, MODEL.to_images
