/**
 * Holds the records that cross the engine's border, and the exceptions, named by what the caller
 * does next.
 */
package io.sparkllama.engine.api;
