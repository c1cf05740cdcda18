/** Keeps one verified copy of each model on a host, shared by every process there. */
package io.sparkllama.engine.store;
