package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.chat.BuiltInTemplates;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RenderCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HELLO = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";

  @TempDir private Path folder;

  @Test
  void rendersRowsInTheirOrderAndSetsRefusedOnesAside() throws IOException {
    String template =
        """
        {{ bos_token }}{% for message in messages %}
        {% if message.role != 'user' %}{{ raise_exception('only users speak') }}{% endif %}
        [{{ message.content }}]
        {% endfor %}
        {% if add_generation_prompt %}>{% endif %}
        """;
    CommandRun run =
        renderTemplate(
            template,
            HELLO,
            "",
            "{\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}",
            "{\"messages\":[],\"add_generation_prompt\":true,\"bos_token\":\"<s>\"}");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(3);
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines())
        .containsExactly(
            "{\"rendered\":\"[Hello]\\n\"}",
            "{\"error\":\"line 2: only users speak\"}",
            "{\"rendered\":\"<s>>\"}");
  }

  @Test
  void textIsPrintedAsItIs() throws IOException {
    Path template =
        file("template.jinja", "{{ messages[0].content }}{% if n %}{{ n / 0 }}{% endif %}");
    Path messages =
        file(
            "rows.jsonl",
            "{\"messages\":[{\"content\":\"two\\n\\\"lines\\\" 😀\"}]}",
            "{\"messages\":[{}],\"n\":1}");

    CommandRun run =
        CommandRun.of(
            "render", "--template", template.toString(), "--messages", messages.toString());

    assertThat(run.exitCode()).as(run.err()).isEqualTo(3);
    assertThat(run.out().lines().toList())
        .startsWith("two", "\"lines\" 😀")
        .hasSize(3)
        .last()
        .asString()
        .startsWith("error: line 1: ");
  }

  @Test
  void argumentsKeepTheirTypesAndOrder() throws IOException {
    String template = "{{ values | tojson }} {{ values.none is none }} {{ n + 1 }} {{ x / 2 }}";

    CommandRun run =
        renderTemplate(
            template,
            "{\"messages\":[],\"n\":123456789012345678901234567890,\"x\":3.0,"
                + "\"values\":{\"z\":1,\"a\":[true,1.0],\"none\":null}}");

    assertThat(run.onlyJson().get("rendered").textValue())
        .isEqualTo(
            "{\"z\": 1, \"a\": [true, 1.0], \"none\": null} True"
                + " 123456789012345678901234567891 1.5");
  }

  @Test
  void builtInTemplatesNeedNoFile() throws IOException {
    Path messages = file("rows.jsonl", HELLO);

    JsonNode json =
        CommandRun.of("render", "--built-in", "chatml", "--messages", messages.toString(), "--json")
            .onlyJson();

    assertThat(json.get("rendered").textValue()).isEqualTo("<|im_start|>user\nHello<|im_end|>\n");
    CommandRun.of("render", "--built-in", "absent", "--messages", messages.toString())
        .assertRefused(2, "absent", "chatml", "zephyr");
  }

  @Test
  void aModelGivesItsTemplateAndTheTextsOfItsTokens() throws IOException {
    Path model =
        new TinyModel()
            .set(
                "tokenizer.chat_template",
                MetadataValue.ofString("{{ [bos_token, eos_token, add_generation_prompt] }}"))
            .write(folder);

    assertThat(
            rendered(
                model,
                HELLO,
                "{\"messages\":[],\"bos_token\":\"B\",\"eos_token\":null,"
                    + "\"add_generation_prompt\":true}"))
        .containsExactly("['<s>', '</s>', False]", "['B', None, True]");
  }

  @Test
  void toolsTakeTheModelsTemplateForTools() throws IOException {
    TinyModel tiny =
        new TinyModel().set("tokenizer.chat_template", MetadataValue.ofString("plain"));
    String[] rows = {
      HELLO, "{\"messages\":[],\"tools\":[{\"name\":\"f\"}]}", "{\"messages\":[],\"tools\":null}"
    };

    assertThat(rendered(tiny.write(folder), rows)).containsExactly("plain", "plain", "plain");
    tiny.set(
        "tokenizer.chat_template.tool_use", MetadataValue.ofString("{{ bos_token }}{{ tools }}"));
    assertThat(rendered(tiny.write(folder), rows))
        .containsExactly("plain", "<s>[{'name': 'f'}]", "plain");
  }

  @Test
  void aVocabularyWithoutATemplateNamesTheRemedy() throws IOException {
    Path messages = file("rows.jsonl", HELLO);
    String model = SharedData.path("tokenizers/llama-spm.gguf").toString();

    CommandRun run = CommandRun.of("render", "--model", model, "--messages", messages.toString());

    run.assertRefused(2, model, "--built-in");
    assertThat(run.err()).contains(BuiltInTemplates.names());
  }

  @Test
  void theDateIsTheOneGivenOrTodays() throws IOException {
    String template = "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d') }}";
    String past =
        renderWith(template, HELLO, "--date", "2024-07-26").onlyJson().at("/rendered").textValue();
    LocalDate before = LocalDate.now(ZoneOffset.UTC);
    String today = renderTemplate(template, HELLO).onlyJson().at("/rendered").textValue();
    LocalDate after = LocalDate.now(ZoneOffset.UTC);

    assertThat(past).isEqualTo("26 Jul 2024 2024-07-26");
    assertThat(LocalDate.parse(today.substring(today.lastIndexOf(' ') + 1)))
        .isBetween(before, after);
    renderWith(template, HELLO, "--date", "26.7.2024").assertRefused(2, "--date", "26.7.2024");
  }

  @Test
  void refusesTemplatesThatDoNotCompileWithFileAndLine() throws IOException {
    renderTemplate("fine\n{% if %}", HELLO)
        .assertRefused(2, "cannot be compiled", "template.jinja", "line 2");
    Path messages = file("rows.jsonl", HELLO);
    Path model =
        new TinyModel()
            .set("tokenizer.chat_template", MetadataValue.ofString("fine"))
            .set("tokenizer.chat_template.tool_use", MetadataValue.ofString("\n\n{{ x"))
            .write(folder);
    CommandRun.of("render", "--model", model.toString(), "--messages", messages.toString())
        .assertRefused(2, "tiny.gguf", "tokenizer.chat_template.tool_use", "line 3");
  }

  @Test
  void refusesBadUsageAndFilesThatAreNotThere() throws IOException {
    String messages = file("rows.jsonl", HELLO).toString();
    String absent = folder.resolve("absent.file").toString();

    CommandRun.of("render", "--messages", messages)
        .assertRefused(2, "--model", "--template", "--built-in");
    CommandRun.of("render", "--built-in", "chatml").assertRefused(2, "--messages");
    CommandRun.of("render", "--built-in", "chatml", "--template", absent, "--messages", messages)
        .assertRefused(2, "--built-in", "--template");
    CommandRun.of("render", "--template", absent, "--messages", messages)
        .assertRefused(2, "absent.file");
    CommandRun.of("render", "--model", absent, "--messages", messages)
        .assertRefused(2, "absent.file");
    CommandRun.of("render", "--built-in", "chatml", "--messages", absent)
        .assertRefused(2, "absent.file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no json",
        "[1]",
        "{\"content\":\"a\"}",
        "{\"messages\":\"a\"}",
        "{\"messages\":[]} 1"
      })
  void refusesRowsThatAreNoneWithTheirLine(String bad) throws IOException {
    CommandRun run = renderTemplate("x", HELLO, bad);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.err().lines()).hasSize(1).allMatch(line -> line.contains("Line 2"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "meta-llama-Llama-3.1-8B-Instruct.jinja",
        "Qwen-Qwen3-0.6B.jinja",
        "google-gemma-2-2b-it.jinja",
        "openai-gpt-oss-120b.jinja"
      })
  void rendersAsJinja2(String template) throws IOException {
    List<JsonNode> expected = new ArrayList<>();
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(SharedData.path("templates/expected.jsonl"))) {
      ObjectNode row = (ObjectNode) JSON.readTree(line);
      if (row.get("template").textValue().equals(template)) {
        expected.add(row.deepCopy());
        row.remove(List.of("template", "collapsed", "case", "rendered", "error"));
        rows.add(row.toString());
      }
    }
    assertThat(rows).isNotEmpty();

    CommandRun run =
        renderWith(
            Files.readString(SharedData.path("templates").resolve(template)),
            String.join("\n", rows),
            "--date",
            "2024-07-26");

    boolean allRendered = expected.stream().allMatch(row -> row.has("rendered"));
    assertThat(run.exitCode()).as(run.err()).isEqualTo(allRendered ? 0 : 3);
    assertThat(run.json()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(run.json().get(i).get("rendered")).isEqualTo(expected.get(i).get("rendered"));
    }
  }

  private List<String> rendered(Path model, String... rows) throws IOException {
    Path messages = file("rows.jsonl", rows);
    CommandRun run =
        CommandRun.of(
            "render", "--model", model.toString(), "--messages", messages.toString(), "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run.json().stream().map(row -> row.get("rendered").textValue()).toList();
  }

  private CommandRun renderTemplate(String template, String... rows) throws IOException {
    return renderWith(template, String.join("\n", rows));
  }

  private CommandRun renderWith(String template, String rows, String... options)
      throws IOException {
    String[] fixed = {
      "render",
      "--template",
      file("template.jinja", template).toString(),
      "--messages",
      file("rows.jsonl", rows).toString(),
      "--json"
    };
    return CommandRun.of(
        Stream.concat(Stream.of(fixed), Stream.of(options)).toArray(String[]::new));
  }

  private Path file(String name, String... lines) throws IOException {
    return Files.writeString(folder.resolve(name), String.join("\n", lines));
  }
}
