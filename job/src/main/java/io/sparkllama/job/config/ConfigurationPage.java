package io.sparkllama.job.config;

/** Writes the reference page of the job file from the declarations. */
public final class ConfigurationPage {
  private static final String HEAD =
      """
      # The job file

      A job file is HOCON: sections, `key = value`, comments with `#`, and `${?NAME}` for a variable
      of the environment. It is read by itself; no other settings mix in. Each key may also be given
      on the command line as `key=value`, which wins over the file; a text is taken as it stands, and
      in double quotes as the file would read it (`"a\\nb"`). A key that does not stand here is refused,
      with the nearest known one.

      This page is generated from the declarations in `JobKeys` and beside it; change them, not the page.
      """;

  private static final String SPARK =
      """

      ## spark

      Everything below `spark` goes to Spark under its own name: `spark.master = "local[2]"`,
      `spark.executor.memory = 4g`. What `spark-submit` was given wins over the file. Where one name
      is the beginning of another (`spark.locality.wait` and `spark.locality.wait.node`), put the
      longer one in quotes: `spark."locality.wait.node" = 1s`.
      """;

  private ConfigurationPage() {}

  /** Returns the whole page, with a line feed at its end. */
  public static String render() {
    StringBuilder page = new StringBuilder(HEAD);
    String section = null;
    for (ConfigKey<?> key : AllKeys.DECLARED.all()) {
      if (!key.section().equals(section)) {
        section = key.section();
        page.append("\n## ").append(section).append("\n\n");
        page.append("| key | type | default | unit | meaning |\n|---|---|---|---|---|\n");
      }
      String defaultValue =
          key.defaultValue()
              .map(value -> "`" + ConfigType.written(value) + "`")
              .orElse(key.required() ? "required" : "none");
      page.append("| `").append(key.path()).append("` | ").append(key.type().name());
      page.append(" | ").append(defaultValue).append(" | ").append(key.unit());
      page.append(" | ").append(key.doc().replace("|", "\\|")).append(" |\n");
    }
    return page.append(SPARK).toString();
  }
}
