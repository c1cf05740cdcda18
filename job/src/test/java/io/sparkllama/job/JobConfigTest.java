package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.job.config.EqualPrompts;
import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.CompleteTask;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.pipeline.SplitTask;
import io.sparkllama.job.pipeline.SummarizeTask;
import io.sparkllama.job.planning.RowSpread;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobConfigTest {
  @TempDir Path folder;

  @Test
  void equalPromptsAreAnsweredOnceWhereTheirAnswersAreEqual() throws Exception {
    assertThat(spread("input.key=id").equalPrompts()).isEqualTo(EqualPrompts.ONCE);
    assertThat(spread("generation.temperature=0.8").equalPrompts()).isEqualTo(EqualPrompts.ONCE);
    assertThat(spread("generation.temperature=0.8", "input.key=id").equalPrompts())
        .isEqualTo(EqualPrompts.EACH);
    assertThat(
            spread("generation.temperature=0.8", "input.key=id", "generation.seed-by=prompt")
                .equalPrompts())
        .isEqualTo(EqualPrompts.ONCE);
    assertThat(spread("input.equal-prompts=each").equalPrompts()).isEqualTo(EqualPrompts.EACH);
  }

  @Test
  void partitionsFollowTheRowsUnlessTheJobNamesTheirNumber() throws Exception {
    assertThat(spread("input.partitions=3").over(1_000_000, 8).partitions()).isEqualTo(3);
    assertThat(spread().over(10, 8).partitions()).isEqualTo(8);
    assertThat(spread().over(16_001, 8).partitions()).isEqualTo(9);
    assertThat(spread().over(1L << 40, 8).partitions()).isEqualTo(10_000);
    assertThat(spread("input.equal-prompts=each").over(1_000_000, 8).partitions()).isZero();
  }

  @Test
  void rowsOutOfTheSourcesPartitionsAreSpreadAnew() throws Exception {
    assertThat(spread("input.equal-prompts=each").anew(10, 8).partitions()).isEqualTo(8);
    assertThat(spread("input.equal-prompts=each").anew(16_001, 8).partitions()).isEqualTo(9);
    assertThat(spread("input.partitions=3").anew(1_000_000, 8).partitions()).isEqualTo(3);
  }

  @Test
  void limitsAreAboveZero() throws Exception {
    for (String limit :
        List.of("limit.rows=0", "limit.tokens=-1", "limit.hours=0", "limit.hours=1e7")) {
      assertThatThrownBy(() -> spread(limit))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageStartingWith(limit.substring(0, limit.indexOf('=')) + " must be");
    }
    assertThat(spread("limit.rows=1", "limit.tokens=1", "limit.hours=0.25")).isNotNull();
  }

  @Test
  void refusesSeveralCompletionsThatWouldBeTheSame() throws Exception {
    assertThatThrownBy(() -> spread("generation.n=2"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("generation.n asks for several");
    assertThat(spread("generation.n=2", "generation.temperature=1")).isNotNull();
  }

  @Test
  void stepsOnAGpuAreLargerUnlessTheJobSaysHowLarge() throws Exception {
    EngineOptions processor = job("engine.device=cpu").engine();
    assertThat(processor.device().isGpu()).isFalse();
    assertThat(processor.maxSequences()).isEqualTo(64);
    assertThat(job().engine()).isEqualTo(processor);

    JobConfig onGpu = job("engine.device=cuda");
    assertThat(onGpu.engine().device().isGpu()).isTrue();
    assertThat(onGpu.engine().maxSequences()).isEqualTo(256);
    assertThat(onGpu.engine().maxBatchTokens()).isEqualTo(2048);
    assertThat(onGpu.engine().prefillChunk()).isEqualTo(2048);
    assertThat(onGpu.pipeline().window()).isEqualTo(512);
    EngineOptions given =
        job(
                "engine.device=cuda",
                "engine.max-sequences=64",
                "engine.max-batch-tokens=512",
                "engine.prefill-chunk=100")
            .engine();
    assertThat(given.maxSequences()).isEqualTo(64);
    assertThat(given.maxBatchTokens()).isEqualTo(512);
    assertThat(given.prefillChunk()).isEqualTo(100);
  }

  @Test
  void refusesWhatAGpuDoesNotRun() {
    refused("engine.isolation to process", "engine.device=cuda", "engine.isolation=none");
    refused(
        "Adapters run on the processor alone",
        "engine.device=cuda",
        "model.adapters=[{ name = a, path = a.gguf }]",
        "model.adapter=a");
    refused("engine.device must be one of auto, cpu, cuda, or cuda:N", "engine.device=gpu");
  }

  @Test
  void longDocumentsAreDividedAsTheJobSays() throws Exception {
    assertThat(job().pipeline().task()).isInstanceOf(CompleteTask.class);
    assertThat(job("prompt.overlong=split").pipeline().task()).isInstanceOf(SplitTask.class);
    RowTask classify =
        job("task=classify", "classify.labels=[a, b]", "prompt.overlong=split").pipeline().task();
    assertThat(classify).isInstanceOf(SplitTask.class);
    assertThat(classify.call()).isInstanceOf(ClassifyTask.class);
    assertThat(job("task=summarize").pipeline().task()).isInstanceOf(SummarizeTask.class);
    assertThat(job("task=summarize", "prompt.overlong=split").pipeline().task())
        .isInstanceOf(SummarizeTask.class);
    CompleteTask cut =
        (CompleteTask) job("task=summarize", "prompt.overlong=truncate-tail").pipeline().task();
    assertThat(cut.overlong()).isEqualTo(OverlongPolicy.TRUNCATE_TAIL);
    RowTask combining =
        job("task=summarize", "summarize.combine={{ summaries }} {{ title }}").pipeline().task();
    assertThat(combining.names()).containsExactly("text", "title");
  }

  @Test
  void refusesDivisionWhereThereIsNoneToMake() {
    refused("summarize.combine has no effect with task = complete", "summarize.combine=x");
    refused("generation.n has no effect with task = summarize", "task=summarize", "generation.n=2");
    refused(
        "classify.gold has no effect with task = summarize", "task=summarize", "classify.gold=g");
    refused(
        "put {{ summaries }} into it", "task=summarize", "summarize.combine=Put them together.");
    refused(
        "summarize.combine has no effect where no document is divided",
        "task=summarize",
        "prompt.overlong=error",
        "summarize.combine={{ summaries }}");
    refusedText("write the prompt as prompt.user", "task = summarize\nprompt.messages = chat");
    refusedText(
        "write the prompt as prompt.user",
        "task = complete\nprompt { messages = chat, overlong = split }");
    refusedText(
        "prompt.overlong has no effect with task = score",
        "task = score\nscore { context = a, continuation = b }\nprompt.overlong = split");
  }

  private void refusedText(String message, String text) {
    assertThatThrownBy(
            () ->
                JobConfig.of(
                    JobFile.read(
                        Files.writeString(
                            folder.resolve("other.conf"), "model.path = m.gguf\n" + text),
                        List.of())))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(message);
  }

  private void refused(String message, String... overrides) {
    assertThatThrownBy(() -> job(overrides))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(message);
  }

  private RowSpread spread(String... overrides) throws Exception {
    return job(overrides).pipeline().spread();
  }

  private JobConfig job(String... overrides) throws Exception {
    Path file = folder.resolve("job.conf");
    Files.writeString(
        file,
        """
        task = complete
        model.path = "m.gguf"
        prompt.template = "{{ text }}"
        """);
    return JobConfig.of(JobFile.read(file, List.of(overrides)));
  }
}
