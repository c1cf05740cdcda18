package io.sparkllama.job.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnswerKeysTest {
  private static final String JOB =
      """
      task = complete
      model.path = "m.gguf"
      input { path = "in", partitions = 3, key = [id] }
      prompt { user = "{{ text }}", date = 2026-01-31, template-arguments { think = false } }
      generation { temperature = 0.5, top-k = 0, logit-bias { "7" = -1 } }
      output { path = "out", mode = resume, columns = [a, b], show = 3 }
      limit { rows = 3, tokens = 4, hours = 5 }
      engine { kv-cache-type = q8, threads = 2, kv-cache-memory = 1g }
      plan.before-run = false
      """;

  @Test
  void whatDecidesAnswersCountsWhereItIsNoDefault() {
    assertThat(AnswerKeys.values(JobFile.readText(JOB, List.of())))
        .isEqualTo(
            Map.of(
                "task",
                "complete",
                "input.key",
                List.of("id"),
                "prompt.user",
                "{{ text }}",
                "prompt.template-arguments",
                Map.of("think", false),
                "generation.temperature",
                0.5,
                "generation.logit-bias",
                Map.of(7, -1.0),
                "output.columns",
                List.of("a", "b"),
                "engine.kv-cache-type",
                "q8"));
  }

  /** A key that is added to one of these sections counts until somebody says that it does not. */
  @Test
  void everyKeyOfPromptAndGenerationCounts() {
    assertThat(AllKeys.DECLARED.all())
        .filteredOn(key -> List.of("task", "prompt", "generation", "score").contains(key.section()))
        .filteredOn(key -> !AnswerKeys.decides(key))
        .containsExactly(JobKeys.PROMPT_DATE);
    assertThat(AllKeys.DECLARED.all())
        .filteredOn(key -> List.of("limit", "plan", "model").contains(key.section()))
        .filteredOn(AnswerKeys::decides)
        .containsExactly(JobKeys.MODEL_ADAPTER); // files count as what they hold
  }
}
