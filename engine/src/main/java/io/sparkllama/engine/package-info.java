/** Runs LLaMA-family models: the façades {@code LlamaEngine} and {@code ModelFile}. */
package io.sparkllama.engine;
