package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.admission.JavaMemory;
import io.sparkllama.job.config.SizeOrShare;

/** Says by part what memory an executor takes, and what it was held against. */
record MemoryReport(ExecutorMemory memory) {

  /** Adds bytes; a limit only where it is known, a share only where the executors settle it. */
  void put(ObjectNode object) {
    EngineMemory engine = memory.engine();
    object.put("total", memory.total());
    object.put("java_heap", memory.java().heap());
    object.put("java_off_heap", memory.java().offHeap());
    object.put("weights", engine.weights());
    if (engine.adapters() > 0) {
      object.put("adapters", engine.adapters());
    }
    object.put("kv_cache", engine.kvCache());
    if (memory.kvCacheMemory() instanceof SizeOrShare.Share share) {
      object.put("kv_cache_percent", share.percent());
    }
    object.put("buffers", engine.buffers());
    object.put("batch", engine.batch());
    memory.gpu().ifPresent(gpu -> put(object.putObject("gpu"), gpu));
    memory
        .limit()
        .ifPresent(
            limit -> {
              object.put("limit", limit.bytes());
              object.put("limit_origin", limit.origin());
            });
  }

  /** Adds what lies on a GPU; the KV cache only where it is settled. */
  private static void put(ObjectNode object, DeviceMemory gpu) {
    object.put("weights", gpu.weights());
    if (gpu.kvCache() > 0) {
      object.put("kv_cache", gpu.kvCache());
    }
    object.put("buffers", gpu.buffers());
  }

  /** Adds lines for people. */
  void add(LabeledLines lines) {
    EngineMemory engine = memory.engine();
    JavaMemory java = memory.java();
    boolean open = memory.kvCacheMemory() instanceof SizeOrShare.Share;
    lines.add(
        "executor memory",
        "%s%s, %s",
        open ? "at least " : "",
        ByteCount.readable(memory.total()),
        memory
            .limit()
            .map(limit -> "of " + ByteCount.readable(limit.bytes()) + " by " + limit.origin())
            .orElse("which each executor holds against its own limit"));
    lines.add("  Java heap", "%s", ByteCount.readable(java.heap()));
    if (java.offHeap() > 0) {
      lines.add("  Spark off-heap", "%s", ByteCount.readable(java.offHeap()));
    }
    if (memory.gpu().isEmpty()) {
      lines.add("  weights", "%s, mapped from a file", ByteCount.readable(engine.weights()));
      if (engine.adapters() > 0) {
        lines.add("  adapters", "%s", ByteCount.readable(engine.adapters()));
      }
      lines.add("  KV cache", "%s%s", ByteCount.readable(engine.kvCache()), open());
    }
    lines.add("  buffers", "%s", ByteCount.readable(engine.buffers() + engine.batch()));
    memory.gpu().ifPresent(gpu -> add(lines, gpu));
  }

  private void add(LabeledLines lines, DeviceMemory gpu) {
    boolean settled = gpu.kvCache() > 0;
    lines.add("GPU memory", "%s%s", settled ? "" : "at least ", ByteCount.readable(gpu.total()));
    lines.add("  weights", "%s", ByteCount.readable(gpu.weights()));
    lines.add(
        "  KV cache",
        "%s",
        settled
            ? ByteCount.readable(gpu.kvCache())
            : memory.kvCacheMemory() instanceof SizeOrShare.Share share
                ? share + " of what the GPU leaves"
                : "what the GPU leaves, if all rows need as much");
    lines.add("  buffers", "%s", ByteCount.readable(gpu.buffers()));
  }

  /** Says what an executor may find otherwise, where the driver knows no limit. */
  private String open() {
    if (memory.kvCacheMemory() instanceof SizeOrShare.Share share) {
      return " at least, else " + share + " of what its limit leaves";
    }
    boolean unsaid = memory.kvCacheMemory() instanceof SizeOrShare.Size size && size.bytes() == 0;
    return unsaid ? ", or what its limit leaves" : "";
  }
}
