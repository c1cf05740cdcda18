"""Does works with llama.cpp: loads a model once, then obeys commands of one line.

Arguments: MODEL THREADS WORK... Works are not needed here: each gets a context of its own size.
Uses the low-level interface of llama-cpp-python, so that the model alone is timed: token ids are
fixed, nothing is sampled, no text is made.
"""

import ctypes
import importlib.metadata
import json
import os
import sys
import time

BATCH_TOKENS = 2048
PHYSICAL_BATCH_TOKENS = 512
# llama.cpp rounds the cells of a context up to a multiple of this.
CELLS = 256


class RefusedError(Exception):
    """Says that a work cannot be done; others may be."""


def reply(message):
    os.write(REPLIES, (json.dumps(message) + "\n").encode())


def resident_memory():
    """Sums up this process's smaps_rollup in bytes, as the other contestants do."""
    private = shared = rss = 0
    with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            name = line.split(":")[0]
            if name == "Rss":
                rss += int(line.split()[1])
            elif name in ("Private_Clean", "Private_Dirty"):
                private += int(line.split()[1])
            elif name in ("Shared_Clean", "Shared_Dirty"):
                shared += int(line.split()[1])
    return {
        "private_bytes": 1024 * private,
        "shared_bytes": 1024 * shared,
        "rss_bytes": 1024 * rss,
    }


class Context:
    """Holds sequences of one work, each with its own cells."""

    def __init__(self, model, threads, sequences, longest):
        cells = (longest + CELLS - 1) // CELLS * CELLS
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = sequences * cells
        parameters.n_batch = BATCH_TOKENS
        parameters.n_ubatch = PHYSICAL_BATCH_TOKENS
        parameters.n_seq_max = sequences
        parameters.n_threads = threads
        parameters.n_threads_batch = threads
        self.context = llama.llama_init_from_model(model, parameters)
        if not self.context:
            raise RefusedError("llama.cpp cannot make the context")
        self.memory = llama.llama_get_memory(self.context)
        self.batch = llama.llama_batch_init(BATCH_TOKENS, 0, 1)

    def close(self):
        llama.llama_batch_free(self.batch)
        llama.llama_free(self.context)

    def clear(self):
        llama.llama_memory_clear(self.memory, True)

    def cut(self, sequences, length):
        """Takes away what sequences have beyond so many tokens."""
        for sequence in range(sequences):
            llama.llama_memory_seq_rm(self.memory, sequence, length, -1)

    def begin(self):
        self.batch.n_tokens = 0

    def add(self, token, position, sequence, wants_logits):
        batch = self.batch
        index = batch.n_tokens
        batch.token[index] = token
        batch.pos[index] = position
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = sequence
        batch.logits[index] = wants_logits
        batch.n_tokens = index + 1

    def decode(self):
        """Runs the batch and waits for its logits."""
        code = llama.llama_decode(self.context, self.batch)
        if code != 0:
            raise RefusedError(f"llama_decode failed with {code}")
        llama.llama_synchronize(self.context)

    def fill(self, sequences, tokens, vocabulary):
        """Computes prompts of so many tokens, with logits for the last of each."""
        self.begin()
        for sequence in range(sequences):
            for position in range(tokens):
                if self.batch.n_tokens == BATCH_TOKENS:
                    self.decode()
                    self.begin()
                token = token_at(sequence, position, vocabulary)
                self.add(token, position, sequence, position == tokens - 1)
        self.decode()

    def step(self, sequences, position, vocabulary):
        """Computes one more token of each sequence, with logits for all."""
        self.begin()
        for sequence in range(sequences):
            self.add(token_at(sequence, position, vocabulary), position, sequence, True)
        self.decode()


def token_at(sequence, position, vocabulary):
    """Chooses an id that is neither special nor a byte; any others are as good."""
    return 300 + (7919 * sequence + 104729 * position) % (vocabulary - 300)


class Peer:
    """Does works on one model; the context of the last work is kept for the next round."""

    def __init__(self, path, threads):
        self.threads = threads
        llama.llama_backend_init()
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise RefusedError("llama.cpp cannot load the model")
        vocabulary = llama.llama_model_get_vocab(self.model)
        self.vocabulary = llama.llama_vocab_n_tokens(vocabulary)
        self.work = None
        self.context = None

    def measured(self, command):
        work = dict(command)
        kind = work.pop("work")
        if kind == "prefill":
            return self.prefill(command, **work)
        if kind == "decode":
            return self.decode(command, **work)
        if kind == "generate":
            return self.generate(command, **work)
        raise RefusedError(f"There is no such work: {kind}")

    def prefill(self, command, tokens):
        self.use_context(command, 1, tokens)
        self.context.clear()
        begin = time.perf_counter()
        self.context.fill(1, tokens, self.vocabulary)
        return time.perf_counter() - begin, tokens

    def decode(self, command, sequences, context, steps):
        # The contexts are computed once; later rounds cut what the steps added.
        if self.use_context(command, sequences, context + steps):
            self.context.fill(sequences, context, self.vocabulary)
        else:
            self.context.cut(sequences, context)
        begin = time.perf_counter()
        for step in range(steps):
            self.context.step(sequences, context + step, self.vocabulary)
        return time.perf_counter() - begin, sequences * steps

    def generate(self, command, prompts, prompt_tokens, new_tokens):
        self.use_context(command, prompts, prompt_tokens + new_tokens)
        self.context.clear()
        begin = time.perf_counter()
        self.context.fill(prompts, prompt_tokens, self.vocabulary)
        # The first new token is the prompt's: so many steps give one more.
        for step in range(new_tokens - 1):
            self.context.step(prompts, prompt_tokens + step, self.vocabulary)
        return time.perf_counter() - begin, prompts * new_tokens

    def use_context(self, command, sequences, longest):
        """Makes a context for another work than the last; returns whether it is new."""
        if self.work == command:
            return False
        if self.context:
            self.context.close()
        self.work = self.context = None
        self.context = Context(self.model, self.threads, sequences, longest)
        self.work = command
        return True


def obey(peer):
    for line in sys.stdin:
        command = json.loads(line)
        if command["work"] == "quit":
            return
        if command["work"] == "memory":
            reply(resident_memory())
            continue
        try:
            seconds, tokens = peer.measured(command)
            reply({"seconds": seconds, "tokens": tokens})
        except (RefusedError, TypeError) as problem:
            reply({"error": str(problem)})


def version():
    info = llama.llama_print_system_info().decode().strip(" |")
    return f"llama-cpp-python {importlib.metadata.version('llama-cpp-python')} ({info})"


def main():
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    works = ["prefill", "decode", "generate"]
    reply({"name": "llama.cpp", "version": version(), "works": works})
    obey(peer)


if __name__ == "__main__":
    # Libraries print to standard output too; replies have it for themselves.
    REPLIES = os.dup(1)
    os.dup2(2, 1)
    try:
        from llama_cpp import llama_cpp as llama

        @llama.llama_log_callback
        def ignore(_level, _text, _data):
            """Keeps llama.cpp from telling each tensor."""

        llama.llama_log_set(ignore, ctypes.c_void_p(0))
        main()
    except (ImportError, OSError, RefusedError) as problem:
        reply({"error": f"{type(problem).__name__}: {problem}"})
