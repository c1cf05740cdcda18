package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.AdapterSetting;
import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.pipeline.AdapterChoice;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterKeysTest {
  private static final String JOB =
      """
      task = complete
      model.path = "m.gguf"
      prompt.template = "{{ text }}"
      """;
  private static final String TWO =
      "model.adapters=[{ name = formal, path = \"s3a://b/f.gguf\", scale = 0.5 },"
          + " { name = short, path = s.gguf, sha256 = abc }]";
  private static final AdapterSetting FORMAL =
      new AdapterSetting("formal", "s3a://b/f.gguf", Optional.empty(), 0.5);
  private static final AdapterSetting SHORT =
      new AdapterSetting("short", "s.gguf", Optional.of("abc"), 1);

  private static JobConfig job(String... overrides) {
    return JobConfig.of(JobFile.readText(JOB, List.of(overrides)));
  }

  @Test
  void aJobTakesTheOneItNames() {
    JobConfig config = job(TWO, "model.adapter=short");
    assertThat(config.adapters()).containsExactly(SHORT);
    assertThat(config.pipeline().adapter()).isEqualTo(AdapterChoice.of("short"));
  }

  @Test
  void rowsChooseFromAll() {
    JobConfig config = job(TWO, "prompt.adapter-column=style");
    assertThat(config.adapters()).containsExactly(FORMAL, SHORT);
    assertThat(config.pipeline().adapter()).isEqualTo(AdapterChoice.ofColumn("style"));
  }

  @Test
  void withoutAnyTheModelStaysAsItIs() {
    assertThat(job().adapters()).isEmpty();
    assertThat(job().pipeline().adapter()).isEqualTo(AdapterChoice.NONE);
  }

  @Test
  void keysThatDoNotFitEachOtherAreRefused() {
    assertRefused("keep one of the two", TWO, "model.adapter=short", "prompt.adapter-column=style");
    assertRefused("model.adapters has no effect", TWO);
    assertRefused("list them in model.adapters", "prompt.adapter-column=style");
    assertRefused("does not list: shor. Did you mean short?", TWO, "model.adapter=shor");
    assertRefused("does not list: x", "model.adapter=x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{ name = a }]",
        "[{ path = a.gguf }]",
        "[{ name = \" \", path = a.gguf }]",
        "[{ name = a, path = a.gguf, alpha = 3 }]",
        "[{ name = a, path = a.gguf, scale = much }]",
        "[{ name = a, path = a.gguf }, { name = a, path = b.gguf }]",
        "[a.gguf]",
        "a.gguf"
      })
  void adaptersThatAreNoneAreRefused(String adapters) {
    assertRefused("model.adapters must be", "model.adapters=" + adapters, "model.adapter=a");
  }

  private static void assertRefused(String message, String... overrides) {
    assertThatThrownBy(() -> job(overrides))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(message);
  }
}
