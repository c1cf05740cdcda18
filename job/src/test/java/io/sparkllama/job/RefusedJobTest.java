package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the jobs of docs/bad-input.md: each ends with code 2 and one sentence, before any row. */
class RefusedJobTest {
  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private Path input;
  private Path output;
  private String job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() {
    input = folder.resolve("in");
    output = folder.resolve("out");
    spark.sql("select 'Once' as text, 7 as id").write().parquet(input.toString());
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "{{ text }}"
        generation.max-tokens = 4
        output.path = "%s"
        """
            .formatted(SharedModel.stories(), cache, input, output);
  }

  @Test
  void badUsage() {
    assertThat(JobProcess.run())
        .matches(run -> run.code() == 2 && run.err().contains("--conf-file"));
    assertThat(JobProcess.run("--conf-file", "x.conf", "--nonsense"))
        .matches(run -> run.code() == 2 && run.err().contains("--nonsense"));
    JobProcess help = JobProcess.run("--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).contains("--conf-file=CONF", "--json", "Exit codes");
  }

  @Test
  void configuration() throws Exception {
    refused(
        "Unknown key",
        "generation.max-token.",
        "mean generation.max-tokens?",
        "generation.max-token=3");
    refused("engine.threads must be a whole number", "four", "engine.threads=four");
    refused("classify.gold has no effect with task = complete", "classify.gold=text");
    refused("has no effect with task = classify", "task=classify");
    refused("prompt.template is no template, line 1", "prompt.template={% if text %}");
    refused(
        "generation.regex: The regular expression has a ( without its )",
        "character 2 of",
        "generation.regex=a(b");
    refused(
        "generation.regex: The regular expression is too large",
        "generation.regex=(a|b)*a(a|b){40}");
    refused("generation.max-tokens has no room", "generation.regex=[A-Z]{30}");
    refused("any text that generation.choices allows", "generation.choices=[ABCDEFGHIJKL]");
    refused(List.of("generation.choices=[a]", "generation.regex=a"), "leave one out");
    refused(List.of("generation.stop=[a]", "generation.regex=a"), "generation.stop would cut");
    refused(List.of("prompt.overlong=split", "generation.regex=a"), "joins several answers");
    refused(List.of("task=summarize", "generation.regex=a"), "has no effect with task = summarize");
    refused("belongs to a conversation", "prompt.user", "prompt.system=Be brief.");
    refused("keep one of the two", "prompt.user={{ text }}");
    assertThat(JobProcess.run("--conf-file", folder.resolve("none.conf").toString()))
        .matches(run -> run.code() == 2 && run.err().contains("does not exist"));
  }

  @Test
  void columns() throws Exception {
    refused(
        "prompt.template names a column that the input has not: txt. Did you mean text?",
        "The input has text, id.",
        "prompt.template={{ txt }}");
    refused("output.columns names a column", "output.columns=[ids]");
    refused("input.key names a column", "Did you mean id?", "input.key=idd");
  }

  @Test
  void keys() throws Exception {
    spark
        .sql("select 'a' as text, id div 2 as id from range(5)")
        .write()
        .mode("overwrite")
        .parquet(input.toString());
    List<String> once = List.of("output.format=noop", "output.mode=overwrite", "input.key=id");
    List<String> durable = List.of("input.key=id", "input.bad-rows=refuse");
    refused(once, "2 keys of id stand at 4 rows, such as 0.");
    spark
        .sql("select concat('a', id) as text, id div 2 as id from range(5)")
        .write()
        .mode("overwrite")
        .parquet(input.toString());
    refused(durable, ": 4 ambiguous-key of 5 rows");
    spark
        .sql("select 'a' as text, if(id = 3, null, id) as id from range(5)")
        .write()
        .mode("overwrite")
        .parquet(input.toString());
    refused(once, "id is null in 1 of 5 rows");
    refused(durable, ": 1 null-key of 5 rows");
  }

  @Test
  void output() throws Exception {
    Files.createDirectories(output);
    refused("The output exists already", "output.mode = overwrite", "output.mode=error");
    Files.writeString(output.resolve("part-0"), "of another job");
    refused("nothing says what it was made with", "part-0", "engine.threads=1");
    Files.delete(output.resolve("part-0"));
    Files.delete(output);
    refused("without the wildcards", "output.path=" + output + "{1}");
    refused(
        List.of("output.format=noop", "output.mode=resume"),
        "goes on with files",
        output.toString());
    spark.sql("select 'Once' as text, 7 as Batch").write().parquet(input + "2");
    refused(
        List.of("output.columns=[batch]", "input.path=" + input + "2"), "of its own", ": Batch");
    job += "output.mode = overwrite\n";
    refused("would replace the input", "output.path=" + input);
    refused("The output cannot be written", "output.format=csv");
  }

  @Test
  void settingsOfSpark() throws Exception {
    refused("A setting of Spark is refused", "many", "spark.sql.shuffle.partitions=many");
  }

  /** What costs seconds is refused before what may cost hours: fetching the model. */
  @Test
  void columnsBeforeTheModel() throws Exception {
    job += "model.path = \"" + folder.resolve("no-model.gguf") + "\"\n";
    refused("prompt.template names a column", "prompt.template={{ txt }}");
    refused("The input cannot be read", "input.path=" + folder.resolve("no"));
    Files.createDirectories(output);
    refused("The output exists already", "output.mode=error");
  }

  @Test
  void input() throws Exception {
    refused(
        "The input cannot be read", "Path does not exist", "input.path=" + folder.resolve("no"));
    refused("The input cannot be read", "parkay", "input.format=parkay");
  }

  @Test
  void missingModel() throws Exception {
    refused("no-model.gguf", "model.path=" + folder.resolve("no-model.gguf"));
    refused("model.sha256", "model.sha256=" + "0".repeat(64));
    refused("model.path", "model.path=nofs://host/m.gguf");
  }

  @Test
  void conversations() throws Exception {
    job = job.replace("prompt.template =", "prompt.user =");
    refused("The model carries no chat template", "chatml, falcon", "engine.threads=1");
    refused("prompt.chat-template must be model", "zephyr", "prompt.chat-template=zephir");
    refused("does not exist", "prompt.chat-template=" + folder.resolve("no.jinja"));
    Path format = folder.resolve("format.jinja");
    job += "prompt.chat-template = \"" + format + "\"\n";
    Files.writeString(format, "\n{% for %}");
    refused("The chat template cannot be used", "line 2", "engine.threads=1");
    Files.writeString(format, "{{ raise_exception('no system') if messages|length > 1 }}");
    refused("The chat template refuses the conversation", "no system", "prompt.system=Be kind.");
    Files.writeString(format, "{{ messages[0].content }}{# </think> #}<think>\n");
    job =
        job.replace("task = complete", "task = classify").replace("generation.max-tokens = 4", "");
    refused("makes the model think first", "enable_thinking", "classify.labels=[a, b]");
  }

  @Test
  void tools() throws Exception {
    job = job.replace("prompt.template =", "prompt.chat-template = chatml, prompt.user =");
    refused("prompt.tools is no JSON, at line 1", "prompt.tools=\"[{]\"");
    refused("prompt.tools does not exist", "prompt.tools=" + folder.resolve("no.json"));
    refused("prompt.date must be a date such as", "prompt.date=tomorrow");
    refused("prompt.messages names a column", "prompt.messages=turns");
    refused("prompt.messages needs a column of type array", "prompt.messages=text");
  }

  @Test
  void tasksThatTheModelCannotDo() throws Exception {
    refused(
        "leaves no room in the context",
        "context 512",
        "prompt.template=" + "long words ".repeat(300) + "{{ text }}");
    refused("at most the model's own 512: 1000", "engine.context-length=1000");
    refused("does not suffice for one block", "engine.kv-cache-memory=1k");
    refused("below the vocabulary's size of 512: 512", "generation.stop-tokens=[3, 512]");
    refused(
        "generation.logit-bias must be below the vocabulary's size of 512: 512",
        "generation.logit-bias={ 3 = 1, 512 = 1 }");
  }

  @Test
  void moreMemoryThanThereIs() throws Exception {
    refused(
        "The memory does not suffice for an engine with this model",
        "or lower engine.kv-cache-memory: needed",
        "engine.kv-cache-memory=1t");
  }

  /** Here the driver is the executor; its model is not even looked for. */
  @Test
  void aMachineOnWhichNoWorkerRuns() throws Exception {
    Path worker = Files.writeString(folder.resolve("sparkllama-worker"), "#!/bin/sh\nexit 9\n");
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));
    refused(
        List.of("engine.native-dir=" + folder, "model.path=" + folder.resolve("no-model.gguf")),
        "The worker process of the native engine cannot run on this machine",
        "set engine.isolation to none",
        "exit code 9");
  }

  @Test
  void wrongMagic() throws Exception {
    byte[] bytes = Files.readAllBytes(SharedModel.stories());
    bytes[0] = 'X';
    refused("magic", "model.path=" + Files.write(folder.resolve("magic.gguf"), bytes));
    refused("empty.gguf", "model.path=" + Files.write(folder.resolve("empty.gguf"), new byte[0]));
    refused(
        "text.gguf",
        "model.path=" + Files.writeString(folder.resolve("text.gguf"), "hello ".repeat(99)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void truncatedModel(int tenth) throws Exception {
    byte[] bytes = Files.readAllBytes(SharedModel.stories());
    byte[] head = Arrays.copyOf(bytes, bytes.length / 10 * tenth);
    refused("cut.gguf", "model.path=" + Files.write(folder.resolve("cut.gguf"), head));
  }

  /** The last of {@code parts} is the override; the others stand in the sentence. */
  private void refused(String... parts) throws Exception {
    refused(List.of(parts[parts.length - 1]), Arrays.copyOf(parts, parts.length - 1));
  }

  private void refused(List<String> overrides, String... parts) throws Exception {
    JobProcess run = JobProcess.run(folder, job, overrides.toArray(new String[0]));
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("error: ").doesNotContain("\tat ");
    assertThat(run.err().strip().lines()).hasSize(1);
    for (String part : parts) {
      assertThat(run.err()).contains(part);
    }
    assertThat(run.out()).isEmpty();
    assertThat(output.resolve("_SUCCESS")).doesNotExist();
  }
}
