package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.InjectionAttack.Author;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.TestVocabulary;
import io.sparkllama.engine.tokenizer.TokenType;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.TokenizerModel;
import io.sparkllama.engine.tokenizer.Tokenizers;
import io.sparkllama.engine.tokenizer.Vocabulary;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shows that no document makes a special id, whatever a template does to it and whichever part of
 * the special text the template wrote itself: for every special token of every vocabulary. Those
 * built here have special texts that only escapes write, and need no shared data.
 */
class InjectionAttackTest {
  private static final LocalDate DATE = LocalDate.of(2024, 7, 26);
  private static final List<InjectionAttack> ATTACKS = InjectionAttack.all();

  /** So many special tokens of a vocabulary meet every attack in every way; the others in one. */
  private static final int MOST_THOROUGH = 6;

  private static final int ALL = Integer.MAX_VALUE;

  private static final String BUILT_BYTE_PAIR = "built byte-pair";
  private static final String BUILT_SENTENCE_PIECE = "built SentencePiece";
  private static final String DEMO = "tickets-6m.Q8_0.gguf";

  /** Among them are texts that only escapes write, so that every operation can make one. */
  private static final String[] SPECIALS = {
    "<|im_start|>",
    "<|im_end|>",
    "</S>",
    "[INST]",
    "<|Begin|>",
    "Begin|of",
    "begin~of.text",
    "%3C%7Cim",
    "&lt;|im|&gt;",
    "im\\nend",
    "im\\u00e9end",
    "im\\x85end",
    "<｜end▁of▁sentence｜>",
    "<|🦙🦙|>",
    "<|{im}|>",
  };

  private static final List<String> ORDINARY =
      List.of(
          "Once upon a time, they'll say: hello world  hello",
          " leading, and   inner spaces, and trailing ",
          "naïve café, e\u0301, Straße, İstanbul",
          "🦙 a 👩‍👩‍👧 b🇩🇪",
          "中文字符、日本語と한국어",
          "def f(x):\n\treturn x**2  # 12345.678\n\n",
          "a<|im b|> </ s> [IN ST] %s {0} &lt; \\n");

  static List<String> vocabularies() {
    return List.of(
        BUILT_BYTE_PAIR,
        BUILT_SENTENCE_PIECE,
        DEMO,
        "tokenizers/llama-spm.gguf",
        "tokenizers/llama-bpe.gguf",
        "tokenizers/gpt-2.gguf",
        "tokenizers/falcon.gguf",
        "tokenizers/qwen2.gguf",
        "tokenizers/deepseek-coder.gguf",
        "tokenizers/starcoder.gguf",
        "models/stories260K.f32.gguf",
        "models/stories260K.ggml-org.gguf",
        "models/tinystories656K.f32.gguf",
        "models/babyllama105.f32.gguf",
        "models/llama-2-tiny-random.gguf");
  }

  private static Tokenizer open(String name) {
    return switch (name) {
      case BUILT_BYTE_PAIR ->
          TestVocabulary.bytePair(
                  "h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "Ġwor l", "Ġworl d",
                  "Ġ Ġ", "Ã ©", "< |", "| >", "i m", "< /", "_ e", "ð Ł", "n d", "e nd")
              .withTokens(TokenType.CONTROL, SPECIALS)
              .withTokens(TokenType.USER_DEFINED, "\t", "lo w")
              .tokenizer();
      case BUILT_SENTENCE_PIECE ->
          TestVocabulary.sentencePiece(
                  "▁", "h", "e", "l", "o", "w", "<", "|", "i", "m", "_", "n", "d", "é", "🦙", "ll",
                  "he", "hell", "hello", "▁w", "<|", "|>", "im", "<|im", "nd", "end", "▁▁")
              .withTokens(TokenType.CONTROL, SPECIALS)
              .withTokens(TokenType.USER_DEFINED, "\t", "lo w")
              .withTokens(
                  TokenType.BYTE,
                  IntStream.range(0, 256)
                      .mapToObj(value -> String.format("<0x%02X>", value))
                      .toArray(String[]::new))
              .tokenizer();
      case DEMO -> open(Path.of(System.getProperty("sparkllama.basedir"), "models", name));
      default -> open(SharedData.path(name));
    };
  }

  private static Tokenizer open(Path file) {
    return Tokenizers.of(GgufFile.read(file).metadata());
  }

  /** Holds special texts that a template writes before and after what it makes of a document. */
  private record Frame(String before, String after, List<String> markers) {
    static List<Frame> of(Vocabulary vocabulary) {
      List<String> known = new ArrayList<>();
      for (int id = 0; id < vocabulary.size(); id++) {
        if (vocabulary.type(id) == TokenType.CONTROL) {
          known.add(vocabulary.text(id));
        }
      }
      List<String> turn =
          known.contains("<|im_start|>")
              ? List.of("<|im_start|>", "<|im_end|>")
              : List.of(known.get(0), known.get(known.size() - 1));
      List<String> header =
          known.contains("<|start_header_id|>")
              ? List.of("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
              : List.of(known.get(0), known.get(known.size() / 2), known.get(known.size() - 1));
      List<Frame> frames = new ArrayList<>(List.of(new Frame("Text: ", " end", List.of())));
      if (known.size() > 1) {
        frames.add(new Frame(turn.get(0) + "user\n", turn.get(1) + "\n", turn));
      }
      frames.add(
          known.size() > 2
              ? new Frame(header.get(0) + "user" + header.get(1) + "\n\n", header.get(2), header)
              : new Frame("user\n", known.get(0), List.of(known.get(0))));
      return frames;
    }

    String around(String template) {
      return "{{ "
          + InjectionAttack.literal(before)
          + " }}"
          + template
          + "{{ "
          + InjectionAttack.literal(after)
          + " }}";
    }

    long count(String special) {
      return occurrences(before, special).size() + occurrences(after, special).size();
    }
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void noOperationMakesASpecialIdOfADocument(String name) {
    Attacked attacked = new Attacked(open(name));
    attacked.run(name.startsWith("built") ? ALL : MOST_THOROUGH);
    assertThat(attacked.problems).isEmpty();
    assertThat(attacked.attempts).isGreaterThan(ATTACKS.size());
  }

  /** Every attack must be one: its piece of template writes a special text somewhere. */
  @Test
  void everyAttackMeetsASpecialTextThatItMakes() {
    Attacked attacked = new Attacked(open(BUILT_BYTE_PAIR));
    attacked.run(ALL);
    assertThat(attacked.made).containsAll(ATTACKS);
  }

  /** Holds what one rendering is made of. */
  private record Attempt(
      InjectionAttack attack, String special, String document, Frame frame, Author author) {}

  /** Renders every attack with every special text of a vocabulary. */
  private static final class Attacked {
    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final List<Frame> frames;
    private final Map<String, ChatTemplate> compiled = new HashMap<>();
    private final Set<InjectionAttack> made = new HashSet<>();
    private final List<String> problems = new ArrayList<>();
    private int attempts;

    Attacked(Tokenizer tokenizer) {
      this.tokenizer = tokenizer;
      this.vocabulary = tokenizer.vocabulary();
      this.frames = Frame.of(vocabulary);
    }

    /** Attacks with every special token, with the first so many in every way. */
    void run(int mostThorough) {
      int specials = 0;
      for (int id = 0; id < vocabulary.size(); id++) {
        if (vocabulary.type(id).isSpecial()) {
          for (int i = 0; i < ATTACKS.size(); i++) {
            attack(ATTACKS.get(i), vocabulary.text(id), specials < mostThorough ? -1 : i + id);
          }
          specials++;
        }
      }
    }

    /**
     * Renders an attack on a special text.
     *
     * @param way in which it is rendered; negative for every one
     */
    private void attack(InjectionAttack attack, String special, int way) {
      Optional<String> document = attack.disguise().of(special);
      if (document.isEmpty()) {
        return;
      }
      made.add(attack);
      Author[] authors = Author.values();
      for (int i = 0; i < frames.size() * authors.length; i++) {
        if (way < 0 || way % (frames.size() * authors.length) == i) {
          attempt(
              new Attempt(
                  attack,
                  special,
                  document.get(),
                  frames.get(i % frames.size()),
                  authors[i / frames.size()]));
        }
      }
    }

    private void attempt(Attempt attempt) {
      String special = attempt.special();
      Frame frame = attempt.frame();
      String source = frame.around(attempt.attack().sourceFor(special));
      ChatTemplate template = compiled.computeIfAbsent(source, ChatTemplate::compile);
      Prompt prompt =
          template.render(InjectionAttack.arguments(attempt.document(), attempt.author()), DATE);
      BitSet data = data(prompt);
      int ofTemplate = 0;
      int ofDocument = 0;
      int shared = 0;
      for (int at : occurrences(prompt.text(), special)) {
        int written = data.get(at, at + special.length()).cardinality();
        ofTemplate += written == 0 ? 1 : 0;
        ofDocument += written == special.length() ? 1 : 0;
        shared += written > 0 && written < special.length() ? 1 : 0;
      }
      List<Integer> expected = frame.markers().stream().map(vocabulary::specialId).toList();
      List<Integer> ids = specialIds(prompt);
      if (ofDocument + shared == 0) {
        problems.add("makes no special text: " + attempt);
      } else if (ofTemplate != frame.count(special)
          || (shared > 0 && attempt.author() == Author.DATA)) {
        problems.add("takes data for the template's text: " + attempt + ": " + prompt);
      } else if (!ids.equals(expected)) {
        problems.add("gives the special ids " + ids + ", not " + expected + ": " + attempt);
      }
      attempts++;
    }

    private List<Integer> specialIds(Prompt prompt) {
      return IntStream.of(tokenizer.encode(prompt)).filter(this::steers).boxed().toList();
    }

    /** The unknown token steers nothing where it stands for characters that have no token. */
    private boolean steers(int id) {
      TokenType type = vocabulary.type(id);
      boolean expressesAll =
          vocabulary.model() == TokenizerModel.BYTE_PAIR || vocabulary.type(3) == TokenType.BYTE;
      return type == TokenType.CONTROL || (type == TokenType.UNKNOWN && expressesAll);
    }
  }

  private static BitSet data(Prompt prompt) {
    BitSet data = new BitSet();
    int at = 0;
    for (Span span : prompt.spans()) {
      data.set(at, at + span.text().length(), span.origin() == Origin.DATA);
      at += span.text().length();
    }
    return data;
  }

  private static List<Integer> occurrences(String text, String sought) {
    List<Integer> found = new ArrayList<>();
    for (int at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length())) {
      found.add(at);
    }
    return found;
  }

  @ParameterizedTest
  @ValueSource(strings = {BUILT_BYTE_PAIR, BUILT_SENTENCE_PIECE})
  void bordersOfDocumentsDoNotChangeIds(String name) {
    Tokenizer tokenizer = open(name);
    for (String text : ORDINARY) {
      int[] joint = tokenizer.encode(Prompt.ofTemplate(text));
      assertThat(joint).isEqualTo(tokenizer.encode(Prompt.ofData(text)));
      for (int cut = 0; cut <= text.length(); cut++) {
        for (Origin first : Origin.values()) {
          Origin second = first == Origin.DATA ? Origin.TEMPLATE : Origin.DATA;
          Span front = new Span(text.substring(0, cut), first);
          Span back = new Span(text.substring(cut), second);
          assertThat(tokenizer.encode(new Prompt(List.of(front, back)))).as(text).isEqualTo(joint);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void documentsInTemplatesGiveTheIdsOfTheWholeText(String name) {
    Tokenizer tokenizer = open(name);
    List<String> bodies =
        List.of(
            "{{ doc }}",
            "Sum up:{{ doc }}.",
            "a{{ doc }}b{{ doc }}c",
            "{% for m in messages %}{{ m.role ~ ':' ~ m.content }}{% endfor %}\n",
            "{% for c in doc %}{{ c }}{% endfor %}",
            "{{ front }}{{ back }}");
    for (Frame frame : Frame.of(tokenizer.vocabulary())) {
      for (String body : bodies) {
        ChatTemplate template = ChatTemplate.compile(frame.around(body));
        for (String document : ORDINARY) {
          Prompt prompt = template.render(InjectionAttack.arguments(document, Author.DATA), DATE);
          assertThat(prompt.spans()).anyMatch(span -> span.origin() == Origin.DATA);
          assertThat(tokenizer.encode(prompt))
              .as(body)
              .isEqualTo(tokenizer.encode(Prompt.ofTemplate(prompt.text())));
        }
      }
    }
  }
}
