"""Compares distributions of the next token with those of a float32 computation.

Arguments: MODEL.gguf TOKENS OURS.f32, the last from io.sparkllama.bench.NextTokenDistributions with
the same model and number of tokens. Prints one JSON object: the mean over all positions of the
Kullback-Leibler divergence from the reference, in nats, of the engine and of llama.cpp.

The reference dequantizes one matrix at a time by the gguf package and computes in float32 with numpy,
activations included. Needs numpy, gguf and llama-cpp-python; for models of the llama architecture
without RoPE scaling.
"""

import json
import sys

import gguf
import llama_cpp as llama
import numpy as np


def token_at(position, vocabulary):
    return 300 + 104729 * position % (vocabulary - 300)


class Reference:
    """Computes a llama model in float32, all tokens of one sequence at once."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.fields = reader.fields
        if "rope_freqs.weight" in self.tensors or "llama.rope.scaling.type" in self.fields:
            raise SystemExit("models with RoPE scaling are not for this comparison")

    def number(self, key, default=None):
        field = self.fields.get("llama." + key)
        if field is None and default is None:
            raise SystemExit(f"the model has no llama.{key}")
        return default if field is None else field.parts[field.data[0]][0].item()

    def vocabulary(self):
        return int(self.tensors["token_embd.weight"].shape[1])

    def weights(self, name):
        tensor = self.tensors[name]
        return gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)

    def norm(self, x, name):
        epsilon = self.number("attention.layer_norm_rms_epsilon")
        square = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(square + np.float32(epsilon)) * self.weights(name)

    def multiply(self, x, name):
        return x @ self.weights(name).T

    def rotated(self, x):
        """Rotates neighbouring pairs of [tokens, heads, dimension]."""
        tokens, _, dimension = x.shape
        frequencies = self.number("rope.freq_base", 10000.0) ** (-np.arange(0, dimension, 2) / dimension)
        angles = np.outer(np.arange(tokens), frequencies)[:, None, :]
        cosine = np.cos(angles).astype(np.float32)
        sine = np.sin(angles).astype(np.float32)
        even, odd = x[..., 0::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., 0::2] = even * cosine - odd * sine
        out[..., 1::2] = even * sine + odd * cosine
        return out

    def attention(self, x, layer):
        heads = self.number("attention.head_count")
        kv_heads = self.number("attention.head_count_kv", heads)
        tokens, width = x.shape
        dimension = width // heads
        name = f"blk.{layer}.attn_"
        queries = self.multiply(x, name + "q.weight").reshape(tokens, heads, dimension)
        keys = self.multiply(x, name + "k.weight").reshape(tokens, kv_heads, dimension)
        values = self.multiply(x, name + "v.weight").reshape(tokens, kv_heads, dimension)
        queries = self.rotated(queries)
        keys = np.repeat(self.rotated(keys), heads // kv_heads, axis=1)
        values = np.repeat(values, heads // kv_heads, axis=1)
        scores = np.einsum("thd,shd->hts", queries, keys) / np.sqrt(np.float32(dimension))
        scores[:, np.triu(np.ones((tokens, tokens), bool), 1)] = -np.inf
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        out = np.einsum("hts,shd->thd", scores, values).reshape(tokens, width)
        return self.multiply(out, name + "output.weight")

    def feed_forward(self, x, layer):
        name = f"blk.{layer}.ffn_"
        gate = self.multiply(x, name + "gate.weight")
        hidden = gate / (1 + np.exp(-gate)) * self.multiply(x, name + "up.weight")
        return self.multiply(hidden, name + "down.weight")

    def logits(self, ids):
        x = self.weights("token_embd.weight")[ids]
        for layer in range(self.number("block_count")):
            x = x + self.attention(self.norm(x, f"blk.{layer}.attn_norm.weight"), layer)
            x = x + self.feed_forward(self.norm(x, f"blk.{layer}.ffn_norm.weight"), layer)
            print(f"layer {layer} of the reference", file=sys.stderr)
        output = "output.weight" if "output.weight" in self.tensors else "token_embd.weight"
        return self.multiply(self.norm(x, "output_norm.weight"), output)


def llama_cpp_logits(path, ids, vocabulary):
    parameters = llama.llama_model_default_params()
    parameters.n_gpu_layers = 0
    model = llama.llama_load_model_from_file(path.encode(), parameters)
    context_parameters = llama.llama_context_default_params()
    context_parameters.n_ctx = max(512, len(ids))
    context = llama.llama_init_from_model(model, context_parameters)
    batch = llama.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i] = token
        batch.pos[i] = i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1
    if llama.llama_decode(context, batch) != 0:
        raise RuntimeError("llama.cpp refused the tokens")
    rows = [
        np.ctypeslib.as_array(llama.llama_get_logits_ith(context, i), (vocabulary,)).copy()
        for i in range(len(ids))
    ]
    return np.stack(rows)


def log_softmax(logits):
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def divergence(reference, other):
    """Returns KL(reference || other) of each position."""
    return (np.exp(reference) * (reference - other)).sum(-1)


def main():
    path, tokens, ours_path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    reference = Reference(path)
    vocabulary = reference.vocabulary()
    ids = [token_at(position, vocabulary) for position in range(tokens)]
    expected = log_softmax(reference.logits(ids))
    ours = log_softmax(np.fromfile(ours_path, np.float32).reshape(tokens, vocabulary))
    theirs = log_softmax(llama_cpp_logits(path, ids, vocabulary))
    mean_ours = divergence(expected, ours).mean()
    mean_theirs = divergence(expected, theirs).mean()
    print(
        json.dumps(
            {
                "model": path.rsplit("/", 1)[-1],
                "tokens": tokens,
                "spark-llama": mean_ours,
                "llama.cpp": mean_theirs,
                "spark-llama / llama.cpp": mean_ours / mean_theirs,
            }
        )
    )


if __name__ == "__main__":
    main()
