#!/usr/bin/env python3
"""Makes the test vectors of penalties and biases, straight from their definitions over whole rows.

    pip install numpy==2.4.6
    scripts/penalty_vectors.py engine/src/test/resources/io/sparkllama/engine/sampling

One file of cases, little-endian, each: uint32 sizes of vocabulary, prompt, answer and biases;
float32 repetition, presence and frequency penalty; int32 ids of prompt, answer and biases; float32
biases, logits, and the logits expected.

As vLLM's sampler does: the biases are added, then Hugging Face's repetition penalty over prompt and
answer, then OpenAI's frequency and presence penalties over the answer, all in float32.
"""

import sys
from pathlib import Path

import numpy as np

SEED = 20260101
PENALTIES = [
    (1, 0, 0),
    (1.3, 0, 0),
    (0.7, 0, 0),
    (1, 1.5, 0),
    (1, 0, 0.4),
    (1, -2, -0.3),
    (1.1, 0.6, 0.7),
    (100, 2, 2),
    (0.01, -2, -2),
]


def penalized(logits, prompt, answer, penalties, bias_ids, biases):
    repetition, presence, frequency = penalties
    x = logits.copy()
    x[bias_ids] += biases
    counts = np.bincount(answer, minlength=x.size)
    seen = (counts > 0) | (np.bincount(prompt, minlength=x.size) > 0)
    factor = np.where(seen, repetition, np.float32(1))
    x = np.where(x > 0, x / factor, x * factor)
    x -= frequency * counts.astype(np.float32)
    x -= presence * (counts > 0).astype(np.float32)
    assert x.dtype == np.float32
    return x


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    with open(target / "penalties.bin", "wb") as file:
        for numbers in PENALTIES:
            for vocabulary, prompt_size, answer_size, bias_size in (
                (1, 1, 1, 1),
                (40, 0, 0, 5),
                (40, 7, 0, 0),
                (40, 5, 30, 0),
                (200, 50, 90, 40),
            ):
                penalties = np.array(numbers, dtype="<f4")
                prompt = rng.integers(0, vocabulary, prompt_size, dtype="<i4")
                answer = rng.integers(0, vocabulary, answer_size, dtype="<i4")
                bias_ids = rng.permutation(vocabulary)[:bias_size].astype("<i4")
                biases = rng.uniform(-100, 100, bias_size).astype("<f4")
                logits = (rng.standard_normal(vocabulary) * 4).astype("<f4")
                logits[rng.integers(0, vocabulary, vocabulary // 20)] = -np.inf
                expected = penalized(logits, prompt, answer, penalties, bias_ids, biases)
                sizes = [vocabulary, prompt_size, answer_size, bias_size]
                file.write(np.array(sizes, dtype="<u4").tobytes())
                for part in (penalties, prompt, answer, bias_ids, biases, logits, expected):
                    file.write(part.tobytes())


if __name__ == "__main__":
    main()
