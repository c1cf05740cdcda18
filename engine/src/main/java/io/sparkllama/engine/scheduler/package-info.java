/**
 * Decides which tokens of which sequences run in the next step, and which KV blocks hold them.
 * Integers only: no text, no model, no native code.
 */
package io.sparkllama.engine.scheduler;
