/** Gives each executor one engine, and each host one copy of the model. */
package io.sparkllama.job.plugin;
