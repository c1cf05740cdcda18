/** Tells people how a job goes and went: progress, summary, and errors in a sentence. */
package io.sparkllama.job.report;
