package io.sparkllama.engine.chat;

import java.math.BigInteger;

/** Holds a whole number of any size that the budget allows. */
record IntegerValue(BigInteger value) implements TemplateValue {
  static final IntegerValue ZERO = new IntegerValue(BigInteger.ZERO);

  static IntegerValue of(long value) {
    return new IntegerValue(BigInteger.valueOf(value));
  }

  @Override
  public String typeName() {
    return "int";
  }

  @Override
  public boolean truth() {
    return value.signum() != 0;
  }
}
