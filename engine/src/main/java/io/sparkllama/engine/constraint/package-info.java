/** Limits what an answer may be, and says where it ends. */
package io.sparkllama.engine.constraint;
