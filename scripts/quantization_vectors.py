#!/usr/bin/env python3
"""Makes the vectors of the quantizers' tests by llama.cpp, an independent reference.

    pip install llama-cpp-python==0.3.36 gguf==0.19.0 numpy==2.4.6
    scripts/quantization_vectors.py engine/src/test/resources/io/sparkllama/engine/quantization

values.bin holds float32 values, TYPE.bin the blocks that llama.cpp makes of them. Where the `gguf`
package has a quantizer of its own too, both must agree on what is no special case.

llama.cpp's quantizers are compiled without an instruction set of their own, so that on x86-64 no
operations are fused; on other processors the blocks may differ in a few codes.
"""

import ctypes
import sys
from pathlib import Path

import llama_cpp
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

SEED = 20260301
SUPER_BLOCK = 256
FORMULAS = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
SEARCHED = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]


def special_blocks(rng):
    """Super-blocks that meet the quantizers' branches."""
    normal = rng.standard_normal((15, SUPER_BLOCK)) * 0.02
    ramp = np.linspace(-1, 1, SUPER_BLOCK)
    outliers = normal[0].copy()
    outliers[::37] *= 40
    half_zero = normal[1].copy()
    half_zero[:128] = 0
    sparse = np.where(rng.random(SUPER_BLOCK) < 0.05, normal[2], 0)
    magnitudes = normal[3] * 10.0 ** np.repeat(np.arange(-8, 0), 32)
    ties = rng.integers(-8, 8, SUPER_BLOCK) / 8.0 + 1 / 16
    halves = rng.integers(-126, 126, SUPER_BLOCK) + 0.5  # between two codes of Q8_0
    halves[::32] = 127
    return [
        np.zeros(SUPER_BLOCK),
        np.full(SUPER_BLOCK, -0.0),
        halves,
        np.full(SUPER_BLOCK, 0.25),
        np.full(SUPER_BLOCK, -0.25),
        ramp,
        np.abs(normal[4]),
        -np.abs(normal[5]),
        normal[6] + 1,
        normal[7] - 1,
        outliers,
        half_zero,
        sparse,
        magnitudes,
        ties,
        normal[8] * 1e-9,
        normal[9] * 1e-16,
        normal[10] * 1e4,
        rng.choice([-1.0, 1.0], SUPER_BLOCK),
    ]


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    special = np.array(special_blocks(rng))
    ordinary = rng.standard_normal((12, SUPER_BLOCK)) * rng.uniform(0.005, 0.2, (12, 1))
    values = np.concatenate([ordinary, special]).astype("<f4").reshape(-1)
    assert values.size // SUPER_BLOCK % 2 == 1  # the quantizers take two super-blocks at once
    (target / "values.bin").write_bytes(values.tobytes())
    ggml = ctypes.CDLL(str(next(Path(llama_cpp.__file__).parent.glob("lib/libggml-base.so*"))))
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    for name in FORMULAS + SEARCHED:
        kind = GGMLQuantizationType[name]
        block, size = GGML_QUANT_SIZES[kind]
        out = np.zeros(values.size // block * size, dtype=np.uint8)
        written = ggml.ggml_quantize_chunk(
            ctypes.c_int(kind.value),
            values.ctypes.data_as(ctypes.c_void_p),
            out.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(0),
            ctypes.c_int64(values.size // SUPER_BLOCK),
            ctypes.c_int64(SUPER_BLOCK),
            None,
        )
        assert written == out.size, name
        if name in FORMULAS:
            plain = out[: ordinary.size // block * size]
            other = quants.quantize(ordinary.astype("<f4").reshape(1, -1), kind)
            assert (plain == other.view(np.uint8).reshape(-1)).all(), name
        (target / f"{name}.bin").write_bytes(out.tobytes())


if __name__ == "__main__":
    main()
