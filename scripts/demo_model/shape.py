"""Holds the demo model's hyper-parameters: widths are multiples of 256, so that every quantization type applies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 2048
    context: int = 1024
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head: int = 64
    feed_forward: int = 768
    epsilon: float = 1e-5
    rope_base: float = 10000.0
