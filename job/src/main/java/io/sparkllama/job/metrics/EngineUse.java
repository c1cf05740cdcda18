package io.sparkllama.job.metrics;

/**
 * Says how well a job's engines are used, all together.
 *
 * @param batch mean share of the places in a step, {@code engine.max-sequences}, that were taken
 *     since it was last told; 0 where there was no step
 * @param kvCache share of the KV blocks that sequences hold
 */
public record EngineUse(double batch, double kvCache) {}
