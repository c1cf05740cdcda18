package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.TemplateException;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InterpreterFaultTest {
  @Test
  void aMistakeOfOursIsAnErrorOfTheRowThatHoldsNoneOfItsText() {
    Filter broken =
        (rendering, value, arguments) -> {
          throw new IllegalStateException("secret");
        };
    Expression filtered =
        new Expression.Filtered(
            new Expression.Literal(NoneValue.NONE),
            "broken",
            Optional.of(broken),
            Expression.ArgumentList.NONE,
            7);
    ChatTemplate template =
        new ChatTemplate(
            new TemplateParser.Parsed(
                List.of(new Statement.Output(filtered, /* isStrict= */ false, 7)),
                Set.of(),
                Set.of()));
    assertThatExceptionOfType(TemplateException.class)
        .isThrownBy(() -> template.render(Map.of(), LocalDate.EPOCH))
        .satisfies(
            e -> {
              assertThat(e.kind()).isEqualTo(TemplateException.Kind.FAULT);
              assertThat(e.holdsData()).isFalse();
              assertThat(e.getMessage()).contains("line 7", "IllegalStateException");
              assertThat(e.getMessage()).doesNotContain("secret");
              assertThat(e.in("prompt.user")).hasCauseInstanceOf(IllegalStateException.class);
            });
  }
}
