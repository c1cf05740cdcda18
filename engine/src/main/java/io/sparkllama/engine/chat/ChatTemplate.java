package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compiles a template once and renders it for any number of rows, by any number of threads.
 *
 * <p>The language is Jinja as Hugging Face's transformers set it up for chat templates: blocks take
 * the line feed after them and the space before them, lists and maps cannot be changed, and there
 * are {@code tojson}, {@code raise_exception}, {@code strftime_now} and {@code {% generation %}}.
 * Templates may come from anywhere: they reach nothing but the values that they are given, and
 * steps, memory, depth and time are bounded. Rendering depends on the arguments and the date alone.
 */
public final class ChatTemplate {
  /** What templates of models have at most; real ones have up to some 20 KiB. */
  public static final int MOST_CHARACTERS = 256 * 1024;

  private final List<Statement> statements;
  private final List<String> names;
  private final Set<String> assigned;

  ChatTemplate(TemplateParser.Parsed parsed) {
    this.statements = parsed.statements();
    this.names =
        parsed.names().stream().filter(name -> TemplateFunctions.find(name) == null).toList();
    this.assigned = Set.copyOf(parsed.assigned());
  }

  /**
   * Compiles the template of a model, where a line feed at the very end is not part of the text,
   * and what is undefined is printed as nothing.
   *
   * @throws TemplateException says what is wrong, and in which line
   */
  public static ChatTemplate compile(String source) {
    return compile(source, TemplateDialect.CHAT);
  }

  /**
   * Compiles a prompt as people write them: the text is kept to its very end, and a value that is
   * null or undefined is an error where it is printed.
   *
   * @throws TemplateException says what is wrong, and in which line
   */
  public static ChatTemplate compilePrompt(String source) {
    return compile(source, TemplateDialect.PROMPT);
  }

  private static ChatTemplate compile(String source, TemplateDialect dialect) {
    if (source.length() > MOST_CHARACTERS) {
      throw new TemplateException(
          "the template is longer than " + MOST_CHARACTERS + " characters: " + source.length());
    }
    try {
      return new ChatTemplate(TemplateParser.parse(source, dialect));
    } catch (StackOverflowError tooDeep) {
      // Depth is bounded; only a thread with hardly any stack comes here.
      throw new TemplateException("the template nests too deep for this thread's stack");
    }
  }

  /**
   * Returns the variables that the template reads anywhere, in the order of first use; names of
   * functions are none.
   */
  public List<String> names() {
    return names;
  }

  /**
   * Tells whether a name that the template reads need not be an argument, since it sets it itself
   * somewhere.
   */
  public boolean sets(String name) {
    return assigned.contains(name);
  }

  /**
   * Renders the template. Texts of the arguments are data, where special tokens are plain text; in
   * a {@link Prompt} they have the origins that it says.
   *
   * @param arguments variables by name: texts, prompts, numbers, booleans, null, and lists and maps
   *     of these
   * @param date what {@code strftime_now} writes
   * @throws TemplateException where the template refuses its arguments, fails, or takes too much;
   *     the message may hold text of the arguments
   */
  public Prompt render(Map<String, ?> arguments, LocalDate date) {
    TemplateArguments given = new TemplateArguments();
    Scope scope = new Scope(given.variables(arguments));
    Rendering rendering = new Rendering(new Budget(given.characters()), date.atStartOfDay());
    MarkedTextBuilder out = rendering.newText();
    try {
      Statement.executeAll(statements, rendering, scope, out);
      return out.build().toPrompt(rendering.budget());
    } catch (TemplateException problem) {
      throw problem.line() > 0 ? problem : problem.atLine(rendering.line());
    } catch (StackOverflowError tooDeep) {
      throw new TemplateException(
          "the template nests too deep for this thread's stack", rendering.line());
    } catch (RuntimeException fault) {
      // An untrusted template found a mistake of ours: it costs the row, and not the job.
      throw TemplateException.fault(fault, rendering.line());
    }
  }
}
