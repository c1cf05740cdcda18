/** Holds the launcher's commands that need no Spark. */
package io.sparkllama.engine.cli;
