package io.sparkllama.job;

import io.sparkllama.job.screening.ScreenedRows;
import io.sparkllama.job.screening.Screening;

/**
 * Is an input whose rows were screened, and are to be taken.
 *
 * @param screening that screens them anew where files turn out broken
 */
record ScreenedInput(JobInput input, Screening screening, ScreenedRows rows) {}
