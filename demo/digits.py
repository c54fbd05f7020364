"""The embedded digit model, ready to sample, and a classifier that reads what it drew.

Images are tensors (B, 1, 32, 32) in about [-1, 1], -1 = paper (black), 1 = ink (white). MODEL_CARD.md says how
the weights in digits.safetensors were made and under which licence they are.
"""

from pathlib import Path

from .classifier import DigitClassifier
from .embedded import Embedded
from .network import DigitNet

MODEL = Embedded(
    weights=Path(__file__).parent / "digits.safetensors",
    network=DigitNet,
    classifier=DigitClassifier,
    classes=10,
    colours=1,
    low=-1.0,
    high=1.0,
    guidance=2.0,
    maker="sigmatic.demo.train",
)
WEIGHTS, CLASSES, GUIDANCE = MODEL.weights, MODEL.classes, MODEL.guidance
load, one_hot, denoiser, guided = MODEL.load, MODEL.one_hot, MODEL.denoiser, MODEL.guided
classify, features, to_images = MODEL.classify, MODEL.features, MODEL.to_images
