package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Holds the table in docs/tokenizers.md to what the code serves. */
class TokenizersPageTest {
  private static final Path PAGE = Path.of("../docs/tokenizers.md");
  private static final Pattern ROW = Pattern.compile("\\| `([^`]+)` \\| ([A-Z0-9_]+) \\|(.*)\\|");

  @Test
  void theTableHasEveryNameAndWhatItStandsFor() throws IOException {
    Map<String, String> documented = new TreeMap<>();
    for (String line : Files.readAllLines(PAGE)) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        documented.put(row.group(1), row.group(2) + ": " + row.group(3).strip());
      }
    }
    Map<String, String> served = new TreeMap<>();
    PreTokenizerName.all()
        .forEach(
            (name, meaning) -> served.put(name, meaning.preTokenizer() + ": " + also(meaning)));
    assertThat(documented).isEqualTo(served);
  }

  private static String also(PreTokenizerName meaning) {
    return meaning.habits().stream()
        .sorted()
        .map(habit -> habit.id().replace('-', ' ').replace("form c", "form C"))
        .collect(Collectors.joining(", "));
  }

  @Test
  void whatThePageCallsRefusedIsRefused() throws IOException {
    String page = Files.readString(PAGE);
    String refused = page.substring(page.indexOf("that are refused here:"));
    Matcher name =
        Pattern.compile("`([^`]+)`").matcher(refused.substring(0, refused.indexOf("Most belong")));
    int count = 0;
    while (name.find()) {
      assertThat(PreTokenizerName.of(name.group(1))).as(name.group(1)).isEmpty();
      count++;
    }
    assertThat(count).isGreaterThan(20);
  }
}
