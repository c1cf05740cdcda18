package io.sparkllama.job.config;

import java.util.Optional;

/**
 * Is an adapter as a job file lists it.
 *
 * @param name by which the job, or a row, chooses it
 * @param path of the GGUF file, local or any path that Hadoop reads
 * @param sha256 that the file must have
 * @param scale that its change is multiplied by
 */
public record AdapterSetting(String name, String path, Optional<String> sha256, double scale) {}
