/** Turns the tokenizers that checkpoints carry into the vocabulary of a GGUF. */
package io.sparkllama.engine.importer.vocabulary;
