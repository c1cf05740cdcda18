package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.TokenType;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import io.sparkllama.engine.tokenizer.Vocabulary;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Shows, from the template to the ids and for every vocabulary at hand, that documents that hold
 * the texts of special tokens give no special id, whatever a template does with them, and that
 * everything else is tokenized as if nobody had cut it into spans.
 */
class TokenInjectionTest {
  private static final LocalDate DATE = LocalDate.of(2024, 7, 26);
  private static final Map<String, Tokenizer> OPEN = new ConcurrentHashMap<>();

  /** What prints the token's text out of the arguments of {@link #arguments}. */
  private static final List<String> TEMPLATES =
      List.of(
          "{{ doc }}",
          "Hello {{ doc }}{{ doc }}!",
          // Put together again from parts of data.
          "{{ front ~ back }}",
          "{{ front }}{{ back }}",
          "{{ front }}{# nothing #}{{ back }}",
          "{{ front + back }}",
          "{{ [front, back]|join }}",
          "{{ ''.join([front, back]) }}",
          "{{ '%s%s' % (front, back) }}",
          "{{ '%s%s'|format(front, back) }}",
          "{{ '{}{}'.format(front, back) }}",
          "{{ '{f}{b}'.format(f=front, b=back) }}",
          "{{ '{0[f]}{0[b]}'.format({'f': front, 'b': back}) }}",
          "{{ '%(f)s%(b)s' % {'f': front, 'b': back} }}",
          "{{ (front ~ '%s') % back }}",
          "{{ (front ~ '{}').format(back) }}",
          "{{ (front ~ '-')|replace('-', back) }}",
          "{{ ['a', 'b']|join(doc) }}",
          "{{ 'x'|replace('x', doc) }}",
          "{% for c in chars %}{{ c }}{% endfor %}",
          "{{ chars|join }}",
          "{% for c in codes %}{{ '%c' % c }}{% endfor %}",
          "{% for c in codes %}{{ '{:c}'.format(c) }}{% endfor %}",
          "{% for c in chars %}{{ ''.ljust(1, c) }}{% endfor %}",
          "{% for c in chars %}{{ '{:{}>1}'.format('', c) }}{% endfor %}",
          "{% for c in chars %}{{ '%c' % c }}{% endfor %}",
          // Half of it is the template's.
          "FRONT{{ back }}",
          "{{ front }}BACK",
          "{{ 'FRONT' ~ back }}",
          "{{ front ~ 'BACK' }}",
          "{{ 'FRONT' + back }}",
          "{{ ['FRONT', back]|join }}",
          "{{ 'FRONT%s' % back }}",
          "{{ '%sBACK'|format(front) }}",
          "{{ '{}BACK'.format(front) }}",
          "{{ 'FRONT-'|replace('-', back) }}",
          "{{ '-'|replace('-', front) }}BACK",
          "{% set x = 'FRONT' %}{% set x = x ~ back %}{{ x }}",
          // Case.
          "{{ small|upper }}",
          "{{ small.upper() }}",
          "{% filter upper %}{{ small }}{% endfilter %}",
          "{{ large|lower }}",
          "{{ large.lower() }}",
          "{{ large.casefold() }}",
          "{{ swapped.swapcase() }}",
          "{{ swapped|title }}{{ swapped|capitalize }}{{ swapped.title() }}",
          // What trims, cuts and fills up.
          "{{ padded|trim }}",
          "{{ padded.strip() }}",
          "{{ ('--' ~ doc ~ '--')|trim('-') }}",
          "{{ doc|indent }}",
          "{{ ('a\\n' ~ doc)|indent(2, true) }}",
          "{{ doc|truncate(1000) }}",
          "{{ (doc ~ 'xxxxxxxxxxxx')|truncate(doc|length, true, '', 0) }}",
          "{{ ('ab' ~ doc ~ 'cd')[2:-2] }}",
          "{{ stretched[::2] }}",
          "{{ doc|reverse|reverse }}",
          "{{ reversed|reverse }}",
          "{{ reversed[::-1] }}",
          "{{ doc|center(60) }}",
          "{{ doc.ljust(60) }}{{ doc.rjust(60, '.') }}{{ doc.zfill(60) }}",
          "{{ ('\\t' ~ doc).expandtabs(2) }}",
          "{{ marked|replace('#', '') }}",
          "{{ marked.split('#')|join }}",
          "{{ doc.removeprefix('x').removesuffix('x') }}",
          "{{ doc.partition('TEXT')|join }}",
          "{{ doc.rpartition('TEXT')[1] }}",
          "{{ ('a' ~ doc ~ 'b').partition(doc)[1] }}",
          "{{ ('a\\n' ~ doc ~ '\\nb').splitlines()[1] }}",
          // Lists and maps.
          "{{ doc|list|join }}",
          "{{ [doc]|map('trim')|join }}",
          "{{ messages|map(attribute='content')|join }}",
          "{{ [doc, 'a']|sort|join(' ') }}",
          "{{ [doc, doc]|unique|join }}",
          "{{ ['a', doc]|batch(2)|first|last }}",
          "{{ [doc]|first }}{{ [doc]|max }}",
          "{{ [{'k': doc}]|groupby('k')|map('first')|join }}",
          "{% for k in table %}{{ k }}{% endfor %}",
          "{{ table.keys()|join }}{{ table.values()|join }}",
          "{% for k, v in table.items() %}{{ k }}: {{ v }}{% endfor %}",
          "{% for k, v in table|items %}{{ k }}: {{ v }}{% endfor %}",
          "{% for k, v in table|dictsort %}{{ k }}: {{ v }}{% endfor %}",
          "{{ {doc: 1} }}",
          "{{ dict(**table)|list|join }}",
          "{{ '%s'|format(**table) }}",
          // As text, as JSON.
          "{{ [doc]|string }}",
          "{{ table }}",
          "{{ '%r' % doc }}",
          "{{ '{!r}'.format(doc) }}",
          "{{ doc|tojson }}",
          "{{ table|tojson(indent=2) }}",
          "{{ doc|tojson(ensure_ascii=true) }}",
          "{{ [1, 2]|tojson(separators=(doc, ':')) }}",
          "{{ [1]|tojson(indent=doc) }}",
          "{{ json }}",
          "{{ json|tojson }}",
          "{{ messages|tojson }}",
          "{% for tool in tools %}{{ tool|tojson(indent=4) }}\n{% endfor %}",
          "{{ tools[0].function.name }}({{ tools[0].function.parameters|tojson }})",
          "{{ doc|safe }}{{ doc|string }}",
          "{{ doc|e }}{{ doc|urlencode }}{{ {'a': doc}|xmlattr }}",
          // Variables, macros and blocks.
          "{{ missing|default(doc) }}",
          "{{ ''|default(doc, true) }}",
          "{% set ns = namespace(x='') %}{% for c in chars %}{% set ns.x = ns.x + c %}{% endfor %}"
              + "{{ ns.x }}",
          "{{ namespace(**table) }}",
          "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(doc) }}",
          "{% macro m() %}{{ varargs|join }}{{ kwargs }}{% endmacro %}{{ m(doc, **table) }}",
          "{% macro m(x) %}{{ x }}{{ caller(x) }}{% endmacro %}"
              + "{% call(y) m(front) %}{{ back }}{{ y ~ back }}{% endcall %}",
          "{% filter trim %} {{ front }}{{ back }} {% endfilter %}",
          "{% set x %}{{ front }}{{ back }}{% endset %}{{ x }}",
          "{% with x = doc %}{{ x }}{% endwith %}",
          "{% for m in messages %}{{ m.role }}: {{ m['content']|trim }}\n{% endfor %}",
          "{{ strftime_now(doc) }}{{ joiner(doc)() }}{{ cycler(doc).next() }}",
          "{% set j = joiner(doc) %}{{ j() }}{{ j() }}");

  /** Where the text cannot come out as it is, or does so for some tokens only. */
  private static final List<String> CHANGED =
      List.of("|upper", "upper()", "upper %}", "|lower", "lower()", "casefold", "|title", "|e }}");

  /** What stands for parts of the text, which are tried with several cuts. */
  private static final List<String> IN_TWO = List.of("front", "back", "FRONT", "BACK");

  static List<String> vocabularies() {
    return List.of(
        "tokenizers/llama-spm.gguf",
        "tokenizers/llama-bpe.gguf",
        "tokenizers/gpt-2.gguf",
        "tokenizers/falcon.gguf",
        "tokenizers/qwen2.gguf",
        "tokenizers/deepseek-coder.gguf",
        "tokenizers/starcoder.gguf",
        "models/stories260K.f32.gguf",
        "models/tinystories656K.f32.gguf",
        "models/babyllama105.f32.gguf",
        "models/stories260K.ggml-org.gguf",
        "models/llama-2-tiny-random.gguf",
        "tickets-6m.Q8_0.gguf");
  }

  private static Tokenizer open(String name) {
    Path path =
        name.startsWith("tickets")
            ? Path.of(System.getProperty("sparkllama.basedir"), "models", name)
            : SharedData.path(name);
    return OPEN.computeIfAbsent(name, n -> Tokenizers.of(GgufFile.read(path).metadata()));
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void noDocumentGivesASpecialId(String name) {
    Tokenizer tokenizer = open(name);
    List<String> specials = specials(tokenizer.vocabulary());
    assertThat(specials).isNotEmpty();
    List<Frame> frames = frames(tokenizer.vocabulary(), specials);
    int turn = 0;
    for (String special : specials) {
      int half = special.length() / 2;
      for (int cut : new LinkedHashSet<>(List.of(half, special.length() - 1, half - half / 2))) {
        Injection injection = new Injection(tokenizer, special, cut);
        for (String template : TEMPLATES) {
          boolean split = IN_TWO.stream().anyMatch(template::contains);
          if (split || cut == half) {
            injection.check(frames.get(turn++ % frames.size()), template);
          }
        }
      }
      turn++;
    }
  }

  /** Puts one special text into documents, cut into two where a template wants two parts. */
  private record Injection(Tokenizer tokenizer, String special, int cut) {
    void check(Frame frame, String template) {
      String source =
          template
              .replace("FRONT", special.substring(0, cut))
              .replace("BACK", special.substring(cut))
              .replace("TEXT", special);
      ChatTemplate compiled = ChatTemplate.compile(frame.before() + source + frame.after());
      Prompt prompt = compiled.render(arguments(special, cut), DATE);
      String text = prompt.text();
      String what = tokenizer.vocabulary().model() + " " + text + " from " + template;
      assertThat(text).startsWith(frame.before()).endsWith(frame.after());
      String body = text.substring(frame.before().length(), text.length() - frame.after().length());
      if (showsText(template)) {
        assertThat(body).as(what).contains(special);
      }
      int[] ids = tokenizer.encode(prompt);
      Prompt harmless = compiled.render(arguments("w".repeat(special.length()), cut), DATE);
      assertThat(specialIds(ids))
          .as(what)
          .isNotEmpty()
          .isEqualTo(specialIds(tokenizer.encode(harmless)));
      assertThat(ids).as(what).isEqualTo(frame.ids(tokenizer, body));
    }

    private boolean showsText(String template) {
      boolean ascii = special.chars().allMatch(c -> c < 0x80);
      boolean same =
          template.contains("upper")
              ? special.equals(special.toUpperCase(Locale.ROOT))
              : template.contains("large") && special.equals(special.toLowerCase(Locale.ROOT));
      return (same || CHANGED.stream().noneMatch(template::contains))
          && (ascii || !template.contains("ensure_ascii"));
    }

    private int[] specialIds(int[] ids) {
      return IntStream.of(ids)
          .filter(id -> tokenizer.vocabulary().type(id) == TokenType.CONTROL)
          .toArray();
    }
  }

  /**
   * Stands around a document: special tokens and other texts, alternating as they like.
   *
   * @param pieces an empty one is the place of the document
   */
  private record Frame(List<String> pieces) {
    String before() {
      return String.join("", pieces.subList(0, pieces.indexOf("")));
    }

    String after() {
      return String.join("", pieces.subList(pieces.indexOf(""), pieces.size()));
    }

    /** Returns the ids with special ones for the frame's special tokens, and for nothing else. */
    int[] ids(Tokenizer tokenizer, String body) {
      IntStream ids = IntStream.empty();
      StringBuilder plain = new StringBuilder();
      for (String piece : pieces) {
        int id = tokenizer.vocabulary().specialId(piece);
        if (id < 0) {
          plain.append(piece.isEmpty() ? body : piece);
        } else {
          IntStream before = IntStream.of(tokenizer.encode(Prompt.ofData(plain.toString())));
          ids = IntStream.concat(ids, IntStream.concat(before, IntStream.of(id)));
          plain.setLength(0);
        }
      }
      int[] last = tokenizer.encode(Prompt.ofData(plain.toString()));
      return IntStream.concat(ids, IntStream.of(last)).toArray();
    }
  }

  private static List<Frame> frames(Vocabulary vocabulary, List<String> specials) {
    String first = specials.get(0);
    String last = specials.get(specials.size() - 1);
    List<Frame> frames = new ArrayList<>();
    frames.add(new Frame(List.of(first, "", last, "\n", first, "assistant:")));
    if (vocabulary.specialId("<|im_start|>") >= 0) {
      String start = "<|im_start|>";
      frames.add(
          new Frame(List.of(start, "user\n", "", "<|im_end|>", "\n", start, "assistant\n\n.")));
    } else if (vocabulary.specialId("<|start_header_id|>") >= 0) {
      String start = "<|start_header_id|>";
      String end = "<|end_header_id|>";
      frames.add(
          new Frame(List.of(start, "user", end, "\n\n", "", "<|eot_id|>", start, "you", end)));
    } else {
      frames.add(new Frame(List.of(first, " Question: ", "", ". Answer: ", last)));
    }
    return frames;
  }

  private static List<String> specials(Vocabulary vocabulary) {
    return IntStream.range(0, vocabulary.size())
        .filter(id -> vocabulary.type(id) == TokenType.CONTROL)
        .mapToObj(vocabulary::text)
        .toList();
  }

  /** Returns documents that hold a text, whole and in the forms that the templates undo. */
  private static Map<String, Object> arguments(String text, int cut) {
    List<String> chars = text.codePoints().mapToObj(Character::toString).toList();
    Map<String, Object> table = new LinkedHashMap<>();
    table.put(text, text);
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put("doc", text);
    arguments.put("front", text.substring(0, cut));
    arguments.put("back", text.substring(cut));
    arguments.put("chars", chars);
    arguments.put("codes", text.codePoints().boxed().toList());
    arguments.put("small", text.toLowerCase(Locale.ROOT));
    arguments.put("large", text.toUpperCase(Locale.ROOT));
    arguments.put("swapped", swapped(text));
    arguments.put("padded", " \n" + text + "\t ");
    arguments.put("stretched", String.join("", chars.stream().map(c -> c + c).toList()));
    arguments.put("reversed", new StringBuilder(text).reverse().toString());
    arguments.put("marked", String.join("#", chars));
    arguments.put("table", table);
    arguments.put("json", "{\"a\": [\"" + text + "\"], \"" + text + "\": null}");
    arguments.put(
        "messages",
        List.of(
            Map.of("role", "user", "content", text),
            Map.of("role", text, "content", "Hi " + text + " there")));
    Map<String, Object> function =
        Map.of("name", text, "description", text, "parameters", Map.of("properties", table));
    arguments.put("tools", List.of(Map.of("type", "function", "function", function)));
    return arguments;
  }

  private static String swapped(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .map(c -> Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c))
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void ordinaryTextHasTheIdsOfTheWhole(String name) {
    Tokenizer tokenizer = open(name);
    List<String> texts =
        List.of(
            "Once upon a time, they'll go.",
            "  naïve café: ÉTÉ e\u0301 ",
            "🦙🏽 ok 👩‍💻, 12345",
            "中文字符，と日本語。",
            "if (a<b) {\n\n\treturn x>>1;\n}",
            "<|im_ start|> </ s>[INST]",
            "Привет \r\n  мир");
    for (String text : texts) {
      int[] whole = tokenizer.encode(Prompt.ofData(text));
      assertThat(tokenizer.encode(Prompt.ofTemplate(text))).as(text).isEqualTo(whole);
      for (int start = 0; start <= text.length(); start++) {
        for (int end = start; end <= text.length(); end++) {
          assertThat(tokenizer.encode(cut(text, start, end, Origin.DATA))).isEqualTo(whole);
          assertThat(tokenizer.encode(cut(text, start, end, Origin.TEMPLATE))).isEqualTo(whole);
        }
      }
    }
  }

  private static Prompt cut(String text, int start, int end, Origin middle) {
    Origin around = middle == Origin.DATA ? Origin.TEMPLATE : Origin.DATA;
    return new Prompt(
        List.of(
            new Span(text.substring(0, start), around),
            new Span(text.substring(start, end), middle),
            new Span(text.substring(end), around)));
  }
}
