package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.TemplateException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds the built-in formats to what their models' makers published. */
class BuiltInTemplatesTest {
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "alpaca|<s>Sys.\\n\\n### Instruction:\\nHi\\n\\n### Response:Ho</s>\\n\\n"
            + "### Instruction:\\nWhy?\\n\\n### Response:",
        "chatml|<!im_start!>system\\nSys.<!im_end!>\\n<!im_start!>user\\nHi<!im_end!>\\n"
            + "<!im_start!>assistant\\nHo<!im_end!>\\n<!im_start!>user\\nWhy?<!im_end!>\\n"
            + "<!im_start!>assistant\\n",
        "falcon|Sys.\\n\\nUser: Hi\\n\\nAssistant: Ho\\n\\nUser: Why?\\n\\nAssistant:",
        "llama-2|<s>[INST] <<SYS>>\\nSys.\\n<</SYS>>\\n\\nHi [/INST] Ho </s><s>[INST] Why? [/INST]",
        "llama-3|<s><!start_header_id!>system<!end_header_id!>\\n\\nSys.<!eot_id!>"
            + "<!start_header_id!>user<!end_header_id!>\\n\\nHi<!eot_id!>"
            + "<!start_header_id!>assistant<!end_header_id!>\\n\\nHo<!eot_id!>"
            + "<!start_header_id!>user<!end_header_id!>\\n\\nWhy?<!eot_id!>"
            + "<!start_header_id!>assistant<!end_header_id!>\\n\\n",
        "mistral|<s>[INST] Sys.\\n\\nHi [/INST] Ho</s>[INST] Why? [/INST]",
        "vicuna|<s>Sys. USER: Hi ASSISTANT: Ho</s>USER: Why? ASSISTANT:",
        "zephyr|<!system!>\\nSys.</s>\\n<!user!>\\nHi</s>\\n<!assistant!>\\nHo</s>\\n"
            + "<!user!>\\nWhy?</s>\\n<!assistant!>\\n"
      })
  void writesAConversation(String name, String expected) {
    String text =
        render(
            name,
            message("system", " Sys. "),
            message("user", "Hi\n"),
            message("assistant", "Ho"),
            message("user", "Why?"));
    assertThat(text).isEqualTo(expected.replace("\\n", "\n").replace("!", "|"));
  }

  @Test
  void everyFormatIsTriedAbove() {
    assertThat(BuiltInTemplates.names()).hasSize(8).isSorted();
  }

  @Test
  void alpacaAndVicunaHaveASystemTextOfTheirOwn() {
    assertThat(render("alpaca", message("user", "Hi")))
        .startsWith("<s>Below is an instruction that describes a task. Write a response that")
        .endsWith("### Instruction:\nHi\n\n### Response:");
    assertThat(render("vicuna", message("user", "Hi")))
        .startsWith("<s>A chat between a curious user and an artificial intelligence assistant.")
        .endsWith("questions. USER: Hi ASSISTANT:");
  }

  @Test
  void refusesRolesThatAFormatHasNoPlaceFor() {
    for (String name : List.of("alpaca", "falcon", "llama-2", "mistral", "vicuna")) {
      assertThatExceptionOfType(TemplateException.class)
          .as(name)
          .isThrownBy(() -> render(name, message("user", "Hi"), message("tool", "x")))
          .withMessageContaining(name);
    }
  }

  @Test
  void refusesAMessageWithoutText() {
    Map<String, Object> calls = new HashMap<>(message("assistant", "x"));
    calls.put("content", null);
    for (String name : BuiltInTemplates.names()) {
      assertThatExceptionOfType(TemplateException.class)
          .as(name)
          .isThrownBy(() -> render(name, message("user", "Hi"), calls))
          .withMessageContaining("no text");
      assertThatExceptionOfType(TemplateException.class)
          .as(name)
          .isThrownBy(() -> render(name, Map.of("role", "system"), message("user", "Hi")))
          .withMessageContaining("no text");
    }
  }

  @Test
  void namesTheFormatsThereAre() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> BuiltInTemplates.source("llama2"))
        .withMessageContaining("llama-2, llama-3");
  }

  private static Map<String, Object> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  @SafeVarargs
  private static String render(String name, Map<String, Object>... messages) {
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("messages", new ArrayList<>(List.of(messages)));
    arguments.put("add_generation_prompt", true);
    arguments.put("bos_token", "<s>");
    arguments.put("eos_token", "</s>");
    return ChatTemplate.compile(BuiltInTemplates.source(name))
        .render(arguments, LocalDate.EPOCH)
        .text();
  }
}
