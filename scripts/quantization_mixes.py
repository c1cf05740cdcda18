#!/usr/bin/env python3
"""Makes the golden file of the quantizer's mixes by llama.cpp, an independent reference.

    pip install llama-cpp-python==0.3.36 gguf==0.19.0 numpy==2.4.6
    scripts/quantization_mixes.py models \\
        engine/src/test/resources/io/sparkllama/engine/quantization/mixes.json

For small models of several kinds: metadata, tensors and the types that llama.cpp gives them. For
the demo model, from F16 and once more from Q8_0: types, and the beginning of each tensor's SHA-256.
"""

import ctypes
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import gguf
import llama_cpp
import numpy as np

RECIPES = {
    "F32": 0,
    "F16": 1,
    "Q4_0": 2,
    "Q4_1": 3,
    "Q8_0": 7,
    "Q5_0": 8,
    "Q5_1": 9,
    "Q2_K": 10,
    "Q3_K_S": 11,
    "Q3_K_M": 12,
    "Q3_K_L": 13,
    "Q4_K_S": 14,
    "Q4_K_M": 15,
    "Q5_K_S": 16,
    "Q5_K_M": 17,
    "Q6_K": 18,
    "IQ4_NL": 25,
    "BF16": 32,
}
# Layers, heads, KV heads, experts, columns, whether the output is a matrix of its own.
MODELS = {
    "plain": (20, 8, 8, 0, 256, True),
    "grouped": (24, 8, 2, 0, 256, True),
    "tied": (9, 8, 4, 0, 256, False),
    "experts": (16, 8, 2, 8, 256, True),
    "few-experts": (16, 8, 8, 4, 256, True),
    "seventy-billion": (80, 8, 1, 0, 256, True),
    "narrow": (6, 8, 8, 0, 288, True),
    "odd": (3, 8, 8, 0, 40, True),
}


def names(layers, experts, own_output):
    yield from ["token_embd.weight", "output_norm.weight"] + ["output.weight"] * own_output
    expert = "_exps" if experts else ""
    for layer in range(layers):
        matrices = ["attn_q", "attn_k", "attn_v", "attn_output"]
        matrices += [f"ffn_{part}{expert}" for part in ("gate", "up", "down")]
        matrices += ["ffn_gate_inp"] * bool(experts)
        for name in matrices + ["attn_norm", "ffn_norm"]:
            yield f"blk.{layer}.{name}.weight"


def write_model(path, layers, heads, kv_heads, experts, columns, own_output):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(columns)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(columns)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(columns // heads)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    for name in names(layers, experts, own_output):
        shape = (columns,) if "norm" in name else (2, columns)
        writer.add_tensor(name, np.zeros(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantize(source, target, file_type):
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.allow_requantize = True
    code = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    assert code == 0, source
    return gguf.GGUFReader(target).tensors


def digest(tensor):
    return hashlib.sha256(np.ascontiguousarray(tensor.data).tobytes()).hexdigest()[:8]


def main():
    models, golden = Path(sys.argv[1]), Path(sys.argv[2])
    result = {"models": {}, "demo": {}}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.gguf", Path(folder) / "target.gguf"
        for label, (layers, heads, kv_heads, experts, columns, own_output) in MODELS.items():
            write_model(source, layers, heads, kv_heads, experts, columns, own_output)
            types = {}
            for recipe, file_type in RECIPES.items():
                if label == "seventy-billion" and recipe not in ("Q3_K_M", "Q4_K_S", "Q4_K_M"):
                    continue
                made = {t.name: t.tensor_type.name for t in quantize(source, target, file_type)}
                types[recipe] = " ".join(made[name] for name in names(layers, experts, own_output))
            result["models"][label] = {
                "layers": layers,
                "heads": heads,
                "kv_heads": kv_heads,
                "experts": experts,
                "columns": columns,
                "tensors": " ".join(names(layers, experts, own_output)),
                "types": types,
            }
        for origin in ("F16", "Q8_0"):
            demo = models / f"tickets-6m.{origin}.gguf"
            result["demo"][origin] = {
                recipe: {
                    t.name: f"{t.tensor_type.name} {digest(t)}"
                    for t in quantize(demo, target, RECIPES[recipe])
                    if t.tensor_type.name != origin and "norm" not in t.name
                }
                for recipe in (RECIPES if origin == "F16" else ("F16", "Q4_0", "Q4_K_M", "Q6_K"))
            }
    golden.write_text(json.dumps(result, indent=0) + "\n")


if __name__ == "__main__":
    main()
