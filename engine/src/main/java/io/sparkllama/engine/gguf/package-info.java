/** Reads and writes GGUF, from files that are not trusted. */
package io.sparkllama.engine.gguf;
