package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.ChatTemplate;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * Fills the columns of a row into a text: Jinja, compiled once per job and process.
 *
 * <p>The template's text is kept as it is, line feeds at its end included; blocks take the line
 * feed after them. A value that is null is an error where it is printed.
 */
public final class PromptTemplate implements RowPrompt {
  private static final long serialVersionUID = 2;

  private final String key;
  private final String source;
  private final LocalDate date;
  private transient ChatTemplate template;

  private PromptTemplate(String key, String source, LocalDate date) {
    this.key = key;
    this.source = source;
    this.date = date;
    this.template = ChatTemplate.compilePrompt(source);
  }

  /**
   * Compiles a template.
   *
   * @param key of the job file that holds it, for messages
   * @param date what {@code strftime_now} writes
   * @throws InvalidConfigurationException says what is wrong, and in which line
   */
  public static PromptTemplate compile(String key, String source, LocalDate date) {
    refuseLoneSurrogates(key, source);
    try {
      return new PromptTemplate(key, source, date);
    } catch (TemplateException wrong) {
      throw new InvalidConfigurationException(
          key + " is no template, " + wrong.getMessage(), wrong);
    }
  }

  @Override
  public List<String> names() {
    return template.names();
  }

  @Override
  public boolean sets(String name) {
    return template.sets(name);
  }

  @Override
  public Prompt render(Map<String, Object> values) {
    try {
      return template.render(values, date);
    } catch (TemplateException problem) {
      throw problem.in(key);
    }
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    template = ChatTemplate.compilePrompt(source);
  }

  private static void refuseLoneSurrogates(String key, String text) {
    int line = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      line += c == '\n' ? 1 : 0;
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        throw new InvalidConfigurationException(
            key
                + " is refused at line "
                + line
                + ": half a character (a lone surrogate) is no text");
      }
    }
  }
}
