package io.sparkllama.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.ConfigKey;
import io.sparkllama.job.config.ConfigValues;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.TaskKeys;
import io.sparkllama.job.pipeline.SummaryPrompt;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.prompt.RowPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/** Reads the keys of a job's prompt: one text, or a conversation. */
final class PromptKeys {
  /** The keys that only conversations have. */
  static final List<ConfigKey<?>> CONVERSATION =
      List.of(
          JobKeys.PROMPT_SYSTEM,
          JobKeys.PROMPT_USER,
          JobKeys.PROMPT_MESSAGES,
          JobKeys.PROMPT_TOOLS,
          JobKeys.PROMPT_TEMPLATE_ARGUMENTS,
          JobKeys.PROMPT_CHAT_TEMPLATE);

  private static final long MOST_BYTES = 16 << 20;
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS);

  private PromptKeys() {}

  /** Returns the prompt, its templates compiled. */
  static RowPrompt prompt(ConfigValues values) {
    boolean conversation =
        values.names(JobKeys.PROMPT_USER) || values.names(JobKeys.PROMPT_MESSAGES);
    if (conversation && values.names(JobKeys.PROMPT_TEMPLATE)) {
      throw new InvalidConfigurationException(
          "prompt.template is a whole prompt, and prompt.user or prompt.messages a conversation:"
              + " keep one of the two.");
    }
    if (!conversation) {
      for (ConfigKey<?> key : CONVERSATION) {
        if (values.names(key)) {
          throw new InvalidConfigurationException(
              key.path()
                  + " belongs to a conversation, which has prompt.user or prompt.messages: add one of"
                  + " these, or leave it out.");
        }
      }
      return template(values, JobKeys.PROMPT_TEMPLATE);
    }
    return new ChatPrompt(
        optionalTemplate(values, JobKeys.PROMPT_SYSTEM),
        optionalTemplate(values, JobKeys.PROMPT_USER),
        values.optional(JobKeys.PROMPT_MESSAGES),
        values.optional(JobKeys.PROMPT_TOOLS).map(PromptKeys::tools).orElse(List.of()),
        values.value(JobKeys.PROMPT_TEMPLATE_ARGUMENTS),
        date(values),
        Optional.empty());
  }

  /** Returns how summaries become one, in the form of the job's prompt. */
  static SummaryPrompt combination(ConfigValues values, RowPrompt prompt) {
    Optional<PromptTemplate> combine = optionalTemplate(values, TaskKeys.SUMMARIZE_COMBINE);
    if (combine.isEmpty()) {
      return new SummaryPrompt.OfDocument();
    }
    if (!combine.get().names().contains(SummaryPrompt.SUMMARIES)) {
      throw new InvalidConfigurationException(
          TaskKeys.SUMMARIZE_COMBINE.path()
              + " has no place for the summaries: put {{ "
              + SummaryPrompt.SUMMARIES
              + " }} into it.");
    }
    return new SummaryPrompt.OfSummaries(
        prompt instanceof ChatPrompt chat ? chat.withUser(combine.get()) : combine.get());
  }

  /** Compiles the template that a key holds. */
  static PromptTemplate template(ConfigValues values, ConfigKey<String> key) {
    return PromptTemplate.compile(key.path(), values.value(key), date(values));
  }

  private static Optional<PromptTemplate> optionalTemplate(
      ConfigValues values, ConfigKey<String> key) {
    return values.optional(key).map(text -> PromptTemplate.compile(key.path(), text, date(values)));
  }

  private static LocalDate date(ConfigValues values) {
    return values.value(JobKeys.PROMPT_DATE); // JobConfig fills it in
  }

  /** Tells whether the value of prompt.tools is the path of a file. */
  static boolean isFile(String tools) {
    return !tools.strip().startsWith("[");
  }

  private static List<Object> tools(String value) {
    String key = JobKeys.PROMPT_TOOLS.path();
    String text = isFile(value) ? read(key, value) : value;
    try {
      JsonNode list = JSON.readTree(text);
      if (!list.isArray()) {
        throw new InvalidConfigurationException(key + " must be a JSON list of tools.");
      }
      return JSON.convertValue(list, JSON.getTypeFactory().constructType(List.class));
    } catch (JsonProcessingException wrong) {
      throw new InvalidConfigurationException(
          key + " is no JSON, at line " + wrong.getLocation().getLineNr() + ".", wrong);
    }
  }

  /** Reads a file on the driver that a key names. */
  static String read(String key, String path) {
    try {
      Path file = Path.of(path);
      if (!Files.isRegularFile(file)) {
        throw new InvalidConfigurationException(key + " does not exist or is no file: " + path);
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new InvalidConfigurationException(
            key + " is larger than " + MOST_BYTES + " bytes: " + path);
      }
      return Files.readString(file);
    } catch (IOException | InvalidPathException wrong) {
      throw new InvalidConfigurationException(
          key + " cannot be read as UTF-8 text: " + path, wrong);
    }
  }
}
