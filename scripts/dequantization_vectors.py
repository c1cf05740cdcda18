#!/usr/bin/env python3
"""Makes the dequantization test vectors by the `gguf` Python package, an independent reference.

    pip install gguf==0.19.0 numpy==2.4.6
    scripts/dequantization_vectors.py engine/src/test/resources/io/sparkllama/engine/gguf

One file per type: a little-endian uint32 number of values, the stored blocks, the float32 values.
Codes and sub-scales are random bits; scales are random 16-bit floats of ordinary size, with a few
blocks of zero, negative, subnormal and largest scale.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

SEED = 20260101

# Offsets of the 16-bit floats within a block.
SCALES = {
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "IQ4_NL": [0],
    "IQ4_XS": [0],
}
SPECIAL_SCALES = np.array([0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF], dtype="<u2").view("<f2")


def quantized_blocks(name, rng):
    block_size, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    count = 32 if block_size == 32 else 12
    blocks = rng.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    for offset in SCALES[name]:
        scales = rng.uniform(-0.1, 0.1, count).astype("<f2")
        scales[-len(SPECIAL_SCALES) :] = rng.permutation(SPECIAL_SCALES)
        blocks[:, offset : offset + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks


def half_blocks(rng):
    """Every exponent and both signs, without infinities and NaNs."""
    bits = rng.integers(0, 1 << 16, 512, dtype=np.uint16)
    bits[:4] = [0x0000, 0x8000, 0x0001, 0x8001]
    bits[(bits & 0x7C00) == 0x7C00] = 0x7BFF
    bits[(bits & 0x7F80) == 0x7F80] = 0x3F80
    return bits.astype("<u2").view(np.uint8)


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    for name in ["F32", "F16", "BF16", *SCALES]:
        if name == "F32":
            blocks = rng.standard_normal(64).astype("<f4").view(np.uint8)
        elif name in ("F16", "BF16"):
            blocks = half_blocks(rng)
        else:
            blocks = quantized_blocks(name, rng)
        values = quants.dequantize(blocks.reshape(1, -1), GGMLQuantizationType[name]).reshape(-1)
        assert np.isfinite(values).all(), name
        with open(target / f"{name}.bin", "wb") as file:
            file.write(np.array([values.size], dtype="<u4").tobytes())
            file.write(blocks.tobytes())
            file.write(values.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
