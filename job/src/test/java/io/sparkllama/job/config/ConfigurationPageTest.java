package io.sparkllama.job.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds the reference page to the declarations; {@code -Dsparkllama.update-docs=true} writes it.
 */
class ConfigurationPageTest {
  private static final Path PAGE =
      Path.of(System.getProperty("sparkllama.basedir", ".."), "docs", "configuration.md");

  @Test
  void pageIsWhatTheDeclarationsSay() throws Exception {
    if (Boolean.getBoolean("sparkllama.update-docs")) {
      Files.writeString(PAGE, ConfigurationPage.render());
    }
    assertThat(Files.readString(PAGE))
        .as(
            "docs/configuration.md is stale; write it anew with: mvn -pl job -am test"
                + " -Dtest=ConfigurationPageTest -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dsparkllama.update-docs=true")
        .isEqualTo(ConfigurationPage.render());
  }

  @Test
  void everyKeyIsKebabCaseDeclaredOnceAndDocumented() {
    assertThat(AllKeys.DECLARED.paths()).doesNotHaveDuplicates();
    assertThat(AllKeys.DECLARED.all())
        .allSatisfy(
            key -> {
              assertThat(key.path()).matches("[a-z0-9-]+(\\.[a-z0-9-]+)*");
              assertThat(key.doc()).endsWith(".");
            });
  }
}
