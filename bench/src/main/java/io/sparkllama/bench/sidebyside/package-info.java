/**
 * Measures the engine against other programs on one file, in one run and by turns: each is a
 * process of its own that obeys commands of one line.
 */
package io.sparkllama.bench.sidebyside;
