#!/usr/bin/env python3
"""Foretells how a model comes from the driver to hosts, bound by their lines alone.

Plays by the rules of ChunkCarousel, PeersFirst and Spark's TorrentBroadcast: a host is dealt the
rarest chunk that lets it in, and fetches that chunk's blocks one at a time in a random order, each
from a random host that has it, or from the driver where none has. A node's line is shared evenly
by those who fetch from it. Prints, for each number of hosts: the time, in times that a line needs
for the model; and how many models the driver sends, and the host that sends most.

Usage: bench/broadcast_lines.py [HOSTS ...]
"""

import random
import sys

BLOCKS = 8  # of a chunk: 32 MiB in blocks of 4 MiB
CHUNKS = 32
WINDOW = 4
SHARE = 4
STEP = 0.1  # of the time that a line needs for a block
DRIVER = 0


class Fetch:
    """Is a chunk under way to a host."""

    def __init__(self, chunk, rng):
        self.chunk = chunk
        self.order = rng.sample(range(BLOCKS), BLOCKS)
        self.source = None  # None between blocks
        self.left = 0.0  # of the block


class Lines:
    def __init__(self, hosts, seed):
        self.rng = random.Random(seed)
        self.hosts = range(1, hosts + 1)
        self.blocks = {(host, chunk): set() for host in self.hosts for chunk in range(CHUNKS)}
        self.fetches = {host: None for host in self.hosts}
        self.sent = [0] * (hosts + 1)  # blocks
        self.alive = []
        self.made = 0

    def holds(self, host, chunk):
        return len(self.blocks[host, chunk]) == BLOCKS

    def turn(self):
        self.alive = [c for c in self.alive if not all(self.holds(h, c) for h in self.hosts)]
        while len(self.alive) < WINDOW and self.made < CHUNKS:
            self.alive.append(self.made)
            self.made += 1

    def deal(self, host):
        rarest = []
        for chunk in self.alive:
            fetching = sum(1 for f in self.fetches.values() if f and f.chunk == chunk)
            holders = sum(self.holds(other, chunk) for other in self.hosts)
            if not self.holds(host, chunk) and fetching < SHARE * (1 + holders):
                rarest.append((fetching + holders, chunk))
        if rarest:
            self.fetches[host] = Fetch(min(rarest)[1], self.rng)

    def begin_block(self, fetch):
        block = fetch.order[-1]
        peers = [h for h in self.hosts if block in self.blocks[h, fetch.chunk]]
        fetch.source = self.rng.choice(peers) if peers else DRIVER
        fetch.left = 1.0
        self.sent[fetch.source] += 1

    def step(self):
        self.turn()
        for host in self.rng.sample(self.hosts, len(self.hosts)):
            if self.fetches[host] is None:
                self.deal(host)
            if self.fetches[host] and self.fetches[host].source is None:
                self.begin_block(self.fetches[host])
        under_way = [(h, f) for h, f in self.fetches.items() if f]
        load = [sum(1 for _, f in under_way if f.source == node) for node in range(len(self.sent))]
        for host, fetch in under_way:
            fetch.left -= STEP / load[fetch.source]
            if fetch.left < 1e-9:
                self.blocks[host, fetch.chunk].add(fetch.order.pop())
                fetch.source = None
                if not fetch.order:
                    self.fetches[host] = None

    def run(self):
        steps = 0
        while not all(self.holds(h, c) for h in self.hosts for c in range(CHUNKS)):
            self.step()
            steps += 1
        model = CHUNKS * BLOCKS
        return steps * STEP / model, self.sent[DRIVER] / model, max(self.sent[1:]) / model


def main():
    for hosts in [int(text) for text in sys.argv[1:]] or [1, 2, 4, 8]:
        time, driver, most = Lines(hosts, seed=1).run()
        print(f"hosts {hosts}: time {time:.2f}; sent, in models: driver {driver:.2f}, a host at most {most:.2f}")


if __name__ == "__main__":
    main()
