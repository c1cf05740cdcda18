package io.sparkllama.engine.tokenizer;

import java.util.Arrays;

/**
 * Merges neighbouring symbols, best pair first and of equal ones the leftmost, until none can be
 * merged: a linked list and a binary heap in plain arrays, of memory linear and time n log n in the
 * number of symbols. Reused from one run of symbols to the next by one thread.
 */
abstract class SymbolChain {
  private int[] previous = new int[64]; // [count], -1 at the beginning
  private int[] next = new int[64]; // [count], -1 at the end
  private int[] merge = new int[64]; // [count], of a symbol and its next one; -1 where none
  private long[] heap = new long[64]; // rank << 32 | left symbol, smallest first
  private int heapSize;

  /** Returns what two neighbours would merge into, or -1 if they do not. */
  abstract int candidate(int left, int right);

  /** Returns the place of a candidate in the order of merging, smallest first, not negative. */
  abstract int rank(int candidate);

  /** Makes the left symbol what the two merge into; the right one is no more. */
  abstract void join(int left, int right, int candidate);

  /** Returns the symbol after one, or -1. */
  final int next(int symbol) {
    return next[symbol];
  }

  /** Links symbols {@code 0 .. count - 1} and merges them; symbol 0 is then still the first. */
  final void mergeAll(int count) {
    link(count);
    while (heapSize > 0) {
      long best = pop();
      int left = (int) best;
      int candidate = merge[left];
      // An entry is stale where its symbol has gone or has another neighbour by now; one whose rank
      // is equal nevertheless stands for the same place in the order.
      if (candidate < 0 || rank(candidate) != (int) (best >>> 32)) {
        continue;
      }
      int right = next[left];
      join(left, right, candidate);
      merge[right] = -1;
      next[left] = next[right];
      if (next[left] >= 0) {
        previous[next[left]] = left;
      }
      offer(left);
      if (previous[left] >= 0) {
        offer(previous[left]);
      }
    }
  }

  private void link(int count) {
    if (count > next.length) {
      int capacity = (int) Math.min(2L * count, Integer.MAX_VALUE - 8);
      previous = new int[capacity];
      next = new int[capacity];
      merge = new int[capacity];
    }
    for (int i = 0; i < count; i++) {
      previous[i] = i - 1;
      next[i] = i + 1;
    }
    next[count - 1] = -1;
    heapSize = 0;
    for (int i = 0; i < count; i++) {
      offer(i);
    }
  }

  private void offer(int left) {
    int right = next[left];
    merge[left] = right < 0 ? -1 : candidate(left, right);
    if (merge[left] >= 0) {
      push((long) rank(merge[left]) << 32 | left);
    }
  }

  private void push(long entry) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, 2 * heapSize);
    }
    int at = heapSize++;
    while (at > 0 && heap[(at - 1) / 2] > entry) {
      heap[at] = heap[(at - 1) / 2];
      at = (at - 1) / 2;
    }
    heap[at] = entry;
  }

  private long pop() {
    long top = heap[0];
    long last = heap[--heapSize];
    int at = 0;
    while (2 * at + 1 < heapSize) {
      int child = 2 * at + 1;
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= last) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
