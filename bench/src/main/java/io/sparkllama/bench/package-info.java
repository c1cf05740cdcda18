/** Measures this project against itself and its limits; results stand in {@code bench/results}. */
package io.sparkllama.bench;
