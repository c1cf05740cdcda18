package io.sparkllama.job.report;

/**
 * Is a file of the input whose rows were not read.
 *
 * @param fate re-delivered, partial or set-aside
 * @param reason a sentence's end, or for a re-delivered file the path whose contents it has
 */
public record LeftFile(String path, String fate, String reason) {}
