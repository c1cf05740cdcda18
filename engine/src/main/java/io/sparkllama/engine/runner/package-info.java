/** Runs steps: the batch buffer that Java and native code share, and who runs it. */
package io.sparkllama.engine.runner;
