package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparkllama.engine.api.RowError;
import java.io.IOException;

/** Writes a row's error as the field {@code error} of its result. */
final class RowErrorField {
  private RowErrorField() {}

  static void write(JsonGenerator json, RowError error) throws IOException {
    json.writeObjectFieldStart("error");
    json.writeStringField("class", error.errorClass());
    json.writeStringField("message", error.message());
    json.writeEndObject();
  }
}
