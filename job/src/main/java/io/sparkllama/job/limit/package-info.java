/** Ends a run early: by rows, by tokens or by time. */
package io.sparkllama.job.limit;
