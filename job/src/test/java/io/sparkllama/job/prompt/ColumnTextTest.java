package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Locale;
import java.util.Random;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnTextTest {
  /** The right column is what Python 3's repr prints. */
  @ParameterizedTest
  @CsvSource({
    "0.0, 0.0",
    "-0.0, -0.0",
    "1, 1.0",
    "0.1, 0.1",
    "-12.5, -12.5",
    "100, 100.0",
    "0.0001, 0.0001",
    "0.00001, 1e-05",
    "123456789012345680, 1.2345678901234568e+17",
    "1e15, 1000000000000000.0",
    "1e16, 1e+16",
    "1e22, 1e+22",
    "2e23, 2e+23",
    "5.684341886080802e-14, 5.684341886080802e-14",
    "4.9e-324, 5e-324",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "NaN, nan",
    "-Infinity, -inf"
  })
  void writesDoublesAsPythonDoes(double value, String text) {
    assertThat(ColumnText.of(value)).isEqualTo(text);
  }

  @Test
  void doublesReadBackAsTheSameNumber() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      float small = Float.intBitsToFloat(random.nextInt());
      if (Double.isFinite(value)) {
        assertThat(Double.parseDouble(ColumnText.of(value))).isEqualTo(value);
      }
      if (Float.isFinite(small)) {
        assertThat(Float.parseFloat(ColumnText.of(small))).isEqualTo(small);
      }
    }
    assertThat(ColumnText.of(0.1f)).isEqualTo("0.1");
  }

  @Test
  void writesOtherTypesTheSameInEveryLocaleAndZone() {
    Locale locale = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
      assertThat(ColumnText.of(1234567)).isEqualTo("1234567");
      assertThat(ColumnText.of((byte) -1)).isEqualTo("-1");
      assertThat(ColumnText.of(true)).isEqualTo("True");
      assertThat(ColumnText.of(new BigDecimal("1E+3"))).isEqualTo("1000");
      assertThat(ColumnText.of(new BigDecimal("1.50"))).isEqualTo("1.50");
      assertThat(ColumnText.of(LocalDate.of(2026, 1, 2))).isEqualTo("2026-01-02");
      assertThat(ColumnText.of(Date.valueOf("2026-01-02"))).isEqualTo("2026-01-02");
      Instant instant = Instant.parse("2026-01-02T03:04:05Z");
      assertThat(ColumnText.of(instant)).isEqualTo("2026-01-02T03:04:05Z");
      assertThat(ColumnText.of(Timestamp.from(instant))).isEqualTo("2026-01-02T03:04:05Z");
      assertThat(ColumnText.of(LocalDateTime.of(2026, 1, 2, 3, 0)))
          .isEqualTo("2026-01-02T03:00:00");
      assertThat(ColumnText.of("a\0b")).isEqualTo("a\0b");
      assertThat(ColumnText.of(null)).isNull();
    } finally {
      Locale.setDefault(locale);
    }
  }

  @Test
  void saysWhichTypesHaveAText() {
    assertThat(ColumnText.renders(DataTypes.StringType)).isTrue();
    assertThat(ColumnText.renders(DataTypes.createDecimalType(10, 2))).isTrue();
    assertThat(ColumnText.renders(DataTypes.BinaryType)).isFalse();
    assertThat(ColumnText.renders(DataTypes.createArrayType(DataTypes.StringType))).isFalse();
  }
}
