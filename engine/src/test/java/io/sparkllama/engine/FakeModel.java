package io.sparkllama.engine;

/**
 * Stands for a model in tests: logits are a hash of all tokens so far, so that a single wrong token
 * in the KV cache changes everything after it.
 */
final class FakeModel {
  static final int VOCABULARY = 48;
  static final int BOS = 0;
  static final int EOS = 1;

  /** Makes the logits that follow it not numbers. */
  static final int POISON = VOCABULARY - 1;

  static final long EMPTY = 0x5EED;

  private FakeModel() {}

  /** Returns the state after one more token. */
  static long next(long state, int token) {
    return state == -1 || token == POISON ? -1 : Math.max(0, mix(state * 31 + token + 1));
  }

  static long state(int[] tokens, int length) {
    long state = EMPTY;
    for (int i = 0; i < length; i++) {
      state = next(state, tokens[i]);
    }
    return state;
  }

  /** Returns the logits after a state; the end token is rare, the poison never likely. */
  static double[] logits(long state) {
    double[] logits = new double[VOCABULARY];
    for (int id = 0; id < VOCABULARY; id++) {
      logits[id] = state == -1 ? Double.NaN : (mix(state + 1_000_003L * id) >>> 40) / 2e6 - 4;
    }
    if (state != -1) {
      logits[EOS] -= 2;
      logits[POISON] = -100;
      logits[BOS] = -100;
    }
    return logits;
  }

  static double logSumExp(double[] logits) {
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit);
    }
    return Math.log(sum);
  }

  static int argmax(double[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      best = logits[id] > logits[best] ? id : best;
    }
    return Double.isNaN(logits[best]) ? -1 : best;
  }

  /** Adds Gumbel noise that depends on the key and the position alone, and takes the largest. */
  static int sample(double[] logits, double temperature, long key0, long key1, int position) {
    if (temperature == 0 || Double.isNaN(logits[2])) {
      return argmax(logits);
    }
    double[] noisy = new double[logits.length];
    for (int id = 0; id < logits.length; id++) {
      long bits = mix(key0 ^ mix(key1 ^ mix(position * 65537L + id)));
      double uniform = ((bits >>> 12) + 0.5) / (1L << 52);
      noisy[id] = logits[id] / temperature - Math.log(-Math.log(uniform));
    }
    return argmax(noisy);
  }

  private static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
