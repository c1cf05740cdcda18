package io.sparkllama.engine.scheduler;

/** Asks for one block's keys and values to be copied before the step's tokens run. */
public record BlockCopy(int group, int source, int target) {}
