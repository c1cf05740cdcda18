/** Turns text into token ids and back, by the vocabulary that a model file carries. */
package io.sparkllama.engine.tokenizer;
