/** Refuses an engine before it starts where the memory does not suffice. */
package io.sparkllama.job.admission;
