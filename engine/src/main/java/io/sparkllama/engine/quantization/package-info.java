/** Turns a model's weights into other types and writes them as a file of their own. */
package io.sparkllama.engine.quantization;
