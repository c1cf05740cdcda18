/** Gives the readers of files from outside whatever a fuzzer thinks of. */
package io.sparkllama.engine.fuzz;
