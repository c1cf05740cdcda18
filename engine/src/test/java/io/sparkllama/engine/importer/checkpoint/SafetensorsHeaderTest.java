package io.sparkllama.engine.importer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsHeaderTest {
  private static final String ONE = "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}";

  @TempDir private Path folder;

  private Path file(String header, int dataBytes) throws IOException {
    byte[] text = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return file(text.length, text, dataBytes);
  }

  private Path file(long headerLength, byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(headerLength).put(header);
    return Files.write(folder.resolve("model.safetensors"), bytes.array());
  }

  private static void assertRefused(Path file, String words) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> SafetensorsHeader.read(file, 0))
        .withMessageContaining(words)
        .withMessageEndingWith(file.toString());
  }

  @Test
  void findsTensorsInTheOrderOfTheirData() throws IOException {
    String header =
        "{'__metadata__':{'format':'pt'},"
            + "'b':{'dtype':'BF16','shape':[2,3],'data_offsets':[8,20]},"
            + ONE
            + ",'c':{'dtype':'F32','shape':[0,4],'data_offsets':[20,20]}}   ";
    List<CheckpointTensor> tensors = SafetensorsHeader.read(file(header, 20), 3);

    long start = 8 + header.length();
    assertThat(tensors)
        .containsExactly(
            new CheckpointTensor("a", ElementType.F32, List.of(2L), 3, start, 8),
            new CheckpointTensor("b", ElementType.BF16, List.of(2L, 3L), 3, start + 8, 12),
            new CheckpointTensor("c", ElementType.F32, List.of(0L, 4L), 3, start + 20, 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,12]}} | 12 | do not take",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | 8 | must not end before",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 7 | is it complete",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 9 | bytes after the last tensor",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}} | 12 | bytes of no tensor",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | 8 | no negative number",
        "{'a':{'dtype':'F9','shape':[2],'data_offsets':[0,8]}} | 8 | dtype that is not known, F9",
        "{'a':{'dtype':'F32','shape':[2]}} | 8 | two data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | 8 | two data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,9]}} | 8 | too many numbers",
        "{'a':{'dtype':'F32','shape':[1,1,1,1,1,1,1,1,2],'data_offsets':[0,8]}} | 8 | too many",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | 8 | must have numbers",
        "{'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}} | 8 | must have numbers",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | 8 | 64 bits",
        "{'a':{'dtype':'F32','shape':[9223372036854775807,2],'data_offsets':[0,8]}} | 8 | not take",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'x':1}} | 8 | field that is not known",
        "{'':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 8 | a tensor's name",
        "{'a':7} | 8 | must be an object",
        "['a'] | 8 | must be an object",
        "{} {} | 0 | must end after its object",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]} | 8 | not the JSON",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'a':{'dtype':'F32','shape':[2],'data_offsets':[8,16]}} | 16 | not the JSON",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'b':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}} | 12 | tensor b overlaps",
      })
  void refusesByName(String header, int dataBytes, String words) throws IOException {
    assertRefused(file(header, dataBytes), words);
  }

  @Test
  void whatAFileSaysOfItselfIsBounded() throws IOException {
    String most = "'__metadata__':{'format':'" + "x".repeat((1 << 20) - 30) + "'}";
    assertThat(SafetensorsHeader.read(file("{" + most + "," + ONE + "}", 8), 0)).hasSize(1);
    StringBuilder entries = new StringBuilder("'a':'x'");
    for (int i = 0; i < 100_000; i++) {
      entries.append(",'").append(i).append("':'x'");
    }
    assertRefused(
        file("{'__metadata__':{" + entries + "}," + ONE + "}", 8),
        "__metadata__ of the safetensors file must have at most 1048576 bytes");
    assertRefused(
        file("{'__metadata__':{'a':['b']}," + ONE + "}", 8),
        "__metadata__ of the safetensors file must hold texts");
    assertRefused(file("{'__metadata__':{'a':'b'", 0), "not the JSON");
  }

  @Test
  void refusesLengthsBeforeTakingMemory() throws IOException {
    byte[] header = ("{" + ONE + "}").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    assertRefused(file(Long.MAX_VALUE, header, 8), "length that cannot be right");
    assertRefused(file(-1, header, 8), "length that cannot be right");
    assertRefused(file(header.length + 9, header, 8), "length that cannot be right");
    assertRefused(file(header.length - 1, header, 8), "not the JSON");
    Path empty = Files.write(folder.resolve("empty.safetensors"), new byte[5]);
    assertRefused(empty, "too short");
  }
}
